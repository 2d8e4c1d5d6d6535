/** Trees of tasks and subtasks. */
import type { Lane, WritableLane } from '../../platform/database/lane';
import type { TaskRow } from '../../platform/database/rows';
import { liveTasks } from './repository';

/** The deepest level of a subtask. A task without a parent is on level 1. */
export const maxLevel = 5;

/** A task and its ancestors, from the task upwards; empty if there is no such task outside the trash. */
export async function lineOf(lane: Lane, id: string): Promise<TaskRow[]> {
  const line: TaskRow[] = [];
  for (let next: string | null = id; next !== null && line.length < maxLevel; ) {
    const row: TaskRow | undefined = await liveTasks(lane).where('id', next).first();
    if (!row) break;
    line.push(row);
    next = row.parent_id;
  }
  return line;
}

/** The columns of a subtask that trees need. Texts are left out, because there can be many subtasks. */
const subtaskColumns = [
  ...([
    'id',
    'parent_id',
    'project_id',
    'status',
    'completed_at',
    'due_date',
    'due_time',
    'time_zone',
  ] as const),
  ...(['due_at', 'start_date', 'start_time', 'start_at', 'rrule', 'reminders'] as const),
];

export type Subtask = Pick<TaskRow, (typeof subtaskColumns)[number]>;

/** All subtasks of a task by level. The first list has its direct subtasks, the next list has the subtasks of these. */
export async function levelsBelow(lane: Lane, id: string): Promise<Subtask[][]> {
  const levels: Subtask[][] = [];
  for (let ids = [id]; ids.length > 0; ) {
    const level: Subtask[] = await liveTasks(lane)
      .whereRaw('parent_id = any(?)', [ids])
      .orderBy(['position', 'id'])
      .select(subtaskColumns);
    if (level.length === 0) break;
    levels.push(level);
    ids = level.map((row) => row.id);
  }
  return levels;
}

/** The project and the parent of a task. */
export interface ParentAndProject {
  readonly project_id: string | null;
  readonly parent_id: string | null;
}

export type HierarchyError =
  | { readonly field: 'parent_id'; readonly reason: 'not-in-lane' | 'cycle' | 'too-deep' }
  | { readonly field: 'project_id'; readonly reason: 'not-in-lane' | 'contradiction' };

/**
 * The project and parent of a task after a change; undefined in `wanted` keeps the present value. A subtask is always
 * in the project of its parent.
 * @param current the present task; null for a new task
 */
export async function findParentAndProject(
  lane: WritableLane,
  current: TaskRow | null,
  wanted: { project_id?: string | null | undefined; parent_id?: string | null | undefined },
): Promise<ParentAndProject | HierarchyError> {
  const parent_id = wanted.parent_id === undefined ? (current?.parent_id ?? null) : wanted.parent_id;
  if (parent_id === null) {
    const project_id = wanted.project_id === undefined ? (current?.project_id ?? null) : wanted.project_id;
    if (project_id !== null && project_id !== current?.project_id) {
      const project = await lane.rows('projects').where('id', project_id).first('id');
      if (!project) return { field: 'project_id', reason: 'not-in-lane' };
    }
    return { project_id, parent_id };
  }
  if (parent_id === current?.parent_id && wanted.project_id === undefined) {
    return { project_id: current.project_id, parent_id };
  }
  const line = await lineOf(lane, parent_id);
  const [parent] = line;
  if (!parent) return { field: 'parent_id', reason: 'not-in-lane' };
  if (line.some((row) => row.id === current?.id)) return { field: 'parent_id', reason: 'cycle' };
  const height = 1 + (current ? (await levelsBelow(lane, current.id)).length : 0);
  if (line.length + height > maxLevel) return { field: 'parent_id', reason: 'too-deep' };
  if (wanted.project_id !== undefined && wanted.project_id !== parent.project_id) {
    return { field: 'project_id', reason: 'contradiction' };
  }
  return { project_id: parent.project_id, parent_id };
}

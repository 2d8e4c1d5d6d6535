/** The trees that tasks and their subtasks make. */
import type { Lane, WritableLane } from '../../platform/database/lane';
import type { TaskRow } from '../../platform/database/rows';
import { liveTasks } from './repository';

/** A task without a parent is on level 1; its deepest subtasks can be here. */
export const maxLevel = 5;

/** A task and those above it, from itself up; empty if the lane has none with this id outside of the trash. */
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

/** A subtask as its tree knows it: without texts, for there may be many. */
export type Subtask = Pick<TaskRow, 'id' | 'parent_id' | 'project_id' | 'status' | 'completed_at'>;

/** The subtasks below a task, level by level: the first has its own, the next theirs. */
export async function levelsBelow(lane: Lane, id: string): Promise<Subtask[][]> {
  const levels: Subtask[][] = [];
  for (let ids = [id]; ids.length > 0; ) {
    const level: Subtask[] = await liveTasks(lane)
      .whereRaw('parent_id = any(?)', [ids])
      .orderBy(['position', 'id'])
      .select('id', 'parent_id', 'project_id', 'status', 'completed_at');
    if (level.length === 0) break;
    levels.push(level);
    ids = level.map((row) => row.id);
  }
  return levels;
}

/** Where a task is. */
export interface Place {
  readonly project_id: string | null;
  readonly parent_id: string | null;
}

export type PlaceFault =
  | { readonly field: 'parent_id'; readonly reason: 'not-in-lane' | 'cycle' | 'too-deep' }
  | { readonly field: 'project_id'; readonly reason: 'not-in-lane' | 'contradiction' };

/**
 * The place that a task gets by what is wanted of it; undefined in `wanted` keeps what it has. A subtask is in its
 * parent's project.
 * @param current the task, null for a new one
 */
export async function findPlace(
  lane: WritableLane,
  current: TaskRow | null,
  wanted: { project_id?: string | null | undefined; parent_id?: string | null | undefined },
): Promise<Place | PlaceFault> {
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

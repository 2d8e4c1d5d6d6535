/** What becomes of a file's rows: which the lane has already, which have their places, and which have faults. */
import { v7 as uuidv7 } from 'uuid';
import type { ValidationError } from '../contract/operations';
import type { Lane } from '../database/lane';
import { findProfile } from '../profile/repository';
import { tagKey } from '../tags/names';
import type { ImportedTag } from '../tags/repository';
import { placeFaults } from '../tasks/commands';
import type { TaskDraft } from '../tasks/import';
import { maxLevel } from '../tasks/tree';
import { addFaults, breathe, type FileRow, type ImportFile, type RowType } from './file';
import { type KnownPlace, knownIds, knownPlaces, knownTagKeys } from './repository';

/** A task with its place: its parent's project, and how deep it is. */
export interface PlacedTask extends TaskDraft {
  readonly project_id: string | null;
  readonly level: number;
}

/** What tasks can refer to. */
export interface Surroundings {
  readonly projects: ReadonlySet<string>;
  readonly places: ReadonlyMap<string, KnownPlace>;
}

// A subtask that was deleted may be below one that went deeper since, by as many levels again at most.
const maxLevelInTrash = 2 * maxLevel;

type PlaceReason = keyof typeof placeFaults;

function placeFault(field: 'parent_id' | 'project_id' | 'deleted_with', code: PlaceReason): ValidationError {
  return { pointer: `/${field}`, code, detail: placeFaults[code] };
}

/**
 * Finds the places of tasks that are not in the lane yet, in whatever order they come.
 * @returns each task's place by its id, or what is wrong with it
 */
export function placeTasks(
  drafts: ReadonlyMap<string, TaskDraft>,
  { projects, places }: Surroundings,
): Map<string, PlacedTask | ValidationError> {
  const placed = new Map<string, PlacedTask | ValidationError>();

  /** The place of one whose parent, if it has one, is known. */
  function place(draft: TaskDraft): PlacedTask | ValidationError {
    const { parent_id, project_id } = draft;
    const isLive = draft.deleted_at === null;
    if (project_id != null && !projects.has(project_id)) return placeFault('project_id', 'not-in-lane');
    if (parent_id === null) return { ...draft, project_id: project_id ?? null, level: 1 };
    const parent = placeOf(parent_id);
    if (!parent || (isLive && parent.deleted)) return placeFault('parent_id', 'not-in-lane');
    const level = parent.level + 1;
    if (level > (isLive ? maxLevel : maxLevelInTrash)) return placeFault('parent_id', 'too-deep');
    // What is in the trash stays where it was when its parent goes elsewhere.
    if (isLive && project_id !== undefined && project_id !== parent.project_id) {
      return placeFault('project_id', 'contradiction');
    }
    return { ...draft, project_id: project_id === undefined ? parent.project_id : project_id, level };
  }

  function placeOf(id: string): KnownPlace | undefined {
    const known = places.get(id);
    if (known) return known;
    const task = placed.get(id);
    return task && 'level' in task ? { ...task, deleted: task.deleted_at !== null } : undefined;
  }

  for (const draft of drafts.values()) {
    const line: TaskDraft[] = [];
    const inLine = new Set<string>();
    let next: TaskDraft | undefined = draft;
    while (next && !placed.has(next.id) && !inLine.has(next.id)) {
      line.push(next);
      inLine.add(next.id);
      next = next.parent_id === null ? undefined : drafts.get(next.parent_id);
    }
    const isCycle = next !== undefined && inLine.has(next.id);
    for (const each of line.reverse()) {
      placed.set(each.id, isCycle ? placeFault('parent_id', 'cycle') : place(each));
    }
  }
  return placed;
}

/** Whether what took a task to the trash is above it, and took all between along. */
function isTaken(
  { id, parent_id, deleted_with }: TaskDraft,
  drafts: ReadonlyMap<string, TaskDraft>,
  places: Surroundings['places'],
): boolean {
  let [current, up] = [id, parent_id];
  for (let level = 0; level < maxLevelInTrash && current !== deleted_with; level++) {
    const above = up === null ? undefined : drafts.get(up);
    if (!above) return up !== null && places.get(up)?.deleted === true;
    if (above.deleted_with !== deleted_with) return false;
    [current, up] = [above.id, above.parent_id];
  }
  return current === deleted_with;
}

/** What a file would make of a lane. */
export interface Plan {
  readonly tasks: ReadonlyMap<string, PlacedTask>;
  /** Tags that tasks name, and neither the lane nor the file has. */
  readonly newTags: readonly ImportedTag[];
}

type RowsOf = <T extends RowType>(type: T) => FileRow<T>[];

function ids(rows: readonly FileRow[]): string[] {
  return [...new Set(rows.flatMap(({ id, action }) => (id === null || action === 'fault' ? [] : [id])))];
}

function isNew<T extends RowType>(
  row: FileRow<T>,
): row is FileRow<T> & { draft: NonNullable<typeof row.draft> } {
  return row.action === 'create' && row.draft !== undefined;
}

// An export that was made while a task was deleted has it in both lists.
const isOfTrash = (row: FileRow) => row.at.startsWith('/body/trash/');

function findDuplicates(rows: readonly FileRow[]): void {
  const first = new Map<string, FileRow>();
  for (const row of rows) {
    if (row.id === null) continue;
    const key = `${row.type} ${row.id}`;
    const other = first.get(key);
    if (!other) first.set(key, row);
    else if (isOfTrash(row) && !isOfTrash(other)) row.action = 'skip';
    else addFaults(row, [{ pointer: '/id', code: 'duplicate', detail: `is the id of row ${other.row} too` }]);
  }
}

function skipKnown(rows: readonly FileRow[], known: ReadonlySet<string>): void {
  for (const row of rows) {
    if (row.action === 'create' && row.id !== null && known.has(row.id)) row.action = 'skip';
  }
}

/** @returns the tags that there are still to be made for the tasks. */
async function planTags(lane: Lane, rowsOf: RowsOf): Promise<ImportedTag[]> {
  const rows = rowsOf('tag');
  skipKnown(rows, await knownIds(lane, 'tags', ids(rows)));
  const names = new Map<string, string>();
  for (const [index, { draft }] of rowsOf('task').filter(isNew).entries()) {
    await breathe(index);
    for (const name of draft.tags) {
      const key = tagKey(name);
      if (!names.has(key)) names.set(key, name.trim());
    }
  }
  const own = rows.filter(isNew);
  const keys = new Set([...names.keys(), ...own.map(({ draft }) => tagKey(draft.name))]);
  const known = await knownTagKeys(lane, [...keys]);
  for (const row of own) {
    const key = tagKey(row.draft.name);
    if (known.has(key)) row.action = 'skip';
    known.add(key);
  }
  return [...names]
    .filter(([key]) => !known.has(key))
    .map(([, name]) => ({ id: uuidv7(), name, color: null, created_at: undefined }));
}

async function planTasks(lane: Lane, rowsOf: RowsOf): Promise<Map<string, PlacedTask>> {
  const rows = rowsOf('task');
  const referred = rows.flatMap(({ draft }) => [draft?.parent_id ?? [], draft?.deleted_with ?? []].flat());
  const places = await knownPlaces(lane, [...new Set([...ids(rows), ...referred])]);
  skipKnown(rows, new Set(places.keys()));

  const drafts = new Map(rows.filter(isNew).map(({ draft }) => [draft.id, draft]));
  const wanted = [...new Set([...drafts.values()].flatMap(({ project_id }) => project_id ?? []))];
  const projects = new Set([...(await knownIds(lane, 'projects', wanted)), ...ids(rowsOf('project'))]);
  const tasks = new Map<string, PlacedTask>();
  const placed = placeTasks(drafts, { projects, places });
  for (const [index, row] of rows.filter(isNew).entries()) {
    await breathe(index);
    const task = placed.get(row.draft.id) as PlacedTask | ValidationError;
    if ('code' in task) addFaults(row as FileRow, [task]);
    else tasks.set(task.id, task);
    if (row.draft.deleted_with !== null && !isTaken(row.draft, drafts, places)) {
      const detail = 'is neither the task itself nor one above it that was deleted with it';
      addFaults(row as FileRow, [{ pointer: '/deleted_with', code: 'contradiction', detail }]);
    }
  }
  return tasks;
}

async function planCompletions(lane: Lane, rowsOf: RowsOf): Promise<void> {
  const rows = rowsOf('completion');
  skipKnown(rows, await knownIds(lane, 'completions', ids(rows)));
  const wanted = [...new Set(rows.filter(isNew).map(({ draft }) => draft.task_id))];
  const known = new Set([...(await knownIds(lane, 'tasks', wanted)), ...ids(rowsOf('task'))]);
  for (const row of rows.filter(isNew)) {
    if (!known.has(row.draft.task_id)) {
      const detail = 'is not in this lane';
      addFaults(row as FileRow, [{ pointer: '/task_id', code: 'not-in-lane', detail }]);
    }
  }
}

/** Decides what becomes of each row, which gets its action and faults; writes nothing. */
export async function planImport(lane: Lane, { rows }: ImportFile): Promise<Plan> {
  const byType = Map.groupBy(rows, (row) => row.type);
  const rowsOf: RowsOf = (type) => (byType.get(type) ?? []) as never;
  findDuplicates(rows);

  const profile = await findProfile(lane);
  for (const row of rowsOf('profile').filter(isNew)) if (profile?.updated_at) row.action = 'skip';
  const projects = rowsOf('project');
  skipKnown(projects, await knownIds(lane, 'projects', ids(projects)));
  const tasks = await planTasks(lane, rowsOf);
  const newTags = await planTags(lane, rowsOf);
  await planCompletions(lane, rowsOf);
  return { tasks, newTags };
}

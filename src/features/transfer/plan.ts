/** What becomes of a file's rows: which the lane has already, which have their places, and which have faults. */
import type { ValidationError } from '../../platform/contract/document/operations';
import type { Lane } from '../../platform/database/lane';
import { findProfile } from '../profile/repository';
import { placeFaults } from '../tasks/commands';
import { maxLevel } from '../tasks/tree';
import { addFaults, type FileRow, forEach, type ImportFile, type Placeable, type RowType } from './file';
import { type KnownPlace, knownIds, knownPlaces, knownTagKeys, projectsNamed } from './repository';

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
export async function placeTasks(
  tasks: ReadonlyMap<string, Placeable>,
  { projects, places }: Surroundings,
): Promise<Map<string, KnownPlace | ValidationError>> {
  const placed = new Map<string, KnownPlace | ValidationError>();
  const distinct = new Map<string, KnownPlace>();

  // Many tasks are in one place, which is kept once.
  function placeAt(project_id: string | null, level: number, deleted: boolean): KnownPlace {
    const key = `${level} ${deleted} ${project_id}`;
    const place = distinct.get(key) ?? { project_id, level, deleted };
    distinct.set(key, place);
    return place;
  }

  /** The place of one whose parent, if it has one, is known. */
  function place({ parent_id, project_id, deleted_with }: Placeable): KnownPlace | ValidationError {
    const deleted = deleted_with !== null;
    if (project_id != null && !projects.has(project_id)) return placeFault('project_id', 'not-in-lane');
    if (parent_id === null) return placeAt(project_id ?? null, 1, deleted);
    const parent = placeOf(parent_id);
    if (!parent || (!deleted && parent.deleted)) return placeFault('parent_id', 'not-in-lane');
    const level = parent.level + 1;
    if (level > (deleted ? maxLevelInTrash : maxLevel)) return placeFault('parent_id', 'too-deep');
    // What is in the trash stays where it was when its parent goes elsewhere.
    if (!deleted && project_id !== undefined && project_id !== parent.project_id) {
      return placeFault('project_id', 'contradiction');
    }
    return placeAt(project_id === undefined ? parent.project_id : project_id, level, deleted);
  }

  function placeOf(id: string): KnownPlace | undefined {
    const known = places.get(id) ?? placed.get(id);
    return known && 'level' in known ? known : undefined;
  }

  await forEach(tasks.values(), (task) => {
    const line: Placeable[] = [];
    const inLine = new Set<string>();
    let next: Placeable | undefined = task;
    while (next && !placed.has(next.id) && !inLine.has(next.id)) {
      line.push(next);
      inLine.add(next.id);
      next = next.parent_id === null ? undefined : tasks.get(next.parent_id);
    }
    const isCycle = next !== undefined && inLine.has(next.id);
    for (const each of line.reverse()) {
      placed.set(each.id, isCycle ? placeFault('parent_id', 'cycle') : place(each));
    }
  });
  return placed;
}

/** Whether what took a task to the trash is above it, and took all between along. */
function isTaken(
  { id, parent_id, deleted_with }: Placeable,
  tasks: ReadonlyMap<string, Placeable>,
  places: Surroundings['places'],
): boolean {
  let [current, up] = [id, parent_id];
  for (let level = 0; level < maxLevelInTrash && current !== deleted_with; level++) {
    const above = up === null ? undefined : tasks.get(up);
    if (!above) return up !== null && places.get(up)?.deleted === true;
    if (above.deleted_with !== deleted_with) return false;
    [current, up] = [above.id, above.parent_id];
  }
  return current === deleted_with;
}

type RowsOf = <T extends RowType>(type: T) => FileRow<T>[];

async function ids(rows: readonly FileRow[]): Promise<Set<string>> {
  const found = new Set<string>();
  await forEach(rows, ({ id, action }) => {
    if (id !== null && action !== 'fault') found.add(id);
  });
  return found;
}

function isNew<T extends RowType>(
  row: FileRow<T>,
): row is FileRow<T> & { links: NonNullable<typeof row.links> } {
  return row.action === 'create';
}

// An export that was made while a task was deleted has it in both lists.
const isOfTrash = (row: FileRow) => row.within === '/body/trash';

async function findDuplicates(rows: readonly FileRow[]): Promise<void> {
  const first = new Map<string, FileRow>();
  await forEach(rows, (row) => {
    if (row.id === null) return;
    const other = first.get(row.id);
    if (!other) first.set(row.id, row);
    else if (isOfTrash(row) && !isOfTrash(other)) row.action = 'skip';
    else
      addFaults(row, [
        { pointer: '/id', code: 'duplicate', detail: `must not be the id of row ${other.row}, too` },
      ]);
  });
}

async function skipKnown(rows: readonly FileRow[], known: { has(id: string): boolean }): Promise<void> {
  await forEach(rows, (row) => {
    if (row.action === 'create' && row.id !== null && known.has(row.id)) row.action = 'skip';
  });
}

async function planTags(lane: Lane, rows: readonly FileRow<'tag'>[]): Promise<void> {
  await skipKnown(rows, await knownIds(lane, 'tags', await ids(rows)));
  const own = rows.filter(isNew);
  const known = await knownTagKeys(lane, new Set(own.map(({ links }) => links)));
  for (const row of own) {
    if (known.has(row.links)) row.action = 'skip';
    known.add(row.links);
  }
}

/** @returns the lane's own projects by the ids that stand for their names */
async function planProjects(
  lane: Lane,
  rows: readonly FileRow<'project'>[],
): Promise<ReadonlyMap<string, string>> {
  await skipKnown(rows, await knownIds(lane, 'projects', await ids(rows)));
  const named = rows.filter(isNew).filter(({ links }) => links !== '');
  const known = await projectsNamed(lane, new Set(named.map(({ links }) => links)));
  const own = new Map<string, string>();
  await forEach(named, (row) => {
    const id = known.get(row.links);
    if (id === undefined) return;
    own.set(row.id as string, id);
    row.action = 'skip';
    row.id = id;
  });
  return own;
}

async function planTasks(
  lane: Lane,
  rowsOf: RowsOf,
  ownProjects: ReadonlyMap<string, string>,
): Promise<void> {
  const rows = rowsOf('task');
  const referred = await ids(rows);
  await forEach(rows, ({ links }) => {
    if (links?.parent_id) referred.add(links.parent_id);
    if (links?.deleted_with) referred.add(links.deleted_with);
  });
  const places = await knownPlaces(lane, referred);
  await skipKnown(rows, places);

  const fresh = rows.filter(isNew);
  const tasks = new Map<string, Placeable>();
  const wanted = new Set<string>();
  await forEach(fresh, ({ links }) => {
    if (links.project_id) links.project_id = ownProjects.get(links.project_id) ?? links.project_id;
    tasks.set(links.id, links);
    if (links.project_id) wanted.add(links.project_id);
  });
  const projects = await knownIds(lane, 'projects', wanted);
  for (const id of await ids(rowsOf('project'))) projects.add(id);
  const placed = await placeTasks(tasks, { projects, places });
  await forEach(fresh, (row) => {
    const { links } = row;
    const place = placed.get(links.id) as KnownPlace | ValidationError;
    if ('code' in place) addFaults(row, [place]);
    else links.place = place;
    // What is wrong with the parent makes this wrong, too.
    if ('code' in place && place.pointer === '/parent_id') return;
    if (links.deleted_with !== null && !isTaken(links, tasks, places)) {
      const detail = 'must be the task itself or a task above it that was deleted with it';
      addFaults(row, [{ pointer: '/deleted_with', code: 'contradiction', detail }]);
    }
  });
}

async function planCompletions(lane: Lane, rowsOf: RowsOf): Promise<void> {
  const rows = rowsOf('completion');
  await skipKnown(rows, await knownIds(lane, 'completions', await ids(rows)));
  const fresh = rows.filter(isNew);
  const known = await knownIds(lane, 'tasks', new Set(fresh.map(({ links }) => links)));
  const own = await ids(rowsOf('task'));
  await forEach(fresh, (row) => {
    if (!known.has(row.links) && !own.has(row.links)) {
      addFaults(row, [{ pointer: '/task_id', code: 'not-in-lane', detail: 'does not exist in this lane' }]);
    }
  });
}

/** Decides what becomes of each row, which gets its action and faults; writes nothing. */
export async function planImport(lane: Lane, { rows }: ImportFile): Promise<void> {
  const byType = Map.groupBy(rows, (row) => row.type);
  const rowsOf: RowsOf = (type) => (byType.get(type) ?? []) as never;
  for (const each of byType.values()) await findDuplicates(each);

  const profile = await findProfile(lane);
  for (const row of rowsOf('profile').filter(isNew)) if (profile?.updated_at) row.action = 'skip';
  await planTasks(lane, rowsOf, await planProjects(lane, rowsOf('project')));
  await planTags(lane, rowsOf('tag'));
  await planCompletions(lane, rowsOf);
}

/**
 * Plans an import: which rows the lane already has, which rows refer to something that exists, and which have errors.
 */
import type { ValidationError } from '../../platform/contract/document/operations';
import type { Lane } from '../../platform/database/lane';
import { findProfile } from '../profile/repository';
import { hierarchyDetails } from '../tasks/commands';
import { maxLevel } from '../tasks/tree';
import {
  addErrors,
  addWarning,
  type FileRow,
  forEach,
  type ImportFile,
  idNamed,
  type RowType,
  type TaskLinks,
  type TaskReferences,
} from './file';
import {
  type KnownTask,
  knownIds,
  knownPurgedCompletions,
  knownTagKeys,
  knownTasks,
  projectsNamed,
} from './repository';

/** The projects and tasks that the tasks of a file can refer to. */
export interface Surroundings {
  readonly projects: ReadonlySet<string>;
  readonly knownById: ReadonlyMap<string, KnownTask>;
}

// The parent of a deleted subtask may have moved to a deeper level since the deletion, at most to the maximum level.
const maxLevelInTrash = 2 * maxLevel;

type HierarchyReason = keyof typeof hierarchyDetails;

function hierarchyError(
  field: 'parent_id' | 'project_id' | 'deleted_with',
  code: HierarchyReason,
): ValidationError {
  return { pointer: `/${field}`, code, detail: hierarchyDetails[code] };
}

/**
 * Finds the project of tasks that are not in the lane yet, and their level in the tree. The tasks can be in any order.
 * @param mend changes the parent of a task whose parent cannot be used; returns false if that is a validation error
 * @returns the resolved task, or a validation error, by its id
 */
export async function resolveTasks(
  tasks: ReadonlyMap<string, TaskReferences>,
  { projects, knownById }: Surroundings,
  mend: (task: TaskReferences, reason: HierarchyReason) => boolean = () => false,
): Promise<Map<string, KnownTask | ValidationError>> {
  const resolved = new Map<string, KnownTask | ValidationError>();
  const distinct = new Map<string, KnownTask>();

  // Many tasks have the same project and level, so they share one object.
  function shared(project_id: string | null, level: number, deleted: boolean): KnownTask {
    const key = `${level} ${deleted} ${project_id}`;
    const found = distinct.get(key) ?? { project_id, level, deleted };
    distinct.set(key, found);
    return found;
  }

  /** Finds the project and level of a task, or the error in its references. Its parent must be resolved before. */
  function resolve(task: TaskReferences): KnownTask | ValidationError {
    const { parent_id, project_id, deleted_with } = task;
    const parentError = (reason: HierarchyReason) =>
      mend(task, reason) ? resolve(task) : hierarchyError('parent_id', reason);
    const deleted = deleted_with !== null;
    if (project_id != null && !projects.has(project_id)) return hierarchyError('project_id', 'not-in-lane');
    if (parent_id === null) return shared(project_id ?? null, 1, deleted);
    const parent = resolvedOf(parent_id);
    if (!parent || (!deleted && parent.deleted)) return parentError('not-in-lane');
    const level = parent.level + 1;
    if (level > (deleted ? maxLevelInTrash : maxLevel)) return parentError('too-deep');
    // A task in the trash keeps its project when its parent moves to another one.
    if (!deleted && project_id !== undefined && project_id !== parent.project_id) {
      if (mend(task, 'contradiction')) return resolve(task);
      return hierarchyError('project_id', 'contradiction');
    }
    return shared(project_id === undefined ? parent.project_id : project_id, level, deleted);
  }

  function resolvedOf(id: string): KnownTask | undefined {
    const known = knownById.get(id) ?? resolved.get(id);
    return known && 'level' in known ? known : undefined;
  }

  await forEach(tasks.values(), (task) => {
    const line: TaskReferences[] = [];
    const inLine = new Set<string>();
    let next: TaskReferences | undefined = task;
    while (next && !resolved.has(next.id) && !inLine.has(next.id)) {
      line.push(next);
      inLine.add(next.id);
      next = next.parent_id === null ? undefined : tasks.get(next.parent_id);
    }
    const inCircle = next !== undefined && inLine.has(next.id);
    const isCycle = inCircle && !mend(line.at(-1) as TaskReferences, 'cycle');
    for (const each of line.reverse()) {
      resolved.set(each.id, isCycle ? hierarchyError('parent_id', 'cycle') : resolve(each));
    }
  });
  return resolved;
}

/** True if `deleted_with` is the task or an ancestor, and all tasks between them were deleted together. */
function wasDeletedWith(
  { id, parent_id, deleted_with }: TaskReferences,
  tasks: ReadonlyMap<string, TaskReferences>,
  knownById: Surroundings['knownById'],
): boolean {
  let [current, up] = [id, parent_id];
  for (let level = 0; level < maxLevelInTrash && current !== deleted_with; level++) {
    const above = up === null ? undefined : tasks.get(up);
    if (!above) return up !== null && knownById.get(up)?.deleted === true;
    if (above.deleted_with !== deleted_with) return false;
    [current, up] = [above.id, above.parent_id];
  }
  return current === deleted_with;
}

type RowsOf = <T extends RowType>(type: T) => FileRow<T>[];

async function ids(rows: readonly FileRow[]): Promise<Set<string>> {
  const found = new Set<string>();
  await forEach(rows, ({ id, action }) => {
    if (id !== null && action !== 'error') found.add(id);
  });
  return found;
}

type ReadRowOf<T extends RowType> = FileRow<T> & { links: NonNullable<FileRow<T>['links']> };

function isNew<T extends RowType>(row: FileRow<T>): row is ReadRowOf<T> {
  return row.action === 'create';
}

function isWritten<T extends RowType>(row: FileRow<T>): row is ReadRowOf<T> {
  return row.action === 'create' || row.action === 'restore';
}

// If a task or project is deleted during an export, the export has it in both lists.
const isOfTrash = ({ within }: FileRow) => within === '/body/trash' || within === '/body/deleted_projects';

type ForeignLinks = TaskLinks & { readonly foreign: NonNullable<TaskLinks['foreign']> };

function foreignLinksOf({ type, links }: FileRow): ForeignLinks | undefined {
  return type === 'task' && (links as TaskLinks | undefined)?.foreign ? (links as ForeignLinks) : undefined;
}

/**
 * Separates two tasks of another program with the same id. With the same title they are two versions of one task, and
 * the newer one is imported. Otherwise the later row gets an id of its own. A row with errors does not count.
 * @returns false if the rows cannot be separated
 */
function separate(row: FileRow, other: FileRow, first: Map<string, FileRow>): boolean {
  const [links, otherLinks] = [foreignLinksOf(row), foreignLinksOf(other)];
  if (links && other.links === undefined) {
    first.set(row.id as string, row);
    return true;
  }
  if (!links || !otherLinks) return false;
  const { idField: field, edition, titleHash } = links.foreign;
  const found = row.id as string;
  if (titleHash === otherLinks.foreign.titleHash) {
    const isNewer = edition >= otherLinks.foreign.edition;
    const [kept, left] = isNewer ? [row, other] : [other, row];
    left.action = 'skip';
    first.set(found, kept);
    addWarning(left, { field, found, used: null, detail: `is also in row ${kept.row}, which is newer` });
    return true;
  }
  const used = idNamed(`${found}/${titleHash}`);
  const detail = `is also in row ${other.row} with another title, so the task gets an id of its own`;
  addWarning(row, { field, found, used, detail });
  row.id = used;
  links.id = used;
  const another = first.get(used);
  if (another) return separate(row, another, first);
  first.set(used, row);
  return true;
}

async function findDuplicates(rows: readonly FileRow[]): Promise<void> {
  const first = new Map<string, FileRow>();
  await forEach(rows, (row) => {
    const key = row.type === 'purged_completion' ? row.links : row.id;
    if (key == null) return;
    const other = first.get(key as string);
    if (!other) first.set(key as string, row);
    else if (separate(row, other, first)) return;
    else if (isOfTrash(row) && !isOfTrash(other)) row.action = 'skip';
    else
      addErrors(row, [
        { pointer: '/id', code: 'duplicate', detail: `must not be the same id as in row ${other.row}` },
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

/** What planning the projects finds out. */
interface PlannedProjects {
  /** From a generated id to the id of the lane's project with the same name. */
  readonly ownIds: ReadonlyMap<string, string>;
  /** The projects of the file that are in the trash of the file. */
  readonly deleted: ReadonlySet<string>;
  /** The other projects of the file. */
  readonly live: ReadonlySet<string>;
}

/** Plans the projects. A CSV file names projects instead of giving their ids, so each name gets a generated id. */
async function planProjects(lane: Lane, rows: readonly FileRow<'project'>[]): Promise<PlannedProjects> {
  await skipKnown(rows, await knownIds(lane, 'projects', await ids(rows)));
  const named = rows.filter(isNew).filter(({ links }) => links.name !== '');
  const known = await projectsNamed(lane, new Set(named.map(({ links }) => links.name)));
  const ownIds = new Map<string, string>();
  await forEach(named, (row) => {
    const id = known.get(row.links.name);
    if (id === undefined) return;
    ownIds.set(row.id as string, id);
    row.action = 'skip';
    row.id = id;
  });
  const trashed = await knownIds(lane, 'deleted_projects', await ids(rows));
  await forEach(rows.filter(isNew), (row) => {
    if (trashed.has(row.id as string)) row.action = row.links.isDeleted ? 'skip' : 'restore';
  });
  const [deleted, live] = [new Set<string>(), new Set<string>()];
  await forEach(rows, ({ id, action, links }) => {
    if (id !== null && action !== 'error') (links?.isDeleted ? deleted : live).add(id);
  });
  return { ownIds, deleted, live };
}

const parentDetails: Readonly<Record<HierarchyReason, string>> = {
  ...hierarchyDetails,
  'not-in-lane': 'is neither in the file nor in the lane',
  cycle: 'is the task itself or one below it',
  contradiction: 'is in another project, so the task gets the project of its parent',
  'too-deep': `is at level ${maxLevel}, the deepest one, so the task gets the parent of its parent`,
};

/** Replaces parents that cannot be used, in tasks of other programs. */
function createMender(tasks: ReadonlyMap<string, TaskLinks>, knownById: Surroundings['knownById']) {
  return ({ id }: TaskReferences, reason: HierarchyReason): boolean => {
    const task = tasks.get(id);
    if (!task?.foreign || task.parent_id === null) return false;
    const found = task.parent_id;
    const detail = parentDetails[reason];
    const field = task.foreign.parentField;
    if (reason === 'contradiction') {
      task.project_id = undefined;
      task.parentWarning = { field, found, used: found, detail };
      return true;
    }
    const above = reason === 'too-deep' ? (tasks.get(found) ?? knownById.get(found))?.parent_id : null;
    task.parent_id = above ?? null;
    task.parentWarning = { field, found, used: task.parent_id, detail };
    return true;
  };
}

/** Adds an error to the tasks whose parent has an error, and to those below. */
async function failBelow(rows: readonly ReadRowOf<'task'>[], failed: Set<string>): Promise<void> {
  for (let more = failed.size > 0; more; ) {
    more = false;
    await forEach(rows, (row) => {
      const { id, parent_id } = row.links;
      if (parent_id === null || !failed.has(parent_id) || failed.has(id)) return;
      addErrors(row, [hierarchyError('parent_id', 'not-in-lane')]);
      failed.add(id);
      more = true;
    });
  }
}

async function planTasks(lane: Lane, rowsOf: RowsOf, planned: PlannedProjects): Promise<void> {
  const rows = rowsOf('task');
  const referred = await ids(rows);
  await forEach(rows, ({ links }) => {
    if (links?.parent_id) referred.add(links.parent_id);
    if (links?.deleted_with) referred.add(links.deleted_with);
  });
  const knownById = await knownTasks(lane, referred);
  await forEach(rows.filter(isNew), (row) => {
    const known = knownById.get(row.links.id);
    if (!known) return;
    // Otherwise an import of a backup would not bring deleted tasks back.
    row.action = known.deleted && row.links.deleted_with === null ? 'restore' : 'skip';
    if (row.action === 'restore') knownById.delete(row.links.id);
  });

  const fresh = rows.filter(isWritten);
  const tasks = new Map<string, TaskLinks>();
  const [wanted, wantedDeleted] = [new Set<string>(), new Set<string>()];
  await forEach(fresh, ({ links }) => {
    if (links.project_id) links.project_id = planned.ownIds.get(links.project_id) ?? links.project_id;
    tasks.set(links.id, links);
    if (links.project_id) wanted.add(links.project_id);
    if (links.deleted_with_project) wantedDeleted.add(links.deleted_with_project);
  });
  const projects = new Set([...planned.live, ...(await knownIds(lane, 'projects', wanted))]);
  const known = await knownIds(lane, 'deleted_projects', wantedDeleted);
  const deletedProjects = new Set([...planned.deleted, ...known]);
  const resolved = await resolveTasks(tasks, { projects, knownById }, createMender(tasks, knownById));
  const failed = new Set<string>();
  await forEach(fresh, (row) => {
    const { links } = row;
    const found = resolved.get(links.id) as KnownTask | ValidationError;
    if (links.parentWarning) addWarning(row, links.parentWarning);
    if ('code' in found) addErrors(row, [found]);
    else links.resolved = found;
    if (links.deleted_with_project !== null && !deletedProjects.has(links.deleted_with_project)) {
      addErrors(row, [
        { pointer: '/deleted_with_project', code: 'not-in-lane', detail: 'must be a project in the trash' },
      ]);
      failed.add(links.id);
    }
    // An error of the parent also causes this error.
    if ('code' in found && found.pointer === '/parent_id') return;
    if (links.deleted_with !== null && !wasDeletedWith(links, tasks, knownById)) {
      const detail = 'must be the task itself or a task above it that was deleted with it';
      addErrors(row, [{ pointer: '/deleted_with', code: 'contradiction', detail }]);
      failed.add(links.id);
    }
  });
  await failBelow(fresh.filter(isWritten), failed);
}

async function planCompletions(lane: Lane, rowsOf: RowsOf): Promise<void> {
  const rows = rowsOf('completion');
  await skipKnown(rows, await knownIds(lane, 'completions', await ids(rows)));
  const fresh = rows.filter(isNew);
  const known = await knownIds(lane, 'tasks', new Set(fresh.map(({ links }) => links)));
  const own = await ids(rowsOf('task'));
  await forEach(fresh, (row) => {
    if (!known.has(row.links) && !own.has(row.links)) {
      addErrors(row, [{ pointer: '/task_id', code: 'not-in-lane', detail: 'does not exist in this lane' }]);
    }
  });
}

async function planPurgedCompletions(
  lane: Lane,
  rows: readonly FileRow<'purged_completion'>[],
): Promise<void> {
  const known = await knownPurgedCompletions(lane, await ids(rows));
  await forEach(rows.filter(isNew), (row) => {
    if (known.has(row.links)) row.action = 'skip';
  });
}

/** Sets the action and the errors of each row; writes nothing to the lane. */
export async function planImport(lane: Lane, { rows }: ImportFile): Promise<void> {
  const byType = Map.groupBy(rows, (row) => row.type);
  const rowsOf: RowsOf = (type) => (byType.get(type) ?? []) as never;
  for (const each of byType.values()) await findDuplicates(each);

  const profile = await findProfile(lane);
  for (const row of rowsOf('profile').filter(isNew)) if (profile?.updated_at) row.action = 'skip';
  await planTasks(lane, rowsOf, await planProjects(lane, rowsOf('project')));
  await planTags(lane, rowsOf('tag'));
  await planCompletions(lane, rowsOf);
  await planPurgedCompletions(lane, rowsOf('purged_completion'));
}

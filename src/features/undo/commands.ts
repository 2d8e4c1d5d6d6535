/**
 * Takes back the changes of requests, in one write of the lane. What was deleted comes back first, then fields get their
 * former values, then what was created goes: so each step finds what it needs.
 */
import type { Schemas } from '../../platform/contract/document/operations';
import type { WritableLane } from '../../platform/database/lane';
import type {
  ChangeAction,
  ChangeRow,
  ChangeType,
  CompletionRow,
  TaskRow,
} from '../../platform/database/rows';
import {
  correctCompletion,
  findCompletionById,
  insertCompletions,
  removeCompletion,
} from '../completions/repository';
import { findProfile, type Settings, updateProfile } from '../profile/repository';
import { removeProject } from '../projects/commands';
import { type ImportedProject, importProjects } from '../projects/import';
import { findProject, isInTrash, type ProjectFields, updateProject } from '../projects/repository';
import { tagKey } from '../tags/names';
import {
  deleteTag,
  findTag,
  insertTags,
  spellTags,
  type TagFields,
  tagsNamed,
  updateTag,
} from '../tags/repository';
import { deleteTasks } from '../tasks/delete';
import { type Dates, dateErrors, remindersLeft, withInstants } from '../tasks/due';
import { moveInstants } from '../tasks/overdue';
import { mergeRecurrence } from '../tasks/recurrence';
import { findTask } from '../tasks/repository';
import { findParentAndProject } from '../tasks/tree';
import { type TaskChange, updateTask } from '../tasks/write';
import { restoreTask } from '../trash/commands';
import { restoreProject } from '../trash/projects';
import { formerFields, groupOf, type Left } from './fields';
import {
  findAnyTask,
  findDependents,
  findLastRequests,
  findLaterChanges,
  findTagged,
  type LaterChanges,
  listChangesOf,
  type TrashedFields,
  updateTrashed,
} from './repository';

/** The maximum number of changes that an undo takes back. */
export const maxUndone = 1_000;

type Action = Schemas['UndoneEntity']['action'];
type Reason = Left['reason'];

/** An entity, the changes to take back, and what became of them. */
class Undoing {
  readonly type: ChangeType;
  readonly id: string;
  action: Action = null;
  private readonly undone = new Set<string>();
  private readonly left = new Map<string | null, Reason>();

  constructor(
    readonly changes: readonly ChangeRow[],
    readonly later: LaterChanges,
  ) {
    const [first] = changes as [ChangeRow];
    this.type = first.type;
    this.id = first.entity_id as string;
  }

  /** The first and the last change of whether the entity exists, and whether it is in the trash. */
  private get existence(): readonly ChangeRow[] {
    return this.changes.filter(({ action }) => action !== 'updated');
  }

  /** The action that tells whether the entity existed before the changes: not if it was created. */
  get began(): ChangeAction | undefined {
    return this.existence[0]?.action;
  }

  /** The change with the last values of an entity that was deleted. */
  get deletion(): ChangeRow | undefined {
    return this.changes.find(({ action }) => action === 'deleted');
  }

  /** True if others deleted or restored the entity since, or changed it since it was created. */
  get isChangedSince(): boolean {
    const last = Number(this.existence.at(-1)?.seq ?? 0);
    if (this.later.existence > last) return true;
    return this.began === 'created' && this.later.updated > last;
  }

  leave(field: string | null, reason: Reason): void {
    if (field !== null) this.undone.delete(field);
    if (!this.left.has(field)) this.left.set(field, reason);
  }

  hasLeft(field: string | null): boolean {
    return this.left.has(field);
  }

  setBack(fields: Iterable<string>): void {
    for (const field of fields) if (!this.left.has(field)) this.undone.add(field);
  }

  report(): Schemas['UndoneEntity'] {
    const action = this.action ?? (this.undone.size > 0 ? 'updated' : null);
    const left = [...this.left].map(([field, reason]) => ({ field, reason }));
    return { type: this.type, entity_id: this.id, action, undone: [...this.undone], left };
  }
}

/** The changes of fields. The fields of a deletion are last values. */
function updatesOf({ changes }: Undoing): ChangeRow[] {
  return changes.filter(({ action }) => action === 'updated' || action === 'restored');
}

/** The fields to set back, in the form of the history; the others are left. */
function planFields(
  entity: Undoing,
  current: object | undefined,
  isWanted: (field: string) => boolean = () => true,
): Record<string, unknown> {
  const changes = updatesOf(entity).map(({ fields }) => ({
    fields: Object.fromEntries(Object.entries(fields).filter(([field]) => isWanted(field))),
  }));
  if (!current) {
    for (const { fields } of changes) for (const field of Object.keys(fields)) entity.leave(field, 'gone');
    return {};
  }
  const { wanted, changed } = formerFields(current, changes);
  for (const field of changed) entity.leave(field, 'changed');
  return Object.fromEntries(wanted);
}

/** Leaves a field, and the fields that are only valid together with it. */
function drop(entity: Undoing, wanted: Record<string, unknown>, group: string): void {
  for (const field of Object.keys(wanted).filter((each) => groupOf(each) === group)) {
    delete wanted[field];
    entity.leave(field, 'conflict');
  }
}

const valuesBefore = ({ fields }: ChangeRow): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([field, { from }]) => [field, from]));

/** Leaves an entity that others changed since. @returns true if so */
function leftAsChanged(entity: Undoing): boolean {
  if (entity.isChangedSince) entity.leave(null, 'changed');
  return entity.isChangedSince;
}

async function undoProfile(lane: WritableLane, entity: Undoing): Promise<void> {
  const current = await findProfile(lane);
  const wanted: Partial<Settings> = planFields(entity, current);
  const row = await updateProfile(lane, wanted);
  if (row.time_zone !== current?.time_zone) await moveInstants(lane, row.time_zone);
  entity.setBack(Object.keys(wanted));
}

/** Makes a tag again that was deleted. */
async function bringTagBack(lane: WritableLane, entity: Undoing): Promise<void> {
  if ((await findTag(lane, entity.id)) || leftAsChanged(entity)) return;
  const { name, color = null, created_at } = valuesBefore(entity.deletion as ChangeRow);
  const tag = { id: entity.id, name, color, created_at: new Date(created_at as string) };
  const made = await insertTags(lane, [tag as TagFields & typeof tag]);
  if (made.length === 0) return entity.leave(null, 'conflict');
  entity.action = 'created';
}

async function undoTagFields(lane: WritableLane, entity: Undoing): Promise<void> {
  const current = await findTag(lane, entity.id);
  const wanted: Partial<TagFields> = planFields(entity, current);
  if (!current) return;
  // With the name of another tag, the two would be merged.
  if (wanted.name !== undefined) {
    const [namesake] = await tagsNamed(lane, [tagKey(wanted.name)]).whereNot('id', entity.id);
    if (namesake) drop(entity, wanted, 'name');
  }
  await updateTag(lane, current, wanted);
  entity.setBack(Object.keys(wanted));
}

/** Takes a project back from the trash, or makes it again if it was deleted without its tasks. */
async function bringProjectBack(lane: WritableLane, entity: Undoing): Promise<void> {
  if ((await findProject(lane, entity.id)) || leftAsChanged(entity)) return;
  if (await isInTrash(lane, entity.id)) {
    await restoreProject(lane, entity.id);
    entity.action = 'restored';
    return;
  }
  const { created_at, ...fields } = valuesBefore(entity.deletion as ChangeRow);
  const project = { id: entity.id, deleted_at: null, ...fields, created_at: new Date(created_at as string) };
  await importProjects(lane, [project as unknown as ImportedProject]);
  entity.action = 'created';
}

async function undoProjectFields(lane: WritableLane, entity: Undoing): Promise<void> {
  const current = await findProject(lane, entity.id);
  const wanted = planFields(entity, current);
  if (!current) return;
  await updateProject(lane, current, wanted as Partial<ProjectFields>);
  entity.setBack(Object.keys(wanted));
}

async function bringTaskBack(lane: WritableLane, entity: Undoing): Promise<void> {
  const current = await findAnyTask(lane, entity.id);
  if (!current) return entity.leave(null, 'gone');
  if (leftAsChanged(entity)) return;
  // It can be back already, together with its parent or its project.
  if (current.deleted_at !== null) await restoreTask(lane, entity.id);
  entity.action = 'restored';
}

/** Leaves the fields whose former values are not valid in the present task. */
function dropInvalid(entity: Undoing, row: TaskRow, wanted: Record<string, unknown>): void {
  const areValid = (change: Record<string, unknown>): boolean => {
    const task = { ...row, ...change } as TaskRow;
    const dates = withInstants(task as Dates);
    return dateErrors(dates).length === 0 && !Array.isArray(mergeRecurrence(task, {}, dates));
  };
  if (!areValid(wanted)) drop(entity, wanted, 'schedule');
  const loses = () => {
    const { reminders, due_date } = { ...row, ...wanted } as TaskRow;
    return remindersLeft(reminders, due_date).length < reminders.length;
  };
  if (loses()) drop(entity, wanted, 'reminders');
  if (loses()) drop(entity, wanted, 'schedule');
}

const placeFields: readonly string[] = ['project_id', 'parent_id'];
const isPlace = (field: string) => placeFields.includes(field);

/** The row's values for the former values of a task's fields. */
async function toTaskChange(
  lane: WritableLane,
  row: TaskRow,
  wanted: Record<string, unknown>,
): Promise<TaskChange> {
  const { tags, completed_at, ...fields } = wanted as Omit<TaskChange, 'completed_at'> & {
    completed_at?: string | null;
  };
  return {
    ...fields,
    ...(tags && { tags: await spellTags(lane, tags) }),
    ...(completed_at && { completed_at: new Date(completed_at) }),
    ...withInstants({ ...row, ...wanted } as Dates),
  };
}

/**
 * Sets the fields of a task back.
 * @param isLast if its former place is not possible, its place is left; else the task waits until others have moved
 * @returns false if it waits
 */
async function undoTaskFields(lane: WritableLane, entity: Undoing, isLast: boolean): Promise<boolean> {
  const row = await findTask(lane, entity.id);
  if (!row) {
    const canChange = (field: string) => isPlace(field) || field === 'tags';
    planFields(entity, undefined, (field) => !canChange(field));
    await undoTrashedFields(lane, entity, canChange);
    return true;
  }
  // The former parent of a restored task can be in the trash. It is set when the task is there too.
  const goesBack = entity.began === 'restored';
  const wanted = planFields(entity, row, (field) => !(goesBack && isPlace(field)));
  dropInvalid(entity, row, wanted);
  if (Object.keys(wanted).some(isPlace)) {
    const { project_id = row.project_id, parent_id = row.parent_id } = wanted as Partial<TaskRow>;
    const isSame = project_id === row.project_id && parent_id === row.parent_id;
    const target = isSame ? row : await findParentAndProject(lane, row, { project_id, parent_id });
    if ('reason' in target) {
      if (!isLast) return false;
      drop(entity, wanted, 'place');
    }
  }
  const change = await toTaskChange(lane, row, wanted);
  await updateTask(lane, row, change, { move: 'previous' });
  entity.setBack(Object.keys(wanted));
  return true;
}

/** Sets fields back that can change while a task is in the trash. */
async function undoTrashedFields(
  lane: WritableLane,
  entity: Undoing,
  isWanted: (field: string) => boolean,
): Promise<void> {
  const row = await findAnyTask(lane, entity.id);
  const wanted: Partial<TrashedFields> & Record<string, unknown> = planFields(entity, row, isWanted);
  if (!row) return;
  const { project_id = row.project_id, parent_id = row.parent_id } = wanted;
  const exists =
    (project_id === null || (await findProject(lane, project_id)) !== undefined) &&
    (parent_id === null || (await findAnyTask(lane, parent_id)) !== undefined);
  if (!exists) drop(entity, wanted, 'place');
  const tags = wanted.tags && { tags: await spellTags(lane, wanted.tags) };
  await updateTrashed(lane, row, { ...wanted, ...tags });
  entity.setBack(Object.keys(wanted));
}

/** Sets the fields of tasks back. A task whose former parent is moved too waits for it. */
async function undoTasksFields(lane: WritableLane, tasks: readonly Undoing[]): Promise<void> {
  let waiting = tasks.filter((task) => updatesOf(task).length > 0);
  for (let isLast = false; waiting.length > 0; ) {
    const before = waiting.length;
    const still: Undoing[] = [];
    for (const task of waiting) if (!(await undoTaskFields(lane, task, isLast))) still.push(task);
    waiting = still;
    isLast = still.length === before;
  }
}

/** True if the task of a completion is not back on its occurrence. */
function isTaskLeft(tasks: ReadonlyMap<string, Undoing>, taskId: string): boolean {
  const task = tasks.get(taskId);
  return task !== undefined && (task.hasLeft('completion_count') || task.hasLeft('due_date'));
}

const recordedTimes = ['completed_at', 'recorded_at'] as const;

async function undoCompletion(
  lane: WritableLane,
  entity: Undoing,
  tasks: ReadonlyMap<string, Undoing>,
): Promise<void> {
  const current = await findCompletionById(lane, entity.id);
  if (entity.began === 'created') {
    if (!current) return entity.leave(null, 'gone');
    if (isTaskLeft(tasks, current.task_id)) return entity.leave(null, 'changed');
    await removeCompletion(lane, current);
    entity.action = 'deleted';
    return;
  }
  if (entity.began === 'deleted') {
    const values = valuesBefore(entity.deletion as ChangeRow);
    const times = Object.fromEntries(
      recordedTimes.map((field) => [field, new Date(values[field] as string)]),
    );
    const row = { ...absentInCompletion, ...values, ...times, id: entity.id } as unknown as CompletionRow;
    if (!(await findAnyTask(lane, row.task_id))) return entity.leave(null, 'gone');
    if (isTaskLeft(tasks, row.task_id)) return entity.leave(null, 'changed');
    const made = await insertCompletions(lane, [row]);
    if (made.length === 0) return entity.leave(null, 'changed');
    entity.action = 'created';
    return;
  }
  const { completed_at } = planFields(entity, current);
  if (!current || completed_at === undefined) return;
  await correctCompletion(lane, current, new Date(completed_at as string));
  entity.setBack(['completed_at']);
}

// `lastValues` leaves out what is null.
const absentInCompletion = {
  ...{ due_time: null, time_zone: null, start_date: null, start_time: null },
  ...{ next_due_date: null, next_due_time: null },
};

/** Moves created tasks and projects to the trash, unless others use them. */
async function removeTasksAndProjects(
  lane: WritableLane,
  tasks: readonly Undoing[],
  projects: readonly Undoing[],
): Promise<void> {
  const ids = (some: readonly Undoing[]) => some.map(({ id }) => id);
  const live = await findDependents(lane, { parents: ids(tasks), projects: ids(projects) });
  const going = new Map<string, Undoing>();
  const parentOf = new Map<string, string | null>();
  for (const task of tasks) {
    const row = await findTask(lane, task.id);
    if (!row || leftAsChanged(task)) continue;
    going.set(task.id, task);
    parentOf.set(task.id, row.parent_id);
  }
  // A task with a subtask that stays must stay too.
  for (let count = -1; count !== going.size; ) {
    count = going.size;
    for (const { id, parent_id } of live) {
      const parent = parent_id === null ? undefined : going.get(parent_id);
      if (!parent || going.has(id)) continue;
      going.delete(parent.id);
      parent.leave(null, 'in-use');
    }
  }
  for (const project of projects) {
    if (!(await findProject(lane, project.id)) || leftAsChanged(project)) continue;
    if (live.some(({ id, project_id }) => project_id === project.id && !going.has(id))) {
      project.leave(null, 'in-use');
      continue;
    }
    await removeProject(lane, project.id, 'delete');
    project.action = 'deleted';
  }
  const roots = [...going.keys()].filter((id) => !going.has(parentOf.get(id) ?? ''));
  const remaining: string[] = [];
  for (const id of roots) if (await findTask(lane, id)) remaining.push(id);
  await deleteTasks(lane, remaining);
  for (const task of going.values()) {
    task.action = 'deleted';
    if (task.began === 'restored') await undoTrashedFields(lane, task, isPlace);
  }
}

/** Deletes a created tag, unless tasks outside the trash have it. */
async function removeCreatedTag(lane: WritableLane, entity: Undoing): Promise<void> {
  const current = await findTag(lane, entity.id);
  if (!current || leftAsChanged(entity)) return;
  for (const id of await findTagged(lane, entity.id)) {
    if (await findTask(lane, id)) return entity.leave(null, 'in-use');
  }
  await deleteTag(lane, current);
  entity.action = 'deleted';
}

const noChanges: LaterChanges = { updated: 0, existence: 0 };

/** The entities of changes, in the order of their first change. */
async function readEntities(
  lane: WritableLane,
  requests: readonly string[],
  changes: readonly ChangeRow[],
): Promise<Undoing[]> {
  const ids = new Set(changes.flatMap(({ entity_id }) => entity_id ?? []));
  const first = Number(changes[0]?.seq ?? 0);
  const later = await findLaterChanges(lane, [...ids], first, requests);
  const byEntity = Map.groupBy(changes, ({ type, entity_id }) => `${type} ${entity_id}`);
  return [...byEntity.values()].map(
    (some) => new Undoing(some, later.get(some[0]?.entity_id ?? '') ?? noChanges),
  );
}

async function takeBack(lane: WritableLane, entities: readonly Undoing[]): Promise<void> {
  const byType = Map.groupBy(entities, ({ type }) => type);
  const of = (type: ChangeType, ...began: ChangeAction[]) =>
    (byType.get(type) ?? []).filter(
      (each) => began.length === 0 || began.includes(each.began as ChangeAction),
    );
  const tasks = of('task');
  const tasksById = new Map(tasks.map((task) => [task.id, task]));
  for (const entity of [...of('webhook'), ...of('calendar_feed'), ...of('client')])
    entity.leave(null, 'not-undoable');
  for (const entity of entities) if (entity.began === 'purged') entity.leave(null, 'not-undoable');

  for (const entity of of('profile')) await undoProfile(lane, entity);
  for (const entity of of('tag', 'deleted')) await bringTagBack(lane, entity);
  for (const entity of of('project', 'deleted')) await bringProjectBack(lane, entity);
  for (const entity of of('task', 'deleted')) await bringTaskBack(lane, entity);

  for (const entity of of('tag')) await undoTagFields(lane, entity);
  for (const entity of of('project')) await undoProjectFields(lane, entity);
  await undoTasksFields(lane, tasks);
  for (const entity of of('completion')) {
    if (entity.began !== 'purged') await undoCompletion(lane, entity, tasksById);
  }

  await removeTasksAndProjects(lane, of('task', 'created', 'restored'), of('project', 'created', 'restored'));
  for (const entity of of('tag', 'created')) await removeCreatedTag(lane, entity);
}

/** What to take back: a request, or the last requests of the user or, if `clientId` is not null, of a client. */
export type Wanted =
  | { readonly request: string }
  | { readonly clientId: string | null; readonly count: number };

/**
 * Takes back changes.
 * @returns `not-in-lane` if the lane has no changes of the request, and `too-large` if the requests have more than
 * `maxUndone` changes
 */
export async function undo(
  lane: WritableLane,
  wanted: Wanted,
): Promise<Schemas['UndoReport'] | 'not-in-lane' | 'too-large'> {
  const requests =
    'request' in wanted
      ? [wanted.request]
      : await findLastRequests(lane, wanted.clientId, { requests: wanted.count, changes: maxUndone + 1 });
  if (requests.length === 0) return { requests: [], entities: [] };
  const changes = await listChangesOf(lane, requests, maxUndone + 1);
  if ('request' in wanted && changes.length === 0) return 'not-in-lane';
  if (changes.length > maxUndone) return 'too-large';
  const entities = await readEntities(lane, requests, changes);
  await takeBack(lane, entities);
  return { requests, entities: entities.map((entity) => entity.report()) };
}

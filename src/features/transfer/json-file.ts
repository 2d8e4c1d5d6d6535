/** Reads a JSON export of Tasklane as rows of an import. */
import { v7 as uuidv7 } from 'uuid';
import type { ReadWarning } from '../../domain/foreign/warning';
import { instantOf } from '../../domain/time/instant';
import { maxItemBytes, maxObjectBytes, tooLarge } from '../../platform/contract/bodies/json-items';
import type { SpooledBody } from '../../platform/contract/bodies/spool';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import { createCheck } from '../../platform/contract/validation/rows';
import { futureErrors } from '../tasks/completed-at';
import { readTask } from '../tasks/import';
import {
  type Drafts,
  fileWarnings,
  maxKeptWarnings,
  type ReadContext,
  type ReadRow,
  type RowType,
  tooLargeError,
} from './file';
import type { RowReader } from './import';
import { createPace } from './pace';
import { productOf, readProductJson } from './product-json';
import { readSpellings } from './spellings';

const checks = {
  task: createCheck('TaskImport'),
  project: createCheck('ProjectCreate'),
  tag: createCheck('TagPatch'),
  profile: createCheck('ProfilePatch'),
  completion: createCheck('ExportedCompletion'),
  purgedCompletion: createCheck('PurgedCompletion'),
  id: createCheck('Id'),
  document: createCheck('LaneImport'),
  timestamp: createCheck('Timestamp'),
};

type Item = Record<string, unknown>;
type Read<T extends RowType> = Drafts[T] | ValidationError[];

function isObject(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const notAnObject: ValidationError = { pointer: '', code: 'wrong-type', detail: 'must be an object' };

const notHere: ValidationError = {
  pointer: '/project',
  code: 'unknown',
  detail: 'is only a column of CSV; use `project_id` in JSON',
};

const noId: ValidationError = { pointer: '/id', code: 'required', detail: 'is required' };

function pick(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(names.filter((name) => name in item).map((name) => [name, item[name]]));
}

function checkField(
  item: Item,
  name: string,
  check: (value: unknown) => ValidationError[],
): ValidationError[] {
  if (item[name] === undefined) return [];
  return check(item[name]).map((error) => ({ ...error, pointer: `/${name}` }));
}

/** A field with an id; null if it is not valid. */
function idIn(item: unknown, field: string): string | null {
  const id = isObject(item) ? item[field] : undefined;
  return typeof id === 'string' && checks.id(id).length === 0 ? id : null;
}

function readProject(item: Item, id: string, isTrashed: boolean): Read<'project'> {
  const wanted = pick(item, ['id', 'name', 'color', 'archived']);
  const errors = [
    ...checks.project(wanted),
    ...checkField(item, 'created_at', checks.timestamp),
    ...(isTrashed ? deletedAtErrors(item) : []),
  ];
  // With a new random id, a second import of the file would create the project again.
  if (item.id === undefined) errors.push(noId);
  if (typeof (item.position ?? '') !== 'string') {
    errors.push({ pointer: '/position', code: 'wrong-type', detail: 'must be a string' });
  }
  if (errors.length > 0) return errors;
  const { name, color, archived } = wanted as Schemas['ProjectCreate'];
  return {
    id,
    name: name.trim(),
    color,
    archived,
    position: item.position as string | undefined,
    created_at: instantOf(item.created_at as string | undefined),
    deleted_at: isTrashed ? new Date(item.deleted_at as string) : null,
  };
}

function deletedAtErrors({ deleted_at }: Item): ValidationError[] {
  if (deleted_at == null) return [{ pointer: '/deleted_at', code: 'required', detail: 'is required' }];
  const errors = checkField({ deleted_at }, 'deleted_at', checks.timestamp);
  return errors.length > 0 ? errors : futureErrors('/deleted_at', new Date(deleted_at as string));
}

function readTag(item: Item, id: string): Read<'tag'> {
  const wanted = pick(item, ['name', 'color']);
  const errors = [
    ...checks.tag(wanted),
    ...checkField(item, 'id', checks.id),
    ...checkField(item, 'created_at', checks.timestamp),
  ];
  if (wanted.name === undefined) errors.push({ pointer: '/name', code: 'required', detail: 'is required' });
  if (errors.length > 0) return errors;
  const { name, color = null } = wanted as { name: string; color?: string | null };
  return { id, name: name.trim(), color, created_at: instantOf(item.created_at as string | undefined) };
}

function reopenedErrors(reopened: readonly Schemas['ReopenedSubtask'][]): ValidationError[] {
  return reopened.flatMap(({ status, completed_at }, index): ValidationError[] => {
    const pointer = `/reopened/${index}/completed_at`;
    if ((status === 'completed') === (completed_at !== null)) {
      return completed_at === null ? [] : futureErrors(pointer, new Date(completed_at));
    }
    const detail = 'must be set if the status is completed, and otherwise null';
    return [{ pointer, code: 'contradiction', detail }];
  });
}

// Exports of earlier releases lack these fields.
const addedLater = ({ due_time }: Item) => ({
  ...{ start_date: null, start_time: null, next_due_time: due_time, reopened: [], moved: [] },
  advanced: true,
});

const checkCompletion = (item: Item) =>
  checks.completion({ ...addedLater(item), recorded_at: new Date(0).toISOString(), ...item });

function readCompletion(item: Item): Read<'completion'> {
  const wrong = checkCompletion(item);
  if (wrong.length > 0) return wrong;
  const {
    user_id: _user,
    completed_at,
    reopened,
    recorded_at = completed_at,
    ...record
  } = { ...addedLater(item), ...item } as unknown as Schemas['ExportedCompletion'];
  const errors = [
    ...futureErrors('/completed_at', new Date(completed_at)),
    ...(item.recorded_at === undefined ? [] : futureErrors('/recorded_at', new Date(recorded_at))),
    ...reopenedErrors(reopened),
  ];
  if (errors.length > 0) return errors;
  const { id, task_id, title, due_date, due_time, time_zone, start_date, start_time } = record;
  const { rrule, status, next_due_date, next_due_time, moved, advanced } = record;
  return {
    ...{ id, task_id, title, due_date, due_time, time_zone, start_date, start_time },
    ...{ rrule, status, next_due_date, next_due_time, moved, advanced },
    completed_at: new Date(completed_at),
    recorded_at: new Date(recorded_at),
    reopened: reopened.map((each) => ({
      ...each,
      completed_at: each.completed_at === null ? null : new Date(each.completed_at).toISOString(),
    })),
  };
}

function readPurgedCompletion(item: Item): Read<'purged_completion'> {
  const errors = checks.purgedCompletion(item);
  if (errors.length > 0) return errors;
  const { task_id, completed_at, count } = item as unknown as Schemas['PurgedCompletion'];
  const at = new Date(completed_at);
  const future = futureErrors('/completed_at', at);
  return future.length > 0 ? future : { task_id, completed_at: at, count };
}

function readProfile(item: Item): Read<'profile'> {
  const settings = pick(item, ['time_zone', 'week_start', 'default_priority', 'require_if_match']);
  const errors = checks.profile(settings);
  return errors.length > 0 ? errors : (settings as unknown as Drafts['profile']);
}

/** The number of completions in the file by task and rule. */
async function countCompletions(items: AsyncIterable<unknown>): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const pace = createPace();
  for await (const item of items) {
    await pace();
    if (!isObject(item) || checkCompletion(item).length > 0) continue;
    const { task_id, rrule } = item as unknown as Schemas['ExportedCompletion'];
    const key = `${task_id} ${rrule}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/**
 * Opens a document: an export of Tasklane, or the file of another product, which is recognised by its shape.
 * @returns the reader of its rows, or validation errors with pointers into the body
 */
export async function openJson(
  file: Pick<SpooledBody, 'document' | 'items' | 'parts' | 'sha256'>,
): Promise<RowReader | ValidationError[]> {
  const product = await productOf(file);
  if (product) return (_file, { timeZone }) => readProductJson(product, file, { timeZone, now: new Date() });
  const errors = checks.document(file.document);
  return errors.length > 0
    ? errors.map((error) => ({ ...error, pointer: `/body${error.pointer}` }))
    : readJson;
}

// The fields that each item of an export has besides those that are imported. An import sets them anew.
const renewed = ['user_id', 'version', 'updated_at'];

const completionFields = [
  ...['id', 'user_id', 'task_id', 'title', 'due_date', 'due_time', 'time_zone', 'start_date', 'start_time'],
  ...['completed_at', 'rrule', 'status', 'next_due_date', 'next_due_time', 'reopened', 'moved'],
  ...['advanced', 'recorded_at'],
];

// The fields of the items that can have other fields too. The schemas of the others are closed.
const knownFields = {
  profile: [...renewed, 'time_zone', 'week_start', 'default_priority', 'require_if_match'],
  project: [...renewed, ...['id', 'name', 'color', 'archived', 'position', 'created_at', 'deleted_at']],
  tag: [...renewed, 'id', 'name', 'color', 'created_at'],
  completion: completionFields,
} as const satisfies Partial<Record<RowType, readonly string[]>>;

const isOpen = (type: RowType): type is keyof typeof knownFields => Object.hasOwn(knownFields, type);

/** Warnings of the fields of an item that are left out, because no export has them. */
function unknownFields(type: RowType, item: unknown): ReadWarning[] {
  if (!isOpen(type) || !isObject(item)) return [];
  const known: readonly string[] = knownFields[type];
  const unknown = Object.keys(item).filter((name) => !known.includes(name));
  return unknown.slice(0, maxKeptWarnings).map((field) => ({
    field,
    found: JSON.stringify(item[field]),
    used: null,
    detail: `is left out, because a ${type} has no such field`,
  }));
}

type Lists =
  | 'projects'
  | 'deleted_projects'
  | 'tags'
  | 'tasks'
  | 'trash'
  | 'completions'
  | 'purged_completions';

/** Reads a document that is valid by the contract: one list after the other, independent of their order in the file. */
export async function* readJson(
  file: Pick<SpooledBody, 'document' | 'items'>,
  context: ReadContext,
): AsyncGenerator<ReadRow> {
  const { profile, webhooks } = file.document as Schemas['LaneImport'];
  const completed = await countCompletions(file.items('completions'));
  let row = 0;

  async function* rowsOf<T extends RowType>(
    type: T,
    list: Lists,
    readItem: (item: Item, id: string, warnings: ReadWarning[]) => Read<T>,
  ): AsyncGenerator<ReadRow> {
    let index = 0;
    for await (const item of file.items(list)) {
      const known = idIn(item, type === 'purged_completion' ? 'task_id' : 'id');
      const warnings = unknownFields(type, item);
      const read = isObject(item)
        ? readItem(item, known ?? uuidv7(), warnings)
        : [item === tooLarge ? tooLargeError(maxItemBytes) : notAnObject];
      const id = known ?? (Array.isArray(read) ? null : (read as { id: string }).id);
      const location = { row: ++row, line: null, type, within: `/body/${list}`, index: index++ };
      yield { ...location, id, read, warnings };
    }
  }
  const readTaskItem = (isTrashed: boolean) => (item: Item, id: string, warnings: ReadWarning[]) => {
    const errors = checks.task(item);
    if (item.id == null) errors.push(noId);
    if (item.project !== undefined) errors.push(notHere);
    if (errors.length > 0) return errors;
    const spelled = readSpellings(item as Schemas['TaskImport'], context);
    if (spelled.errors.length > 0) return spelled.errors;
    warnings.push(...spelled.warnings);
    const completionCount = completed.get(`${id} ${item.rrule}`) ?? 0;
    return readTask({ ...spelled.task, id }, { isTrashed, completionCount });
  };

  if (Array.isArray(webhooks) && webhooks.length > 0) {
    const detail = 'are left out, because an export does not have their secrets';
    yield fileWarnings(null, [{ field: 'webhooks', found: `${webhooks.length}`, used: null, detail }]);
  }
  if (profile !== undefined) {
    const read = isObject(profile)
      ? readProfile(profile)
      : [(profile as unknown) === tooLarge ? tooLargeError(maxObjectBytes) : notAnObject];
    const location = { row: ++row, line: null, type: 'profile' as const, within: '/body/profile' };
    yield { ...location, index: null, id: null, read, warnings: unknownFields('profile', profile) };
  }
  yield* rowsOf('project', 'projects', (item, id) => readProject(item, id, false));
  yield* rowsOf('project', 'deleted_projects', (item, id) => readProject(item, id, true));
  yield* rowsOf('tag', 'tags', readTag);
  yield* rowsOf('task', 'tasks', readTaskItem(false));
  yield* rowsOf('task', 'trash', readTaskItem(true));
  yield* rowsOf('completion', 'completions', readCompletion);
  yield* rowsOf('purged_completion', 'purged_completions', readPurgedCompletion);
}

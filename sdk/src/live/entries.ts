/** The entries of an outbox: writes that the service has not carried out yet, or that the copy does not show yet. */
import type { Problem } from '../schemas.js';
import type { Entities, SyncedType } from './entities.js';

type TaskWrite = 'create' | 'update' | 'complete' | 'reopen' | 'skip' | 'move' | 'delete' | 'restore';

/** The writes of an outbox: the methods of a lane. */
export type WriteName =
  | `tasks.${TaskWrite}`
  | `projects.${'create' | 'update' | 'delete' | 'restore' | 'move'}`
  | `tags.${'update' | 'delete'}`
  | 'profile.update';

/** Why an entry failed: the service's problem, or `not-sent` if the SDK could not send it. */
export type EntryProblem =
  | Problem
  | { readonly code: 'not-sent'; readonly status: 0; readonly detail: string };

export interface Entry {
  /** Its number; entries are sent in this order. */
  readonly n: number;
  readonly name: WriteName;
  /** The id of the entity; `''` for the profile. */
  readonly id: string;
  readonly body?: Readonly<Record<string, unknown>> | undefined;
  readonly ifMatch?: string | undefined;
  /** The edits that were merged, with the keys that they had. */
  readonly edits?: readonly Pick<Entry, 'key' | 'body'>[] | undefined;
  /** The idempotency key. */
  readonly key: string;
  /** When the user made the change. */
  readonly at: string;
  /** True once it was sent: the service may have carried it out. */
  readonly sent?: true | undefined;
  /** The key of the batch with which it is sent. */
  readonly batch?: string | undefined;
  /** True if it must not be sent in a batch, because the service refused the batch as a whole. */
  readonly alone?: true | undefined;
  /** Set once the service carried it out: the entity after it, or null if the answer has none. */
  readonly answer?: Entities[SyncedType] | null | undefined;
  /** The position of the lane after it, `<seq>-<epoch>`; undefined if the service did not name it. */
  readonly position?: string | undefined;
  /** Set if it failed permanently. */
  readonly problem?: EntryProblem | undefined;
  /** The number of the failed entry that it depends on. */
  readonly failedWith?: number | undefined;
}

/** The type of the entity that it changes. */
export const typeOf = ({ name }: Entry): SyncedType => name.replace(/s?\..*/, '') as SyncedType;

/** The name of its method without the group. */
export const verbOf = ({ name }: Entry): string => name.slice(name.indexOf('.') + 1);

const isCreate = (entry: Entry): boolean => verbOf(entry) === 'create';

/** Whether it still has to be sent. */
export const isWaiting = ({ answer, problem, failedWith }: Entry): boolean =>
  answer === undefined && problem === undefined && failedWith === undefined;

/** Whether it failed, or depends on an entry that failed. */
export const isFailed = ({ problem, failedWith }: Entry): boolean =>
  problem !== undefined || failedWith !== undefined;

/** Entries with the same text have the same effect on a copy. */
export const effectOf = ({ key, edits, answer, problem, failedWith }: Entry): string =>
  [key, edits?.length, answer === undefined, problem === undefined, failedWith].join(' ');

/** How far a copy is: it contains the changes of the lane until `seq`. */
export interface Progress {
  readonly seq?: number | undefined;
  readonly epoch?: string | undefined;
}

const isOfEpoch = ({ epoch }: Progress, position: string): boolean => position.endsWith(`-${epoch}`);

/** Whether a copy has reached a position of its lane. */
export const isReached = (copy: Progress, position: string): boolean =>
  isOfEpoch(copy, position) && Number.parseInt(position, 10) <= (copy.seq ?? 0);

/**
 * Whether the copy contains an entry after it applied a page. Numbers of different epochs cannot be compared: the copy then
 * starts again, and its next complete snapshot contains the entry.
 */
export const isContained = (
  page: Progress & { has_more: boolean },
  { answer, position = '' }: Entry,
): boolean =>
  answer !== undefined && (isReached(page, position) || (!page.has_more && !isOfEpoch(page, position)));

/** The arguments of the lane's method. */
export function argumentsOf(entry: Entry): unknown[] {
  const { id, body } = entry;
  if (isCreate(entry)) return [{ ...body, id }];
  return [...(id ? [id] : []), ...(body ? [body] : [])];
}

/** Whether it can be an operation of a batch. Batches have no conditions. */
export const isBatchable = ({ name, ifMatch, alone }: Entry): boolean =>
  name !== 'projects.move' && name !== 'profile.update' && !ifMatch && !alone;

/** Names of operations that differ from those of methods. */
const operations: Readonly<Record<string, string>> = {
  'tasks.complete': 'complete_task',
  'tasks.reopen': 'complete_task',
  'tasks.skip': 'skip_occurrence',
};

/** The operation of a batch. */
export function operationOf(entry: Entry): Record<string, unknown> {
  const { name, id, body } = entry;
  const [type, verb] = [typeOf(entry), verbOf(entry)];
  const op = operations[name] ?? `${verb}_${type}`;
  if (verb === 'create') return { op, [type]: { ...body, id } };
  if (verb === 'update') return { op, id, [type]: body };
  if (verb === 'move') return { op, id, to: body };
  return { op, id, ...body, ...(verb === 'reopen' && { completed: false }) };
}

/** The ids of other entities that the body refers to. */
function references({ body = {} }: Pick<Entry, 'body'>): unknown[] {
  return [body.project_id, body.parent_id, body.before, body.after].filter((id) => typeof id === 'string');
}

/** The entries after `entry` that cannot succeed without it: all those of the entity that it creates. */
export function dependentsOf(entry: Entry, outbox: readonly Entry[]): Entry[] {
  if (!isCreate(entry)) return [];
  const missing = new Set<unknown>([entry.id]);
  return outbox.filter((each) => {
    if (each.n <= entry.n || each.answer !== undefined) return false;
    const depends = missing.has(each.id) || references(each).some((id) => missing.has(id));
    if (depends && isCreate(each)) missing.add(each.id);
    return depends;
  });
}

// The service derives other fields from these, so two edits are not the same as one with both.
const derives = [
  ...[
    'status',
    'completed',
    'due_date',
    'due_time',
    'time_zone',
    'start_date',
    'start_time',
    'rrule',
    'repeat_from',
  ],
  ...['excluded_dates', 'reminders', 'project_id', 'parent_id'],
];

const canMerge = (earlier: Entry, later: Entry): boolean =>
  !earlier.sent &&
  isWaiting(earlier) &&
  earlier.ifMatch === undefined &&
  later.ifMatch === undefined &&
  verbOf(later) === 'update' &&
  (isCreate(earlier) || earlier.name === later.name) &&
  typeOf(earlier) === typeOf(later) &&
  !derives.some((field) => field in (earlier.body ?? {}) && field in (later.body ?? {}));

/**
 * The outbox with a new entry. An edit is merged into the unsent creation or edit of the same entity. Deleting what was
 * never sent removes its entries, and restoring an entity whose deletion was never sent removes the deletion.
 */
export function withEntry(outbox: readonly Entry[], entry: Entry): Entry[] {
  const ofEntity = (each: Entry) => each.id === entry.id && typeOf(each) === typeOf(entry);
  const last = outbox.filter(ofEntity).at(-1);
  const unsent = last && !last.sent && isWaiting(last) ? last : undefined;
  if (unsent && verbOf(entry) === 'restore' && verbOf(unsent) === 'delete') {
    return outbox.filter((each) => each !== unsent);
  }
  const creation = outbox.find((each) => ofEntity(each) && isCreate(each));
  if (entry.name === 'tasks.delete' && creation && !creation.sent && isWaiting(creation)) {
    const dependents = dependentsOf(creation, outbox);
    const isOwn = dependents.every(ofEntity);
    if (isOwn) return outbox.filter((each) => each !== creation && !dependents.includes(each));
  }
  if (unsent && canMerge(unsent, entry)) {
    // What was written between the two could be needed by the second, or be changed by it.
    const between = outbox.filter((each) => each.n > unsent.n);
    const needed = references(entry);
    const isFree = between.every(
      (each) => typeOf(each) === typeOf(entry) && !(isCreate(each) && needed.includes(each.id)),
    );
    if (isFree) {
      const edits = [...(unsent.edits ?? [unsent]), entry].map(({ key, body }) => ({ key, body }));
      const merged = { ...unsent, edits, body: { ...unsent.body, ...entry.body } };
      return outbox.map((each) => (each === unsent ? merged : each));
    }
  }
  return [...outbox, entry];
}

const isOf =
  (key: string) =>
  (entry: Entry): boolean =>
    entry.key === key || entry.edits?.some((edit) => edit.key === key) === true;

/** Whether the outbox has the write with this key, perhaps merged into an earlier one. */
export const hasKey = (outbox: readonly Entry[], key: string): boolean => outbox.some(isOf(key));

/** The outbox without an unsent write and what depends on it; undefined if it was sent, or has failed. */
export function withoutEntry(outbox: readonly Entry[], key: string): Entry[] | undefined {
  const entry = outbox.find(isOf(key));
  if (!entry || entry.sent || !isWaiting(entry)) return undefined;
  const edits = (entry.edits ?? []).filter((each) => each.key !== key);
  if (edits.length > 0 && !(isCreate(entry) && entry.key === key)) {
    const body = Object.assign({}, ...edits.map((each) => each.body));
    return outbox.map((each) => (each === entry ? { ...entry, edits, body } : each));
  }
  const removed = [entry, ...dependentsOf(entry, outbox)];
  return outbox.filter((each) => !removed.includes(each));
}

/** The outbox after an entry failed, with all that depends on it. */
export function withFailure(outbox: readonly Entry[], n: number, problem: EntryProblem): Entry[] {
  const entry = outbox.find((each) => each.n === n);
  if (!entry) return [...outbox];
  const dependents = dependentsOf(entry, outbox);
  return outbox.map((each) => {
    if (each === entry) return { ...each, problem };
    return dependents.includes(each) ? { ...each, problem: undefined, failedWith: n } : each;
  });
}

/**
 * A lane as repositories see it: the only way to users' rows. Every query that a repository builds through a `Lane` is
 * limited to the lane and runs in the lane's transaction. `lane-runner.ts` opens lanes.
 */
import type { Knex } from 'knex';
import type { IdempotentRequest, Refusal, StoredReply } from './idempotency';
import type { LanePosition } from './position';
import type { Amounts, ExceededQuota } from './quotas';
import type { ChangeAction, ChangeType, LaneTables, ProfileRow } from './rows';

export { violatedConstraint } from './errors';
export { type IdempotentRequest, type Refusal, replyHours, type StoredReply } from './idempotency';
export { lastPositionOfStatement } from './lane-table';
export { epochText, type LanePosition, parsePosition, positionText } from './position';
export {
  type CountedChange,
  countsOf,
  findExceeded,
  growthOf,
  QuotaExceeded,
  type QuotaName,
} from './quotas';
export { bytesOfRow } from './storage';
export type { Statement } from './transaction';

type Table = keyof LaneTables;

/** A query of rows. */
export type RowQuery<R extends object> = Knex.QueryBuilder<R, R[]>;

/** The values of a template. */
export type TemplateValues = Readonly<Record<string, unknown>>;

/** Which lane this is. */
export interface LaneKey {
  /** The id in the registry of lanes: a bigint, as text; `0` if the user has no lane. */
  readonly id: string;
  readonly userId: string;
}

/** A lane in a read. */
export interface Lane extends LaneKey {
  /** The maximum number of rows of each kind in the lane. */
  readonly quotas: Amounts;
  /** Starts a query of the lane's rows in a table. The caller filters, sorts, updates or deletes them. */
  rows<T extends Table>(table: T): RowQuery<LaneTables[T]>;
  /**
   * Runs a query whose text is made only once in the process, and which each connection prepares once. `build` makes it
   * with placeholders in the place of the values of `args`, so it must not look at them. `key`, with the names of `args`,
   * stands for the text: use few different ones. Postgres may plan the query without looking at the values.
   */
  template<R extends object, A extends TemplateValues>(
    key: string,
    args: A,
    build: (lane: this, args: A) => RowQuery<R>,
  ): Promise<R[]>;
  /** Makes an SQL expression for a query of the lane. The expression must not name a table. */
  expression(sql: string, bindings?: readonly Knex.Value[]): Knex.Raw;
  /**
   * Runs `part`, which must only read, with a timeout of `timeoutMs` milliseconds for each of its statements.
   * @returns undefined if a statement took longer; the transaction continues
   */
  bounded<T>(timeoutMs: number, part: () => Promise<T>): Promise<T | undefined>;
}

/** Who makes the changes of a write. */
export interface ChangeAuthor {
  /** A UUID that the service makes for each request, so that no two requests share it; null for jobs of the service. */
  readonly request: string | null;
  /** The client that sent the request for the user; null if the user sent it. */
  readonly clientId: string | null;
}

/** The author of the changes of jobs. */
export const serviceAuthor: ChangeAuthor = { request: null, clientId: null };

/** One entry in the history of a lane. */
export interface Change {
  readonly type: ChangeType;
  /** Null for the profile: each lane has only one. */
  readonly id: string | null;
  readonly action: ChangeAction;
  /**
   * The fields that changed, named as in the contract, each with its old and its new value. For an entity that no longer
   * exists, the new values are null (`lastValues`).
   */
  readonly fields: Readonly<Record<string, { from: unknown; to: unknown }>>;
}

/**
 * Stands for the time of the write as a value in `Change.fields`. The database replaces it. No text of a user can be equal,
 * because texts contain no NUL.
 */
export const timeOfWrite = '\u0000now';

// Lists and instants are objects; they are compared by their JSON text.
function isSame(one: unknown, other: unknown): boolean {
  return typeof one === 'object' ? JSON.stringify(one) === JSON.stringify(other) : one === other;
}

/** Compares a row with the wanted values; returns the fields that differ, in the form of `Change.fields`. */
export function differences<R extends object>(
  current: R,
  wanted: { [F in keyof R]?: R[F] | undefined },
): Change['fields'] {
  const changed = (Object.keys(wanted) as (keyof R)[]).filter(
    (field) => wanted[field] !== undefined && !isSame(wanted[field], current[field]),
  );
  return Object.fromEntries(changed.map((field) => [field, { from: current[field], to: wanted[field] }]));
}

/**
 * The fields of an entity that is removed, in the form of `Change.fields`, without those that are null. They are enough to
 * make it again.
 */
export function lastValues<R extends object>(row: R, fields: readonly (keyof R)[]): Change['fields'] {
  const set = fields.filter((field) => row[field] !== null);
  return Object.fromEntries(set.map((field) => [field, { from: row[field], to: null }]));
}

/** A row to insert. Columns that are left out take their defaults. */
export type RowToWrite<T extends Table> = {
  [C in Exclude<keyof LaneTables[T], 'lane_id'>]?: LaneTables[T][C] | Knex.Raw;
};

/** The result of `WritableLane.attempt`: the value of the part, or the error that it threw. */
export type Attempt<T> = { readonly value: T } | { readonly error: unknown };

/** The value of an attempt. @throws its error */
export function resultOf<T>(attempt: Attempt<T>): T {
  if ('error' in attempt) throw attempt.error;
  return attempt.value;
}

/**
 * The SQL expression for the time of the write, which is the time when the write locked the lane. It is the time of the
 * database's clock, which all instances share. A statement stores it in a setting directly after the lock.
 */
export const writeTime = `current_setting('app.now')::timestamptz(3)`;

/** A lane in a write. */
export interface WritableLane extends Lane {
  /** The time of the write (`writeTime`), for queries. */
  readonly now: Knex.Raw;
  /** Inserts one row into the lane, or several rows that all have the same columns. */
  insert<T extends Table>(
    table: T,
    row: RowToWrite<T> | readonly RowToWrite<T>[],
  ): Knex.QueryBuilder<LaneTables[T], LaneTables[T][]>;
  /** Inserts one row whose values can be expressions with columns of the lane's profile, such as `profiles.week_start`. */
  insertFromProfile<T extends Table>(
    table: T,
    row: RowToWrite<T>,
  ): Knex.QueryBuilder<LaneTables[T], LaneTables[T][]>;
  /** Adds a change to the pending effects. It gets the lane's next sequence number when the write commits. */
  changed(change: Change): void;
  /** Adds bytes to the lane's storage that no inserted row and no change includes. */
  stored(bytes: number): void;
  /**
   * Runs a part of the write inside a savepoint. If the part throws, or `shouldKeep` is false for its value, its writes
   * and changes are undone and the write continues.
   * @throws if the database is not available or cancelled the statement: the write cannot continue
   */
  attempt<T>(part: () => Promise<T>, shouldKeep: (value: T) => boolean): Promise<Attempt<T>>;
  /**
   * Runs the last statements of a write, like `attempt`. In a write that was opened with `finishes`, the changes and the
   * commit travel in the same flight, so that the write can send nothing afterwards. `part` must send its statements,
   * and call `changed`, before it awaits a result.
   */
  finish<T>(part: () => Promise<T>): Promise<Attempt<T>>;
  /** Returns the quota that the write exceeds so far. If it still does at the commit, it rejects with `QuotaExceeded`. */
  exceeded(): Promise<ExceededQuota | undefined>;
  /** Erases the lane when the write commits. Tokens that were issued before then no longer open the lane. */
  erase(): void;
}

/** The token is older than the erasure of its lane, or its account does not exist. Reads and writes reject with this. */
export class StaleToken extends Error {
  constructor(
    /** For the log. */
    readonly reason: 'lane-erased' | 'account-unknown',
  ) {
    super(reason);
  }
}

/** The user has cut off the client of the token. Reads and writes reject with this. */
export class ClientCutOff extends Error {}

/** How a write is sent. */
export interface WriteOptions {
  /** `work` calls `finish` at most once, as its last step. */
  readonly finishes?: boolean;
  /**
   * `work` sends no statement outside of `finish`. Then the whole write is one flight, and writes of a lane that wait at
   * the same time share a commit. If one of them fails, each runs again alone.
   */
  readonly atOnce?: boolean;
}

/** How a read is sent. */
export interface ReadOptions {
  /**
   * Whether a read replica may answer. It shows all that was written before, but asking how far it is costs a statement on
   * the primary, so this is for reads of many rows.
   */
  readonly replica?: boolean;
}

/** The reads and writes of a user's requests. */
export interface UserScope {
  readonly userId: string;
  /** Runs a read on one snapshot of the lane. `work` may run again, for example if a replica fails. */
  read<T>(work: (lane: Lane) => Promise<T>, options?: ReadOptions): Promise<T>;
  /**
   * Runs a read like `read` in one flight, with its begin and its commit: `work` must send all its statements before it
   * awaits a result. A later statement is refused.
   */
  readAtOnce<T>(work: (lane: Lane) => Promise<T>, options?: ReadOptions): Promise<T>;
  /**
   * Runs a write as one transaction. The first statement locks the lane's profile until the commit, so that writes of one
   * lane run one after another. `work` may run again, for example after a deadlock: it must have no effect outside of the
   * database. See `WriteOptions` for writes with fewer round trips.
   */
  write<T>(work: (lane: WritableLane) => Promise<T>, options?: WriteOptions): Promise<T>;
}

/** A lane in which a job found something to do. */
export interface LaneForJob {
  /** Runs a read like `UserScope.read`. The lane may not exist any more. */
  read<T>(work: (lane: Lane) => Promise<T>): Promise<T>;
  /**
   * Runs a write like `UserScope.write`, but never creates the lane and checks no token. `work` must look up again what
   * there is to do, because another instance may have done it.
   * @returns undefined if the lane does not exist; what `work` did is undone
   */
  write<T>(work: (lane: WritableLane) => Promise<T>): Promise<T | undefined>;
}

/** Work that is committed completely or not at all. */
export interface AtomicWork<T> {
  /** If given, the work is done only once for this request. */
  readonly idempotentRequest?: IdempotentRequest | undefined;
  /** Called instead of `work` if an earlier request has the same key. `runAtomically` then returns this value. */
  refused(refusal: Refusal): T;
  /** Does the work, with all its reads and writes in `scope`. It may run again, like a write. */
  work(scope: UserScope): Promise<T>;
  /** Whether to commit the work that led to this value; if not, it is rolled back. */
  shouldCommit(value: T): boolean;
  /** The reply to store in the idempotency record, for a value that is committed at `position`. */
  reply(value: T, position: LanePosition): StoredReply;
}

/** A lane that the platform has opened for a user. */
export interface UserLane extends UserScope {
  /** Runs work as one write. For an idempotent request, the reply is stored in the same transaction. */
  runAtomically<T>(work: AtomicWork<T>): Promise<T>;
  /**
   * The position of the lane right after the last write. If nothing was written, it is read, which takes a round trip.
   */
  position(): Promise<LanePosition>;
}

/** The settings of a lane that are read when a write locks it. */
export type LockedProfile = Pick<ProfileRow, 'delivers' | 'require_if_match' | 'epoch' | 'change_seq'>;

/** A client that uses a lane for its user. */
export interface UsingClient {
  /** The id in its tokens. */
  readonly id: string;
  readonly scopes: readonly string[];
  /** What it calls itself, at most 200 characters; null if it does not tell. */
  readonly name: string | null;
}

/** How a lane is opened. */
export interface LaneOpening {
  /** The client of the token, if it names one. It is refused if the user has cut it off. */
  readonly client?: UsingClient | undefined;
  /**
   * The earliest time at which the caller's token can have been issued, by the database's clock, in seconds since 1970.
   * Null if the token does not say.
   */
  readonly issuedAt?: number | null;
  /** Who makes the changes of its writes; the service if it is left out. */
  readonly author?: ChangeAuthor | undefined;
  /** Called when a write has locked the lane, before it can commit. It throws to refuse the write. */
  readonly precondition?: ((profile: LockedProfile) => void) | undefined;
}

/** Opens a user's lane. */
export type WithUser = (userId: string, opening?: LaneOpening) => UserLane;

/**
 * A user's lane: the only way to users' rows. A repository gets a `Lane`, and every query that it can build there is
 * bound to the lane's user and to the lane's transaction.
 */
import { hash } from 'node:crypto';
import type { Knex } from 'knex';
import type { QueryResult, QueryResultRow } from 'pg';
import { isUnknownAccount } from './accounts';
import { bind, holdBounds } from './bound';
import { chunksOf, rowsInStatement } from './chunks';
import { isTransient, isUnavailable, sqlState } from './errors';
import {
  type IdempotentRequest,
  lookUpStatements,
  type Refusal,
  readRefusal,
  type StoredReply,
  storeStatement,
} from './idempotency';
import { type Pool, StaleConnection } from './pool';
import {
  type Amounts,
  countsOf,
  type ExceededQuota,
  findExceeded,
  growthOf,
  noQuotas,
  QuotaExceeded,
} from './quotas';
import { type ChangeAction, type ChangeType, type LaneTables, schema } from './rows';
import { jobsOwner, type Owner, ownerOf } from './shares';
import { type Connection, type Statement, sendAll, setTransactionTimeout, transact } from './transaction';

export { type IdempotentRequest, type Refusal, type StoredReply, storedHours } from './idempotency';
export { countsOf, findExceeded, QuotaExceeded, type QuotaName } from './quotas';

type Table = keyof LaneTables;

/** A query of rows. */
export type RowQuery<R extends object> = Knex.QueryBuilder<R, R[]>;

/** A lane as a reader sees it. */
export interface Lane {
  readonly userId: string;
  /** How many rows of each kind the lane may hold. */
  readonly quotas: Amounts;
  /** The lane's rows of a table: a query to narrow, order, update or delete. */
  rows<T extends Table>(table: T): RowQuery<LaneTables[T]>;
  /**
   * Runs one of the lane's queries as a statement that is prepared once a connection. That is for queries of few texts:
   * values may differ, but not how many there are. It is planned without looking at the values, sooner or later.
   */
  prepared<R extends object>(query: RowQuery<R>): Promise<R[]>;
  /** An expression for one of the lane's queries; it names no table. */
  expression(sql: string, bindings?: readonly Knex.Value[]): Knex.Raw;
  /**
   * Runs a part that only reads, each statement of which Postgres gives up after `timeoutMs`; undefined where it did, and
   * the transaction goes on.
   */
  bounded<T>(timeoutMs: number, part: () => Promise<T>): Promise<T | undefined>;
}

/** One entry of the lane's history. */
export interface Change {
  readonly type: ChangeType;
  /** Null for the profile, of which a lane has one. */
  readonly id: string | null;
  readonly action: ChangeAction;
  /** The fields that changed, as the contract spells them, each with what it was and what it is. */
  readonly fields: Readonly<Record<string, { from: unknown; to: unknown }>>;
}

// Lists and instants are the same where they say the same.
function isSame(one: unknown, other: unknown): boolean {
  return typeof one === 'object' ? JSON.stringify(one) === JSON.stringify(other) : one === other;
}

/** The fields that `wanted` changes: a change's `fields`. */
export function differences<R extends object>(
  current: R,
  wanted: { [F in keyof R]?: R[F] | undefined },
): Change['fields'] {
  const changed = (Object.keys(wanted) as (keyof R)[]).filter(
    (field) => wanted[field] !== undefined && !isSame(wanted[field], current[field]),
  );
  return Object.fromEntries(changed.map((field) => [field, { from: current[field], to: wanted[field] }]));
}

/** A row to write: columns that are left out take their defaults. */
export type RowToWrite<T extends Table> = {
  [C in Exclude<keyof LaneTables[T], 'user_id'>]?: LaneTables[T][C] | Knex.Raw | Knex.QueryBuilder;
};

/** What came of a part of a write: its value, or the fault that it met. */
export type Attempt<T> = { readonly value: T } | { readonly error: unknown };

/** A lane inside a write. */
export interface WritableLane extends Lane {
  /** When the write got hold of the lane, by the database's clock, the one clock that all instances share. */
  readonly now: Knex.Raw;
  /** Inserts a row into the lane, or several, all with the same columns. */
  insert<T extends Table>(
    table: T,
    row: RowToWrite<T> | readonly RowToWrite<T>[],
  ): Knex.QueryBuilder<LaneTables[T], LaneTables[T][]>;
  /** Leaves a change; it gets the lane's next sequence number when the write commits. */
  changed(change: Change): void;
  /**
   * Runs a part of the write. Where it meets a fault, or `isKept` is false for its value, all that it wrote and left is
   * undone, and the write goes on. Rejects where the write can't: the database is out of reach, or has given it up.
   */
  attempt<T>(part: () => Promise<T>, isKept: (value: T) => boolean): Promise<Attempt<T>>;
  /** The quota that this write exceeds so far. One that does when it commits rejects with `QuotaExceeded` instead. */
  exceeded(): Promise<ExceededQuota | undefined>;
  /** Erases the lane when the write commits, and leaves word of it: no token that there is by then opens it again. */
  erase(): void;
}

/** A token that has outlived its lane or its account. Reads and writes reject with it. */
export class StaleToken extends Error {
  constructor(
    /** For the log. */
    readonly reason: 'lane-erased' | 'account-unknown',
  ) {
    super(reason);
  }
}

/** The lane's user wants no change without an `If-Match`. Writes without one reject with it, and change nothing. */
export class PreconditionRequired extends Error {}

/** What a user's requests can do with the database. */
export interface UserScope {
  /** Runs a read on one snapshot of the lane. */
  read<T>(work: (lane: Lane) => Promise<T>): Promise<T>;
  /**
   * Runs a write, all or nothing. Writes of one lane run one after another: the first statement locks the lane's
   * counter, to commit. `work` may be run again after a deadlock, so it must have no effect of its own.
   */
  write<T>(work: (lane: WritableLane) => Promise<T>): Promise<T>;
}

/** A lane that a job found something to do in. */
export interface LaneForJob {
  /** Runs a read as `UserScope.read` does, of a lane that may be gone. */
  read<T>(work: (lane: Lane) => Promise<T>): Promise<T>;
  /**
   * Runs a write as `UserScope.write` does, but makes no lane and asks for no token: a lane that is gone stays so. What
   * there is to do must be looked up again in here, for another instance may have done it.
   * @returns undefined if the lane is gone; what `work` did is then undone.
   */
  write<T>(work: (lane: WritableLane) => Promise<T>): Promise<T | undefined>;
}

/** A piece of work that is done as a whole, or not at all. */
export interface AtomicWork<T> {
  /** For work that must not be done twice. */
  readonly idempotentRequest?: IdempotentRequest | undefined;
  /** What the work comes to where its claim is refused. */
  refused(refusal: Refusal): T;
  /** The work, all of whose reads and writes go through the scope that it gets. It may be run again, as a write may. */
  work(scope: UserScope): Promise<T>;
  /** Whether what led to this value is to stay; else nothing of it is left behind. */
  shouldCommit(value: T): boolean;
  /** What to keep under the claim of a value that stays. */
  reply(value: T): StoredReply;
}

/** A lane as the platform opens it. */
export interface UserLane extends UserScope {
  /** Carries out work in one write, all or nothing; under a claim once, its reply being kept with what it changes. */
  runAtomically<T>(work: AtomicWork<T>): Promise<T>;
}

export interface LaneOptions {
  /** The role that lanes run as: row-level security holds it, whatever the login role is. */
  readonly appRole: string;
  /** Milliseconds after which Postgres gives a statement up. */
  readonly statementTimeoutMs: number;
  /** How many rows of each kind a lane may hold; without, any number. */
  readonly quotas?: Amounts | undefined;
  /** Called after the commit of a write that left changes or erased its lane. */
  readonly onChanged?: ((userId: string) => void) | undefined;
}

// Runs as the login role, for it is what makes the transaction the app role's. Whether the lane was erased since the
// token was issued rides along: one look into an index.
const openScope = `
  select set_config('role', $1, true), set_config('app.user_id', $2, true), set_config('statement_timeout', $3, true),
    ${setTransactionTimeout('$5')},
    exists (
      select from ${schema}.erased
      where user_hash = sha256(convert_to($2, 'UTF8')) and ($4::float8 is null or extract(epoch from at) >= $4)
    ) as stale`;

// The counter's row is made by the first write. `for update` and the unique index leave one writer at a time; of two
// first writes at once, the second finds neither row and is run again. The time is taken once the lock is held: by that
// of BEGIN, a write that waited would seem older than the one that it waited for.
const counters = 'task_count, project_count, tag_count, webhook_count';
const lockCounter = `
  with held as (
    select delivers, require_if_match, ${counters} from ${schema}.profiles where user_id = $1 for update
  ), made as (
    insert into ${schema}.profiles (user_id)
    select $1 where not exists (select from held)
    on conflict (user_id) do nothing
    returning delivers, require_if_match, ${counters}
  )
  select made, delivers, require_if_match, ${counters}, set_config('app.now', clock_timestamp()::text, true)
  from (select false as made, * from held union all select true, * from made) as lane`;

// The same for a lane that must be there.
const lockLane = `
  with held as (
    select delivers from ${schema}.profiles where user_id = $1 for update
  )
  select delivers, set_config('app.now', clock_timestamp()::text, true) from held`;

// What the lock left for the rest of its transaction.
const lockedAt = `current_setting('app.now')::timestamptz(3)`;

const eraseLane = `
  with gone as (
    delete from ${schema}.profiles where user_id = $1
  )
  insert into ${schema}.erased (user_hash, at) values (sha256(convert_to($1, 'UTF8')), clock_timestamp())
  on conflict (user_hash) do update set at = excluded.at`;

// Numbers the changes in order and moves the counter once, whatever their count.
const recordChanges = `
  with counter as (
    update ${schema}.profiles set change_seq = change_seq + cardinality($2::text[]),
      task_count = greatest(0, task_count + $6), project_count = greatest(0, project_count + $7),
      tag_count = greatest(0, tag_count + $8), webhook_count = greatest(0, webhook_count + $9)
    where user_id = $1
    returning change_seq - cardinality($2::text[]) as before
  )
  insert into ${schema}.changes (user_id, seq, type, entity_id, action, fields, at)
  select $1, counter.before + change.n, change.type, change.entity_id, change.action, change.fields::jsonb, ${lockedAt}
  from counter,
    unnest($2::text[], $3::uuid[], $4::text[], $5::text[])
      with ordinality as change(type, entity_id, action, fields, n)`;

// Sends the changes that were just recorded to the webhooks that want them. A webhook's own changes go to others alone,
// and to those that ask for them.
const queueDeliveries = `
  with fresh as (
    insert into ${schema}.webhook_deliveries
      (user_id, id, webhook_id, event, seq, entity_id, fields, happened_at, due_at, created_at)
    select change.user_id, gen_random_uuid(), webhook.id, event.name, change.seq, change.entity_id, change.fields,
      change.at, ${lockedAt}, ${lockedAt}
    from ${schema}.changes as change
      cross join lateral (select change.type || '.' || change.action as name, change.type || '.*' as kind) as event
      join ${schema}.webhooks as webhook on webhook.user_id = change.user_id and webhook.disabled_at is null
        and case when change.type = 'webhook' then
          webhook.id <> change.entity_id and (event.name = any (webhook.events) or event.kind = any (webhook.events))
        else
          webhook.events = '{}' or event.name = any (webhook.events) or event.kind = any (webhook.events)
        end
    where change.user_id = $1
      and change.seq > (select change_seq from ${schema}.profiles where user_id = $1) - $2::bigint
    returning webhook_id
  )
  update ${schema}.webhooks set due_at = greatest(${lockedAt}, paused_until)
  where user_id = $1 and id in (select webhook_id from fresh) and verified_at is not null
    and (due_at is null or due_at > greatest(${lockedAt}, paused_until))`;

const laneNotHeld = new Error('The lane was made by another writer at the same moment.');
const laneGone = new Error('The lane is gone.');
const maxAttempts = 5;

/** Runs a transaction again that only met others at the wrong moment. */
async function retry<T>(attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      const isPassing = error === laneNotHeld || error instanceof StaleConnection || isTransient(error);
      if (count === maxAttempts || !isPassing) throw error;
    }
  }
}

// Each connection keeps what it has prepared, some 50 KB a statement.
const namedTexts = 200;

/** Makes a function that gives the same name for the same text, to the first texts that it meets. */
function createNames(): (text: string) => string | undefined {
  const names = new Map<string, string>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined || names.size === namedTexts) return known;
    const name = `lane-${hash('sha256', text, 'base64url')}`;
    names.set(text, name);
    return name;
  };
}

/** The database's side of all lanes. */
interface Platform {
  readonly knex: Knex;
  readonly quotas: Amounts;
  /** What a statement with this text is prepared as; undefined where it is not. */
  nameOf(text: string): string | undefined;
}

const ignore = () => undefined;

/** `Lane.bounded` on a connection. */
async function bounded<T>(
  connection: Connection,
  timeoutMs: number,
  part: () => Promise<T>,
): Promise<T | undefined> {
  // Not waited for: what follows on the connection comes after them, and fails with them.
  connection.query('savepoint bounded').catch(ignore);
  connection.query(`set local statement_timeout = ${timeoutMs}`).catch(ignore);
  // A rollback takes the timeout back too, and undoes nothing else of what only reads.
  const end = () => connection.query('rollback to savepoint bounded; release savepoint bounded');
  try {
    const value = await part();
    await end();
    return value;
  } catch (error) {
    if (sqlState(error) !== '57014') throw error;
    await end();
    return undefined;
  }
}

function laneOn({ knex, quotas, nameOf }: Platform, connection: Connection, userId: string): Lane {
  return {
    userId,
    quotas,
    async prepared(query) {
      const { sql: text, bindings: values } = query.toSQL().toNative();
      const name = nameOf(text);
      const { rows } = await connection.query({ ...(name && { name }), text, values: [...values] });
      return rows as never;
    },
    rows: (table) =>
      bind(knex(`${schema}.${table} as ${table}`).connection(connection), { table, userId }) as never,
    expression: (sql, bindings = []) => knex.raw(sql, [...bindings]),
    bounded: (timeoutMs, part) => bounded(connection, timeoutMs, part),
  };
}

/** What a write leaves to be done with its commit. */
interface PendingEffects {
  readonly changes: Change[];
  erased: boolean;
  /** Whether changes are sent to webhooks. */
  delivers: boolean;
}

const noEffects = (): PendingEffects => ({ changes: [], erased: false, delivers: false });

/** `WritableLane.attempt` on a connection. */
async function attempt<T>(
  connection: Connection,
  { changes }: PendingEffects,
  part: () => Promise<T>,
  isKept: (value: T) => boolean,
): Promise<Attempt<T>> {
  const left = changes.length;
  const undo = async () => {
    await connection.query('rollback to savepoint attempt');
    changes.length = left;
  };
  // It need not be waited for: what follows on the connection comes after it, and fails with it.
  connection.query('savepoint attempt').catch(ignore);
  try {
    const value = await part();
    if (isKept(value)) connection.query('release savepoint attempt').catch(ignore);
    else await undo();
    return { value };
  } catch (error) {
    if (isUnavailable(error)) throw error;
    await undo();
    return { error };
  }
}

function writableLaneOn(
  platform: Platform,
  connection: Connection,
  userId: string,
  leavings: PendingEffects,
  counts: Promise<Amounts>,
): WritableLane {
  const { knex, quotas } = platform;
  return {
    ...laneOn(platform, connection, userId),
    now: knex.raw(lockedAt),
    insert: (table, row) => {
      const rows = (Array.isArray(row) ? row : [row]) as object[];
      return knex(`${schema}.${table}`)
        .connection(connection)
        .insert(rows.map((each) => ({ ...each, user_id: userId }))) as never;
    },
    changed: (change) => leavings.changes.push(change),
    attempt: (part, isKept) => attempt(connection, leavings, part, isKept),
    exceeded: async () => findExceeded(await counts, growthOf(leavings.changes), quotas),
    erase: () => {
      leavings.erased = true;
    },
  };
}

/** How a lane is opened. */
export interface LaneOpening {
  /**
   * When the caller's token was issued at the earliest, by the database's clock, in seconds since the epoch; null if it
   * doesn't say.
   */
  readonly issuedAt?: number | null;
  /** Whether writes are those of a request that could have an `If-Match`, and has none. */
  readonly unconditional?: boolean;
}

/** Opens a user's lane. */
export type WithUser = (userId: string, opening?: LaneOpening) => UserLane;

/** Who opens a lane, and how. */
interface Caller extends Required<LaneOpening> {
  readonly userId: string;
}

function refuseStale(result: QueryResult<QueryResultRow> | undefined): void {
  if (result?.rows[0]?.stale !== false) throw new StaleToken('lane-erased');
}

/** A scope inside of a write: what it reads and writes is part of it. */
function scopeIn(lane: WritableLane): UserScope {
  return { read: (work) => work(lane), write: (work) => work(lane) };
}

const noCounts = Promise.resolve(countsOf(undefined));

const begin: Statement = { text: 'begin' };

/** Makes the lanes of a database; `withUser` opens one. */
export function createLanes(
  pool: Pool,
  options: LaneOptions,
): { withUser: WithUser; laneForJob: (userId: string) => LaneForJob } {
  holdBounds(pool.knex);
  const quotas = options.quotas ?? noQuotas;
  const nameOf = createNames();
  const platform: Platform = {
    knex: pool.knex,
    quotas,
    nameOf: (text) => (pool.namesStatements() ? nameOf(text) : undefined),
  };
  const prepared = ({ name, ...statement }: Statement): Statement =>
    pool.namesStatements() && name !== undefined ? { name, ...statement } : statement;
  const named = (name: string, text: string, values: unknown[]): Statement =>
    prepared({ name, text, values });

  const scopeTo = ({ userId, issuedAt }: Pick<Caller, 'userId' | 'issuedAt'>): Statement =>
    named('lane-scope', openScope, [
      options.appRole,
      userId,
      String(options.statementTimeoutMs),
      issuedAt,
      String(pool.transactionTimeoutMs),
    ]);

  function leave(userId: string, { changes, erased, delivers }: PendingEffects): Statement[] {
    // One statement for all of the lane, which cannot go in parts: it has as long as its transaction.
    const longest = pool.transactionTimeoutMs;
    if (erased) {
      return [
        { text: `set local statement_timeout = ${longest}` },
        { text: eraseLane, values: [userId], query_timeout: longest },
      ];
    }
    return chunksOf(changes, rowsInStatement).flatMap((chunk) => {
      const { tasks, projects, tags, webhooks } = growthOf(chunk);
      const record = named('lane-record', recordChanges, [
        userId,
        chunk.map((change) => change.type),
        chunk.map((change) => change.id),
        chunk.map((change) => change.action),
        chunk.map((change) => JSON.stringify(change.fields)),
        tasks,
        projects,
        tags,
        webhooks,
      ]);
      return delivers ? [record, named('lane-deliver', queueDeliveries, [userId, chunk.length])] : [record];
    });
  }

  function tellOf(userId: string, { changes, erased }: PendingEffects): void {
    if (erased || changes.length > 0) options.onChanged?.(userId);
  }

  function read<T>(
    caller: Pick<Caller, 'userId' | 'issuedAt'>,
    owner: Owner,
    check: (scope: QueryResult<QueryResultRow> | undefined) => void,
    work: (lane: Lane) => Promise<T>,
  ): Promise<T> {
    return retry(() =>
      transact(pool, owner, {
        readOnly: true,
        opening: [{ text: 'begin isolation level repeatable read read only' }, scopeTo(caller)],
        check: ([, scope]) => check(scope),
        work: (connection) => work(laneOn(platform, connection, caller.userId)),
      }),
    );
  }

  /** Sees to it that the lane is the caller's to change, by what opening it gave. */
  async function checkLock(
    caller: Caller,
    locked: QueryResult<QueryResultRow> | undefined,
    connection: Connection | null,
  ): Promise<void> {
    if (locked?.rowCount !== 1) throw laneNotHeld;
    // The lane may be new because the lock waited for one who erased it, whom only a later statement sees.
    if (locked.rows[0]?.made && connection) refuseStale(await connection.query(scopeTo(caller)));
    if (caller.unconditional && locked.rows[0]?.require_if_match) throw new PreconditionRequired();
  }

  /** Whether the work under a claim is not to be done; asked before the lane is locked, so that nobody waits for it. */
  async function refuse(
    caller: Caller,
    claimed: IdempotentRequest,
    connection: Connection,
  ): Promise<Refusal | undefined> {
    const statements = lookUpStatements(caller.userId, claimed).map(prepared);
    const [, scope, ...claims] = await sendAll(connection, [begin, scopeTo(caller), ...statements]);
    refuseStale(scope);
    return readRefusal(claimed, claims);
  }

  async function writeOnce<T>(
    caller: Caller,
    work: (lane: WritableLane) => Promise<T>,
    terms?: AtomicWork<T>,
  ): Promise<T> {
    const { userId } = caller;
    const leavings = noEffects();
    const lock = named('lane-lock', lockCounter, [userId]);
    const claim = terms?.idempotentRequest;
    let stays = true;
    let counts = countsOf(undefined);
    const value = await transact(pool, ownerOf(userId), {
      readOnly: false,
      ...(claim && {
        async before(connection: Connection) {
          const refusal = await refuse(caller, claim, connection);
          return refusal && { value: terms.refused(refusal) };
        },
      }),
      opening: claim ? [lock] : [begin, scopeTo(caller), lock],
      async check(results, connection) {
        if (!claim) refuseStale(results[1]);
        const locked = results.at(-1);
        await checkLock(caller, locked, connection);
        leavings.delivers = locked?.rows[0]?.delivers === true;
        counts = countsOf(locked?.rows[0]);
      },
      work: (connection, opened) => {
        const counted = opened.then((results) => countsOf(results.at(-1)?.rows[0]));
        // Not every work asks for it.
        counted.catch(ignore);
        return work(writableLaneOn(platform, connection, userId, leavings, counted));
      },
      closing(value) {
        stays = terms?.shouldCommit(value) ?? true;
        if (!stays) return null;
        const exceeded = findExceeded(counts, growthOf(leavings.changes), quotas);
        if (exceeded) throw new QuotaExceeded(exceeded);
        const left = leave(userId, leavings);
        // An erased lane keeps nothing.
        if (!claim || leavings.erased) return left;
        return [...left, prepared(storeStatement(userId, claim, terms.reply(value)))];
      },
    });
    if (stays) tellOf(userId, leavings);
    return value;
  }

  async function retryAsCaller<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await retry(attempt);
    } catch (error) {
      if (isUnknownAccount(error)) throw new StaleToken('account-unknown');
      throw error;
    }
  }

  async function writeForJobOnce<T>(userId: string, work: (lane: WritableLane) => Promise<T>): Promise<T> {
    const leavings = noEffects();
    const value = await transact(pool, jobsOwner, {
      readOnly: false,
      opening: [begin, scopeTo({ userId, issuedAt: null }), named('lane-lock-job', lockLane, [userId])],
      check([, , locked]) {
        if (locked?.rowCount !== 1) throw laneGone;
        leavings.delivers = locked.rows[0]?.delivers === true;
      },
      // What jobs do is not the user's to be refused.
      work: (connection) => work(writableLaneOn(platform, connection, userId, leavings, noCounts)),
      closing: () => leave(userId, leavings),
    });
    tellOf(userId, leavings);
    return value;
  }

  async function writeForJob<T>(
    userId: string,
    work: (lane: WritableLane) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await retry(() => writeForJobOnce(userId, work));
    } catch (error) {
      if (error === laneGone) return undefined;
      throw error;
    }
  }

  function open(caller: Caller): UserLane {
    return {
      read: (work) => read(caller, ownerOf(caller.userId), refuseStale, work),
      write: (work) => retryAsCaller(() => writeOnce(caller, work)),
      runAtomically: (terms) =>
        retryAsCaller(() => writeOnce(caller, (lane) => terms.work(scopeIn(lane)), terms)),
    };
  }

  return {
    withUser: (userId, { issuedAt = null, unconditional = false } = {}) =>
      open({ userId, issuedAt, unconditional }),
    laneForJob: (userId) => ({
      read: (work) => read({ userId, issuedAt: null }, jobsOwner, ignore, work),
      write: (work) => writeForJob(userId, work),
    }),
  };
}

/** Opens lanes: runs their reads and writes as transactions, and records the changes of writes. */
import { hash } from 'node:crypto';
import type { Knex } from 'knex';
import type { QueryResult, QueryResultRow } from 'pg';
import { isUnknownAccount } from './accounts';
import { enforceLaneLimits, limitToLane } from './bound';
import { chunksOf, rowsInStatement } from './chunks';
import { isTransient, isUnavailable, sqlState } from './errors';
import {
  bytesOfReply,
  type IdempotentRequest,
  lookUpStatements,
  type Refusal,
  readRefusal,
  storeStatement,
} from './idempotency';
import {
  type AtomicWork,
  type Attempt,
  type Lane,
  type LaneForJob,
  type LaneOpening,
  type LockedProfile,
  StaleToken,
  type UserLane,
  type UserScope,
  type WithUser,
  type WritableLane,
  writeTime,
} from './lane';
import { eraseLane, lockLane, lockOrCreateLane, openScope, recordChanges, storeBytes } from './lane-sql';
import { type Pool, StaleConnection } from './pool';
import { type Amounts, countsOf, findExceeded, growthOf, noQuotas, QuotaExceeded } from './quotas';
import { schema } from './rows';
import { jobsOwner, type Owner, ownerOf } from './shares';
import { bytesOfRow, type PendingChange, toPendingChange } from './storage';
import { type Connection, type Statement, sendAll, transact } from './transaction';

export interface LaneOptions {
  /** The role of lanes' transactions. Row-level security applies to it, whatever the login role is. */
  readonly appRole: string;
  /** Postgres cancels a statement after this many milliseconds. */
  readonly statementTimeoutMs: number;
  /** The most rows of each kind that a lane may hold; any number if left out. */
  readonly quotas?: Amounts | undefined;
  /** Makes statements that a write sends, in its transaction, directly after it recorded `count` changes. */
  readonly onRecorded?:
    | ((userId: string, profile: Pick<LockedProfile, 'delivers'>, count: number) => readonly Statement[])
    | undefined;
  /** Called after the commit of a write that recorded changes or erased its lane. */
  readonly onChanged?: ((userId: string) => void) | undefined;
}

const laneNotHeld = new Error('The lane was made by another writer at the same moment.');
const laneGone = new Error('The lane is gone.');
const maxAttempts = 5;

/** Runs a transaction again, up to 5 times in all, while it fails with an error that a repetition can avoid. */
async function retry<T>(run: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await run();
    } catch (error) {
      const canRetry = error === laneNotHeld || error instanceof StaleConnection || isTransient(error);
      if (count === maxAttempts || !canRetry) throw error;
    }
  }
}

// Each connection keeps its prepared statements, about 50 KB for each.
const maxNamedTexts = 200;

/** Makes a function that gives each text a fixed name; undefined for texts after the first 200. */
function createNames(): (text: string) => string | undefined {
  const names = new Map<string, string>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined || names.size === maxNamedTexts) return known;
    const name = `lane-${hash('sha256', text, 'base64url')}`;
    names.set(text, name);
    return name;
  };
}

/** What all lanes of a database share. */
interface Shared {
  readonly knex: Knex;
  readonly quotas: Amounts;
  /** The name under which a statement with this text is prepared; undefined if it is not prepared. */
  nameOf(text: string): string | undefined;
}

const ignore = () => undefined;

/** `Lane.bounded` on a connection. */
async function bounded<T>(
  connection: Connection,
  timeoutMs: number,
  part: () => Promise<T>,
): Promise<T | undefined> {
  // Not awaited: if these fail, the statements after them fail too.
  connection.query('savepoint bounded').catch(ignore);
  connection.query(`set local statement_timeout = ${timeoutMs}`).catch(ignore);
  // The rollback also restores the timeout. A part that only reads has nothing else to undo.
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

function laneOn({ knex, quotas, nameOf }: Shared, connection: Connection, userId: string): Lane {
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
      limitToLane(knex(`${schema}.${table} as ${table}`).connection(connection), { table, userId }) as never,
    expression: (sql, bindings = []) => knex.raw(sql, [...bindings]),
    bounded: (timeoutMs, part) => bounded(connection, timeoutMs, part),
  };
}

/** What a write stores when it commits, beside its rows. */
interface PendingEffects {
  readonly changes: PendingChange[];
  /** The bytes of the rows that it inserted. */
  rowBytes: number;
  erased: boolean;
  /** As it was when the write locked the lane. */
  profile: Pick<LockedProfile, 'delivers'>;
}

const noEffects = (): PendingEffects => ({
  changes: [],
  rowBytes: 0,
  erased: false,
  profile: { delivers: false },
});

/** `WritableLane.attempt` on a connection. */
async function attempt<T>(
  connection: Connection,
  effects: PendingEffects,
  part: () => Promise<T>,
  shouldKeep: (value: T) => boolean,
): Promise<Attempt<T>> {
  const { changes, rowBytes } = effects;
  const changesBefore = changes.length;
  const undo = async () => {
    await connection.query('rollback to savepoint attempt');
    changes.length = changesBefore;
    effects.rowBytes = rowBytes;
  };
  // Not awaited: if it fails, the statements after it fail too.
  connection.query('savepoint attempt').catch(ignore);
  try {
    const value = await part();
    if (shouldKeep(value)) connection.query('release savepoint attempt').catch(ignore);
    else await undo();
    return { value };
  } catch (error) {
    if (isUnavailable(error)) throw error;
    await undo();
    return { error };
  }
}

function writableLaneOn(
  shared: Shared,
  connection: Connection,
  userId: string,
  effects: PendingEffects,
  counts: Promise<Amounts>,
): WritableLane {
  const { knex, quotas } = shared;
  return {
    ...laneOn(shared, connection, userId),
    now: knex.raw(writeTime),
    insert: (table, row) => {
      const rows = (Array.isArray(row) ? row : [row]) as object[];
      for (const each of rows) effects.rowBytes += bytesOfRow(userId, each);
      return knex(`${schema}.${table}`)
        .connection(connection)
        .insert(rows.map((each) => ({ ...each, user_id: userId }))) as never;
    },
    changed: (change) => effects.changes.push(toPendingChange(userId, change)),
    stored: (bytes) => {
      effects.rowBytes += bytes;
    },
    attempt: (part, shouldKeep) => attempt(connection, effects, part, shouldKeep),
    exceeded: async () => findExceeded(await counts, growthOf(effects.changes, effects.rowBytes), quotas),
    erase: () => {
      effects.erased = true;
    },
  };
}

/** Who opens a lane, and how. */
interface Caller extends LaneOpening {
  readonly userId: string;
  readonly issuedAt: number | null;
}

function refuseStale(result: QueryResult<QueryResultRow> | undefined): void {
  if (result?.rows[0]?.stale !== false) throw new StaleToken('lane-erased');
}

/** A scope whose reads and writes are all part of one write. */
function scopeIn(lane: WritableLane): UserScope {
  return { read: (work) => work(lane), write: (work) => work(lane) };
}

const noCounts = Promise.resolve(countsOf(undefined));

const begin: Statement = { text: 'begin' };

/** Makes the functions that open the lanes of a database: for users' requests and for jobs. */
export function createLanes(
  pool: Pool,
  options: LaneOptions,
): { withUser: WithUser; laneForJob: (userId: string) => LaneForJob } {
  enforceLaneLimits(pool.knex);
  const quotas = options.quotas ?? noQuotas;
  const nameOf = createNames();
  const shared: Shared = {
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

  // Larger lanes are measured. Postgres takes null for a threshold that no lane reaches.
  const measuredAbove = Number.isFinite(quotas.storage) ? Math.floor(quotas.storage / 2) : null;

  function effectStatements(
    userId: string,
    { changes, rowBytes, erased, profile }: PendingEffects,
  ): Statement[] {
    if (erased) {
      // One statement deletes the whole lane. It cannot be split, so it may take as long as the transaction.
      const longest = pool.transactionTimeoutMs;
      return [
        { text: `set local statement_timeout = ${longest}` },
        { text: eraseLane, values: [userId], query_timeout: longest },
      ];
    }
    if (changes.length === 0) {
      return rowBytes > 0 ? [named('lane-store', storeBytes, [userId, rowBytes, measuredAbove])] : [];
    }
    return chunksOf(changes, rowsInStatement).flatMap((chunk, index) => {
      const { tasks, projects, tags, webhooks, storage } = growthOf(chunk, index === 0 ? rowBytes : 0);
      const record = named('lane-record', recordChanges, [
        userId,
        chunk.map((change) => change.type),
        chunk.map((change) => change.id),
        chunk.map((change) => change.action),
        chunk.map((change) => change.json),
        tasks,
        projects,
        tags,
        webhooks,
        storage,
        measuredAbove,
      ]);
      return [record, ...(options.onRecorded?.(userId, profile, chunk.length) ?? []).map(prepared)];
    });
  }

  function notifyChanged(userId: string, { changes, erased }: PendingEffects): void {
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
        work: (connection) => work(laneOn(shared, connection, caller.userId)),
      }),
    );
  }

  /** Checks that the write holds the lane's lock and that the caller may change the lane. */
  async function checkLock(
    caller: Caller,
    locked: QueryResult<QueryResultRow> | undefined,
    connection: Connection | null,
  ): Promise<LockedProfile> {
    if (locked?.rowCount !== 1) throw laneNotHeld;
    // A new lane may mean that the lock waited for a write that erased it. Only a later statement sees the erasure.
    if (locked.rows[0]?.made && connection) refuseStale(await connection.query(scopeTo(caller)));
    const profile = locked.rows[0] as LockedProfile;
    caller.precondition?.(profile);
    return profile;
  }

  /**
   * Begins the transaction of an idempotent request, and returns why it must not be done, if so. The lane is not locked
   * yet, so that an answer from the idempotency record waits for no other write.
   */
  async function findRefusal(
    caller: Caller,
    request: IdempotentRequest,
    connection: Connection,
  ): Promise<Refusal | undefined> {
    const statements = lookUpStatements(caller.userId, request).map(prepared);
    const [, scope, ...found] = await sendAll(connection, [begin, scopeTo(caller), ...statements]);
    refuseStale(scope);
    return readRefusal(request, found);
  }

  async function writeOnce<T>(
    caller: Caller,
    work: (lane: WritableLane) => Promise<T>,
    atomic?: AtomicWork<T>,
  ): Promise<T> {
    const { userId } = caller;
    const effects = noEffects();
    const lock = named('lane-lock', lockOrCreateLane, [userId]);
    const request = atomic?.idempotentRequest;
    let isCommitted = true;
    let counts = countsOf(undefined);
    const value = await transact(pool, ownerOf(userId), {
      readOnly: false,
      ...(request && {
        async before(connection: Connection) {
          const refusal = await findRefusal(caller, request, connection);
          return refusal && { value: atomic.refused(refusal) };
        },
      }),
      opening: request ? [lock] : [begin, scopeTo(caller), lock],
      async check(results, connection) {
        if (!request) refuseStale(results[1]);
        const locked = results.at(-1);
        effects.profile = await checkLock(caller, locked, connection);
        counts = countsOf(locked?.rows[0]);
      },
      work: (connection, opened) => {
        const counted = opened.then((results) => countsOf(results.at(-1)?.rows[0]));
        // Work that never asks for the counts must not cause an unhandled rejection.
        counted.catch(ignore);
        return work(writableLaneOn(shared, connection, userId, effects, counted));
      },
      closing(value) {
        isCommitted = atomic?.shouldCommit(value) ?? true;
        if (!isCommitted) return null;
        const reply = request && atomic.reply(value);
        if (reply) effects.rowBytes += bytesOfReply(userId, reply);
        const growth = growthOf(effects.changes, effects.rowBytes);
        const exceeded = effects.erased ? undefined : findExceeded(counts, growth, quotas);
        if (exceeded) throw new QuotaExceeded(exceeded);
        const statements = effectStatements(userId, effects);
        // An erased lane keeps no idempotency record.
        if (!request || !reply || effects.erased) return statements;
        return [...statements, prepared(storeStatement(userId, request, reply))];
      },
    });
    if (isCommitted) notifyChanged(userId, effects);
    return value;
  }

  async function retryAsCaller<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await retry(run);
    } catch (error) {
      if (isUnknownAccount(error)) throw new StaleToken('account-unknown');
      throw error;
    }
  }

  async function writeForJobOnce<T>(userId: string, work: (lane: WritableLane) => Promise<T>): Promise<T> {
    const effects = noEffects();
    const value = await transact(pool, jobsOwner, {
      readOnly: false,
      opening: [begin, scopeTo({ userId, issuedAt: null }), named('lane-lock-job', lockLane, [userId])],
      check([, , locked]) {
        if (locked?.rowCount !== 1) throw laneGone;
        effects.profile = locked.rows[0] as PendingEffects['profile'];
      },
      // Quotas do not limit jobs.
      work: (connection) => work(writableLaneOn(shared, connection, userId, effects, noCounts)),
      closing: () => effectStatements(userId, effects),
    });
    notifyChanged(userId, effects);
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
      runAtomically: (atomic) =>
        retryAsCaller(() => writeOnce(caller, (lane) => atomic.work(scopeIn(lane)), atomic)),
    };
  }

  return {
    withUser: (userId, { issuedAt = null, precondition } = {}) => open({ userId, issuedAt, precondition }),
    laneForJob: (userId) => ({
      read: (work) => read({ userId, issuedAt: null }, jobsOwner, ignore, work),
      write: (work) => writeForJob(userId, work),
    }),
  };
}

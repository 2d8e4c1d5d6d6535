/** Opens lanes: runs their reads and writes as transactions, and records the changes of writes. */
import { DatabaseError, type QueryResult, type QueryResultRow } from 'pg';
import { boundedCache } from '../bounded-cache';
import { isUnknownAccount } from './accounts';
import { enforceLaneLimits } from './bound';
import { chunksOf, rowsInStatement } from './chunks';
import { isTransient, isUnavailable } from './errors';
import { run, sendAll } from './flight';
import { createGroups } from './group';
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
  type Lane,
  type LaneForJob,
  type LaneOpening,
  type LockedProfile,
  StaleToken,
  type UserLane,
  type UserScope,
  type WithUser,
  type WritableLane,
} from './lane';
import {
  NotAtOnce,
  noEffects,
  onlyFinishing,
  type PendingEffects,
  readableLaneOn,
  type Shared,
  writableLaneOn,
} from './lane-handle';
import {
  eraseLane,
  lockLane,
  lockOrCreateLane,
  lockQuietLane,
  openFreshScope,
  openScope,
  recordChanges,
  storeBytes,
} from './lane-sql';
import { type Pool, StaleConnection } from './pool';
import { type Amounts, countsOf, findExceeded, growthOf, limitsOf, noQuotas, QuotaExceeded } from './quotas';
import { jobsOwner, type Owner, ownerOf } from './shares';
import { createTemplates } from './template';
import { type Connection, type Statement, transact } from './transaction';

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

const ignore = () => undefined;

/** Who opens a lane, and how. */
interface Caller extends LaneOpening {
  readonly userId: string;
  readonly issuedAt: number | null;
}

/** A write with `atOnce`. */
interface WriteAtOnce {
  readonly caller: Caller;
  work(lane: WritableLane): Promise<unknown>;
}

function refuseStale(result: QueryResult<QueryResultRow> | undefined): void {
  if (result?.rows[0]?.stale !== false) throw new StaleToken('lane-erased');
}

/** A scope whose reads and writes are all part of one write. */
function scopeIn(lane: WritableLane): UserScope {
  return { read: (work) => work(lane), readAtOnce: (work) => work(lane), write: (work) => work(lane) };
}

const scopes = { 'lane-scope': openScope, 'lane-scope-fresh': openFreshScope };

const noCounts = Promise.resolve(countsOf(undefined));

const begin: Statement = { name: 'begin', text: 'begin' };
const beginRead: Statement = {
  name: 'begin-read',
  text: 'begin isolation level repeatable read read only',
};
const nothingElse = () => [];

// A process remembers this many lanes.
const maxQuietLanes = 10_000;

/** Makes the functions that open the lanes of a database: for users' requests and for jobs. */
export function createLanes(
  pool: Pool,
  options: LaneOptions,
): { withUser: WithUser; laneForJob: (userId: string) => LaneForJob } {
  enforceLaneLimits(pool.knex);
  const quotas = options.quotas ?? noQuotas;
  const shared: Shared = {
    knex: pool.knex,
    quotas,
    templates: createTemplates(),
  };
  const named = (name: string, text: string, values: unknown[]): Statement => ({ name, text, values });

  // The lanes that exist and have no webhooks, as far as this process knows. The database checks it again.
  const quietLanes = boundedCache<true>(maxQuietLanes);

  const scopeTo = (
    { userId, issuedAt }: Pick<Caller, 'userId' | 'issuedAt'>,
    name: keyof typeof scopes = 'lane-scope',
  ): Statement =>
    named(name, scopes[name], [
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
    isLimited = true,
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
      const growth = growthOf(chunk, index === 0 ? rowBytes : 0);
      const { tasks, projects, tags, webhooks, storage } = growth;
      const limits = limitsOf(growth, isLimited ? quotas : noQuotas);
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
        limits.tasks,
        limits.projects,
        limits.tags,
        limits.webhooks,
        limits.storage,
      ]);
      return [record, ...(options.onRecorded?.(userId, profile, chunk.length) ?? [])];
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
    atOnce = false,
  ): Promise<T> {
    return retry(() =>
      transact(pool, owner, {
        readOnly: true,
        opening: [beginRead, scopeTo(caller)],
        check: ([, scope]) => check(scope),
        work(connection, _, endWith) {
          if (atOnce) endWith(nothingElse);
          return work(readableLaneOn(shared, connection, caller.userId));
        },
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
    if (locked.rows[0]?.made && connection) refuseStale(await run(connection, scopeTo(caller)));
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
    const statements = lookUpStatements(caller.userId, request);
    const [, scope, ...found] = await sendAll(connection, [begin, scopeTo(caller), ...statements]);
    refuseStale(scope);
    return readRefusal(request, found);
  }

  async function writeOnce<T>(
    caller: Caller,
    work: (lane: WritableLane) => Promise<T>,
    atomic?: AtomicWork<T>,
    finishes = false,
  ): Promise<T> {
    const { userId } = caller;
    const effects = noEffects();
    const request = atomic?.idempotentRequest;
    // The opening statements of a quiet lane fail by themselves if the write must not happen.
    const isQuiet = finishes && quietLanes.has(userId);
    const opening = isQuiet
      ? [begin, scopeTo(caller, 'lane-scope-fresh'), named('lane-lock-quiet', lockQuietLane, [userId])]
      : [begin, scopeTo(caller), named('lane-lock', lockOrCreateLane, [userId])];
    let isCommitted = true;
    let counts = countsOf(undefined);
    let checked: Promise<void> | undefined;
    async function check(
      results: readonly QueryResult<QueryResultRow>[],
      connection: Connection | null,
    ): Promise<void> {
      if (!request) refuseStale(results[1]);
      const locked = results.at(-1);
      effects.profile = await checkLock(caller, locked, connection);
      counts = countsOf(locked?.rows[0]);
    }
    const value = await transact(pool, ownerOf(userId), {
      readOnly: false,
      ...(request && {
        async before(connection: Connection) {
          const refusal = await findRefusal(caller, request, connection);
          return refusal && { value: atomic.refused(refusal) };
        },
      }),
      opening: request ? opening.slice(-1) : opening,
      check(results, connection) {
        checked ??= check(results, connection);
        return checked;
      },
      work(connection, opened, endWith) {
        const counted = opened.then((results) => countsOf(results.at(-1)?.rows[0]));
        // Work that never asks for the counts must not cause an unhandled rejection.
        counted.catch(ignore);
        const finish: WritableLane['finish'] = async (part) => {
          if (!isQuiet || caller.precondition) {
            checked ??= check(await opened, connection);
            await checked;
          }
          endWith(() => effectStatements(userId, effects));
          return { value: await part() };
        };
        return work(
          writableLaneOn(shared, connection, userId, effects, counted, finishes ? finish : undefined),
        );
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
        return [...statements, storeStatement(userId, request, reply)];
      },
    });
    if (isCommitted) notifyChanged(userId, effects);
    if (effects.profile.delivers || effects.erased) quietLanes.delete(userId);
    else if (isCommitted) quietLanes.set(userId, true);
    return value;
  }

  /** A write that may finish. If it fails that way, it runs again in steps, which tells why, or in which it succeeds. */
  async function finishOnce<T>(caller: Caller, work: (lane: WritableLane) => Promise<T>): Promise<T> {
    try {
      return await writeOnce(caller, work, undefined, true);
    } catch (error) {
      if (!(error instanceof DatabaseError) || isUnavailable(error) || isTransient(error)) throw error;
      quietLanes.delete(caller.userId);
      return writeOnce(caller, work);
    }
  }

  /** Runs writes of one quiet lane in one flight. @returns what became of each; rejects if none of them was committed */
  async function writeTogether(
    userId: string,
    writes: readonly WriteAtOnce[],
  ): Promise<readonly PromiseSettledResult<unknown>[]> {
    // The earliest token of all: if it is stale, each write finds out alone whether its own is.
    const issued = writes.map(({ caller }) => caller.issuedAt);
    const issuedAt = issued.includes(null) ? null : Math.min(...(issued as number[]));
    const all = writes.map(noEffects);
    const together = () => ({
      ...noEffects(),
      changes: all.flatMap(({ changes }) => changes),
      rowBytes: all.reduce((sum, { rowBytes }) => sum + rowBytes, 0),
    });
    const results = await transact(pool, ownerOf(userId), {
      readOnly: false,
      opening: [
        begin,
        scopeTo({ userId, issuedAt }, 'lane-scope-fresh'),
        named('lane-lock-quiet', lockQuietLane, [userId]),
      ],
      work(connection, _, endWith) {
        endWith(() => effectStatements(userId, together()));
        return Promise.allSettled(
          writes.map(async ({ work }, index) =>
            work(
              onlyFinishing(writableLaneOn(shared, connection, userId, all[index] ?? noEffects(), noCounts)),
            ),
          ),
        );
      },
    });
    notifyChanged(userId, together());
    return results;
  }

  /** Runs writes of one lane together if the lane is quiet. Those that fail that way run again alone. */
  function writeAll(userId: string, writes: readonly WriteAtOnce[]): readonly Promise<unknown>[] {
    const alone = ({ caller, work }: WriteAtOnce) => retryAsCaller(() => finishOnce(caller, work));
    if (!quietLanes.has(userId)) return writes.map(alone);
    const settled = writeTogether(userId, writes);
    return writes.map(async (write, index) => {
      let result: PromiseSettledResult<unknown> | undefined;
      try {
        result = (await settled)[index];
      } catch (error) {
        if (isUnavailable(error) && !(error instanceof StaleConnection)) throw error;
        quietLanes.delete(userId);
      }
      if (result?.status === 'fulfilled') return result.value;
      if (result && !(result.reason instanceof NotAtOnce)) throw result.reason;
      return alone(write);
    });
  }

  const groups = createGroups(writeAll, pool.acquireTimeoutMs);

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
      closing: () => effectStatements(userId, effects, false),
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
      readAtOnce: (work) => read(caller, ownerOf(caller.userId), refuseStale, work, true),
      write(work, { finishes = false, atOnce = false } = {}) {
        if (atOnce && !caller.precondition) return groups.run(caller.userId, { caller, work }) as never;
        return retryAsCaller(() => (finishes || atOnce ? finishOnce(caller, work) : writeOnce(caller, work)));
      },
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

/** Opens lanes: runs their reads and writes as transactions, and records the changes of writes. */
import { DatabaseError, type QueryResult, type QueryResultRow } from 'pg';
import { boundedCache } from '../bounded-cache';
import { isUnknownAccount } from './accounts';
import { enforceLaneLimits } from './bound';
import { chunksOf, rowsInStatement } from './chunks';
import { useStatements } from './clients';
import { isTransient, isUnavailable, violatedConstraint } from './errors';
import { sendAll } from './flight';
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
  ClientCutOff,
  type Lane,
  type LaneForJob,
  type LaneKey,
  type LaneOpening,
  type LockedProfile,
  type ReadOptions,
  StaleToken,
  type UserLane,
  type UserScope,
  type UsingClient,
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
  lockLaneForJob,
  lockQuietLane,
  makeProfile,
  openFreshScope,
  openScope,
  recordChanges,
  setWriteTime,
  storeBytes,
} from './lane-sql';
import { type Pool, StaleConnection } from './pool';
import type { LanePosition } from './position';
import { type Amounts, countsOf, findExceeded, growthOf, limitsOf, noQuotas, QuotaExceeded } from './quotas';
import { makeLane, noLane } from './registry';
import type { Preceding, Replica } from './replica';
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
    | ((laneId: string, profile: Pick<LockedProfile, 'delivers'>, count: number) => readonly Statement[])
    | undefined;
  /** Called after the commit of a write that recorded changes or erased its lane. */
  readonly onChanged?: ((userId: string) => void) | undefined;
}

const laneHasNoProfile = new Error('The lane has no profile yet.');
const laneMoved = new Error('The lane has another id than this process knew.');
const laneGone = new Error('The lane is gone.');
const maxAttempts = 5;

function canRunAgain(error: unknown): boolean {
  return (
    error === laneHasNoProfile ||
    error === laneMoved ||
    // The lane was erased while the write waited for its lock.
    violatedConstraint(error) === 'profiles_lane' ||
    error instanceof StaleConnection ||
    isTransient(error)
  );
}

/** Runs a transaction again, up to 5 times in all, while it fails with an error that a repetition can avoid. */
async function retry<T>(run: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await run();
    } catch (error) {
      if (count === maxAttempts || !canRunAgain(error)) throw error;
    }
  }
}

const ignore = () => undefined;

/** Who opens a lane, and how. */
interface Caller extends LaneOpening {
  readonly userId: string;
  readonly issuedAt: number | null;
  /** True after a write has found that the lane has no profile yet. The next attempt makes it. */
  makesProfile: boolean;
  /** Called after the commit of a write, with the position of the lane after it. */
  written(position: LanePosition): void;
  /** Called when a transaction showed that the use of the caller's client must be recorded. */
  useIsDue(): void;
}

/** How a read is sent. */
interface HowToRead extends ReadOptions {
  /** Whether it is one flight. */
  readonly atOnce?: boolean;
}

type Scope = QueryResult<QueryResultRow> | undefined;

type HistoryStart = Pick<LockedProfile, 'epoch' | 'change_seq'>;

/** A write with `atOnce`. */
interface WriteAtOnce {
  readonly caller: Caller;
  work(lane: WritableLane): Promise<unknown>;
}

function refuseStale(scope: Scope): void {
  if (scope?.rows[0]?.stale !== false) throw new StaleToken('lane-erased');
}

/** Refuses a caller whose client is cut off, and finds out whether the use of the client must be recorded. */
function checkClient({ useIsDue }: Pick<Caller, 'useIsDue'>, scope: Scope): void {
  const row = scope?.rows[0];
  if (row?.cut_off) throw new ClientCutOff('The user has cut off the client.');
  if (row?.use_is_due) useIsDue();
}

/** The clients of a transaction's callers; null for none. */
type ClientIds = readonly string[] | null;

function clientIdsOf(callers: readonly Pick<Caller, 'client'>[]): ClientIds {
  const ids = callers.flatMap(({ client }) => (client ? [client.id] : []));
  return ids.length === 0 ? null : [...new Set(ids)];
}

/** The position of a lane that does not exist. */
const noPosition: LanePosition = { epoch: null, seq: 0 };

/** The position after `count` changes of a write that has locked the lane. */
function positionAfter({ epoch, change_seq }: HistoryStart, count: number): LanePosition {
  return { epoch, seq: Number(change_seq) + count };
}

/** The id of the lane that Postgres found. */
function idIn(scope: Scope): string {
  return scope?.rows[0]?.lane_id ?? noLane;
}

/** A scope whose reads and writes are all part of one write. */
function scopeIn(lane: WritableLane): UserScope {
  return {
    userId: lane.userId,
    read: (work) => work(lane),
    readAtOnce: (work) => work(lane),
    write: (work) => work(lane),
  };
}

const noCounts = Promise.resolve(countsOf(undefined));

const begin: Statement = { name: 'begin', text: 'begin' };
const beginRead: Statement = {
  name: 'begin-read',
  text: 'begin isolation level repeatable read read only',
};
const writeTime: Statement = { name: 'lane-write-time', text: setWriteTime };
const nothingElse = () => [];
const noneBefore = () => [];

/** The result of the lock among those of the statements that open a write. */
const lockedIn = (results: readonly QueryResult<QueryResultRow>[]) => results.at(-2);

// A process remembers this many lanes.
const maxKnownLanes = 10_000;

/** Makes the functions that open the lanes of a database: for users' requests and for jobs. */
export function createLanes(
  pool: Pool,
  options: LaneOptions,
  replica: Replica | null = null,
): { withUser: WithUser; laneForJob: (lane: LaneKey) => LaneForJob } {
  enforceLaneLimits(pool.knex);
  const quotas = options.quotas ?? noQuotas;
  const shared: Shared = {
    knex: pool.knex,
    quotas,
    templates: createTemplates(),
  };
  const named = (name: string, text: string, values: unknown[]): Statement => ({ name, text, values });

  // What this process knows of lanes: the ids by user, and the ids of lanes that exist and have no webhooks. It is only
  // used in the values of queries. Each transaction looks the id up again and compares.
  const laneIds = boundedCache<string>(maxKnownLanes);
  const quietLanes = boundedCache<true>(maxKnownLanes);

  const scopeValues = ({ userId, issuedAt }: Pick<Caller, 'userId' | 'issuedAt'>, clientIds: ClientIds) => [
    options.appRole,
    userId,
    issuedAt,
    String(options.statementTimeoutMs),
    String(pool.transactionTimeoutMs),
    clientIds,
  ];
  const scopeTo = (caller: Pick<Caller, 'userId' | 'issuedAt' | 'client'>): Statement =>
    named('lane-scope', openScope, scopeValues(caller, clientIdsOf([caller])));

  /** The statements that lock a lane; the result of the first is the locked profile. */
  const locking = (name: string, text: string, laneId: string): Statement[] => [
    named(name, text, [laneId]),
    writeTime,
  ];

  /** The statements that open a quiet lane. They fail by themselves if the write must not happen. */
  const openingOfQuiet = (
    caller: Pick<Caller, 'userId' | 'issuedAt'>,
    clientIds: ClientIds,
    laneId: string,
  ): Statement[] => [
    begin,
    named('lane-scope-fresh', openFreshScope, [...scopeValues(caller, clientIds), laneId]),
    ...locking('lane-lock-quiet', lockQuietLane, laneId),
  ];

  function remember(userId: string, id: string): LaneKey {
    if (id === noLane) laneIds.delete(userId);
    else laneIds.set(userId, id);
    return { id, userId };
  }

  /** The caller's lane. It costs a round trip if this process does not know the lane. */
  async function findLane(caller: Caller): Promise<LaneKey> {
    const { userId } = caller;
    const id = laneIds.get(userId);
    if (id !== undefined) return { id, userId };
    const scope = await transact(pool, ownerOf(userId), {
      readOnly: true,
      opening: [beginRead, scopeTo(caller)],
      async work(_, opened, endWith) {
        endWith(nothingElse);
        return (await opened)[1];
      },
    });
    return remember(userId, idIn(scope));
  }

  /** The caller's lane, which is made if it does not exist. */
  async function findOrMakeLane(caller: Caller): Promise<LaneKey> {
    const { userId } = caller;
    const found = await findLane(caller);
    if (found.id !== noLane) return found;
    caller.makesProfile = true;
    const scope = await transact(pool, ownerOf(userId), {
      readOnly: false,
      opening: [begin, scopeTo(caller), named('lane-make', makeLane, [userId]), scopeTo(caller)],
      check([, before, , after]) {
        refuseStale(before);
        refuseStale(after);
      },
      work: async (_, opened) => (await opened)[3],
    });
    return remember(userId, idIn(scope));
  }

  /**
   * Checks that the token is not stale, that its client is not cut off, and that the lane that Postgres found is the one in
   * the values of the queries.
   */
  function checkScope(caller: Caller, { id, userId }: LaneKey, scope: Scope): void {
    refuseStale(scope);
    checkClient(caller, scope);
    const found = idIn(scope);
    if (found === id) return;
    remember(userId, found);
    throw laneMoved;
  }

  // Larger lanes are measured. Postgres takes null for a threshold that no lane reaches.
  const measuredAbove = Number.isFinite(quotas.storage) ? Math.floor(quotas.storage / 2) : null;

  function effectStatements(
    { id, userId }: LaneKey,
    { changes, rowBytes, erased, profile }: PendingEffects,
    isLimited = true,
  ): Statement[] {
    if (erased) {
      // One statement deletes the whole lane. It cannot be split, so it may take as long as the transaction.
      const longest = pool.transactionTimeoutMs;
      return [
        { text: `set local statement_timeout = ${longest}` },
        { text: eraseLane, values: [id, userId], query_timeout: longest },
      ];
    }
    if (changes.length === 0) {
      return rowBytes > 0 ? [named('lane-store', storeBytes, [id, rowBytes, measuredAbove])] : [];
    }
    return chunksOf(changes, rowsInStatement).flatMap((chunk, index) => {
      const growth = growthOf(chunk, index === 0 ? rowBytes : 0);
      const { tasks, projects, tags, webhooks, storage } = growth;
      const limits = limitsOf(growth, isLimited ? quotas : noQuotas);
      const record = named('lane-record', recordChanges, [
        id,
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
        chunk.map((change) => change.request),
        chunk.map((change) => change.clientId),
      ]);
      return [record, ...(options.onRecorded?.(id, profile, chunk.length) ?? [])];
    });
  }

  function notifyChanged(userId: string, { changes, erased }: PendingEffects): void {
    if (erased || changes.length > 0) options.onChanged?.(userId);
  }

  function read<T>(
    lane: LaneKey,
    opener: Pick<Caller, 'issuedAt' | 'client'>,
    owner: Owner,
    check: (scope: Scope) => void,
    work: (lane: Lane) => Promise<T>,
    { atOnce = false, replica: mayUseReplica = false }: HowToRead = {},
  ): Promise<T> {
    const on = (server: Pool, preceding: Preceding = noneBefore): Promise<T> =>
      transact(server, owner, {
        readOnly: true,
        opening: (connection) => [
          ...preceding(connection),
          beginRead,
          scopeTo({ ...opener, userId: lane.userId }),
        ],
        check: (results) => check(results.at(-1)),
        work(connection, _, endWith) {
          if (atOnce) endWith(nothingElse);
          return work(readableLaneOn(shared, connection, lane));
        },
      });
    return replica && mayUseReplica ? replica.read(on, () => on(pool)) : on(pool);
  }

  function readAsCaller<T>(caller: Caller, work: (lane: Lane) => Promise<T>, how?: HowToRead): Promise<T> {
    return retry(async () => {
      const lane = await findLane(caller);
      const check = (scope: Scope) => checkScope(caller, lane, scope);
      return read(lane, caller, ownerOf(caller.userId), check, work, how);
    });
  }

  /** Checks that the write holds the lane's lock and that the caller may change the lane. */
  function checkLock(caller: Caller, locked: QueryResult<QueryResultRow> | undefined): LockedProfile {
    if (locked?.rowCount !== 1) {
      caller.makesProfile = true;
      throw laneHasNoProfile;
    }
    const profile = locked.rows[0] as LockedProfile;
    caller.precondition?.(profile);
    return profile;
  }

  /**
   * Begins a write, and makes the lane's profile if it has none. Returns why an idempotent request must not be done, if so:
   * the lane is not locked yet, so that an answer from the idempotency record waits for no other write.
   */
  async function prepareWrite(
    caller: Caller,
    lane: LaneKey,
    request: IdempotentRequest | undefined,
    connection: Connection,
  ): Promise<Refusal | undefined> {
    const statements = request ? lookUpStatements(lane.id, request) : [];
    const [, scope, ...found] = await sendAll(connection, [begin, scopeTo(caller), ...statements]);
    checkScope(caller, lane, scope);
    const refusal = request && readRefusal(request, found);
    if (!refusal && caller.makesProfile)
      await sendAll(connection, [named('lane-make-profile', makeProfile, [lane.id])]);
    return refusal;
  }

  async function writeOnce<T>(
    caller: Caller,
    work: (lane: WritableLane) => Promise<T>,
    atomic?: AtomicWork<T>,
    finishes = false,
  ): Promise<T> {
    const { userId } = caller;
    const lane = await findOrMakeLane(caller);
    const effects = noEffects(caller.author);
    const request = atomic?.idempotentRequest;
    const isQuiet = finishes && quietLanes.has(lane.id);
    const isPrepared = request !== undefined || (caller.makesProfile && !isQuiet);
    const opening = isQuiet
      ? openingOfQuiet(caller, clientIdsOf([caller]), lane.id)
      : [begin, scopeTo(caller), ...locking('lane-lock', lockLane, lane.id)];
    let isCommitted = true;
    let counts = countsOf(undefined);
    let start: HistoryStart | undefined;
    function check(results: readonly QueryResult<QueryResultRow>[]): void {
      if (start) return;
      if (!isPrepared) checkScope(caller, lane, results[1]);
      const locked = lockedIn(results);
      const profile = checkLock(caller, locked);
      effects.profile = profile;
      counts = countsOf(locked?.rows[0]);
      start = profile;
    }
    const position = () =>
      start && !effects.erased ? positionAfter(start, effects.changes.length) : noPosition;
    const value = await transact(pool, ownerOf(userId), {
      readOnly: false,
      ...(isPrepared && {
        async before(connection: Connection) {
          const refusal = await prepareWrite(caller, lane, request, connection);
          return refusal && atomic && { value: atomic.refused(refusal) };
        },
      }),
      opening: isPrepared ? opening.slice(-2) : opening,
      check,
      work(connection, opened, endWith) {
        const counted = opened.then((results) => countsOf(lockedIn(results)?.rows[0]));
        // Work that never asks for the counts must not cause an unhandled rejection.
        counted.catch(ignore);
        const finish: WritableLane['finish'] = async (part) => {
          if (!isQuiet || caller.precondition) check(await opened);
          endWith(() => effectStatements(lane, effects));
          return { value: await part() };
        };
        return work(
          writableLaneOn(shared, connection, lane, effects, counted, finishes ? finish : undefined),
        );
      },
      closing(value) {
        isCommitted = atomic?.shouldCommit(value) ?? true;
        if (!isCommitted) return null;
        const reply = request && atomic.reply(value, position());
        if (reply) effects.rowBytes += bytesOfReply(reply);
        const growth = growthOf(effects.changes, effects.rowBytes);
        const exceeded = effects.erased ? undefined : findExceeded(counts, growth, quotas);
        if (exceeded) throw new QuotaExceeded(exceeded);
        const statements = effectStatements(lane, effects);
        // An erased lane keeps no idempotency record.
        if (!request || !reply || effects.erased) return statements;
        return [...statements, storeStatement(lane.id, request, reply)];
      },
    });
    caller.makesProfile = false;
    if (isCommitted && start) caller.written(position());
    if (isCommitted) notifyChanged(userId, effects);
    if (effects.erased) laneIds.delete(userId);
    if (effects.profile.delivers || effects.erased) quietLanes.delete(lane.id);
    else if (isCommitted) quietLanes.set(lane.id, true);
    return value;
  }

  /** A write that may finish. If it fails that way, it runs again in steps, which tells why, or in which it succeeds. */
  async function finishOnce<T>(caller: Caller, work: (lane: WritableLane) => Promise<T>): Promise<T> {
    try {
      return await writeOnce(caller, work, undefined, true);
    } catch (error) {
      if (!(error instanceof DatabaseError) || isUnavailable(error) || isTransient(error)) throw error;
      quietLanes.delete(laneIds.get(caller.userId) ?? noLane);
      return writeOnce(caller, work);
    }
  }

  /** Runs writes of one quiet lane in one flight. @returns what became of each; rejects if none of them was committed */
  async function writeTogether(
    lane: LaneKey,
    writes: readonly WriteAtOnce[],
  ): Promise<readonly PromiseSettledResult<unknown>[]> {
    // The earliest token of all: if it is stale, each write finds out alone whether its own is.
    const issued = writes.map(({ caller }) => caller.issuedAt);
    const issuedAt = issued.includes(null) ? null : Math.min(...(issued as number[]));
    const callers = writes.map(({ caller }) => caller);
    const all = callers.map(({ author }) => noEffects(author));
    let start: HistoryStart | undefined;
    const together = () => ({
      ...noEffects(),
      changes: all.flatMap(({ changes }) => changes),
      rowBytes: all.reduce((sum, { rowBytes }) => sum + rowBytes, 0),
    });
    const results = await transact(pool, ownerOf(lane.userId), {
      readOnly: false,
      opening: openingOfQuiet({ userId: lane.userId, issuedAt }, clientIdsOf(callers), lane.id),
      check(results) {
        for (const caller of callers) if (caller.client) checkClient(caller, results[1]);
        start = lockedIn(results)?.rows[0] as HistoryStart;
      },
      work(connection, _, endWith) {
        endWith(() => effectStatements(lane, together()));
        return Promise.allSettled(
          writes.map(async ({ work }, index) =>
            work(
              onlyFinishing(writableLaneOn(shared, connection, lane, all[index] ?? noEffects(), noCounts)),
            ),
          ),
        );
      },
    });
    notifyChanged(lane.userId, together());
    let count = 0;
    for (const [index, { caller }] of writes.entries()) {
      count += all[index]?.changes.length ?? 0;
      if (start) caller.written(positionAfter(start, count));
    }
    return results;
  }

  /** Runs writes of one lane together if the lane is quiet. Those that fail that way run again alone. */
  function writeAll(userId: string, writes: readonly WriteAtOnce[]): readonly Promise<unknown>[] {
    const alone = ({ caller, work }: WriteAtOnce) => retryAsCaller(() => finishOnce(caller, work));
    const id = laneIds.get(userId);
    if (id === undefined || !quietLanes.has(id)) return writes.map(alone);
    const settled = writeTogether({ id, userId }, writes);
    return writes.map(async (write, index) => {
      let result: PromiseSettledResult<unknown> | undefined;
      try {
        result = (await settled)[index];
      } catch (error) {
        if (isUnavailable(error) && !(error instanceof StaleConnection)) throw error;
        quietLanes.delete(id);
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

  async function writeForJobOnce<T>(lane: LaneKey, work: (lane: WritableLane) => Promise<T>): Promise<T> {
    const effects = noEffects();
    const value = await transact(pool, jobsOwner, {
      readOnly: false,
      opening: [
        begin,
        scopeTo({ userId: lane.userId, issuedAt: null, client: undefined }),
        ...locking('lane-lock-job', lockLaneForJob, lane.id),
      ],
      check([, , locked]) {
        if (locked?.rowCount !== 1) throw laneGone;
        effects.profile = locked.rows[0] as PendingEffects['profile'];
      },
      // Quotas do not limit jobs.
      work: (connection) => work(writableLaneOn(shared, connection, lane, effects, noCounts)),
      closing: () => effectStatements(lane, effects, false),
    });
    notifyChanged(lane.userId, effects);
    return value;
  }

  async function writeForJob<T>(
    lane: LaneKey,
    work: (lane: WritableLane) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await retry(() => writeForJobOnce(lane, work));
    } catch (error) {
      if (error === laneGone) return undefined;
      throw error;
    }
  }

  async function readPosition(caller: Caller): Promise<LanePosition> {
    const profile = await readAsCaller(
      caller,
      (lane) => lane.rows('profiles').first('epoch', 'change_seq').then(),
      { atOnce: true },
    );
    return profile ? positionAfter(profile, 0) : noPosition;
  }

  /** Records that the caller's client uses its lane. It fails quietly: a later request tries again. */
  async function recordUse(caller: Caller, client: UsingClient): Promise<void> {
    const id = laneIds.get(caller.userId);
    if (id === undefined) return;
    await transact(pool, ownerOf(caller.userId), {
      readOnly: false,
      opening: [begin, scopeTo(caller)],
      check: ([, scope]) => checkScope(caller, { id, userId: caller.userId }, scope),
      async work(_, opened, endWith) {
        endWith(() => useStatements(id, client));
        await opened;
      },
    }).catch(ignore);
  }

  function open(userId: string, { issuedAt = null, precondition, author, client }: LaneOpening): UserLane {
    let last: LanePosition | undefined;
    let useIsDue = false;
    const caller: Caller = {
      userId,
      issuedAt,
      precondition,
      author,
      client,
      makesProfile: false,
      written(position) {
        last = position;
      },
      useIsDue() {
        useIsDue = true;
      },
    };
    async function recordAfter<T>(done: Promise<T>): Promise<T> {
      const value = await done;
      if (client && useIsDue) await recordUse(caller, client);
      useIsDue = false;
      return value;
    }
    const recorded: typeof recordAfter = client ? recordAfter : (done) => done;
    return {
      userId: caller.userId,
      read: (work, how) => recorded(readAsCaller(caller, work, how)),
      readAtOnce: (work, how) => recorded(readAsCaller(caller, work, { ...how, atOnce: true })),
      write(work, { finishes = false, atOnce = false } = {}) {
        if (atOnce && !caller.precondition)
          return recorded(groups.run(caller.userId, { caller, work }) as never);
        return recorded(
          retryAsCaller(() => (finishes || atOnce ? finishOnce(caller, work) : writeOnce(caller, work))),
        );
      },
      runAtomically: (atomic) =>
        recorded(retryAsCaller(() => writeOnce(caller, (lane) => atomic.work(scopeIn(lane)), atomic))),
      position: async () => last ?? readPosition(caller),
    };
  }

  return {
    withUser: (userId, opening = {}) => open(userId, opening),
    laneForJob: (lane) => ({
      read: (work) => retry(() => read(lane, { issuedAt: null }, jobsOwner, ignore, work)),
      write: (work) => writeForJob(lane, work),
    }),
  };
}

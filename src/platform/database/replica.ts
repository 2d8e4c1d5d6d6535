/**
 * Reads from a replica (ADR 44). A read may see no state that is older than the primary's when the read began, so it
 * first asks the primary for the end of its write-ahead log. The replica then compares, in the flight of the read, what it
 * has replayed. If it cannot serve the read, the primary does.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { within } from '../breaker';
import { isTransient, isUnavailable, sqlState } from './errors';
import { lookUp } from './look-up';
import type { Pool } from './pool';
import { schema } from './rows';
import { PoolBusy, platformOwner } from './shares';
import { type Connection, type Statement, TransactionTimeout, transact } from './transaction';
import { unavailableReason } from './unavailable';

/** Who answered a read that a replica may answer: the replica, or the primary for this reason. */
export type ReplicaResult = 'replica' | 'lag' | 'conflict' | 'busy' | 'slow' | 'unavailable';

/** What the latest reads saw of the replica. */
export interface ReplicaState {
  /** Why it is not used for now, as a sentence; null if it is used. */
  readonly problem: string | null;
  /** Seconds by which it was behind the primary; 0 if it was not. */
  readonly lagSeconds: number;
}

/** The statements that come before those of a read, on this connection. */
export type Preceding = (connection: Connection) => readonly Statement[];

export interface Replica {
  /** Runs a read with `onReplica`, or, if the replica cannot serve it, with `onPrimary`. */
  read<T>(
    onReplica: (pool: Pool, preceding: Preceding) => Promise<T>,
    onPrimary: () => Promise<T>,
  ): Promise<T>;
  state(): ReplicaState;
  /** Asks the replica, and waits up to a second for one that is behind. @returns why it cannot be used; null if it can */
  findProblem(): Promise<string | null>;
  close(): Promise<void>;
}

export interface ReplicaOptions {
  /** Its own pool. */
  readonly pool: Pool;
  readonly primary: Pool;
  readonly log: Logger;
  readonly onRead?: ((result: ReplicaResult) => void) | undefined;
}

/** A position in the write-ahead log of the primary. */
interface Position {
  readonly lsn: string;
  readonly timeline: number;
  readonly system: string;
}

/**
 * The position that a replica must have replayed to have all writes that were acknowledged. Without synchronous_commit,
 * a write is acknowledged before its log is flushed. LSNs of different timelines cannot be compared; a server belongs to
 * the primary if it has the same system identifier.
 */
const selectPosition = (more: string) => `
  select lsn::text, ('x' || substr(pg_walfile_name(lsn), 1, 8))::bit(32)::int as timeline${more}
  from (select case current_setting('synchronous_commit')
      when 'off' then pg_current_wal_insert_lsn() else pg_current_wal_flush_lsn() end as lsn) as log`;
const readPosition: Statement = { name: 'primary-position', text: selectPosition('') };
// Postgres reads the control file for this, which takes long. So it is sent only once for each connection.
const readServer: Statement = {
  name: 'primary-server',
  text: selectPosition(', (select system_identifier::text from pg_control_system()) as system'),
};

// The SQLSTATE of `refuse`.
const refused = 'TL001';
const refuse = (reason: string) => `${schema}.refuse(${reason})`;
const refuseNoReplica = `when not pg_is_in_recovery() then ${refuse(`'it is not a replica'`)}`;
const refuseLag = `
    when (pg_last_wal_replay_lsn() >= $1::pg_lsn) is not true
      then ${refuse(`format('it is %s bytes behind the primary', $1::pg_lsn - pg_last_wal_replay_lsn())`)}`;

/** Fails unless the server has replayed the position `$1`. */
const checkPosition = `select case ${refuseNoReplica} ${refuseLag} end`;

/** `checkPosition` that also fails unless the server belongs to the system `$2`, and is on its timeline `$3`. */
const checkServer = `
  select case ${refuseNoReplica}
    when (select system_identifier::text from pg_control_system()) <> $2
      then ${refuse(`'it is a replica of another server'`)}
    when (select min_recovery_end_timeline from pg_control_recovery()) <> $3::int
      then ${refuse(`'it is on another timeline than the primary'`)} ${refuseLag} end`;

const begin: Statement = { name: 'begin-read-check', text: 'begin read only' };
const commit: Statement = { name: 'commit', text: 'commit' };

// The pauses of a read that waits for a replica which is a little behind, in milliseconds.
const pausesMs = [1, 2, 4, 8];
/** The replica must answer something within this time, in milliseconds. */
const answerMs = 1_000;
// A read that takes longer runs on the primary, in milliseconds. Its connection to the replica may have broken silently.
const longestReadMs = 3_000;
// The pauses of `findProblem`, in milliseconds.
const lookMs = 50;
// How long all reads go to the primary until the replica is tried again, in milliseconds.
const retryMs = { lag: 100, unavailable: 1_000 };

/** The replica answered nothing for `answerMs`. */
class NoAnswer extends Error {}

/** A read took longer than `longestReadMs`. */
class TooSlow extends Error {}

const isLag = (error: unknown) => / bytes behind the primary$/.test((error as Error).message);

/** Why the replica cannot serve a read that failed there; null if the error is that of the read itself. */
function reasonOf(error: unknown): Exclude<ReplicaResult, 'replica'> | null {
  const state = sqlState(error);
  if (state === refused) return isLag(error) ? 'lag' : 'unavailable';
  if (error instanceof PoolBusy) return 'busy';
  if (error instanceof TooSlow) return 'slow';
  if (isTransient(error)) return 'conflict';
  // The primary would need as long.
  if (state === '57014' || error instanceof TransactionTimeout) return null;
  return isUnavailable(error) || error instanceof NoAnswer ? 'unavailable' : null;
}

/** Why the replica cannot be used, as a part of a sentence. */
function describe(error: unknown): string {
  if (sqlState(error) === refused) return (error as Error).message;
  return unavailableReason(error) ?? 'it does not answer in time';
}

/** Makes a function that returns a result of `ask` whose question began after the call. Calls that wait share it. */
export function askTogether<T>(ask: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  let waiting: Promise<T> | undefined;
  return () => {
    waiting ??= last.then(() => {
      waiting = undefined;
      const asked = ask();
      last = asked.catch(() => undefined);
      return asked;
    });
    return waiting;
  };
}

/** Makes the access to a replica. It connects at first use. */
export function createReplica({ pool, primary, log, onRead }: ReplicaOptions): Replica {
  // The system identifier of the primary, by connection.
  const systems = new WeakMap<Connection, string>();
  const position = askTogether(async () => {
    let used: Connection | undefined;
    const { rows } = await lookUp(primary, (connection) => {
      used = connection;
      return systems.has(connection) ? readPosition : readServer;
    });
    const [found] = rows as [Omit<Position, 'system'> & { readonly system?: string }];
    if (used && found.system) systems.set(used, found.system);
    return { ...found, system: systems.get(used as Connection) as string };
  });
  // The system and the timeline that a connection's server was seen to belong to.
  const servers = new WeakMap<Connection, string>();
  let problem: { readonly reason: keyof typeof retryMs; readonly detail: string } | null = null;
  let behindSince: number | null = null;
  let retryAt = 0;
  let isTrying = false;

  /** Runs `read` with statements that check the server of the connection that it chooses. */
  async function checked<T>(at: Position, read: (preceding: Preceding) => Promise<T>): Promise<T> {
    const server = `${at.system} ${at.timeline}`;
    let used: Connection | undefined;
    const value = await read((connection) => {
      used = connection;
      const check =
        servers.get(connection) === server
          ? { name: 'replica-check', text: checkPosition, values: [at.lsn] }
          : { name: 'replica-server', text: checkServer, values: [at.lsn, at.system, at.timeline] };
      // A transaction of its own: the snapshot of a transaction is older than the replay that its statements see.
      return [begin, check, commit];
    });
    if (used) servers.set(used, server);
    return value;
  }

  /** Checks the replica without a read. Rejects if the replica has not replayed `at`, or cannot be used. */
  function test(at: Position): Promise<void> {
    const tested = checked(at, (preceding) =>
      transact(pool, platformOwner, {
        readOnly: true,
        opening: (connection) => [...preceding(connection), begin],
        work: async (_, opened) => void (await opened),
      }),
    );
    return within(tested, answerMs);
  }

  function stopUsing(error: unknown, reason: keyof typeof retryMs): void {
    retryAt = performance.now() + retryMs[reason];
    const detail = describe(error);
    if (problem === null) log.warn({ replica: detail }, 'reads go to the primary');
    problem = { reason, detail };
  }

  function use(): void {
    behindSince = null;
    if (problem !== null) log.info('reads go to the replica again');
    problem = null;
  }

  /** Looks whether the replica can be used again, while reads go to the primary. */
  function tryAgain(): void {
    if (isTrying || performance.now() < retryAt) return;
    isTrying = true;
    position()
      .then(test)
      .then(use, (error) => stopUsing(error, reasonOf(error) === 'lag' ? 'lag' : 'unavailable'))
      .finally(() => {
        isTrying = false;
      });
  }

  /** Resolves like a read, unless that takes long. Rejects earlier if the replica answers nothing else either. */
  async function inTime<T>(read: Promise<T>): Promise<T> {
    const ended = new AbortController();
    const options = { signal: ended.signal, ref: false };
    const end = async (): Promise<never> => {
      await sleep(answerMs, undefined, options);
      await within(lookUp(pool, { text: 'select' }), answerMs).catch((cause) => {
        throw new NoAnswer('The replica does not answer.', { cause });
      });
      await sleep(longestReadMs - answerMs, undefined, options);
      throw new TooSlow('The replica needs too long for a read, or its connection broke silently.');
    };
    try {
      return await Promise.race([read, end()]);
    } finally {
      ended.abort();
    }
  }

  /** Runs a read on the replica. @returns its value, or why the replica cannot serve it */
  async function attempt<T>(
    onReplica: (preceding: Preceding) => Promise<T>,
  ): Promise<{ readonly value: T } | Exclude<ReplicaResult, 'replica'>> {
    if (problem !== null) {
      tryAgain();
      return problem.reason;
    }
    // If the primary does not answer, the read there tells why.
    const at = await position().catch(() => null);
    if (at === null) return 'unavailable';
    for (let count = 0; ; count++) {
      try {
        const value = await inTime(checked(at, onReplica));
        behindSince = null;
        return { value };
      } catch (error) {
        const reason = reasonOf(error);
        if (reason === null) throw error;
        if (reason === 'lag') behindSince ??= performance.now();
        const pauseMs = reason === 'lag' ? pausesMs[count] : undefined;
        if (pauseMs === undefined) {
          if (reason === 'lag' || reason === 'unavailable') stopUsing(error, reason);
          return reason;
        }
        await sleep(pauseMs);
      }
    }
  }

  return {
    async read(onReplica, onPrimary) {
      const result = await attempt((preceding) => onReplica(pool, preceding));
      onRead?.(typeof result === 'string' ? result : 'replica');
      return typeof result === 'string' ? onPrimary() : result.value;
    },
    async findProblem() {
      const at = await position();
      const deadline = performance.now() + answerMs;
      for (;;) {
        try {
          await test(at);
          return null;
        } catch (error) {
          if (reasonOf(error) !== 'lag' || performance.now() > deadline) return describe(error);
          await sleep(lookMs);
        }
      }
    },
    state: () => ({
      problem: problem?.detail ?? null,
      lagSeconds: behindSince === null ? 0 : (performance.now() - behindSince) / 1_000,
    }),
    close: () => pool.close(),
  };
}

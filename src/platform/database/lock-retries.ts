/**
 * Schema changes that wait for a lock only briefly. While a session waits for a table's strongest lock, all later
 * queries on the table wait too. One long query would stop all traffic.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { isTransient, sqlState, Unavailable } from './errors';

/** How long a change waits for its locks, and how often it is tried. */
export interface LockPatience {
  /** How long a statement waits for a lock, in milliseconds. */
  readonly timeoutMs: number;
  /** The pauses before each further attempt, in milliseconds. */
  readonly pausesMs: readonly number[];
}

/** Ten attempts within about 90 seconds. */
export const defaultPatience: LockPatience = {
  timeoutMs: 3_000,
  pausesMs: [1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000, 8_000, 8_000],
};

/** A session for which other sessions wait. */
interface Blocker {
  readonly pid: number;
  readonly application: string | null;
  readonly role: string | null;
  readonly state: string | null;
  /** Seconds since its query began, or, if no query runs, its transaction. Null if this login has no right to see it. */
  readonly seconds: number | null;
}

const blockerColumns = `
  session.pid, nullif(session.application_name, '') as application, session.usename as role, session.state,
  round(extract(epoch from clock_timestamp() - case session.state
    when 'active' then session.query_start else coalesce(session.xact_start, session.state_change) end))::int as seconds`;

/** Finds the sessions that block these server processes, without these processes themselves. */
async function findBlockers(database: Knex, pids: readonly number[]): Promise<Blocker[]> {
  const { rows } = await database.raw(
    `select distinct on (session.pid) ${blockerColumns}
     from unnest(?::int[]) as waiting(pid) cross join unnest(pg_blocking_pids(waiting.pid)) as blocking(pid)
       join pg_stat_activity as session on session.pid = blocking.pid
     where session.pid <> all(?::int[])`,
    [[...pids], [...pids]] as never,
  );
  return rows;
}

/** The SQL that finds the sessions that hold an advisory lock of this database. */
export const advisoryLockHolders = (lock: number): string => `
  select ${blockerColumns}
  from pg_locks join pg_stat_activity as session on session.pid = pg_locks.pid
  where locktype = 'advisory' and granted and objsubid = 1
    and pg_locks.database = (select oid from pg_database where datname = current_database())
    and (pg_locks.classid::bigint << 32) | pg_locks.objid::bigint = ${lock}`;

/** Describes the blocking sessions for the operator. */
export function describeBlockers(blockers: readonly Blocker[]): string {
  if (blockers.length === 0) return 'a session that has ended meanwhile';
  return blockers
    .map(({ pid, application, role, state, seconds }) => {
      const who = [application, role && `role ${role}`].filter(Boolean).join(', ');
      const what = state === 'active' ? 'running a query' : state === 'idle' ? 'idle' : 'in a transaction';
      const since = seconds === null ? '' : `, ${what} for ${seconds} s`;
      return `process ${pid}${who && ` (${who})`}${since}`;
    })
    .join('; ');
}

const lookEveryMs = 250;
const firstReportMs = 5_000;
const reportEveryMs = 30_000;

/** Checks which sessions block these server processes, and reports them after 5 seconds. Runs until `stop`. */
function watchBlockers(
  database: Knex,
  pids: () => readonly number[],
  report: (blockers: readonly Blocker[]) => void,
): { stop(): Promise<readonly Blocker[]> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  let last: readonly Blocker[] = [];
  const look = async () => {
    let reportAt = Number.POSITIVE_INFINITY;
    while (await sleep(lookEveryMs, true, { signal, ref: false }).catch(() => false)) {
      const found = await findBlockers(database, pids()).catch(() => []);
      if (found.length === 0) {
        reportAt = Number.POSITIVE_INFINITY;
        continue;
      }
      last = found;
      const now = performance.now();
      if (reportAt === Number.POSITIVE_INFINITY) reportAt = now + firstReportMs;
      if (now < reportAt) continue;
      report(found);
      reportAt = now + reportEveryMs;
    }
  };
  const ended = look();
  return {
    async stop() {
      stopping.abort();
      await ended;
      return last;
    },
  };
}

/** The connections and settings of `retryLocks`. */
export interface RetryContext {
  /** For checks while the work runs. Each takes a connection. */
  readonly database: Knex;
  /** The process ids of Postgres for the connections that change the schema. */
  pids(): readonly number[];
  readonly patience: LockPatience;
  /** Gets hints for the operator. */
  notice(text: string): void;
}

/** Other sessions held the locks in all attempts. The message names them. The work can run again later. */
export class LocksUnavailable extends Unavailable {}

/** PostgreSQL, appendix A: lock_not_available. */
const lockNotAvailable = '55P03';

/**
 * Runs work that waits for locks for at most `patience.timeoutMs`, and runs it again if a lock was not available or a
 * deadlock occurred.
 * @param what names the work in messages for the operator: `Migration 20261126000001_lanes`
 * @throws LocksUnavailable if the last attempt failed
 */
export async function retryLocks<T>(
  { database, pids, patience, notice }: RetryContext,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  const tries = patience.pausesMs.length + 1;
  for (let attempt = 1; ; attempt++) {
    const watch = watchBlockers(database, pids, (found) =>
      notice(`${what} waits for ${describeBlockers(found)}.`),
    );
    try {
      return await work();
    } catch (cause) {
      const timedOut = sqlState(cause) === lockNotAvailable;
      if (!timedOut && !isTransient(cause)) throw cause;
      const blockers = describeBlockers(await watch.stop());
      const blocked = timedOut
        ? `${what} got no lock within ${patience.timeoutMs / 1_000} s; it was blocked by ${blockers}.`
        : `${what} failed because of a deadlock.`;
      const pauseMs = patience.pausesMs[attempt - 1];
      if (pauseMs === undefined) {
        throw new LocksUnavailable(
          `${blocked} This was attempt ${tries} of ${tries}. End the blocking session, or wait, and run this again.`,
          { cause },
        );
      }
      notice(`${blocked} Next attempt in ${pauseMs / 1_000} s (${attempt + 1} of ${tries}).`);
      await sleep(pauseMs);
    } finally {
      await watch.stop();
    }
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { KeySetState } from '../auth/token-verifier';
import type { Schemas } from '../contract/document/operations';
import type { DatabaseProblem } from '../database/database';
import type { LastSeen } from '../database/pool';
import type { ReplicaState } from '../database/replica';
import type { Activity } from '../jobs/activity';

const firstPauseMs = 250;
const longestPauseMs = 15_000;

/**
 * Checks repeatedly until there is no problem, with pauses of 0.25 to 15 seconds, and logs each problem.
 * @returns false if `signal` was aborted first
 * @throws the error of `findProblem`
 */
export async function untilReady(
  findProblem: () => Promise<string | null>,
  log: Pick<Logger, 'warn'>,
  signal: AbortSignal,
  onProblem: (problem: string) => void = () => undefined,
): Promise<boolean> {
  for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const problem = await findProblem();
    if (signal.aborted) break;
    if (problem === null) return true;
    onProblem(problem);
    log.warn({ problem, next_look_ms: pauseMs }, 'not ready');
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

// How long an answer of the database to a request counts, and the longest time between two checks of a service in use.
const recentMs = 1_000;
const longestMs = 30_000;

export interface DatabaseWatch {
  findProblem(): Promise<DatabaseProblem | null>;
  /** What requests saw of the database. */
  lastSeen(): LastSeen;
  readonly activity: Pick<Activity, 'isIdle'>;
  /** While nobody uses the service: the milliseconds for which a good result counts. */
  readonly idleMs: number;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number;
}

/**
 * Answers from what requests last saw of the database, and asks the database itself only if that says too little: every 30
 * seconds if requests succeed, and at once after an error. While nobody uses the service, a good result counts for
 * `idleMs`, so that probes do not keep awake a database that suspends itself. Checks at the same time share one question.
 */
export function watchDatabase({
  findProblem,
  lastSeen,
  activity,
  idleMs,
  now = () => performance.now(),
}: DatabaseWatch): () => Promise<DatabaseProblem | null> {
  // When the last check without a problem began and ended.
  let good = { from: Number.NEGATIVE_INFINITY, until: Number.NEGATIVE_INFINITY };
  let asking: Promise<DatabaseProblem | null> | undefined;

  function isKnownToWork(): boolean {
    const at = now();
    const { goodAt, badAt } = lastSeen();
    if (badAt > good.from) return false;
    if (activity.isIdle()) return at - good.until < idleMs;
    return goodAt > good.until && at - goodAt < recentMs && at - good.until < longestMs;
  }

  async function ask(): Promise<DatabaseProblem | null> {
    const from = now();
    const problem = await findProblem();
    if (problem === null) good = { from, until: now() };
    return problem;
  }

  return async () => {
    if (isKnownToWork()) return null;
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

export interface ReadinessRecord {
  /** Takes the result of a check. */
  note(problem: DatabaseProblem | null): void;
  /** Whether the last check found no problem. */
  isGood(): boolean;
}

/** Keeps the result of the last check, and logs each change of it. The lines of health checks are not logged. */
export function recordReadiness(log: Pick<Logger, 'info' | 'warn'>): ReadinessRecord {
  let last: string | null = null;
  return {
    note(problem) {
      const detail = problem?.detail ?? null;
      if (detail === last) return;
      last = detail;
      if (detail === null) log.info('ready again');
      else log.warn({ problem: detail }, 'not ready');
    },
    isGood: () => last === null,
  };
}

/** The parts of the service that can be missing although it answers requests. Null means that there is no such part. */
export interface Limits {
  readonly keySet: KeySetState | null;
  readonly isRedisUp: boolean | null;
  readonly isShedding: boolean;
  readonly replica: ReplicaState | null;
}

/** What limits the service. It does not become unready, because another instance would have the same limits. */
export function findWarnings({
  keySet,
  isRedisUp,
  isShedding,
  replica,
}: Limits): Schemas['ReadinessWarning'][] {
  return [
    ...(keySet && !keySet.isUsable
      ? [
          {
            reason: 'key-set' as const,
            detail: 'The key set is not available: its tokens cannot be verified.',
          },
        ]
      : []),
    ...(isRedisUp === false
      ? [
          {
            reason: 'redis' as const,
            detail: 'Redis is not available: each instance counts rate limits separately.',
          },
        ]
      : []),
    ...(replica && replica.problem !== null
      ? [
          {
            reason: 'replica' as const,
            detail: `The read replica is not used, so the primary answers all reads: ${replica.problem}.`,
          },
        ]
      : []),
    ...(isShedding
      ? [{ reason: 'shedding' as const, detail: 'The service is overloaded and refuses some requests.' }]
      : []),
  ];
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
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
  log: Logger,
  signal: AbortSignal,
): Promise<boolean> {
  for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const problem = await findProblem();
    if (signal.aborted) break;
    if (problem === null) return true;
    log.warn({ problem, next_look_ms: pauseMs }, 'not ready');
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

/**
 * Remembers for `idleMs` that there is no problem, while nobody uses the service. Thus probes of the readiness do not
 * keep awake a database that suspends itself.
 * @param now a monotonic clock in milliseconds
 */
export function rememberWhileIdle(
  findProblem: () => Promise<string | null>,
  activity: Pick<Activity, 'isIdle'>,
  idleMs: number,
  now: () => number = () => performance.now(),
): () => Promise<string | null> {
  let goodUntil = Number.NEGATIVE_INFINITY;
  return async () => {
    const at = now();
    if (activity.isIdle() && at < goodUntil) return null;
    const problem = await findProblem();
    goodUntil = problem === null ? at + idleMs : Number.NEGATIVE_INFINITY;
    return problem;
  };
}

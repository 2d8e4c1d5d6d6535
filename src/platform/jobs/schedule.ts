/** When each job runs its next round: after its own interval, or, while nobody uses the service, at common times. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Activity } from './activity';

/** A monotonic clock. Tests control their own. */
export interface JobClock {
  /** The current time of the clock, in milliseconds. */
  now(): number;
  /** Resolves after this time, or when `signal` is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const realClock: JobClock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined),
};

/**
 * Waits for the next round.
 * @param pauseMs the time until the next round while the service is in use
 * @param dueInMs the time until the job has something to do; undefined if it does not know
 */
export type Wait = (pauseMs: number, dueInMs: number | undefined, stopping: AbortSignal) => Promise<void>;

export interface Schedule {
  /** Notes that a round begins. @returns the function that waits for the round after it */
  begin(): Wait;
  /**
   * Lets each job run once more as soon as if the service were in use: a lane has changed, so there may be work that the
   * latest rounds did not see.
   */
  wake(): void;
}

/**
 * Makes the schedule of all jobs of a process. While nobody uses the service, rounds begin only at multiples of `idleMs`
 * or when a job is due, so that a database that suspends itself is not kept awake. All jobs use the same multiples.
 */
export function createSchedule(activity: Activity, idleMs: number, clock: JobClock = realClock): Schedule {
  // Random, so that instances that start together do not run their jobs at the same moments.
  const phase = clock.now() + idleMs * Math.random();
  const nextBeat = (time: number) => phase + Math.ceil((time - phase) / idleMs) * idleMs;
  let wakes = 0;
  const sleepers = new Set<() => void>();

  /** Sleeps until `time`, or until the idle service is used again. */
  async function sleepUntil(time: number, stopping: AbortSignal): Promise<void> {
    const awake = new AbortController();
    const wake = () => awake.abort();
    const remove = activity.isIdle() ? activity.onceBusy(wake) : undefined;
    if (remove) sleepers.add(wake);
    stopping.addEventListener('abort', wake);
    await clock.sleep(Math.max(0, time - clock.now()), awake.signal);
    stopping.removeEventListener('abort', wake);
    sleepers.delete(wake);
    remove?.();
  }

  return {
    begin() {
      const wakesBefore = wakes;
      return async (pauseMs, dueInMs, stopping) => {
        const usual = clock.now() + pauseMs;
        // An item that stays due, because another instance works on it, must not keep the job busy.
        const due =
          dueInMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + Math.max(dueInMs, pauseMs);
        while (!stopping.aborted) {
          const isQuiet = activity.isIdle() && wakes === wakesBefore;
          const next = isQuiet ? Math.min(nextBeat(usual), due) : usual;
          if (next <= clock.now()) return;
          await sleepUntil(next, stopping);
        }
      };
    },
    wake() {
      wakes++;
      for (const wakeSleeper of sleepers) wakeSleeper();
    },
  };
}

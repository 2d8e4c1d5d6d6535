/** Whether users use this instance. While nobody does, it leaves the database alone most of the time. */
export interface Activity {
  /** Notes that a user uses the service now. */
  note(): void;
  /** True if nobody has used the service for a minute. */
  isIdle(): boolean;
  /** Calls `listener` once, when a user uses the idle service again. @returns a function that removes the listener */
  onceBusy(listener: () => void): () => void;
}

const idleAfterMs = 60_000;

/**
 * Makes the record of the users' activity. It begins busy.
 * @param now a monotonic clock in milliseconds
 */
export function createActivity(now: () => number = () => performance.now()): Activity {
  const listeners = new Set<() => void>();
  let notedAt = now();
  return {
    note() {
      notedAt = now();
      if (listeners.size === 0) return;
      const called = [...listeners];
      listeners.clear();
      for (const listener of called) listener();
    },
    isIdle: () => now() - notedAt >= idleAfterMs,
    onceBusy(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** An activity that never becomes idle. */
export const alwaysBusy: Activity = { note() {}, isIdle: () => false, onceBusy: () => () => undefined };

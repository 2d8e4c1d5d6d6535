/** Slots limit how much work runs at once. Other work waits in order. */

export interface Slots {
  /**
   * Waits for a slot.
   * @returns a function that releases the slot; undefined if none was free within `waitMs` milliseconds
   * @throws the signal's reason if it is aborted
   */
  take(waitMs: number, signal: AbortSignal): Promise<(() => void) | undefined>;
}

/** Creates `most` slots. */
export function createSlots(most: number): Slots {
  let free = most;
  // First come, first served.
  const waiting = new Set<() => void>();

  function release(): void {
    free++;
    const [next] = waiting;
    next?.();
  }

  return {
    take(waitMs, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const stop = () => {
          waiting.delete(start);
          clearTimeout(timer);
          signal.removeEventListener('abort', leave);
        };
        const start = () => {
          stop();
          free--;
          resolve(release);
        };
        const leave = () => {
          stop();
          reject(signal.reason);
        };
        const timer = setTimeout(() => {
          stop();
          resolve(undefined);
        }, waitMs);
        signal.addEventListener('abort', leave);
        waiting.add(start);
        if (free > 0) start();
      });
    },
  };
}

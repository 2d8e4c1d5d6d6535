/** A number of things that can be done at once, for which others wait in turn. */

export interface Slots {
  /**
   * Waits for a slot.
   * @returns what gives it back; undefined if none was free within so many milliseconds
   * @throws the signal's reason once that is aborted
   */
  take(waitMs: number, signal: AbortSignal): Promise<(() => void) | undefined>;
}

/** Makes `most` slots. */
export function createSlots(most: number): Slots {
  let free = most;
  // In the order in which they came.
  const waiting = new Set<() => void>();

  function giveBack(): void {
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
          resolve(giveBack);
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

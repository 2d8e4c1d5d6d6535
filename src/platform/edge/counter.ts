/** Counting units under keys, in windows of a minute. */
import { LRUCache } from 'lru-cache';

/** Milliseconds. */
export const windowMs = 60_000;

/** What came of taking units. */
export interface Taken {
  /** Whether the window had units left; if not, nothing was counted. */
  readonly fits: boolean;
  /** What is counted under the key in this window. */
  readonly total: number;
  /** Milliseconds until the window ends: 0 to `windowMs`, whatever the clocks do. */
  readonly leftMs: number;
}

export interface Counter {
  /**
   * Counts units under a key unless its window holds the limit already. The last ones may go beyond the limit: what costs
   * more than is left, or more than a whole window, can then be done, and nothing else until the window ends.
   */
  take(key: string, units: number, limit: number): Promise<Taken>;
  close(): void;
}

// Made-up addresses and users take the places of the keys that were used least recently.
const maxKeys = 50_000;

/** Counts in the memory of this process, by a clock that nobody sets, for a bounded number of keys. */
export function memoryCounter(now: () => number = () => performance.now()): Counter {
  const windows = new LRUCache<string, { total: number; endsAt: number }>({ max: maxKeys });
  return {
    async take(key, units, limit) {
      const time = now();
      const known = windows.get(key);
      const window = known && known.endsAt > time ? known : { total: 0, endsAt: time + windowMs };
      const fits = window.total < limit;
      if (fits) window.total += units;
      windows.set(key, window);
      return { fits, total: window.total, leftMs: window.endsAt - time };
    },
    close: () => undefined,
  };
}

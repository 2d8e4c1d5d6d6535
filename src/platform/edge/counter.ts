/** Counts units per key in windows of one minute. */
import { boundedCache } from '../bounded-cache';

/** The length of a window, in milliseconds. */
export const windowMs = 60_000;

/** The result of counting units. */
export interface CountResult {
  /** Whether the window had units left. If not, nothing was counted. */
  readonly fits: boolean;
  /** The units that the key has used in this window. */
  readonly total: number;
  /** Milliseconds until the window ends, always from 0 to `windowMs`, even if clocks change. */
  readonly leftMs: number;
}

export interface Counter {
  /**
   * Counts units for a key, unless the key has reached the limit in this window. The last request may exceed the limit,
   * so that a request that costs more than the limit is possible. After it, no request fits until the window ends.
   */
  take(key: string, units: number, limit: number): Promise<CountResult>;
  /** Whether all instances count together; null if each of them counts by itself on purpose. */
  isShared(): boolean | null;
  close(): void;
}

// If there are too many keys, for example invented addresses, the least recently used keys are dropped.
const maxKeys = 50_000;

/** Makes a counter in the memory of this process, for a bounded number of keys. It uses a monotonic clock. */
export function memoryCounter(now: () => number = () => performance.now()): Counter {
  const windows = boundedCache<{ total: number; endsAt: number }>(maxKeys);
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
    isShared: () => null,
    close: () => undefined,
  };
}

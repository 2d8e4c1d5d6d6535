/** Decides whether a measured value grows. One high or low sample must not decide, so everything is a median. */

/** A value at a time, in milliseconds since the start. */
export interface Sample {
  readonly at: number;
  readonly value: number;
}

export interface Growth {
  /** The median of the first and of the last windows. */
  readonly first: number;
  readonly last: number;
  /** The growth over the whole time by the line through the windows' medians (Theil and Sen). */
  readonly growth: number;
}

const windows = 9;
const third = 3;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** The growth of a value; null if there are too few samples to say so. */
export function growthOf(samples: readonly Sample[]): Growth | null {
  if (samples.length < windows) return null;
  const medians = Array.from({ length: windows }, (_, n) => {
    const from = Math.floor((n * samples.length) / windows);
    const to = Math.floor(((n + 1) * samples.length) / windows);
    return median(samples.slice(from, to).map(({ value }) => value));
  });
  const slopes = medians.flatMap((low, n) =>
    medians.slice(n + 1).map((high, distance) => (high - low) / (distance + 1)),
  );
  return {
    first: median(medians.slice(0, third)),
    last: median(medians.slice(-third)),
    growth: median(slopes) * (windows - 1),
  };
}

/**
 * Whether a value grows by more than `allowed`. The line through all windows and the difference between the ends must
 * both say so: one of them can be wrong if the load changes.
 */
export function isGrowing({ first, last, growth }: Growth, allowed: number): boolean {
  return growth > allowed && last - first > allowed / 2;
}

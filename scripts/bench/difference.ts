/** Tests whether two kinds of measurements, taken in pairs, differ. */
import { quantile } from './report';

/** Two measurements, taken one directly after the other, in random order. */
export type Pair = readonly [one: number, other: number];

/** How the first of each pair compares with the second. */
export interface Difference {
  /** The median of the differences first − second, and the bounds of its 95 % confidence interval. */
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Of all combinations of a first and a second value, the share in which the first is greater (Mann–Whitney's U / n²). */
  readonly greater: number;
  /** The probability of such a difference of the ranks, or a greater one, if the kinds do not differ. */
  readonly p: number;
}

const permutations = 5_000;

/** The rank of each value among all, from 1; equal values share the mean of their ranks. */
function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, at) => at).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Array<number>(values.length);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (const at of order.slice(start, end)) ranks[at] = (start + 1 + end) / 2;
  }
  return ranks;
}

/**
 * Compares the two kinds by their ranks, so that outliers have little influence, with a permutation test that swaps within
 * pairs, so that drift has none. `random` returns numbers from 0 to 1.
 */
export function difference(pairs: readonly Pair[], random: () => number = Math.random): Difference {
  const count = pairs.length;
  const ranks = ranksOf(pairs.flat());
  const gaps = pairs.map((_, n) => ranks[2 * n]! - ranks[2 * n + 1]!);
  const observed = gaps.reduce((sum, gap) => sum + gap, 0);
  let asExtreme = 1;
  for (let n = 0; n < permutations; n++) {
    const sum = gaps.reduce((total, gap) => (random() < 0.5 ? total + gap : total - gap), 0);
    if (Math.abs(sum) >= Math.abs(observed)) asExtreme++;
  }
  const differences = pairs.map(([one, other]) => one - other);
  // The order statistics between which the sign test does not reject the median.
  const margin = 0.98 / Math.sqrt(count);
  return {
    median: quantile(differences, 0.5),
    least: quantile(differences, Math.max(0, 0.5 - margin)),
    most: quantile(differences, Math.min(1, 0.5 + margin)),
    // The ranks of both kinds add up to n (2n + 1), so their difference gives each one's sum.
    greater: 0.5 + observed / (2 * count ** 2),
    p: asExtreme / (permutations + 1),
  };
}

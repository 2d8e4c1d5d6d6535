/** What a soak test measures over time. */

import type { PastFault } from './faults';
import type { Growth, Sample } from './flat';

/** Requests of a span of time, by what became of them. */
export interface Span {
  readonly at: number;
  succeeded: number;
  refused: number;
  limited: number;
  broken: number;
  /** All other answers, such as 404 and 422. */
  other: number;
  readonly took: number[];
}

/** A measured value that must stay flat, in the unit of its bound. */
export interface Series {
  readonly name: string;
  readonly unit: string;
  readonly samples: readonly Sample[];
  /** Null: too few samples. */
  readonly growth: Growth | null;
  readonly allowed: number;
  readonly isGrowing: boolean;
}

export interface Failure {
  readonly at: number;
  readonly reason: string;
}

export interface SoakFigures {
  readonly seed: number;
  readonly minutes: number;
  readonly machine: string;
  /** The load average of the machine over the last 15 minutes of the run (proc_loadavg(5)). */
  readonly load: number;
  readonly date: string;
  readonly spans: readonly Span[];
  readonly faults: readonly PastFault[];
  readonly series: readonly Series[];
  readonly failures: readonly Failure[];
  /** Counts of what was verified, by their names. */
  readonly verified: ReadonlyMap<string, number>;
}

export interface Traffic {
  record(status: number | null, took: number): void;
  readonly spans: readonly Span[];
}

/** Counts requests in spans of `spanMs`. */
export function countTraffic(now: () => number, spanMs: number): Traffic {
  const spans: Span[] = [];
  return {
    spans,
    record(status, took) {
      const index = Math.floor(now() / spanMs);
      while (spans.length <= index) {
        spans.push({
          at: spans.length * spanMs,
          succeeded: 0,
          refused: 0,
          limited: 0,
          broken: 0,
          other: 0,
          took: [],
        });
      }
      const span = spans[index] as Span;
      const kind =
        status === null
          ? 'broken'
          : status < 300
            ? 'succeeded'
            : status === 503
              ? 'refused'
              : status === 429
                ? 'limited'
                : 'other';
      span[kind] += 1;
      span.took.push(took);
    },
  };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

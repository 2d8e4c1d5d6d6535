/** Combines the metrics of several processes. */
import type { Combination, Family, Metric, Sample } from './instruments';

/** A metric and its values at one moment. Processes send it to each other. */
export interface MetricSnapshot extends Family {
  readonly values: readonly Sample[];
}

export type Snapshot = readonly MetricSnapshot[];

/** Reads all metrics. */
export function takeSnapshot(metrics: Iterable<Metric>): Snapshot {
  return Array.from(metrics, (metric) => {
    const { name, type, help, combination } = metric;
    return { name, type, help, combination, values: [...metric.samples()] };
  });
}

const combine: Record<Exclude<Combination, 'each'>, (one: number, other: number) => number> = {
  sum: (one, other) => one + other,
  max: Math.max,
  min: Math.min,
};

/** The samples of one metric, each with its key: the suffix and the labels. */
type Samples = Map<string, Sample>;

function addTo(samples: Samples, [suffix, labels, value]: Sample, how: keyof typeof combine): void {
  const key = `${suffix}{${labels}}`;
  const known = samples.get(key);
  samples.set(key, [suffix, labels, known === undefined ? value : combine[how](known[2], value)]);
}

const withWorker = (labels: string, worker: string) =>
  `${labels === '' ? '' : `${labels},`}worker="${worker}"`;

/** Adds the values of a process to those of others. */
function addSnapshot(
  families: Map<string, { family: Family; samples: Samples }>,
  worker: string,
  snapshot: Snapshot,
): void {
  for (const { values, ...family } of snapshot) {
    const known = families.get(family.name) ?? { family, samples: new Map() };
    families.set(family.name, known);
    for (const [suffix, labels, value] of values) {
      if (family.combination === 'each') {
        addTo(known.samples, [suffix, withWorker(labels, worker), value], 'max');
      } else addTo(known.samples, [suffix, labels, value], family.combination);
    }
  }
}

/** The metrics of an instance that has several processes. */
export interface InstanceMetrics {
  /** Replaces the values of a process. */
  update(worker: string, snapshot: Snapshot): void;
  /** Notes that a process has ended. Its counts remain in the sums, because sums of counters must not fall. */
  ended(worker: string): void;
  /** The combined metrics. */
  all(): Metric[];
}

/** Makes the metrics of an instance. The number of series is that of one process, and those with the label `worker`. */
export function createInstanceMetrics(): InstanceMetrics {
  const current = new Map<string, Snapshot>();
  let past: Snapshot = [];

  function combined(snapshots: Iterable<readonly [string, Snapshot]>): MetricSnapshot[] {
    const families = new Map<string, { family: Family; samples: Samples }>();
    for (const [worker, snapshot] of snapshots) addSnapshot(families, worker, snapshot);
    return Array.from(families.values(), ({ family, samples }) => ({
      ...family,
      values: [...samples.values()],
    }));
  }

  return {
    update: (worker, snapshot) => void current.set(worker, snapshot),
    ended(worker) {
      const last = current.get(worker);
      if (!current.delete(worker) || !last) return;
      const counts = last.filter(({ type, combination }) => type !== 'gauge' && combination === 'sum');
      past = combined([
        ['', past],
        ['', counts],
      ]);
    },
    all: () =>
      combined([...current, ['', past]]).map(({ values, ...family }) => ({
        ...family,
        samples: () => values,
      })),
  };
}

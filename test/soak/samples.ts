/** Measures the instance that is never restarted, and finds what grows. */
import { setTimeout as sleep } from 'node:timers/promises';
import { query } from '../support/database';
import { until } from '../support/until';
import type { Fail } from './client';
import type { Series } from './figures';
import { growthOf, isGrowing, type Sample } from './flat';
import type { Instance } from './processes';

/** Values that must not grow, with the growth that is allowed. A short run is still warming up, so it may grow by more. */
const measures = [
  { name: 'heap', unit: 'MiB', allowed: { short: 30, long: 12 } },
  { name: 'external', unit: 'MiB', allowed: { short: 20, long: 12 } },
  { name: 'resident', unit: 'MiB', allowed: { short: 100, long: 60 } },
  { name: 'handles', unit: '', allowed: { short: 60, long: 40 } },
  // The pools of two instances have at most 20, and none after Postgres was killed.
  { name: 'connections', unit: '', allowed: { short: 30, long: 20 } },
] as const;

const samplesOfRun = 90;
/** The part of the run that does not count: caches fill, and code is optimized. */
const warmUpShare = 0.25;
const longRunMs = 10 * 60_000;

export interface Sampling {
  /** Resolves when the load is over. */
  readonly done: Promise<void>;
  /** The values, and whether they grow. */
  series(): Series[];
}

export interface SamplingOptions {
  readonly instance: Instance;
  readonly databaseUrl: string;
  readonly durationMs: number;
  readonly now: () => number;
  readonly isOver: () => boolean;
}

/** Takes samples until the load is over. */
export function startSampling({ instance, databaseUrl, durationMs, now, isOver }: SamplingOptions): Sampling {
  const started = now();
  const samples = new Map<string, Sample[]>(measures.map(({ name }) => [name, []]));
  const mebibytes = (bytes: number | undefined) => bytes && bytes / 2 ** 20;
  const done = (async () => {
    while (!isOver()) {
      const at = now();
      const memory = await instance.memory();
      const values: Record<string, number | undefined> = {
        heap: mebibytes(memory?.heap),
        external: mebibytes(memory?.external),
        resident: mebibytes(memory?.rss),
        handles: instance.handles(),
        connections: await countConnections(databaseUrl),
      };
      for (const [name, value] of Object.entries(values)) {
        if (value !== undefined) samples.get(name)?.push({ at, value });
      }
      while (!isOver() && now() < at + durationMs / samplesOfRun) await sleep(50);
    }
  })();
  return {
    done,
    series: () =>
      measures.map(({ name, unit, allowed: { short, long } }) => {
        const all = samples.get(name) ?? [];
        const growth = growthOf(all.filter(({ at }) => at > started + durationMs * warmUpShare));
        const allowed = durationMs < longRunMs ? short : long;
        return {
          name,
          unit,
          samples: all,
          growth,
          allowed,
          isGrowing: growth !== null && isGrowing(growth, allowed),
        };
      }),
  };
}

/** The connections of all instances; undefined while the database is not available. */
async function countConnections(databaseUrl: string): Promise<number | undefined> {
  const counted = query<{ count: number }>(
    databaseUrl,
    `select count(*)::int as count from pg_stat_activity where application_name = 'tasklane'`,
  ).then(
    ([row]) => row?.count,
    () => undefined,
  );
  return Promise.race([counted, sleep(2_000, undefined, { ref: false })]);
}

const gauges = ['http_requests_in_flight', 'event_streams', 'db_pool_used_connections', 'db_pool_waiting'];

/** Fails unless an instance has no request, stream or connection in use after the load. */
export async function checkUnused({ name, metricsUrl }: Instance, fail: Fail): Promise<void> {
  let used: string[] = [];
  const isUnused = async () => {
    const lines = (await (await fetch(metricsUrl)).text()).split('\n');
    used = gauges.flatMap((gauge) =>
      lines.filter((line) => new RegExp(`^tasklane_${gauge} (?!0$)`).test(line)),
    );
    return used.length === 0;
  };
  await until(isUnused, 30_000).catch(() => fail(`${name} does not release everything: ${used.join(', ')}`));
}

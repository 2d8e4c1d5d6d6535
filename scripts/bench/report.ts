/** The samples as people read them: medians and quartiles, in Markdown. */
import type { RunResult } from './loader';
import { type Load, loads } from './workload';

/** One run of a load against one server. */
export interface Sample extends RunResult {
  readonly server: string;
  readonly load: Load;
  readonly connections: number;
  /** Microseconds of the server process's CPU time a request, all its threads. */
  readonly cpu: number;
}

type Quantity = 'cpu' | keyof RunResult;

/** The value below which `share` of the values lie, interpolated between neighbours. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [low = Number.NaN, high = low] = sorted.slice(Math.floor(at), Math.floor(at) + 2);
  return low + (high - low) * (at - Math.floor(at));
}

function withQuartiles(values: readonly number[], digits: number): string {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(values, share).toFixed(digits));
  return `${middle} (${low}–${high})`;
}

function median(samples: readonly Sample[], quantity: Quantity): number {
  return quantile(
    samples.map((sample) => sample[quantity]),
    0.5,
  );
}

/** The samples of `server` over those of `base`, run by run: the n-th of one next to the n-th of the other. */
export function cpuRatios(
  samples: readonly Sample[],
  load: Load,
  { server, base }: { server: string; base: string },
): number[] {
  const of = (name: string) => samples.filter((each) => each.load === load && each.server === name);
  const bases = of(base);
  return of(server).map((sample, n) => sample.cpu / bases[n]!.cpu);
}

function cells(samples: readonly Sample[]): string[] {
  const [p50, p99] = [median(samples, 'p50'), median(samples, 'p99')];
  return [
    withQuartiles(
      samples.map((sample) => sample.cpu),
      0,
    ),
    `${p50.toFixed(2)} / ${p99.toFixed(2)}`,
    median(samples, 'throughput').toFixed(0),
  ];
}

/** One row a load and server; the first server is what the others are compared with. */
export function table(
  samples: readonly Sample[],
  servers: readonly string[],
  connectionCounts: readonly number[],
): string {
  const columns = connectionCounts.flatMap((count) => {
    const on = count === 1 ? '1 connection' : `${count} connections`;
    return [`CPU µs/request, ${on}`, 'p50 / p99 ms', 'requests/s'];
  });
  const header = ['Load', 'Server', 'CPU, times the floor', ...columns];
  const rows = loads.flatMap((load) =>
    servers.map((server) => {
      const own = samples.filter((each) => each.load === load && each.server === server);
      const ratio = quantile(cpuRatios(samples, load, { server, base: servers[0]! }), 0.5);
      return [
        load,
        server,
        ratio.toFixed(2),
        ...connectionCounts.flatMap((count) => cells(own.filter((each) => each.connections === count))),
      ];
    }),
  );
  const line = (texts: readonly string[]) => `| ${texts.join(' | ')} |`;
  const rule = header.map((_, n) => (n < 2 ? '---' : '--:'));
  return [header, rule, ...rows].map(line).join('\n');
}

/** The CPU that a request takes on one server beyond that on another, by load, in percent with quartiles. */
export function cpuDifferences(
  samples: readonly Sample[],
  servers: { server: string; base: string },
): string {
  return loads
    .map((load) => {
      const percent = cpuRatios(samples, load, servers).map((ratio) => (ratio - 1) * 100);
      return `${load} ${withQuartiles(percent, 1)} %`;
    })
    .join(', ');
}

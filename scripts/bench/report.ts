/** Formats the samples for people: medians and quartiles, in Markdown. */
import type { RunResult } from './loader';
import { type Load, loads } from './workload';

/** One run of a load against one process of a server. */
export interface Sample extends RunResult {
  readonly server: string;
  readonly process: number;
  readonly load: Load;
  readonly connections: number;
  /** CPU time of all threads of the process per request, in microseconds. */
  readonly cpu: number;
}

/** The value below which `share` of the values lie, interpolated between neighbours. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [low = Number.NaN, high = low] = sorted.slice(Math.floor(at), Math.floor(at) + 2);
  return low + (high - low) * (at - Math.floor(at));
}

function median(samples: readonly Sample[], quantity: 'cpu' | keyof RunResult): number {
  return quantile(
    samples.map((sample) => sample[quantity]),
    0.5,
  );
}

function cells(samples: readonly Sample[], floor: readonly Sample[]): string[] {
  const cpu = samples.map((sample) => sample.cpu);
  return [
    `${median(samples, 'cpu').toFixed(0)} (${quantile(cpu, 0.25).toFixed(0)}–${quantile(cpu, 0.75).toFixed(0)})`,
    (median(samples, 'cpu') / median(floor, 'cpu')).toFixed(1),
    `${median(samples, 'p50').toFixed(2)} / ${median(samples, 'p99').toFixed(2)}`,
    median(samples, 'throughput').toFixed(0),
  ];
}

/** The rows of a table, one for each load and server. */
export interface Rows {
  readonly loads: readonly Load[];
  readonly servers: readonly string[];
  /** The baseline of a row: the row with the same load and server, except for these members. */
  readonly floor: Partial<Pick<Sample, 'load' | 'server'>>;
}

/** A table of the samples, with columns for each number of connections. */
export function table(
  samples: readonly Sample[],
  { loads, servers, floor }: Rows,
  connectionCounts: readonly number[],
): string {
  const columns = connectionCounts.flatMap((count) => [
    `CPU µs/request, ${count} connection${count === 1 ? '' : 's'}`,
    'times the baseline',
    'p50 / p99 ms',
    'requests/s',
  ]);
  const rows = loads.flatMap((load) =>
    servers.map((server) => [
      load,
      server,
      ...connectionCounts.flatMap((count) => {
        const of = (row: Pick<Sample, 'load' | 'server'>) =>
          samples.filter(
            (each) => each.load === row.load && each.server === row.server && each.connections === count,
          );
        return cells(of({ load, server }), of({ load, server, ...floor }));
      }),
    ]),
  );
  const header = ['Load', 'Server', ...columns];
  const rule = header.map((_, n) => (n < 2 ? '---' : '--:'));
  return [header, rule, ...rows].map((texts) => `| ${texts.join(' | ')} |`).join('\n');
}

/** How much more CPU time a server needs for a request than another server: 0.1 is 10 % more. */
export interface Growth {
  readonly load: Load;
  /** Between the best processes of both, because the memory layout of a process can only make it slower. */
  readonly best: number;
  /** `least`: its best process against the other server's worst. `most`: its worst against the other's best. */
  readonly least: number;
  readonly most: number;
}

/** Compares a server's CPU time per request with that of `base`, for each load, with all connections busy. */
export function growth(samples: readonly Sample[], server: string, base: string): Growth[] {
  const connections = Math.max(...samples.map((sample) => sample.connections));
  return loads.map((load) => {
    // The lower quartile contains the runs that other work on the machine disturbed least.
    const cpus = (name: string) => {
      const own = samples.filter(
        (each) => each.load === load && each.server === name && each.connections === connections,
      );
      return [...Map.groupBy(own, (each) => each.process).values()].map((runs) =>
        quantile(
          runs.map((run) => run.cpu),
          0.25,
        ),
      );
    };
    const [compared, bases] = [cpus(server), cpus(base)];
    return {
      load,
      best: Math.min(...compared) / Math.min(...bases) - 1,
      least: Math.min(...compared) / Math.max(...bases) - 1,
      most: Math.max(...compared) / Math.min(...bases) - 1,
    };
  });
}

/** The figures that the repository records: CPU time per request of the floor, Fastify and Tasklane. */
import { cpus } from 'node:os';
import type { Sample } from './report';
import { type Load, loads } from './workload';

/** The servers that are compared, by their names in reports. */
export const compared = { floor: 'floor', fastify: 'Fastify 5 + pg', tasklane: 'Tasklane' } as const;
export type Compared = keyof typeof compared;

export type Operation = (typeof loads)[number];
export const operationNames: Record<Operation, string> = {
  get: 'Get a task',
  list: 'List 20 tasks',
  create: 'Create a task',
  patch: 'Change a title',
};

/** How many times as much CPU time as the floor Tasklane needs. */
export type Ratios = Readonly<Record<Operation, number>>;

export const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}`;

export interface Figures {
  readonly machine: string;
  /** Microseconds per request, with 16 connections: of the cheapest run. */
  readonly cpu: Readonly<Record<Operation, Readonly<Record<Compared, number>>>>;
}

const fromLoads = <T>(value: (load: Operation) => T) =>
  Object.fromEntries(loads.map((load) => [load, value(load)])) as Record<Operation, T>;

/**
 * The CPU time per request of a server: that of its cheapest run with the highest number of connections. Other work on the
 * machine, code that is not optimized yet, and the memory layout of a process can only make a run more expensive.
 */
function lowest(samples: readonly Sample[], server: string, load: Load): number {
  const connections = Math.max(...samples.map((sample) => sample.connections));
  const runs = samples.filter((each) => each.load === load && each.server === server);
  return Math.min(...runs.filter((run) => run.connections === connections).map((run) => run.cpu));
}

export function figuresOf(samples: readonly Sample[]): Figures {
  const cpu = fromLoads((load) => {
    const of = (server: Compared) => Math.round(lowest(samples, compared[server], load));
    return { floor: of('floor'), fastify: of('fastify'), tasklane: of('tasklane') };
  });
  return { machine, cpu };
}

export const recordedRatios = ({ cpu }: Figures): Ratios =>
  fromLoads((load) => cpu[load].tasklane / cpu[load].floor);

export const measuredRatios = (samples: readonly Sample[]): Ratios =>
  fromLoads((load) => lowest(samples, compared.tasklane, load) / lowest(samples, compared.floor, load));

/** The figures in Markdown. */
export function figuresTable({ cpu }: Figures): string {
  const rows = loads.map((load) => {
    const { floor, fastify, tasklane } = cpu[load];
    const timesFloor = (value: number) => `${value} (${(value / floor).toFixed(1)} ×)`;
    return [operationNames[load], floor, timesFloor(fastify), timesFloor(tasklane)];
  });
  const header = ['CPU time per request, µs', ...Object.values(compared)];
  const rule = header.map((_, n) => (n === 0 ? '---' : '--:'));
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

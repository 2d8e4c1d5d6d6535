/**
 * `npm run bench:overload [-- --seconds 4] [-- --write]`: offers from a quarter of the capacity to three times as much, with
 * and without load shedding. `--write` records the figures of `docs/performance.md`; `--check` fails if the goals are missed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { heapFlags } from '../../src/platform/heap';
import { projectPath } from '../../src/platform/paths';
import { machine } from './figures';
import type { Flood, FloodResult } from './flood';
import { overloadPlot } from './overload-plot';
import { startChild } from './processes';
import { withSetting } from './setting';
import { seedCrowd } from './workload';

/** One offered load and what became of it. */
export interface Step extends FloodResult {
  /** The offered load as a multiple of the capacity. */
  readonly load: number;
}

export interface OverloadFigures {
  readonly machine: string;
  /** Requests per second that the service answers if clients wait for their answers. */
  readonly capacity: number;
  readonly on: readonly Step[];
  readonly off: readonly Step[];
}

const steps = { on: [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3], off: [0.75, 1, 1.25, 1.5, 2, 3] };
// V8 has then optimized the code.
const warmUpSeconds = 15;
const connections = 600;
const connectionsOfCapacity = 64;
const goals = { p99: 500, share: 0.9 };

const path = (extension: string) => projectPath('docs', `overload.${extension}`);
const page = projectPath('docs', 'performance.md');
const figuresInPage = /(?<=<!-- overload -->\n\n).*?(?=<!-- end of overload -->)/s;

/** The highest goodput of the curve with shedding, and its share that remains at the highest load. */
export function summary({ on }: OverloadFigures) {
  const peak = Math.max(...on.map(({ goodput }) => goodput));
  const last = on.at(-1) as Step;
  return { peak, share: last.goodput / peak, p99: last.p99, load: last.load };
}

/** The figures in Markdown. */
export function overloadTable(figures: OverloadFigures): string {
  const rows = figures.on.map((step) => {
    const off = figures.off.find(({ load }) => load === step.load);
    const { load, offered, goodput, refused, p50, p99, refusedP99 } = step;
    return [
      `${load} ×`,
      offered,
      goodput,
      refused,
      p50,
      p99,
      refusedP99 || '–',
      off?.goodput ?? '–',
      off?.p99 ?? '–',
    ];
  });
  const header = [
    'load',
    'offered/s',
    'goodput/s',
    'refused/s',
    'p50, ms',
    'p99, ms',
    'p99 of refusals, ms',
    'without shedding: goodput/s',
    'p99, ms',
  ];
  const rule = header.map(() => '--:');
  const { peak, share, p99 } = summary(figures);
  return [
    ...[header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`),
    '',
    `Capacity: ${figures.capacity} requests/s. Peak: ${peak} requests/s. At 3 × capacity, the goodput is ` +
      `${Math.round(share * 100)} % of the peak, and the p99 of what is accepted is ${p99} ms. Machine: ${figures.machine}.`,
  ].join('\n');
}

/** The files that show the figures, by their paths. */
export const shownOverload = (figures: OverloadFigures): ReadonlyMap<string, string> =>
  new Map([
    [page, readFileSync(page, 'utf8').replace(figuresInPage, () => `${overloadTable(figures)}\n\n`)],
    [path('svg'), overloadPlot(figures)],
  ]);

export const readOverload = (): OverloadFigures => JSON.parse(readFileSync(path('json'), 'utf8'));

async function measure(seconds: number): Promise<OverloadFigures> {
  const kind = { module: 'tasklane-server', argument: '0', flags: heapFlags, processes: 1 };
  const kinds = (['on', 'off'] as const).map((name) => ({ ...kind, name, environment: { SHEDDING: name } }));
  return withSetting(kinds, async ([on, off], _loader, databaseUrl) => {
    if (!on || !off) throw new Error('The servers are missing.');
    await seedCrowd(databaseUrl);
    const signal = new AbortController().signal;
    const flood = await startChild<object, Flood, FloodResult>('flood', '', { environment: {}, signal });
    try {
      const closed = { rate: null, connections: connectionsOfCapacity };
      const warm = (port: number) => flood.ask({ ...closed, port, seconds: warmUpSeconds });
      await warm(off.ready.port);
      await warm(on.ready.port);
      const { accepted: capacity } = await flood.ask({ ...closed, port: on.ready.port, seconds });
      const curve = async (port: number, loads: readonly number[]) => {
        const results: Step[] = [];
        for (const load of loads) {
          const result = await flood.ask({ port, rate: load * capacity, seconds, connections });
          process.stderr.write(`${JSON.stringify({ load, ...result })}\n`);
          results.push({ load, ...result });
        }
        return results;
      };
      return {
        machine,
        capacity,
        on: await curve(on.ready.port, steps.on),
        off: await curve(off.ready.port, steps.off),
      };
    } finally {
      await flood.stop();
    }
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '4' },
      write: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
    },
  });
  const seconds = Number(values.seconds);
  if (!(seconds >= 1 && seconds <= 60)) throw new Error('--seconds must be from 1 to 60.');
  const figures = await measure(seconds);
  process.stdout.write(`${overloadTable(figures)}\n`);
  if (values.write) {
    writeFileSync(path('json'), `${JSON.stringify(figures, null, 2)}\n`);
    for (const [file, content] of shownOverload(figures)) writeFileSync(file, content);
  }
  const { share, p99 } = summary(figures);
  if (values.check && (share < goals.share || p99 > goals.p99)) {
    throw new Error(
      `The goals are a goodput of ${goals.share * 100} % of the peak, and a p99 of ${goals.p99} ms.`,
    );
  }
}

if (require.main === module) {
  main().catch((error) => {
    process.stderr.write(`${error?.stack ?? error}\n`);
    process.exit(1);
  });
}

/**
 * `npm run bench:overload [-- --seconds 1.5] [-- --write]`: offers from half of the capacity to three times as much, with
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

const steps = { on: [0.5, 0.75, 1, 1.25, 1.5, 2, 3], off: [0.75, 1, 1.25, 1.5, 2, 3] };
// The best round counts: other work on the machine can only make it worse.
const rounds = 3;
// V8 has then optimized the code, also that of an overload.
const warmUpSeconds = { closed: 12, overload: 4 };
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
      const warm = async (port: number) => {
        const { accepted } = await flood.ask({ ...closed, port, seconds: warmUpSeconds.closed });
        await flood.ask({ port, rate: 3 * accepted, seconds: warmUpSeconds.overload, connections });
      };
      await warm(off.ready.port);
      await warm(on.ready.port);
      const best = async (run: Omit<Flood, 'seconds'>, before?: FloodResult) => {
        const result = await flood.ask({ ...run, seconds });
        return before && before.goodput >= result.goodput ? before : result;
      };
      let closedBest: FloodResult | undefined;
      for (let round = 0; round < rounds; round++) {
        closedBest = await best({ ...closed, port: on.ready.port }, closedBest);
      }
      const capacity = (closedBest as FloodResult).accepted;
      const kept = { on: new Map<number, FloodResult>(), off: new Map<number, FloodResult>() };
      for (let round = 0; round < rounds; round++) {
        for (const [name, { ready }] of [
          ['on', on],
          ['off', off],
        ] as const) {
          for (const load of steps[name]) {
            const run = { port: ready.port, rate: load * capacity, connections };
            kept[name].set(load, await best(run, kept[name].get(load)));
          }
        }
      }
      const curve = (name: keyof typeof kept) =>
        [...kept[name]].map(([load, result]) => ({ load, ...result }));
      return { machine, capacity, on: curve('on'), off: curve('off') };
    } finally {
      await flood.stop();
    }
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '1.5' },
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

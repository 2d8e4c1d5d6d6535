/**
 * `npm run bench [-- --requests 250] [-- --rounds 3] [-- --json]`: measures the cost of a request in Tasklane. Compares it
 * with the floor (node:http and pg) and with Fastify and pg, on the same tasks in the same Postgres, and with Tasklane with
 * more operations in the contract.
 *
 * - `--write`: measures only the figures of `docs/performance.md`, and records them.
 * - `--check`: fails if a request costs more, relative to the floor, than the recorded figures allow. For CI.
 * - `--metrics`: measures what the metrics add to a request, in this process.
 * - `--tokens`: compares a token that is already verified with a new one.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { heapFlags } from '../../src/platform/heap';
import { check } from './check';
import { compared, type Figures, figuresOf, figuresTable, machine, recordedRatios } from './figures';
import { metricsCost } from './metrics';
import { readFigures, writeFigures } from './record';
import { type Growth, growth, type Rows, type Sample, table } from './report';
import { measureCheapest, measureRounds } from './rounds';
import { type ServerKind, withSetting } from './setting';
import { loads, tokenLoads } from './workload';

const moreOperations = 100;
const allowedGrowth = 0.03;
const extended = `Tasklane, ${moreOperations} more operations`;
const tasklaneKind = { module: 'tasklane-server', flags: heapFlags, processes: 2 };
// Of two processes with the same code, one can be a tenth slower than the other until it ends. So each kind has two.
const kinds: readonly ServerKind[] = [
  { name: compared.floor, module: 'floor-server', argument: '', processes: 2 },
  { name: compared.fastify, module: 'fastify-server', argument: '', processes: 2 },
  { name: compared.tasklane, argument: '0', ...tasklaneKind },
  { name: extended, argument: String(moreOperations), ...tasklaneKind },
];
const kindsNamed = (...names: string[]) => kinds.filter((kind) => names.includes(kind.name));
const connectionCounts = [1, 16];
// With fewer passes, V8 would not have optimized all code, which affects the larger service more.
const warmUpPasses = 5;
const deadlineMs = 100_000;
const recordMs = 300_000;

const floorNote =
  'The floor is node:http and pg: one prepared statement per request, a token that is verified once, no validation and no ' +
  'log. Its create and its patch change one row; Tasklane also locks the lane and records the change in the same transaction.';

const tokensNote =
  'The baseline is a read with one HS256 token, which is verified once. A fresh token is verified at its only request.';

function growthNote(growths: readonly Growth[]): string {
  const percent = (share: number) => `${share < 0 ? '−' : '+'}${Math.abs(share * 100).toFixed(1)}`;
  const texts = growths.map(
    ({ load, best, least, most }) => `${load} ${percent(best)} % (${percent(least)} to ${percent(most)})`,
  );
  const verdict = growths.every(({ best }) => best <= allowedGrowth)
    ? 'at most'
    : growths.some(({ least }) => least > allowedGrowth)
      ? 'more than'
      : 'too noisy to compare with';
  return (
    `CPU time that ${moreOperations} more operations add to a request, for the best processes (range of all): ` +
    `${texts.join(', ')}; ${verdict} the allowed ${allowedGrowth * 100} %.`
  );
}

/** The servers and rows of a benchmark, and the conclusions of its report. */
interface Plan extends Rows {
  readonly kinds: readonly ServerKind[];
  /** The conclusions from the samples: `figures` for programs, `notes` for people. */
  conclude(samples: readonly Sample[]): { figures: object; notes: readonly string[] };
}

const operationsPlan: Plan = {
  kinds,
  loads,
  servers: kinds.map((kind) => kind.name),
  floor: { server: compared.floor },
  conclude(samples) {
    const growths = growth(samples, extended, compared.tasklane);
    const figures: Figures = figuresOf(samples);
    return {
      figures: { ...figures, growths },
      notes: [figuresTable(figures), floorNote, growthNote(growths)],
    };
  },
};

const tokensPlan: Plan = {
  // The loads are compared with each other, so one process is enough.
  kinds: kindsNamed(compared.tasklane).map((kind) => ({ ...kind, processes: 1 })),
  loads: tokenLoads,
  servers: [compared.tasklane],
  floor: { load: 'get, one HS256 token' },
  conclude: () => ({ figures: {}, notes: [tokensNote] }),
};

/** Measures the figures of the documentation, and records them. */
async function record(): Promise<Figures> {
  const all = kindsNamed(...Object.values(compared));
  const samples = await withSetting(all, (servers, loader) =>
    measureCheapest(servers, loader, { deadlineMs: recordMs }),
  );
  const figures = figuresOf(samples);
  writeFigures(figures);
  return figures;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '250' },
      rounds: { type: 'string', default: '3' },
      tokens: { type: 'boolean', default: false },
      metrics: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
    },
  });
  const [requests, rounds] = [Number(values.requests), Number(values.rounds)];
  // With fewer requests, the 99th percentile would be the slowest request.
  if (!Number.isSafeInteger(requests) || requests < 200) throw new Error('--requests must be at least 200.');
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error('--rounds must be at least 1.');
  return { ...values, requests, rounds };
}

async function compare(
  plan: Plan,
  { requests, rounds, json }: ReturnType<typeof readOptions>,
): Promise<string> {
  // Other work on the machine makes requests more expensive and the figures less consistent.
  const load = loadavg()[0]?.toFixed(1);
  const samples = await withSetting(plan.kinds, (servers, loader) =>
    measureRounds(servers, loader, {
      loads: plan.loads,
      requests,
      rounds,
      connectionCounts,
      warmUpPasses,
      deadlineMs,
    }),
  );
  const { figures, notes } = plan.conclude(samples);
  if (json) return JSON.stringify({ machine, load, requests, rounds, ...figures, samples }, null, 2);
  return [
    `${machine}, load ${load}. Medians over runs of ${requests} requests, of CPU with quartiles.`,
    table(samples, plan, connectionCounts),
    ...notes,
  ].join('\n\n');
}

async function main(): Promise<void> {
  const options = readOptions();
  const print = (text: string) => process.stdout.write(`${text}\n`);
  if (options.metrics) {
    print(metricsCost(readFigures()));
  } else if (options.write) {
    print(figuresTable(await record()));
  } else if (options.check) {
    const single = kindsNamed(compared.floor, compared.tasklane).map((kind) => ({ ...kind, processes: 1 }));
    const { report, passed } = await check(single, recordedRatios(readFigures()));
    print(report);
    if (!passed) process.exitCode = 1;
  } else {
    print(await compare(options.tokens ? tokensPlan : operationsPlan, options));
  }
}

main().catch((error) => {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exit(1);
});

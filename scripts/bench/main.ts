/**
 * `npm run bench [-- --requests 250] [-- --rounds 3] [-- --json]`: measures the cost of a request in Tasklane. Compares it
 * with a bare node:http and pg server on the same rows, and with Tasklane with more operations in the contract. With
 * `--tokens`: compares a token that is already verified with a new one.
 */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { type Growth, growth, type Rows, type Sample, table } from './report';
import { measureRounds } from './rounds';
import { type ServerKind, withSetting } from './setting';
import { loads, tokenLoads } from './workload';

const moreOperations = 100;
const allowedGrowth = 0.03;
const bare = 'bare';
const tasklane = 'Tasklane';
const extended = `Tasklane, ${moreOperations} more operations`;
// Of two processes with the same code, one can be a tenth slower than the other until it ends. So the kinds that are
// compared closely have two processes each.
const kinds: readonly ServerKind[] = [
  { name: bare, module: 'bare-server', argument: '', processes: 1 },
  { name: 'bare, verifying tokens', module: 'bare-server', argument: 'verify', processes: 1 },
  { name: tasklane, module: 'tasklane-server', argument: '0', processes: 2 },
  { name: extended, module: 'tasklane-server', argument: String(moreOperations), processes: 2 },
];
const connectionCounts = [1, 16];
const deadlineMs = 75_000;

const floorNote =
  'The baseline is `bare`: node:http and pg, one prepared statement per request, no verification, validation or log. ' +
  'Its create inserts one row; Tasklane also locks the lane and records the change in the same transaction.';

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
  floor: { server: bare },
  conclude(samples) {
    const growths = growth(samples, extended, tasklane);
    return { figures: { growths }, notes: [floorNote, growthNote(growths)] };
  },
};

const tokensPlan: Plan = {
  // The loads are compared with each other, so one process is enough.
  kinds: kinds.filter((kind) => kind.name === tasklane).map((kind) => ({ ...kind, processes: 1 })),
  loads: tokenLoads,
  servers: [tasklane],
  floor: { load: 'get, one HS256 token' },
  conclude: () => ({ figures: {}, notes: [tokensNote] }),
};

function readOptions() {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '250' },
      rounds: { type: 'string', default: '3' },
      tokens: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [requests, rounds] = [Number(values.requests), Number(values.rounds)];
  // With fewer requests, the 99th percentile would be the slowest request.
  if (!Number.isSafeInteger(requests) || requests < 200) throw new Error('--requests must be at least 200.');
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error('--rounds must be at least 1.');
  return { requests, rounds, json: values.json, plan: values.tokens ? tokensPlan : operationsPlan };
}

async function main(): Promise<void> {
  const { json, plan, ...options } = readOptions();
  // Other work on the machine makes requests more expensive and the figures less consistent.
  const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, load ${loadavg()[0]?.toFixed(1)}`;
  const samples = await withSetting(plan.kinds, (servers, loader) =>
    measureRounds(servers, loader, { ...options, loads: plan.loads, connectionCounts, deadlineMs }),
  );
  const { figures, notes } = plan.conclude(samples);
  const output = json
    ? JSON.stringify({ machine, ...options, ...figures, samples }, null, 2)
    : [
        `${machine}. Medians over runs of ${options.requests} requests, of CPU with quartiles.`,
        table(samples, plan, connectionCounts),
        ...notes,
      ].join('\n\n');
  process.stdout.write(`${output}\n`);
}

main().catch((error) => {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exit(1);
});

/**
 * `npm run bench [-- --requests 400] [-- --rounds 5] [-- --json]`: what a request costs Tasklane, beside a bare
 * node:http and pg server on the same rows, and beside itself with more operations in the contract. Ends with 1 if
 * those make a request dearer than is allowed.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { cpuDifferences, cpuRatios, quantile, table } from './report';
import { measureRounds } from './rounds';
import { type ServerKind, withSetting } from './setting';
import { loads } from './workload';

const moreOperations = 40;
const allowedRatio = 1.1;
const tasklane = 'Tasklane';
const extended = `Tasklane, ${moreOperations} more operations`;
// The first is the floor.
const kinds: readonly ServerKind[] = [
  { name: 'bare', module: 'bare-server', argument: '' },
  { name: 'bare, verifying tokens', module: 'bare-server', argument: 'verify' },
  { name: tasklane, module: 'tasklane-server', argument: '0' },
  { name: extended, module: 'tasklane-server', argument: String(moreOperations) },
];
const floor =
  'The floor is `bare`: node:http and pg, one prepared statement a request, no token looked at, nothing checked or ' +
  'logged. Its create inserts one row; Tasklane’s locks the lane and records the change in the same transaction.';
const connectionCounts = [1, 16];
const deadlineMs = 80_000;

function readOptions() {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '400' },
      rounds: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  });
  const [requests, rounds] = [Number(values.requests), Number(values.rounds)];
  // Of fewer, the 99th percentile would be the slowest one.
  if (!Number.isSafeInteger(requests) || requests < 200) throw new Error('--requests must be at least 200.');
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error('--rounds must be at least 1.');
  return { requests, rounds, json: values.json };
}

async function main(): Promise<void> {
  const { json, ...options } = readOptions();
  const samples = await withSetting(kinds, (servers, loader) =>
    measureRounds(servers, loader, { ...options, connectionCounts, deadlineMs }),
  );
  const pair = { server: extended, base: tasklane };
  const within = loads.every((load) => quantile(cpuRatios(samples, load, pair), 0.5) <= allowedRatio);
  if (!within) process.exitCode = 1;

  const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}`;
  if (json) {
    process.stdout.write(`${JSON.stringify({ machine, ...options, samples }, null, 2)}\n`);
    return;
  }
  const names = kinds.map((kind) => kind.name);
  const percent = Math.round((allowedRatio - 1) * 100);
  const lines = [
    `${machine}. Medians over runs of ${options.requests} requests, of CPU with quartiles.`,
    '',
    table(samples, names, connectionCounts),
    '',
    floor,
    '',
    `CPU that ${moreOperations} more operations add to a request: ${cpuDifferences(samples, pair)}; ` +
      `${within ? 'within' : 'beyond'} the ${percent} % that is allowed.`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

main().catch((error) => {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exit(1);
});

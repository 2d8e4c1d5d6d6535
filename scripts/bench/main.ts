/**
 * `npm run bench [-- --requests 600] [-- --rounds 3] [-- --json]`: what a request costs Tasklane, beside a bare
 * node:http and pg server on the same rows, and beside itself with more operations in the contract. Ends with 1 if
 * those make a request dearer than is allowed.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbeddedPostgres } from '../../src/database/embedded';
import { migrateUp } from '../../src/database/migrations';
import type { Run, RunResult } from './loader';
import { type Child, type ServerChild, startChild } from './processes';
import { cpuDifferences, cpuRatios, quantile, type Sample, table } from './report';
import { loads, secret, seed } from './workload';

type Loader = Child<object, Run, RunResult>;
type Server = ServerChild & { readonly name: string };

const moreOperations = 40;
const allowedRatio = 1.1;
const floor = 'bare';
const tasklane = 'Tasklane';
const extended = `Tasklane, ${moreOperations} more operations`;
// In the order of the table: name, module, argument.
const servers = [
  [floor, 'bare-server', ''],
  ['bare, verifying tokens', 'bare-server', 'verify'],
  [tasklane, 'tasklane-server', '0'],
  [extended, 'tasklane-server', String(moreOperations)],
] as const;
const names = servers.map(([name]) => name);

const connectionCounts = [1, 16];
const warmUpRequests = 2_000;
const maxMs = 85_000;

async function measure(server: Server, loader: Loader, run: Omit<Run, 'port'>): Promise<Sample> {
  const before = await server.ask('cpu');
  const result = await loader.ask({ ...run, port: server.ready.port });
  const after = await server.ask('cpu');
  const { load, connections, requests } = run;
  return { server: server.name, load, connections, cpu: (after - before) / requests, ...result };
}

/** One round: each server there and back again, so that a drift of the machine weighs on all of them alike. */
async function measureRound(servers: Server[], loader: Loader, requests: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const load of loads) {
    for (const connections of connectionCounts) {
      for (const server of [...servers, ...servers.toReversed()]) {
        samples.push(await measure(server, loader, { load, connections, requests }));
      }
    }
  }
  return samples;
}

/** Measures up to `rounds` rounds, fewer where another would not end in time. */
async function measureRounds(
  servers: Server[],
  loader: Loader,
  { requests, rounds }: { requests: number; rounds: number },
): Promise<Sample[]> {
  for (const load of loads) {
    for (const server of servers) {
      await measure(server, loader, { load, connections: 16, requests: warmUpRequests });
    }
  }
  const samples: Sample[] = [];
  for (let round = 1; round <= rounds; round++) {
    const startedAt = performance.now();
    samples.push(...(await measureRound(servers, loader, requests)));
    const now = performance.now();
    if (round < rounds && now + (now - startedAt) > maxMs) {
      process.stderr.write(`Stopped after ${round} of ${rounds} rounds, for time.\n`);
      break;
    }
  }
  return samples;
}

/** Runs `work` with all the processes that it needs, on a database of its own, and stops them. */
async function withProcesses<T>(work: (servers: Server[], loader: Loader) => Promise<T>): Promise<T> {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interruption.abort(new Error(`Stopped by ${signal}.`)));
  }
  const cleanups: (() => Promise<void>)[] = [];
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'tasklane-bench-'));
    cleanups.push(() => rm(dataDir, { recursive: true, force: true }));
    // Postgres may have to run as another user.
    await chmod(dataDir, 0o755);
    const postgres = await startEmbeddedPostgres({ dataDir });
    cleanups.push(() => postgres.stop());
    await migrateUp(postgres.url);
    await seed(postgres.url);

    const start = async <Ready, Question extends string | object, Answer>(name: string, argument: string) => {
      const environment = { DATABASE_URL: postgres.url, BETTER_AUTH_SECRET: secret };
      const child = await startChild<Ready, Question, Answer>(
        name,
        argument,
        environment,
        interruption.signal,
      );
      cleanups.push(child.stop);
      return child;
    };
    const running: Server[] = [];
    for (const [name, module, argument] of servers) {
      running.push({ ...(await start<{ port: number }, 'cpu', number>(module, argument)), name });
    }
    return await work(running, await start<object, Run, RunResult>('loader', ''));
  } finally {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  }
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '600' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
    },
  });
  const [requests, rounds] = [Number(values.requests), Number(values.rounds)];
  if (!Number.isSafeInteger(requests) || requests < 100) throw new Error('--requests must be at least 100.');
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error('--rounds must be at least 1.');
  return { requests, rounds, json: values.json };
}

async function main(): Promise<void> {
  const options = readOptions();
  const samples = await withProcesses((servers, loader) => measureRounds(servers, loader, options));
  const pair = { server: extended, base: tasklane };
  const within = loads.every((load) => quantile(cpuRatios(samples, load, pair), 0.5) <= allowedRatio);
  if (!within) process.exitCode = 1;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ node: process.version, ...options, samples }, null, 2)}\n`);
    return;
  }
  process.stdout.write(
    `${[
      `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}; ${options.requests} requests a run; ` +
        'medians, of CPU with quartiles in brackets.',
      '',
      table(samples, names, connectionCounts),
      '',
      `CPU that ${moreOperations} more operations add to a request: ${cpuDifferences(samples, pair)}; ` +
        `${within ? 'within' : 'BEYOND'} the ${Math.round((allowedRatio - 1) * 100)} % allowed.`,
    ].join('\n')}\n`,
  );
}

main().catch((error) => {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exit(1);
});

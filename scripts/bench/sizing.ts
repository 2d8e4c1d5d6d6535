/**
 * `npm run bench:sizing [-- --seconds 3] [-- --write]`: measures what one and two processes (WEB_CONCURRENCY) can do and need:
 * requests per second, memory, connections, event streams, and bytes on disk. `--write` records the figures and shows them in
 * `docs/operations.md`. The programs that send requests and Postgres share the machine with the service.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { signDevelopmentToken } from '../../src/platform/auth/development-token';
import { freePort, startEmbeddedPostgres } from '../../src/platform/database/embedded/server';
import { migrateUp } from '../../src/platform/database/migrations';
import { heapFlags } from '../../src/platform/heap';
import { projectPath } from '../../src/platform/paths';
import { openStream } from '../streams/client';
import { machine } from './figures';
import type { Flood, FloodResult } from './flood';
import { type Child, startChild } from './processes';
import { load, sizesOf } from './storage';
import { secret, seedCrowd } from './workload';

/** What an instance with some number of processes can do and needs. Memory is resident memory, in MB. */
interface Size {
  readonly processes: number;
  /** The highest rate at which the p99 was below the limit, and that p99 in milliseconds. */
  readonly rate: number;
  readonly p99: number;
  /** Of a process that answers requests: the largest one, before the first request and after the load. */
  readonly atRest: number;
  readonly afterLoad: number;
  /** Of the process that starts the others; null if there is only one. */
  readonly primary: number | null;
  /** Connections to Postgres after the load, and the most that the configuration allows. */
  readonly connections: number;
  readonly mostConnections: number;
}

export interface SizingFigures {
  readonly machine: string;
  /** The load of the machine before the measurement, over one minute. */
  readonly load: number;
  readonly sizes: readonly Size[];
  /** Bytes of memory for an open event stream without events. */
  readonly bytesPerStream: number;
  /** Bytes on disk with all indexes. */
  readonly bytesPerTask: number;
  readonly bytesPerChange: number;
}

const processCounts = [1, 2];
const limitMs = 100;
const connections = 100;
const poolMax = 10;
const streams = 2_000;
const tasksOnDisk = 20_000;
const warmUpSeconds = 8;
// Halves the interval of possible rates so often.
const searchSteps = 5;
const runs = 3;
const opening = 50;

const record = projectPath('docs', 'sizing.json');
const page = projectPath('docs', 'operations.md');
const figuresInPage = /(?<=<!-- sizing -->\n\n).*?(?=<!-- end of sizing -->)/s;

const busyNote =
  ' Other programs used the cores, so the rates are too low, and do not show what a second process adds.';

/** The figures in Markdown. */
export function sizingTable(figures: SizingFigures): string {
  const { sizes, bytesPerStream, bytesPerTask, bytesPerChange } = figures;
  const total = ({ processes, afterLoad, primary }: Size) => processes * afterLoad + (primary ?? 0);
  const rows: [string, (size: Size) => string | number][] = [
    [`Requests/s with a p99 below ${limitMs} ms`, ({ rate }) => rate],
    ['p99 at this rate, ms', ({ p99 }) => p99],
    ['Memory of a process at rest, MB', ({ atRest }) => atRest],
    ['Memory of a process after the load, MB', ({ afterLoad }) => afterLoad],
    ['Memory of the primary process, MB', ({ primary }) => primary ?? '–'],
    ['Memory of all after the load, MB', total],
    ['Connections to Postgres after the load', ({ connections }) => connections],
    [
      `Connections to Postgres at most (\`DATABASE_POOL_MAX\` is ${poolMax})`,
      ({ mostConnections }) => mostConnections,
    ],
  ];
  const inMegabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  return [
    `| \`WEB_CONCURRENCY\` | ${sizes.map(({ processes }) => processes).join(' | ')} |`,
    `| --- | ${sizes.map(() => '--:').join(' | ')} |`,
    ...rows.map(([name, value]) => `| ${name} | ${sizes.map(value).join(' | ')} |`),
    '',
    '| For | Disk or memory, MB |',
    '| --- | --: |',
    `| 1,000 tasks on disk | ${inMegabytes(1_000 * bytesPerTask)} |`,
    `| 1,000 changes on disk | ${inMegabytes(1_000 * bytesPerChange)} |`,
    `| 1,000 open event streams in memory | ${inMegabytes(1_000 * bytesPerStream)} |`,
    '',
    `Machine: ${figures.machine}. Its load before the measurement was ${figures.load}.${figures.load > 1 ? busyNote : ''}`,
  ].join('\n');
}

export const readSizing = (): SizingFigures => JSON.parse(readFileSync(record, 'utf8'));

/** The page that shows the figures, by its path. */
export const shownSizing = (figures: SizingFigures): ReadonlyMap<string, string> =>
  new Map([[page, readFileSync(page, 'utf8').replace(figuresInPage, () => `${sizingTable(figures)}\n\n`)]]);

interface Instance {
  readonly port: number;
  /** The resident memory of each process, in bytes, by its label `worker`; an empty label for a single process. */
  memory(): Promise<Map<string, number>>;
  stop(): Promise<void>;
}

/** Starts the service as an operator does. Resolves when all processes are ready. */
async function startInstance(databaseUrl: string, processes: number): Promise<Instance> {
  const metricsPort = await freePort();
  const child: ChildProcess = spawn(process.execPath, [...heapFlags, projectPath('dist', 'src', 'main.js')], {
    env: {
      NODE_ENV: 'production',
      PORT: '0',
      METRICS_PORT: String(metricsPort),
      WEB_CONCURRENCY: String(processes),
      DATABASE_URL: databaseUrl,
      DATABASE_POOL_MAX: String(poolMax),
      BETTER_AUTH_SECRET: secret,
      RATE_LIMIT_READS: '1000000',
      RATE_LIMIT_WRITES: '1000000',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error('The service ended.');
  });
  const serving = new Promise<number>((resolve) => {
    let missing = processes;
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      if (!line.includes('"msg":"serving"')) return;
      const { worker, url } = JSON.parse(line);
      // The primary process serves when the first worker does.
      if (processes > 1 && worker === undefined) return;
      if (--missing === 0) resolve(Number(new URL(url).port));
    });
  });
  ended.catch(() => undefined);
  return {
    port: await Promise.race([serving, ended]),
    async memory() {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      const found = text.matchAll(/^process_resident_memory_bytes(?:\{worker="(\w+)"\})? (\d+)$/gm);
      return new Map([...found].map(([, worker = '', bytes]) => [worker, Number(bytes)]));
    },
    async stop() {
      child.kill('SIGTERM');
      await ended.catch(() => undefined);
    },
  };
}

type Sender = Child<object, Flood, FloodResult>;

/** Finds the highest rate with a p99 below the limit and no refusals, by halving. */
async function findRate(sender: Sender, port: number, seconds: number): Promise<Pick<Size, 'rate' | 'p99'>> {
  const { accepted } = await sender.ask({ port, rate: null, seconds: warmUpSeconds, connections: 64 });
  // Other work on the machine can only make a run worse, so one good run is enough.
  const findP99 = async (rate: number): Promise<number | null> => {
    for (let run = 0; run < runs; run++) {
      const { p99, refused, failed } = await sender.ask({ port, rate, seconds, connections });
      if (p99 < limitMs && refused === 0 && failed === 0) return p99;
    }
    return null;
  };
  let [low, high] = [0, 1.2 * accepted];
  let found = { rate: 0, p99: 0 };
  for (let step = 0; step < searchSteps; step++) {
    const rate = (low + high) / 2;
    const p99 = await findP99(rate);
    if (p99 === null) high = rate;
    else {
      low = rate;
      found = { rate: Math.round(rate), p99 };
    }
  }
  return found;
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6);
const largest = (memory: Map<string, number>) =>
  Math.max(...[...memory].flatMap(([worker, bytes]) => (worker === 'primary' ? [] : [bytes])));

async function measureSize(
  sender: Sender,
  client: Client,
  url: string,
  processes: number,
  seconds: number,
): Promise<Size> {
  const instance = await startInstance(url, processes);
  try {
    const atRest = await instance.memory();
    const found = await findRate(sender, instance.port, seconds);
    const afterLoad = await instance.memory();
    const { rows } = await client.query(
      'select count(*)::int as count from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    const primary = afterLoad.get('primary');
    return {
      processes,
      ...found,
      atRest: megabytes(largest(atRest)),
      afterLoad: megabytes(largest(afterLoad)),
      primary: primary === undefined ? null : megabytes(primary),
      connections: rows[0].count,
      mostConnections: processes * poolMax,
    };
  } finally {
    await instance.stop();
  }
}

/** The memory that an open event stream takes in one process, in bytes. */
async function measureStreams(url: string): Promise<number> {
  const instance = await startInstance(url, 1);
  try {
    const address = `http://127.0.0.1:${instance.port}`;
    const open = async (n: number) => {
      const userId = `crowd-${n % 1_000}`;
      return openStream(address, userId, await signDevelopmentToken(secret, { userId }));
    };
    // The first streams load code.
    const first = await Promise.all(Array.from({ length: opening }, (_, n) => open(n)));
    const before = largest(await instance.memory());
    const opened = [...first];
    while (opened.length < opening + streams) {
      const from = opened.length;
      opened.push(...(await Promise.all(Array.from({ length: opening }, (_, n) => open(from + n)))));
    }
    const after = largest(await instance.memory());
    for (const stream of opened) stream.close();
    return Math.round((after - before) / streams);
  } finally {
    await instance.stop();
  }
}

async function measure(url: string, seconds: number): Promise<SizingFigures> {
  const busy = Math.round(10 * (loadavg()[0] as number)) / 10;
  const client = new Client(url);
  await client.connect();
  const { signal } = new AbortController();
  const sender: Sender = await startChild('flood', '', { environment: {}, signal });
  try {
    const sum = async (table: string) =>
      Math.round((await sizesOf(client, table)).reduce((bytes, each) => bytes + each.bytes, 0));
    await load(client, tasksOnDisk);
    const bytesPerTask = await sum('tasks');
    await seedCrowd(url);
    const sizes: Size[] = [];
    for (const processes of processCounts)
      sizes.push(await measureSize(sender, client, url, processes, seconds));
    // The writes of the load.
    const bytesPerChange = await sum('changes');
    const bytesPerStream = await measureStreams(url);
    return { machine, load: busy, sizes, bytesPerStream, bytesPerTask, bytesPerChange };
  } finally {
    await sender.stop();
    await client.end();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '3' }, write: { type: 'boolean', default: false } },
  });
  const seconds = Number(values.seconds);
  if (!(seconds >= 1 && seconds <= 60)) throw new Error('--seconds must be from 1 to 60.');
  const dataDir = await mkdtemp(join(tmpdir(), 'tasklane-bench-'));
  // Postgres may run as another user.
  await chmod(dataDir, 0o755);
  const postgres = await startEmbeddedPostgres({ dataDir });
  try {
    await migrateUp(postgres.url);
    const figures = await measure(postgres.url, seconds);
    process.stdout.write(`${sizingTable(figures)}\n`);
    if (!values.write) return;
    writeFileSync(record, `${JSON.stringify(figures, null, 2)}\n`);
    for (const [file, content] of shownSizing(figures)) writeFileSync(file, content);
  } finally {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

if (require.main === module) {
  main().then(
    // fetch keeps connections open for further requests.
    () => process.exit(0),
    (error) => {
      process.stderr.write(`${error?.stack ?? error}\n`);
      process.exit(1);
    },
  );
}

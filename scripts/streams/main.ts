/**
 * `npm run bench:streams [-- --streams 5000] [-- --lanes 500] [-- --json]`: measures what many open event streams
 * cost one process, how long a change takes to reach the last of them, and how long writes take in the meantime.
 */
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { signDevelopmentToken } from '../../src/platform/auth/development-token';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/server';
import { migrateUp } from '../../src/platform/database/migrations';
import { type Child, startChild } from '../bench/processes';
import { type OpenStream, openStream } from './client';
import type { Memory } from './server';

const secret = 'a secret of the benchmark, known to everyone';
const opening = 50;
const writing = 8;
const writes = 200;

type Server = Child<{ url: string }, 'memory', Memory>;

/** Milliseconds: the median, the 99th percentile, and the longest. */
interface Times {
  readonly median: number;
  readonly p99: number;
  readonly longest: number;
}

interface Report {
  readonly streams: number;
  readonly lanes: number;
  /** Bytes per stream. */
  readonly memory: { readonly rss: number; readonly heap: number };
  readonly openedInMs: number;
  /** The time from the response to a write until all streams of the lane have the change. One write runs at a time. */
  readonly delay: Times;
  /** Like `delay`, if another instance does the write. */
  readonly delayFromOther: Times;
  /** The time for one write to each lane: from the first write until all streams have their change. */
  readonly allLanesInMs: number;
  /** The time of a write without streams, with all streams open, and during writes to all lanes. */
  readonly writeAlone: Times;
  readonly write: Times;
  readonly writeAmongAll: Times;
  /** Changes that arrived out of order, twice or not at all. */
  readonly gaps: number;
}

function timesOf(values: readonly number[]): Times {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) * 10) / 10;
  return { median: at(0.5), p99: at(0.99), longest: at(1) };
}

/** Does the work for each item, `atOnce` at a time. */
async function forEach<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

interface User {
  readonly id: string;
  readonly token: string;
}

/** Creates a task. @returns milliseconds */
async function write(url: string, { id, token }: User): Promise<number> {
  const began = performance.now();
  const response = await fetch(`${url}/api/${id}/tasks`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ title: 'Water the plants' }),
  });
  if (response.status !== 201) throw new Error(`The answer to a write was ${response.status}.`);
  await response.arrayBuffer();
  return performance.now() - began;
}

/** Waits until these streams have the change `seq`. @returns when the last one got it */
async function arrival(streams: readonly OpenStream[], seq: number): Promise<number> {
  const deadline = performance.now() + 60_000;
  while (streams.some((stream) => stream.seq < seq)) {
    if (performance.now() > deadline) throw new Error('A change did not reach all streams within a minute.');
    await sleep(1);
  }
  return Math.max(...streams.map((stream) => stream.at));
}

async function measure(servers: readonly [Server, Server], count: number, lanes: number): Promise<Report> {
  const [server, other] = servers;
  const { url } = server.ready;
  const users = await Promise.all(
    Array.from({ length: lanes }, async (): Promise<User> => {
      const id = randomUUID();
      return { id, token: await signDevelopmentToken(secret, { userId: id }) };
    }),
  );
  const seqs = new Map<string, number>();
  const writeTo = async (user: User, at = url) => {
    const took = await write(at, user);
    seqs.set(user.id, (seqs.get(user.id) ?? 0) + 1);
    return took;
  };
  // The first write of each lane takes longer.
  await forEach(users, writing, async (user) => void (await writeTo(user)));
  const alone: number[] = [];
  for (let n = 0; n < writes; n++) alone.push(await writeTo(users[n % lanes] as User));

  const before = await server.ask('memory');
  const streams: OpenStream[] = [];
  const began = performance.now();
  await forEach(
    Array.from({ length: count }, (_, n) => users[n % lanes] as User),
    opening,
    async (user) => {
      streams.push(await openStream(url, user.id, user.token));
    },
  );
  const openedInMs = Math.round(performance.now() - began);
  const after = await server.ask('memory');

  const byUser = Map.groupBy(streams, (stream) => stream.userId);
  const streamsOf = (user: User) => byUser.get(user.id) ?? [];
  const reached = (user: User) => arrival(streamsOf(user), seqs.get(user.id) as number);
  const delays: Record<'own' | 'other', number[]> = { own: [], other: [] };
  const written: number[] = [];
  for (let n = 0; n < writes; n++) {
    const user = users[(n * 7) % lanes] as User;
    written.push(await writeTo(user));
    const answered = performance.now();
    delays.own.push(Math.max(0, (await reached(user)) - answered));
  }
  for (let n = 0; n < writes / 10; n++) {
    const user = users[(n * 7) % lanes] as User;
    await writeTo(user, other.ready.url);
    const answered = performance.now();
    delays.other.push(Math.max(0, (await reached(user)) - answered));
  }
  const among: number[] = [];
  const first = performance.now();
  await forEach(users, writing, async (user) => void among.push(await writeTo(user)));
  const last = Math.max(...(await Promise.all(users.filter((user) => byUser.has(user.id)).map(reached))));

  const gaps = streams.reduce((sum, stream) => sum + stream.gaps, 0);
  for (const stream of streams) stream.close();
  return {
    streams: count,
    lanes,
    memory: {
      rss: Math.round((after.rss - before.rss) / count),
      heap: Math.round((after.heapUsed + after.external - before.heapUsed - before.external) / count),
    },
    openedInMs,
    delay: timesOf(delays.own),
    delayFromOther: timesOf(delays.other),
    allLanesInMs: Math.round(last - first),
    writeAlone: timesOf(alone),
    write: timesOf(written),
    writeAmongAll: timesOf(among),
    gaps,
  };
}

function describe(report: Report): string {
  const times = ({ median, p99, longest }: Times) =>
    `${median} ms, 99th percentile ${p99}, longest ${longest}`;
  return [
    `${report.streams} streams of ${report.lanes} users on one process, opened in ${report.openedInMs} ms.`,
    `Memory per stream: ${report.memory.rss} bytes, ${report.memory.heap} of them on the heap.`,
    `From the response to a write until the last stream of its user has it: ${times(report.delay)}.`,
    `The same for writes on another instance: ${times(report.delayFromOther)}.`,
    `A write for every user, ${writing} at a time, until the last stream has all changes: ${report.allLanesInMs} ms.`,
    `A write takes ${times(report.writeAlone)} without streams,`,
    `  ${times(report.write)} with them,`,
    `  ${times(report.writeAmongAll)} during writes for all users.`,
    `Changes out of order, twice or missing: ${report.gaps}.`,
  ].join('\n');
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      streams: { type: 'string', default: '5000' },
      lanes: { type: 'string', default: '500' },
      json: { type: 'boolean', default: false },
    },
  });
  const [streams, lanes] = [Number(values.streams), Number(values.lanes)];
  if (!(Number.isSafeInteger(streams) && streams > 0)) throw new Error('--streams must be a number above 0.');
  if (!(Number.isSafeInteger(lanes) && lanes > 0)) throw new Error('--lanes must be a number above 0.');
  return { streams, lanes, json: values.json };
}

async function main(): Promise<void> {
  const { streams, lanes, json } = readOptions();
  const { signal } = new AbortController();
  const cleanups: (() => Promise<unknown>)[] = [];
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'tasklane-streams-'));
    cleanups.push(() => rm(dataDir, { recursive: true, force: true }));
    // Postgres may run as another user.
    await chmod(dataDir, 0o755);
    const postgres = await startEmbeddedPostgres({ dataDir });
    cleanups.push(() => postgres.stop());
    await migrateUp(postgres.url);
    const environment = {
      DATABASE_URL: postgres.url,
      BETTER_AUTH_SECRET: secret,
      RATE_LIMIT: 'off',
      EVENTS_MAX_STREAMS: String(streams),
      EVENTS_MAX_STREAMS_PER_USER: String(Math.min(1_000, Math.ceil(streams / lanes))),
    };
    const start = async (): Promise<Server> => {
      const child = await startChild<{ url: string }, 'memory', Memory>('../streams/server', '', {
        environment,
        signal,
      });
      cleanups.push(() => child.stop());
      return child;
    };
    const report = await measure([await start(), await start()], streams, lanes);
    process.stdout.write(`${json ? JSON.stringify(report) : describe(report)}\n`);
  } finally {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  }
}

main().then(
  // fetch keeps connections open for further requests.
  () => process.exit(0),
  (error) => {
    process.stderr.write(`${error?.stack ?? error}\n`);
    process.exit(1);
  },
);

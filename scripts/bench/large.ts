/**
 * `node dist/scripts/bench/large.js [--users 1000] [--tasks 1000] [--lane 100000] [--requests 2000]`: measures
 * many lanes and a large one, in a separate Postgres: the time of requests over 16 connections, and whether paging through
 * the large lane becomes slower. It takes minutes and a few gigabytes.
 */

import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { searchVersion } from '../../src/domain/text/words';
import { signDevelopmentToken } from '../../src/platform/auth/development-token';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/server';
import { migrateUp } from '../../src/platform/database/migrations';
import { schema } from '../../src/platform/database/rows';
import { exchange } from './exchange';
import { laneOf, makeLanes } from './lanes';
import { startChild } from './processes';
import { quantile } from './report';
import { encode, secret } from './workload';

const connections = 16;
const warmUps = 500;
const largeUser = 'large';
const userOf = (n: number) => `user-${n}`;

// There are 200 different words. A title has 2 of them, a description 10. A third of the tasks have a due date, and one in fifty is completed.
const insertTasks = `
  with words as (select array_agg(substr(md5(n::text), 1, 4 + n % 6)) as word from generate_series(1, 200) as n),
  texts as (
    select lane, n, 'Task ' || word[1 + hash % 200] || ' ' || word[1 + hash / 200 % 200] as title,
      (select string_agg(word[1 + (hash * k) % 200], ' ') from generate_series(2, 11) as k) as description
    from words, unnest($1::text[]) as lane, generate_series(1, $2) as n,
      lateral (select abs(hashtext(lane || n))::bigint as hash) as hashed)
  insert into ${schema}.tasks
    (lane_id, id, title, description, status, priority, completed_at, due_date, created_at, updated_at, position, search, search_version)
  select ${laneOf('lane')}, gen_random_uuid(), title, description,
    (array['pending', 'in_progress', 'completed', 'cancelled'])[1 + least(n % 50, 3)],
    (array['low', 'medium', 'high', 'urgent'])[1 + n % 4], case when n % 50 = 2 then now() end,
    case when n % 3 = 0 then current_date + n % 400 - 100 end,
    now() - n * interval '1 minute', now() - n * interval '1 second', 'm' || lpad(to_hex(n), 13, '0'),
    setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', description), 'D'), ${searchVersion}
  from texts`;

/** Fills the database. @returns seconds */
async function load(url: string, users: number, tasks: number, laneSize: number): Promise<number> {
  const startedAt = performance.now();
  const client = new Client(url);
  await client.connect();
  try {
    const lanes = [largeUser, ...Array.from({ length: users }, (_, n) => userOf(n))];
    await client.query(makeLanes, [lanes]);
    const lanesAtOnce = Math.max(1, Math.floor(20_000 / tasks));
    for (let n = 1; n < lanes.length; n += lanesAtOnce) {
      await client.query(insertTasks, [lanes.slice(n, n + lanesAtOnce), tasks]);
    }
    await client.query(insertTasks, [[largeUser], laneSize]);
    const loadedAt = performance.now();
    await client.query(`vacuum analyze ${schema}.tasks`);
    return (loadedAt - startedAt) / 1000;
  } finally {
    await client.end();
  }
}

interface Measured {
  readonly name: string;
  readonly p50: number;
  readonly p99: number;
  readonly throughput: number;
}

/** Sends requests in turn over `over` connections. */
async function measure(
  name: string,
  port: number,
  requests: readonly Buffer[],
  over = connections,
): Promise<Measured> {
  const latencies: number[] = [];
  let sent = 0;
  const startedAt = performance.now();
  const send = () =>
    exchange(
      port,
      200,
      () => requests[sent++],
      (latency) => latencies.push(latency),
    );
  await Promise.all(Array.from({ length: over }, send));
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    name,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    throughput: requests.length / seconds,
  };
}

/** Pages through the large lane. @returns the seconds of each half, and the number of tasks */
async function pageThrough(port: number, token: string, sort: string, laneSize: number) {
  const halves = [0, 0];
  let seen = 0;
  let cursor: string | null = null;
  do {
    const startedAt = performance.now();
    const query = new URLSearchParams({ limit: '200', sort, ...(cursor ? { cursor } : {}) });
    const response = await fetch(`http://127.0.0.1:${port}/api/${largeUser}/tasks?${query}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    const page = (await response.json()) as { items: unknown[]; next_cursor: string | null };
    if (!response.ok) throw new Error(`The answer for a page was ${response.status}.`);
    halves[seen < laneSize / 2 ? 0 : 1]! += (performance.now() - startedAt) / 1000;
    seen += page.items.length;
    cursor = page.next_cursor;
  } while (cursor !== null);
  return { halves, seen };
}

const format = ({ name, p50, p99, throughput }: Measured) =>
  `${name.padEnd(36)} p50 ${p50.toFixed(1).padStart(7)} ms   p99 ${p99.toFixed(1).padStart(7)} ms   ${throughput.toFixed(0).padStart(5)}/s\n`;

async function run(url: string, signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    options: {
      users: { type: 'string', default: '1000' },
      tasks: { type: 'string', default: '1000' },
      lane: { type: 'string', default: '100000' },
      requests: { type: 'string', default: '2000' },
    },
  });
  const [users, tasks, laneSize, requests] = [values.users, values.tasks, values.lane, values.requests].map(
    Number,
  ) as [number, number, number, number];
  const say = (text: string) => process.stdout.write(text);

  const seconds = await load(url, users, tasks, laneSize);
  say(`${users} lanes of ${tasks} tasks, and one of ${laneSize}: loaded in ${seconds.toFixed(0)} s\n`);

  const environment = { DATABASE_URL: url, BETTER_AUTH_SECRET: secret, JOBS: 'none' };
  const server = await startChild<{ port: number }, 'cpu', number>('tasklane-server', '0', {
    environment,
    signal,
  });
  try {
    const { port } = server.ready;
    const tokenOf = new Map<string, string>();
    for (const userId of [largeUser, ...Array.from({ length: users }, (_, n) => userOf(n))]) {
      tokenOf.set(userId, await signDevelopmentToken(secret, { userId }));
    }
    const ask = (userId: string, query: string) =>
      encode('GET', `/api/${userId}/tasks?${query}`, tokenOf.get(userId) as string);
    const across = (query: string) =>
      Array.from({ length: requests }, (_, n) => ask(userOf((n * 7) % users), query));
    // As in a service that has run for a while: tokens are verified, code is compiled.
    await measure('warm-up', port, across('limit=50'));
    for (const [name, query] of [
      ['list', 'limit=50'],
      ['list by due date', 'limit=50&sort=due'],
      ['view today', 'limit=50&view=today&tz=Europe/Zurich'],
      ['view overdue', 'limit=50&view=overdue&sort=due'],
      ['search, newest first', 'limit=50&q=c4ca'],
      ['search, best first', 'limit=50&q=c4ca&sort=relevance'],
      ['search, nothing found, typos', `limit=50&q=${randomUUID().slice(0, 8)}`],
    ] as const) {
      await measure('warm-up', port, across(query).slice(0, warmUps));
      say(format(await measure(name, port, across(query))));
    }
    const inLarge = (query: string) => Array.from({ length: 20 }, () => ask(largeUser, query));
    for (const [name, query] of [
      ['large lane, list', 'limit=50'],
      ['large lane, search, newest first', 'limit=50&q=c4ca'],
      ['large lane, search, best first', 'limit=50&q=c4ca&sort=relevance'],
      ['large lane, search, typos', 'limit=50&q=c4cz9a'],
    ] as const) {
      say(format(await measure(name, port, inLarge(query), 1)));
    }
    for (const sort of ['-created_at', 'due', 'position']) {
      const { halves, seen } = await pageThrough(port, tokenOf.get(largeUser) as string, sort, laneSize);
      if (seen !== laneSize) throw new Error(`Paging saw ${seen} of ${laneSize} tasks.`);
      const [first = 0, second = 0] = halves;
      say(
        `large lane, paged by ${sort.padEnd(12)} first half ${first.toFixed(2)} s, second ${second.toFixed(2)} s\n`,
      );
    }
  } finally {
    await server.stop();
  }
}

async function main(): Promise<void> {
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => interruption.abort(new Error(`Stopped by ${name}.`)));
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'tasklane-bench-'));
  // Postgres may run as another user, who must be able to open the directory.
  await chmod(dataDir, 0o755);
  // Postgres gets memory for all tasks, as an operator with a million tasks would configure it.
  const postgres = await startEmbeddedPostgres({
    dataDir,
    settings: { max_wal_size: '4GB', shared_buffers: '2GB' },
  });
  try {
    await migrateUp(postgres.url);
    await run(postgres.url, interruption.signal);
  } finally {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

main().catch((error) => {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exit(1);
});

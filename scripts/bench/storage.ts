/**
 * `npm run bench:storage [-- --tasks 300000] [-- --writes 300]`: bytes of a task on disk, and what each kind of write
 * costs, through the service, in a Postgres of its own: bytes of WAL (usually, and right after a checkpoint) and the
 * share of updates that are HOT.
 */

import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { searchVersion } from '../../src/domain/text/words';
import { signDevelopmentToken } from '../../src/platform/auth/development-token';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/server';
import { migrateUp } from '../../src/platform/database/migrations';
import { schema } from '../../src/platform/database/rows';
import { laneOf, makeLanes } from './lanes';
import { startChild } from './processes';
import { secret } from './workload';

const tasksInLane = 1_000;
const lanesWritten = 20;
// As long as the ids of Better Auth.
const userOf = (lane: number) => `user${String(lane).padStart(28, '0')}`;

// A title has 2 of 200 words, a description 10. A third of the tasks have a due date, a fifth a project, and one in fifty is
// completed.
const insertTasks = `
  with words as (select array_agg(substr(md5(n::text), 1, 4 + n % 6)) as word from generate_series(1, 200) as n),
  texts as (
    select lane, n, 'Task ' || word[1 + hash % 200] || ' ' || word[1 + hash / 200 % 200] as title,
      (select string_agg(word[1 + (hash * k) % 200], ' ') from generate_series(2, 11) as k) as description
    from words, unnest($1::text[]) as lane, generate_series(1, $2) as n,
      lateral (select abs(hashtext(lane || n))::bigint as hash) as hashed)
  insert into ${schema}.tasks
    (lane_id, id, title, description, status, priority, completed_at, due_date, created_at, updated_at, position,
      project_id, search, search_version)
  select ${laneOf('lane')}, gen_random_uuid(), title, description,
    (array['pending', 'in_progress', 'completed', 'cancelled'])[1 + least(n % 50, 3)],
    (array['low', 'medium', 'high', 'urgent'])[1 + n % 4], case when n % 50 = 2 then now() end,
    case when n % 3 = 0 then current_date + n % 400 - 100 end,
    now() - n * interval '1 minute', now() - n * interval '1 second', 'm' || lpad(to_hex(n), 13, '0'),
    case when n % 5 = 0 then md5(lane)::uuid end,
    setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', description), 'D'), ${searchVersion}
  from texts order by n`;

/** Creates lanes of 1,000 tasks, at least 20. @returns the number of tasks */
export async function load(client: Client, tasks: number): Promise<number> {
  const lanes = Array.from({ length: Math.max(lanesWritten, Math.round(tasks / tasksInLane)) }, (_, n) =>
    userOf(n),
  );
  await client.query(makeLanes, [lanes]);
  await client.query(
    `insert into ${schema}.projects (lane_id, id, name) select ${laneOf('lane')}, md5(lane)::uuid, 'Project' from unnest($1::text[]) as lane`,
    [lanes],
  );
  for (let n = 0; n < lanes.length; n += 20) {
    await client.query(insertTasks, [lanes.slice(n, n + 20), tasksInLane]);
  }
  await client.query(`vacuum analyze ${schema}.tasks`);
  await client.query(`reindex table ${schema}.tasks`);
  return lanes.length * tasksInLane;
}

interface Size {
  readonly name: string;
  readonly bytes: number;
}

/** The bytes of a table and of each of its indexes, for one row. */
export async function sizesOf(client: Client, table: string): Promise<Size[]> {
  const { rows } = await client.query<Size>(
    `select name, (bytes / greatest(1, total))::float as bytes
     from (select count(*) as total from ${schema}.${table}) as rows,
       (select $1 as name, pg_table_size($2::regclass)::numeric as bytes, 0 as place
        union all
        select relname, pg_relation_size(indexrelid), 1 from pg_index join pg_class on oid = indexrelid
        where indrelid = $2::regclass) as sizes
     order by place, bytes desc`,
    [table, `${schema}.${table}`],
  );
  return rows;
}

interface Task {
  readonly lane: string;
  readonly id: string;
  /** A task of the lane that the writes leave alone. */
  readonly anchor: string;
}

interface Kind {
  readonly name: string;
  readonly status: number;
  request(task: Task, n: number): { method: string; path: string; body?: object };
}

const kinds: readonly Kind[] = [
  {
    name: 'create',
    status: 201,
    request: (_task, n) => ({
      method: 'POST',
      path: '/tasks',
      body: { title: `Buy milk ${n}`, description: 'Two litres, and bread if there is any.' },
    }),
  },
  {
    name: 'edit a title',
    status: 200,
    request: ({ id }, n) => ({
      method: 'PATCH',
      path: `/tasks/${id}`,
      body: { title: `Call the bank ${n}` },
    }),
  },
  {
    name: 'complete',
    status: 200,
    request: ({ id }) => ({ method: 'PATCH', path: `/tasks/${id}/complete`, body: { completed: true } }),
  },
  {
    name: 'set a due date',
    status: 200,
    request: ({ id }) => ({ method: 'PATCH', path: `/tasks/${id}`, body: { due_date: '2030-01-31' } }),
  },
  {
    name: 'move',
    status: 200,
    request: ({ id, anchor }) => ({ method: 'POST', path: `/tasks/${id}/move`, body: { after: anchor } }),
  },
  { name: 'trash', status: 204, request: ({ id }) => ({ method: 'DELETE', path: `/tasks/${id}` }) },
  { name: 'purge', status: 204, request: ({ id }) => ({ method: 'DELETE', path: `/trash/${id}` }) },
];

interface Updates {
  readonly all: number;
  readonly hot: number;
}

// A session of Postgres reports its updates with a later transaction, or when it has been idle for 10 seconds.
const untilReportedMs = 11_000;

/** The updates of all tables so far. */
async function updatesSoFar(client: Client): Promise<Updates> {
  await sleep(untilReportedMs);
  const { rows } = await client.query(
    `select sum(n_tup_upd)::integer as all, sum(n_tup_hot_upd)::integer as hot from pg_stat_user_tables
     where schemaname = $1`,
    [schema],
  );
  return rows[0];
}

const log = async (client: Client): Promise<string> =>
  (await client.query('select pg_current_wal_insert_lsn() as at')).rows[0].at;

const bytesSince = async (client: Client, at: string): Promise<number> =>
  Number(
    (await client.query('select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1) as bytes', [at])).rows[0]
      .bytes,
  );

async function measureWrites(
  client: Client,
  port: number,
  writes: number,
  say: (text: string) => void,
): Promise<void> {
  const tokens = new Map<string, string>();
  const { rows: tasks } = await client.query<Task>(
    `select user_id as lane, numbered.id, anchor from
       (select lane_id, id, row_number() over lane as n, last_value(id) over lane as anchor from ${schema}.tasks
        where status = 'cancelled'
        window lane as (partition by lane_id order by id range between unbounded preceding and unbounded following)
       ) as numbered join ${schema}.lanes on lanes.id = lane_id
     where user_id = any($1) and n <= $2 order by n, user_id`,
    [Array.from({ length: lanesWritten }, (_, n) => userOf(n)), Math.ceil(writes / lanesWritten) + 1],
  );
  for (const { lane } of tasks) {
    if (!tokens.has(lane)) tokens.set(lane, await signDevelopmentToken(secret, { userId: lane }));
  }
  const send = async (kind: Kind, task: Task, n: number): Promise<void> => {
    const { method, path, body } = kind.request(task, n);
    const response = await fetch(`http://127.0.0.1:${port}/api/${task.lane}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${tokens.get(task.lane)}`,
        ...(body && {
          'Content-Type': 'application/json',
        }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (response.status !== kind.status) {
      throw new Error(`${kind.name}: ${response.status} ${await response.text()}`);
    }
    await response.arrayBuffer();
  };
  const setPageImages = async (value: 'on' | 'off'): Promise<void> => {
    await client.query(`alter system set full_page_writes = ${value}`);
    await client.query('select pg_reload_conf()');
    await client.query('checkpoint');
  };

  const usual = tasks.slice(0, -lanesWritten);
  const first = tasks.slice(-lanesWritten);
  say(`\nWAL per write (${usual.length} of each kind), and right after a checkpoint; updates that are HOT\n`);
  for (const kind of kinds) {
    await setPageImages('off');
    const before = await updatesSoFar(client);
    const start = await log(client);
    for (const [n, task] of usual.entries()) await send(kind, task, n);
    const bytes = (await bytesSince(client, start)) / usual.length;
    const after = await updatesSoFar(client);
    await setPageImages('on');
    let afterCheckpoint = 0;
    for (const [n, task] of first.entries()) {
      await client.query('checkpoint');
      const at = await log(client);
      await send(kind, task, n);
      afterCheckpoint += await bytesSince(client, at);
    }
    const hot = (100 * (after.hot - before.hot)) / (after.all - before.all);
    say(
      `${kind.name.padEnd(16)} ${bytes.toFixed(0).padStart(6)} B ${(afterCheckpoint / first.length).toFixed(0).padStart(8)} B ${hot.toFixed(0).padStart(5)} %\n`,
    );
  }
}

async function run(url: string, signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    options: {
      tasks: { type: 'string', default: '300000' },
      writes: { type: 'string', default: '300' },
    },
  });
  const say = (text: string) => void process.stdout.write(text);
  const client = new Client(url);
  await client.connect();
  try {
    const tasks = await load(client, Number(values.tasks));
    const sizes = await sizesOf(client, 'tasks');
    const perTask = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
    say(`${tasks} tasks, bytes per task\n`);
    for (const { name, bytes } of sizes) say(`${name.padEnd(24)} ${bytes.toFixed(0).padStart(6)}\n`);
    say(`${'all'.padEnd(24)} ${perTask.toFixed(0).padStart(6)}\n\n`);
    for (const millions of [1, 100, 1_000]) {
      say(`${millions} million tasks: ${((perTask * millions) / 1_000).toFixed(1)} GB\n`);
    }
    const environment = {
      DATABASE_URL: url,
      BETTER_AUTH_SECRET: secret,
      JOBS: 'none',
    };
    const server = await startChild<{ port: number }, 'cpu', number>('tasklane-server', '0', {
      environment,
      signal,
    });
    try {
      await measureWrites(client, server.ready.port, Number(values.writes), say);
    } finally {
      await server.stop();
    }
    say(`\nBytes per change in the history\n`);
    for (const { name, bytes } of await sizesOf(client, 'changes')) {
      say(`${name.padEnd(24)} ${bytes.toFixed(0).padStart(6)}\n`);
    }
  } finally {
    await client.end();
  }
}

async function main(): Promise<void> {
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => interruption.abort(new Error(`Stopped by ${name}.`)));
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'tasklane-bench-'));
  // Postgres may run as another user.
  await chmod(dataDir, 0o755);
  // Autovacuum would also write to the write-ahead log.
  const settings = {
    max_wal_size: '4GB',
    shared_buffers: '512MB',
    autovacuum: 'off',
    checkpoint_timeout: '1h',
  };
  const postgres = await startEmbeddedPostgres({ dataDir, settings });
  try {
    await migrateUp(postgres.url);
    await run(postgres.url, interruption.signal);
  } finally {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

if (require.main === module) {
  main().catch((error) => {
    process.stderr.write(`${error?.stack ?? error}\n`);
    process.exit(1);
  });
}

/**
 * `npm run bench:purge [-- --rows 10000000] [-- --lanes 10,100000] [-- --kinds changes] [-- --data DIR]`: purges a table of which
 * 90 % is past its retention, with few and with many lanes, while users write. Then rows come and go for some rounds. It
 * reports how long users' writes wait, and the sizes of the table and its indexes.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Client } from 'pg';
import pino from 'pino';
import { createChangePurgeJob } from '../../src/features/changes/job';
import { createDeliveryPurgeJob } from '../../src/features/webhooks/job';
import { schema } from '../../src/platform/database/rows';
import { createIdempotencyRecordsJob } from '../../src/platform/jobs/idempotency-records';
import type { Job } from '../../src/platform/jobs/job';
import { quantile } from './report';
import { findDatabase, startServer } from './scale-databases';
import { resetStatements, withClient } from './scale-fill';
import { type Scene, withScene } from './scale-measurements';

const retentionDays = 90;
const keptAtFirst = 0.1;

interface Kind {
  readonly table: string;
  /** The age at which rows are purged. */
  readonly retentionDays: number;
  readonly job: (days: number) => Job;
  /** Inserts rows `$2` to `$3` of each of `$1` lanes. `$4`: the days between two rows of a lane, `$5`: the age of the last in days. */
  readonly insert: string;
  /** Makes the profiles fit the rows. */
  readonly settle?: string;
  /** Whether rows come and go, after the purge. The retention is then shorter in each round. */
  readonly hasRounds: boolean;
}

const rowsOf = 'generate_series($2::bigint, $3::bigint) as n, generate_series(1, $1::bigint) as lane';
const at = `now() - ($5::float8 + ($3 - n) * $4::float8 + lane % 1000 / 1e5) * interval '1 day'`;

const kinds: Readonly<Record<string, Kind>> = {
  changes: {
    table: 'changes',
    retentionDays: retentionDays * 1.01,
    job: createChangePurgeJob,
    insert: `
      insert into ${schema}.changes (lane_id, seq, type, entity_id, action, fields, at, request)
      select lane, n, 'task', md5(lane || ' ' || n % 20)::uuid, 'updated',
        '{"title": {"from": "Buy milk", "to": "Buy two litres of milk"}}', ${at}, gen_random_uuid()
      from ${rowsOf}`,
    settle: `
      update ${schema}.profiles set change_seq = $1,
        oldest_change_at = (select at from ${schema}.changes where lane_id = profiles.lane_id and seq > purged_seq order by seq limit 1)`,
    hasRounds: true,
  },
  records: {
    table: 'idempotency_keys',
    retentionDays,
    job: createIdempotencyRecordsJob,
    insert: `
      insert into ${schema}.idempotency_keys (lane_id, operation, key_hash, fingerprint, status, created_at)
      select lane, 'createTask', sha256(convert_to(lane || ' ' || n, 'UTF8')), sha256(''), 201, ${at}
      from ${rowsOf}`,
    hasRounds: true,
  },
  deliveries: {
    table: 'webhook_deliveries',
    retentionDays: 30,
    job: createDeliveryPurgeJob,
    insert: `
      insert into ${schema}.webhook_deliveries
        (lane_id, id, webhook_id, event, seq, entity_id, fields, happened_at, state, attempt_count, created_at)
      select lane, gen_random_uuid(), md5('webhook ' || lane)::uuid, 'task.updated', n, md5(lane || ' ' || n % 20)::uuid,
        '{"title": {"from": "Buy milk", "to": "Buy two litres of milk"}}', now(), 'delivered', 1, ${at}
      from ${rowsOf}`,
    // Their retention is fixed.
    hasRounds: false,
  },
};

const makeLanes = `
  insert into ${schema}.lanes (id, user_id) overriding system value
  select lane, 'user' || lpad(lane::text, 28, '0') from generate_series(1, $1::bigint) as lane`;
const makeProfiles = `
  insert into ${schema}.profiles (lane_id, webhook_count) select lane, 1 from generate_series(1, $1::bigint) as lane`;
const makeWebhooks = `
  insert into ${schema}.webhooks (lane_id, id, url, secret, verified_at)
  select lane, md5('webhook ' || lane)::uuid, 'https://hooks.example/' || lane, 'whsec_' || md5(lane::text), now()
  from generate_series(1, $1::bigint) as lane`;

/** Fills a database with rows that are spread over time. `keptShare` of them are not older than their retention. */
async function fill(
  url: string,
  kind: Kind,
  lanes: number,
  rowsInLane: number,
  keptShare: number,
): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('set session_replication_role = replica; set synchronous_commit = off');
    for (const text of [makeLanes, makeProfiles, makeWebhooks]) await client.query(text, [lanes]);
    const rowsAtOnce = Math.max(1, Math.floor(200_000 / lanes));
    const days = kind.retentionDays / (rowsInLane * keptShare);
    for (let first = 1; first <= rowsInLane; first += rowsAtOnce) {
      const last = Math.min(rowsInLane, first + rowsAtOnce - 1);
      await client.query(kind.insert, [lanes, first, last, days, (rowsInLane - last) * days]);
    }
    if (kind.settle) await client.query(kind.settle, [rowsInLane]);
    await client.query(`vacuum analyze`);
  });
}

/** Creates tasks in some lanes until `signal` aborts. @returns the milliseconds of each request */
async function writeUntil(signal: AbortSignal, { send, lanes }: Scene): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; !signal.aborted; n++) {
    const startedAt = performance.now();
    await send(1 + (n % Math.min(10, lanes)), 'POST', '/tasks', { title: 'Buy milk' });
    times.push(performance.now() - startedAt);
    await sleep(20);
  }
  return times;
}

const say = (text: string) => process.stdout.write(`${text}\n`);
const show = (times: readonly number[]) =>
  `p50 ${quantile(times, 0.5).toFixed(0)} ms, p99 ${quantile(times, 0.99).toFixed(0)} ms, most ${Math.max(...times).toFixed(0)} ms of ${times.length}`;

async function sizes(client: Client, table: string): Promise<string> {
  const { rows } = await client.query<{ sizes: string }>(
    `select string_agg(name || ' ' || round(bytes / 1e6), ' MB, ') || ' MB' as sizes from (
       select $1 as name, pg_table_size($2::regclass) as bytes
       union all select relname, pg_relation_size(indexrelid) from pg_index join pg_class on oid = indexrelid
       where indrelid = $2::regclass) as parts`,
    [table, `${schema}.${table}`],
  );
  return rows[0]?.sizes as string;
}

/** Runs rounds of a job until there is no more to do. @returns the milliseconds of each round */
async function drain(job: Job, { database: { withSystem, laneForJob } }: Scene): Promise<number[]> {
  const context = {
    withSystem,
    laneForJob,
    log: pino({ level: 'silent' }),
    signal: new AbortController().signal,
  };
  const times: number[] = [];
  for (let more = true; more; ) {
    const startedAt = performance.now();
    more = (await job.run(context)).more;
    times.push(performance.now() - startedAt);
  }
  return times;
}

/** What Postgres counted for statements of the purge since the last reset. */
async function statements(client: Client): Promise<string> {
  const { rows } = await client.query<{ text: string }>(
    `select format('%s: %s calls, mean %s ms, most %s ms, %s pages a call', left(regexp_replace(query, '\\s+', ' ', 'g'), 60), calls,
       round(mean_exec_time::numeric, 2), round(max_exec_time::numeric), round((shared_blks_hit + shared_blks_read) / calls)) as text
     from pg_stat_statements join pg_database on oid = dbid
     where datname = current_database() and query not like '%pg_stat_statements%' order by total_exec_time desc limit 6`,
  );
  return rows.map(({ text }) => `    ${text}`).join('\n');
}

async function measure(scene: Scene, kind: Kind, rowsInLane: number): Promise<void> {
  const { client, lanes } = scene;
  const { table } = kind;
  say(`  before: ${await sizes(client, table)}`);
  const quiet = AbortSignal.timeout(5_000);
  say(`  writes of users without a purge: ${show(await writeUntil(quiet, scene))}`);
  await resetStatements(client);
  const ended = new AbortController();
  const writing = writeUntil(ended.signal, scene);
  const startedAt = performance.now();
  const times = await drain(kind.job(retentionDays), scene);
  const seconds = (performance.now() - startedAt) / 1000;
  ended.abort();
  const purged = lanes * rowsInLane * (1 - keptAtFirst);
  say(`  purge: ${seconds.toFixed(0)} s, ${(purged / seconds).toFixed(0)} rows/s; rounds: ${show(times)}`);
  const tenth = Math.ceil(times.length / 10);
  const mean = (some: readonly number[]) => some.reduce((all, each) => all + each, 0) / some.length;
  say(
    `  mean of the first tenth of the rounds ${mean(times.slice(0, tenth)).toFixed(0)} ms, of the last ${mean(times.slice(-tenth)).toFixed(0)} ms`,
  );
  say(`  writes of users meanwhile: ${show(await writing)}`);
  say(await statements(client));
  say(`  after: ${await sizes(client, table)}`);
  const vacuumedAt = performance.now();
  await client.query(`vacuum analyze ${schema}.${table}`);
  say(
    `  after a vacuum of ${((performance.now() - vacuumedAt) / 1000).toFixed(0)} s: ${await sizes(client, table)}`,
  );
}

const rounds = 12;
const shareOfARound = 0.05;

/** Adds a twentieth of the rows in each round, and shortens the retention so that as many are purged. */
async function measureRounds(
  scene: Scene,
  kind: Kind,
  rowsInLane: number,
  vacuumEach: number,
): Promise<void> {
  const { client, lanes } = scene;
  say(`  before, with a vacuum each ${vacuumEach} rounds: ${await sizes(client, kind.table)}`);
  const added = Math.max(1, Math.round(rowsInLane * shareOfARound));
  for (let round = 1; round <= rounds; round++) {
    const first = rowsInLane + (round - 1) * added + 1;
    await client.query(kind.insert, [lanes, first, first + added - 1, 1e-6, 0]);
    if (kind.settle) await client.query(`update ${schema}.profiles set change_seq = $1`, [first + added - 1]);
    await drain(kind.job(Math.round(retentionDays * (1 - round * shareOfARound))), scene);
    if (round % vacuumEach === 0) await client.query(`vacuum ${schema}.${kind.table}`);
    if (round % 4 === 0) say(`  after ${round} rounds: ${await sizes(client, kind.table)}`);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '10000000' },
      lanes: { type: 'string', default: '10,100000' },
      kinds: { type: 'string', default: Object.keys(kinds).join(',') },
      data: { type: 'string' },
    },
  });
  const directory = values.data ?? (await mkdtemp(join(tmpdir(), 'tasklane-purge-')));
  const server = await startServer(directory);
  try {
    for (const name of values.kinds.split(',')) {
      const kind = kinds[name];
      if (!kind) throw new Error(`There is no kind ${name}.`);
      for (const lanes of values.lanes.split(',').map(Number)) {
        const rowsInLane = Math.round(Number(values.rows) / lanes);
        const inDatabase = async (keptShare: number, rows: number, work: (scene: Scene) => Promise<void>) => {
          const database = `purge_${name}_${lanes}_${rows}_${keptShare * 10}`;
          const url = await findDatabase(server, database, (made) =>
            fill(made, kind, lanes, rows, keptShare),
          );
          say(`${name}: ${lanes} lanes with ${rows} rows (load average ${loadavg()[0]?.toFixed(1)})`);
          await withScene({ url, lanes, tasks: 0 }, work);
          // It can be measured only once.
          await withClient(server.url, (client) => client.query(`drop database ${database}`));
        };
        await inDatabase(keptAtFirst, rowsInLane, (scene) => measure(scene, kind, rowsInLane));
        if (!kind.hasRounds) continue;
        const rowsKept = Math.max(20, Math.round(rowsInLane * keptAtFirst));
        for (const vacuumEach of [1, 4]) {
          await inDatabase(1, rowsKept, (scene) => measureRounds(scene, kind, rowsKept, vacuumEach));
        }
      }
    }
  } finally {
    await server.stop();
    if (!values.data) await rm(directory, { recursive: true, force: true });
  }
}

main().catch((error) => {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exit(1);
});

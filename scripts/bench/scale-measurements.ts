/** What `bench:scale` measures: requests, the poll of event streams, and rounds of jobs. */
import { hash } from 'node:crypto';
import type { Client } from 'pg';
import pino from 'pino';
import { parseConfig } from '../../src/config';
import { measureDeliveries } from '../../src/features/webhooks/job';
import { choiceValues, chooseDue, nextDue } from '../../src/features/webhooks/leases';
import { signDevelopmentToken } from '../../src/platform/auth/development-token';
import { findChangedLanes } from '../../src/platform/database/changed-lanes';
import { createDatabase, type Database } from '../../src/platform/database/database';
import { schema } from '../../src/platform/database/rows';
import { createBacklogJob } from '../../src/platform/jobs/backlog';
import { type Service, startService } from '../../src/start';
import { fillLanes, resetStatements, taskOf, userOf, withClient } from './scale-fill';
import { secret } from './workload';

/** A database and a service that uses it. */
export interface Scene {
  readonly lanes: number;
  readonly tasks: number;
  readonly client: Client;
  readonly database: Database;
  readonly service: Service;
  /** Sends a request to a lane. @throws if it fails */
  send(lane: number, method: string, path: string, body?: object): Promise<Record<string, unknown>>;
  /** The sync tokens of the lanes that are measured. */
  readonly syncTokens: Map<number, string>;
}

export interface Measurement {
  readonly name: string;
  /** Prepares the database. It is not measured. */
  prepare?(scene: Scene): Promise<unknown>;
  /** @returns the number of things done: the cost is divided by it */
  run(scene: Scene): Promise<number>;
  /** Runs after the measurement. */
  tidy?(scene: Scene): Promise<unknown>;
}

const requests = 300;
const lanesDue = 1_000;
const lanesToMeasure = 100;
const lanesErased = 20;
const inFlight = 4;

/** Numbers of lanes, spread over all of them: the same in each measurement. */
function spread({ lanes }: Pick<Scene, 'lanes'>, count: number): number[] {
  const step = Math.max(1, Math.floor(lanes / count));
  return Array.from({ length: Math.min(count, lanes) }, (_, n) => 1 + n * step);
}

async function inTurns(lanes: readonly number[], work: (lane: number) => Promise<unknown>): Promise<void> {
  const left = lanes.values();
  const workers = Array.from({ length: inFlight }, async () => {
    for (const lane of left) await work(lane);
  });
  await Promise.all(workers);
}

const limits = { RATE_LIMIT_READS: '1000000', RATE_LIMIT_WRITES: '1000000', RATE_LIMIT_ADDRESS: '1000000' };

/** Starts a service without jobs, and stops it after `work`. */
export async function withScene<T>(
  { url, lanes, tasks }: { url: string; lanes: number; tasks: number },
  work: (scene: Scene) => Promise<T>,
): Promise<T> {
  const log = pino({ level: 'silent' });
  const environment = {
    DATABASE_URL: url,
    BETTER_AUTH_SECRET: secret,
    JOBS: 'none',
    SHEDDING: 'off',
    PORT: '0',
  };
  const config = parseConfig({ ...environment, ...limits });
  const service = await startService(config, log);
  const database = createDatabase(
    {
      url,
      appRole: config.databaseAppRole,
      systemRole: config.databaseSystemRole,
      max: 2,
      acquireTimeoutMs: 10_000,
      statementTimeoutMs: 600_000,
      preparedStatements: true,
    },
    log,
  );
  const tokens = new Map<number, string>();
  const send: Scene['send'] = async (lane, method, path, body) => {
    const userId = userOf(lane);
    const token = tokens.get(lane) ?? (await signDevelopmentToken(secret, { userId }));
    tokens.set(lane, token);
    const response = await fetch(`${service.url}/api/${userId}${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? {} : JSON.parse(text);
  };
  try {
    await service.ready;
    return await withClient(url, (client) =>
      work({ lanes, tasks, client, database, service, send, syncTokens: new Map() }),
    );
  } finally {
    await service.stop();
    await database.close();
  }
}

/** A measurement of requests to many lanes, after the same requests have warmed up caches and plans. */
function request(name: string, send: (scene: Scene, lane: number) => Promise<unknown>): Measurement {
  const all = (scene: Scene) => inTurns(spread(scene, requests), (lane) => send(scene, lane));
  return {
    name,
    prepare: all,
    async run(scene) {
      await all(scene);
      return requests;
    },
  };
}

/** The id of a task, as `taskOf` makes it in SQL. */
const taskId = (lane: number, n: number): string =>
  hash('md5', `${lane} ${n}`).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

/** A round of a job without work, and the work for each of `due` lanes. `makeDue` gets the lanes as `$1`. */
function job(name: string, what = '', makeDue?: string | readonly string[], due = lanesDue): Measurement[] {
  const idle: Measurement = {
    name: `job \`${name}\`, nothing due`,
    prepare: ({ service }) => service.runJob(name),
    async run({ service }) {
      await service.runJob(name);
      return 1;
    },
  };
  if (makeDue === undefined) return [idle];
  const busy: Measurement = {
    name: `job \`${name}\`, a lane with ${what}`,
    async prepare(scene) {
      const lanes = spread(scene, due);
      for (const text of [makeDue].flat()) await scene.client.query(text, [lanes]);
    },
    async run({ service }) {
      await service.runJob(name);
      return due;
    },
  };
  return [idle, busy];
}

const lanesOf = 'unnest($1::bigint[]) as lane';
const makeWebhooks = `
  insert into ${schema}.webhooks (lane_id, id, url, secret, verified_at)
  select lane, md5('webhook ' || lane)::uuid, 'https://hooks.example/' || lane, 'whsec_' || md5(lane::text), now()
  from ${lanesOf} on conflict do nothing`;

export const measurements: readonly Measurement[] = [
  request('get a task', ({ send }, lane) => send(lane, 'GET', `/tasks/${taskId(lane, 2)}`)),
  request('list 20 tasks', ({ send }, lane) => send(lane, 'GET', '/tasks?limit=50')),
  request('list by due date', ({ send }, lane) => send(lane, 'GET', '/tasks?limit=50&sort=due')),
  request('list the view today', ({ send }, lane) => send(lane, 'GET', '/tasks?limit=50&view=today')),
  request('search', ({ send }, lane) => send(lane, 'GET', '/tasks?limit=50&q=c4ca')),
  request('search, nothing found, typos', ({ send }, lane) => send(lane, 'GET', '/tasks?limit=50&q=qwxyz')),
  request('first page of sync', async ({ send, syncTokens }, lane) => {
    const { next_token } = await send(lane, 'GET', '/sync');
    syncTokens.set(lane, String(next_token));
  }),
  request('change a title', ({ send }, lane) =>
    send(lane, 'PATCH', `/tasks/${taskId(lane, 2)}`, { title: `Buy ${performance.now()} litres of milk` }),
  ),
  request('sync a change', ({ send, syncTokens }, lane) =>
    send(lane, 'GET', `/sync?token=${syncTokens.get(lane)}`),
  ),
  request('create a task', ({ send }, lane) => send(lane, 'POST', '/tasks', { title: 'Buy milk' })),
  request('read the activity', ({ send }, lane) => send(lane, 'GET', '/activity?limit=20')),
  {
    name: 'poll for 1,000 event streams, each',
    async run(scene) {
      const { client, database } = scene;
      const { rows } = await client.query<{ userId: string; epoch: string; seq: string }>(
        `select user_id as "userId", epoch, change_seq as seq from ${schema}.profiles
         join ${schema}.lanes on id = lane_id where lane_id = any ($1)`,
        [spread(scene, 1_000)],
      );
      const known = rows.map(({ seq, ...each }) => ({ ...each, seq: Number(seq) }));
      await resetStatements(client);
      const rounds = 20;
      for (let n = 0; n < rounds; n++) await findChangedLanes(database.withSystemForRequests, known);
      return rounds * known.length;
    },
  },
  ...job('reminders', 'a due reminder', [
    `update ${schema}.reminders set fire_at = now() - interval '1 minute', fired_at = null
     from ${lanesOf} where lane_id = lane and task_id = ${taskOf('lane', '5')}`,
  ]),
  ...job('overdue', 'an overdue task', [
    `update ${schema}.tasks set overdue_at = now() - interval '1 minute', overdue_told = null
     from ${lanesOf} where lane_id = lane and id = ${taskOf('lane', '3')}`,
  ]),
  ...job('purge', 'an old task in the trash', [
    `insert into ${schema}.tasks (lane_id, id, title, deleted_at, deleted_with)
     select lane, id, 'Task', now() - interval '31 days', id
     from ${lanesOf}, lateral (select gen_random_uuid() as id where lane > 0) as made`,
  ]),
  ...job('purge-changes', '5 old changes', [
    `delete from ${schema}.changes using ${lanesOf} where lane_id = lane`,
    `insert into ${schema}.changes (lane_id, seq, type, entity_id, action, fields, at)
     select lane_id, change_seq + n, 'task', gen_random_uuid(), 'updated', '{}',
       now() - case when n > 5 then interval '1 day' else interval '99 days' end
     from ${lanesOf} join ${schema}.profiles on lane_id = lane, generate_series(1, 10) as n`,
    `update ${schema}.profiles set purged_seq = change_seq, change_seq = change_seq + 10,
       oldest_change_at = now() - interval '99 days'
     from ${lanesOf} where lane_id = lane`,
  ]),
  ...job('purge-idempotency-records', 'an old reply and an old record', [
    `insert into ${schema}.idempotency_keys
       (lane_id, operation, key_hash, fingerprint, status, headers, body, created_at)
     select lane, 'createTask', sha256(convert_to(gen_random_uuid()::text || lane, 'UTF8')), sha256(''), 201,
       case when n = 1 then '{}'::jsonb end, case when n = 1 then repeat('{"title":"Buy milk"}', 25) end,
       now() - case when n = 1 then interval '25 hours' else interval '99 days' end - lane % 977 * interval '1 second'
     from ${lanesOf}, generate_series(1, 2) as n`,
  ]),
  ...job('webhooks-purge', '2 old deliveries', [
    makeWebhooks,
    `insert into ${schema}.webhook_deliveries
       (lane_id, id, webhook_id, event, happened_at, state, attempt_count, created_at)
     select lane, gen_random_uuid(), md5('webhook ' || lane)::uuid, 'task.updated', now(), 'delivered', 1,
       now() - interval '31 days' - lane % 977 * interval '1 second'
     from ${lanesOf}, generate_series(1, 2)`,
  ]),
  ...job('search', 'a task to index', [
    `update ${schema}.tasks set search = null, search_version = 0
     from ${lanesOf} where lane_id = lane and id = ${taskOf('lane', '2')}`,
  ]),
  ...job(
    'measure-storage',
    'storage to measure',
    `update ${schema}.profiles set storage_check_at = '-infinity' from ${lanesOf} where lane_id = lane`,
    lanesToMeasure,
  ),
  ...job('webhooks'),
  {
    name: 'choose webhooks, 1,000 due',
    async prepare(scene) {
      const lanes = spread(scene, lanesDue);
      await scene.client.query(makeWebhooks, [lanes]);
      await scene.client.query(
        `update ${schema}.webhooks set due_at = now() from ${lanesOf}
         where lane_id = lane and id = md5('webhook ' || lane)::uuid`,
        [lanes],
      );
    },
    async run({ database }) {
      await database.withSystem.read(async (system) => {
        await system.query(chooseDue, choiceValues([], 16));
        await system.query(nextDue);
      });
      return 1;
    },
  },
  {
    name: 'measure the webhook backlog, 1,000 due',
    async run({ database: { withSystem, laneForJob } }) {
      const { signal } = new AbortController();
      const backlog = createBacklogJob(
        'measure-webhook-backlog',
        measureDeliveries,
        () => false,
        () => undefined,
      );
      await backlog.run({ withSystem, laneForJob, log: pino({ level: 'silent' }), signal });
      return 1;
    },
    tidy: ({ client }) =>
      client.query(`update ${schema}.webhooks set due_at = null where due_at is not null`),
  },
  {
    name: 'erase a lane',
    prepare: ({ client, lanes, tasks }) => fillLanes(client, lanes + 1, lanes + lanesErased, tasks),
    async run({ lanes, send }) {
      for (let n = 1; n <= lanesErased; n++) {
        await send(lanes + n, 'DELETE', `?confirm=${userOf(lanes + n)}`);
      }
      return lanesErased;
    },
  },
];

/** A round of a job reads no more rows than it works on, also with many lanes and with outdated statistics. */
import pino from 'pino';
import { createEgressPolicy } from '../../../src/features/webhooks/egress-policy';
import { choiceValues, chooseDue, nextDue } from '../../../src/features/webhooks/leases';
import { createJobs } from '../../../src/jobs';
import { createDatabase, type Database } from '../../../src/platform/database/database';
import { defaultAppRole, defaultSystemRole } from '../../../src/platform/database/roles';
import type { System, WithSystem } from '../../../src/platform/database/system';
import type { JobContext } from '../../../src/platform/jobs/job';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { testConfig } from '../../support/service';

const lanes = 100;
const rowsInLane = 100;
const log = pino({ level: 'silent' });

let testDatabase: TestDatabase;
let database: Database;

const sql = (text: string) => query(testDatabase.url, text);

const rows = `generate_series(1, ${rowsInLane}) as n, tasklane.profiles`;

// The triggers would only check that the rows fit together.
const fill = [
  'set session_replication_role = replica',
  `select make_lane('user-' || n) from generate_series(1, ${lanes}) as n`,
  `insert into tasklane.tasks (lane_id, id, title, deleted_at, deleted_with, overdue_at, overdue_told, search, search_version)
   select lane_id, id, 'Task', now() - n * interval '1 hour', id, due, case when due < now() then due end, 'task', 3
   from ${rows}, lateral (
     select gen_random_uuid() as id, now() + (n - 50.5) * interval '1 hour' as due where n > 0) as made`,
  `insert into tasklane.deleted_projects (lane_id, id, name, archived, version, created_at, updated_at, deleted_at, roots)
   select lane_id, gen_random_uuid(), 'Project', false, 1, now(), now(), now() - n * interval '1 hour', '{}' from ${rows}`,
  `insert into tasklane.reminders (lane_id, task_id, fire_at, identity)
   select lane_id, gen_random_uuid(), now() + n * interval '1 hour', n from ${rows}`,
  `insert into tasklane.idempotency_keys (lane_id, operation, key_hash, fingerprint, status, headers, created_at)
   select lane_id, 'createTask', sha256(convert_to(n::text, 'UTF8')), sha256(''), 201,
     case when n <= 20 then '{}'::jsonb end, now() - n * interval '1 hour' from ${rows}`,
  `insert into tasklane.webhook_deliveries (lane_id, id, webhook_id, event, happened_at, state, created_at)
   select lane_id, gen_random_uuid(), gen_random_uuid(), 'task.created', now(), 'delivered', now() - n * interval '1 hour'
   from ${rows}`,
  `insert into tasklane.webhooks (lane_id, id, url, secret, verified_at, due_at)
   select lane_id, gen_random_uuid(), 'https://hooks.example', 'secret', now(), now() + n * interval '1 hour' from ${rows}`,
  // One row for each lane is not enough to show a plan that reads all.
  `select make_lane('more-' || n) from generate_series(1, 3000) as n`,
  `update tasklane.profiles set oldest_change_at = now(), storage_check_at = now() + interval '1 hour'`,
];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  await sql([...fill, 'reset session_replication_role'].join(';'));
  await sql('vacuum analyze');
  database = createDatabase(
    {
      url: testDatabase.url,
      appRole: defaultAppRole,
      systemRole: defaultSystemRole,
      max: 2,
      acquireTimeoutMs: 10_000,
      statementTimeoutMs: 60_000,
      preparedStatements: true,
    },
    log,
  );
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

interface Plan {
  'Node Type': string;
  'Actual Loops': number;
  'Actual Rows': number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

/** The number of rows that the scans of a plan read. */
function rowsRead(plan: Plan): number {
  const below = (plan.Plans ?? []).reduce((sum, each) => sum + rowsRead(each), 0);
  if (!plan['Node Type'].endsWith('Scan') || plan['Node Type'] === 'Subquery Scan') return below;
  const removed = plan['Rows Removed by Filter'] ?? 0;
  return below + plan['Actual Loops'] * (plan['Actual Rows'] + removed);
}

/** Runs work across lanes. @returns the number of rows that each statement read */
async function readsOf(work: (withSystem: WithSystem) => Promise<unknown>): Promise<number[]> {
  const reads: number[] = [];
  const explained: Promise<void>[] = [];
  const explain = async (system: System, text: string, values: readonly unknown[] = []) => {
    const [row] = await system.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `explain (analyze, costs off, timing off, format json) ${text}`,
      values,
    );
    reads.push(rowsRead((row as { 'QUERY PLAN': [{ Plan: Plan }] })['QUERY PLAN'][0].Plan));
  };
  const watched = (system: System): System => ({
    ...system,
    rows(table) {
      const builder = system.rows(table);
      // Knex has a placeholder `?` for each value here.
      builder.on('query', ({ sql, bindings }: { sql: string; bindings: unknown[] }) => {
        let count = 0;
        explained.push(
          explain(
            system,
            sql.replaceAll('?', () => `$${++count}`),
            bindings,
          ),
        );
      });
      return builder;
    },
    async query(text, values) {
      await explain(system, text, values);
      return system.query(text, values);
    },
  });
  await work({
    read: (part) => database.withSystem.read((system) => part(watched(system))),
    write: (part) => database.withSystem.write((system) => part(watched(system))),
  });
  await Promise.all(explained);
  return reads;
}

const observer = {
  metrics: {} as never,
  tracing: undefined,
  isIdle: () => false,
  backlogMeasured: () => undefined,
};

/** Runs a round of a job that finds lanes but does not write them. */
async function round(name: string): Promise<number[]> {
  const config = testConfig({ DATABASE_URL: testDatabase.url });
  const job = createJobs(config, createEgressPolicy([]), observer).find((each) => each.name === name);
  if (!job) throw new Error(`There is no job ${name}.`);
  const laneForJob: JobContext['laneForJob'] = () => ({
    read: async () => undefined as never,
    write: async () => undefined,
  });
  return readsOf((withSystem) =>
    job.run({ withSystem, laneForJob, log, signal: new AbortController().signal }),
  );
}

// The most rows that a round works on, and what makes all rows due, without new statistics.
const jobs: readonly [string, number, string][] = [
  ['purge-changes', 500, `update tasklane.profiles set oldest_change_at = now() - interval '1 year'`],
  ['reminders', 50, `update tasklane.reminders set fire_at = now() - interval '1 hour'`],
  ['overdue', 50, `update tasklane.tasks set overdue_told = null`],
  ['purge', 2_000, `update tasklane.tasks set deleted_at = deleted_at - interval '1 year'`],
  [
    'webhooks-purge',
    1_000,
    `update tasklane.webhook_deliveries set created_at = created_at - interval '1 year'`,
  ],
  [
    'purge-idempotency-records',
    2_000,
    `update tasklane.idempotency_keys set created_at = created_at - interval '1 year'`,
  ],
  ['search', 1_000, `update tasklane.tasks set search_version = 0, search = null`],
  ['measure-storage', 10, `update tasklane.profiles set storage_check_at = '-infinity'`],
];

test.each([...jobs.map(([name]) => name), 'webhooks', 'measure-webhook-backlog'])(
  'the job %s reads at most one row of each table if nothing is due',
  async (name) => {
    const reads = await round(name);
    expect(reads.length).toBeGreaterThan(0);
    // The next webhook to send is among the first 1,000.
    for (const read of reads) expect(read).toBeLessThanOrEqual(name === 'webhooks' ? 1_000 : 2);
  },
);

test.each(jobs)('the job %s reads only the rows of a round if all are due', async (name, limit, makeDue) => {
  await sql(makeDue);
  const [find = Number.POSITIVE_INFINITY] = await round(name);
  expect(find).toBeGreaterThan(0);
  expect(find).toBeLessThanOrEqual(limit);
});

test('the choice of webhooks compares only the first ones that are due', async () => {
  await sql(`update tasklane.webhooks set due_at = now() - interval '1 hour'`);
  const [choice, next] = await readsOf((withSystem) =>
    withSystem.read(async (system) => {
      await system.query(chooseDue, choiceValues([], 16));
      await system.query(nextDue);
    }),
  );
  // Results of common table expressions are read again.
  expect(choice).toBeLessThanOrEqual(3_000);
  expect(next).toBeLessThanOrEqual(1_000);
});

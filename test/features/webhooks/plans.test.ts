/** Frequent queries use an index, however many rows there are. */
import { Client } from 'pg';
import { chooseDue } from '../../../src/features/webhooks/leases';
import { defaultAppRole, defaultSystemRole } from '../../../src/platform/database/roles';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client(database.url);
  await client.connect();
  await client.query(
    `select make_lane('user-' || n) from generate_series(1, 2000) as n;
     insert into tasklane.webhooks (lane_id, id, url, secret, due_at)
     select lane_of('user-' || n), md5(n || '-' || m)::uuid, 'https://hooks.example.com/', 'whsec_AA==',
       case when n % 500 = 0 then now() - interval '1 minute' when n % 50 = 1 then now() + interval '1 hour' end
     from generate_series(1, 2000) as n, generate_series(1, 2) as m;
     insert into tasklane.webhook_deliveries
       (lane_id, id, webhook_id, event, seq, happened_at, state, due_at, created_at)
     select lane_of('user-' || n), gen_random_uuid(), md5(n || '-' || m)::uuid, 'task.created', k, now(),
       case when k % 200 = 0 then 'pending' else 'delivered' end, case when k % 200 = 0 then now() end,
       now() - k * interval '1 hour'
     from generate_series(1, 20) as n, generate_series(1, 2) as m, generate_series(1, 740) as k;
     analyze tasklane.webhooks; analyze tasklane.webhook_deliveries`,
  );
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Cond'?: string;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

/** The nodes of a statement's plan, as a role runs it. */
async function planOf(role: string, sql: string, values: unknown[] = []): Promise<Plan[]> {
  await client.query('begin');
  await client.query(
    `select set_config('app.lane_id', lane_of('user-7')::text, true), set_config('app.user_id', 'user-7', true),
       set_config('role', $1, true)`,
    [role],
  );
  const { rows } = await client.query(`explain (analyze, costs off, format json) ${sql}`, values);
  await client.query('rollback');
  const nodes: Plan[] = [];
  const visit = (node: Plan): void => {
    nodes.push(node);
    for (const child of node.Plans ?? []) visit(child);
  };
  visit(rows[0]['QUERY PLAN'][0].Plan);
  return nodes;
}

const typesOf = (nodes: Plan[]) => nodes.map((node) => node['Node Type']);
const removedIn = (nodes: Plan[]) =>
  nodes.reduce((sum, node) => sum + (node['Rows Removed by Filter'] ?? 0), 0);
const webhook = `lane_id = lane_of('user-7') and webhook_id = md5('7-1')::uuid`;

test('the search for due webhooks reads only those that are due', async () => {
  const nodes = await planOf(defaultSystemRole, chooseDue, [16, ['1'], [4], 4, 8]);
  expect(typesOf(nodes).filter((type) => type === 'Seq Scan')).toEqual([]);
  expect(nodes.some((node) => node['Index Cond']?.includes('due_at'))).toBe(true);
  expect(removedIn(nodes)).toBe(0);
});

test.each([
  ['a batch', 'due_at <= now() order by due_at limit 8', 'due_at'],
  [
    'a page of the log',
    `(created_at, id) < (now(), '80000000-0000-0000-0000-000000000000') order by created_at desc, id desc limit 21`,
    'created_at',
  ],
])('%s reads only the rows of its webhook', async (_what, condition, column) => {
  const sql = `select * from tasklane.webhook_deliveries where ${webhook} and ${condition}`;
  const nodes = await planOf(defaultAppRole, sql);
  expect(typesOf(nodes).filter((type) => /Seq Scan|Sort/.test(type))).toEqual([]);
  expect(nodes.find((node) => node['Index Cond'])?.['Index Cond']).toContain(column);
  expect(removedIn(nodes)).toBe(0);
});

test('the purge reads only old rows', async () => {
  const nodes = await planOf(
    defaultSystemRole,
    `select lane_id from tasklane.webhook_deliveries where created_at < now() - interval '30 days'
     order by created_at limit 1000`,
  );
  expect(typesOf(nodes).filter((type) => /Seq Scan|Sort/.test(type))).toEqual([]);
  expect(removedIn(nodes)).toBe(0);
});

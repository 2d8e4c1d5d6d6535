/** Every sort, filter and page of a large lane is answered by an index, under row-level security. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { defaultAppRole } from '../../src/database/roles';
import { createTestDatabase, type TestDatabase } from '../support/database';

const lanes = 20;
const tasksInLane = 2_000;

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client(database.url);
  await client.connect();
  await client.query(
    `insert into tasklane.profiles (user_id) select 'user-' || n from generate_series(1, $1) as n`,
    [lanes],
  );
  await client.query(
    `insert into tasklane.tasks (user_id, id, title, status, priority, completed_at, created_at, updated_at)
     select 'user-' || lane, gen_random_uuid(), 'Task ' || md5(n::text),
       (array['pending', 'in_progress', 'completed', 'cancelled'])[1 + least(n % 50, 3)],
       (array['low', 'medium', 'high', 'urgent'])[1 + least(n % 50, 3)],
       case when n % 50 = 2 then now() end,
       now() - n * interval '1 minute', now() - n * interval '1 second'
     from generate_series(1, $1) as lane, generate_series(1, $2) as n`,
    [lanes, tasksInLane],
  );
  await client.query(
    `insert into tasklane.changes (user_id, seq, type, entity_id, action, fields)
     select 'user-' || lane, n, 'task', md5((n % 200)::text)::uuid, 'updated', '{}'
     from generate_series(1, $1) as lane, generate_series(1, $2) as n`,
    [lanes, tasksInLane],
  );
  await client.query('analyze tasklane.tasks, tasklane.changes');
  await client.query('begin');
  await client.query(`select set_config('role', $1, true), set_config('app.user_id', 'user-7', true)`, [
    defaultAppRole,
  ]);
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

interface Plan {
  'Node Type': string;
  'Index Cond'?: string;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

async function planOf(sql: string): Promise<Plan[]> {
  const { rows } = await client.query(`explain (analyze, costs off, format json) ${sql}`);
  const nodes: Plan[] = [];
  const visit = (node: Plan): void => {
    nodes.push(node);
    for (const child of node.Plans ?? []) visit(child);
  };
  visit(rows[0]['QUERY PLAN'][0].Plan);
  return nodes;
}

const own = `select * from tasklane.tasks as tasks where user_id = 'user-7' and deleted_at is null`;

test.each([
  ['created_at', `now() - interval '1000 minutes'`],
  ['updated_at', `now() - interval '1000 seconds'`],
  ['title', `'Task 8'`],
  ['priority_rank', '2'],
  ['status_rank', '2'],
  ['position', `'m0005'`],
  ['due_asc', `'2026-06-01 12:00'`],
  ['due_desc', `'2026-06-01 12:00'`],
  ['completed_asc', `now() - interval '1000 seconds'`],
  ['completed_desc', `now() - interval '1000 seconds'`],
])('a page in the middle of a sort by %s reads its rows and no others', async (column, value) => {
  for (const [operator, direction] of [
    ['>', 'asc'],
    ['<', 'desc'],
  ]) {
    const nodes = await planOf(
      `${own} and (${column}, id) ${operator} (${value}, '80000000-0000-0000-0000-000000000000') order by ${column} ${direction}, id ${direction} limit 21`,
    );
    const types = nodes.map((node) => node['Node Type']);
    expect(types.filter((type) => /Seq Scan|Sort/.test(type))).toEqual([]);
    const scan = nodes.find((node) => /Index/.test(node['Node Type']));
    expect(scan?.['Index Cond']).toContain('user_id');
    expect(scan?.['Index Cond']).toContain(column);
    expect(scan?.['Rows Removed by Filter'] ?? 0).toBe(0);
  }
});

test.each([
  ['status_rank in (1, 2)'],
  ['priority_rank = 2'],
  [`created_at > now() - interval '10 minutes'`],
  [`updated_at < now() - interval '1990 seconds'`],
  [`id = '80000000-0000-0000-0000-000000000000'`],
])('a filter by %s is an index condition', async (condition) => {
  const nodes = await planOf(`${own} and ${condition}`);
  expect(nodes.map((node) => node['Node Type']).filter((type) => type === 'Seq Scan')).toEqual([]);
  const column = condition.split(' ')[0] as string;
  expect(nodes.some((node) => node['Index Cond']?.includes(column))).toBe(true);
});

test.each([
  ['a page of changes', `seq > 1000 order by seq limit 100`, 'seq'],
  ['the newest changes', `seq < 1000 order by seq desc limit 51`, 'seq'],
  ['the oldest change', `true order by seq limit 1`, 'user_id'],
  [
    'one entity’s history',
    `entity_id = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b' order by seq desc limit 11`,
    'entity_id',
  ],
])('%s reads its rows and no others', async (_what, condition, column) => {
  const nodes = await planOf(`select * from tasklane.changes where user_id = 'user-7' and ${condition}`);
  const types = nodes.map((node) => node['Node Type']);
  expect(types.filter((type) => /Seq Scan/.test(type))).toEqual([]);
  const scan = nodes.find((node) => /Index/.test(node['Node Type']));
  expect(scan?.['Index Cond']).toContain(column);
  expect(scan?.['Rows Removed by Filter'] ?? 0).toBe(0);
});

test('entities that have changed are found by their ids', async () => {
  const ids = Array.from({ length: 200 }, () => randomUUID());
  const nodes = await planOf(`${own} and id = any('{${ids}}'::uuid[])`);
  expect(nodes.map((node) => node['Node Type']).filter((type) => type === 'Seq Scan')).toEqual([]);
  expect(nodes.some((node) => node['Index Cond']?.includes('id = ANY'))).toBe(true);
});

/** Every sort, filter and page of a large lane reads this lane by an index, under row-level security. */

import { randomUUID } from 'node:crypto';
import knex from 'knex';
import { Client } from 'pg';
import { termsOf } from '../../../src/domain/text/words';
import { orderOf } from '../../../src/features/tasks/order';
import { listTasks, type TaskFilter, type TaskPageRequest } from '../../../src/features/tasks/repository';
import { viewMoment } from '../../../src/features/tasks/view';
import type { Position } from '../../../src/platform/database/keyset';
import type { Lane } from '../../../src/platform/database/lane';
import { noQuotas } from '../../../src/platform/database/quotas';
import { defaultAppRole } from '../../../src/platform/database/roles';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';

const lanes = 20;
const tasksInLane = 2_000;

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client(database.url);
  await client.connect();
  await client.query(`select make_lane('user-' || n) from generate_series(1, $1) as n`, [lanes]);
  await client.query(
    `insert into tasklane.tasks (lane_id, id, title, status, priority, completed_at, due_date, created_at, updated_at)
     select lane_of('user-' || lane), gen_random_uuid(), 'Task ' || md5(n::text),
       (array['pending', 'in_progress', 'completed', 'cancelled'])[1 + least(n % 50, 3)],
       (array['low', 'medium', 'high', 'urgent'])[1 + least(n % 50, 3)],
       case when n % 50 = 2 then now() end, case when n % 2 = 0 then date '2026-01-01' + n / 20 end,
       now() - n * interval '1 minute', now() - n * interval '1 second'
     from generate_series(1, $1) as lane, generate_series(1, $2) as n`,
    [lanes, tasksInLane],
  );
  await client.query(
    `insert into tasklane.projects (lane_id, id, name)
     select lane_of('user-' || lane), ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Project ' || n
     from generate_series(1, $1) as lane, generate_series(1, 50) as n`,
    [lanes],
  );
  // Half of the tasks have a due date, and one in twenty has a project, a parent, a tag.
  await client.query(
    `insert into tasklane.tags (lane_id, id, name, name_key)
     select lane_of('user-' || lane), ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, 'tag ' || n, 'tag ' || n
     from generate_series(1, $1) as lane, generate_series(1, 50) as n`,
    [lanes],
  );
  await client.query(
    `with numbered as (
       select lane_id, id, row_number() over (partition by lane_id order by id) as n,
         first_value(id) over (partition by lane_id order by id) as first
       from tasklane.tasks)
     update tasklane.tasks as task set
       project_id = ('00000000-0000-4000-8000-' || lpad((1 + n / 20 % 50)::text, 12, '0'))::uuid,
       parent_id = case when n between 100 and 120 then first end,
       tags = array['tag ' || 1 + n / 20 % 50],
       search = to_tsvector('simple', 'task number ' || n || ' ' || md5(n::text)),
       search_version = 3
     from numbered
     where task.lane_id = numbered.lane_id and task.id = numbered.id and n % 20 = 0`,
  );
  await client.query(
    `insert into tasklane.task_tags (lane_id, task_id, tag_id)
     select task.lane_id, task.id, tag.id from tasklane.tasks as task
     join tasklane.tags as tag on tag.lane_id = task.lane_id and tag.name = task.tags[1]`,
  );
  await client.query('vacuum analyze tasklane.task_tags, tasklane.tags, tasklane.projects');
  await client.query(
    `insert into tasklane.changes (lane_id, seq, type, entity_id, action, fields)
     select lane_of('user-' || lane), n, 'task', md5((n % 200)::text)::uuid, 'updated', '{}'
     from generate_series(1, $1) as lane, generate_series(1, $2) as n`,
    [lanes, tasksInLane],
  );
  await client.query('vacuum analyze tasklane.tasks, tasklane.changes');
  await client.query('begin');
  await client.query(
    `select set_config('app.lane_id', lane_of('user-7')::text, true), set_config('app.user_id', 'user-7', true),
       set_config('role', $1, true)`,
    [defaultAppRole],
  );
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

interface Plan {
  'Node Type': string;
  'Index Cond'?: string;
  'Index Name'?: string;
  'Rows Removed by Filter'?: number;
  'Actual Loops': number;
  'Actual Rows': number;
  Plans?: Plan[];
}

async function planOf(sql: string, bindings: unknown[] = []): Promise<Plan[]> {
  const { rows } = await client.query(`explain (analyze, costs off, format json) ${sql}`, bindings);
  const nodes: Plan[] = [];
  const visit = (node: Plan): void => {
    nodes.push(node);
    for (const child of node.Plans ?? []) visit(child);
  };
  visit(rows[0]['QUERY PLAN'][0].Plan);
  return nodes;
}

const own = `select * from tasklane.tasks as tasks where lane_id = lane_of('user-7') and deleted_at is null`;

test.each([
  ['created_at', `now() - interval '1000 minutes'`],
  ['position', `'m0005'`],
  ['due_local', `'2026-02-01 12:00'`],
])('a page in the middle of a sort by %s reads only its rows', async (column, value) => {
  for (const [operator, direction] of [
    ['>', 'asc'],
    ['<', 'desc'],
  ]) {
    const nodes = await planOf(
      `${own} and (${column}, id) ${operator} (${value}, '80000000-0000-0000-0000-000000000000') and ${column} is not null
       order by ${column} ${direction}, id ${direction} limit 21`,
    );
    const types = nodes.map((node) => node['Node Type']);
    expect(types.filter((type) => /Seq Scan|Sort/.test(type))).toEqual([]);
    const scan = nodes.find((node) => /Index/.test(node['Node Type']));
    expect(scan?.['Index Cond']).toContain('lane_id');
    expect(scan?.['Index Cond']).toContain(column);
    expect(scan?.['Rows Removed by Filter'] ?? 0).toBe(0);
  }
});

test.each([[`created_at > now() - interval '10 minutes'`], [`id = '80000000-0000-0000-0000-000000000000'`]])(
  'a filter by %s is an index condition',
  async (condition) => {
    const nodes = await planOf(`${own} and ${condition}`);
    expect(nodes.map((node) => node['Node Type']).filter((type) => type === 'Seq Scan')).toEqual([]);
    const column = condition.split(' ')[0] as string;
    expect(nodes.some((node) => node['Index Cond']?.includes(column))).toBe(true);
  },
);

test('no index of tasks has a column that most edits change, so that they are HOT', async () => {
  const { rows } = await client.query<{ column: string }>(
    // The columns of the keys and of the conditions of indexes.
    `select distinct attname as column from pg_depend
     join pg_index on objid = indexrelid and refobjid = indrelid
     join pg_attribute on attrelid = indrelid and attnum = refobjsubid
     where indrelid = 'tasklane.tasks'::regclass and classid = 'pg_class'::regclass`,
  );
  expect(rows.map(({ column }) => column).sort()).toEqual([
    'created_at',
    'deleted_at',
    'deleted_with',
    'due_local',
    'id',
    'lane_id',
    'overdue_at',
    'overdue_told',
    'parent_id',
    'position',
    'project_id',
    'search_version',
    'start_local',
  ]);
});

test.each([
  ['a page of changes', `seq > 1000 order by seq limit 100`, 'seq'],
  ['the newest changes', `seq < 1000 order by seq desc limit 51`, 'seq'],
  ['the oldest change', `true order by seq limit 1`, 'lane_id'],
  [
    'one entity’s history',
    `entity_id = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b' order by seq desc limit 11`,
    'entity_id',
  ],
])('%s reads only its rows', async (_what, condition, column) => {
  const nodes = await planOf(
    `select * from tasklane.changes where lane_id = lane_of('user-7') and ${condition}`,
  );
  const types = nodes.map((node) => node['Node Type']);
  expect(types.filter((type) => /Seq Scan/.test(type))).toEqual([]);
  const scan = nodes.find((node) => /Index/.test(node['Node Type']));
  expect(scan?.['Index Cond']).toContain(column);
  expect(scan?.['Rows Removed by Filter'] ?? 0).toBe(0);
});

test('changed entities are found by their ids', async () => {
  const ids = Array.from({ length: 200 }, () => randomUUID());
  const nodes = await planOf(`${own} and id = any('{${ids}}'::uuid[])`);
  expect(nodes.map((node) => node['Node Type']).filter((type) => type === 'Seq Scan')).toEqual([]);
  expect(nodes.some((node) => node['Index Cond']?.includes('id = ANY'))).toBe(true);
});

interface Sent {
  sql: string;
  bindings: unknown[];
}

const byId: Partial<TaskPageRequest> = { order: [{ column: 'id', direction: 'asc' }] };

/** Runs the service's query in a lane; returns its custom or generic plan. */
async function planOfList(
  filter: TaskFilter,
  mode: 'custom' | 'generic',
  page: Partial<TaskPageRequest> = byId,
): Promise<Plan[]> {
  const pool = knex({ client: 'pg', connection: database.url, pool: { min: 0, max: 1 } });
  const sent: Sent[] = [];
  try {
    const [{ id }] = (await query<{ id: string }>(database.url, `select lane_of('user-7') as id`)) as [
      { id: string },
    ];
    await pool.raw(`select set_config('app.lane_id', ?, false), set_config('role', ?, false)`, [
      id,
      defaultAppRole,
    ]);
    pool.on('query', ({ sql, bindings }: Sent) => sent.push({ sql, bindings }));
    const lane: Lane = {
      id,
      userId: 'user-7',
      quotas: noQuotas,
      rows: (table) => pool(`tasklane.${table} as ${table}`).where(`${table}.lane_id`, id) as never,
      template(_key, args, build) {
        return build(this as never, args) as never;
      },
      expression: (sql, bindings = []) => pool.raw(sql, [...bindings]),
      bounded: (_timeoutMs, part) => part(),
    };
    await listTasks(lane, { filter, order: [], after: null, limit: 1_000, ...page });
  } finally {
    await pool.destroy();
  }
  const [{ sql, bindings }] = sent as [Sent];
  await client.query(`set local plan_cache_mode = force_${mode}_plan`);
  return planOf(sql, bindings);
}

const views = ['today', 'overdue', 'upcoming', 'no_date'] as const;
const middle = '80000000-0000-4000-8000-000000000000';
const day = '00000000-0000-4000-8000-000000000007';

const filters: readonly [string, TaskFilter][] = [
  ['nothing', {}],
  ['statuses', { status: ['pending', 'in_progress'] }],
  ['a priority', { priority: ['medium'] }],
  ['updates', { updatedBefore: new Date() }],
  ['completions', { completedAfter: new Date(0) }],
  ...views.map((name): [string, TaskFilter] => [
    `the view ${name}`,
    { view: { name, at: viewMoment('Europe/Zurich', new Date('2026-02-10T12:00:00Z')) } },
  ]),
  ['a project', { projectId: [day] }],
  ['a parent', { parentId: day }],
  ['any of some tags', { tagsAny: ['tag 3', 'tag 4'] }],
  ['all of some tags', { tagsAll: ['tag 3', 'tag 4'] }],
  ['none of some tags', { tagsNone: ['tag 3'] }],
  ['days', { dueFrom: '2026-02-01', dueUntil: '2026-02-07' }],
  ['no parent', { hasNot: ['parent'] }],
  ['words', { search: { terms: termsOf('number 7'), near: null } }],
  [
    'words that are nearly these',
    { search: { terms: termsOf('numbre'), near: [[{ word: 'number', similarity: 0.5 }]] } },
  ],
];

describe.each(['custom', 'generic'] as const)('with a %s plan', (mode) => {
  test.each(filters)('a filter by %s reads the lane by an index', async (_name, filter) => {
    const nodes = await planOfList(filter, mode);
    expect(nodes.map((node) => node['Node Type']).filter((type) => type === 'Seq Scan')).toEqual([]);
    const scans = nodes.filter((node) => node['Index Cond']);
    expect(scans.length).toBeGreaterThan(0);
    for (const scan of scans) expect(scan['Index Cond']).toContain('lane_id');
  });

  test.each([
    ['title', 'Task 8'],
    ['priority', 2],
    ['status', 2],
    ['updated_at', '2026-01-01T00:00:00.000Z'],
    ['completed_at', 'infinity'],
  ] as const)('a page in the middle of a sort by %s reads the lane by an index', async (field, value) => {
    for (const sort of [field, `-${field}`] as const) {
      const order = orderOf([sort], undefined);
      const nodes = await planOfList({}, mode, { order, after: [value, day], limit: 21 });
      expect(nodes.map((node) => node['Node Type']).filter((type) => type === 'Seq Scan')).toEqual([]);
      const scans = nodes.filter((node) => node['Index Cond']);
      expect(scans.length).toBeGreaterThan(0);
      for (const scan of scans) expect(scan['Index Cond']).toContain('lane_id');
    }
  });

  test.each(['due', '-due'] as const)('a sort by %s reads only the rows of its page', async (sort) => {
    const order = orderOf([sort], undefined);
    /** The index conditions of the scans that ran, and the number of their rows. */
    const scansFrom = async (after: Position | null, limit: number) => {
      const nodes = await planOfList({}, mode, { order, after, limit });
      expect(nodes.map((node) => node['Node Type']).filter((type) => type === 'Seq Scan')).toEqual([]);
      const ran = nodes.filter((node) => node['Index Cond'] && node['Actual Loops'] > 0);
      for (const scan of ran) expect(scan['Index Cond']).toContain('lane_id');
      return ran.map((scan) => [scan['Index Name'], scan['Actual Rows']]);
    };
    expect(await scansFrom(null, 21)).toEqual([['tasks_by_due', 21]]);
    expect(await scansFrom(['2026-02-01 12:00:00', middle], 5)).toEqual([['tasks_by_due', 5]]);
    const undated = ['tasks_pkey', 21];
    expect(await scansFrom([sort === 'due' ? 'infinity' : '-infinity', middle], 21)).toEqual([undated]);
    const [late, left] = sort === 'due' ? ['2026-04-10 12:00:00', 11] : ['2026-01-02 12:00:00', 9];
    expect(await scansFrom([late, middle], 21)).toEqual([['tasks_by_due', left], undated]);
  });
});

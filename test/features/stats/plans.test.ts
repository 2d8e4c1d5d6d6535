/** Statistics read only the rows of their own lane, by its indexes, under row-level security. */
import { Client } from 'pg';
import { offsetsBetween } from '../../../src/domain/time/calendar';
import { completionsQuery, kindsQuery, profileSinceQuery } from '../../../src/features/stats/repository';
import type { Database } from '../../../src/platform/database/database';
import type { Lane } from '../../../src/platform/database/lane';
import { defaultAppRole } from '../../../src/platform/database/roles';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { openDatabase } from '../../support/open-database';

const lanes = 20;
const tasksInLane = 2_000;

let testDatabase: TestDatabase;
let database: Database;
let client: Client;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  client = new Client(testDatabase.url);
  await client.connect();
  await client.query(`select make_lane('user-' || n) from generate_series(1, $1) as n`, [lanes]);
  await client.query(
    `insert into tasklane.tasks (lane_id, id, title, status, completed_at)
     select lane_of('user-' || lane), gen_random_uuid(), 'Task ' || n, case when n % 2 = 0 then 'completed' else 'pending' end,
       case when n % 2 = 0 then now() - n * interval '7 hours' end
     from generate_series(1, $1) as lane, generate_series(1, $2) as n`,
    [lanes, tasksInLane],
  );
  await client.query(
    `insert into tasklane.completions (lane_id, id, task_id, title, due_date, completed_at, rrule, status, reopened)
     select lane_id, gen_random_uuid(), id, title, '2026-01-01', now() - n * interval '1 day', 'FREQ=DAILY', 'pending', '[]'
     from tasklane.tasks, generate_series(1, 5) as n where title like '%1'`,
  );
  await client.query(
    `insert into tasklane.purged_completions (lane_id, task_id, completed_at, count)
     select lane_of('user-' || lane), gen_random_uuid(), now() - n * interval '1 day', 1
     from generate_series(1, $1) as lane, generate_series(1, $2) as n`,
    [lanes, tasksInLane],
  );
  await client.query('analyze tasklane.purged_completions');
  await client.query('analyze tasklane.tasks');
  await client.query('analyze tasklane.completions');
  await client.query('analyze tasklane.profiles');
  database = openDatabase(testDatabase.url, { max: 1 });
  await client.query('begin');
  await client.query(
    `select set_config('app.lane_id', lane_of('user-7')::text, true), set_config('app.user_id', 'user-7', true),
       set_config('role', $1, true)`,
    [defaultAppRole],
  );
});
afterAll(async () => {
  await database.close();
  await client.end();
  await testDatabase.drop();
});

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Cond'?: string;
  Plans?: Plan[];
}

interface Compiled {
  toSQL(): { toNative(): { sql: string; bindings: readonly unknown[] } };
}

/** The nodes of a query's plan that read a table. */
async function scansOf(build: (lane: Lane) => Compiled): Promise<Plan[]> {
  const { sql, bindings } = await database
    .withUser('user-7')
    .read(async (lane) => build(lane).toSQL().toNative());
  const { rows } = await client.query(`explain (analyze, costs off, format json) ${sql}`, [...bindings]);
  const scans: Plan[] = [];
  const visit = (node: Plan): void => {
    if (node['Relation Name'] || /Index/.test(node['Node Type'])) scans.push(node);
    for (const child of node.Plans ?? []) visit(child);
  };
  visit(rows[0]['QUERY PLAN'][0].Plan);
  return scans;
}

const now = new Date('2026-11-21T12:00:00Z');
const range = {
  from: '2026-10-23',
  until: '2026-11-21',
  yesterday: '2026-11-20',
  offsets: offsetsBetween('Europe/Zurich', new Date('2024-01-01'), now),
};

const doneTables = ['tasks', 'completions', 'purged_completions'];

test.each<[string, (lane: Lane) => Compiled, string[]]>([
  ['tasks by kind', kindsQuery, ['tasks', 'projects']],
  ['completions and streaks', (lane) => completionsQuery(lane, range), doneTables],
  ['the first completion', profileSinceQuery, doneTables],
])('%s', async (_what, build, tables) => {
  const scans = await scansOf(build);
  const read = scans.filter((scan) => scan['Relation Name'] !== 'profiles');
  expect(read.filter((scan) => scan['Node Type'] === 'Seq Scan')).toEqual([]);
  expect(new Set(read.map((scan) => scan['Relation Name']).filter(Boolean))).toEqual(new Set(tables));
  const looks = read.filter((scan) => /Index/.test(scan['Node Type']));
  expect(looks.length).toBeGreaterThan(0);
  for (const look of looks) expect(look['Index Cond']).toContain('lane_id');
});

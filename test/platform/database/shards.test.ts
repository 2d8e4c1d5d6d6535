/** Tests that the schema can be distributed by `lane_id`, and the check that a statement can run on the shards. */

import { loadModule } from 'libpg-query';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { functionsOf, laneKeyOf } from '../../support/lane-statements';
import { type KnownFunctions, readForShards, seeRules } from '../../support/shard-rules';

const key = { schema: 'app', column: 'lane_id', tables: new Set(['a', 'b']) };
const functions: KnownFunctions = {
  localSettings: new Set(['app.now']),
  volatile: new Set(['clock_timestamp']),
  mutable: new Set(['clock_timestamp', 'refuse', 'now', 'current_setting', 'set_config']),
  volatileDefaults: new Set(['b.position']),
};
const read = (sql: string) => readForShards(sql, key, functions);

beforeAll(loadModule);

describe('the check of a statement', () => {
  test.each([
    ['no lane table', `select set_config('role', $1, true), current_setting('x')`],
    ['a setting that SET LOCAL sets', `select current_setting('app.now') from app.a where lane_id = $1`],
    ['the time of the write', `update app.a set n = current_setting('app.now') where lane_id = $1`],
    ['INSERT … SELECT', `insert into app.a (lane_id, n) select lane_id, n from app.b where lane_id = $1`],
    [
      'INSERT … SELECT with a value for a column with a volatile default',
      `insert into app.b (lane_id, position) select lane_id, now() from app.a where lane_id = $1`,
    ],
    [
      'a recursive query with the lane in each part',
      `with recursive line as (select n from app.a where lane_id = $1 union all
         select b.n from line join app.b as b on b.id = line.n where b.lane_id = $1) select count(*) from line`,
    ],
    [
      'INSERT … SELECT with RETURNING and an alias',
      'insert into app.a as a (lane_id, n) select lane_id, n from app.b where lane_id = $1 returning n',
    ],
    [
      'a refusal that depends on a row',
      `update app.a set n = 1 where lane_id = $1 and app.refuse(case when n > 1 then 'no' end)`,
    ],
    ['a volatile function in VALUES', `insert into app.a (lane_id, at) values ($1, clock_timestamp())`],
    [
      'ON CONFLICT with the value of the row',
      `insert into app.a (lane_id, at) values ($1, clock_timestamp()) on conflict (lane_id) do update set at = excluded.at`,
    ],
  ])('accepts %s', (_what, sql) => {
    expect(read(sql).reasons).toEqual([]);
  });

  test.each([
    [
      'set_config',
      `select set_config('app.now', '1', true) from app.a where lane_id = $1`,
      'calls set_config',
    ],
    ['another setting', `select current_setting('app.x') from app.a where lane_id = $1`, 'reads app.x'],
    [
      'a lane of a parameter in INSERT … SELECT',
      'insert into app.a (lane_id, n) select $1, n from app.b where lane_id = $1',
      'does not take the lane from a table',
    ],
    [
      'INSERT … SELECT without a table',
      'insert into app.a (lane_id, n) select lane_id, 1 from (values (1)) as v(lane_id) where lane_id = $1',
      'does not take the lane from a table',
    ],
    [
      'a volatile function in INSERT … SELECT',
      'insert into app.a (lane_id, at) select lane_id, clock_timestamp() from app.b where lane_id = $1',
      'calls clock_timestamp, which is volatile',
    ],
    [
      'a volatile default in INSERT … SELECT',
      'insert into app.b (lane_id, n) select lane_id, n from app.a where lane_id = $1',
      'omits b.position',
    ],
    [
      'a refusal that depends on no row',
      `update app.a set n = 1 where lane_id = $1 and (n < 1 or app.refuse('no'))`,
      'calls refuse without a column',
    ],
    [
      'INSERT … SELECT with RETURNING, without an alias',
      'insert into app.a (lane_id, n) select lane_id, n from app.b where lane_id = $1 returning n',
      'needs an alias',
    ],
    [
      'a cast to text in RETURNING',
      'update app.a set n = 1 where lane_id = $1 returning at::text',
      'RETURNING casts to text',
    ],
    [
      'a cast to a time in SET',
      'update app.a set at = ($2::jsonb ->> id::text)::timestamptz where lane_id = $1',
      'casts a text that depends on a column',
    ],
    [
      'a volatile function in the condition of a change',
      'delete from app.a where lane_id = $1 and at < clock_timestamp()',
      'the condition of a change calls clock_timestamp',
    ],
    [
      'a recursive query whose lane comes from another table',
      `select (with recursive line as (select a.n as up union all
         select b.n from line join app.b as b on b.lane_id = a.lane_id and b.id = line.up) select count(*) from line)
       from app.a as a where a.lane_id = $1`,
      'a recursive query does not compare the lane',
    ],
    [
      'INSERT … SELECT after a change of the same table',
      `with x as (update app.a as held set n = 1 where held.lane_id = $1)
       insert into app.a (lane_id, n) select lane_id, n from app.b where lane_id = $1`,
      'INSERT … SELECT has a common table expression that changes the same table',
    ],
    ['a subquery in VALUES', 'insert into app.a (lane_id, n) values ($1, (select 1))', 'holds a subquery'],
    [
      'a volatile function in SET',
      'update app.a set at = clock_timestamp() where lane_id = $1',
      'SET calls clock',
    ],
    [
      'a function in CASE',
      'update app.a set at = case when n > 1 then now() end where lane_id = $1',
      'CASE or COALESCE in UPDATE … SET calls now',
    ],
    [
      'a function in RETURNING, in a common table expression',
      'with x as (update app.a set n = 1 where lane_id = $1 returning app.refuse(n)) select from x',
      'RETURNING calls refuse',
    ],
    [
      'a function in ON CONFLICT',
      'insert into app.a (lane_id) values ($1) on conflict (lane_id) do update set at = now()',
      'ON CONFLICT calls now',
    ],
  ])('refuses %s', (_what, sql, reason) => {
    expect(read(sql).reasons).toEqual([expect.stringMatching(new RegExp(`${reason}.*${seeRules}`))]);
  });

  test.each([
    ['select n from app.a for update', [], 1],
    ['update app.a set n = 1 where n = 2', [], 1],
    ['with x as (select id from app.a) update app.a set n = 1 from x where a.id = x.id', [], 2],
    ['delete from app.a where lane_id = $1', [{ parameter: 1 }], 0],
    ['select n from app.a where lane_id = $2 for update', [{ parameter: 2 }], 0],
    ['select n from app.a', [], 0],
  ])('finds the lanes whose rows are locked by: %s', (sql, lockedKeys, unbound) => {
    const reading = read(sql);
    expect(reading.lockedKeys).toEqual(lockedKeys);
    expect(reading.unboundLocks).toHaveLength(unbound);
  });
});

describe('the schema', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  const laneTables = `select table_name from information_schema.columns
    where table_schema = 'tasklane' and column_name = 'lane_id'`;
  const find = (sql: string) => query<{ name: string }>(database.url, sql);

  test('has the lane in each primary key, unique constraint and unique index of a lane table', async () => {
    expect(
      await find(`select indexrelid::regclass::text as name from pg_index join pg_class on pg_class.oid = indrelid
        where indisunique and relnamespace = 'tasklane'::regnamespace and relname in (${laneTables})
          and not exists (select from pg_attribute where attrelid = indrelid and attname = 'lane_id' and attnum = any (indkey))`),
    ).toEqual([]);
  });

  test('has the lane in each foreign key of a lane table, at the same place on both sides', async () => {
    // A reference to the registry is one to a reference table.
    expect(
      await find(`select conname::text as name from pg_constraint as con join pg_class on pg_class.oid = conrelid
        where contype = 'f' and relnamespace = 'tasklane'::regnamespace and relname in (${laneTables})
          and confrelid <> 'tasklane.lanes'::regclass
          and not exists (select from unnest(conkey, confkey) as pair(here, there)
            join pg_attribute as one on one.attrelid = conrelid and one.attnum = here and one.attname = 'lane_id'
            join pg_attribute as other on other.attrelid = confrelid and other.attnum = there and other.attname = 'lane_id')`),
    ).toEqual([]);
  });

  test('has policies without subqueries and own functions, that read only settings of SET LOCAL', async () => {
    const { localSettings, volatile } = await functionsOf(database.url);
    const policies = await query<{ name: string; text: string }>(
      database.url,
      `select tablename || ' ' || policyname as name, concat_ws(' ', qual, with_check) as text
       from pg_policies where schemaname = 'tasklane'`,
    );
    expect(policies.length).toBeGreaterThan(10);
    for (const { name, text } of policies) {
      const settings = [...text.matchAll(/current_setting\('([^']+)'/g)].map(
        ([, setting]) => setting as string,
      );
      const called = [...text.matchAll(/(\w+)\(/g)].map(([, called]) => called as string);
      expect({ name, unset: settings.filter((setting) => !localSettings.has(setting)) }).toEqual({
        name,
        unset: [],
      });
      expect({ name, volatile: called.filter((each) => volatile.has(each)) }).toEqual({ name, volatile: [] });
      expect(text).not.toMatch(/\bselect\b|tasklane\./i);
    }
  });

  test('has no trigger, and no sequence, on a lane table', async () => {
    const { tables } = await laneKeyOf(database.url);
    const names = [...tables].map((table) => `'tasklane.${table}'::regclass`).join();
    expect(
      await find(
        `select tgname::text as name from pg_trigger where not tgisinternal and tgrelid in (${names})`,
      ),
    ).toEqual([]);
    expect(
      await find(`select objid::regclass::text as name from pg_depend
        where classid = 'pg_class'::regclass and refobjid in (${names}) and deptype in ('a', 'i')
          and objid in (select oid from pg_class where relkind = 'S')`),
    ).toEqual([]);
  });
});

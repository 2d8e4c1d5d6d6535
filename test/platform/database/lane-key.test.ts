/** Tests the check that a statement stays in its lane. */
import { loadModule } from 'libpg-query';
import { readStatement } from '../../support/lane-key';

const key = { schema: 'app', column: 'lane_id', tables: new Set(['a', 'b']) };
const read = (sql: string) => readStatement(sql, key);

beforeAll(loadModule);

test.each([
  ['no table of the lanes', 'select now(), x from other.a as x', []],
  ['a condition', 'select * from app.a where lane_id = $2', [2]],
  ['a condition on an alias', 'select * from app.a as x where 1 = 1 and (x.lane_id = $1 and x.n > 2)', [1]],
  ['a cast, with the sides swapped', 'select * from app.a where $1::text = a.lane_id', [1]],
  ['a join on the key', 'select * from app.a join app.b on b.lane_id = a.lane_id where a.lane_id = $1', [1]],
  [
    'a chain of joins in any order',
    'select * from app.a as x, app.a as y, app.b where x.lane_id = y.lane_id and y.lane_id = b.lane_id and b.lane_id = $1',
    [1],
  ],
  [
    'the outer side of a left join by its condition',
    'select * from app.a left join app.b on b.lane_id = a.lane_id and b.n > 1 where a.lane_id = $1',
    [1],
  ],
  [
    'a subquery that is bound to the query around it',
    'select (select max(n) from app.b where b.lane_id = x.lane_id) from app.a as x where lane_id = $1',
    [1],
  ],
  [
    'a lateral subquery',
    'select * from app.a, lateral (select 1 from app.b where b.lane_id = a.lane_id) as l where a.lane_id = $1',
    [1],
  ],
  [
    'a common table expression of the same name',
    'with a as (select 1 as n) select * from a where n in (select n from app.a where lane_id = $1)',
    [1],
  ],
  [
    'a recursive common table expression',
    `with recursive t as (select id from app.a where lane_id = $1 union all
       select a.id from app.a join t on t.id = a.parent where a.lane_id = $2) select * from t`,
    [1, 2],
  ],
  [
    'both sides of a union',
    'select 1 from app.a where lane_id = $1 union select 2 from app.b where lane_id = $2',
    [1, 2],
  ],
  ['an update', 'update app.a set n = 1 where lane_id = $1', [1]],
  [
    'an update from another table',
    'update app.a set n = b.n from app.b where a.lane_id = b.lane_id and b.lane_id = $1',
    [1],
  ],
  ['a delete', 'delete from app.a using app.b where a.lane_id = $1 and b.lane_id = a.lane_id', [1]],
  ['rows to insert', 'insert into app.a (n, lane_id) values (1, $1), (2, $2)', [1, 2]],
  [
    'rows to insert from a query',
    'insert into app.a (lane_id) select b.lane_id from app.b where b.lane_id = $1',
    [1],
  ],
  [
    'a conflict within the lane',
    'insert into app.a (lane_id, id) values ($1, 1) on conflict (lane_id, id) do update set n = excluded.n returning *',
    [1],
  ],
  ['a conflict that changes nothing', 'insert into app.a (lane_id) values ($1) on conflict do nothing', [1]],
])('accepts %s', (_what, sql, parameters) => {
  const { reasons, keys } = read(sql);
  expect(reasons).toEqual([]);
  expect(keys).toEqual(parameters.map((parameter) => ({ parameter })));
});

test('reports a constant that must be the key', () => {
  expect(read(`select from app.a where lane_id = 'ada'`)).toEqual({
    reasons: [],
    keys: [{ constant: 'ada' }],
  });
});

test.each([
  ['no condition', 'select * from app.a'],
  ['another column', 'select * from app.a where owner = $1'],
  ['an or', 'select * from app.a where lane_id = $1 and n = 1 or n = 2'],
  ['a negation', 'select * from app.a where not lane_id = $1'],
  ['another comparison', 'select * from app.a where lane_id >= $1'],
  ['a comparison with itself', 'select * from app.a where lane_id = lane_id'],
  ['a list of keys', 'select * from app.a where lane_id in ($1, $2)'],
  ['a join that is not on the key', 'select * from app.a join app.b on b.id = a.id where a.lane_id = $1'],
  [
    'two tables that are only bound to one another',
    'select * from app.a join app.b on a.lane_id = b.lane_id',
  ],
  [
    'the preserved side of a left join, which its condition does not filter',
    'select * from app.a left join app.b on a.lane_id = $1 and b.lane_id = $1',
  ],
  ['a full join', 'select * from app.a full join app.b on a.lane_id = $1 and b.lane_id = $1'],
  ['a table in a subquery', 'select (select max(n) from app.b) from app.a where lane_id = $1'],
  [
    'a condition only in a subquery',
    'select * from app.a where exists (select from app.b where b.lane_id = $1)',
  ],
  ['a common table expression', 'with t as (select * from app.b) select * from app.a where lane_id = $1'],
  [
    'a key of a common table expression',
    'with t as (select $1 as lane_id) select app.a.* from app.a, t where a.lane_id = t.lane_id',
  ],
  ['the other side of a union', 'select 1 from app.a where lane_id = $1 union select 2 from app.b'],
  ['a table without its schema', 'select * from a where lane_id = $1'],
  ['an update of all rows', 'update app.a set n = 1'],
  ['an update that gives rows away', 'update app.a set lane_id = $2 where lane_id = $1'],
  ['a delete', 'delete from app.a where id = $1'],
  ['rows without a key', 'insert into app.a (id) values ($1)'],
  ['rows with one computed key', `insert into app.a (lane_id) values ($1), ('x' || $2)`],
  ['rows of unnamed columns', 'insert into app.a values ($1)'],
  ['rows of a query that is not bound', 'insert into app.a (lane_id) select b.lane_id from app.b'],
  [
    'a conflict with another lane',
    'insert into app.a (lane_id, id) values ($1, 2) on conflict (id) do update set n = 1',
  ],
  [
    'a conflict that gives rows away',
    'insert into app.a (lane_id) values ($1) on conflict (lane_id) do update set lane_id = $2',
  ],
  ['a merge', 'merge into app.a using app.b on a.lane_id = $1 when matched then delete'],
  ['a copy', 'copy app.a to stdout'],
  ['TRUNCATE', 'truncate app.a'],
  ['a lock', 'lock table app.a'],
  ['the text of a query', `select ts_stat('select n from app.a')`],
  ['a table function with a query', 'select * from unnest(array(select n from app.a)) as x'],
  ['a second statement', 'select 1; select * from app.a'],
])('rejects %s', (_what, sql) => {
  expect(read(sql).reasons).not.toEqual([]);
});

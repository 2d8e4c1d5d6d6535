/** The second wall alone: any query that a repository builds stays in its lane. */
import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Database } from '../../../src/platform/database/database';
import type { Lane, WritableLane } from '../../../src/platform/database/lane';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { openDatabase } from '../../support/open-database';
import { bypassingRole, grantBypassingRole } from '../../support/roles';
import { seedTasks } from '../../support/tasks';

let testDatabase: TestDatabase;
let database: Database;
let mine: string;
let theirs: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  await grantBypassingRole(testDatabase.url);
  database = openDatabase(testDatabase.url, { appRole: bypassingRole });
});
afterAll(async () => {
  await database?.close();
  await testDatabase.drop();
});
beforeEach(async () => {
  [mine, theirs] = [randomUUID(), randomUUID()];
  await seedTasks(testDatabase.url, mine, [{ title: 'Mine' }, { title: 'Also mine' }]);
  await seedTasks(testDatabase.url, theirs, [{ title: 'Theirs' }]);
});

type Tasks = Knex.QueryBuilder;
const tasksOf = (lane: Lane) => lane.rows('tasks') as Tasks;
const titles = (userId: string) =>
  query(testDatabase.url, 'select title, version from tasklane.tasks where lane_id = lane_of($1)', [userId]);

/** Conditions that are true for rows of every lane. */
const conditions: Record<string, (tasks: Tasks) => Tasks> = {
  orWhere: (tasks) => tasks.where('version', 0).orWhere('version', 1),
  'orWhere before everything else': (tasks) => tasks.orWhere('version', 1),
  'orWhere with an object': (tasks) => tasks.where('version', 0).orWhere({ version: 1 }),
  'orWhere with a function': (tasks) =>
    tasks.where('version', 0).orWhere((nested) => nested.where('version', 1)),
  orWhereIn: (tasks) => tasks.where('version', 0).orWhereIn('version', [1, 2]),
  orWhereNotIn: (tasks) => tasks.where('version', 0).orWhereNotIn('version', [2]),
  orWhereNull: (tasks) => tasks.where('version', 0).orWhereNull('deleted_at'),
  orWhereNotNull: (tasks) => tasks.where('version', 0).orWhereNotNull('title'),
  orWhereNot: (tasks) => tasks.where('version', 0).orWhereNot('version', 0),
  orWhereBetween: (tasks) => tasks.where('version', 0).orWhereBetween('version', [1, 2]),
  orWhereLike: (tasks) => tasks.where('version', 0).orWhereLike('title', '%'),
  orWhereRaw: (tasks) => tasks.where('version', 0).orWhereRaw('true'),
  'or.where': (tasks) => tasks.where('version', 0).or.where('version', 1),
  'whereRaw with an or': (tasks) => tasks.whereRaw('(version = 0 or true)'),
  'several of them': (tasks) =>
    tasks.where('version', 0).orWhere('version', 2).where('id', randomUUID()).orWhere('version', 1),
  clearWhere: (tasks) => tasks.where('version', 0).clearWhere(),
  "clear('where')": (tasks) => tasks.where('version', 0).clear('where'),
  'a copy': (tasks) => tasks.where('version', 0).clone().orWhere('version', 1),
  'the other’s id': (tasks) => tasks.where('version', 0).orWhereNot('lane_id', 0),
};

describe.each(Object.entries(conditions))('%s', (name, narrow) => {
  test('reads only rows of the lane', async () => {
    await database.withUser(mine).read(async (lane) => {
      const all = ['Also mine', 'Mine'];
      expect((await narrow(tasksOf(lane)).pluck('title')).sort()).toEqual(all);
      expect(
        (await narrow(tasksOf(lane)).select('title')).map((row: { title: string }) => row.title).sort(),
      ).toEqual(all);
      expect(await narrow(tasksOf(lane)).count({ n: '*' })).toEqual([{ n: '2' }]);
      expect(all).toContain((await narrow(tasksOf(lane)).orderBy('lane_id').first('title')).title);
      const within = tasksOf(lane).whereIn('id', narrow(tasksOf(lane)).select('id') as never);
      expect((await within.pluck('title')).sort()).toEqual(all);
      expect(await lane.template(name, {}, (each) => narrow(tasksOf(each)) as never)).toHaveLength(2);
    });
  });

  test('changes and deletes only rows of the lane', async () => {
    const before = await titles(theirs);
    await database.withUser(mine).write(async (lane) => {
      expect(await narrow(tasksOf(lane)).update({ description: 'Changed' })).toBe(2);
      expect(await narrow(tasksOf(lane)).delete()).toBe(2);
    });
    expect(await titles(theirs)).toEqual(before);
    expect(await titles(mine)).toEqual([]);
  });
});

test.each<[string, (lane: WritableLane) => Tasks, string]>([
  [
    'an insert',
    (lane) => tasksOf(lane).insert({ lane_id: 1, id: randomUUID(), title: 'Planted' }) as Tasks,
    'cannot be turned into insert',
  ],
  ['TRUNCATE', (lane) => tasksOf(lane).truncate() as never, 'cannot be turned into truncate'],
  [
    'an update that gives rows away',
    (lane) => tasksOf(lane).update({ lane_id: 1 }) as Tasks,
    'A row cannot move to another lane',
  ],
  [
    'an update by name that gives rows away',
    (lane) => tasksOf(lane).update('lane_id', 1) as Tasks,
    'A row cannot move to another lane',
  ],
])('a query cannot become %s', async (_what, make, message) => {
  const before = [await titles(mine), await titles(theirs)];
  await expect(database.withUser(mine).write(async (lane) => make(lane))).rejects.toThrow(message);
  expect([await titles(mine), await titles(theirs)]).toEqual(before);
});

test('a row that names another owner is inserted into the lane', async () => {
  const [other] = await query<{ id: string }>(testDatabase.url, 'select lane_of($1) as id', [theirs]);
  const row = { id: randomUUID(), title: 'Planted', lane_id: other?.id as string };
  await database.withUser(mine).write(async (lane) => lane.insert('tasks', row));
  expect(await titles(mine)).toHaveLength(3);
  expect(await titles(theirs)).toHaveLength(1);
});

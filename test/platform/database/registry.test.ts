/** The registry of lanes: users get ids, and a process that remembers a wrong id reads and writes nothing with it. */
import { randomBytes, randomUUID } from 'node:crypto';
import { insertTask } from '../../../src/features/tasks/write';
import type { Database } from '../../../src/platform/database/database';
import type { Lane, UserLane, WritableLane } from '../../../src/platform/database/lane';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { holdLane, waitingForLocks } from '../../support/held-lane';
import { openDatabase } from '../../support/open-database';
import { bypassingRole, grantBypassingRole } from '../../support/roles';
import { newTask, seedTasks } from '../../support/tasks';
import { until } from '../../support/until';

let testDatabase: TestDatabase;
const opened: Database[] = [];

function open(appRole?: string): Database {
  const made = openDatabase(testDatabase.url, appRole === undefined ? {} : { appRole });
  opened.push(made);
  return made;
}

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  await grantBypassingRole(testDatabase.url);
});
afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()));
  await testDatabase.drop();
});

const sql = <R extends object>(text: string, values: unknown[] = []) =>
  query<R>(testDatabase.url, text, values);

async function idOf(userId: string): Promise<string | null> {
  const [row] = await sql<{ id: string | null }>('select lane_of($1) as id', [userId]);
  return row?.id ?? null;
}

const titlesIn = async (laneId: string | null) =>
  (
    await sql<{ title: string }>('select title from tasklane.tasks where lane_id = $1 order by title', [
      laneId,
    ])
  ).map(({ title }) => title);

const titles = (lane: Lane) => lane.rows('tasks').orderBy('title').pluck('title') as Promise<string[]>;
const add = (lane: WritableLane) => insertTask(lane, newTask('New'));

/** All ways to read a lane. */
const reads: Record<string, (lane: UserLane) => Promise<string[]>> = {
  'a read': (lane) => lane.read(titles),
  'a read in one flight': (lane) => lane.readAtOnce(titles),
  'the read of a write': (lane) => lane.write(titles),
};

/** All ways to write a lane. */
const writes: Record<string, (lane: UserLane) => Promise<unknown>> = {
  'a write': (lane) => lane.write(add),
  'a write that finishes': (lane) => lane.write((each) => each.finish(() => add(each)), { finishes: true }),
  'a write in one flight': (lane) =>
    lane.write((each) => each.finish(() => add(each)), { finishes: true, atOnce: true }),
  'a write with an idempotency key': (lane) =>
    lane.runAtomically({
      idempotentRequest: { operation: 'createTask', key: randomUUID(), fingerprint: randomBytes(32) },
      refused: () => undefined as unknown,
      work: (scope) => scope.write(add),
      shouldCommit: () => true,
      reply: () => ({ status: 201, content: null }),
    }),
};

test('a read makes no lane, and finds nothing', async () => {
  const userId = randomUUID();
  const lane = open().withUser(userId);
  expect(await lane.read(async (each) => [each.id, await titles(each)])).toEqual(['0', []]);
  expect(await idOf(userId)).toBeNull();
});

test('first writes of one user at the same time make one lane', async () => {
  const userId = randomUUID();
  const databases = [open(), open(), open()];
  await Promise.all(Array.from({ length: 12 }, (_, n) => databases[n % 3]?.withUser(userId).write(add)));
  expect(await sql('select count(*)::int from tasklane.lanes where user_id = $1', [userId])).toEqual([
    { count: 1 },
  ]);
  expect(await titlesIn(await idOf(userId))).toHaveLength(12);
});

/** Makes a user whose lane this process knows, and who then gets the lane of another user. */
async function swapped(database: Database): Promise<{ lane: UserLane; former: string; present: string }> {
  const [ada, bob] = [randomUUID(), randomUUID()];
  await seedTasks(testDatabase.url, ada, [{ title: 'Former' }]);
  await seedTasks(testDatabase.url, bob, [{ title: 'Present' }]);
  const [former, present] = [await idOf(ada), await idOf(bob)] as [string, string];
  const lane = database.withUser(ada);
  // Also makes the lane quiet, so that writes take one flight.
  expect(await lane.write(titles)).toEqual(['Former']);
  await sql(
    `update tasklane.lanes set user_id = case user_id when $1 then $2 else $1 end || '~' where user_id in ($1, $2)`,
    [ada, bob],
  );
  await sql(`update tasklane.lanes set user_id = left(user_id, -1) where user_id like '%~'`);
  return { lane, former, present };
}

describe.each([
  ['', undefined],
  [' without row-level security', bypassingRole],
])('with a wrong id in the memory of the process%s', (_how, appRole) => {
  let database: Database;
  beforeAll(() => {
    database = open(appRole);
  });

  test.each(Object.entries(reads))('%s finds the rows of the right lane alone', async (_what, read) => {
    const { lane } = await swapped(database);
    expect(await read(lane)).toEqual(['Present']);
  });

  test.each(Object.entries(writes))('%s is in the right lane', async (_what, write) => {
    const { lane, former, present } = await swapped(database);
    await write(lane);
    expect(await titlesIn(former)).toEqual(['Former']);
    expect(await titlesIn(present)).toEqual(['New', 'Present']);
  });
});

describe('a lane that another process erased and made again', () => {
  /** Makes a user with an erased lane that this process knows. */
  async function erased() {
    const userId = randomUUID();
    const database = open();
    const lane = database.withUser(userId, { issuedAt: Date.now() / 1000 + 60 });
    await lane.write(add);
    const former = await idOf(userId);
    await open()
      .withUser(userId)
      .write(async (each) => each.erase());
    return { database, userId, lane, former };
  }

  test('has another id, with which jobs and requests find it', async () => {
    const { database, userId, lane, former } = await erased();
    expect(await lane.read(titles)).toEqual([]);
    await open()
      .withUser(userId, { issuedAt: Date.now() / 1000 + 60 })
      .write((each) => insertTask(each, newTask('Again')));
    const present = await idOf(userId);
    expect(present).not.toBe(former);
    expect(await lane.read(titles)).toEqual(['Again']);

    const ofJob = (id: string | null) => database.laneForJob({ id: id as string, userId });
    expect(await ofJob(former).read(titles)).toEqual([]);
    expect(await ofJob(former).write(add)).toBeUndefined();
    expect(await ofJob(present).write(titles)).toEqual(['Again']);
  });

  test.each(Object.entries(writes))('is written by %s', async (_what, write) => {
    const { userId, lane } = await erased();
    await write(lane);
    expect(await titlesIn(await idOf(userId))).toEqual(['New']);
  });

  test.each(Object.entries(writes))('is made by %s that waited for the erasure', async (_what, write) => {
    const userId = randomUUID();
    const lane = open().withUser(userId, { issuedAt: Date.now() / 1000 + 60 });
    await lane.write(add);
    const former = await idOf(userId);
    const held = await holdLane(testDatabase.url, userId);
    const erasing = open()
      .withUser(userId)
      .write(async (each) => each.erase());
    await until(async () => (await waitingForLocks(testDatabase.url)) === 1);
    const writing = write(lane);
    await until(async () => (await waitingForLocks(testDatabase.url)) === 2);
    await held.release();
    await Promise.all([erasing, writing]);
    expect(await idOf(userId)).not.toBe(former);
    expect(await titlesIn(await idOf(userId))).toEqual(['New']);
  });
});

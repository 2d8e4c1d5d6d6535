/** Tests writes of one lane that share a commit. */
import { randomUUID } from 'node:crypto';
import { insertTask } from '../../../src/features/tasks/write';
import type { Database } from '../../../src/platform/database/database';
import { createGroups } from '../../../src/platform/database/group';
import { StaleToken, type UserLane, type WritableLane } from '../../../src/platform/database/lane';
import { noQuotas, QuotaExceeded } from '../../../src/platform/database/quotas';
import { PoolBusy } from '../../../src/platform/database/shares';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { openDatabase } from '../../support/open-database';
import { newTask } from '../../support/tasks';

const atOnce = { atOnce: true };
let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.url, { quotas: { ...noQuotas, tasks: 20 } });
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const create = (lane: UserLane, id: string = randomUUID()) =>
  lane.write((each) => insertTask(each, { ...newTask(), id }, true), atOnce);

async function knownLane(): Promise<string> {
  const userId = randomUUID();
  expect(await create(database.withUser(userId))).toBeDefined();
  return userId;
}

/** The changes of a lane, in order, and the number of transactions that recorded them. */
async function historyOf(userId: string): Promise<{ seqs: number[]; ids: string[]; transactions: number }> {
  const rows = await query<{ seq: string; entity_id: string; xmin: string }>(
    testDatabase.url,
    'select seq, entity_id, xmin from tasklane.changes where lane_id = lane_of($1) order by seq',
    [userId],
  );
  return {
    seqs: rows.map(({ seq }) => Number(seq)),
    ids: rows.map(({ entity_id }) => entity_id),
    transactions: new Set(rows.map(({ xmin }) => xmin)).size,
  };
}

const counting = (n: number) => Array.from({ length: n }, (_, index) => index + 1);

test('writes that wait share a commit, and each records its own change', async () => {
  const userId = await knownLane();
  const ids = counting(16).map(() => randomUUID());
  const rows = await Promise.all(ids.map((id) => create(database.withUser(userId), id)));
  expect(rows.map((row) => row?.id)).toEqual(ids);
  const { seqs, ids: recorded, transactions } = await historyOf(userId);
  expect(seqs).toEqual(counting(17));
  expect(recorded.slice(1)).toEqual(ids);
  // The first task of the lane, the first of the 16, and the 15 that waited for it.
  expect(transactions).toBe(3);
});

test('a write that fails does not fail the others', async () => {
  const userId = await knownLane();
  const taken = randomUUID();
  await create(database.withUser(userId), taken);
  const ids = [randomUUID(), randomUUID(), taken, randomUUID()];
  const rows = await Promise.all(ids.map((id) => create(database.withUser(userId), id)));
  expect(rows.map((row) => row?.id)).toEqual([ids[0], ids[1], undefined, ids[3]]);
  expect((await historyOf(userId)).seqs).toEqual(counting(5));
});

test('a write with an older token is refused, and the others are not', async () => {
  const userId = await knownLane();
  await database.withUser(userId).write(async (lane) => lane.erase());
  const [fresh, stale] = [Date.now() / 1000 + 60, Date.now() / 1000 - 60];
  await create(database.withUser(userId, { issuedAt: fresh }));
  const writes = [fresh, fresh, stale, fresh].map((issuedAt) =>
    create(database.withUser(userId, { issuedAt })),
  );
  const outcomes = await Promise.allSettled(writes);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  await expect(writes[2]).rejects.toThrow(StaleToken);
  expect((await historyOf(userId)).seqs).toEqual(counting(4));
});

test('a group does not exceed a quota', async () => {
  const userId = await knownLane();
  const outcomes = await Promise.allSettled(counting(30).map(() => create(database.withUser(userId))));
  const refused = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  expect(refused).toHaveLength(11);
  for (const reason of refused) expect(reason).toBeInstanceOf(QuotaExceeded);
  expect((await historyOf(userId)).seqs).toEqual(counting(20));
});

test('a write whose work throws fails alone', async () => {
  const userId = await knownLane();
  const failing = async (): Promise<never> => {
    throw new Error('Broken.');
  };
  const lane = database.withUser(userId);
  const outcomes = await Promise.allSettled([
    create(lane),
    create(lane),
    lane.write(failing, atOnce),
    create(lane),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect((await historyOf(userId)).seqs).toEqual(counting(4));
});

test('a write that reads first runs alone', async () => {
  const lane = database.withUser(await knownLane());
  const counted = async (each: WritableLane) => (await each.rows('tasks').select('id')).length;
  expect(await Promise.all([create(lane), lane.write(counted, atOnce)])).toEqual([expect.anything(), 2]);
});

describe('the queue of a lane', () => {
  const groups: string[][] = [];
  let ends: (() => void)[];
  const runAll = (_userId: string, writes: readonly string[]) => {
    groups.push([...writes]);
    const ended = new Promise<void>((resolve) => ends.push(resolve));
    return writes.map((write) => ended.then(() => write));
  };
  beforeEach(() => {
    groups.length = 0;
    ends = [];
  });

  test('has a limit, and so has a group', async () => {
    const lanes = createGroups(runAll, 60_000);
    const writes = [lanes.run('ada', '0'), ...counting(100).map((n) => lanes.run('ada', `${n}`))];
    await expect(lanes.run('ada', 'one too many')).rejects.toThrow(PoolBusy);
    const other = lanes.run('bob', 'another lane');
    for (let each = 0; each < ends.length; each++) {
      ends[each]?.();
      // The next group begins when the previous one has ended.
      await new Promise(setImmediate);
    }
    expect(await Promise.all(writes)).toEqual(['0', ...counting(100).map(String)]);
    expect(await other).toBe('another lane');
    expect(groups.map(({ length }) => length)).toEqual([1, 1, 32, 32, 32, 4]);
  });

  test('refuses a write that waits too long, while the one before it runs', async () => {
    const lanes = createGroups(runAll, 1);
    const first = lanes.run('ada', 'first');
    await expect(lanes.run('ada', 'late')).rejects.toThrow(PoolBusy);
    ends[0]?.();
    expect(await first).toBe('first');
    expect(groups).toEqual([['first']]);
  });
});

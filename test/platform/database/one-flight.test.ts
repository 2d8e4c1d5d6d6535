/** Tests writes that are one packet: each check between flights is a condition of their SQL. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { changeTask, createTask } from '../../../src/features/tasks/commands';
import { findTask } from '../../../src/features/tasks/repository';
import { insertTask } from '../../../src/features/tasks/write';
import { queueDeliveries } from '../../../src/features/webhooks/queue';
import type { Database } from '../../../src/platform/database/database';
import { StaleToken, type UserLane } from '../../../src/platform/database/lane';
import { noQuotas, QuotaExceeded } from '../../../src/platform/database/quotas';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { openDatabase } from '../../support/open-database';
import { newTask } from '../../support/tasks';

const finishing = { finishes: true };
let testDatabase: TestDatabase;
let database: Database;
let other: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const options = { onRecorded: queueDeliveries, quotas: { tasks: 3, projects: 1, tags: 1, webhooks: 1 } };
  database = openDatabase(testDatabase.url, options as never);
  other = openDatabase(testDatabase.url, options as never);
});
afterAll(async () => {
  await database.close();
  await other.close();
  await testDatabase.drop();
});

const create = (lane: UserLane, id: string = randomUUID()) =>
  lane.write((each) => insertTask(each, { ...newTask(), id }, true), finishing);
const titles = async (userId: string) =>
  query<{ title: string }>(testDatabase.url, 'select title from tasklane.tasks where lane_id = lane_of($1)', [
    userId,
  ]);
const changes = async (userId: string) =>
  query<{ seq: string; action: string }>(
    testDatabase.url,
    'select seq, action from tasklane.changes where lane_id = lane_of($1) order by seq',
    [userId],
  );

const flights: string[][] = [];
const send = Client.prototype.query as (...sent: unknown[]) => unknown;
Client.prototype.query = function (this: Client, ...sent: unknown[]) {
  const { statements } = sent[0] as { statements?: { text: string }[] };
  if (statements) flights.push(statements.map(({ text }) => text));
  return send.apply(this, sent);
} as never;

/** The number of flights of some work, each of which must end with a commit. */
async function flightsOf(work: () => Promise<unknown>): Promise<number> {
  flights.length = 0;
  await work();
  expect(flights.at(-1)?.at(-1)).toBe('commit');
  return flights.length;
}

/** A lane that this process knows. */
async function knownLane(): Promise<string> {
  const userId = randomUUID();
  expect(await create(database.withUser(userId))).toBeDefined();
  return userId;
}

test('creates and changes a task', async () => {
  const userId = await knownLane();
  const lane = database.withUser(userId);
  const task = await create(lane);
  const changed = await lane.write(
    (each) => changeTask(each, task?.id as string, { title: 'Changed' }),
    finishing,
  );
  expect(changed).toMatchObject({ title: 'Changed', version: 2 });
  expect(await lane.readAtOnce((each) => findTask(each, task?.id as string))).toEqual(changed);
  expect(await changes(userId)).toEqual([
    { seq: '1', action: 'created' },
    { seq: '2', action: 'created' },
    { seq: '3', action: 'updated' },
  ]);
});

test('takes one flight for a creation and a read, and two for a change', async () => {
  const userId = await knownLane();
  const lane = database.withUser(userId);
  const id = randomUUID();
  const guarded = database.withUser(userId, { precondition: () => undefined });
  expect(await flightsOf(() => create(lane, id))).toBe(1);
  expect(await flightsOf(() => lane.readAtOnce((each) => findTask(each, id)))).toBe(1);
  expect(
    await flightsOf(() => guarded.write((each) => changeTask(each, id, { title: 'New' }), finishing)),
  ).toBe(2);
});

test('writes nothing with a token from before the erasure', async () => {
  const userId = await knownLane();
  const issuedAt = Date.now() / 1000 - 60;
  await other.withUser(userId).write(async (lane) => lane.erase());
  await expect(create(database.withUser(userId, { issuedAt }))).rejects.toThrow(StaleToken);
  expect(await titles(userId)).toEqual([]);
  expect(
    await query(testDatabase.url, 'select from tasklane.profiles where lane_id = lane_of($1)', [userId]),
  ).toEqual([]);
});

test('writes nothing with a stale token after another token opened the lane again', async () => {
  const userId = await knownLane();
  const issuedAt = Date.now() / 1000 - 60;
  await other.withUser(userId).write(async (lane) => lane.erase());
  await create(database.withUser(userId, { issuedAt: Date.now() / 1000 + 60 }));
  await expect(create(database.withUser(userId, { issuedAt }))).rejects.toThrow(StaleToken);
  expect(await titles(userId)).toHaveLength(1);
});

test('writes nothing with a stale token into a lane that the process does not know', async () => {
  const userId = randomUUID();
  const issuedAt = Date.now() / 1000 - 60;
  await other.withUser(userId).write(async (lane) => lane.erase());
  await expect(create(database.withUser(userId, { issuedAt }))).rejects.toThrow(StaleToken);
  expect(await titles(userId)).toEqual([]);
});

test('reads nothing with a stale token', async () => {
  const userId = await knownLane();
  const issuedAt = Date.now() / 1000 - 60;
  await other.withUser(userId).write(async (lane) => lane.erase());
  const reading = database.withUser(userId, { issuedAt }).readAtOnce((lane) => findTask(lane, randomUUID()));
  await expect(reading).rejects.toThrow(StaleToken);
});

test('records its change in a lane that another process has erased', async () => {
  const userId = await knownLane();
  await other.withUser(userId).write(async (lane) => lane.erase());
  const lane = database.withUser(userId, { issuedAt: Date.now() / 1000 + 60 });
  await lane.write((each) => {
    each.changed({ type: 'task', id: randomUUID(), action: 'updated', fields: {} });
    return each.finish(() => each.rows('tasks').select('id'));
  }, finishing);
  expect(await changes(userId)).toEqual([{ seq: '1', action: 'updated' }]);
});

test('creates an erased lane again, for a token that was issued after the erasure', async () => {
  const userId = await knownLane();
  await other.withUser(userId).write(async (lane) => lane.erase());
  await create(database.withUser(userId, { issuedAt: Date.now() / 1000 + 60 }));
  expect(await changes(userId)).toEqual([{ seq: '1', action: 'created' }]);
});

test('refuses a write beyond the quota', async () => {
  const userId = await knownLane();
  const lane = database.withUser(userId);
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => create(lane)));
  const refused = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  expect(refused).toHaveLength(4);
  for (const reason of refused) expect(reason).toBeInstanceOf(QuotaExceeded);
  expect(await titles(userId)).toHaveLength(3);
  expect((await changes(userId)).map(({ seq }) => seq)).toEqual(['1', '2', '3']);
});

test('refuses a write beyond the quota of storage', async () => {
  const limited = openDatabase(testDatabase.url, { quotas: { ...noQuotas, storage: 1_000_000 } });
  try {
    const userId = randomUUID();
    const lane = limited.withUser(userId);
    await create(lane);
    await query(
      testDatabase.url,
      'update tasklane.profiles set storage_correction = 1000000 where lane_id = lane_of($1)',
      [userId],
    );
    await expect(create(lane)).rejects.toThrow(QuotaExceeded);
    expect(await titles(userId)).toHaveLength(1);
  } finally {
    await limited.close();
  }
});

test('leaves its connection usable if its flight fails', async () => {
  const one = openDatabase(testDatabase.url, { max: 1, quotas: { ...noQuotas, tasks: 1 } });
  try {
    const lane = one.withUser(randomUUID());
    const id = randomUUID();
    const task = await create(lane, id);
    await expect(create(lane)).rejects.toThrow(QuotaExceeded);
    expect(await lane.readAtOnce((each) => findTask(each, id))).toEqual(task);
  } finally {
    await one.close();
  }
});

test('tells that an id is taken, and records no change', async () => {
  const userId = await knownLane();
  const id = randomUUID();
  const lane = database.withUser(userId);
  const outcomes = await Promise.all(Array.from({ length: 4 }, () => create(lane, id)));
  expect(outcomes.filter((row) => row === undefined)).toHaveLength(3);
  expect(await changes(userId)).toHaveLength(2);
});

test('queues deliveries for webhooks that another instance created', async () => {
  const userId = await knownLane();
  await query(
    testDatabase.url,
    `insert into tasklane.webhooks (lane_id, id, url, events, secret, verified_at)
     values (lane_of($1), gen_random_uuid(), 'https://example.com', '{}', 'whsec_x', now())`,
    [userId],
  );
  await query(testDatabase.url, 'update tasklane.profiles set delivers = true where lane_id = lane_of($1)', [
    userId,
  ]);
  const task = await create(database.withUser(userId));
  expect(
    await query(
      testDatabase.url,
      'select event, entity_id from tasklane.webhook_deliveries where lane_id = lane_of($1)',
      [userId],
    ),
  ).toEqual([{ event: 'task.created', entity_id: task?.id }]);
});

test('obeys a precondition of the profile', async () => {
  const userId = await knownLane();
  const lane = database.withUser(userId, {
    precondition() {
      throw new Error('Refused.');
    },
  });
  await expect(create(lane)).rejects.toThrow('Refused.');
  expect(await titles(userId)).toHaveLength(1);
});

test('refuses statements after the end', async () => {
  const lane = database.withUser(await knownLane());
  const late = lane.write(async (each) => {
    await insertTask(each, newTask(), true);
    await each.rows('tasks').select('id');
  }, finishing);
  await expect(late).rejects.toThrow('has ended');
  await expect(
    lane.readAtOnce(async (each) => {
      await each.rows('tasks').select('id');
      await each.rows('tasks').select('id');
    }),
  ).rejects.toThrow('has ended');
});

test('gives writers of one lane numbers without a gap', async () => {
  const wide = openDatabase(testDatabase.url);
  const userId = randomUUID();
  try {
    const body = { title: 'One of many' } as Parameters<typeof createTask>[1];
    const one = () =>
      wide
        .withUser(userId)
        .write((lane) => createTask(lane, { ...newTask(), ...body, id: randomUUID() } as never), finishing);
    await Promise.all(Array.from({ length: 40 }, one));
    expect((await changes(userId)).map(({ seq }) => Number(seq))).toEqual(
      Array.from({ length: 40 }, (_, n) => n + 1),
    );
  } finally {
    await wide.close();
  }
});

/** Tests lanes on a real Postgres: one writer at a time, atomic writes, and connections after failures. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { deleteTask } from '../../../src/features/tasks/delete';
import { countTasks, findTask, listTasks } from '../../../src/features/tasks/repository';
import { insertTask, updateTask } from '../../../src/features/tasks/write';
import type { Database, DatabaseOptions } from '../../../src/platform/database/database';
import { isUnavailable } from '../../../src/platform/database/errors';
import type { Change, Lane, LaneKey, WritableLane } from '../../../src/platform/database/lane';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { type HeldLane, holdLane, waitingForLocks } from '../../support/held-lane';
import { openDatabase } from '../../support/open-database';
import { openProxy } from '../../support/proxy';
import { useTestService } from '../../support/service';
import { newTask, seedTasks } from '../../support/tasks';
import { until } from '../../support/until';
import { makeUser } from '../../support/user';

let testDatabase: TestDatabase;
let database: Database;
let owner: Client;
const opened: Database[] = [];

function open(options: Partial<DatabaseOptions> = {}): Database {
  const made = openDatabase(testDatabase.url, options);
  opened.push(made);
  return made;
}

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  owner = new Client({ connectionString: testDatabase.url });
  await owner.connect();
  database = open();
});
afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()));
  await owner.end();
  await testDatabase.drop();
});

/** Runs a statement directly on the database. */
async function sql<R extends object>(text: string, values: unknown[] = []): Promise<R[]> {
  return (await owner.query<R>(text, values)).rows;
}

/** The key of a user's lane, as jobs find it. */
async function keyOf(userId: string): Promise<LaneKey> {
  const [row] = await sql<{ id: string | null }>('select lane_of($1) as id', [userId]);
  return { id: row?.id ?? '0', userId };
}

/** A row of a task, without the repository. */
const taskRow = (title = 'A task') => ({ id: randomUUID(), title });

const change = (fields: Change['fields'] = {}): Change & { id: string } => ({
  type: 'task',
  id: randomUUID(),
  action: 'updated',
  fields,
});

async function changesOf(userId: string): Promise<{ seq: number; entity_id: string; fields: object }[]> {
  return sql(
    'select seq::int, entity_id, fields from tasklane.changes where lane_id = lane_of($1) order by seq',
    [userId],
  );
}

async function counterOf(userId: string): Promise<number | undefined> {
  const [row] = await sql<{ change_seq: number }>(
    'select change_seq::int from tasklane.profiles where lane_id = lane_of($1)',
    [userId],
  );
  return row?.change_seq;
}

async function stateOf(userId: string): Promise<unknown> {
  return {
    counter: await counterOf(userId),
    changes: await changesOf(userId),
    tasks: await sql('select * from tasklane.tasks where lane_id = lane_of($1) order by id', [userId]),
  };
}

const oneTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1);

describe('prepared queries', () => {
  const preparedBy = async (lanes: Database): Promise<number> => {
    const { rows } = await lanes.lookUp(
      `select count(*)::int from pg_prepared_statements where statement like '%"tasks"%'`,
      [],
    );
    return rows[0]?.count as number;
  };

  test.each([true, false])(
    'are prepared once per connection if that is allowed: %s',
    async (preparedStatements) => {
      const lanes = open({ max: 1, preparedStatements });
      for (let each = 0; each < 3; each++) {
        expect(await lanes.withUser('ada').read((lane) => findTask(lane, randomUUID()))).toBeUndefined();
      }
      expect(await preparedBy(lanes)).toBe(preparedStatements ? 1 : 0);
    },
  );

  test('are limited to the first 200 texts', async () => {
    const lanes = open({ max: 1 });
    for (let count = 1; count <= 205; count++) {
      const ids = Array.from({ length: count }, () => randomUUID());
      const find = (lane: Lane) =>
        lane.template(`${count} ids`, {}, (each) => each.rows('tasks').whereIn('id', ids));
      expect(await lanes.withUser('ada').read(find)).toEqual([]);
    }
    expect(await preparedBy(lanes)).toBe(200);
  });

  test('keep working when a migration adds a column', async () => {
    const lanes = open({ max: 1 });
    const userId = randomUUID();
    const task = await lanes.withUser(userId).write((lane) => insertTask(lane, newTask()));
    const find = () => lanes.withUser(userId).read((lane) => findTask(lane, task?.id as string));
    expect(await find()).toEqual(task);
    await sql('alter table tasklane.tasks add column added_later text');
    expect(await find()).toEqual(task);
  });
});

describe.each([true, false])('writes, with prepared statements: %s', (preparedStatements) => {
  let lanes: Database;
  beforeAll(() => {
    lanes = open({ preparedStatements });
  });

  test('by twenty at once are numbered without gaps, in the order of their commits', async () => {
    const userId = randomUUID();
    await lanes.withUser(userId).write(async () => undefined);
    let writing = true;
    const written: string[][] = [];
    const writers = oneTo(20).map((writer) =>
      lanes.withUser(userId).write(async (lane) => {
        const made = oneTo(writer % 4).map(() => change());
        // A round trip between them, during which another writer could interfere.
        for (const each of made) {
          await lane.rows('tasks').first();
          lane.changed(each);
        }
        written.push(made.map((each) => each.id));
      }),
    );
    // A reader that sees a number sees all earlier numbers.
    const reader = (async () => {
      let looks = 0;
      do {
        const [seen] = await sql<{ count: number; last: number }>(
          'select count(*)::int, coalesce(max(seq), 0)::int as last from tasklane.changes where lane_id = lane_of($1)',
          [userId],
        );
        expect(seen?.count).toBe(seen?.last);
        looks++;
      } while (writing);
      return looks;
    })();
    await Promise.all(writers);
    writing = false;
    expect(await reader).toBeGreaterThan(1);

    const changes = await changesOf(userId);
    expect(changes.map((each) => each.seq)).toEqual(oneTo(30));
    expect(changes.map((each) => each.entity_id)).toEqual(written.flat());
    expect(await counterOf(userId)).toBe(30);
  });

  test('by ten at once into a lane that does not exist yet all succeed', async () => {
    for (const userId of oneTo(5).map(() => randomUUID())) {
      await Promise.all(
        oneTo(10).map(() => lanes.withUser(userId).write((lane) => insertTask(lane, newTask()))),
      );
      expect(await counterOf(userId)).toBe(10);
      expect((await changesOf(userId)).map((each) => each.seq)).toEqual(oneTo(10));
    }
  });

  test('store nothing if they fail', async () => {
    const userId = randomUUID();
    const scope = lanes.withUser(userId);
    const error = new Error('an error of the work');
    const first = scope.write(async (lane) => {
      await insertTask(lane, newTask());
      throw error;
    });
    await expect(first).rejects.toBe(error);
    expect(await stateOf(userId)).toEqual({ counter: undefined, changes: [], tasks: [] });

    const made = await scope.write((lane) => insertTask(lane, newTask()));
    const before = await stateOf(userId);
    const later = scope.write(async (lane) => {
      if (made) await updateTask(lane, made, { title: 'Changed' });
      await insertTask(lane, newTask());
      lane.changed(change());
      throw error;
    });
    await expect(later).rejects.toBe(error);
    expect(await stateOf(userId)).toEqual(before);
  });

  test('store nothing if their changes cannot be recorded', async () => {
    const userId = randomUUID();
    const write = lanes.withUser(userId).write(async (lane) => {
      await insertTask(lane, newTask());
      lane.changed({ ...change(), type: 'nonsense' as 'task' });
    });
    await expect(write).rejects.toMatchObject({ code: '23514' });
    expect(await stateOf(userId)).toEqual({ counter: undefined, changes: [], tasks: [] });
  });
});

test('a write without a change does not raise a counter', async () => {
  const userId = randomUUID();
  await database.withUser(userId).write(async () => 'nothing');
  expect(await stateOf(userId)).toEqual({ counter: 0, changes: [], tasks: [] });
});

test('a write of thousands of changes numbers them in their order', async () => {
  const userId = randomUUID();
  const made = oneTo(3000).map((n) => change({ title: { from: n, to: '\u2028"\\\ud83d\ude00' } }));
  await database.withUser(userId).write(async (lane) => {
    for (const each of made) lane.changed(each);
  });
  const changes = await changesOf(userId);
  expect(changes.map(({ entity_id, fields }) => ({ id: entity_id, fields }))).toEqual(
    made.map(({ id, fields }) => ({ id, fields })),
  );
  expect(changes.map((each) => each.seq)).toEqual(oneTo(3000));
});

describe('a lane that another transaction has locked', () => {
  let held: HeldLane;
  let userId: string;
  beforeEach(async () => {
    userId = randomUUID();
    held = await holdLane(testDatabase.url, userId);
  });
  afterEach(() => held.release());

  test('makes its own writers wait in their turn, and no writers of other lanes', async () => {
    const [one, two] = [change(), change()];
    const first = database.withUser(userId).write(async (lane) => lane.changed(one));
    await until(async () => (await waitingForLocks(testDatabase.url)) === 1);
    const second = database.withUser(userId).write(async (lane) => lane.changed(two));
    await until(async () => (await waitingForLocks(testDatabase.url)) === 2);

    const other = randomUUID();
    await database.withUser(other).write((lane) => insertTask(lane, newTask()));
    expect(await counterOf(other)).toBe(1);
    expect(await database.withUser(userId).read((lane) => countTasks(lane, {}))).toBe(0);

    await held.release();
    await Promise.all([first, second]);
    expect((await changesOf(userId)).map((each) => each.entity_id)).toEqual([one.id, two.id]);
  });

  test('gives a write the time of the lock, not the time at which it started to wait', async () => {
    const writing = database.withUser(userId).write((lane) => insertTask(lane, newTask()));
    await until(async () => (await waitingForLocks(testDatabase.url)) === 1);
    const [before] = await sql<{ now: Date }>('select clock_timestamp() as now');
    await held.release();
    expect((await writing)?.created_at.getTime()).toBeGreaterThanOrEqual(Number(before?.now));
  });

  test('fails a writer after the statement timeout, and lets it work when the lane is free', async () => {
    const lanes = open({ statementTimeoutMs: 200, max: 1 });
    const scope = lanes.withUser(userId);
    await expect(scope.write((lane) => insertTask(lane, newTask()))).rejects.toMatchObject({ code: '57014' });
    await held.release();
    expect(await scope.write((lane) => insertTask(lane, newTask()))).toMatchObject({ version: 1 });
    expect(await counterOf(userId)).toBe(1);
  });
});

type Write = (userId: string, work: (lane: WritableLane) => Promise<void>) => Promise<void>;

// The statement that records changes would wait for the lock, too. So the test looks at a read that comes before it.
test.each<[string, Write]>([
  ['a write', (userId, work) => database.withUser(userId).write(work)],
  [
    'a write that can be one flight',
    (userId, work) => database.withUser(userId).write(work, { finishes: true }),
  ],
  ['a write of a job', async (userId, work) => database.laneForJob(await keyOf(userId)).write(work)],
])('%s reads nothing before it has locked the lane', async (_kind, write) => {
  const userId = randomUUID();
  // A write that can be one flight has a statement of its own for a lane that the process knows.
  await database.withUser(userId).write(async () => undefined);
  const held = await holdLane(testDatabase.url, userId);
  let hasRead = false;
  const writing = write(userId, async (lane) => {
    await lane.rows('tasks').first();
    hasRead = true;
    lane.changed(change());
  });
  await until(async () => (await waitingForLocks(testDatabase.url)) === 1);
  const readBefore = hasRead;
  await held.release();
  await writing;
  expect({ readBefore, hasRead }).toEqual({ readBefore: false, hasRead: true });
  expect(await counterOf(userId)).toBe(1);
});

describe('a lane for a job', () => {
  const work = async (userId: string) =>
    database.laneForJob(await keyOf(userId)).write((lane) => insertTask(lane, newTask()));

  test('is written like any other, with the time of the lock', async () => {
    const userId = randomUUID();
    await database.withUser(userId).write((lane) => insertTask(lane, newTask()));
    const held = await holdLane(testDatabase.url, userId);
    const writing = work(userId);
    await until(async () => (await waitingForLocks(testDatabase.url)) === 1);
    const [before] = await sql<{ now: Date }>('select clock_timestamp() as now');
    await held.release();
    const row = await writing;
    expect(row).toMatchObject({ version: 1 });
    expect(row?.created_at.getTime()).toBeGreaterThanOrEqual(Number(before?.now));
    expect(await counterOf(userId)).toBe(2);
  });

  test('is not created', async () => {
    const userId = randomUUID();
    expect(await database.laneForJob({ id: '1000', userId }).write(async () => 'done')).toBeUndefined();
    expect(await work(userId)).toBeUndefined();
    expect(await stateOf(userId)).toEqual({ counter: undefined, changes: [], tasks: [] });
  });

  test('stays erased if it is erased while the job waits for it', async () => {
    const userId = randomUUID();
    await seedTasks(testDatabase.url, userId, [{ title: 'One' }]);
    const held = await holdLane(testDatabase.url, userId);
    const erasing = database.withUser(userId).write(async (lane) => lane.erase());
    await until(async () => (await waitingForLocks(testDatabase.url)) === 1);
    const writing = work(userId);
    await until(async () => (await waitingForLocks(testDatabase.url)) === 2);
    await held.release();
    await erasing;
    expect(await writing).toBeUndefined();
    expect(await stateOf(userId)).toEqual({ counter: undefined, changes: [], tasks: [] });
  });

  test('is written if it was created again after an erasure', async () => {
    const userId = randomUUID();
    await database.withUser(userId).write(async (lane) => lane.erase());
    const later = Date.now() / 1000 + 1;
    await database.withUser(userId, { issuedAt: later }).write((lane) => insertTask(lane, newTask()));
    expect(await work(userId)).toMatchObject({ version: 1 });
    expect(await counterOf(userId)).toBe(2);
  });

  test('is rolled back if the job fails', async () => {
    const userId = randomUUID();
    await seedTasks(testDatabase.url, userId, [{ title: 'One' }]);
    const before = await stateOf(userId);
    const failing = database.laneForJob(await keyOf(userId)).write(async (lane) => {
      await insertTask(lane, newTask());
      throw new Error('the job');
    });
    await expect(failing).rejects.toThrow('the job');
    expect(await stateOf(userId)).toEqual(before);
  });
});

describe('a read', () => {
  test('sees one snapshot', async () => {
    const userId = randomUUID();
    await seedTasks(testDatabase.url, userId, [{ title: 'One' }]);
    const counts = await database.withUser(userId).read(async (lane) => {
      const before = await countTasks(lane, {});
      await database.withUser(userId).write((writable) => insertTask(writable, newTask()));
      const rows = await lane.rows('tasks');
      return [before, rows.length];
    });
    expect(counts).toEqual([1, 1]);
    expect(await database.withUser(userId).read((lane) => countTasks(lane, {}))).toBe(2);
  });

  test('cannot write', async () => {
    const userId = randomUUID();
    await seedTasks(testDatabase.url, userId, [{ title: 'One' }]);
    const before = await stateOf(userId);
    const scope = database.withUser(userId);
    const attempts = [
      scope.read((lane) => lane.rows('tasks').update({ title: 'Changed' })),
      scope.read((lane) => lane.rows('tasks').delete()),
      scope.read((lane) => insertTask(lane as WritableLane, newTask())),
    ];
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.map((each) => each.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await stateOf(userId)).toEqual(before);
  });
});

describe('a lane', () => {
  test('has only rows of one user in every query', async () => {
    const [mine, theirs] = [randomUUID(), randomUUID()];
    await seedTasks(testDatabase.url, mine, [{ title: 'Mine' }]);
    const [theirId] = await seedTasks(testDatabase.url, theirs, [{ title: 'Theirs' }]);
    const id = theirId as string;
    const other = await keyOf(theirs);
    const before = await stateOf(theirs);
    const scope = database.withUser(mine);

    await scope.read(async (lane) => {
      const order = [{ column: 'id', direction: 'asc' }] as const;
      expect(await findTask(lane, id)).toBeUndefined();
      expect(await countTasks(lane, {})).toBe(1);
      const rows = await listTasks(lane, { filter: {}, order, after: null, limit: 200 });
      expect(rows.map((row) => row.title)).toEqual(['Mine']);
      expect(await lane.rows('tasks').where('lane_id', other.id)).toEqual([]);
      expect(await lane.rows('tasks').whereIn('lane_id', [lane.id, other.id]).pluck('title')).toEqual([
        'Mine',
      ]);
      expect(await lane.rows('tasks').clearWhere().pluck('title')).toEqual(['Mine']);
    });
    await scope.write(async (lane) => {
      expect(await deleteTask(lane, id)).toBe(false);
      expect(await lane.rows('tasks').where('id', id).update({ title: 'Taken' })).toBe(0);
      expect(await lane.rows('tasks').whereNot('title', 'Mine').delete()).toBe(0);
      expect(await lane.rows('tasks').clearWhere().where('id', id).delete()).toBe(0);
      const row = { ...taskRow('Planted'), lane_id: other.id };
      const [planted] = await lane.insert('tasks', row).returning('lane_id');
      expect(planted).toEqual({ lane_id: lane.id });
    });
    expect(await stateOf(theirs)).toEqual(before);
  });

  test.each(["'; drop table tasklane.tasks; --", 'ada@example.com', '名前', '%', ' ', '😀'.repeat(255)])(
    'can belong to the user %j',
    async (userId) => {
      const made = await database.withUser(userId).write((lane) => insertTask(lane, newTask()));
      const rows = await sql('select id from tasklane.tasks where lane_id = lane_of($1)', [userId]);
      expect(rows).toEqual([{ id: made?.id }]);
      expect(await database.withUser(userId).read((lane) => countTasks(lane, {}))).toBe(1);
    },
  );
});

describe('a pool of one connection', () => {
  const failures: Record<string, (lane: WritableLane) => Promise<unknown>> = {
    'throws before anything else': () => {
      throw new Error('at once');
    },
    'throws after a statement': async (lane) => {
      await lane.rows('tasks').first();
      throw new Error('later');
    },
    'throws while its statements are on their way': async (lane) => {
      const flight = oneTo(20).map((n) => lane.insert('tasks', taskRow(`Task ${n}`)));
      await flight[0];
      throw new Error('in between');
    },
    'breaks a constraint': (lane) => lane.insert('tasks', taskRow('')),
    'breaks a constraint in the middle of a flight': (lane) =>
      Promise.all([
        lane.insert('tasks', taskRow()),
        lane.insert('tasks', taskRow('')),
        lane.rows('tasks').first(),
      ]),
    'names a column that is not there': (lane) => lane.rows('tasks').where('nonsense', 1).first(),
    'sends what the column cannot be compared with': (lane) =>
      lane.rows('tasks').where('id', 'nonsense').first(),
    'sends NUL': (lane) => lane.insert('tasks', taskRow('a\0b')),
    'leaves a binding undefined': (lane) =>
      lane
        .rows('tasks')
        .where('title', undefined as unknown as string)
        .first(),
    'divides by zero where rows are read': (lane) =>
      lane.rows('tasks').whereRaw('1 / (version - version) = 1'),
    'leaves a change that cannot be recorded': async (lane) => lane.changed({ ...change(), id: 'nonsense' }),
    'leaves a change that is no JSON': async (lane) =>
      lane.changed({ ...change(), fields: { title: { from: 1n, to: 2n } } }),
    'leaves NUL in a change': async (lane) =>
      lane.changed({ ...change(), fields: { title: { from: 'a\0b', to: '' } } }),
  };

  let one: Database;
  let userId: string;
  beforeEach(async () => {
    one = open({ max: 1, acquireTimeoutMs: 1000, statementTimeoutMs: 3000 });
    userId = randomUUID();
    await seedTasks(testDatabase.url, userId, [{ title: 'One' }]);
  });
  afterEach(() => one.close());

  async function works(): Promise<void> {
    const scope = one.withUser(userId);
    const before = (await counterOf(userId)) ?? 0;
    expect(await scope.write((lane) => insertTask(lane, newTask()))).toMatchObject({ version: 1 });
    expect(await scope.read((lane) => findTask(lane, randomUUID()))).toBeUndefined();
    expect(await scope.write((lane) => insertTask(lane, newTask()))).toMatchObject({ version: 1 });
    expect(await counterOf(userId)).toBe(before + 2);
  }

  describe.each([
    ['fresh', async () => undefined],
    ['used', works],
  ])('that is %s', (_what, prepare) => {
    test.each(Object.entries(failures))('works after a write that %s', async (_failure, work) => {
      await prepare();
      const before = await stateOf(userId);
      await expect(one.withUser(userId).write(work)).rejects.toThrow();
      expect(await stateOf(userId)).toEqual(before);
      await works();
    });

    // The failed statement aborts the transaction, which must not count as committed.
    test.each([0, 1])('works after a write that hid its error and left %i changes', async (changes) => {
      await prepare();
      const before = await stateOf(userId);
      const write = one.withUser(userId).write(async (lane) => {
        await lane.insert('tasks', taskRow('')).then(undefined, () => undefined);
        if (changes > 0) lane.changed(change());
        return 'done';
      });
      await expect(write).rejects.toThrow();
      expect(await stateOf(userId)).toEqual(before);
      await works();
    });

    test('works after failed reads', async () => {
      await prepare();
      const scope = one.withUser(userId);
      await expect(scope.read((lane) => lane.rows('tasks').where('nonsense', 1))).rejects.toThrow();
      await expect(scope.read(() => Promise.reject(new Error('the work')))).rejects.toThrow('the work');
      await works();
    });
  });

  test('serves ten requests at once, one of which fails', async () => {
    const outcomes = await Promise.allSettled(
      oneTo(10).map((n) =>
        one.withUser(userId).write((lane) => insertTask(lane, newTask(n === 5 ? '' : `Task ${n}`))),
      ),
    );
    expect(outcomes.filter((each) => each.status === 'fulfilled')).toHaveLength(9);
    expect(outcomes[4]?.status).toBe('rejected');
    expect(await counterOf(userId)).toBe(9);
  });

  test('is replaced when its backend ends, during a write or between two', async () => {
    const end = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'tasklane' and `;
    const other = await holdLane(testDatabase.url, userId);
    const write = one.withUser(userId).write((lane) => insertTask(lane, newTask()));
    const outcome = expect(write).rejects.toMatchObject({ code: '57P01' });
    await until(async () => (await waitingForLocks(testDatabase.url)) === 1);
    await sql(`${end} wait_event_type = 'Lock'`);
    await outcome;
    await other.release();
    await works();

    await sql(`${end} state = 'idle'`);
    // One request may get the connection before the pool knows that it has ended.
    await until(() =>
      works().then(
        () => true,
        () => false,
      ),
    );
  });
});

test('a silent connection is closed, and the next request gets a new one', async () => {
  const proxy = await openProxy(testDatabase.url);
  const one = open({ url: proxy.url, max: 1, statementTimeoutMs: 100 });
  const scope = one.withUser(randomUUID());
  await scope.write((lane) => insertTask(lane, newTask()));
  proxy.silence();
  const error = await scope.read((lane) => countTasks(lane, {})).catch((error) => error);
  expect([error.message, isUnavailable(error)]).toEqual([expect.any(String), true]);
  expect(await scope.read((lane) => countTasks(lane, {}))).toBe(1);
  await one.close();
  await proxy.close();
});

describe('the service', () => {
  const service = useTestService({
    // Each user can use two of them.
    DATABASE_POOL_MAX: '4',
    DATABASE_ACQUIRE_TIMEOUT_MS: '1000',
    DATABASE_STATEMENT_TIMEOUT_MS: '30000',
  });
  const impatient = useTestService({ DATABASE_STATEMENT_TIMEOUT_MS: '2000' });

  const waiting = (count: number, { url } = service.database) =>
    until(async () => (await waitingForLocks(url)) === count);

  test('answers 503 to a write that waits too long, and serves other lanes', async () => {
    const [ada, bob] = [await makeUser(impatient.url), await makeUser(impatient.url)];
    const held = await holdLane(impatient.database.url, ada.id);
    const stuck = ada.send('POST', '/tasks', { body: { title: 'Stuck' } });
    await waiting(1, impatient.database);
    expect((await bob.send('POST', '/tasks', { body: { title: 'Free' } })).status).toBe(201);
    expect((await ada.send('GET', '/tasks')).body.items).toEqual([]);
    const response = await stuck;
    expect(response).toMatchObject({ status: 503, body: { code: 'service-unavailable' } });
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
    await held.release();
    expect((await ada.send('POST', '/tasks', { body: { title: 'Free' } })).status).toBe(201);
    expect((await ada.send('GET', '/tasks')).body.items).toHaveLength(1);
  });

  test('answers 503 while its pool is full, and works afterwards', async () => {
    const [ada, bob, eve] = [
      await makeUser(service.url),
      await makeUser(service.url),
      await makeUser(service.url),
    ];
    const held = await Promise.all([ada, bob].map(({ id }) => holdLane(service.database.url, id)));
    const stuck = [ada, ada, bob, bob].map((user) =>
      user.send('POST', '/projects', { body: { name: 'Stuck' } }),
    );
    await waiting(4);
    const began = performance.now();
    const refused = await eve.send('GET', '/tasks');
    const took = performance.now() - began;
    expect(refused).toMatchObject({ status: 503, body: { code: 'service-unavailable' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(took).toBeGreaterThan(950);
    expect(took).toBeLessThan(10_000);
    await Promise.all(held.map((each) => each.release()));
    expect((await Promise.all(stuck)).map((each) => each.status)).toEqual([201, 201, 201, 201]);
    expect((await eve.send('GET', '/tasks')).status).toBe(200);
  });

  test('lets one user use only a share of its pool', async () => {
    const [ada, bob] = [await makeUser(service.url), await makeUser(service.url)];
    const held = await holdLane(service.database.url, ada.id);
    const answered: number[] = [];
    const stuck = oneTo(20).map(async () => {
      answered.push((await ada.send('POST', '/projects', { body: { name: 'Stuck' } })).status);
    });
    await waiting(2);
    expect((await bob.send('POST', '/tasks', { body: { title: 'Free' } })).status).toBe(201);
    expect((await bob.send('GET', '/tasks')).status).toBe(200);
    expect(await waitingForLocks(service.database.url)).toBe(2);
    // All others reach their time limit.
    await until(() => answered.length === 18);
    await held.release();
    await Promise.all(stuck);
    expect(answered).toEqual([...Array(18).fill(503), 201, 201]);
  });

  test('creations of one lane wait on one connection, and not for ever', async () => {
    const ada = await makeUser(service.url);
    const held = await holdLane(service.database.url, ada.id);
    const answered: number[] = [];
    const stuck = oneTo(20).map(async () => {
      answered.push((await ada.send('POST', '/tasks', { body: { title: 'Stuck' } })).status);
    });
    await waiting(1);
    await until(() => answered.length === 19);
    await held.release();
    await Promise.all(stuck);
    expect(answered).toEqual([...Array(19).fill(503), 201]);
  });

  test('answers 503 when its backend ends during a request, and then works', async () => {
    const ada = await makeUser(service.url);
    const held = await holdLane(service.database.url, ada.id);
    const cut = ada.send('POST', '/tasks', { body: { title: 'Cut' } });
    await waiting(1);
    await query(
      service.database.url,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    const response = await cut;
    expect(response).toMatchObject({ status: 503, body: { code: 'service-unavailable' } });
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
    await held.release();
    expect((await ada.send('POST', '/tasks', { body: { title: 'Kept' } })).status).toBe(201);
    expect((await ada.send('GET', '/tasks')).body.items.map((each: { title: string }) => each.title)).toEqual(
      ['Kept'],
    );
  });
});

/** Reads from a streaming replica, with its faults. */
import { randomUUID } from 'node:crypto';
import type { Database, DatabaseOptions } from '../../../src/platform/database/database';
import { ClientCutOff, type Lane, StaleToken } from '../../../src/platform/database/lane';
import { migrateUp } from '../../../src/platform/database/migrations';
import { askTogether, type ReplicaResult } from '../../../src/platform/database/replica';
import { createLogger } from '../../../src/platform/observability/logger';
import { type Service, startService } from '../../../src/start';
import { createTestDatabase, query } from '../../support/database';
import { laneFunctions } from '../../support/lane-functions';
import { readMetrics, samplesOf } from '../../support/metrics';
import { openDatabase } from '../../support/open-database';
import { runScript } from '../../support/process';
import { openProxy } from '../../support/proxy';
import { type ReplicatedPostgres, startReplicated } from '../../support/replica';
import { testConfig } from '../../support/service';
import { until } from '../../support/until';
import { makeUser } from '../../support/user';

let servers: ReplicatedPostgres;
const opened: Database[] = [];

/** An instance's access to the database, and who answered its reads. */
interface Instance extends Database {
  readonly results: ReplicaResult[];
}

function open({ url = servers.primary.url, ...rest }: Partial<DatabaseOptions> = {}): Instance {
  const results: ReplicaResult[] = [];
  const database = openDatabase(url, {
    replicaUrl: servers.replica.url,
    onReplicaRead: (result) => void results.push(result),
    ...rest,
  });
  opened.push(database);
  return { ...database, results };
}

const fromReplica = { replica: true };
const client = { id: 'https://agent.example.com', scopes: [], name: null };

/** The titles of a lane's tasks, read as a list does it. */
const titlesOf = (instance: Database, userId: string): Promise<string[]> =>
  instance
    .withUser(userId)
    .readAtOnce(async (lane) => lane.rows('tasks').orderBy('id').pluck('title'), fromReplica);

const addTask = (instance: Database, userId: string, title: string): Promise<unknown> =>
  instance.withUser(userId).write((lane) => lane.insert('tasks', { id: randomUUID(), title }));

const onReplica = (sql: string) => query<Record<string, unknown>>(servers.replica.url, sql);

/** Reads until the replica answers. */
const untilUsed = (instance: Instance, userId: string) =>
  until(async () => {
    await titlesOf(instance, userId);
    return instance.results.at(-1) === 'replica';
  });

beforeAll(async () => {
  servers = await startReplicated(async (url) => {
    await migrateUp(url);
    await query(url, laneFunctions);
  });
});
afterEach(() => Promise.all(opened.splice(0).map((each) => each.close())));
afterAll(() => servers?.close());

test('a question is asked after the call, and calls that wait share it', async () => {
  let asked = 0;
  let answer = (_: number) => {};
  const ask = askTogether(() => {
    const number = ++asked;
    return new Promise<number>((resolve) => {
      answer = () => resolve(number);
    });
  });
  const first = ask();
  await Promise.resolve();
  const others = [ask(), ask()];
  expect(asked).toBe(1);
  answer(1);
  expect(await first).toBe(1);
  await until(() => asked === 2);
  answer(2);
  expect(await Promise.all(others)).toEqual([2, 2]);
});

test('reads at one instance see each write at another one', async () => {
  const [one, other] = [open(), open()];
  const userId = randomUUID();
  const titles: string[] = [];
  for (let count = 0; count < 100; count++) {
    titles.push(`${count}`);
    await addTask(one, userId, `${count}`);
    expect((await titlesOf(other, userId)).toSorted()).toEqual(titles.toSorted());
  }
  expect(one.results).toEqual([]);
  await untilUsed(other, userId);
});

test('row-level security also holds on the replica', async () => {
  const instance = open();
  const [ada, ben] = [randomUUID(), randomUUID()];
  await addTask(instance, ada, 'of Ada');
  await addTask(instance, ben, 'of Ben');
  await untilUsed(instance, ben);
  const seen = await instance
    .withUser(ben)
    .read(async (lane) => lane.rows('tasks').clear('where').pluck('title'), fromReplica);
  expect([seen, instance.results.at(-1)]).toEqual([['of Ben'], 'replica']);
});

test('the replica takes no writes', async () => {
  const instance = open();
  const userId = randomUUID();
  await addTask(instance, userId, 'as it was');
  await untilUsed(instance, userId);
  const change = instance
    .withUser(userId)
    .read(async (lane) => lane.rows('tasks').update({ title: 'changed' }), fromReplica);
  await expect(change).rejects.toMatchObject({ code: '25006' });
});

describe('a replica that does not replay', () => {
  afterEach(() => onReplica('select pg_wal_replay_resume()'));
  const pause = async () => {
    await onReplica('select pg_wal_replay_pause()');
    await until(
      async () => (await onReplica('select pg_get_wal_replay_pause_state() as state'))[0]?.state === 'paused',
    );
  };

  test('does not hide writes; it is used again when it has caught up', async () => {
    const [one, other] = [open(), open()];
    const userId = randomUUID();
    await addTask(one, userId, 'before');
    await untilUsed(other, userId);
    await pause();
    await addTask(one, userId, 'after');
    expect((await titlesOf(other, userId)).toSorted()).toEqual(['after', 'before']);
    expect(other.results.at(-1)).toBe('lag');
    expect(other.replica()).toEqual({
      problem: expect.stringMatching(/^it is [1-9]\d* bytes behind the primary$/),
      lagSeconds: expect.any(Number),
    });
    expect(other.replica()?.lagSeconds).toBeGreaterThan(0);
    await onReplica('select pg_wal_replay_resume()');
    await untilUsed(other, userId);
    expect(other.replica()).toEqual({ problem: null, lagSeconds: 0 });
  });

  test('refuses clients that were cut off and tokens of an erased lane, like the primary', async () => {
    const [one, other] = [open(), open()];
    const userId = randomUUID();
    await one.withUser(userId, { client }).write(async (lane) => {
      await lane.insert('clients', { id: randomUUID(), client_id: client.id, scopes: [] } as never);
    });
    await untilUsed(other, userId);
    await pause();
    await one
      .withUser(userId)
      .write(async (lane) => lane.rows('clients').update({ cut_off_at: new Date() } as never));
    const readAsClient = () =>
      other.withUser(userId, { client }).read(async (lane) => lane.rows('tasks'), fromReplica);
    await expect(readAsClient()).rejects.toThrow(ClientCutOff);
    const issuedAt = Date.now() / 1000;
    await one.withUser(userId).write(async (lane) => lane.erase());
    const readWithToken = () =>
      other.withUser(userId, { issuedAt }).read(async (lane) => lane.rows('tasks'), fromReplica);
    await expect(readWithToken()).rejects.toThrow(StaleToken);
  });
});

test('a read that the replica cancels for its replay runs on the primary', async () => {
  const instance = open();
  const userId = randomUUID();
  await addTask(instance, userId, 'to read');
  const read = async (lane: Lane) => {
    const rows = await lane.rows('tasks').select('title', lane.expression('pg_is_in_recovery() as standby'));
    if ((rows as { standby?: boolean }[])[0]?.standby) {
      const slept = lane.rows('tasks').select(lane.expression('pg_sleep(20)')).then();
      slept.catch(() => undefined);
      // The lock conflicts with that of the read as soon as the replica replays it.
      await query(
        servers.primary.url,
        'do $$ begin lock table tasklane.tasks in access exclusive mode; perform txid_current(); end $$',
      );
      await slept;
    }
    return rows;
  };
  await until(async () => {
    const rows = await instance.withUser(userId).read(read, fromReplica);
    expect(rows).toEqual([{ title: 'to read', standby: false }]);
    return instance.results.at(-1) === 'conflict';
  });
});

test('a statement timeout of the replica is not followed by another one of the primary', async () => {
  const instance = open();
  const userId = randomUUID();
  await addTask(instance, userId, 'to read');
  await untilUsed(instance, userId);
  const impatient = open({ statementTimeoutMs: 1_000 });
  let runs = 0;
  const slow = impatient.withUser(userId).read(async (lane) => {
    runs++;
    await lane.rows('tasks').select(lane.expression('pg_sleep(20)'));
  }, fromReplica);
  await expect(slow).rejects.toMatchObject({ code: '57014' });
  expect(runs).toBe(1);
});

describe('a replica that is away', () => {
  test('costs reads nothing after the first one, and is used again when it is back', async () => {
    const instance = open();
    const userId = randomUUID();
    await addTask(instance, userId, 'to read');
    await untilUsed(instance, userId);
    await servers.replica.stop();
    for (let count = 0; count < 3; count++) {
      expect(await titlesOf(instance, userId)).toEqual(['to read']);
      expect(instance.results.at(-1)).toBe('unavailable');
    }
    await addTask(instance, userId, 'written meanwhile');
    await servers.replica.start();
    await untilUsed(instance, userId);
    expect(await titlesOf(instance, userId)).toHaveLength(2);
  });

  test.each(['unavailable', 'slow'] as const)(
    'delays a read for a bounded time if the network falls silent: %s',
    async (expected) => {
      let isSilent = false;
      const proxy = await openProxy(servers.replica.url, (chunk) => (isSilent ? null : chunk.length));
      const instance = open({ replicaUrl: proxy.url });
      try {
        const userId = randomUUID();
        await addTask(instance, userId, 'to read');
        await untilUsed(instance, userId);
        // Either all connections are silent, or only those that are already open.
        if (expected === 'unavailable') isSilent = true;
        else proxy.silence();
        const started = performance.now();
        expect(await titlesOf(instance, userId)).toEqual(['to read']);
        expect(instance.results.at(-1)).toBe(expected);
        // A silent connection itself ends after 12 s.
        expect(performance.now() - started).toBeLessThan(12_000);
      } finally {
        await proxy.close();
      }
    },
  );
});

test('a replica of another server is refused', async () => {
  const another = await createTestDatabase();
  try {
    const instance = open({ url: another.url });
    const userId = randomUUID();
    await addTask(instance, userId, 'to read');
    expect(await titlesOf(instance, userId)).toEqual(['to read']);
    expect([instance.results.at(-1), instance.replica()?.problem]).toEqual([
      'unavailable',
      'it is a replica of another server',
    ]);
  } finally {
    await another.drop();
  }
});

test('the doctor reports whether the replica can be used', async () => {
  const findingOf = async (replicaUrl: string) => {
    const doctor = runScript('src/commands/doctor.ts', ['--json'], {
      DATABASE_URL: servers.primary.url,
      DATABASE_REPLICA_URL: replicaUrl,
    });
    await doctor.ended;
    const { findings } = JSON.parse(doctor.output.stdout);
    return findings.find(({ check }: { check: string }) => check === 'replica');
  };
  const [used, refused] = await Promise.all([servers.replica.url, servers.primary.url].map(findingOf));
  expect(used).toEqual({
    check: 'replica',
    status: 'ok',
    message: 'The replica has replayed what the primary had written.',
    action: null,
  });
  expect(refused).toMatchObject({
    status: 'problem',
    message: 'The replica cannot be used: it is not a replica.',
    action: expect.stringContaining('DATABASE_REPLICA_URL'),
  });
});

describe('the service', () => {
  let service: Service;
  beforeAll(async () => {
    const config = testConfig({
      DATABASE_URL: servers.primary.url,
      DATABASE_REPLICA_URL: servers.replica.url,
      METRICS_PORT: '0',
      RATE_LIMIT: 'off',
    });
    service = await startService(config, createLogger({ level: 'silent', pretty: false }));
    await service.ready;
  });
  afterAll(() => service?.stop());

  const resultsOf = async () => {
    const samples = samplesOf(await readMetrics(service.metricsUrl));
    return (result: string) => samples.get(`tasklane_replica_reads_total{result="${result}"}`) ?? 0;
  };

  test.each([
    ['/tasks'],
    ['/tasks?q=title&include_total=true&view=today'],
    ['/projects'],
    ['/tags'],
    ['/trash'],
    ['/stats'],
    ['/completions'],
    ['/activity'],
    ['/sync'],
    ['/export'],
    ['/export.csv'],
  ])('reads GET %s from the replica', async (path) => {
    const user = await makeUser(service.url);
    await user.send('POST', '/tasks', { body: { title: 'title', tags: ['tag'] } });
    await until(async () => {
      const before = (await resultsOf())('replica');
      expect((await user.send('GET', path)).status).toBe(200);
      return (await resultsOf())('replica') > before;
    });
  });
});

// These change the servers for good.
describe('after a failover', () => {
  test('a replica that was promoted is refused', async () => {
    const instance = open();
    const userId = randomUUID();
    await addTask(instance, userId, 'on the primary');
    await untilUsed(instance, userId);
    await onReplica('select pg_promote()');
    await onReplica('update tasklane.tasks set title = upper(title)');
    expect(await titlesOf(instance, userId)).toEqual(['on the primary']);
    expect(instance.replica()?.problem).toBe('it is not a replica');
  });

  test('a replica that stays on the timeline of the old primary is refused', async () => {
    await servers.primary.stop();
    await servers.primary.makeStandby();
    await servers.primary.start();
    const instance = open({ url: servers.replica.url, replicaUrl: servers.primary.url });
    const userId = randomUUID();
    await addTask(instance, userId, 'on the new primary');
    expect(await titlesOf(instance, userId)).toEqual(['on the new primary']);
    expect(instance.replica()?.problem).toBe('it is on another timeline than the primary');
  });
});

/** Tests wake-ups between processes: alone, through Redis, and through Postgres. */
import { randomUUID } from 'node:crypto';
import { createClient as createRedisClient } from '@redis/client';
import pino from 'pino';
import type { Database } from '../../../src/platform/database/database';
import { freePort } from '../../../src/platform/database/embedded/server';
import { hashUser } from '../../../src/platform/observability/logger';
import type { ChannelListener } from '../../../src/platform/wake-ups/channel';
import { type ListeningFor, postgresChannel } from '../../../src/platform/wake-ups/postgres-channel';
import { redisChannel } from '../../../src/platform/wake-ups/redis-channel';
import { createWakeUps, type WakeUps } from '../../../src/platform/wake-ups/wake-ups';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { openDatabase } from '../../support/open-database';
import { openPooler } from '../../support/pooler';
import { startRedis, type TestRedis } from '../../support/redis';
import { until } from '../../support/until';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** What a process got: the hashes of users, and how often wake-ups may have been lost. */
function createRecord() {
  const woken: string[] = [];
  let missed = 0;
  return {
    woken,
    missed: () => missed,
    listener: {
      woken: (hash: string) => void woken.push(hash),
      missed() {
        missed++;
      },
    },
  };
}

function createLog() {
  const logged: { msg: string }[] = [];
  return {
    logged,
    log: pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line)) }),
  };
}

describe('wake-ups', () => {
  /** Wake-ups on a channel of the test; `now` is their clock. */
  function open(send: (text: string) => Promise<boolean>) {
    const record = createRecord();
    const time = { now: 0 };
    let channel: ChannelListener | undefined;
    const wakeUps = createWakeUps(
      (listener) => {
        channel = listener;
        return { send, isUp: () => true, close() {} };
      },
      record.listener,
      () => time.now,
    );
    return { ...record, wakeUps, time, channel: channel as ChannelListener };
  }

  test('are sent at once, those that follow together, and contain no id of a user', async () => {
    const texts: string[] = [];
    const gate = Promise.withResolvers<boolean>();
    const { wakeUps } = open((text) => {
      texts.push(text);
      return gate.promise;
    });
    wakeUps.send('ada');
    expect(texts).toEqual([expect.stringMatching(new RegExp(`^[0-9a-f]{12} ${hashUser('ada')}$`))]);
    for (const user of ['bob', 'eve', 'bob']) wakeUps.send(user);
    gate.resolve(true);
    await until(() => texts.length === 2);
    expect(texts[1]?.split(' ').slice(1)).toEqual([hashUser('bob'), hashUser('eve')]);
  });

  test('of very many lanes are one text of bounded size', async () => {
    const texts: string[] = [];
    const gate = Promise.withResolvers<boolean>();
    const { wakeUps } = open((text) => {
      texts.push(text);
      return gate.promise;
    });
    for (let n = 0; n < 100_000; n++) wakeUps.send(`user ${n % 10_000}`);
    gate.resolve(true);
    await until(() => texts.length === 2);
    expect(texts[1]).toMatch(/^[0-9a-f]{12} \*$/);
    const other = open(async () => true);
    other.channel.received(texts[1] as string);
    expect([other.woken, other.missed()]).toEqual([[], 1]);
  });

  test('of the own process are ignored, and those of others are taken', async () => {
    const texts: string[] = [];
    const own = open(async (text) => texts.push(text) > 0);
    own.wakeUps.send('ada');
    const other = open(async () => true);
    for (const { channel } of [own, other]) channel.received(texts[0] as string);
    expect([own.woken, other.woken]).toEqual([[], [hashUser('ada')]]);
  });

  test('are not sent for a while after nobody listened, or after an error', async () => {
    const texts: string[] = [];
    const results: (() => Promise<boolean>)[] = [
      async () => false,
      () => Promise.reject(new Error('The channel is broken.')),
      async () => true,
    ];
    const { wakeUps, time } = open((text) => {
      texts.push(text);
      return (results.shift() as () => Promise<boolean>)();
    });
    const sendUntilSent = (count: number) =>
      until(() => {
        wakeUps.send('ada');
        return texts.length === count;
      });
    await sendUntilSent(1);
    await until(() => results.length === 2);
    await new Promise(setImmediate);
    wakeUps.send('ada');
    time.now = 4_999;
    wakeUps.send('ada');
    expect(texts).toHaveLength(1);
    time.now = 5_000;
    await sendUntilSent(2);
    await new Promise(setImmediate);
    time.now = 5_999;
    wakeUps.send('ada');
    expect(texts).toHaveLength(2);
    time.now = 6_000;
    await sendUntilSent(3);
  });
});

describe('through Redis', () => {
  let port: number;
  let redis: TestRedis;
  beforeEach(async () => {
    port = await freePort();
    redis = await startRedis(port);
    closing.push(() => redis.stop());
  });

  function open() {
    const record = createRecord();
    const { logged, log } = createLog();
    const wakeUps = createWakeUps(redisChannel(`redis://127.0.0.1:${port}`, log), record.listener);
    closing.push(() => wakeUps.close());
    return { ...record, logged, wakeUps };
  }

  /** Sends until another process has got it, because a channel that was just interrupted can lose texts. */
  const reaches = (from: WakeUps, userId: string, woken: readonly string[]) =>
    until(() => {
      from.send(userId);
      return woken.includes(hashUser(userId));
    }, 20_000);

  test('one process wakes the others, also after Redis hung and after it was stopped', async () => {
    const [one, other] = [open(), open()];
    await until(() => one.wakeUps.isUp() && other.wakeUps.isUp());
    expect(other.missed()).toBe(1);
    one.wakeUps.send('ada');
    await until(() => other.woken.length > 0);
    expect([one.woken, other.woken]).toEqual([[], [hashUser('ada')]]);

    redis.hang();
    await until(() => !one.wakeUps.isUp() && !other.wakeUps.isUp(), 20_000);
    redis.resume();
    await reaches(one.wakeUps, 'bob', other.woken);

    await redis.stop();
    await until(() => !other.wakeUps.isUp());
    redis = await startRedis(port);
    await reaches(one.wakeUps, 'eve', other.woken);
    expect(other.missed()).toBeGreaterThanOrEqual(2);
    expect(other.logged.map(({ msg }) => msg.replace(/:.*/, ''))).toEqual([
      'Redis sends no wake-ups',
      'Redis sends wake-ups again',
      'Redis sends no wake-ups',
      'Redis sends wake-ups again',
    ]);
  });

  test('ignores what nobody of the service has sent', async () => {
    const { wakeUps, woken, missed } = open();
    await until(() => wakeUps.isUp());
    const client = createRedisClient({ url: `redis://127.0.0.1:${port}` });
    await client.connect();
    for (const text of ['', ' ', 'x', `x ${'a '.repeat(100_000)}`])
      await client.publish('tasklane:wake-ups', text);
    await client.publish('tasklane:wake-ups', 'x the-last-one');
    await until(() => woken.includes('the-last-one'));
    client.destroy();
    expect(woken.length).toBeLessThan(500);
    expect(missed()).toBe(1);
  });
});

describe('through Postgres', () => {
  let testDatabase: TestDatabase;
  let database: Database;
  beforeEach(async () => {
    testDatabase = await createTestDatabase();
    closing.push(() => testDatabase.drop());
    database = openDatabase(testDatabase.url);
    closing.push(() => database.close());
  });

  function open(
    listeningFor: () => ListeningFor,
    url = testDatabase.url,
    lastGoodAt = () => performance.now(),
  ) {
    const record = createRecord();
    const { logged, log } = createLog();
    const wakeUps = createWakeUps(
      postgresChannel({ url, query: database.lookUp, lastGoodAt, listeningFor, log }),
      record.listener,
    );
    closing.push(() => wakeUps.close());
    return { ...record, logged, wakeUps };
  }

  const listeners = () =>
    query<{ pid: number }>(
      testDatabase.url,
      `select pid from pg_stat_activity where datname = current_database() and application_name = 'tasklane-listen'`,
    );
  const endListeners = () =>
    query(
      testDatabase.url,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'tasklane-listen'`,
    );

  test('one process wakes the others that listen, also after their connection was lost', async () => {
    const [one, other] = [open(() => null), open(() => 'streams')];
    await until(() => other.missed() === 1);
    one.wakeUps.send('ada');
    await until(() => other.woken.length > 0);
    expect(other.woken).toEqual([hashUser('ada')]);
    expect(await listeners()).toHaveLength(1);

    await endListeners();
    await until(() => other.missed() === 2);
    const userId = randomUUID();
    await until(() => {
      one.wakeUps.send(userId);
      return other.woken.includes(hashUser(userId));
    }, 20_000);
    expect(other.logged.map(({ msg }) => msg.replace(/:.*/, ''))).toEqual([
      'Postgres sends no wake-ups',
      'Postgres sends wake-ups again',
    ]);
  });

  test('a process that listens is told of no write of its own', async () => {
    const sent: unknown[] = [];
    const record = createRecord();
    const wakeUps = createWakeUps(
      postgresChannel({
        url: testDatabase.url,
        lastGoodAt: () => performance.now(),
        async query(text, values) {
          const result = await database.lookUp(text, values);
          sent.push(result.rows.length);
          return result;
        },
        listeningFor: () => 'streams',
        log: pino({ level: 'silent' }),
      }),
      record.listener,
    );
    closing.push(() => wakeUps.close());
    await until(() => record.missed() === 1);
    wakeUps.send('ada');
    await until(() => sent.length > 0);
    expect(sent).toEqual([0]);
  });

  test('idle jobs do not wake up a database that ended the connection', async () => {
    let goodAt = 0;
    const { missed, logged } = open(
      () => 'jobs',
      testDatabase.url,
      () => goodAt,
    );
    // Another process connects at once again. This one must not have done so by then.
    const eager = open(() => 'streams');
    await until(() => missed() === 1 && eager.missed() === 1);
    await endListeners();
    await until(() => eager.missed() === 2);
    await endListeners();
    await until(() => eager.missed() === 3);
    expect(missed()).toBe(1);
    expect(logged).toEqual([]);
    goodAt = performance.now();
    await until(() => missed() === 2);
  });

  test('does not listen through a pooler in transaction mode', async () => {
    const pooler = await openPooler(testDatabase.url, 2);
    closing.push(() => pooler.close());
    const { logged, missed } = open(() => 'streams', pooler.url);
    await until(() => logged.length > 0);
    expect(logged[0]?.msg).toMatch(/^wake-ups need REDIS_URL, or DATABASE_DIRECT_URL/);
    expect(missed()).toBe(0);
  });
});

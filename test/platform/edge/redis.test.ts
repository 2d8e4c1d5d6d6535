/** Rate limits that several instances share; needs a Redis server, which CI installs. */
import { createClient } from '@redis/client';
import pino from 'pino';
import { freePort } from '../../../src/platform/database/embedded/server';
import type { Counter } from '../../../src/platform/edge/counter';
import { windowMs } from '../../../src/platform/edge/counter';
import { redisCounter } from '../../../src/platform/edge/redis-counter';
import { send } from '../../support/api';
import { stopClock } from '../../support/clock';
import { hasRedis, startRedis, type TestRedis } from '../../support/redis';
import { startTestService, type TestService, tokenOf } from '../../support/service';
import { until } from '../../support/until';

const describeWithRedis = hasRedis() ? describe : describe.skip;

const lost = 'Redis is unreachable';
const back = 'Redis is reachable again';

/** The duration of `work` in milliseconds, and its result. */
async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}

const reads = (status: number, count: number) => Array.from({ length: count }, () => status);

describeWithRedis('two instances with one Redis', () => {
  let port: number;
  let redis: TestRedis;
  let services: [TestService, TestService];
  const environment = () => ({ REDIS_URL: `redis://127.0.0.1:${port}`, RATE_LIMIT_READS: '6' });

  beforeAll(async () => {
    port = await freePort();
    redis = await startRedis(port);
    services = [await startTestService(environment()), await startTestService(environment())];
  });
  afterAll(async () => {
    await Promise.all(services.map((service) => service.stop()));
    await redis.stop();
  });
  beforeEach(() => {
    for (const { logged } of services) logged.length = 0;
  });

  /** Sends reads to both instances in turn. */
  async function readInTurns(userId: string, count: number, at = services): Promise<number[]> {
    const token = await tokenOf(userId);
    const seen: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const service = at[i % 2] as TestService;
      seen.push((await send(service.url, 'GET', `/api/${userId}/tasks`, { token })).status);
    }
    return seen;
  }

  const told = (text: string, of = services) =>
    of.map(({ logged }) => logged.filter(({ msg }) => String(msg).startsWith(text)).length);

  test('count requests together', async () => {
    expect(await readInTurns('shared', 8)).toEqual([...reads(200, 6), ...reads(429, 2)]);
  });

  test('count separately without Redis, log it once, and count together when it is back', async () => {
    await redis.stop();
    await until(() => told(lost).every((count) => count === 1));
    expect(await readInTurns('apart', 14)).toEqual([...reads(200, 12), ...reads(429, 2)]);
    expect(told(lost)).toEqual([1, 1]);

    // Redis has lost the script.
    redis = await startRedis(port);
    await until(() => told(back).every((count) => count === 1));
    expect(await readInTurns('together', 8)).toEqual([...reads(200, 6), ...reads(429, 2)]);
    expect(told(lost)).toEqual([1, 1]);
  });

  test('wait only once for a Redis that hangs, and count together when it answers again', async () => {
    redis.hang();
    try {
      const first = await timed(() => readInTurns('hanging', 2));
      expect(first.value).toEqual([200, 200]);
      expect(first.ms).toBeLessThan(2_000);
      const { ms, value } = await timed(() => readInTurns('hanging', 12));
      expect(value).toEqual([...reads(200, 10), ...reads(429, 2)]);
      expect(ms).toBeLessThan(1_000);
      expect(told(lost)).toEqual([1, 1]);
      expect(told(back)).toEqual([0, 0]);
    } finally {
      redis.resume();
    }
    await until(() => told(back).every((count) => count === 1));
    expect(await readInTurns('going-on', 8)).toEqual([...reads(200, 6), ...reads(429, 2)]);
    expect(told(lost)).toEqual([1, 1]);
  });

  test('start and stop while Redis hangs', async () => {
    redis.hang();
    let started: TestService | undefined;
    try {
      const { ms, value } = await timed(() => startTestService(environment()));
      started = value;
      expect(ms).toBeLessThan(10_000);
      expect(await readInTurns('alone', 8, [started, started])).toEqual([...reads(200, 6), ...reads(429, 2)]);
      expect(told(lost, [started, started])).toEqual([1, 1]);
    } finally {
      const stopping = timed(async () => started?.stop());
      expect((await stopping).ms).toBeLessThan(5_000);
      redis.resume();
    }
  });

  test('start without Redis, and count together when it is available', async () => {
    await redis.stop();
    const fresh: [TestService, TestService] = [
      await startTestService(environment()),
      await startTestService(environment()),
    ];
    try {
      expect(told(lost, fresh)).toEqual([1, 1]);
      expect(await readInTurns('early', 14, fresh)).toEqual([...reads(200, 12), ...reads(429, 2)]);
      redis = await startRedis(port);
      await until(() => told(back, fresh).every((count) => count === 1));
      expect(await readInTurns('late', 8, fresh)).toEqual([...reads(200, 6), ...reads(429, 2)]);
    } finally {
      await Promise.all(fresh.map((service) => service.stop()));
    }
  });
});

describeWithRedis('a counter in Redis', () => {
  let port: number;
  let redis: TestRedis;
  let counter: Counter;
  let lines: Record<string, unknown>[];

  beforeEach(async () => {
    port = await freePort();
    redis = await startRedis(port);
    lines = [];
    const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
    counter = await redisCounter(`redis://127.0.0.1:${port}`, log);
  });
  afterEach(async () => {
    counter.close();
    jest.useRealTimers();
    await redis.stop();
  });

  async function withClient(
    work: (client: ReturnType<typeof createClient>) => Promise<unknown>,
  ): Promise<void> {
    const client = createClient({ url: `redis://127.0.0.1:${port}` });
    await client.connect();
    await work(client as never);
    client.destroy();
  }

  test('counts units, and does not count rejected requests', async () => {
    expect(await counter.take('a', 2, 3)).toEqual({ fits: true, total: 2, leftMs: windowMs });
    expect(await counter.take('a', 5, 3)).toMatchObject({ fits: true, total: 7 });
    const { fits, total, leftMs } = await counter.take('a', 1, 3);
    expect({ fits, total }).toEqual({ fits: false, total: 7 });
    expect(leftMs).toBeLessThanOrEqual(windowMs);
    expect(leftMs).toBeGreaterThan(0);
  });

  test('loads its script again when Redis has lost it', async () => {
    await counter.take('a', 1, 3);
    await withClient((client) => client.scriptFlush());
    expect(await counter.take('a', 1, 3)).toMatchObject({ total: 2 });
    expect(lines).toEqual([]);
  });

  test.each(['2026-11-20T00:00:00Z', '2026-11-27T00:00:00Z'])(
    "has windows that do not depend on the service's clock, if it is %s",
    async (instant) => {
      stopClock('2026-11-26T12:00:00Z');
      await counter.take('a', 1, 1);
      jest.setSystemTime(new Date(instant));
      const { fits, leftMs } = await counter.take('a', 1, 1);
      expect(fits).toBe(false);
      expect(leftMs).toBeGreaterThan(windowMs / 2);
      expect(leftMs).toBeLessThanOrEqual(windowMs);
    },
  );

  test.each([
    ['was set back', { type: 'PX', value: 10 * windowMs }],
    ['tells no end', { type: 'KEEPTTL' }],
  ] as const)('ends a window in time if the clock of Redis %s', async (_what, expiration) => {
    await withClient((client) => client.set('tasklane:rate:a', '1', { expiration }));
    expect(await counter.take('a', 1, 1)).toEqual({ fits: false, total: 1, leftMs: windowMs });
  });

  test('does not report shared limits while Redis rejects writes', async () => {
    await withClient((client) => client.sendCommand(['REPLICAOF', '127.0.0.1', '1']));
    expect(await counter.take('a', 1, 3)).toMatchObject({ total: 1 });
    expect(await counter.take('a', 1, 3)).toMatchObject({ total: 2 });
    expect(lines).toMatchObject([{ level: 40 }]);
    await withClient((client) => client.sendCommand(['REPLICAOF', 'NO', 'ONE']));
    await until(() => lines.length === 2);
    expect(lines[1]).toMatchObject({ level: 30, msg: expect.stringContaining(back) });
  });
});

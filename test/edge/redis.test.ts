/** Rate limits that several instances share; needs a Redis server, which CI installs. */
import { send } from '../support/api';
import { freePort, hasRedis, startRedis } from '../support/redis';
import { startTestService, type TestService, tokenOf } from '../support/service';
import { until } from '../support/until';

const describeWithRedis = hasRedis() ? describe : describe.skip;

describeWithRedis('two instances with one Redis', () => {
  let port: number;
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let services: [TestService, TestService];

  beforeAll(async () => {
    port = await freePort();
    redis = await startRedis(port);
    const environment = { REDIS_URL: `redis://127.0.0.1:${port}`, RATE_LIMIT_READS: '6' };
    services = [await startTestService(environment), await startTestService(environment)];
  });
  afterAll(async () => {
    await Promise.all(services.map((service) => service.stop()));
    await redis.stop();
  });

  /** Reads in turns at both instances. */
  async function readInTurns(userId: string, count: number): Promise<number[]> {
    const token = await tokenOf(userId);
    const seen: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const service = services[i % 2] as TestService;
      seen.push((await send(service.url, 'GET', `/api/${userId}/tasks`, { token })).status);
    }
    return seen;
  }

  const told = (service: TestService, text: string) =>
    service.logged.filter(({ msg }) => String(msg).startsWith(text)).length;

  test('count together', async () => {
    expect(await readInTurns('shared', 8)).toEqual([200, 200, 200, 200, 200, 200, 429, 429]);
  });

  test('go on by themselves while Redis is gone, say so once, and share again when it is back', async () => {
    await redis.stop();
    expect(await readInTurns('apart', 12)).toEqual(Array.from({ length: 12 }, () => 200));
    expect(await readInTurns('apart', 2)).toEqual([429, 429]);
    for (const service of services) expect(told(service, 'Redis is out of reach')).toBe(1);

    redis = await startRedis(port);
    await until(() => services.every((service) => told(service, 'Redis is back') === 1));
    expect(await readInTurns('together', 8)).toEqual([200, 200, 200, 200, 200, 200, 429, 429]);
  });
});

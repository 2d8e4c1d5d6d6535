import { setTimeout as delay } from 'node:timers/promises';
import { memoryStore } from '../../src/edge/rate-limit-store';
import { send } from '../support/api';
import { startTestService, type TestService, testConfig, tokenOf } from '../support/service';

let service: TestService;
const limits = {
  RATE_LIMIT_READS: '5',
  RATE_LIMIT_WRITES: '3',
  RATE_LIMIT_ADDRESS: '30',
  RATE_LIMIT_FAILED_AUTH: '4',
  TRUST_PROXY: '1',
};
beforeAll(async () => {
  service = await startTestService(limits);
});
afterAll(() => service.stop());

/** Runs `work` against a service with other limits. */
async function withService(environment: Record<string, string>, work: () => Promise<void>): Promise<void> {
  const usual = service;
  service = await startTestService({ ...limits, ...environment });
  try {
    await work();
  } finally {
    await service.stop();
    service = usual;
  }
}

let address = 0;
/** An address of nobody else's. */
function newAddress(): string {
  address += 1;
  return `203.0.113.${address}`;
}

async function read(userId: string, from = newAddress()) {
  return send(service.url, 'GET', `/api/${userId}/tasks`, {
    token: await tokenOf(userId),
    headers: { 'X-Forwarded-For': from },
  });
}

async function write(userId: string) {
  return send(service.url, 'POST', `/api/${userId}/tasks`, {
    token: await tokenOf(userId),
    headers: { 'X-Forwarded-For': newAddress() },
    body: { title: 'A task' },
  });
}

async function statuses(
  count: number,
  request: (index: number) => Promise<{ status: number }>,
): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < count; i += 1) seen.push((await request(i)).status);
  return seen;
}

test('reads and writes of a user are counted apart, and users apart', async () => {
  expect(await statuses(6, () => read('counted'))).toEqual([200, 200, 200, 200, 200, 429]);
  expect(await statuses(4, () => write('counted'))).toEqual([201, 201, 201, 429]);
  expect((await read('another')).status).toBe(200);
});

test('what is left is told, and when to come back', async () => {
  const first = await read('told');
  expect(first.headers.ratelimit).toMatch(/"address"; r=29; t=\d+.*"reads"; r=4; t=\d+/);
  expect(first.headers['ratelimit-policy']).toMatch(/"reads"; q=5; w=60; pk=:.+:/);
  const [last] = (await Promise.all(Array.from({ length: 5 }, () => read('told')))).filter(
    ({ status }) => status === 429,
  );
  expect(last?.body.code).toBe('rate-limited');
  expect(Number(last?.headers['retry-after'])).toBeGreaterThan(0);
  expect(Number(last?.headers['retry-after'])).toBeLessThanOrEqual(60);
});

test('an address is counted whatever users it speaks for', async () => {
  const from = newAddress();
  const seen = await statuses(31, (user) => read(`user-${user}`, from));
  expect(seen.slice(0, 30).every((status) => status === 200)).toBe(true);
  expect(seen[30]).toBe(429);
  expect((await read('user-x', newAddress())).status).toBe(200);
});

test('an address that keeps failing to authenticate has to wait, even with a good token', async () => {
  const from = newAddress();
  const fail = () =>
    send(service.url, 'GET', '/api/ada/tasks', { token: 'wrong', headers: { 'X-Forwarded-For': from } });
  expect(await statuses(5, fail)).toEqual([401, 401, 401, 401, 429]);
  expect((await read('failing', from)).status).toBe(429);
  expect((await read('failing')).status).toBe(200);
});

test('only the proxies that are trusted can name another address', async () => {
  await withService({ TRUST_PROXY: '0' }, async () => {
    const seen = await statuses(31, (user) => read(`user-${user}`));
    expect(seen[30]).toBe(429);
  });
  // One trusted proxy: what stands before the last entry is the client's own invention.
  const behind = newAddress();
  const spoofed = await statuses(31, (user) => read(`spoofing-${user}`, `${newAddress()}, ${behind}`));
  expect(spoofed[30]).toBe(429);
});

test('an IPv6 network counts as one address', async () => {
  const seen = await statuses(31, (host) => read(`user-${host}`, `2001:db8:1:2::${host.toString(16)}`));
  expect(seen[30]).toBe(429);
});

test('health is never limited', async () => {
  const from = newAddress();
  const seen = await statuses(40, () =>
    send(service.url, 'GET', '/livez', { headers: { 'X-Forwarded-For': from } }),
  );
  expect(new Set(seen)).toEqual(new Set([200]));
});

test('can be switched off', async () => {
  await withService({ RATE_LIMIT: 'off' }, async () => {
    const seen = await statuses(10, () => read('unlimited'));
    expect(new Set(seen)).toEqual(new Set([200]));
    expect((await read('unlimited')).headers).not.toHaveProperty('ratelimit');
  });
});

test('goes on, counting by itself, where Redis is out of reach', async () => {
  await withService({ REDIS_URL: 'redis://127.0.0.1:1' }, async () => {
    expect(await statuses(6, () => read('alone'))).toEqual([200, 200, 200, 200, 200, 429]);
    const told = service.logged.filter(({ msg }) => String(msg).startsWith('Redis is out of reach'));
    expect(told).toHaveLength(1);
  });
});

test('100,000 addresses leave memory bounded', async () => {
  const store = memoryStore(60_000);
  for (let i = 0; i < 100_000; i += 1) await store.increment(`address-${i}`);
  expect(await store.get?.('address-0')).toBeUndefined();
  expect(await store.get?.('address-99999')).toMatchObject({ totalHits: 1 });
});

test('a window ends', async () => {
  const store = memoryStore(20);
  await store.increment('a');
  const { totalHits, resetTime } = await store.increment('a');
  expect(totalHits).toBe(2);
  while (Date.now() < (resetTime as Date).getTime()) await delay(1);
  expect(await store.increment('a')).toMatchObject({ totalHits: 1 });
});

test.each(['x', '-1', '1.2.3', '1.2.3.4/33', '::1/129', '100'])('TRUST_PROXY=%s is refused', (value) => {
  expect(() => testConfig({ TRUST_PROXY: value })).toThrow('TRUST_PROXY');
});

import { send } from '../../support/api';
import { startTestService, type TestService, testConfig, tokenOf } from '../../support/service';

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
/** An address that no other test uses. */
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

test('reads and writes are counted separately for each user', async () => {
  expect(await statuses(6, () => read('counted'))).toEqual([200, 200, 200, 200, 200, 429]);
  expect(await statuses(4, () => write('counted'))).toEqual([201, 201, 201, 429]);
  expect((await read('another')).status).toBe(200);
});

test('responses give the remaining units and the time to wait', async () => {
  const first = await read('told');
  expect(first.headers.ratelimit).toMatch(/^"reads"; r=4; t=\d+$/);
  expect(first.headers['ratelimit-policy']).toMatch(/^"reads"; q=5; w=60; pk=:[\w+/]{16}:$/);
  const [last] = (await Promise.all(Array.from({ length: 5 }, () => read('told')))).filter(
    ({ status }) => status === 429,
  );
  expect(last?.body.code).toBe('rate-limited');
  expect(last?.headers.ratelimit).toMatch(/^"reads"; r=0; t=\d+$/);
  expect(Number(last?.headers['retry-after'])).toBeGreaterThan(0);
  expect(Number(last?.headers['retry-after'])).toBeLessThanOrEqual(60);
});

test('a request uses the cost units of its operation', async () => {
  const token = await tokenOf('dear');
  const get = (path: string) => send(service.url, 'GET', `/api/dear${path}`, { token });
  expect((await get('/tasks?q=rain')).headers.ratelimit).toMatch(/^"reads"; r=0; t=\d+$/);
  expect((await get('/tasks')).status).toBe(429);
});

test('the last request of a window can cost more than the rest', async () => {
  const token = await tokenOf('last');
  const operations = Array.from({ length: 10 }, () => ({ op: 'create_task', task: { title: 'A task' } }));
  const batch = () => send(service.url, 'POST', '/api/last/batch', { token, body: { operations } });
  const first = await batch();
  expect(first.status).toBe(200);
  expect(first.headers.ratelimit).toMatch(/^"writes"; r=0; t=\d+$/);
  expect((await batch()).status).toBe(429);
});

test('a request with a body that costs too much is not carried out', async () => {
  const token = await tokenOf('refused');
  const body = { title: 'A task', tags: Array.from({ length: 10 }, (_, n) => `tag ${n}`) };
  const create = () => send(service.url, 'POST', '/api/refused/tasks', { token, body });
  // Each costs two of three units.
  expect(await statuses(3, create)).toEqual([201, 429, 429]);
  const { body: list } = await send(service.url, 'GET', '/api/refused/tasks', { token });
  expect(list.items).toHaveLength(1);
});

test('users with the same address are counted separately, and not by their address', async () => {
  const from = newAddress();
  await statuses(40, () => read('hammering', from));
  const seen = await statuses(40, (user) => read(`user-${user}`, from));
  expect(new Set(seen)).toEqual(new Set([200]));
});

describe('an address with unknown callers', () => {
  const anonymous = (from: string) =>
    send(service.url, 'GET', '/api/ada/tasks', { headers: { 'X-Forwarded-For': from } });
  const fail = (from: string) =>
    send(service.url, 'GET', '/api/ada/tasks', { token: 'wrong', headers: { 'X-Forwarded-For': from } });
  const feed = (from: string, secret: number) =>
    send(service.url, 'GET', `/calendar/${secret}.ics`, { headers: { 'X-Forwarded-For': from } });

  test('is limited if requests have no credentials', async () => {
    const from = newAddress();
    const seen = await statuses(31, () => anonymous(from));
    expect(seen).toEqual([...Array.from({ length: 30 }, () => 401), 429]);
    expect((await anonymous(newAddress())).status).toBe(401);
    expect((await read('known', from)).status).toBe(200);
  });

  test('must wait after invalid credentials, but its known users do not', async () => {
    const from = newAddress();
    expect(await statuses(5, () => fail(from))).toEqual([401, 401, 401, 401, 429]);
    const refused = await fail(from);
    expect(refused.headers.ratelimit).toMatch(/^"failed-authentications"; r=0; t=\d+$/);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect((await read('failing', from)).status).toBe(200);
    expect((await anonymous(from)).status).toBe(401);
  });

  test('gets answers for valid tokens during a flood of invalid ones', async () => {
    const from = newAddress();
    await statuses(5, () => fail(from));
    const flood = Array.from({ length: 100 }, () => fail(from));
    const served = await Promise.all(Array.from({ length: 5 }, (_, n) => read(`amid-${n}`, from)));
    expect(served.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(new Set((await Promise.all(flood)).map(({ status }) => status))).toEqual(new Set([429]));
  });

  test('must wait after wrong calendar secrets, but its valid feeds still work', async () => {
    const from = newAddress();
    const token = await tokenOf('subscriber');
    const { body } = await send(service.url, 'POST', '/api/subscriber/calendar-feed', { token });
    expect(await statuses(5, (n) => feed(from, n))).toEqual([404, 404, 404, 404, 429]);
    const headers = { 'X-Forwarded-For': from };
    expect((await send(service.url, 'GET', new URL(body.url).pathname, { headers })).status).toBe(200);
  });

  test('is not taken from an X-Forwarded-For of the client', async () => {
    await withService({ TRUST_PROXY: '0' }, async () => {
      const seen = await statuses(31, () => anonymous(newAddress()));
      expect(seen[30]).toBe(429);
      const told = service.logged.filter(({ msg }) => String(msg).includes('TRUST_PROXY'));
      expect(told).toMatchObject([{ level: 40, header: 'x-forwarded-for' }]);
    });
    // One trusted proxy: the client could have invented all entries before the last.
    const behind = newAddress();
    const spoofed = await statuses(31, () => anonymous(`${newAddress()}, ${behind}`));
    expect(spoofed[30]).toBe(429);
  });

  test('counts as one for a whole IPv6 /56 network', async () => {
    const seen = await statuses(31, (host) => anonymous(`2001:db8:1:2::${host.toString(16)}`));
    expect(seen[30]).toBe(429);
  });
});

test('the liveness check is never limited', async () => {
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

test.each(['x', '-1', '1.2.3', '1.2.3.4/33', '::1/129', '100'])('TRUST_PROXY=%s is refused', (value) => {
  expect(() => testConfig({ TRUST_PROXY: value })).toThrow('TRUST_PROXY');
});

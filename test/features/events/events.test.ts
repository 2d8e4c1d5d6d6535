/** Tests event streams: each change once and in order from the client's position, and an end with a reason. */
import { get } from 'node:http';
import { SignJWT } from 'jose';
import { signDevelopmentToken } from '../../../src/platform/auth/development-token';
import { createLogger } from '../../../src/platform/observability/logger';
import { type Service, startService } from '../../../src/start';
import { type Body, send } from '../../support/api';
import { query } from '../../support/database';
import {
  type EventReader,
  numbers,
  type ReaderOptions,
  readEvents,
  seqsOf,
} from '../../support/event-reader';
import { startTestService, type TestService, testConfig, testSecret } from '../../support/service';
import { until } from '../../support/until';
import { makeUser, type TestUser } from '../../support/user';

const readers: EventReader[] = [];
let service: TestService;
/** Another instance on the same database, with a short poll interval, short timeouts and few streams. */
let quick: Service;
/** Its log so far. */
const logged: Record<string, unknown>[] = [];
let ada: TestUser;

beforeAll(async () => {
  // A long poll interval, so that only immediate notifications wake streams.
  service = await startTestService({ RATE_LIMIT: 'off', EVENTS_POLL_MS: '60000' });
  const config = testConfig({
    DATABASE_URL: service.database.url,
    RATE_LIMIT: 'off',
    AUTH_SOURCES: 'secret,secret-cookie',
    HEADERS_TIMEOUT_MS: '2000',
    REQUEST_TIMEOUT_MS: '2000',
    EVENTS_POLL_MS: '20',
    EVENTS_HEARTBEAT_MS: '200',
    EVENTS_MAX_STREAMS_PER_USER: '2',
  });
  const destination = { write: (line: string) => void logged.push(JSON.parse(line)) };
  quick = await startService(config, createLogger({ level: 'info', pretty: false, destination }));
});
beforeEach(async () => {
  ada = await makeUser(service.url);
});
afterEach(() => {
  for (const reader of readers.splice(0)) reader.close();
});
afterAll(async () => {
  await quick.stop();
  await service.stop();
});

async function open(options: ReaderOptions & { as?: TestUser; at?: string; search?: string } = {}) {
  const { as = ada, at = service.url, search = '', ...rest } = options;
  const reader = await readEvents(`${at}${as.lane}/events${search}`, { token: as.token, ...rest });
  readers.push(reader);
  return reader;
}

const sql = (text: string, values: unknown[] = []) => query<Body>(service.database.url, text, values);

async function makeTasks(count: number, as = ada): Promise<void> {
  for (let n = 0; n < count; n++) {
    const { status } = await as.send('POST', '/tasks', { body: { title: 'A task' } });
    expect(status).toBe(201);
  }
}

/** Makes changes directly in the database, without a notification; each has about `bytes` bytes. */
async function seedChanges(userId: string, count: number, bytes = 0): Promise<void> {
  await sql('select make_lane($1)', [userId]);
  await sql(
    `with lane as (
       update tasklane.profiles set change_seq = change_seq + $2 where lane_id = lane_of($1)
       returning change_seq - $2 as before
     )
     insert into tasklane.changes (lane_id, seq, type, entity_id, action, fields)
     select lane_of($1), before + n, 'task', gen_random_uuid(), 'updated',
       jsonb_build_object('description', jsonb_build_object('from', null, 'to', repeat('x', $3)))
     from lane, generate_series(1, $2) as n`,
    [userId, count, bytes],
  );
}

async function epochOf(userId: string): Promise<string> {
  return (await sql('select epoch from tasklane.profiles where lane_id = lane_of($1)', [userId]))[0].epoch;
}

test('a stream gets the changes of another instance at once through LISTEN, without a search', async () => {
  const start = () =>
    startService(
      testConfig({
        DATABASE_URL: service.database.url,
        WAKE_UPS: 'postgres',
        DATABASE_DIRECT_URL: service.database.url,
        RATE_LIMIT: 'off',
        EVENTS_POLL_MS: '60000',
        EVENTS_IDLE_POLL_MS: '60000',
      }),
      createLogger({ level: 'silent', pretty: false }),
    );
  const [one, other] = [await start(), await start()];
  try {
    const reader = await open({ at: one.url });
    // An instance that found that nobody listens tells nobody for 5 seconds.
    await until(async () => {
      const made = await send(other.url, 'POST', `${ada.lane}/tasks`, {
        token: ada.token,
        body: { title: 'A task' },
      });
      expect(made.status).toBe(201);
      return reader.events.length > 0;
    }, 30_000);
  } finally {
    await one.stop();
    await other.stop();
  }
});

describe('an event stream', () => {
  test('has headers that prevent caching and buffering', async () => {
    const { headers } = await open();
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
  });

  test('starts at the current change, sends its id, and then sends new changes in order', async () => {
    await makeTasks(2);
    const reader = await open();
    expect(reader.lastId()).toBe(`2-${await epochOf(ada.id)}`);
    expect(reader.retry()).toBeGreaterThan(0);
    await makeTasks(3);
    await until(() => reader.events.length === 3);
    const { body } = await ada.send('GET', '/activity?limit=3');
    expect(reader.events.map((each) => each.data)).toEqual(body.items.reverse());
    expect(reader.lastId()).toBe(`5-${await epochOf(ada.id)}`);
  });

  test('of an empty lane sends the first change', async () => {
    const reader = await open();
    const beforeAll = reader.lastId();
    await makeTasks(1);
    await until(() => reader.events.length === 1);
    expect(reader.lastId()).toBe(`1-${await epochOf(ada.id)}`);
    // A client that left before the first change has missed none.
    const again = await open({ lastEventId: beforeAll });
    await makeTasks(1);
    await until(() => again.events.length === 2);
    expect(seqsOf(again)).toEqual([1, 2]);
  });

  test('sends only changes of its own lane', async () => {
    const bob = await makeUser(service.url);
    const [adas, bobs] = [await open(), await open({ as: bob })];
    await makeTasks(1, bob);
    await makeTasks(1);
    await until(() => adas.events.length + bobs.events.length === 2);
    expect(adas.events).toMatchObject([{ data: { user_id: ada.id } }]);
    expect(bobs.events).toMatchObject([{ data: { user_id: bob.id } }]);
  });

  test('gets all changes, even if its user has other open streams', async () => {
    const opened = await Promise.all(numbers(1, 5).map(() => open()));
    await Promise.all([makeTasks(5), makeTasks(5)]);
    await until(() => opened.every((each) => each.events.length === 10));
    for (const each of opened) expect(seqsOf(each)).toEqual(numbers(1, 10));
  });

  test('stays open longer than the request timeout', async () => {
    const reader = await open({ at: quick.url });
    const began = performance.now();
    await until(() => performance.now() - began > 3_000 && reader.comments() >= 5);
    await makeTasks(1);
    await until(() => reader.events.length === 1);
  });

  test('answers HEAD with headers only, and HEAD does not count as a stream', async () => {
    for (let n = 0; n < 5; n++) {
      const response = await fetch(`${quick.url}${ada.lane}/events`, {
        method: 'HEAD',
        headers: { Authorization: `Bearer ${ada.token}` },
      });
      expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
        200,
        'text/event-stream; charset=utf-8',
        '',
      ]);
    }
    expect((await open({ at: quick.url })).status).toBe(200);
  });

  test('can be opened with a session cookie', async () => {
    const cookie = await new SignJWT({
      session: { userId: ada.id, expiresAt: new Date(Date.now() + 300_000).toISOString() },
      user: { id: ada.id },
    })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(new TextEncoder().encode(testSecret));
    const reader = await readEvents(`${quick.url}${ada.lane}/events`, {
      headers: { Cookie: `better-auth.session_data=${cookie}` },
    });
    readers.push(reader);
    expect(reader.status).toBe(200);
  });
});

describe('changes of another instance', () => {
  test('arrive with the next poll', async () => {
    const reader = await open({ at: quick.url });
    await makeTasks(3);
    await until(() => reader.events.length === 3);
    expect(seqsOf(reader)).toEqual([1, 2, 3]);
  });

  test('include the erasure of the lane', async () => {
    await makeTasks(1);
    const reader = await open({ at: quick.url });
    await ada.send('DELETE', `?confirm=${ada.id}`);
    expect(await reader.ended).toBe(true);
    expect(reader.events).toEqual([{ event: 'erased', data: {} }]);
  });
});

describe('a resumed stream', () => {
  test.each<[string, (id: string) => ReaderOptions & { search?: string }]>([
    ['by header', (id) => ({ lastEventId: id })],
    ['by query', (id) => ({ search: `?last_event_id=${id}` })],
  ])('resumed %s gets all missed changes, and then new ones', async (_how, from) => {
    await makeTasks(4);
    const id = `2-${await epochOf(ada.id)}`;
    const reader = await open(from(id));
    await makeTasks(1);
    await until(() => reader.events.length === 3);
    expect(seqsOf(reader)).toEqual([3, 4, 5]);
  });

  test('uses the header if the query has an id too', async () => {
    await makeTasks(4);
    const epoch = await epochOf(ada.id);
    const reader = await open({ lastEventId: `3-${epoch}`, search: `?last_event_id=1-${epoch}` });
    await until(() => reader.events.length === 1);
    await makeTasks(1);
    await until(() => reader.events.length === 2);
    expect(seqsOf(reader)).toEqual([4, 5]);
  });

  test('gets every page of an old position, while other streams get new changes', async () => {
    await seedChanges(ada.id, 1_234);
    const epoch = await epochOf(ada.id);
    const live = await open();
    const opened = await Promise.all(
      [0, 1, 617, 1_100, 1_234].map((seq) => open({ lastEventId: `${seq}-${epoch}` })),
    );
    await makeTasks(2);
    await until(() => opened.every((each) => each.lastId() === `1236-${epoch}`));
    expect(opened.map(seqsOf)).toEqual([0, 1, 617, 1_100, 1_234].map((seq) => numbers(seq + 1, 1_236)));
    expect(seqsOf(live)).toEqual([1_235, 1_236]);
  });

  test.each<[string, (epoch: string) => string, () => Promise<unknown>]>([
    ['too-old', (epoch) => `1-${epoch}`, () => sql('select purge_changes($1, 2)', [ada.id])],
    ['other-epoch', () => '1-019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e', async () => undefined],
    ['unknown-position', (epoch) => `9-${epoch}`, async () => undefined],
  ])(
    'gets a reset for an unknown position (%s), and continues with the current change',
    async (reason, from, arrange) => {
      await makeTasks(4);
      const epoch = await epochOf(ada.id);
      await arrange();
      const reader = await open({ lastEventId: from(epoch) });
      await until(() => reader.events.length === 1);
      expect(reader.events).toEqual([{ id: `4-${epoch}`, event: 'reset', data: { reason } }]);
      await makeTasks(1);
      await until(() => reader.events.length === 2);
      expect(seqsOf(reader)).toEqual([5]);
    },
  );

  test.each([
    'nonsense',
    '1',
    '1-',
    '-1-019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e',
    '01-019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e',
    '1-019A9C2E-5B00-7C3A-9D51-7F6A2B1C0D4E',
    '9999999999999999-019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e',
  ])('is rejected with the id %p', async (id) => {
    const [byHeader, byQuery] = [
      await ada.send('GET', '/events', { headers: { 'Last-Event-ID': id } }),
      await ada.send('GET', `/events?last_event_id=${id}`),
    ];
    expect(byHeader).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/headers/last-event-id' }] },
    });
    expect(byQuery).toMatchObject({ status: 422, body: { errors: [{ pointer: '/query/last_event_id' }] } });
  });
});

describe('an open stream', () => {
  test('ends when its token expires', async () => {
    const token = await signDevelopmentToken(testSecret, { userId: ada.id, lifetimeSeconds: 3 });
    const reader = await open({ at: quick.url, token });
    expect(await reader.ended).toBe(true);
    expect(reader.events).toEqual([{ event: 'reconnect', data: { reason: 'token-expired' } }]);
  });

  test('ends when its lane is erased, and is not opened again with that token', async () => {
    await makeTasks(1);
    const opened = [await open(), await open()];
    await ada.send('DELETE', `?confirm=${ada.id}`);
    for (const reader of opened) {
      expect(await reader.ended).toBe(true);
      expect(reader.events).toEqual([{ event: 'erased', data: {} }]);
    }
    expect((await open()).status).toBe(401);
  });

  test('ends when its account is deleted with the lane', async () => {
    await makeTasks(1);
    const reader = await open({ at: quick.url });
    await sql('delete from tasklane.lanes where user_id = $1', [ada.id]);
    expect(await reader.ended).toBe(true);
    expect(reader.events).toEqual([{ event: 'erased', data: {} }]);
  });

  test.each<[string, string]>([
    ['other-epoch', 'epoch = md5(epoch::text)::uuid'],
    ['unknown-position', 'epoch = epoch'],
  ])('gets a reset when its database was replaced (%s)', async (reason, alike) => {
    await makeTasks(2);
    const reader = await open({ at: quick.url });
    await sql('delete from tasklane.changes where lane_id = lane_of($1) and seq > 1', [ada.id]);
    await sql(`update tasklane.profiles set change_seq = 1, ${alike} where lane_id = lane_of($1)`, [ada.id]);
    await until(() => reader.events.length === 1);
    expect(reader.events).toEqual([{ id: `1-${await epochOf(ada.id)}`, event: 'reset', data: { reason } }]);
    await makeTasks(1);
    await until(() => reader.events.length === 2);
    expect(seqsOf(reader)).toEqual([2]);
  });

  test('gets a reconnect event when the service stops, and does not delay it', async () => {
    const own = await startTestService({ EVENTS_POLL_MS: '60000', SHUTDOWN_TIMEOUT_MS: '30000' });
    const opened = await Promise.all(numbers(1, 5).map(() => open({ at: own.url })));
    const began = performance.now();
    const stopped = own.stop();
    expect(await Promise.all(opened.map((each) => each.ended))).toEqual(opened.map(() => true));
    await stopped;
    expect(performance.now() - began).toBeLessThan(5_000);
    for (const reader of opened) {
      expect(reader.events).toEqual([{ event: 'reconnect', data: { reason: 'shutdown' } }]);
      expect(reader.retry()).toBeGreaterThanOrEqual(1_000);
    }
  });

  test('gets only comments while nothing changes', async () => {
    const reader = await open({ at: quick.url });
    const began = performance.now();
    await until(() => reader.comments() >= 4);
    // The first comment comes less than one interval after the start.
    expect(performance.now() - began).toBeGreaterThan(500);
    expect(reader.events).toEqual([]);
  });
});

describe('the number of streams', () => {
  test('is limited for each user, and a closed stream does not count', async () => {
    const [first] = [await open({ at: quick.url }), await open({ at: quick.url })];
    const refused = await send(quick.url, 'GET', `${ada.lane}/events`, { token: ada.token });
    expect(refused).toMatchObject({ status: 429, body: { code: 'too-many-streams' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await open({ at: quick.url, as: await makeUser(quick.url) })).status).toBe(200);
    first?.close();
    const again = await until(async () => {
      const reader = await open({ at: quick.url });
      return reader.status === 200 && reader;
    });
    expect(again.status).toBe(200);
  });

  test('does not count clients that leave before the response', async () => {
    const left = numbers(1, 30).map(
      (n) =>
        new Promise<void>((resolve) => {
          const request = get(`${quick.url}${ada.lane}/events`, {
            agent: false,
            headers: { Authorization: `Bearer ${ada.token}` },
          });
          request.on('error', () => undefined);
          request.on('close', resolve);
          request.on('response', () => request.destroy());
          // At any moment between before the request and after the response.
          setTimeout(() => request.destroy(), n / 2);
        }),
    );
    await Promise.all(left);
    const reader = await until(async () => {
      const opened = await open({ at: quick.url });
      return opened.status === 200 && opened;
    });
    expect(reader.status).toBe(200);
  });
});

describe('a client that reads nothing', () => {
  const count = 2_000;
  const bytes = 10_000;

  test('is disconnected, and can resume later', async () => {
    await seedChanges(ada.id, count, bytes);
    const epoch = await epochOf(ada.id);
    logged.length = 0;
    const slow = await open({ at: quick.url, lastEventId: `0-${epoch}`, paused: true });
    await until(() => logged.some((line) => line.operation === 'streamEvents'), 30_000);
    slow.resume();
    expect(await slow.ended).toBe(false);
    const taken = seqsOf(slow);
    expect(taken).toEqual(numbers(1, taken.length));
    expect(taken.length).toBeLessThan(count);
    const again = await open({ lastEventId: slow.lastId() });
    await until(() => again.lastId() === `${count}-${epoch}`, 30_000);
    expect([...taken, ...seqsOf(again)]).toEqual(numbers(1, count));
  });
});

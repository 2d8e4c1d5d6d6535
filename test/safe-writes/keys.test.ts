/** Tests `Idempotency-Key` beyond the contract: which requests are the same, across instances, and for how long. */
import { randomUUID } from 'node:crypto';
import { type ApiResponse, send } from '../support/api';
import { query } from '../support/database';
import { startTestService, type TestService } from '../support/service';
import { until } from '../support/until';
import { makeUser, type TestUser } from '../support/user';

let service: TestService;
let other: TestService;
let ada: TestUser;

beforeAll(async () => {
  service = await startTestService({ RATE_LIMIT: 'off' });
  other = await startTestService({ RATE_LIMIT: 'off', DATABASE_URL: service.database.url });
});
afterAll(async () => {
  await other.stop();
  await service.stop();
});
beforeEach(async () => {
  ada = await makeUser(service.url);
});

function create(key: string, body: unknown = { title: 'A task' }, base = service.url): Promise<ApiResponse> {
  const headers = { 'Idempotency-Key': key, 'Content-Type': 'application/json' };
  return send(base, 'POST', `${ada.lane}/tasks`, { token: ada.token, headers, body });
}

const isReplayed = ({ headers }: ApiResponse) => headers['idempotency-replayed'] === 'true';

async function taskCount(): Promise<number> {
  return (await ada.send('GET', '/tasks')).body.items.length;
}

describe('the same request', () => {
  test.each<[string, string, string]>([
    [
      'with members in another order',
      '{"title":"A","description":"B"}',
      '{ "description": "B",\n"title": "A" }',
    ],
    ['with other escapes', '{"title":"é/"}', '{"title":"\\u00e9\\/"}'],
  ])('is one %s', async (_what, one, same) => {
    const first = await create('a-key', one);
    const again = await create('a-key', same);
    expect([again.body, isReplayed(again)]).toEqual([first.body, true]);
  });

  test.each<[string, string]>([
    ['with another value', '{"title":"B"}'],
    ['with one more member', '{"title":"A","description":"B"}'],
    // A default may change while the record is stored.
    ['with an explicit default', '{"title":"A","status":"pending"}'],
    ['with other white space in a value', '{"title":"A "}'],
  ])('is not one %s', async (_what, differing) => {
    const first = await create('a-key', '{"title":"A"}');
    const reused = await create('a-key', differing);
    expect(reused).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
    expect(isReplayed(reused)).toBe(false);
    expect((await create('a-key', '{"title":"A"}')).body).toEqual(first.body);
    expect(await taskCount()).toBe(1);
  });

  test('differs from a request of another operation', async () => {
    const { body } = await create('a-key');
    const options = { headers: { 'Idempotency-Key': 'a-key' } };
    const completed = await ada.send('PATCH', `/tasks/${body.id}/complete`, options);
    expect(completed).toMatchObject({ status: 200, body: { completed: true } });
    expect(isReplayed(completed)).toBe(false);
    // A repeated toggle with the same key does not toggle back.
    const again = await ada.send('PATCH', `/tasks/${body.id}/complete`, options);
    expect([again.body, isReplayed(again)]).toEqual([completed.body, true]);
    expect((await ada.send('GET', `/tasks/${body.id}`)).body).toEqual(completed.body);
  });
});

test.each([
  'a',
  '"a"',
  'a"b\\c',
  '"a\\"b\\\\c"',
  '"a b, c"',
  'x'.repeat(255),
  `"${'x'.repeat(255)}"`,
  ';=,:/',
])('the key %s is accepted', async (key) => {
  expect((await create(key)).status).toBe(201);
  expect(isReplayed(await create(key))).toBe(true);
});

test('a key is the same with and without quotes', async () => {
  await create('"a\\"b"');
  expect(isReplayed(await create('a"b'))).toBe(true);
});

test('keys differ by case', async () => {
  await create('key');
  expect(isReplayed(await create('Key'))).toBe(false);
  expect(await taskCount()).toBe(2);
});

test('a failed reply is not stored', async () => {
  const id = randomUUID();
  await ada.send('POST', '/tasks', { body: { id, title: 'In the way' } });
  expect(await create('a-key', { id, title: 'A task' })).toMatchObject({
    status: 409,
    body: { code: 'id-taken' },
  });
  expect(await create('a-key', { title: '' })).toMatchObject({
    status: 422,
    body: { code: 'validation-failed' },
  });
  await ada.send('DELETE', `/tasks/${id}`);
  await ada.send('DELETE', `/trash/${id}`);
  const made = await create('a-key', { id, title: 'A task' });
  expect([made.status, isReplayed(made)]).toEqual([201, false]);
});

test('an operation without support for keys ignores a key', async () => {
  const { body } = await create('a-key');
  for (const status of [204, 404]) {
    const headers = { 'Idempotency-Key': ' malformed, too ' };
    expect(await ada.send('DELETE', `/tasks/${body.id}`, { headers })).toMatchObject({ status });
  }
});

test('a key works across instances, with many requests at once', async () => {
  const bases = [service.url, other.url];
  const settle = (base: string) =>
    until(async () => {
      const response = await create('a-key', { title: 'Once' }, base);
      if (response.status === 201) return response;
      expect(response).toMatchObject({ status: 409, body: { code: 'request-in-flight' } });
      return null;
    });
  const replies = await Promise.all(Array.from({ length: 20 }, (_, n) => settle(bases[n % 2] as string)));
  expect(new Set(replies.map(({ body }) => body.id)).size).toBe(1);
  expect(replies.filter((reply) => !isReplayed(reply))).toHaveLength(1);
  expect(await taskCount()).toBe(1);
});

test('a repeated reply has the headers of the new request', async () => {
  const first = await create('a-key');
  const headers = {
    'Idempotency-Key': 'a-key',
    'X-Request-Id': 'the-second',
    Origin: 'https://x.example.com',
  };
  const again = await ada.send('POST', '/tasks', { headers, body: { title: 'A task' } });
  expect(again.headers).toMatchObject({
    'x-request-id': 'the-second',
    location: first.headers.location,
    etag: first.headers.etag,
    'content-type': first.headers['content-type'],
    'content-length': first.headers['content-length'],
    'cache-control': 'no-store',
  });
});

describe('after some time', () => {
  const age = (hours: number) =>
    query(
      service.database.url,
      `update tasklane.idempotency_keys set created_at = now() - $2 * interval '1 hour' where lane_id = lane_of($1)`,
      [ada.id, hours],
    );
  const count = async () =>
    (
      await query(service.database.url, 'select from tasklane.idempotency_keys where lane_id = lane_of($1)', [
        ada.id,
      ])
    ).length;

  const days = (count: number) => 24 * count;
  const purge = () =>
    Promise.all([service.runJob('purge-idempotency-records'), other.runJob('purge-idempotency-records')]);
  const bodies = async () =>
    (
      await query<{ body: string | null }>(
        service.database.url,
        'select body from tasklane.idempotency_keys where lane_id = lane_of($1)',
        [ada.id],
      )
    ).map(({ body }) => body);

  test.each([
    ['before the job', async () => undefined],
    ['after the job', purge],
  ])('a key is kept without its reply, %s', async (_when, work) => {
    await create('a-key');
    await age(23.99);
    await work();
    expect(isReplayed(await create('a-key'))).toBe(true);
    for (const hours of [24.01, days(89.99)]) {
      await age(hours);
      await work();
      expect(await create('a-key')).toMatchObject({ status: 409, body: { code: 'reply-not-kept' } });
      const reused = await create('a-key', { title: 'Another' });
      expect(reused).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
    }
    expect(await taskCount()).toBe(1);
  });

  test('a key can be used again when changes are purged, also for another request', async () => {
    const first = await create('a-key');
    await age(days(90.01));
    await purge();
    const anew = await create('a-key', { title: 'Another' });
    expect([anew.status, isReplayed(anew)]).toEqual([201, false]);
    expect(anew.body.id).not.toBe(first.body.id);
    expect(isReplayed(await create('a-key', { title: 'Another' }))).toBe(true);
    expect(await count()).toBe(1);
  });

  test('the job deletes the bodies of replies and leaves recent ones', async () => {
    await create('old');
    await age(24.01);
    await create('recent', { title: 'Recent' });
    await purge();
    expect((await bodies()).filter((body) => body === null)).toHaveLength(1);
    expect(isReplayed(await create('recent', { title: 'Recent' }))).toBe(true);
  });

  test('old records are purged; the records of erased lanes are deleted with the lanes', async () => {
    for (const key of ['a', 'b', 'c']) await create(key);
    await age(days(90.01));
    await create('d');
    // More than one round removes.
    await query(
      service.database.url,
      `insert into tasklane.idempotency_keys (lane_id, operation, key_hash, fingerprint, status, created_at)
       select lane_of($1), 'createTask', sha256(n::text::bytea), sha256('x'), 201, now() - interval '91 days'
       from generate_series(1, 2500) as n`,
      [ada.id],
    );
    await purge();
    expect(await count()).toBe(1);
    expect(isReplayed(await create('d'))).toBe(true);

    await ada.send('DELETE', `?confirm=${ada.id}`);
    expect(await count()).toBe(0);
  });
});

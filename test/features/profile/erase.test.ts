/** Tests the erasure of a lane, and tokens that were issued before it. */
import { createHash, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { Client } from 'pg';
import { type ApiResponse, send } from '../../support/api';
import { query } from '../../support/database';
import { waitingForLocks } from '../../support/held-lane';
import { examplePath, exampleRequest, operations } from '../../support/operations';
import { testSecret, useTestService } from '../../support/service';
import { until } from '../../support/until';

let userId: string;

const service = useTestService({ RATE_LIMIT: 'off' });
beforeEach(() => {
  userId = randomUUID();
});

/** A token that was issued `age` seconds ago, or without a time of issue. */
async function tokenOfAge(age: number | null): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const token = new SignJWT({ ...(age !== null && { iat: now - age }), exp: now + 600 });
  return token
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .sign(new TextEncoder().encode(testSecret));
}

const laneOf = (id: string) => `/api/${encodeURIComponent(id)}`;

function makeTask(token: string, headers = {}): Promise<ApiResponse> {
  return send(service.url, 'POST', `${laneOf(userId)}/tasks`, { token, headers, body: { title: 'A task' } });
}

function listTasks(token: string): Promise<ApiResponse> {
  return send(service.url, 'GET', `${laneOf(userId)}/tasks`, { token });
}

function erase(token: string, confirm = `?confirm=${encodeURIComponent(userId)}`): Promise<ApiResponse> {
  return send(service.url, 'DELETE', laneOf(userId) + confirm, { token });
}

/** The tables with rows of the user's lane, with the user's id in any column, or with rows of no lane. */
async function traces(): Promise<string[]> {
  const tables = await query<{ name: string }>(
    service.database.url,
    `select tablename as name from pg_tables where schemaname = 'tasklane' order by 1`,
  );
  const found = tables.map(async ({ name }) => {
    const rows = await query(
      service.database.url,
      `select from tasklane.${name} as t cross join lateral (select (to_jsonb(t) ->> 'lane_id')::bigint as lane_id) as own
       where strpos(t::text, $1) > 0 or own.lane_id = lane_of($1) or user_of(own.lane_id) is null and own.lane_id is not null
       limit 1`,
      [userId],
    );
    return rows.length > 0 ? [name] : [];
  });
  return (await Promise.all(found)).flat();
}

async function epoch(): Promise<string | undefined> {
  const rows = await query<{ epoch: string }>(
    service.database.url,
    'select epoch from tasklane.profiles where lane_id = lane_of($1)',
    [userId],
  );
  return rows[0]?.epoch;
}

/** The stored erasures of the lane, found by its hash. */
function erasures(): Promise<{ age: number }[]> {
  return query(
    service.database.url,
    'select extract(epoch from clock_timestamp() - at)::float8 as age from tasklane.erased where user_hash = $1',
    [createHash('sha256').update(userId).digest()],
  );
}

/** Moves the time of all erasures into the past by `seconds`. */
async function pass(seconds: number): Promise<void> {
  await query(
    service.database.url,
    'update tasklane.erased set at = shifted(at, make_interval(secs => -$1::float8))',
    [seconds],
  );
}

function expectRefused(response: ApiResponse): void {
  expect(response).toMatchObject({
    status: 401,
    body: { code: 'unauthorized', detail: 'The request needs a valid token.' },
  });
  expect(response.headers['www-authenticate']).toContain('error="invalid_token"');
}

describe('the confirmation', () => {
  test.each(['', '?confirm', '?confirm=', '?confirm=true', '?confirm=bob', '?confirm=b&confirm=c'])(
    'must not be %j',
    async (confirm) => {
      const token = await tokenOfAge(10);
      await makeTask(token);
      const response = await erase(token, confirm);
      expect(response).toMatchObject({ status: 422, body: { code: 'validation-failed' } });
      const pointers = response.body.errors.map((each: { pointer: string }) => each.pointer);
      expect(new Set(pointers)).toEqual(new Set(['/query/confirm']));
      expect((await listTasks(token)).body.items).toHaveLength(1);
    },
  );

  test('must be the decoded user id of the path', async () => {
    userId = `a+b &c=d%25 ${randomUUID()}`;
    const token = await tokenOfAge(10);
    await makeTask(token);
    expect((await erase(token)).status).toBe(204);
    expect(await traces()).toEqual([]);
  });
});

test('an erasure leaves only a hash and a time of the lane, and the other lanes', async () => {
  const token = await tokenOfAge(10);
  const [mine, bob] = [userId, randomUUID()];
  for (userId of [bob, mine]) await makeTask(await tokenOfAge(10));
  await send(service.url, 'PATCH', `${laneOf(mine)}/profile`, { token, body: { week_start: 'sunday' } });
  expect(await traces()).toEqual(['changes', 'lanes', 'profiles', 'tasks']);

  expect((await erase(token)).status).toBe(204);
  expect(await traces()).toEqual([]);
  expect(await erasures()).toEqual([{ age: expect.closeTo(1, -1) }]);
  userId = bob;
  expect(await traces()).toEqual(['changes', 'lanes', 'profiles', 'tasks']);
  expect(await erasures()).toEqual([]);
});

test('an empty lane can be erased', async () => {
  const token = await tokenOfAge(10);
  expect((await erase(token)).status).toBe(204);
  expect(await traces()).toEqual([]);
  expectRefused(await makeTask(token));
});

describe('a token from before the erasure', () => {
  const inLanes = operations.filter((operation) => operation.path.includes('{user_id}'));

  test.each(inLanes.map((operation) => [operation.id, operation] as const))(
    'is rejected by %s, and does not create the lane again',
    async (_id, operation) => {
      const token = await tokenOfAge(10);
      await makeTask(token);
      await erase(token);
      const response = await send(
        service.url,
        operation.method.toUpperCase(),
        examplePath(operation, userId),
        {
          token,
          ...exampleRequest(operation),
        },
      );
      expectRefused(response);
      expect(await traces()).toEqual([]);
      const line = service.logged.find((each) => each.request_id === response.headers['x-request-id']);
      expect(line).toMatchObject({ status: 401, authentication: 'lane-erased' });
    },
  );

  test.each([
    ['without a time of issue', null],
    ['that was issued long ago', 10_000],
    ['that was issued just now', 0],
  ])('%s opens the lane until it is erased', async (_what, age) => {
    const token = await tokenOfAge(age);
    expect((await makeTask(token)).status).toBe(201);
    expect((await erase(token)).status).toBe(204);
    for (const response of [await makeTask(token), await listTasks(token), await erase(token)]) {
      expectRefused(response);
    }
  });

  test('stays refused after a later token has created the lane again', async () => {
    const [before, after] = [await tokenOfAge(70), await tokenOfAge(0)];
    await makeTask(before);
    const first = await epoch();
    await erase(before);
    await pass(60);

    expect((await listTasks(after)).body.items).toEqual([]);
    expect((await makeTask(after)).status).toBe(201);
    expect(await epoch()).not.toBe(first);
    expectRefused(await listTasks(before));
    expectRefused(await makeTask(before));
    expect((await listTasks(after)).body.items).toHaveLength(1);
  });

  test('cannot create the lane again with a write that waited for the erasure', async () => {
    const token = await tokenOfAge(10);
    await makeTask(token);
    const eraser = new Client({ connectionString: service.database.url });
    await eraser.connect();
    try {
      await eraser.query('begin');
      await eraser.query('delete from tasklane.lanes where user_id = $1', [userId]);
      // Without a key, the write is one flight; both share a connection. With a key, it checks the token before it waits
      // for the lock.
      const writes = [makeTask(token), makeTask(token), makeTask(token, { 'Idempotency-Key': 'a-key' })];
      await until(async () => (await waitingForLocks(service.database.url)) === 2);
      await eraser.query(
        `insert into tasklane.erased (user_hash, at) values (sha256(convert_to($1, 'UTF8')), clock_timestamp())`,
        [userId],
      );
      await eraser.query('commit');
      for (const response of await Promise.all(writes)) expectRefused(response);
      expect(await traces()).toEqual([]);
    } finally {
      await eraser.end();
    }
  });

  test('stores nothing, even if many requests write while the lane is erased', async () => {
    const token = await tokenOfAge(10);
    const writes = Array.from({ length: 20 }, () => makeTask(token));
    await writes[0];
    const erased = await erase(token);
    expect(erased.status).toBe(204);
    for (const { status } of await Promise.all(writes)) expect([201, 401]).toContain(status);
    expect(await traces()).toEqual([]);
  });
});

test('a lane can be erased again, and the time of the last erasure counts', async () => {
  await erase(await tokenOfAge(10));
  await pass(3600);
  const [between, later] = [await tokenOfAge(70), await tokenOfAge(0)];
  expect((await makeTask(between)).status).toBe(201);
  expect((await erase(between)).status).toBe(204);
  await pass(60);
  expectRefused(await makeTask(between));
  expect((await makeTask(later)).status).toBe(201);
});

describe('when clocks differ', () => {
  // The default of AUTH_CLOCK_TOLERANCE_SECONDS.
  const tolerance = 5;

  test.each([
    ['exact', 0],
    ['ahead by a second', 1],
    ['ahead by the tolerance', tolerance],
    ['behind by the tolerance', -tolerance],
  ])('a token from before the erasure is refused if the clock of its issuer is %s', async (_what, ahead) => {
    const token = await tokenOfAge(-ahead);
    expect((await makeTask(token)).status).toBe(201);
    const others = [await tokenOfAge(-ahead), await tokenOfAge(1 - ahead)];
    expect((await erase(token)).status).toBe(204);
    for (const each of [token, ...others]) {
      expectRefused(await listTasks(each));
      expectRefused(await makeTask(each));
    }
    expect(await traces()).toEqual([]);
  });

  test.each([
    ['exact', 0],
    ['ahead by the tolerance', tolerance],
    ['behind by the tolerance', -tolerance],
  ])('a token creates the lane again after the wait, from a clock that is %s', async (_what, ahead) => {
    expect((await erase(await tokenOfAge(-ahead))).status).toBe(204);
    await pass(tolerance - ahead + 1);
    expect((await makeTask(await tokenOfAge(-ahead))).status).toBe(201);
  });

  test('a feed can be read at once in a lane that was created again', async () => {
    expect((await erase(await tokenOfAge(0))).status).toBe(204);
    await pass(1);
    const token = await tokenOfAge(-tolerance);
    const made = await send(service.url, 'POST', `${laneOf(userId)}/calendar-feed`, { token, body: {} });
    expect(made.status).toBe(201);
    expect((await send(service.url, 'GET', new URL(made.body.url).pathname)).status).toBe(200);
  });
});

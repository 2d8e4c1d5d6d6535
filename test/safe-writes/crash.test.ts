/** A service that is killed when its database has committed and its client has heard nothing. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type ApiResponse, send } from '../support/api';
import { createTestDatabase, query, type TestDatabase } from '../support/database';
import { holdLane, waitingForLocks } from '../support/held-lane';
import { startProcess } from '../support/process';
import { openProxy } from '../support/proxy';
import { testSecret, tokenOf } from '../support/service';
import { until } from '../support/until';

let database: TestDatabase;
const started: ReturnType<typeof startProcess>[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const each of started.splice(0)) {
    each.child.kill('SIGKILL');
    await each.ended;
  }
  await database.drop();
});

function start(databaseUrl: string) {
  const each = startProcess({
    DATABASE_URL: databaseUrl,
    BETTER_AUTH_SECRET: testSecret,
    LOG_LEVEL: 'silent',
  });
  started.push(each);
  return each;
}

const user = 'ada';
const body = { title: 'Water the plants' };

async function create(base: string, key: string): Promise<ApiResponse> {
  const headers = { 'Idempotency-Key': key };
  return send(base, 'POST', `/api/${user}/tasks`, { token: await tokenOf(user), headers, body });
}

const tasks = () => query<{ id: string }>(database.url, 'select id from tasklane.tasks');

test('after the commit: the next one repeats the reply that nobody got', async () => {
  let armed = false;
  // Of the commit's answer nothing arrives, so that no reply can leave.
  const proxy = await openProxy(database.url, (chunk, from) =>
    armed && from === 'server' && chunk.includes('COMMIT\0') ? null : chunk.length,
  );
  const [doomed, next] = [start(proxy.url), start(database.url)];
  const [doomedUrl, nextUrl] = [await doomed.url, await next.url];
  const key = randomUUID();
  armed = true;
  const lost = create(doomedUrl, key).then(
    () => 'answered',
    () => 'lost',
  );
  const [task] = await until(async () => {
    const rows = await tasks();
    return rows.length > 0 && rows;
  });
  doomed.child.kill('SIGKILL');
  await once(doomed.child, 'exit');
  expect(await lost).toBe('lost');
  await proxy.close();

  const again = await create(nextUrl, key);
  expect(again).toMatchObject({ status: 201, body: { ...body, id: task?.id } });
  expect(again.headers['idempotency-replayed']).toBe('true');
  expect(again.headers.location).toBe(`/api/${user}/tasks/${task?.id}`);
  expect(await tasks()).toHaveLength(1);
});

test('before the commit: the next one carries it out', async () => {
  const [doomed, next] = [start(database.url), start(database.url)];
  const [doomedUrl, nextUrl] = [await doomed.url, await next.url];
  const key = randomUUID();
  const held = await holdLane(database.url, user);
  const lost = create(doomedUrl, key).then(
    () => 'answered',
    () => 'lost',
  );
  await until(async () => (await waitingForLocks(database.url)) === 1);
  expect(await create(nextUrl, key)).toMatchObject({ status: 409, body: { code: 'request-in-flight' } });
  doomed.child.kill('SIGKILL');
  expect(await lost).toBe('lost');
  await held.release();

  // Postgres may need a moment to notice that whoever held the key is gone.
  const reply = await until(async () => {
    const response = await create(nextUrl, key);
    return response.status !== 409 && response;
  });
  expect(reply).toMatchObject({ status: 201, body });
  expect(reply.headers).not.toHaveProperty('idempotency-replayed');
  expect(await tasks()).toHaveLength(1);
});

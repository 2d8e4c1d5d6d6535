/** Kills a service after its database has committed and before the client has a response. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type ApiResponse, send } from '../support/api';
import { query, type TestDatabase } from '../support/database';
import { holdLane, waitingForLocks } from '../support/held-lane';
import { startProcess } from '../support/process';
import { openProxy } from '../support/proxy';
import { startTestService, type TestService, testSecret, tokenOf } from '../support/service';
import { until } from '../support/until';

// The surviving service, the killed service, and their database.
let next: TestService;
let doomed: ReturnType<typeof startProcess>;
let database: TestDatabase;

beforeEach(async () => {
  next = await startTestService();
  ({ database } = next);
});
afterEach(async () => {
  doomed.child.kill('SIGKILL');
  await doomed.ended;
  await next.stop();
});

/** Starts the service that will be killed; resolves to its address. */
function start(databaseUrl: string): Promise<string> {
  const configuration = { DATABASE_URL: databaseUrl, BETTER_AUTH_SECRET: testSecret };
  doomed = startProcess({ ...configuration, JOBS: 'none', LOG_LEVEL: 'silent' });
  return doomed.url;
}

const user = 'ada';
const body = { title: 'Water the plants' };

async function create(base: string, key: string): Promise<ApiResponse> {
  const headers = { 'Idempotency-Key': key };
  return send(base, 'POST', `/api/${user}/tasks`, { token: await tokenOf(user), headers, body });
}

const tasks = () => query<{ id: string }>(database.url, 'select id from tasklane.tasks');

test('after the commit, a retry gets the lost reply', async () => {
  let armed = false;
  // The response to the commit is lost, so that the service cannot reply.
  const proxy = await openProxy(database.url, (chunk, from) =>
    armed && from === 'server' && chunk.includes('COMMIT\0') ? null : chunk.length,
  );
  const url = await start(proxy.url);
  // Makes the lane, which has a commit of its own.
  await send(url, 'PATCH', `/api/${user}/profile`, {
    token: await tokenOf(user),
    body: { week_start: 'sunday' },
  });
  const key = randomUUID();
  armed = true;
  const lost = create(url, key).then(
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

  const again = await create(next.url, key);
  expect(again).toMatchObject({ status: 201, body: { ...body, id: task?.id } });
  expect(again.headers['idempotency-replayed']).toBe('true');
  expect(again.headers.location).toBe(`/api/${user}/tasks/${task?.id}`);
  expect(await tasks()).toHaveLength(1);
});

test('before the commit, a retry carries the request out', async () => {
  const url = await start(database.url);
  const key = randomUUID();
  const held = await holdLane(database.url, user);
  const lost = create(url, key).then(
    () => 'answered',
    () => 'lost',
  );
  await until(async () => (await waitingForLocks(database.url)) === 1);
  expect(await create(next.url, key)).toMatchObject({ status: 409, body: { code: 'request-in-flight' } });
  doomed.child.kill('SIGKILL');
  expect(await lost).toBe('lost');
  await held.release();

  // Postgres may need a moment to notice that the killed service is gone.
  const reply = await until(async () => {
    const response = await create(next.url, key);
    return response.status !== 409 && response;
  });
  expect(reply).toMatchObject({ status: 201, body });
  expect(reply.headers).not.toHaveProperty('idempotency-replayed');
  expect(await tasks()).toHaveLength(1);
});

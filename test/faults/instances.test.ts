/** Three instances behind HAProxy, which reach Postgres through PgBouncer in transaction mode and share a Redis. */
import { randomUUID } from 'node:crypto';
import { freePort } from '../../src/platform/database/embedded/server';
import { makeConfirmed, makeTask } from '../features/webhooks/support';
import { send } from '../support/api';
import { createTestDatabase, query, type TestDatabase } from '../support/database';
import { readEvents } from '../support/event-reader';
import { keepsPreparedStatements, openPooler, poolerVersion } from '../support/pooler';
import type { ServiceProcess } from '../support/process';
import { hang, openReceiver, type Receiver } from '../support/receiver';
import { startRedis } from '../support/redis';
import { until } from '../support/until';
import { makeUser } from '../support/user';
import { type Haproxy, startHaproxy } from './haproxy';
import { createCleanUp, kill, startInstance } from './support';
import { startWriter } from './writer';

jest.setTimeout(120_000);

type Instance = ServiceProcess & { url: string };

const readsAMinute = 30;
const startDeadlineMs = 60_000;

const cleanUp = createCleanUp();
let database: TestDatabase;
let receiver: Receiver;
let balancer: Haproxy;
let ports: number[];
let instances: Instance[];
let start: (port: number) => Promise<Instance>;

beforeAll(async () => {
  database = await createTestDatabase();
  cleanUp.add(() => database.drop());
  const pooler = await openPooler(database.url, 10);
  cleanUp.add(() => pooler.close());
  const redisPort = await freePort();
  const redis = await startRedis(redisPort);
  cleanUp.add(() => redis.stop());
  receiver = await openReceiver();
  cleanUp.add(() => receiver.close());
  // The last three are for the instances that replace the first ones.
  ports = [];
  for (let count = 0; count < 6; count++) ports.push(await freePort());
  balancer = await startHaproxy(ports);
  cleanUp.add(() => balancer.stop());
  start = async (port) => {
    const instance = await startInstance({
      PORT: String(port),
      DATABASE_URL: pooler.url,
      DATABASE_PREPARED_STATEMENTS: String(keepsPreparedStatements(poolerVersion() ?? [0, 0])),
      REDIS_URL: `redis://127.0.0.1:${redisPort}`,
      RATE_LIMIT: 'on',
      RATE_LIMIT_READS: String(readsAMinute),
      RATE_LIMIT_WRITES: '1000000',
      WEBHOOK_ALLOWED_HOSTS: receiver.host,
      WEBHOOK_INTERVAL_MS: '100',
      // Only wake-ups bring changes of other instances to a stream.
      EVENTS_POLL_MS: '60000',
      EVENTS_IDLE_POLL_MS: '60000',
      SHUTDOWN_DELAY_MS: '2000',
    });
    cleanUp.add(() => kill(instance));
    return instance;
  };
  instances = await Promise.all(ports.slice(0, 3).map(start));
  await until(async () => (await balancer.ports()).length === 3, startDeadlineMs);
}, 180_000);
afterAll(() => cleanUp.run());

test('a stream at one instance gets the writes at another one at once', async () => {
  const [one, other] = instances as [Instance, Instance];
  const user = await makeUser(other.url);
  const reader = await readEvents(`${one.url}${user.lane}/events`, { token: user.token });
  // A wake-up is lost if an instance has not subscribed yet.
  await until(async () => {
    await makeTask(user);
    return reader.events.length > 0;
  });
  reader.close();
});

test('requests with one idempotency key have one effect, whichever instances they reach', async () => {
  const user = await makeUser(balancer.url);
  const key = randomUUID();
  const create = (base: string) =>
    send(base, 'POST', `${user.lane}/tasks`, {
      token: user.token,
      headers: { 'Idempotency-Key': key },
      body: { title: 'A task' },
    });
  const together = await Promise.all([...instances, ...instances].map(({ url }) => create(url)));
  const inFlight = together.filter(({ body }) => body.code === 'request-in-flight');
  const later = await Promise.all([...instances, balancer].map(({ url }) => create(url)));
  const [first] = later;
  const answered = [...together.filter((answer) => !inFlight.includes(answer)), ...later];
  expect(answered.map(({ status, body }) => [status, body.id])).toEqual(
    answered.map(() => [201, first?.body.id]),
  );
  expect((await user.send('GET', '/tasks')).body.items).toHaveLength(1);
});

test('instances count rate limits together', async () => {
  const user = await makeUser(balancer.url);
  const statuses: number[] = [];
  const readAtEach = async () => {
    for (const { url } of instances) {
      statuses.push((await send(url, 'GET', `${user.lane}/profile`, { token: user.token })).status);
    }
    return statuses.slice(-3).every((status) => status === 429);
  };
  await until(readAtEach, 30_000);
  const answered = statuses.filter((status) => status === 200).length;
  expect(answered).toBeGreaterThanOrEqual(readsAMinute);
  // Alone, each instance would allow 30. On a busy machine, one may count alone for a moment.
  expect(answered).toBeLessThan(2 * readsAMinute);
});

test('each event is sent to a webhook once, by any instance', async () => {
  const user = await makeUser(balancer.url);
  await makeConfirmed(database.url, user, receiver);
  const tasks = await Promise.all(Array.from({ length: 30 }, () => makeTask(user)));
  const delivered = () =>
    receiver.received.map(({ body }) => JSON.parse(body).data.change.entity_id as string);
  await until(() => tasks.every(({ id }) => delivered().includes(id)), 30_000);
  // The results are stored after the answers.
  await until(async () => {
    const [row] = await query<{ due: number }>(
      database.url,
      'select count(*)::int as due from tasklane.webhooks where due_at is not null',
    );
    return row?.due === 0;
  });
  expect(delivered().toSorted()).toEqual(tasks.map(({ id }) => id).toSorted());
});

test('no request fails when all instances are replaced', async () => {
  const writer = await startWriter(() => balancer.url);
  cleanUp.add(() => writer.stop());
  await writer.progress(20);
  const old = instances;
  const replacements = await Promise.all(ports.slice(3).map(start));
  await until(async () => (await balancer.ports()).length === 6, startDeadlineMs);
  for (const { child, ended } of old) {
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, signal: null });
    await writer.progress(20);
  }
  await writer.stopAndVerify(database.url);
  expect(writer.attempts.filter(({ status }) => status !== 200 && status !== 201)).toEqual([]);
  instances = replacements;
});

test('another instance takes over the deliveries of an instance that was killed', async () => {
  const user = await makeUser(balancer.url);
  await makeConfirmed(database.url, user, receiver);
  receiver.answers = [hang];
  await makeTask(user);
  await receiver.arrived(1);
  const [one, ...others] = instances as [Instance, Instance, Instance];
  // Whichever instance waits for the answer, it is one of those that are killed.
  for (const each of others) await kill(each);
  await kill(one);
  instances = [await start(ports[0] as number)];
  // The lease would end after 45 seconds.
  await query(
    database.url,
    'update tasklane.webhooks set leased_until = now() where leased_until is not null',
  );
  await receiver.arrived(2);
  const [first, second] = receiver.received.map(({ headers }) => headers['webhook-id']);
  expect(second).toBe(first);
});

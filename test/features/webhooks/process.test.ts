/** Services as processes that send to webhooks: one is killed, and one has proxy variables. */
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { type ServiceProcess, startProcess } from '../../support/process';
import { hang, openReceiver, type Receiver } from '../../support/receiver';
import { testSecret } from '../../support/service';
import { until } from '../../support/until';
import { makeUser } from '../../support/user';
import { deliveriesOf, eventIn, makeConfirmed, makeTask, openInstance } from './support';

let database: TestDatabase;
let receiver: Receiver;
const running: ServiceProcess[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  receiver = await openReceiver();
});
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  }
  await receiver.close();
  await database.drop();
});

function start(environment: Record<string, string> = {}) {
  const started = startProcess({
    DATABASE_URL: database.url,
    BETTER_AUTH_SECRET: testSecret,
    WEBHOOK_ALLOWED_HOSTS: receiver.host,
    WEBHOOK_INTERVAL_MS: '20',
    ...environment,
  });
  running.push(started);
  return started;
}

test('another instance sends the deliveries of a killed instance', async () => {
  const service = start();
  const user = await makeUser(await service.url);
  const webhook = await makeConfirmed(database.url, user, receiver);
  receiver.answers = [hang];
  await makeTask(user);
  await receiver.arrived(1);
  service.child.kill('SIGKILL');
  await service.ended;

  const another = openInstance(database.url, [receiver]);
  // Until the lease expires, nobody knows that the other instance has ended.
  await another.deliver();
  expect(receiver.received).toHaveLength(1);
  await query(database.url, 'update tasklane.webhooks set leased_until = now()');
  await another.deliver();
  await another.close();
  expect(receiver.received).toHaveLength(2);
  const [first, second] = receiver.received.map((each) => ({
    id: each.headers['webhook-id'],
    event: eventIn(each, webhook.secret),
  }));
  expect(second).toEqual(first);
  const [row] = await query(database.url, 'select state, attempt_count from tasklane.webhook_deliveries');
  expect(row).toEqual({ state: 'delivered', attempt_count: 1 });
});

test('proxy settings of the environment are ignored, and stopping waits for running requests', async () => {
  const proxy = await openReceiver();
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'];
  const service = start({
    NODE_USE_ENV_PROXY: '1',
    ...Object.fromEntries(names.map((name) => [name, proxy.url])),
  });
  const user = await makeUser(await service.url);
  const webhook = await makeConfirmed(database.url, user, receiver);
  let answer: (() => void) | undefined;
  receiver.answers = [
    (response) => {
      answer = () => response.writeHead(200).end();
    },
  ];
  await makeTask(user);
  const send = await until(() => answer);
  expect(await deliveriesOf(user, webhook)).toMatchObject([{ state: 'pending' }]);
  service.child.kill('SIGTERM');
  await until(() => service.output.stdout.includes('stopping'));
  send();
  expect(await service.ended).toEqual({ code: 0, signal: null });
  const [row] = await query(database.url, 'select state, attempt_count from tasklane.webhook_deliveries');
  expect(row).toEqual({ state: 'delivered', attempt_count: 1 });
  expect(proxy.received).toEqual([]);
  await proxy.close();
});

/** Tests which receivers get events: only verified ones, and fairly between users. */
import { query } from '../../support/database';
import { type Answer, hang, openReceiver, type Receiver } from '../../support/receiver';
import { startTestService, type TestService } from '../../support/service';
import { makeUser, type TestUser } from '../../support/user';
import {
  deliveriesOf,
  eventIn,
  makeTask,
  makeVerified,
  makeWebhook,
  openInstance,
  passTime,
} from './support';

let receiver: Receiver;
let service: TestService;
let ada: TestUser;

beforeAll(async () => {
  receiver = await openReceiver();
  service = await startTestService({
    RATE_LIMIT: 'off',
    WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
    WEBHOOK_INTERVAL_MS: '20',
    WEBHOOK_TIMEOUT_MS: '2000',
    WEBHOOK_HOST_RATE: '10000',
  });
});
afterAll(async () => {
  await service.stop();
  await receiver.close();
});
beforeEach(async () => {
  // The rates count by host and port, and each test has its own port.
  await receiver.close();
  receiver = await openReceiver();
  ada = await makeUser(service.url);
});
afterEach(() => query(service.database.url, 'delete from tasklane.webhooks'));

const deliver = () => service.runJob('webhooks');
const types = (secret: string) => receiver.received.map((each) => eventIn(each, secret).type);
const shown = async ({ path }: { path: string }) => (await ada.send('GET', path)).body;

test('a new webhook gets a test first, and events after the test succeeded', async () => {
  const webhook = await makeWebhook(ada, receiver);
  const watching = await makeVerified(service.database.url, ada, receiver, { events: ['webhook.updated'] });
  await makeTask(ada, 'First');
  await makeTask(ada, 'Second');
  expect(await shown(webhook)).toMatchObject({ verified_at: null, version: 1 });
  receiver.answers = [401];
  await deliver();
  expect(types(webhook.secret)).toEqual(['webhook.test']);
  // Neither a redelivery nor a replay bypasses it.
  const [event] = await deliveriesOf(ada, webhook);
  expect(event).toMatchObject({ event: 'task.created', state: 'pending', attempt_count: 0 });
  await ada.send('POST', `${webhook.path}/deliveries/${event.id}/redeliver`);
  await ada.send('POST', `${webhook.path}/replay`, { body: { since: '2020-01-01T00:00:00Z' } });
  receiver.answers = [500];
  await passTime(service.database.url, ada.id);
  await deliver();
  expect(types(webhook.secret)).toEqual(['webhook.test', 'webhook.test']);

  await passTime(service.database.url, ada.id);
  await deliver();
  const { verified_at, updated_at, version } = await shown(webhook);
  expect({ verified_at, version }).toEqual({ verified_at: updated_at, version: 2 });
  const told = receiver.received.filter(({ body }) => body.includes('webhook.updated'));
  expect(told.map((each) => eventIn(each, watching.secret).data.change)).toEqual([
    expect.objectContaining({
      entity_id: webhook.id,
      fields: { verified_at: { from: null, to: verified_at } },
    }),
  ]);
  const states = (await deliveriesOf(ada, webhook)).map(({ state }) => state);
  expect(states).toEqual(['delivered', 'delivered', 'delivered']);
});

test('events for an unverified webhook are queued, and no lease is taken for them', async () => {
  const webhook = await makeWebhook(ada, receiver);
  receiver.answers = [500];
  await deliver();
  await query(service.database.url, 'update tasklane.webhooks set paused_until = null where id = $1', [
    webhook.id,
  ]);
  await makeTask(ada);
  await deliver();
  expect(receiver.received).toHaveLength(1);
});

test('a new address must be verified again, even while a test is being sent', async () => {
  const webhook = await makeVerified(service.database.url, ada, receiver);
  const moved = await ada.send('PATCH', webhook.path, { body: { url: `${receiver.url}/second` } });
  expect(moved.body.verified_at).toBeNull();
  const [change] = await query<{ fields: object }>(
    service.database.url,
    'select fields from tasklane.changes where lane_id = lane_of($1) order by seq desc limit 1',
    [ada.id],
  );
  expect(Object.keys(change?.fields ?? {}).toSorted()).toEqual(['url', 'verified_at']);
  receiver.answers = [
    (response) => {
      ada
        .send('PATCH', webhook.path, { body: { url: `${receiver.url}/third` } })
        .finally(() => response.writeHead(200).end());
    },
    500,
  ];
  await makeTask(ada);
  await deliver();
  // A success of the second address does not verify the third.
  expect(receiver.received.map(({ path }) => path)).toEqual(['/second', '/third']);
  expect((await shown(webhook)).verified_at).toBeNull();
  await passTime(service.database.url, ada.id);
  await deliver();
  expect(receiver.received.map(({ path }) => path)).toEqual(['/second', '/third', '/third', '/third']);
  expect(types(webhook.secret).at(-1)).toBe('task.created');
});

test('a webhook that is created disabled is tested when it is enabled', async () => {
  const webhook = await makeWebhook(ada, receiver, { enabled: false });
  await deliver();
  expect(receiver.received).toEqual([]);
  await ada.send('PATCH', webhook.path, { body: { enabled: true } });
  await deliver();
  expect(types(webhook.secret)).toEqual(['webhook.test']);
  expect((await shown(webhook)).verified_at).not.toBeNull();
});

test('a webhook is disabled after nine failed tests, and tested again when it is enabled', async () => {
  const webhook = await makeWebhook(ada, receiver);
  for (let attempt = 1; attempt <= 9; attempt++) {
    expect((await shown(webhook)).enabled).toBe(true);
    receiver.answers = [404];
    await deliver();
    await passTime(service.database.url, ada.id);
  }
  expect(await shown(webhook)).toMatchObject({ enabled: false, disabled_reason: 'unverified' });
  await makeTask(ada);
  expect((await deliveriesOf(ada, webhook)).map(({ state }) => state)).toEqual(['failed']);
  await ada.send('PATCH', webhook.path, { body: { enabled: true } });
  await deliver();
  expect(await shown(webhook)).toMatchObject({ enabled: true, verified_at: expect.any(String) });
});

test('a host gets at most its rate from all users together', async () => {
  const users = [ada, await makeUser(service.url), await makeUser(service.url)];
  const webhooks = await Promise.all(users.map((user) => makeVerified(service.database.url, user, receiver)));
  for (const user of users) for (let n = 1; n <= 15; n++) await makeTask(user, `Task ${n}`);
  const instance = openInstance(service.database.url, [receiver], { hostRate: 10 });
  const began = performance.now();
  await instance.deliver();
  const elapsed = (performance.now() - began) / 1_000;
  expect(receiver.received.length).toBeGreaterThanOrEqual(10);
  expect(receiver.received.length).toBeLessThanOrEqual(10 + 10 * elapsed);
  // Nothing is lost: deliveries above the rate wait.
  for (const [index, webhook] of webhooks.entries()) {
    const states = (await deliveriesOf(users[index] as TestUser, webhook)).map(({ state }) => state);
    expect(states).toHaveLength(15);
    expect(states).not.toContain('failed');
    expect(states).toContain('pending');
  }
  const [row] = await query<{ paused: number }>(
    service.database.url,
    'select count(*)::int as paused from tasklane.webhooks where paused_until > now() and due_at = paused_until',
  );
  expect(row?.paused).toBe(3);
  await instance.close();
});

describe('slots', () => {
  /** Users whose webhooks hang, each with a due delivery. */
  async function hanging(url: string, count: number, each: number, failures = 0): Promise<void> {
    for (let n = 1; n <= count; n++) {
      const user = await makeUser(service.url);
      await makeTask(user);
      await query(
        service.database.url,
        `with made as (
           insert into tasklane.webhooks (lane_id, id, url, secret, verified_at, due_at, failures)
           select lane_of($1), gen_random_uuid(), $2, 'whsec_AA==', now(), now() - interval '1 hour', $4
           from generate_series(1, $3::int) returning id
         )
         insert into tasklane.webhook_deliveries (lane_id, id, webhook_id, event, happened_at, due_at)
         select lane_of($1), gen_random_uuid(), id, 'webhook.test', now(), now() - interval '1 hour' from made`,
        [user.id, `${url}/hook`, each, failures],
      );
    }
  }

  /** Runs an instance while these receivers hang, and waits until another user's event arrives. */
  async function expectPrompt(users: number, each: number, failures: number, held: number): Promise<void> {
    const slow = await openReceiver();
    slow.answers = Array<Answer>(1_000).fill(hang);
    const instance = openInstance(service.database.url, [receiver, slow], { timeoutMs: 60_000 });
    await hanging(slow.url, users, each, failures);
    const webhook = await makeVerified(service.database.url, ada, receiver);
    const round = instance.deliver();
    await slow.arrived(held);
    await makeTask(ada, 'Prompt');
    await receiver.arrived(1);
    expect(eventIn(receiver.received[0], webhook.secret).data.task.title).toBe('Prompt');
    expect(slow.received).toHaveLength(held);
    // The hanging requests fail, the others find no listener, all these webhooks are paused, and the round ends.
    await slow.close();
    await round;
    await instance.close();
  }

  // There are sixteen slots.
  test('thirty receivers of three users that hang do not delay the event of another user', () =>
    expectPrompt(3, 10, 0, 12));

  test('receivers of many users that hang leave slots for receivers that answer', () =>
    expectPrompt(12, 4, 1, 8));
});

/** Tests the delivery of events to webhooks: signed, at least once, and with receivers that fail. */
import { randomUUID } from 'node:crypto';
import type { ApiResponse, Body } from '../../support/api';
import { query } from '../../support/database';
import { holdLane } from '../../support/held-lane';
import { type Answer, breakOff, hang, openReceiver, type Receiver } from '../../support/receiver';
import { startTestService, type TestService } from '../../support/service';
import { until } from '../../support/until';
import { makeUser, type TestUser } from '../../support/user';
import {
  deliveriesOf,
  eventIn,
  makeConfirmed,
  makeTask,
  makeVerified,
  openDatabase,
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
    LOG_LEVEL: 'debug',
    WEBHOOK_ALLOWED_HOSTS: receiver.host,
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
  receiver.received.length = 0;
  receiver.answers = [];
  ada = await makeUser(service.url);
});
// Deliveries that a test leaves behind would be sent in the next test.
afterEach(() => query(service.database.url, 'delete from tasklane.webhooks'));

const makeWebhook = (
  ...made: Parameters<typeof makeVerified> extends [string, ...infer Rest] ? Rest : never
) => makeVerified(service.database.url, ...made);
const deliver = () => service.runJob('webhooks');
const sql = <R extends object>(text: string, values: unknown[] = []) =>
  query<R>(service.database.url, text, values);
const ids = () => receiver.received.map(({ headers }) => headers['webhook-id']);

test('an event reaches its webhook with a signature, and the log has it', async () => {
  const webhook = await makeWebhook(ada, receiver);
  const task = await makeTask(ada, 'Water the plants');
  await deliver();

  const [received] = receiver.received;
  expect(receiver.received).toHaveLength(1);
  expect(received).toMatchObject({
    path: '/hook',
    headers: { 'content-type': 'application/json', 'user-agent': 'Tasklane-Webhooks/1' },
  });
  expect(eventIn(received, webhook.secret)).toEqual({
    type: 'task.created',
    timestamp: task.created_at,
    data: {
      change: {
        seq: 2,
        user_id: ada.id,
        type: 'task',
        entity_id: task.id,
        action: 'created',
        fields: {},
        at: task.created_at,
        actor: { type: 'user', id: ada.id },
        request: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
      task,
    },
  });
  const [delivery, ...others] = await deliveriesOf(ada, webhook);
  expect(others).toEqual([]);
  expect(delivery).toEqual({
    id: received?.headers['webhook-id'],
    webhook_id: webhook.id,
    event: 'task.created',
    seq: 2,
    entity_id: task.id,
    state: 'delivered',
    attempt_count: 1,
    attempts: [
      { at: expect.any(String), duration_ms: expect.any(Number), status: 204, error: null, response: '' },
    ],
    next_attempt_at: null,
    created_at: task.created_at,
  });
  await deliver();
  expect(receiver.received).toHaveLength(1);
});

test('a failed delivery is repeated with the same id until it succeeds', async () => {
  const webhook = await makeWebhook(ada, receiver);
  await makeTask(ada);
  const failures: [Answer, object][] = [
    [500, { status: 500, error: null, response: '' }],
    [hang, { status: null, error: 'timeout', response: null }],
    [breakOff, { status: null, error: 'broken-off', response: null }],
    [302, { status: 302, error: null }],
    [(response) => response.writeHead(400).end('Bad'), { status: 400, error: null, response: 'Bad' }],
  ];
  for (const [index, [answer]] of failures.entries()) {
    receiver.answers = [answer];
    await deliver();
    // It is not tried again at once.
    await deliver();
    const [delivery] = await deliveriesOf(ada, webhook);
    expect(delivery).toMatchObject({ state: 'pending', attempt_count: index + 1 });
    const lastAt = Date.parse(delivery.attempts.at(-1).at);
    expect(Date.parse(delivery.next_attempt_at)).toBeGreaterThan(lastAt + 3_000);
    await passTime(service.database.url, ada.id);
  }
  await deliver();
  await passTime(service.database.url, ada.id);
  await deliver();

  expect(receiver.received).toHaveLength(failures.length + 1);
  expect(new Set(ids()).size).toBe(1);
  for (const each of receiver.received) eventIn(each, webhook.secret);
  const [delivery] = await deliveriesOf(ada, webhook);
  expect(delivery).toMatchObject({
    state: 'delivered',
    attempt_count: failures.length + 1,
    next_attempt_at: null,
  });
  expect(delivery.attempts).toEqual([
    ...failures.map(([, attempt]) => expect.objectContaining(attempt)),
    expect.objectContaining({ status: 204 }),
  ]);
});

test('a delivery fails after nine attempts, and its latest attempts are kept', async () => {
  const webhook = await makeWebhook(ada, receiver);
  await makeTask(ada);
  for (let round = 1; round <= 11; round++) {
    receiver.answers = [503];
    await deliver();
    await passTime(service.database.url, ada.id);
  }
  expect(receiver.received).toHaveLength(9);
  const [failed] = await deliveriesOf(ada, webhook);
  expect(failed).toMatchObject({ state: 'failed', attempt_count: 9, next_attempt_at: null });

  receiver.answers = [500, 500];
  for (let round = 1; round <= 2; round++) {
    await ada.send('POST', `${webhook.path}/deliveries/${failed.id}/redeliver`);
    await deliver();
  }
  const [again] = await deliveriesOf(ada, webhook);
  expect(again).toMatchObject({ id: failed.id, state: 'pending', attempt_count: 11 });
  expect(again.attempts.map((each: Body) => each.status)).toEqual([...Array(8).fill(503), 500, 500]);
  expect(new Set(ids())).toEqual(new Set([failed.id]));
});

test('Retry-After delays all deliveries of the webhook', async () => {
  const webhook = await makeWebhook(ada, receiver);
  await makeTask(ada);
  receiver.answers = [(response) => response.writeHead(429, { 'retry-after': '1800' }).end()];
  await deliver();
  const [delivery] = await deliveriesOf(ada, webhook);
  const wait = Date.parse(delivery.next_attempt_at) - Date.now();
  expect(wait).toBeGreaterThan(1_700_000);
  expect(wait).toBeLessThan(1_900_000);
  await makeTask(ada, 'Another');
  await deliver();
  expect(receiver.received).toHaveLength(1);
});

describe('which events are sent', () => {
  const cases: [string[], string[]][] = [
    [
      [],
      ['task.created', 'task.updated', 'task.deleted', 'project.created', 'tag.created', 'profile.updated'],
    ],
    [['task.created'], ['task.created']],
    [['task.*'], ['task.created', 'task.updated', 'task.deleted']],
    [
      ['project.*', 'profile.updated', 'task.deleted'],
      ['task.deleted', 'project.created', 'profile.updated'],
    ],
    [['completion.*'], []],
  ];

  test.each(cases)('are selected by %j', async (events, wanted) => {
    const webhook = await makeWebhook(ada, receiver, { events });
    const { id } = await makeTask(ada);
    await ada.send('PATCH', `/tasks/${id}`, { body: { title: 'Changed', tags: ['home'] } });
    await ada.send('DELETE', `/tasks/${id}`);
    await ada.send('POST', '/projects', { body: { name: 'Garden' } });
    await ada.send('PATCH', '/profile', { body: { week_start: 'sunday' } });
    await deliver();
    const types = receiver.received.map((each) => eventIn(each, webhook.secret).type);
    expect(types.toSorted()).toEqual(wanted.toSorted());
  });

  test('of a webhook go to other webhooks that ask for them', async () => {
    const all = await makeWebhook(ada, receiver);
    const watching = await makeWebhook(ada, receiver, { events: ['webhook.*'] });
    const third = await makeWebhook(ada, receiver, { events: ['webhook.deleted'] });
    await ada.send('PATCH', watching.path, { body: { description: 'Its own' } });
    await ada.send('PATCH', all.path, { body: { description: 'Another' } });
    await ada.send('DELETE', third.path);
    await deliver();
    const events = receiver.received.map((each) => eventIn(each, watching.secret));
    expect(events.map(({ type, data }) => [type, data.change.entity_id]).toSorted()).toEqual(
      [
        ['webhook.created', third.id],
        ['webhook.deleted', third.id],
        ['webhook.updated', all.id],
      ].toSorted(),
    );
  });

  test('do not include changes before the webhook or while it was disabled', async () => {
    await makeTask(ada, 'Before');
    const webhook = await makeWebhook(ada, receiver, { enabled: false });
    await makeTask(ada, 'Meanwhile');
    await ada.send('PATCH', webhook.path, { body: { enabled: true } });
    await makeTask(ada, 'After');
    await deliver();
    expect(receiver.received.map((each) => eventIn(each, webhook.secret).data.task.title)).toEqual(['After']);
  });

  test('do not include a failed write', async () => {
    const webhook = await makeWebhook(ada, receiver);
    const database = openDatabase(service.database.url);
    const failing = database.withUser(ada.id).write(async (lane) => {
      lane.changed({ type: 'task', id: randomUUID(), action: 'created', fields: {} });
      lane.changed({ type: 'task', id: 'nonsense', action: 'created', fields: {} });
    });
    await expect(failing).rejects.toThrow();
    await database.close();
    expect(await deliveriesOf(ada, webhook)).toEqual([]);
  });
});

describe('the data of an event', () => {
  test('contains the change, and the entity at the time of sending', async () => {
    const webhook = await makeWebhook(ada, receiver);
    const { id } = await makeTask(ada, 'First');
    const changed = await ada.send('PATCH', `/tasks/${id}`, { body: { title: 'Second' } });
    await deliver();
    const events = receiver.received.map((each) => eventIn(each, webhook.secret));
    const [created, updated] = events.toSorted((a, b) => a.data.change.seq - b.data.change.seq);
    expect(created.data.task).toEqual(changed.body);
    expect(updated).toMatchObject({
      type: 'task.updated',
      data: { change: { fields: { title: { from: 'First', to: 'Second' } } }, task: changed.body },
    });
  });

  test('is null for a task in the trash', async () => {
    const webhook = await makeWebhook(ada, receiver);
    const { id } = await makeTask(ada);
    await ada.send('DELETE', `/tasks/${id}`);
    await deliver();
    for (const each of receiver.received) {
      expect(eventIn(each, webhook.secret).data).toMatchObject({ change: { entity_id: id }, task: null });
    }
    expect(receiver.received).toHaveLength(2);
  });

  test('follows the contract for every type of entity', async () => {
    const webhook = await makeWebhook(ada, receiver);
    const project = (await ada.send('POST', '/projects', { body: { name: 'Garden' } })).body;
    await ada.send('POST', '/tasks', { body: { title: 'A', project_id: project.id, tags: ['home'] } });
    const [tag] = (await ada.send('GET', '/tags')).body.items;
    await ada.send('PATCH', '/profile', { body: { time_zone: 'Europe/Zurich' } });
    await deliver();
    const events = receiver.received.map((each) => eventIn(each, webhook.secret));
    const of = (type: string) => events.find((each) => each.type === type).data;
    expect(of('project.created').project).toEqual(project);
    expect(of('tag.created').tag).toEqual(tag);
    expect(of('profile.updated').profile).toMatchObject({ user_id: ada.id, time_zone: 'Europe/Zurich' });
    expect((await ada.send('DELETE', `/projects/${project.id}?tasks=move`)).status).toBe(204);
    await ada.send('DELETE', `/tags/${tag.id}`);
    receiver.received.length = 0;
    await deliver();
    const gone = receiver.received.map((each) => eventIn(each, webhook.secret));
    expect(gone.find((each) => each.type === 'project.deleted').data.project).toBeNull();
    expect(gone.find((each) => each.type === 'tag.deleted').data.tag).toBeNull();
  });

  test('contains only the user and the webhook if the event is a test', async () => {
    const webhook = await makeWebhook(ada, receiver, { events: ['task.deleted'] });
    const { body: delivery } = await ada.send('POST', `${webhook.path}/test`);
    await deliver();
    expect(ids()).toEqual([delivery.id]);
    expect(eventIn(receiver.received[0], webhook.secret)).toEqual({
      type: 'webhook.test',
      timestamp: delivery.created_at,
      data: { user_id: ada.id, webhook_id: webhook.id },
    });
  });
});

describe('several instances', () => {
  test('send each event once between them', async () => {
    const another = openInstance(service.database.url, [receiver]);
    const users = [ada, await makeUser(service.url), await makeUser(service.url)];
    const webhooks = await Promise.all(users.map((user) => makeWebhook(user, receiver)));
    for (let n = 1; n <= 12; n++) await Promise.all(users.map((user) => makeTask(user, `Task ${n}`)));
    await Promise.all([deliver(), another.deliver(), deliver(), another.deliver()]);
    expect(receiver.received).toHaveLength(36);
    expect(new Set(ids()).size).toBe(36);
    for (const [index, webhook] of webhooks.entries()) {
      const states = (await deliveriesOf(users[index] as TestUser, webhook)).map((each) => each.state);
      expect(states).toEqual(Array(12).fill('delivered'));
    }
    await another.close();
  });

  test('an instance with an expired lease records nothing, and the next one repeats the delivery', async () => {
    const webhook = await makeWebhook(ada, receiver);
    await makeTask(ada);
    let second: Promise<void> | undefined;
    const another = openInstance(service.database.url, [receiver]);
    receiver.answers = [
      (response) => {
        sql('update tasklane.webhooks set leased_until = now() where id = $1', [webhook.id])
          .then(() => {
            second = another.deliver();
            return receiver.arrived(2);
          })
          .then(() => response.writeHead(200).end('late'));
      },
      // Waits until the first has its response.
      (response) => void setTimeout(() => response.writeHead(200).end('in time'), 100),
    ];
    await deliver();
    await second;
    expect(new Set(ids()).size).toBe(1);
    const [delivery] = await deliveriesOf(ada, webhook);
    expect(delivery).toMatchObject({
      state: 'delivered',
      attempt_count: 1,
      attempts: [{ response: 'in time' }],
    });
    await another.close();
  });
});

test('a receiver that does not answer does not delay other webhooks', async () => {
  const slow = await openReceiver();
  const instance = openInstance(service.database.url, [receiver, slow], { timeoutMs: 60_000 });
  const webhook = await makeWebhook(ada, receiver);
  // The service's own egress policy does not allow this address.
  await sql(
    `insert into tasklane.webhooks (lane_id, id, url, secret, verified_at)
     values (lane_of($1), gen_random_uuid(), $2, 'whsec_AA==', now())`,
    [ada.id, slow.url],
  );
  slow.answers = Array(8).fill(hang);
  await makeTask(ada, 'First');
  const round = instance.deliver();
  await slow.arrived(1);
  await receiver.arrived(1);
  // The round continues, and includes new deliveries.
  await makeTask(ada, 'Second');
  await receiver.arrived(2);
  expect(receiver.received.map((each) => eventIn(each, webhook.secret).data.task.title)).toEqual([
    'First',
    'Second',
  ]);
  await slow.close();
  await round;
  await instance.close();
});

test('a failing address gets no requests before its pause ends, even for new events', async () => {
  const webhook = await makeWebhook(ada, receiver);
  await makeTask(ada, 'First');
  receiver.answers = [500];
  await deliver();
  await makeTask(ada, 'Second');
  await deliver();
  expect(receiver.received).toHaveLength(1);
  expect((await deliveriesOf(ada, webhook)).map((each) => each.attempt_count)).toEqual([0, 1]);
  await passTime(service.database.url, ada.id);
  await deliver();
  expect((await deliveriesOf(ada, webhook)).map((each) => each.state)).toEqual(['delivered', 'delivered']);
});

test('a new address is tried at once, even if the old one failed', async () => {
  const webhook = await makeWebhook(ada, receiver);
  await makeTask(ada);
  receiver.answers = [500];
  await deliver();
  await sql('update tasklane.webhook_deliveries set due_at = now() where lane_id = lane_of($1)', [ada.id]);
  await ada.send('PATCH', webhook.path, { body: { description: 'The same address' } });
  await deliver();
  expect(receiver.received).toHaveLength(1);
  await ada.send('PATCH', webhook.path, { body: { url: `${receiver.url}/elsewhere` } });
  await deliver();
  expect(receiver.received.map(({ path }) => path)).toEqual(['/hook', '/elsewhere', '/elsewhere']);
  expect(receiver.received.slice(1).map((each) => eventIn(each, webhook.secret).type)).toEqual([
    'webhook.test',
    'task.created',
  ]);
});

test('the events of a thousand changes of one write are sent', async () => {
  const webhook = await makeWebhook(ada, receiver);
  const database = openDatabase(service.database.url);
  await database.withUser(ada.id).write(async (lane) => {
    for (let n = 1; n <= 1_000; n++) {
      lane.changed({ type: 'task', id: randomUUID(), action: 'deleted', fields: {} });
    }
  });
  await database.close();
  await deliver();
  expect(new Set(ids()).size).toBe(1_000);
  expect(receiver.received).toHaveLength(1_000);
  const [counted] = await sql<{ count: number }>(
    `select count(*)::int as count from tasklane.webhook_deliveries where webhook_id = $1 and state = 'delivered'`,
    [webhook.id],
  );
  expect(counted?.count).toBe(1_000);
});

describe('a webhook is disabled', () => {
  test('by 410, at once', async () => {
    const webhook = await makeWebhook(ada, receiver);
    await makeTask(ada);
    receiver.answers = [410];
    await deliver();
    const { body } = await ada.send('GET', webhook.path);
    expect(body).toMatchObject({ enabled: false, disabled_reason: 'gone', version: 2 });
    expect(body.disabled_at).toBe(body.updated_at);
    expect(await deliveriesOf(ada, webhook)).toMatchObject([{ state: 'failed', attempt_count: 1 }]);
    await makeTask(ada);
    await passTime(service.database.url, ada.id);
    await deliver();
    expect(receiver.received).toHaveLength(1);
    expect(service.logged).toContainEqual(
      expect.objectContaining({ msg: 'webhook disabled', webhook: webhook.id, reason: 'gone' }),
    );
  });

  test('after days without a success, and other webhooks get an event', async () => {
    const webhook = await makeWebhook(ada, receiver);
    const watching = await makeWebhook(ada, receiver, { events: ['webhook.updated'] });
    await makeTask(ada);
    const failed = async (days: string) => {
      receiver.answers = [500];
      await deliver();
      await sql('update tasklane.webhooks set failing_since = now() - $2::interval where id = $1', [
        webhook.id,
        days,
      ]);
      await passTime(service.database.url, ada.id);
    };
    await failed('4 days 23 hours');
    await failed('5 days 1 hour');
    expect((await ada.send('GET', webhook.path)).body).toMatchObject({ enabled: true, version: 1 });
    await failed('5 days 1 hour');
    const { body } = await ada.send('GET', webhook.path);
    expect(body).toMatchObject({ enabled: false, disabled_reason: 'failing', version: 2 });

    const fields = { enabled: { from: true, to: false }, disabled_reason: { from: null, to: 'failing' } };
    const [change] = await sql(
      'select type, action, entity_id, fields from tasklane.changes where lane_id = lane_of($1) order by seq desc',
      [ada.id],
    );
    expect(change).toEqual({ type: 'webhook', action: 'updated', entity_id: webhook.id, fields });
    await deliver();
    const told = receiver.received.filter(({ body }) => body.includes('webhook.updated'));
    expect(told).toHaveLength(1);
    expect(eventIn(told[0], watching.secret)).toMatchObject({
      type: 'webhook.updated',
      data: { change: { entity_id: webhook.id, fields } },
    });

    // Waiting deliveries continue when the webhook is enabled again, without its old failures.
    receiver.received.length = 0;
    const enabled = await ada.send('PATCH', webhook.path, { body: { enabled: true } });
    expect(enabled.body).toMatchObject({
      enabled: true,
      disabled_reason: null,
      disabled_at: null,
      version: 3,
    });
    receiver.answers = [500];
    await deliver();
    expect((await ada.send('GET', webhook.path)).body.enabled).toBe(true);
    await passTime(service.database.url, ada.id);
    await deliver();
    expect(await deliveriesOf(ada, webhook)).toMatchObject([{ state: 'delivered' }]);
  });

  test('only if there was no success in between', async () => {
    const webhook = await makeWebhook(ada, receiver);
    await makeTask(ada, 'First');
    receiver.answers = [500];
    await deliver();
    await sql(`update tasklane.webhooks set failing_since = now() - interval '6 days' where id = $1`, [
      webhook.id,
    ]);
    await passTime(service.database.url, ada.id);
    await deliver();
    await makeTask(ada, 'Second');
    receiver.answers = [500];
    await deliver();
    expect((await ada.send('GET', webhook.path)).body.enabled).toBe(true);
    const [row] = await sql(
      `select failures, failing_since > now() - interval '1 minute' as anew from tasklane.webhooks where id = $1`,
      [webhook.id],
    );
    expect(row).toEqual({ failures: 1, anew: true });
  });

  test('by its user, and its deliveries wait', async () => {
    const webhook = await makeWebhook(ada, receiver);
    await makeTask(ada);
    await ada.send('PATCH', webhook.path, { body: { enabled: false } });
    await deliver();
    expect(receiver.received).toEqual([]);
    expect(await deliveriesOf(ada, webhook)).toMatchObject([{ state: 'pending', attempt_count: 0 }]);
    await ada.send('PATCH', webhook.path, { body: { enabled: true } });
    await deliver();
    expect(receiver.received).toHaveLength(1);
  });
});

describe('while an event is being sent', () => {
  /** Runs `work` after an event arrives and before the response. */
  async function during(work: () => Promise<unknown>): Promise<void> {
    let failure: unknown;
    receiver.answers = [
      (response) => {
        work()
          .catch((error) => {
            failure = error;
          })
          .finally(() => response.writeHead(200).end());
      },
    ];
    await deliver();
    if (failure) throw failure;
  }

  const errors = () => service.logged.filter((line) => Number(line.level) >= 50);

  test.each<[string, (path: string) => Promise<unknown>]>([
    ['deleted', (path) => ada.send('DELETE', path)],
    ['disabled', (path) => ada.send('PATCH', path, { body: { enabled: false } })],
    ['changed', (path) => ada.send('PATCH', path, { body: { description: 'Changed' } })],
    ['erased with its lane', () => ada.send('DELETE', `?confirm=${ada.id}`)],
  ])('its webhook can be %s', async (_what, change) => {
    const webhook = await makeWebhook(ada, receiver);
    await makeTask(ada);
    const before = errors().length;
    await during(() => change(webhook.path));
    await deliver();
    expect(receiver.received).toHaveLength(1);
    expect(errors()).toHaveLength(before);
    const left = await sql('select state from tasklane.webhook_deliveries where lane_id = lane_of($1)', [
      ada.id,
    ]);
    expect(left.filter((row) => (row as { state: string }).state === 'pending')).toEqual([]);
  });

  test('other events are queued, and sent next', async () => {
    const webhook = await makeWebhook(ada, receiver);
    await makeTask(ada, 'First');
    await during(() => makeTask(ada, 'Second'));
    expect(receiver.received.map((each) => eventIn(each, webhook.secret).data.task.title)).toEqual([
      'First',
      'Second',
    ]);
  });

  test('it can be sent again', async () => {
    const webhook = await makeWebhook(ada, receiver);
    await makeTask(ada);
    const [{ id }] = (await deliveriesOf(ada, webhook)) as [Body];
    await during(() => ada.send('POST', `${webhook.path}/deliveries/${id}/redeliver`));
    expect(ids()).toEqual([id, id]);
    expect(await deliveriesOf(ada, webhook)).toMatchObject([{ state: 'delivered', attempt_count: 2 }]);
  });

  test('another transaction can lock the lane, and the result is recorded when the lock is released', async () => {
    const webhook = await makeWebhook(ada, receiver);
    await makeTask(ada);
    let held: { release(): Promise<void> } | undefined;
    receiver.answers = [
      (response) => {
        holdLane(service.database.url, ada.id).then((lane) => {
          held = lane;
          response.writeHead(200).end();
        });
      },
    ];
    const round = deliver();
    await until(() => held);
    expect(await deliveriesOf(ada, webhook)).toMatchObject([{ state: 'pending' }]);
    await held?.release();
    await round;
    expect(await deliveriesOf(ada, webhook)).toMatchObject([{ state: 'delivered', attempt_count: 1 }]);
  });
});

describe('a rotated secret', () => {
  test('also signs with the previous secret for a day', async () => {
    const webhook = await makeWebhook(ada, receiver);
    const { body } = await ada.send('POST', `${webhook.path}/rotate-secret`);
    await makeTask(ada, 'First');
    await deliver();
    for (const secret of [body.secret, webhook.secret]) eventIn(receiver.received[0], secret);
    expect(receiver.received[0]?.headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);

    await sql(`update tasklane.webhooks set secret_rotated_at = now() - interval '24 hours' where id = $1`, [
      webhook.id,
    ]);
    await makeTask(ada, 'Second');
    await deliver();
    eventIn(receiver.received[1], body.secret);
    expect(() => eventIn(receiver.received[1], webhook.secret)).toThrow();
    expect(receiver.received[1]?.headers['webhook-signature']).toMatch(/^v1,\S+$/);
  });

  test('makes the secret before the previous one invalid', async () => {
    const webhook = await makeWebhook(ada, receiver);
    const [second, third] = [
      (await ada.send('POST', `${webhook.path}/rotate-secret`)).body.secret,
      (await ada.send('POST', `${webhook.path}/rotate-secret`)).body.secret,
    ];
    await makeTask(ada);
    await deliver();
    for (const secret of [second, third]) eventIn(receiver.received[0], secret);
    expect(() => eventIn(receiver.received[0], webhook.secret)).toThrow();
  });
});

describe('a replay', () => {
  const replay = async (path: string, body: object) => {
    const response = await ada.send('POST', `${path}/replay`, {
      body: { since: '2020-01-01T00:00:00Z', ...body },
    });
    return response.status === 202 ? response.body.queued : response.body.errors;
  };
  const titles = (secret: string) => receiver.received.map((each) => eventIn(each, secret).data.task.title);

  test('sends failed and missed events, and delivered events if requested', async () => {
    const webhook = await makeWebhook(ada, receiver, { events: ['task.*'] });
    await makeTask(ada, 'Delivered');
    await deliver();
    await makeTask(ada, 'Failed');
    await sql(
      `update tasklane.webhook_deliveries set state = 'failed', due_at = null where state = 'pending'`,
    );
    await ada.send('PATCH', webhook.path, { body: { enabled: false } });
    await makeTask(ada, 'Missed');
    await ada.send('PATCH', webhook.path, { body: { enabled: true } });
    await ada.send('PATCH', '/profile', { body: { week_start: 'sunday' } });
    receiver.received.length = 0;
    const before = new Map((await deliveriesOf(ada, webhook)).map((each) => [each.seq, each.id]));

    expect(await replay(webhook.path, {})).toBe(2);
    // A delivery that is already waiting is not queued twice.
    expect(await replay(webhook.path, {})).toBe(0);
    await deliver();
    expect(titles(webhook.secret).toSorted()).toEqual(['Failed', 'Missed']);
    expect(await replay(webhook.path, { include_delivered: true })).toBe(3);
    receiver.received.length = 0;
    await deliver();
    expect(titles(webhook.secret).toSorted()).toEqual(['Delivered', 'Failed', 'Missed']);

    const after = await deliveriesOf(ada, webhook);
    expect(after).toHaveLength(3);
    for (const { seq, id } of after) expect(before.get(seq) ?? id).toBe(id);
    expect(new Set(ids())).toEqual(new Set(after.map(({ id }) => id)));
  });

  test('is limited to its range', async () => {
    const webhook = await makeWebhook(ada, receiver, { enabled: false });
    const tasks: Body[] = [];
    for (const title of ['One', 'Two', 'Three']) {
      tasks.push(await makeTask(ada, title));
      const at = `2026-11-2${tasks.length}T00:00:00Z`;
      await sql(`update tasklane.changes set at = $3 where lane_id = lane_of($1) and entity_id = $2`, [
        ada.id,
        tasks.at(-1).id,
        at,
      ]);
    }
    await ada.send('PATCH', webhook.path, { body: { enabled: true } });
    expect(
      await replay(webhook.path, { since: '2026-11-22T01:00:00+01:00', until: '2026-11-23T00:00:00Z' }),
    ).toBe(1);
    await deliver();
    expect(titles(webhook.secret)).toEqual(['Two']);
  });

  test('is rejected if its range is too large, and changes nothing', async () => {
    const webhook = await makeWebhook(ada, receiver);
    await sql(
      `insert into tasklane.changes (lane_id, seq, type, entity_id, action, fields)
       select lane_of($1), n, 'task', gen_random_uuid(), 'created', '{}' from generate_series(2, 5001) as n`,
      [ada.id],
    );
    await sql('update tasklane.profiles set change_seq = 5001 where lane_id = lane_of($1)', [ada.id]);
    expect(await replay(webhook.path, {})).toEqual([
      { pointer: '/body/since', code: 'too-large', detail: expect.stringContaining('5000 changes') },
    ]);
    expect(await deliveriesOf(ada, webhook)).toEqual([]);
    await sql('delete from tasklane.changes where lane_id = lane_of($1) and seq = 5001', [ada.id]);
    expect(await replay(webhook.path, {})).toBe(4_999);
  });
});

test('deliveries are listed in pages, filtered by state', async () => {
  const webhook = await makeWebhook(ada, receiver);
  for (let n = 1; n <= 5; n++) await makeTask(ada, `Task ${n}`);
  await deliver();
  await ada.send('POST', `${webhook.path}/test`);
  const all = await deliveriesOf(ada, webhook);
  expect(all.map((each) => each.seq)).toEqual([null, 6, 5, 4, 3, 2]);
  const first = await ada.send('GET', `${webhook.path}/deliveries?limit=4`);
  expect(first.body.items).toEqual(all.slice(0, 4));
  expect(first.headers.link).toContain(`cursor=${first.body.next_cursor}`);
  const second = await ada.send('GET', `${webhook.path}/deliveries?limit=4&cursor=${first.body.next_cursor}`);
  expect(second.body).toEqual({ items: all.slice(4), next_cursor: null });

  const states = async (search: string) =>
    (await deliveriesOf(ada, webhook, search)).map((each) => each.state);
  expect(await states('?state=pending')).toEqual(['pending']);
  expect(await states('?state=pending,failed')).toEqual(['pending']);
  expect(await states('?state=delivered')).toEqual(Array(5).fill('delivered'));
  const wrong = await ada.send(
    'GET',
    `${webhook.path}/deliveries?state=failed&cursor=${first.body.next_cursor}`,
  );
  expect(wrong).toMatchObject({ status: 422, body: { errors: [{ code: 'wrong-cursor' }] } });
});

test('a forbidden address is rejected with the reason', async () => {
  const webhook = await makeWebhook(ada, receiver);
  const urls = ['https://127.0.0.1/', 'http://example.com/', 'https://10.1/', 'https://example.com:22/'];
  for (const url of urls) {
    const error = { pointer: '/body/url', code: 'not-allowed', detail: expect.stringMatching(/^must /) };
    const problem = { status: 422, body: { code: 'validation-failed', errors: [error] } };
    expect(await ada.send('POST', '/webhooks', { body: { url } })).toMatchObject(problem);
    expect(await ada.send('PATCH', webhook.path, { body: { url } })).toMatchObject(problem);
  }
  expect((await ada.send('GET', webhook.path)).body.version).toBe(1);
});

test('secrets are shown once, and never in logs, lists, changes, events and exports', async () => {
  const webhook = await makeWebhook(ada, receiver, { events: ['webhook.*', 'task.*'] });
  const watching = await makeWebhook(ada, receiver, { events: ['webhook.*'] });
  const rotated = (await ada.send('POST', `${webhook.path}/rotate-secret`)).body.secret;
  await ada.send('PATCH', webhook.path, { body: { description: 'Changed' } });
  await makeTask(ada);
  receiver.answers = [500, breakOff];
  await deliver();
  await passTime(service.database.url, ada.id);
  await deliver();
  const shown = [
    await ada.send('GET', '/webhooks'),
    await ada.send('GET', webhook.path),
    await ada.send('PATCH', webhook.path, { body: { description: null } }),
    await ada.send('GET', `${webhook.path}/deliveries`),
    await ada.send('GET', '/export'),
    await sql('select * from tasklane.changes where lane_id = lane_of($1)', [ada.id]),
    receiver.received,
    service.logged,
  ];
  const text = JSON.stringify(shown);
  const exported = (shown[4] as ApiResponse).body.webhooks;
  expect(exported.map((each: Body) => each.id)).toEqual([webhook.id, watching.id]);
  expect(service.logged).toContainEqual(
    expect.objectContaining({ msg: 'webhook sent', webhook: webhook.id }),
  );
  for (const secret of [webhook.secret, rotated, watching.secret]) {
    expect(text).not.toContain(secret.slice('whsec_'.length));
  }
  expect(text).not.toContain('whsec_');
  const change = await sql<{ fields: object }>(
    `select fields from tasklane.changes where lane_id = lane_of($1) and entity_id = $2 and fields ? 'secret_rotated_at'`,
    [ada.id, webhook.id],
  );
  expect(change).toEqual([{ fields: { secret_rotated_at: { from: null, to: expect.any(String) } } }]);
});

test('a service that runs its jobs sends events by itself', async () => {
  const own = await startTestService({
    JOBS: 'all',
    WEBHOOK_ALLOWED_HOSTS: receiver.host,
    WEBHOOK_INTERVAL_MS: '20',
  });
  const user = await makeUser(own.url);
  const webhook = await makeConfirmed(own.database.url, user, receiver);
  for (const title of ['First', 'Second']) {
    await makeTask(user, title);
    await receiver.arrived(receiver.received.length + 1);
  }
  expect(receiver.received.map((each) => eventIn(each, webhook.secret).data.task.title)).toEqual([
    'First',
    'Second',
  ]);
  await own.stop();
});

describe('the purge', () => {
  test('removes deliveries of all lanes after 30 days, in batches', async () => {
    const bob = await makeUser(service.url);
    const webhooks = [await makeWebhook(ada, receiver), await makeWebhook(bob, receiver)];
    for (const [index, user] of [ada, bob].entries()) {
      await sql(
        `insert into tasklane.webhook_deliveries (lane_id, id, webhook_id, event, happened_at, state, created_at)
         select lane_of($1), gen_random_uuid(), $2, 'task.created', now(), 'delivered', now() - make_interval(days => n % 2 * 2 + 29)
         from generate_series(1, 3000) as n`,
        [user.id, webhooks[index]?.id],
      );
    }
    await service.runJob('webhooks-purge');
    const left = await sql(
      `select user_of(lane_id) as user_id, count(*)::int as count, min(created_at) > now() - interval '30 days' as fresh
       from tasklane.webhook_deliveries where user_of(lane_id) = any($1) group by 1`,
      [[ada.id, bob.id]],
    );
    expect(left).toHaveLength(2);
    expect(left).toEqual(
      expect.arrayContaining([ada.id, bob.id].map((user_id) => ({ user_id, count: 1_500, fresh: true }))),
    );
  });
});

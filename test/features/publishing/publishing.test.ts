/** Tests what is published, and when, with a NATS server. */
import { randomUUID } from 'node:crypto';
import { createLogger } from '../../../src/platform/observability/logger';
import { startService } from '../../../src/start';
import { errorsOfEvent } from '../../support/asyncapi';
import { missingBroker, startNats, type TestBroker } from '../../support/brokers';
import { query } from '../../support/database';
import { startTestService, type TestService, testConfig } from '../../support/service';
import { makeTopic, type ReadEvent, readEvents } from '../../support/stored-events';
import { makeUser, type TestUser } from '../../support/user';

const missing = missingBroker('nats');
if (missing) test.skip(missing, () => undefined);

(missing ? describe.skip : describe)('events for a broker', () => {
  let broker: TestBroker;
  let service: TestService;
  let ada: TestUser;

  beforeEach(async () => {
    broker = await startNats();
    await makeTopic(broker);
  });
  afterEach(async () => {
    try {
      await service?.stop();
    } finally {
      await broker.stop();
    }
  });

  async function start(environment: Record<string, string> = {}): Promise<void> {
    service = await startTestService({ BROKER_URL: broker.url, RATE_LIMIT: 'off', ...environment });
    ada = await makeUser(service.url);
  }
  const publish = () => service.runJob('publish-events');
  const read = (count: number) => readEvents(broker, (events) => events.length >= count);
  const sql = <R extends object = { [column: string]: unknown }>(text: string, values: unknown[] = []) =>
    query<R>(service.database.url, text, values);
  const waiting = async () =>
    (await sql('select lane_id from tasklane.event_positions where due_at is not null')).length;
  const epochOf = async () => (await sql<{ epoch: string }>('select epoch from tasklane.profiles'))[0]?.epoch;
  const create = async (title: string, user = ada) =>
    (await user.send('POST', '/tasks', { body: { title } })).body;

  test('an event has the type and the data of a webhook, in a CloudEvent', async () => {
    await start({ PUBLIC_URL: 'https://tasks.example.com' });
    const task = await create('Water the plants');
    await ada.send('PATCH', `/tasks/${task.id}`, { body: { priority: 'high' } });
    await ada.send('PATCH', '/profile', { body: { week_start: 'sunday' } });
    await publish();
    const [created, updated, profile] = (await read(3)) as [ReadEvent, ReadEvent, ReadEvent];
    const epoch = await epochOf();
    const now = (await ada.send('GET', `/tasks/${task.id}`)).body;
    expect(created).toEqual({
      specversion: '1.0',
      id: `1-${epoch}`,
      source: `https://tasks.example.com/api/${ada.id}`,
      type: 'task.created',
      subject: `task/${task.id}`,
      time: task.created_at,
      datacontenttype: 'application/json',
      partitionkey: ada.id,
      data: { change: expect.objectContaining({ seq: 1, action: 'created', user_id: ada.id }), task: now },
    });
    expect(errorsOfEvent('TaskEvent', created)).toEqual([]);
    expect(errorsOfEvent('TaskEvent', updated)).toEqual([]);
    expect(errorsOfEvent('ProfileEvent', profile)).toEqual([]);
    expect(updated.data.change.fields).toEqual({ priority: { from: 'medium', to: 'high' } });
    expect(profile).toMatchObject({ type: 'profile.updated', subject: 'profile', id: `3-${epoch}` });
    expect(profile.data.profile.week_start).toBe('sunday');
    expect(await waiting()).toBe(0);
  });

  test('a lane that has no new changes costs no event and no statement of its own', async () => {
    await start();
    await create('One');
    await publish();
    await publish();
    await create('Two');
    await publish();
    expect((await read(2)).map(({ data }) => data.change.seq)).toEqual([1, 2]);
  });

  test('without a broker, no positions are stored', async () => {
    await start({ BROKER_URL: '' });
    await create('One');
    expect(await sql('select * from tasklane.event_positions')).toEqual([]);
  });

  /** Makes changes through an instance without a broker, then starts one with it. */
  async function startWithHistory(environment: Record<string, string>): Promise<void> {
    await start({ BROKER_URL: '' });
    const { database } = service;
    for (const title of ['One', 'Two']) await create(title);
    const first = service;
    const log = createLogger({ level: 'silent', pretty: false });
    const config = testConfig({ DATABASE_URL: database.url, BROKER_URL: broker.url, ...environment });
    const second = await startService(config, log);
    await second.ready;
    const stop = async () => {
      await second.stop();
      await first.stop();
    };
    service = { ...first, url: second.url, runJob: second.runJob, stop };
    ada = await makeUser(second.url, ada.id);
  }

  test('events begin with the first change after the start with a broker', async () => {
    await startWithHistory({});
    await service.runJob('queue-missed-events');
    await publish();
    await create('Three');
    await publish();
    expect((await read(1)).map(({ data }) => data.change.seq)).toEqual([3]);
  });

  test('with BROKER_START=oldest, events begin with the oldest change that is stored', async () => {
    await startWithHistory({ BROKER_START: 'oldest' });
    await service.runJob('queue-missed-events');
    await publish();
    expect((await read(2)).map(({ data }) => data.change.seq)).toEqual([1, 2]);
  });

  test('a lane that an instance without a broker wrote to is found by the walk through all lanes', async () => {
    await start();
    await create('One');
    await publish();
    await sql('update tasklane.profiles set change_seq = 2');
    await sql(`insert into tasklane.changes (lane_id, seq, type, entity_id, action, fields)
      select lane_id, 2, type, gen_random_uuid(), 'updated', '{}' from tasklane.changes`);
    await publish();
    expect(await waiting()).toBe(0);
    await service.runJob('queue-missed-events');
    await publish();
    expect((await read(2)).map(({ data }) => data.change.seq)).toEqual([1, 2]);
  });

  test('a gap is told by an event', async () => {
    await start();
    for (const title of ['One', 'Two', 'Three']) await create(title);
    await sql('delete from tasklane.changes where seq < 3');
    await sql('update tasklane.profiles set purged_seq = 2');
    await publish();
    const [reset, change] = (await read(2)) as [ReadEvent, ReadEvent];
    const epoch = await epochOf();
    expect(errorsOfEvent('ResetEvent', reset)).toEqual([]);
    expect(reset).toMatchObject({
      type: 'lane.reset',
      id: `reset-2-${epoch}`,
      partitionkey: ada.id,
      data: { user_id: ada.id, reason: 'too-old', seq: 2 },
    });
    expect(change.data.change.seq).toBe(3);
    expect(await waiting()).toBe(0);
  });

  test('a new epoch of the lane is told by an event, also without new changes', async () => {
    await start();
    await create('One');
    await publish();
    const epoch = randomUUID();
    await sql('update tasklane.profiles set epoch = $1', [epoch]);
    await service.runJob('queue-missed-events');
    await publish();
    await create('Two');
    await publish();
    const [, reset, change] = (await read(3)) as [ReadEvent, ReadEvent, ReadEvent];
    expect(reset).toMatchObject({ type: 'lane.reset', data: { reason: 'other-epoch', seq: 1 } });
    expect(change.id).toBe(`2-${epoch}`);
  });

  test('the purge keeps changes that are not published', async () => {
    await start({ CHANGES_RETENTION_DAYS: '1' });
    for (const title of ['One', 'Two']) await create(title);
    await sql(`update tasklane.changes set at = shifted(at, '-1 year')`);
    await sql(`update tasklane.profiles set oldest_change_at = shifted(oldest_change_at, '-1 year')`);
    const kept = async () => (await sql('select seq from tasklane.changes')).length;
    await service.runJob('purge-changes');
    expect(await kept()).toBe(2);
    await publish();
    await service.runJob('purge-changes');
    expect(await kept()).toBe(0);
  });

  test('a part that another instance has leased is left alone until the lease ends', async () => {
    await start();
    await create('One');
    await sql(`update tasklane.event_leases set leased_until = now() + interval '1 hour'`);
    await publish();
    expect(await waiting()).toBe(1);
    await sql(`update tasklane.event_leases set leased_until = now() - interval '1 second'`);
    await publish();
    expect(await waiting()).toBe(0);
    const left = await sql('select part from tasklane.event_leases where leased_until > now()');
    expect(left).toEqual([]);
  });

  test('events wait while the broker is away', async () => {
    await start({ METRICS_PORT: '0' });
    await create('One');
    await broker.kill();
    await publish();
    await create('Two');
    await publish();
    expect(await waiting()).toBe(1);
    await service.runJob('measure-broker-backlog');
    const metrics = await (await fetch(service.metricsUrl as string)).text();
    expect(metrics).toMatch(/^tasklane_broker_backlog 1$/m);
    expect(metrics).toMatch(/^tasklane_broker_failures_total [1-9]/m);
    await broker.start();
    await publish();
    expect((await read(2)).map(({ data }) => data.change.seq)).toEqual([1, 2]);
    const told = service.logged.map(({ msg }) => msg);
    expect(told).toContain('the broker does not accept events: they wait');
    expect(told).toContain('the broker accepts events again');
  });

  test('a lane whose event the broker refuses does not hold up the others', async () => {
    await broker.stop();
    broker = await startNats('max_payload: 4096');
    await makeTopic(broker);
    await start();
    const bob = await makeUser(service.url);
    await ada.send('POST', '/tasks', { body: { title: 'Long', description: 'x'.repeat(5_000) } });
    await create('Short', bob);
    await publish();
    expect((await read(1)).map(({ partitionkey }) => partitionkey)).toEqual([bob.id]);
    expect(await waiting()).toBe(1);
    expect(service.logged.map(({ msg }) => msg)).toContain('cannot publish the events of a lane');
  });

  test('events wait while no stream stores them', async () => {
    await start({ BROKER_TOPIC: 'other.topic' });
    await create('One');
    await publish();
    expect(await waiting()).toBe(1);
  });

  test('many lanes, and a lane with many changes, are published in their order', async () => {
    await start();
    const users = await Promise.all(Array.from({ length: 40 }, () => makeUser(service.url)));
    await Promise.all(users.map((user) => create('A task', user)));
    const operations = Array.from({ length: 100 }, (_, n) => ({
      op: 'create_task',
      task: { title: `Task ${n}`, description: 'x'.repeat(2_000) },
    }));
    for (let n = 0; n < 3; n++) {
      expect((await ada.send('POST', '/batch', { body: { operations } })).status).toBe(200);
    }
    await publish();
    const events = await read(340);
    const ofAda = events.filter(({ partitionkey }) => partitionkey === ada.id);
    expect(ofAda.map(({ data }) => data.change.seq)).toEqual(Array.from({ length: 300 }, (_, n) => n + 1));
    expect(new Set(events.map(({ partitionkey }) => partitionkey)).size).toBe(41);
    expect(await waiting()).toBe(0);
  });
});

import { once } from 'node:events';
import { request } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { createShedding, type SheddingReason } from '../../../src/platform/edge/shedding';
import { send } from '../../support/api';
import { query } from '../../support/database';
import { readMetrics, samplesOf } from '../../support/metrics';
import { useTestService } from '../../support/service';
import { until } from '../../support/until';
import { makeUser } from '../../support/user';

describe('the decision', () => {
  let time = 0;
  let delayMs = 0;
  let expectedWaitMs = 0;
  const refused: SheddingReason[] = [];
  const make = () =>
    createShedding(
      { eventLoopMs: 200, poolWaitMs: 150 },
      { eventLoop: { delayMs: () => delayMs }, expectedPoolWaitMs: () => expectedWaitMs },
      (reason) => refused.push(reason),
      () => time,
    );
  beforeEach(() => {
    time = 0;
    delayMs = 0;
    expectedWaitMs = 0;
    refused.length = 0;
  });
  /** Makes enough requests that the load can be an overload. */
  const busy = () => {
    const shedding = make();
    for (let n = 0; n < 50; n++) expect(shedding.refuse()).toBeNull();
    return shedding;
  };

  test('accepts requests up to the bounds', () => {
    const shedding = busy();
    [delayMs, expectedWaitMs] = [200, 150];
    expect(shedding.refuse()).toBeNull();
    expect(shedding.isShedding()).toBe(false);
  });

  test('refuses requests whose expected wait for a connection is too long', () => {
    const shedding = busy();
    expectedWaitMs = 151;
    expect(shedding.refuse()).toBe('pool');
    expect(shedding.isShedding()).toBe(true);
    expectedWaitMs = 0;
    expect(shedding.refuse()).toBeNull();
    time = 2_000;
    expect(shedding.isShedding()).toBe(false);
    expect(refused).toEqual(['pool']);
  });

  test('refuses requests while the event loop is late', () => {
    const shedding = busy();
    delayMs = 201;
    expect(shedding.refuse()).toBe('event-loop');
  });

  test('refuses the requests of a turn of the event loop that takes too long, and accepts those of the next', async () => {
    const shedding = busy();
    time = 201;
    expect(shedding.refuse()).toBe('event-loop');
    await setImmediate();
    expect(shedding.refuse()).toBeNull();
  });

  test('accepts everything if few requests arrive: then other work takes the time', () => {
    const shedding = make();
    [delayMs, expectedWaitMs] = [1_000, 1_000];
    for (let second = 0; second < 3; second++) {
      time = second * 1_000;
      for (let n = 0; n < 50; n++) expect(shedding.refuse()).toBeNull();
    }
    expect(shedding.refuse()).toBe('pool');
  });
});

describe('a service whose database is too slow for its requests', () => {
  const service = useTestService({
    SHEDDING: 'on',
    SHEDDING_POOL_WAIT_MS: '10',
    METRICS_PORT: '0',
    DATABASE_POOL_MAX: '1',
    CORS_ORIGINS: 'https://app.example.com',
    LOG_LEVEL: 'warn',
  });

  test('refuses requests at once, but not health checks and open streams, and recovers', async () => {
    const users = await Promise.all(Array.from({ length: 40 }, () => makeUser(service.url)));
    const [ada] = users as [(typeof users)[number]];
    const stream = request(`${service.url}${ada.lane}/events`, {
      headers: { Authorization: `Bearer ${ada.token}` },
    }).end();
    const [response] = await once(stream, 'response');
    await once(response, 'data');

    // Each change of a task waits, so that turns are long and owners queue.
    await query(
      service.database.url,
      `create function tasklane.slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.05); return new; end $$;
       create trigger slow before insert on tasklane.tasks for each row execute function tasklane.slow()`,
    );
    const origin = { Origin: 'https://app.example.com' };
    const rounds = [1, 2, 3, 4];
    const answering = Promise.all(
      users.flatMap((user) =>
        rounds.map((n) => user.send('POST', '/tasks', { headers: origin, body: { title: `Task ${n}` } })),
      ),
    );
    const metrics = async () => samplesOf(await readMetrics(service.metricsUrl));
    await until(async () => (await metrics()).get('tasklane_shedding') === 1);
    expect((await metrics()).get('tasklane_shed_requests_total{reason="pool"}')).toBeGreaterThan(0);
    expect((await send(service.url, 'GET', '/livez')).status).toBe(200);
    expect((await send(service.url, 'GET', '/startupz')).status).toBe(200);
    const answers = await answering;
    const refused = answers.filter(({ status }) => status === 503);
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
    expect(refused.length).toBeGreaterThan(0);
    const [first] = refused.filter(({ body }) => body.detail.includes('overloaded'));
    expect(first).toMatchObject({
      body: {
        code: 'service-unavailable',
        detail: 'The service is overloaded. Nothing was changed.',
        request_id: first?.headers['x-request-id'],
      },
      headers: {
        'retry-after': expect.stringMatching(/^[1-4]$/),
        'access-control-allow-origin': 'https://app.example.com',
        vary: 'Origin',
      },
    });
    expect(response.destroyed).toBe(false);
    expect(stream.destroyed).toBe(false);

    await query(service.database.url, 'drop trigger slow on tasklane.tasks');
    await until(
      async () => (await ada.send('POST', '/tasks', { body: { title: 'After it' } })).status === 201,
    );
    await until(() => service.logged.some(({ msg }) => String(msg).startsWith('overload')));
    stream.on('error', () => undefined);
    stream.destroy();
  });
});

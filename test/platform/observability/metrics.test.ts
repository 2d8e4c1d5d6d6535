import { execFileSync } from 'node:child_process';
import { request } from 'node:http';
import pino from 'pino';
import {
  Counter,
  Gauge,
  Histogram,
  writeText,
} from '../../../src/platform/observability/metrics/instruments';
import { startService } from '../../../src/start';
import { send } from '../../support/api';
import { connectMcp } from '../../support/mcp';
import { namesOf, readMetrics, samplesOf } from '../../support/metrics';
import { operations } from '../../support/operations';
import { hasPromtool } from '../../support/promtool';
import { openReceiver, type Receiver } from '../../support/receiver';
import { mcpTokenOf, startTestService, testConfig, useTestService } from '../../support/service';
import { until } from '../../support/until';
import { makeUser, useUser } from '../../support/user';

describe('the text', () => {
  const counter = new Counter('a_total', 'Counts.', ['one', 'two']);
  counter.add(2, 'x"\\\n', 'y');
  const histogram = new Histogram('b_seconds', 'Times.', [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe(value);
  const gauges = [new Gauge('c', 'Absent.', 'sum', () => null), new Gauge('d', 'Here.', 'sum', () => 1.5)];
  const all = [counter, histogram, ...gauges];

  test('has the format of Prometheus', () => {
    expect(writeText(all, 'prometheus')).toBe(
      [
        '# HELP a_total Counts.',
        '# TYPE a_total counter',
        'a_total{one="x\\"\\\\\\n",two="y"} 2',
        '# HELP b_seconds Times.',
        '# TYPE b_seconds histogram',
        'b_seconds_bucket{le="0.1"} 2',
        'b_seconds_bucket{le="1"} 3',
        'b_seconds_bucket{le="+Inf"} 4',
        'b_seconds_sum 7.65',
        'b_seconds_count 4',
        '# HELP c Absent.',
        '# TYPE c gauge',
        '# HELP d Here.',
        '# TYPE d gauge',
        'd 1.5',
        '',
      ].join('\n'),
    );
  });

  test('has the format of OpenMetrics, in which families of counters have no suffix', () => {
    const text = writeText([counter], 'openMetrics');
    expect(text).toContain('# TYPE a counter\na_total{');
    expect(text.endsWith('\n# EOF\n')).toBe(true);
  });
});

describe('a service with METRICS_PORT', () => {
  let receiver: Receiver;
  beforeAll(async () => {
    receiver = await openReceiver();
  });
  afterAll(() => receiver.close());
  const service = useTestService({
    METRICS_PORT: '0',
    JOBS: 'all',
    WEBHOOK_INTERVAL_MS: '10',
    WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
    RATE_LIMIT_WRITES: '30',
    CORS_ORIGINS: 'https://app.example.com',
  });
  const user = useUser(service);
  const samples = async () => samplesOf(await readMetrics(service.metricsUrl));
  /** Waits until a sample has a value: a request counts when its response is closed. */
  const value = (name: string, least = 1) =>
    until(async () => ((await samples()).get(name) ?? 0) >= least && (await samples()).get(name));

  test('counts requests and their durations by operation and status', async () => {
    await user.send('POST', '/tasks', { body: { title: 'Water the plants' } });
    await user.send('POST', '/tasks', { body: {} });
    await send(service.url, 'GET', '/api/someone/tasks');
    await value('tasklane_http_requests_total{operation="createTask",status="201"}');
    await value('tasklane_http_requests_total{operation="createTask",status="422"}');
    await value('tasklane_http_requests_total{operation="listTasks",status="401"}');
    const name = 'tasklane_http_request_duration_seconds';
    await value(`${name}_count{operation="createTask",class="2xx"}`);
    expect(await value(`${name}_bucket{operation="createTask",class="2xx",le="60"}`)).toBe(
      await value(`${name}_bucket{operation="createTask",class="2xx",le="+Inf"}`),
    );
  });

  test('has labels only from the contract and the code, whatever clients send', async () => {
    for (const path of ['/nowhere', `/api/${user.id}/nowhere`, '/api/%00/tasks', '/metrics', '/__proto__']) {
      await send(service.url, 'GET', path, { headers: { 'X-Request-Id': `id-${user.id}` } });
    }
    await send(service.url, 'PURGE' as 'GET', `/api/${user.id}/tasks`).catch(() => undefined);
    await user.send('GET', `/tasks/${user.id}?x=${user.id}`);
    await value('tasklane_http_requests_total{operation="none",status="404"}', 4);
    const text = await readMetrics(service.metricsUrl);
    expect(text).not.toContain(user.id);
    expect(text).not.toContain('nowhere');
    const allowed = new Set(['none', '/mcp', ...operations.map(({ id }) => id as string)]);
    const labels = [...text.matchAll(/operation="([^"]*)"/g)].map(([, operation]) => operation as string);
    expect(labels.filter((label) => !allowed.has(label))).toEqual([]);
    const statuses = [...text.matchAll(/status="([^"]*)"/g)].map(([, status]) => status as string);
    expect(statuses.filter((status) => !/^[1-5]\d\d$/.test(status))).toEqual([]);
  });

  test('counts units, refusals and replays', async () => {
    const headers = { 'Idempotency-Key': 'a-key-of-the-test' };
    const body = { title: 'Once' };
    for (let n = 0; n < 2; n++) await user.send('POST', '/tasks', { headers, body });
    await value('tasklane_idempotency_replays_total');
    await until(async () => (await user.send('POST', '/tasks', { body })).status === 429);
    await value('tasklane_rate_limit_units_total{limit="writes"}', 30);
    await value('tasklane_rate_limit_refusals_total{limit="writes"}');
  });

  test('shows event streams, which have no duration', async () => {
    const address = `${service.url}${user.lane}/events`;
    const stream = request(address, { headers: { Authorization: `Bearer ${user.token}` } }).end();
    await value('tasklane_event_streams');
    await value('tasklane_http_requests_in_flight');
    stream.on('error', () => undefined);
    stream.destroy();
    const count = 'tasklane_http_requests_total{operation="streamEvents",status="200"}';
    const operation = operations.find(({ path }) => path.endsWith('/events'))?.id as string;
    await value(count.replace('streamEvents', operation));
    expect(
      [...(await samples()).keys()].filter(
        (name) => name.includes('duration') && name.includes(`"${operation}"`),
      ),
    ).toEqual([]);
    await until(async () => (await samples()).get('tasklane_event_streams') === 0);
  });

  test('counts the tools that agents call, and requests to /mcp', async () => {
    const agent = await connectMcp(service.url, await mcpTokenOf(service.url, user.id));
    await agent.call('get_stats', {});
    await agent.close();
    await value('tasklane_mcp_tool_calls_total{tool="get_stats",result="success"}');
    await value('tasklane_http_requests_total{operation="/mcp",status="200"}');
  });

  test('shows jobs, and what they send to webhooks', async () => {
    receiver.answers.push(204, 500);
    await user.send('POST', '/webhooks', { body: { url: `${receiver.url}/hook` } });
    await value('tasklane_webhook_attempts_total{result="ok"}');
    await user.send('POST', '/tasks', { body: { title: 'Tell the receiver' } });
    await value('tasklane_webhook_attempts_total{result="5xx"}');
    await value('tasklane_webhook_attempt_duration_seconds_count', 2);
    await value('tasklane_job_rounds_total{job_name="webhooks",result="success"}');
    expect((await samples()).has('tasklane_job_lag_seconds{job_name="webhooks"}')).toBe(true);
    await service.runJob('measure-webhook-backlog');
    expect((await samples()).has('tasklane_webhook_backlog')).toBe(true);
  });

  test('shows the pool, the event loop, the process and the build', async () => {
    await value('tasklane_db_pool_wait_seconds_count{owner="user"}');
    await value('tasklane_event_loop_delay_seconds_count');
    const all = await samples();
    expect(all.get('tasklane_db_pool_max_connections')).toBe(10);
    for (const name of [
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
      'nodejs_heap_size_used_bytes',
    ]) {
      expect(all.get(name)).toBeGreaterThan(0);
    }
    expect(all.get('tasklane_shedding')).toBe(0);
    expect([...all.keys()]).toContainEqual(`tasklane_build_info{version="0.1.0",node="${process.version}"}`);
  });

  test('answers in the format that is asked for, only at its own address', async () => {
    const open = await readMetrics(
      service.metricsUrl,
      'application/openmetrics-text;version=1.0.0,text/plain;q=0.5',
    );
    expect(open).toContain('# TYPE tasklane_http_requests counter\n');
    expect(open.endsWith('# EOF\n')).toBe(true);
    expect((await fetch(`${service.metricsUrl}/x`)).status).toBe(404);
    expect((await fetch(String(service.metricsUrl), { method: 'POST' })).status).toBe(405);
    expect((await send(service.url, 'GET', '/metrics')).status).toBe(404);
  });

  test.each([
    ['METRICS_PORT', () => service.metricsUrl],
    ['PORT', () => service.url],
  ])('refuses a %s that is in use, and names the variable', async (name, url) => {
    const { port } = new URL(String(url()));
    const second = testConfig({ DATABASE_URL: service.database.url, [name]: port });
    await expect(startService(second, pino({ level: 'silent' }))).rejects.toThrow(
      `  - ${name} must be another port on each instance of a machine: ${port} on 127.0.0.1 is in use.`,
    );
  });

  const withPromtool = hasPromtool() ? test : test.skip;
  withPromtool('follows the rules of promtool', async () => {
    const text = await readMetrics(service.metricsUrl);
    expect(namesOf(text).length).toBeGreaterThan(30);
    const output = execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect(output).toBe('');
  });
});

test('a service has no metrics by default', async () => {
  const service = await startTestService();
  try {
    expect(service.metricsUrl).toBeNull();
    expect((await (await makeUser(service.url)).send('GET', '/tasks')).status).toBe(200);
  } finally {
    await service.stop();
  }
});

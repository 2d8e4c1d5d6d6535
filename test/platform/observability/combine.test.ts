import { execFileSync } from 'node:child_process';
import { createInstanceMetrics, takeSnapshot } from '../../../src/platform/observability/metrics/combine';
import {
  Counter,
  Gauge,
  Histogram,
  writeText,
} from '../../../src/platform/observability/metrics/instruments';
import { createMetrics } from '../../../src/platform/observability/metrics/metrics';
import { samplesOf } from '../../support/metrics';
import { hasPromtool } from '../../support/promtool';

/** The metrics of a process with a counter, a histogram and a gauge of each combination. */
function makeProcess(value: number) {
  const requests = new Counter('requests_total', 'Requests.', ['operation']);
  const times = new Histogram('times_seconds', 'Times.', [1, 2]);
  const gauges = (['sum', 'max', 'min', 'each'] as const).map(
    (combination) => new Gauge(combination, 'A gauge.', combination, () => value),
  );
  return { requests, times, snapshot: () => takeSnapshot([requests, times, ...gauges]) };
}

const read = (metrics: ReturnType<typeof createInstanceMetrics>) =>
  Object.fromEntries(samplesOf(writeText(metrics.all(), 'prometheus')));

test('sums counters and histograms by their labels, and combines gauges', () => {
  const [one, two] = [makeProcess(3), makeProcess(5)];
  one.requests.add(2, 'list');
  two.requests.add(4, 'create');
  two.requests.add(1, 'list');
  one.times.observe(0.5);
  two.times.observe(1.5);
  two.times.observe(9);
  const metrics = createInstanceMetrics();
  metrics.update('1', one.snapshot());
  metrics.update('2', two.snapshot());
  expect(read(metrics)).toEqual({
    'requests_total{operation="list"}': 3,
    'requests_total{operation="create"}': 4,
    'times_seconds_bucket{le="1"}': 1,
    'times_seconds_bucket{le="2"}': 2,
    'times_seconds_bucket{le="+Inf"}': 3,
    times_seconds_sum: 11,
    times_seconds_count: 3,
    sum: 8,
    max: 5,
    min: 3,
    'each{worker="1"}': 3,
    'each{worker="2"}': 5,
  });
});

test('keeps the counts of a process that has ended, and not its gauges', () => {
  const [one, two, replacement] = [makeProcess(3), makeProcess(5), makeProcess(7)];
  one.requests.add(2, 'list');
  two.requests.add(4, 'list');
  two.times.observe(0.5);
  const metrics = createInstanceMetrics();
  metrics.update('1', one.snapshot());
  metrics.update('2', two.snapshot());
  metrics.ended('2');
  expect(read(metrics)).toMatchObject({
    'requests_total{operation="list"}': 6,
    times_seconds_count: 1,
    sum: 3,
  });
  expect(read(metrics)).not.toHaveProperty(['each{worker="2"}']);
  replacement.requests.add(1, 'list');
  metrics.update('2', replacement.snapshot());
  metrics.ended('2');
  // A worker that never answered has nothing to keep.
  metrics.ended('2');
  expect(read(metrics)).toMatchObject({ 'requests_total{operation="list"}': 7, max: 3 });
});

test('an update replaces the values of the same process', () => {
  const one = makeProcess(1);
  const metrics = createInstanceMetrics();
  for (let n = 0; n < 3; n++) {
    one.requests.add(1, 'list');
    metrics.update('1', one.snapshot());
  }
  expect(read(metrics)).toMatchObject({ 'requests_total{operation="list"}': 3, sum: 1 });
});

(hasPromtool() ? test : test.skip)('promtool accepts the combined metrics of a service', () => {
  const makeMetrics = () => {
    const metrics = createMetrics({
      isReady: () => true,
      pool: () => ({ max: 10, used: 1, waiting: 0, expectedWaitMs: 0 }),
      replica: () => null,
      isShedding: () => false,
      streams: () => 2,
      isRedisUp: () => true,
      keySetAgeMs: () => 1_000,
      jobs: () => [{ job: 'webhooks', lagMs: 0 }],
      backlog: () => null,
    });
    metrics.requestBegan();
    metrics.requestEnded('listTasks', 200, 3, false);
    return metrics.snapshot();
  };
  const combined = createInstanceMetrics();
  for (const worker of ['1', '2', '3']) combined.update(worker, makeMetrics());
  combined.ended('3');
  const text = writeText(combined.all(), 'prometheus');
  expect(execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe('');
  expect(samplesOf(text).get('tasklane_http_requests_total{operation="listTasks",status="200"}')).toBe(3);
  expect(writeText(combined.all(), 'openMetrics').endsWith('\n# EOF\n')).toBe(true);
});

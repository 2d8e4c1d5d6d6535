/** The files for Prometheus and Grafana, and the page about them, name only metrics that the service has. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeText } from '../../src/platform/observability/metrics/instruments';
import { createMetrics } from '../../src/platform/observability/metrics/metrics';
import { projectPath } from '../../src/platform/paths';
import { supervisorMetrics } from '../../src/primary';
import { namesOf } from '../support/metrics';
import { hasPromtool } from '../support/promtool';

const metrics = createMetrics({
  isReady: () => true,
  pool: () => ({ max: 1, used: 0, waiting: 0, expectedWaitMs: 0 }),
  replica: () => null,
  isShedding: () => false,
  streams: () => 0,
  isRedisUp: () => null,
  keySetAgeMs: () => null,
  jobs: () => [],
  backlog: () => null,
});
const ofWorkers = writeText(
  supervisorMetrics(() => ({ ready: 1, replacements: 0 })),
  'prometheus',
);
const names = new Set([...namesOf(metrics.text('prometheus')), ...namesOf(ofWorkers)]);
const read = (...path: string[]) => readFileSync(projectPath(...path), 'utf8');

/** The names of metrics in a text, without the suffixes of histograms. */
const namedIn = (text: string) =>
  [...new Set(text.match(/\b(?:tasklane|process|nodejs)_[a-z_]+\b/g))].map((name) =>
    name.replace(/_(?:bucket|sum|count)$/, ''),
  );
const dashboard = JSON.parse(read('deploy', 'grafana', 'tasklane.json'));
const expressions: string[] = dashboard.panels.flatMap((panel: { targets?: { expr: string }[] }) =>
  (panel.targets ?? []).map(({ expr }) => expr),
);
const rules = read('deploy', 'prometheus', 'alerts.yml');
const page = read('docs', 'operations.md');

test.each([
  ['the dashboard', expressions.join('\n')],
  ['the alert rules', rules],
  ['the tests of the alert rules', read('deploy', 'prometheus', 'alerts.test.yml')],
])('%s name metrics that exist', (_, text) => {
  const named = namedIn(text);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !names.has(name))).toEqual([]);
});

test('the dashboard shows every metric, except those that only help with others', () => {
  const shown = new Set(namedIn(expressions.join('\n')));
  expect([...names].filter((name) => !shown.has(name)).toSorted()).toEqual([
    'nodejs_external_memory_bytes',
    'nodejs_heap_size_total_bytes',
    'process_start_time_seconds',
  ]);
});

test('the panels of the dashboard have different ids', () => {
  const ids = dashboard.panels.map(({ id }: { id: number }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('the page about operations describes every metric and every alert, and no other', () => {
  const described = [...page.matchAll(/^\| `((?:tasklane|process|nodejs)_\w+)/gm)].map(([, name]) => name);
  expect(described.toSorted()).toEqual([...names].toSorted());
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  expect([...page.matchAll(/^\| `(Tasklane\w+)` \|/gm)].map(([, name]) => name)).toEqual(alerts);
});

(hasPromtool() ? test : test.skip)('promtool accepts the rules, and their tests pass', () => {
  const run = (...args: string[]) =>
    execFileSync('promtool', args, {
      cwd: projectPath('deploy', 'prometheus'),
      encoding: 'utf8',
      stdio: 'pipe',
    });
  expect(run('check', 'config', 'prometheus.yml')).toContain('SUCCESS');
  expect(run('test', 'rules', 'alerts.test.yml')).toContain('SUCCESS');
});

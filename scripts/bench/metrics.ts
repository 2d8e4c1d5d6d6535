/** Measures what the metrics add to a request: the calls of one request, many times, in this process. */
import { createMetrics, type Metrics } from '../../src/platform/observability/metrics/metrics';
import { type Figures, type Operation, operationNames } from './figures';

const requestsInRun = 200_000;
const runs = 10;
const operations = ['getTask', 'listTasks', 'createTask', 'updateTask'];

/** What the service records of one request that charges one limit and uses one connection. */
function record(metrics: Metrics, n: number): void {
  const since = performance.now();
  metrics.requestBegan();
  metrics.unitsCharged('reads', 1, true);
  metrics.connectionAcquired('user ada', performance.now() - since);
  metrics.requestEnded(operations[n % operations.length], 200, performance.now() - since + (n % 50), false);
}

/** The CPU time of the cheapest run, in microseconds per request. */
function measure(): number {
  const metrics = createMetrics({
    isReady: () => true,
    pool: () => ({ max: 10, used: 0, waiting: 0, expectedWaitMs: 0 }),
    replica: () => null,
    isShedding: () => false,
    streams: () => 0,
    isRedisUp: () => null,
    keySetAgeMs: () => null,
    jobs: () => [],
    backlog: () => null,
  });
  const costs = Array.from({ length: runs }, () => {
    const before = process.cpuUsage();
    for (let n = 0; n < requestsInRun; n++) record(metrics, n);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / requestsInRun;
  });
  return Math.min(...costs);
}

/** A sentence with the cost, relative to the recorded CPU time of requests. */
export function metricsCost({ cpu }: Figures): string {
  const cost = measure();
  const shares = (Object.keys(cpu) as Operation[]).map(
    (each) => `${operationNames[each]} ${((cost / cpu[each].tasklane) * 100).toFixed(2)} %`,
  );
  return `The metrics of a request take ${cost.toFixed(2)} µs: ${shares.join(', ')}.`;
}

/** The metrics of the process and of Node, with the names that other Node services have. */
import { readdirSync } from 'node:fs';
import { version } from '../../version';
import { Gauge, type Metric } from './instruments';

/** The number of open files and sockets; null if the system does not tell. */
function openHandles(): number | null {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return null;
  }
}

export function processMetrics(): Metric[] {
  const startedAt = Math.round(Date.now() - process.uptime() * 1000) / 1000;
  return [
    new Gauge('tasklane_build_info', 'The versions of Tasklane and Node. The value is 1.', 'max', () => [
      [{ version, node: process.version }, 1],
    ]),
    new Gauge(
      'process_cpu_seconds_total',
      'CPU time of the process.',
      'each',
      () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e6;
      },
      'counter',
    ),
    new Gauge('process_start_time_seconds', 'When the process started, since 1970.', 'each', () => startedAt),
    new Gauge('process_resident_memory_bytes', 'Memory of the process.', 'each', () =>
      process.memoryUsage.rss(),
    ),
    new Gauge('process_open_fds', 'Open files and sockets.', 'each', openHandles),
    new Gauge(
      'nodejs_heap_size_used_bytes',
      'Used memory of the heap.',
      'each',
      () => process.memoryUsage().heapUsed,
    ),
    new Gauge(
      'nodejs_heap_size_total_bytes',
      'Memory of the heap.',
      'each',
      () => process.memoryUsage().heapTotal,
    ),
    new Gauge(
      'nodejs_external_memory_bytes',
      'Memory of buffers outside the heap.',
      'each',
      () => process.memoryUsage().external,
    ),
  ];
}

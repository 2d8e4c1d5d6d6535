/** The primary process of an instance with several workers. It handles no requests and does not use the database. */
import type { Logger } from 'pino';
import type { Config } from './config';
import { listen } from './listen';
import type { EmbeddedPostgres } from './platform/database/embedded/server';
import { startWatchedPostgres } from './platform/database/embedded/watch';
import { takeSnapshot } from './platform/observability/metrics/combine';
import { Gauge, type Metric, writeText } from './platform/observability/metrics/instruments';
import { processMetrics } from './platform/observability/metrics/process';
import { createMetricsServer } from './platform/observability/metrics/server';
import { type Supervisor, startWorkers } from './platform/workers/supervisor';
import type { Service } from './start';

export interface InstanceOptions {
  /** Called when the instance cannot continue. */
  readonly onLost: (error: Error) => void;
  /** The embedded Postgres, if it is starting already. */
  readonly postgres?: Promise<EmbeddedPostgres> | undefined;
}

// A worker releases its resources after the time for its requests.
const releaseMs = 5_000;

/** The metrics of the primary process itself. */
export function supervisorMetrics(counts: Supervisor['counts']): Metric[] {
  return [
    new Gauge('tasklane_workers', 'Workers that are ready.', 'sum', () => counts().ready),
    new Gauge(
      'tasklane_worker_replacements_total',
      'Workers that were started because another one ended.',
      'sum',
      () => counts().replacements,
      'counter',
    ),
  ];
}

function logNotices({ notices, rateLimits, redisUrl, processes }: Config, log: Logger): void {
  for (const notice of notices) log.warn(notice);
  if (rateLimits !== null && redisUrl === null) {
    log.warn(
      `Each of the ${processes} processes counts rate limits separately, so a user with several connections can use more. With REDIS_URL they count together.`,
    );
  }
}

/** Starts the processes of an instance, with the embedded Postgres if no other is configured. Resolves when one listens. */
export async function startInstance(
  config: Config,
  log: Logger,
  { onLost, postgres }: InstanceOptions,
): Promise<Pick<Service, 'url' | 'ready' | 'stop'>> {
  logNotices(config, log);
  const embedded =
    config.databaseUrl === null ? await startWatchedPostgres(config, log, { postgres, onLost }) : null;
  const supervisor = startWorkers({
    count: config.processes,
    databaseUrl: config.databaseUrl ?? (embedded?.url as string),
    migrates: config.migrateOnStart,
    log,
    stopTimeoutMs: config.shutdownDelayMs + 2 * config.shutdownTimeoutMs + releaseMs,
  });
  const ownMetrics = [...supervisorMetrics(supervisor.counts), ...processMetrics()];
  const metricsServer = createMetricsServer({
    async text(format) {
      const all = await supervisor.readMetrics();
      all.update('primary', takeSnapshot(ownMetrics));
      return writeText(all.all(), format);
    },
  });
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    try {
      await supervisor.stop();
    } finally {
      metricsServer.close();
      metricsServer.closeAllConnections();
      await embedded?.stop();
    }
  };
  try {
    const { port, host } = config.metrics;
    if (port !== null)
      log.info({ url: `${await listen(metricsServer, host, port, 'METRICS_')}/metrics` }, 'metrics');
    const url = await Promise.race([supervisor.url, supervisor.failed]);
    const ready = Promise.race([supervisor.ready, supervisor.failed]);
    ready.then(
      () => supervisor.failed.catch((error) => service.stop().finally(() => onLost(error))),
      () => undefined,
    );
    const service = { url, ready, stop: () => (stopping ??= stop()) };
    return service;
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

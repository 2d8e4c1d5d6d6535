import type { Config } from './config';
import { createChangePurgeJob } from './features/changes/job';
import { createPublishJob, createQueueMissedJob, measureWaiting } from './features/publishing/job';
import { searchJob } from './features/search/job';
import { overdueJob, reminderJob } from './features/tasks/job';
import { createTrashPurgeJob } from './features/trash/job';
import type { EgressPolicy } from './features/webhooks/egress-policy';
import { createDeliveryJob, deliveryPurgeJob, measureDeliveries } from './features/webhooks/job';
import type { Broker } from './platform/brokers/broker';
import { createBacklogJob } from './platform/jobs/backlog';
import { createIdempotencyRecordsJob } from './platform/jobs/idempotency-records';
import { installationJob } from './platform/jobs/installation';
import type { Job } from './platform/jobs/job';
import { storageJob } from './platform/jobs/storage';
import type { Backlog, BacklogName, Metrics } from './platform/observability/metrics/metrics';
import type { Tracing } from './platform/observability/tracing/tracing';

/** Who observes the jobs. */
export interface Observer {
  readonly metrics: Metrics | undefined;
  readonly tracing: Tracing | undefined;
  /** Whether nobody uses the service. */
  isIdle(): boolean;
  /** Called with what waits. It is measured only for metrics. */
  backlogMeasured(name: BacklogName, backlog: Backlog): void;
}

/** The jobs that measure what waits. */
function createBacklogJobs({ broker }: Config, { isIdle, backlogMeasured }: Observer): readonly Job[] {
  const measure = (job: string, name: BacklogName, statement: string) =>
    createBacklogJob(job, statement, isIdle, (backlog) => backlogMeasured(name, backlog));
  return [
    measure('measure-webhook-backlog', 'webhooks', measureDeliveries),
    ...(broker ? [measure('measure-broker-backlog', 'broker', measureWaiting)] : []),
  ];
}

/** The jobs that publish events; none without a broker. */
function createPublishJobs(
  { broker, publicUrl }: Config,
  observer: Observer | undefined,
  connect: (() => Broker) | undefined,
): readonly Job[] {
  if (!broker || !connect) return [];
  const { intervalMs, withHistory } = broker;
  return [
    createPublishJob({ base: publicUrl ?? '', intervalMs }, connect, observer?.metrics),
    createQueueMissedJob(withHistory),
  ];
}

/**
 * Makes all jobs of the service.
 * @param connect the connection to the broker, which is made at its first use; only with a broker
 */
export function createJobs(
  config: Config,
  egress: EgressPolicy,
  observer?: Observer,
  connect?: () => Broker,
): readonly Job[] {
  return [
    createChangePurgeJob(config.changesRetentionDays, config.broker !== null),
    reminderJob,
    overdueJob,
    createTrashPurgeJob(config.trashRetentionDays),
    createDeliveryJob(config.webhooks, egress, observer),
    deliveryPurgeJob,
    ...createPublishJobs(config, observer, connect),
    searchJob,
    createIdempotencyRecordsJob(config.changesRetentionDays),
    installationJob,
    storageJob,
    ...(observer?.metrics ? createBacklogJobs(config, observer) : []),
  ];
}

import type { Config } from './config';
import { createChangePurgeJob } from './features/changes/job';
import { createPublishJob, createQueueMissedJob, measureWaiting } from './features/publishing/job';
import { createSearchJob } from './features/search/job';
import { overdueJob, reminderJob } from './features/tasks/job';
import { createTrashPurgeJob } from './features/trash/job';
import type { EgressPolicy } from './features/webhooks/egress-policy';
import { createDeliveryJob, createDeliveryPurgeJob, measureDeliveries } from './features/webhooks/job';
import type { Broker } from './platform/brokers/broker';
import { createBacklogJob } from './platform/jobs/backlog';
import { createIdempotencyRecordsJob } from './platform/jobs/idempotency-records';
import { installationJob } from './platform/jobs/installation';
import type { Job } from './platform/jobs/job';
import type { JobName } from './platform/jobs/names';
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

/** A job that measures what waits; null without metrics. */
function createMeasurement(
  job: JobName,
  name: BacklogName,
  statement: string,
  observer: Observer | undefined,
): Job | null {
  if (!observer?.metrics) return null;
  return createBacklogJob(job, statement, observer.isIdle, (backlog) =>
    observer.backlogMeasured(name, backlog),
  );
}

/**
 * Makes all jobs of the service.
 * @param connect returns the connection to the broker, which is made at its first use; only with a broker
 */
export function createJobs(
  config: Config,
  egress: EgressPolicy,
  observer?: Observer,
  connect?: () => Broker,
): readonly Job[] {
  const { broker, publicUrl } = config;
  const jobs: Record<JobName, Job | null> = {
    'purge-changes': createChangePurgeJob(config.changesRetentionDays, broker !== null),
    reminders: reminderJob,
    overdue: overdueJob,
    purge: createTrashPurgeJob(config.trashRetentionDays),
    webhooks: createDeliveryJob(config.webhooks, egress, observer),
    'webhooks-purge': createDeliveryPurgeJob(),
    search: createSearchJob(),
    'purge-idempotency-records': createIdempotencyRecordsJob(config.changesRetentionDays),
    'record-installation': installationJob,
    'measure-storage': storageJob,
    'publish-events':
      broker && connect
        ? createPublishJob(
            { base: publicUrl ?? '', intervalMs: broker.intervalMs },
            connect,
            observer?.metrics,
          )
        : null,
    'queue-missed-events': broker && createQueueMissedJob(broker.withHistory),
    'measure-webhook-backlog': createMeasurement(
      'measure-webhook-backlog',
      'webhooks',
      measureDeliveries,
      observer,
    ),
    'measure-broker-backlog':
      broker && createMeasurement('measure-broker-backlog', 'broker', measureWaiting, observer),
  };
  return Object.values(jobs).filter((job) => job !== null);
}

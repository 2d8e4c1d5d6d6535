import type { Config } from './config';
import { createChangePurgeJob } from './features/changes/job';
import { createSearchJob } from './features/search/job';
import { overdueJob, reminderJob } from './features/tasks/job';
import { createTrashPurgeJob } from './features/trash/job';
import type { EgressPolicy } from './features/webhooks/egress-policy';
import { createBacklogJob, createDeliveryJob, deliveryPurgeJob } from './features/webhooks/job';
import { createIdempotencyRecordsJob } from './platform/jobs/idempotency-records';
import { installationJob } from './platform/jobs/installation';
import type { Job } from './platform/jobs/job';
import { storageJob } from './platform/jobs/storage';
import type { Backlog, Metrics } from './platform/observability/metrics/metrics';
import type { Tracing } from './platform/observability/tracing/tracing';

/** Who observes the jobs. */
export interface Observer {
  readonly metrics: Metrics | undefined;
  readonly tracing: Tracing | undefined;
  /** Whether nobody uses the service. */
  isIdle(): boolean;
  /** Called with the webhooks that wait. They are measured only for metrics. */
  backlogMeasured(backlog: Backlog): void;
}

/** Makes all jobs of the service. */
export function createJobs(config: Config, egress: EgressPolicy, observer?: Observer): readonly Job[] {
  return [
    createChangePurgeJob(config.changesRetentionDays),
    reminderJob,
    overdueJob,
    createTrashPurgeJob(config.trashRetentionDays),
    createDeliveryJob(config.webhooks, egress, observer),
    deliveryPurgeJob,
    createSearchJob(),
    createIdempotencyRecordsJob(config.changesRetentionDays),
    installationJob,
    storageJob,
    ...(observer?.metrics ? [createBacklogJob(observer.isIdle, observer.backlogMeasured)] : []),
  ];
}

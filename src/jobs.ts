import type { Config } from './config';
import { createChangePurgeJob } from './features/changes/job';
import { searchJob } from './features/search/job';
import { overdueJob, reminderJob } from './features/tasks/job';
import { createTrashPurgeJob } from './features/trash/job';
import type { EgressPolicy } from './features/webhooks/egress-policy';
import { createBacklogJob, createDeliveryJob, deliveryPurgeJob } from './features/webhooks/job';
import { createIdempotencyRecordsJob } from './platform/jobs/idempotency-records';
import { installationJob } from './platform/jobs/installation';
import type { Job } from './platform/jobs/job';
import { storageJob } from './platform/jobs/storage';
import type { Backlog, Metrics } from './platform/observability/metrics/metrics';

/** Who observes the jobs, if the service has metrics. */
export interface JobObserver {
  readonly metrics: Metrics;
  /** Whether nobody uses the service. */
  isIdle(): boolean;
  backlogMeasured(backlog: Backlog): void;
}

/** Makes all jobs of the service. */
export function createJobs(config: Config, egress: EgressPolicy, observer?: JobObserver): readonly Job[] {
  return [
    createChangePurgeJob(config.changesRetentionDays),
    reminderJob,
    overdueJob,
    createTrashPurgeJob(config.trashRetentionDays),
    createDeliveryJob(config.webhooks, egress, observer?.metrics),
    deliveryPurgeJob,
    searchJob,
    createIdempotencyRecordsJob(config.changesRetentionDays),
    installationJob,
    storageJob,
    ...(observer ? [createBacklogJob(observer.isIdle, observer.backlogMeasured)] : []),
  ];
}

import type { Config } from './config';
import { createChangePurgeJob } from './features/changes/job';
import { createSearchJob } from './features/search/job';
import { overdueJob, reminderJob } from './features/tasks/job';
import { createTrashPurgeJob } from './features/trash/job';
import type { EgressPolicy } from './features/webhooks/egress-policy';
import { createBacklogJob, createDeliveryJob, createDeliveryPurgeJob } from './features/webhooks/job';
import { createIdempotencyRecordsJob } from './platform/jobs/idempotency-records';
import { installationJob } from './platform/jobs/installation';
import type { Job } from './platform/jobs/job';
import type { JobName } from './platform/jobs/names';
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
  const jobs: Record<JobName, Job | null> = {
    'purge-changes': createChangePurgeJob(config.changesRetentionDays),
    reminders: reminderJob,
    overdue: overdueJob,
    purge: createTrashPurgeJob(config.trashRetentionDays),
    webhooks: createDeliveryJob(config.webhooks, egress, observer),
    'webhooks-purge': createDeliveryPurgeJob(),
    search: createSearchJob(),
    'purge-idempotency-records': createIdempotencyRecordsJob(config.changesRetentionDays),
    'record-installation': installationJob,
    'measure-storage': storageJob,
    'measure-webhook-backlog': observer?.metrics
      ? createBacklogJob(observer.isIdle, observer.backlogMeasured)
      : null,
  };
  return Object.values(jobs).filter((job) => job !== null);
}

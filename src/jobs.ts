import type { Config } from './config';
import { createChangePurgeJob } from './features/changes/job';
import { searchJob } from './features/search/job';
import { overdueJob, reminderJob } from './features/tasks/job';
import { createTrashPurgeJob } from './features/trash/job';
import type { EgressPolicy } from './features/webhooks/egress-policy';
import { createDeliveryJob, deliveryPurgeJob } from './features/webhooks/job';
import { createIdempotencyRecordsJob } from './platform/jobs/idempotency-records';
import { installationJob } from './platform/jobs/installation';
import type { Job } from './platform/jobs/job';
import { storageJob } from './platform/jobs/storage';

/** Makes all jobs of the service. */
export function createJobs(config: Config, egress: EgressPolicy): readonly Job[] {
  return [
    createChangePurgeJob(config.changesRetentionDays),
    reminderJob,
    overdueJob,
    createTrashPurgeJob(config.trashRetentionDays),
    createDeliveryJob(config.webhooks, egress),
    deliveryPurgeJob,
    searchJob,
    createIdempotencyRecordsJob(config.changesRetentionDays),
    installationJob,
    storageJob,
  ];
}

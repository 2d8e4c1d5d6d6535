import type { Config } from './config';
import { createChangePurge } from './features/changes/job';
import { searchJob } from './features/search/job';
import { reminderJob } from './features/tasks/job';
import { purgeJob } from './features/trash/job';
import type { EgressPolicy } from './features/webhooks/egress-policy';
import { createDeliveryJob, createDeliveryPurge } from './features/webhooks/job';
import { idempotencyRecordsJob } from './platform/jobs/idempotency-records';
import { installationJob } from './platform/jobs/installation';
import type { Job } from './platform/jobs/job';
import { storageJob } from './platform/jobs/storage';

/** Makes all jobs of the service. */
export function createJobs(config: Config, egress: EgressPolicy): readonly Job[] {
  return [
    createChangePurge(config.changesRetentionDays),
    reminderJob,
    purgeJob(config.trashRetentionDays),
    createDeliveryJob(config.webhooks, egress),
    createDeliveryPurge(),
    searchJob,
    idempotencyRecordsJob,
    installationJob,
    storageJob,
  ];
}

import type { Config } from './config';
import { createChangePurge } from './features/changes/job';
import { searchJob } from './features/search/job';
import { reminderJob } from './features/tasks/job';
import { purgeJob } from './features/trash/job';
import type { EgressPolicy } from './features/webhooks/egress-policy';
import { createDeliveryJob, createDeliveryPurge } from './features/webhooks/job';
import { installationJob } from './platform/jobs/installation';
import type { Job } from './platform/jobs/job';
import { keptRepliesJob } from './platform/jobs/kept-replies';

/** All jobs of the service; `egress` says where webhooks may lead. */
export function createJobs(config: Config, egress: EgressPolicy): readonly Job[] {
  return [
    createChangePurge(config.changesRetentionDays),
    reminderJob,
    purgeJob(config.trashRetentionDays),
    createDeliveryJob(config.webhooks, egress),
    createDeliveryPurge(),
    searchJob,
    keptRepliesJob,
    installationJob,
  ];
}

import { createChangePurge } from '../changes/job';
import type { Config } from '../config';
import { searchJob } from '../search/job';
import { reminderJob } from '../tasks/job';
import { purgeJob } from '../trash/job';
import { createDeliveryJob, createDeliveryPurge } from '../webhooks/job';
import type { Targets } from '../webhooks/targets';
import { installationJob } from './installation';
import type { Job } from './job';
import { keptRepliesJob } from './kept-replies';

/** All jobs of the service; `targets` says where webhooks may lead. */
export function createJobs(config: Config, targets: Targets): readonly Job[] {
  return [
    createChangePurge(config.changesRetentionDays),
    reminderJob,
    purgeJob(config.trashRetentionDays),
    createDeliveryJob(config.webhooks, targets),
    createDeliveryPurge(),
    searchJob,
    keptRepliesJob,
    installationJob,
  ];
}

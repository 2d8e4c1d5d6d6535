import { createChangePurge } from '../changes/job';
import type { Config } from '../config';
import { searchJob } from '../search/job';
import { reminderJob } from '../tasks/job';
import { purgeJob } from '../trash/job';
import type { Job } from './job';

/** All jobs of the service. */
export function createJobs(config: Config): readonly Job[] {
  return [
    createChangePurge(config.changesRetentionDays),
    reminderJob,
    purgeJob(config.trashRetentionDays),
    searchJob,
  ];
}

import type { Config } from '../config';
import { purgeJob } from '../trash/job';
import type { Job } from './job';

/** All jobs of the service. */
export function createJobs(config: Config): readonly Job[] {
  return [purgeJob(config.trashRetentionDays)];
}

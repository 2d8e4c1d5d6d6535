import type { Config } from '../config';
import { reminderJob } from '../tasks/job';
import type { Job } from './job';

/** All jobs of the service. */
export function createJobs(_config: Config): readonly Job[] {
  return [reminderJob];
}

import type { Config } from '../config';
import type { Job } from './job';

/** All jobs of the service. */
export function createJobs(_config: Config): readonly Job[] {
  return [];
}

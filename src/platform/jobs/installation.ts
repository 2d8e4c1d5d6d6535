import { recordInstallation } from '../database/installation';
import type { Job } from './job';

/**
 * Records every minute which database this is. The record distinguishes a restored database from a failover.
 */
export const installationJob: Job = {
  name: 'record-installation',
  everyMs: 60_000,
  async run({ withSystem }) {
    await recordInstallation(withSystem);
    return { more: false };
  },
};

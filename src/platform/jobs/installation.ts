import { recordInstallation } from '../database/installation';
import type { Job } from './job';

/**
 * Records every minute which database this is, so that a restored database is recognized and a failover is not
 * mistaken for one.
 */
export const installationJob: Job = {
  name: 'record-installation',
  everyMs: 60_000,
  async run({ withSystem }) {
    await recordInstallation(withSystem);
    return { more: false };
  },
};

import { recordInstallation } from '../database/installation';
import type { Job } from './job';

/** Notes once a minute which database this is, so that a restored one is recognised, and a failover is told from it. */
export const installationJob: Job = {
  name: 'record-installation',
  everyMs: 60_000,
  async run({ withSystem }) {
    await recordInstallation(withSystem);
    return { more: false };
  },
};

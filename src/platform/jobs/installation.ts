import { recordInstallation } from '../database/installation';
import type { Job } from './job';

// A failover counts as a restore if the record is older than 10 minutes. The failover can take two minutes.
const idleMs = 480_000;

/**
 * Records every minute which database this is, and every 8 minutes while nobody uses the service. The record distinguishes
 * a restored database from a failover. Neon's own mark does that too, so an idle instance does not keep Neon awake.
 */
export const installationJob: Job = {
  name: 'record-installation',
  everyMs: 60_000,
  async run({ withSystem }) {
    const { onNeon } = await recordInstallation(withSystem);
    return { more: false, dueInMs: onNeon ? undefined : idleMs };
  },
};

import { createLaneJob, type Job } from '../../platform/jobs/job';
import { purgeChanges } from './repository';

const changesInAWrite = 1_000;

// A lane is purged when its oldest change is older than the retention by a hundredth. So a lane that changes all day is
// purged about once a day, and not in each round.
const findLanes = `
  select lane_id, now() - $1 * interval '1 day' as cutoff from tasklane.profiles
  where oldest_change_at < now() - $1 * 1.01 * interval '1 day' order by oldest_change_at limit $2`;

/** Creates the job that purges changes older than `days`. Lanes with the oldest changes come first. */
export function createChangePurgeJob(days: number): Job {
  return createLaneJob({
    name: 'purge-changes',
    everyMs: 3_600_000,
    limit: 500,
    find: (system, limit) => system.query<{ lane_id: string; cutoff: Date }>(findLanes, [days, limit]),
    write: (lane, [{ cutoff }]) => purgeChanges(lane, cutoff, changesInAWrite),
  });
}

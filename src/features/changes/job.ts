import { createLaneJob, type Job } from '../../platform/jobs/job';
import { purgeChanges } from './repository';

const changesInAWrite = 1_000;

// A lane is purged when its oldest change is older than the retention by a hundredth. So a lane that changes all day is
// purged about once a day, and not in each round.
const findLanes = (condition = '') => `
  select lane_id, now() - $1 * interval '1 day' as cutoff from tasklane.profiles
  where oldest_change_at < now() - $1 * 1.01 * interval '1 day'${condition} order by oldest_change_at limit $2`;

// While the broker is away, lanes that keep their changes must not hold up the others.
const publishes = `
    and not exists (
      select from tasklane.event_positions
      where event_positions.lane_id = profiles.lane_id and due_at < now() - interval '1 hour'
    )`;

/**
 * Creates the job that purges changes older than `days`. Lanes with the oldest changes come first.
 * @param keepsUnpublished true to keep changes whose events the broker has not stored
 */
export function createChangePurgeJob(days: number, keepsUnpublished = false): Job {
  const text = findLanes(keepsUnpublished ? publishes : '');
  return createLaneJob({
    name: 'purge-changes',
    everyMs: 3_600_000,
    limit: 500,
    find: (system, limit) => system.query<{ lane_id: string; cutoff: Date }>(text, [days, limit]),
    write: (lane, [{ cutoff }]) => purgeChanges(lane, { cutoff, keepsUnpublished }, changesInAWrite),
  });
}

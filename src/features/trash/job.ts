import { createLaneJob, type Job } from '../../platform/jobs/job';
import { purgeDeleted } from './repository';

const tasksInAWrite = 1_000;

/** Creates the job that purges tasks and projects that have been in the trash for `retentionDays` days. */
export function createTrashPurgeJob(retentionDays: number): Job {
  return createLaneJob({
    name: 'purge',
    everyMs: 3_600_000,
    limit: 100,
    // The clock is the database's, as in `deleted_at`. Lanes with the oldest deletions come first.
    find: (system, limit) =>
      system.query<{ lane_id: string; until: Date }>(
        `select lane_id, now() - make_interval(hours => 24 * $1) as until
           from (
             select lane_id, deleted_at from tasklane.tasks
             union all select lane_id, deleted_at from tasklane.deleted_projects
           ) as deleted
           where deleted_at <= now() - make_interval(hours => 24 * $1)
           group by lane_id order by min(deleted_at), lane_id limit $2`,
        [retentionDays, limit],
      ),
    write: (lane, { until }) => purgeDeleted(lane, { until, limit: tasksInAWrite }),
  });
}

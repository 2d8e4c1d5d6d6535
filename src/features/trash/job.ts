import { createLaneJob, type Job } from '../../platform/jobs/job';
import { purgeDeleted } from './repository';

// A thousand tasks would take 0.3 s on a busy machine.
const tasksInAWrite = 250;

const oldIn = (table: string) => `
  (select lane_id, deleted_at from tasklane.${table}
   where deleted_at <= now() - make_interval(hours => 24 * $1) order by deleted_at limit $2)`;

const findDeleted = `
  select lane_id, now() - make_interval(hours => 24 * $1) as until
  from (${oldIn('tasks')} union all ${oldIn('deleted_projects')}) as old
  order by deleted_at limit $2`;

/** Creates the job that purges tasks and projects that have been in the trash for `retentionDays` days. */
export function createTrashPurgeJob(retentionDays: number): Job {
  return createLaneJob({
    name: 'purge',
    everyMs: 3_600_000,
    limit: 1_000,
    rowsInAWrite: tasksInAWrite,
    // The clock is the database's, as in `deleted_at`. The oldest deletions come first.
    find: (system, limit) =>
      system.query<{ lane_id: string; until: Date }>(findDeleted, [retentionDays, limit]),
    write: (lane, [{ until }]) => purgeDeleted(lane, { until, limit: tasksInAWrite }),
  });
}

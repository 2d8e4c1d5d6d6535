import { type Job, writeLanes } from '../../platform/jobs/job';
import { purgeDeleted } from './repository';

const everyMs = 60 * 60 * 1000;
const lanesInARound = 100;
const tasksInAWrite = 1_000;

/** Creates the job that purges tasks that have been in the trash for `retentionDays` days. */
export function purgeJob(retentionDays: number): Job {
  return {
    name: 'purge',
    everyMs,
    async run(context) {
      // The clock is the database's, as in `deleted_at`. Lanes with the oldest deletions come first.
      const found = await context.withSystem.read((system) =>
        system.query<{ user_id: string; until: Date }>(
          `select user_id, now() - make_interval(hours => 24 * $1) as until from tasklane.tasks
           where deleted_at <= now() - make_interval(hours => 24 * $1)
           group by user_id order by min(deleted_at), user_id limit $2`,
          [retentionDays, lanesInARound],
        ),
      );
      const left = await writeLanes(context, found, (lane, { until }) =>
        purgeDeleted(lane, { until, limit: tasksInAWrite }),
      );
      return { more: left || found.length === lanesInARound };
    },
  };
}

import { createLaneJob, type Job } from '../../platform/jobs/job';
import { indexTasks, isOutdatedSql } from './repository';

const tasksInAWrite = 500;

/** Creates the job that indexes tasks that are not indexed by the present rules, for example because they are older. */
export function createSearchJob(): Job {
  // The last lane of the previous round. Rounds that began at the first lane would read the index entries of all tasks that
  // were indexed since Postgres has vacuumed them.
  let after = '0';
  return createLaneJob({
    name: 'search',
    everyMs: 60_000,
    limit: 1_000,
    async find(system, limit) {
      const find = () =>
        system
          .rows('tasks')
          .whereRaw(isOutdatedSql)
          .where('lane_id', '>=', after)
          .orderBy('lane_id')
          .limit(limit)
          .select('lane_id');
      let found = await find();
      if (found.length === 0 && after !== '0') {
        after = '0';
        found = await find();
      }
      after = found.at(-1)?.lane_id ?? '0';
      return found;
    },
    write: (lane) => indexTasks(lane, tasksInAWrite),
  });
}

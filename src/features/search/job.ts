import { createLaneJob } from '../../platform/jobs/job';
import { indexTasks, isOutdatedSql } from './repository';

const tasksInAWrite = 500;

/** The job that indexes tasks that are not indexed by the present rules, for example because they are older. */
export const searchJob = createLaneJob({
  name: 'search',
  everyMs: 60_000,
  limit: 100,
  find: (system, limit) =>
    system
      .rows('tasks')
      .whereRaw(isOutdatedSql)
      .groupBy('lane_id')
      .orderBy('lane_id')
      .limit(limit)
      .select('lane_id'),
  write: (lane) => indexTasks(lane, tasksInAWrite),
});

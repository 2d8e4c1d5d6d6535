import { createLaneJob } from '../../platform/jobs/job';
import { indexTasks } from './repository';

const tasksInAWrite = 500;

/** The job that indexes tasks that are not indexed yet, for example because they were created before the service had the search. */
export const searchJob = createLaneJob({
  name: 'search',
  everyMs: 60_000,
  limit: 100,
  find: (system, limit) =>
    system
      .rows('tasks')
      .whereRaw('search_version < 1')
      .groupBy('lane_id')
      .orderBy('lane_id')
      .limit(limit)
      .select('lane_id'),
  write: (lane) => indexTasks(lane, tasksInAWrite),
});

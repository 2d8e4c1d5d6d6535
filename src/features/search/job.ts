import { type Job, writeLanes } from '../../platform/jobs/job';
import { indexTasks } from './repository';

const everyMs = 60_000;
const lanesInARound = 100;
const tasksInAWrite = 500;

/** The job that indexes tasks that are not indexed yet, for example because they were created before the service had the search. */
export const searchJob: Job = {
  name: 'search',
  everyMs,
  async run(context) {
    const found = await context.withSystem.read((system) =>
      system
        .rows('tasks')
        .whereRaw('search_version < 1')
        .groupBy('user_id')
        .orderBy('user_id')
        .limit(lanesInARound)
        .select('user_id'),
    );
    const left = await writeLanes(context, found, (lane) => indexTasks(lane, tasksInAWrite));
    return { more: left || found.length === lanesInARound };
  },
};

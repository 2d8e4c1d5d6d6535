import type { Job } from '../jobs/job';
import { indexTasks } from './repository';

const everyMs = 60_000;
const lanesInARound = 100;
const tasksInAWrite = 500;

/** Makes the words of tasks that have none yet, as those that were written before there was a search. */
export const searchJob: Job = {
  name: 'search',
  everyMs,
  async run({ withSystem, laneForJob, signal }) {
    const found = await withSystem.read((system) =>
      system
        .rows('tasks')
        .whereRaw('search_version < 1')
        .groupBy('user_id')
        .orderBy('user_id')
        .limit(lanesInARound)
        .select('user_id'),
    );
    let more = found.length === lanesInARound;
    for (const { user_id } of found) {
      if (signal.aborted) break;
      const left = await laneForJob(user_id).write((lane) => indexTasks(lane, tasksInAWrite));
      more ||= left ?? false;
    }
    return { more };
  },
};

import type { Job } from '../jobs/job';
import { fireReminders } from './reminders';

const everyMs = 5_000;
const lanesInARound = 50;
const remindersOfALane = 200;

/** Fires the reminders whose time has come. */
export const reminderJob: Job = {
  name: 'reminders',
  everyMs,
  async run({ withSystem, laneForJob, signal }) {
    const due = await withSystem.read((system) =>
      system
        .rows('reminders')
        .whereRaw('fire_at <= now()')
        .orderBy('fire_at')
        .limit(lanesInARound)
        .select('user_id'),
    );
    const users = new Set(due.map((row) => row.user_id));
    let more = due.length === lanesInARound;
    for (const userId of users) {
      if (signal.aborted) break;
      const left = await laneForJob(userId).write((lane) => fireReminders(lane, remindersOfALane));
      more ||= left ?? false;
    }
    return { more };
  },
};

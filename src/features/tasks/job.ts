import { type Job, writeLanes } from '../../platform/jobs/job';
import { fireReminders } from './reminders';

const everyMs = 5_000;
const lanesInARound = 50;
const remindersOfALane = 200;

/** The job that fires due reminders. */
export const reminderJob: Job = {
  name: 'reminders',
  everyMs,
  async run(context) {
    const due = await context.withSystem.read((system) =>
      system
        .rows('reminders')
        .whereRaw('fire_at <= now()')
        .orderBy('fire_at')
        .limit(lanesInARound)
        .select('user_id'),
    );
    const lanes = new Map(due.map((row) => [row.user_id, row])).values();
    const left = await writeLanes(context, lanes, (lane) => fireReminders(lane, remindersOfALane));
    return { more: left || due.length === lanesInARound };
  },
};

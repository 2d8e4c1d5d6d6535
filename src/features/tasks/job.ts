import { type Job, type JobContext, writeLanes } from '../../platform/jobs/job';
import { fireReminders } from './reminders';

const everyMs = 5_000;
const lanesInARound = 50;
const remindersOfALane = 200;

/** Milliseconds until the next reminder; undefined if none is pending. */
async function nextReminderInMs({ withSystem }: JobContext): Promise<number | undefined> {
  const [next] = await withSystem.read((system) =>
    system.query<{ ms: number | null }>(
      'select (extract(epoch from min(fire_at) - now()) * 1000)::float8 as ms from tasklane.reminders',
    ),
  );
  return next?.ms ?? undefined;
}

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
    if (due.length === 0) return { more: false, dueInMs: await nextReminderInMs(context) };
    const lanes = new Map(due.map((row) => [row.user_id, row])).values();
    const left = await writeLanes(context, lanes, (lane) => fireReminders(lane, remindersOfALane));
    return { more: left || due.length === lanesInARound };
  },
};

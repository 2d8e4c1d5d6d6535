import { createLaneJob } from '../../platform/jobs/job';
import { recordOverdue } from './overdue';
import { fireReminders } from './reminders';

const remindersOfALane = 200;
const overdueTasksOfALane = 200;

/** The job that fires due reminders. */
export const reminderJob = createLaneJob({
  name: 'reminders',
  everyMs: 5_000,
  limit: 50,
  find: (system, limit) =>
    system
      .rows('reminders')
      .whereRaw('fire_at <= now() and fired_at is null')
      .orderBy('fire_at')
      .limit(limit)
      .select('lane_id'),
  write: (lane) => fireReminders(lane, remindersOfALane),
  async nextInMs(system) {
    const [next] = await system.query<{ ms: number | null }>(
      'select (extract(epoch from min(fire_at) - now()) * 1000)::float8 as ms from tasklane.reminders where fired_at is null',
    );
    return next?.ms ?? undefined;
  },
});

const isUntold = 'overdue_told is distinct from overdue_at';

/** The job that records which tasks are overdue. */
export const overdueJob = createLaneJob({
  name: 'overdue',
  everyMs: 5_000,
  limit: 50,
  find: (system, limit) =>
    system
      .rows('tasks')
      .whereRaw(`overdue_at <= now() and ${isUntold}`)
      .orderBy('overdue_at')
      .limit(limit)
      .select('lane_id'),
  write: (lane) => recordOverdue(lane, overdueTasksOfALane),
  async nextInMs(system) {
    const [next] = await system.query<{ ms: number | null }>(
      `select (extract(epoch from min(overdue_at) - now()) * 1000)::float8 as ms from tasklane.tasks where ${isUntold}`,
    );
    return next?.ms ?? undefined;
  },
});

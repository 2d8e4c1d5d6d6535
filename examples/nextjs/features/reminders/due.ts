import { addDays, localNow } from '@/lib/dates';
import type { Task } from '@/lib/tasklane';

const minuteMs = 60_000;

/** A local time `YYYY-MM-DDTHH:MM` some minutes earlier. */
const earlier = (local: string, minutes: number): string =>
  new Date(Date.parse(`${local}:00Z`) - minutes * minuteMs).toISOString().slice(0, 16);

/** When a reminder is due, as `YYYY-MM-DDTHH:MM` in a time zone. Null if it depends on a due date that the task does not have. */
function localTimeOf(reminder: Task['reminders'][number], task: Task, zone: string): string | null {
  const { at, minutes_before_due: minutes, days_before_due: days, time } = reminder;
  if (at !== null) return localNow(zone, Date.parse(at));
  if (task.due_date === null) return null;
  if (minutes !== null) return earlier(`${task.due_date}T${task.due_time ?? '00:00'}`, minutes);
  return `${addDays(task.due_date, -(days as number))}T${time}`;
}

export interface DueReminder {
  readonly task: Task;
  /** The same in all tabs, so that they show one notification. */
  readonly key: string;
}

/** The reminders that are due after an instant, and not after another one. Instants are milliseconds. */
export function dueReminders(
  tasks: readonly Task[],
  profileZone: string,
  after: number,
  until: number,
): readonly DueReminder[] {
  return tasks.flatMap((task) => {
    const zone = task.time_zone ?? profileZone;
    const [from, to] = [localNow(zone, after), localNow(zone, until)];
    return task.reminders.flatMap((reminder) => {
      const local = localTimeOf(reminder, task, zone);
      return local !== null && local > from && local <= to ? [{ task, key: `${task.id} ${local}` }] : [];
    });
  });
}

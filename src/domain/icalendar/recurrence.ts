/** Recurrence rules and reminders of tasks as properties and components of iCalendar. */
import ICAL from 'ical.js';
import { toDate, toDay } from '../recurrence/day-number';
import { exportAsWritten, exportRule } from '../recurrence/export';
import { parseRule } from '../recurrence/parse';
import { seriesFrom } from '../recurrence/schedule';
import { type Component, type Property, toInstantValue, toText } from './document';
import type { CalendarTask } from './task';

/**
 * The value of RRULE from a task's due date on. The due date can be later than the start of the rule, so a COUNT of
 * dates becomes UNTIL.
 */
function ruleFromNow({
  rrule,
  recurrence_start,
  repeat_from,
  due_time,
  time_zone,
}: CalendarTask): string | undefined {
  const rule = rrule === null ? [] : parseRule(rrule);
  if (Array.isArray(rule) || rrule === null || recurrence_start === null) return undefined;
  const clock = { time: due_time, zone: time_zone };
  // Such a rule starts again with each completion.
  if (repeat_from === 'completion') return exportAsWritten(rrule, rule, clock);
  if (rule.count === null) return exportRule(rule, recurrence_start, clock);
  let last = toDay(recurrence_start);
  for (const day of seriesFrom(rule, recurrence_start, last, clock)) last = day;
  return exportRule({ ...rule, count: null, until: { date: toDate(last) } }, recurrence_start, clock);
}

/** The properties of a task's recurrence; empty if it does not recur. */
export function recurrenceProperties(task: CalendarTask): Property[] {
  const rule = ruleFromNow(task);
  if (rule === undefined) return [];
  const properties: Property[] = [['rrule', {}, 'recur', ICAL.Recur.fromString(rule).toJSON() as never]];
  if (task.repeat_from === 'completion') {
    properties.push(['x-tasklane-repeat-from', {}, 'unknown', 'COMPLETION']);
  }
  return properties;
}

const minutesOf = (time: string) => 60 * Number(time.slice(0, 2)) + Number(time.slice(3));

/** The minutes from a reminder to the due time, by the wall clock. All-day tasks are due at the start of the day. */
function minutesBefore(
  { minutes_before_due, days_before_due, time }: CalendarTask['reminders'][number],
  { due_time }: CalendarTask,
): number {
  if (time === null || days_before_due === null) return minutes_before_due ?? 0;
  return days_before_due * 1440 + minutesOf(due_time ?? '00:00') - minutesOf(time);
}

/**
 * The reminders of a task as VALARM.
 * @param related which time of the component is the due date: its START or its END
 */
export function alarms(task: CalendarTask, related: 'START' | 'END'): Component[] {
  return task.reminders.map((reminder): Component => {
    const { at } = reminder;
    const minutes = minutesBefore(reminder, task);
    const trigger: Property =
      at === null
        ? ['trigger', { related }, 'duration', `${minutes < 0 ? '' : '-'}PT${Math.abs(minutes)}M`]
        : ['trigger', {}, 'date-time', toInstantValue(at)];
    const description: Property = ['description', {}, 'text', toText(task.title)];
    return ['valarm', [['action', {}, 'text', 'DISPLAY'], description, trigger], []];
  });
}

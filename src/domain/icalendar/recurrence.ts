/** Recurrence rules and reminders of tasks as properties and components of iCalendar. */
import ICAL from 'ical.js';
import { exportAsWritten, exportRule } from '../recurrence/export';
import { parseRule } from '../recurrence/parse';
import { partsOf, pointOf } from '../recurrence/point';
import { lastPoint } from '../recurrence/schedule';
import { toInstant } from '../time/calendar';
import { type Component, type Property, toInstantValue, toText } from './document';
import { dueProperty, startClock } from './due';
import type { CalendarTask } from './task';

/**
 * The value of RRULE from a task's current occurrence on. This can be later than the start of the rule, so a COUNT of
 * dates becomes UNTIL.
 */
function ruleFromNow(task: CalendarTask): string | undefined {
  const { rrule, recurrence_start, recurrence_start_time, repeat_from, time_zone } = task;
  const rule = rrule === null ? [] : parseRule(rrule);
  if (Array.isArray(rule) || rrule === null || recurrence_start === null) return undefined;
  const clock = { time: startClock(task), zone: time_zone };
  const start = pointOf(recurrence_start, recurrence_start_time);
  // Such a rule starts again with each completion.
  if (repeat_from === 'completion') return exportAsWritten(rrule, rule, clock);
  if (rule.count === null) return exportRule(rule, start, clock);
  const { date, time } = partsOf(lastPoint(rule, start, clock));
  const until = time === null ? { date } : { instant: toInstant(date, time, time_zone ?? 'UTC') };
  return exportRule({ ...rule, count: null, until }, start, clock);
}

/** The properties of a task's recurrence; empty if it does not recur. */
export function recurrenceProperties(task: CalendarTask): Property[] {
  const rule = ruleFromNow(task);
  if (rule === undefined) return [];
  const properties: Property[] = [['rrule', {}, 'recur', ICAL.Recur.fromString(rule).toJSON() as never]];
  if (task.repeat_from === 'completion') {
    properties.push(['x-tasklane-repeat-from', {}, 'unknown', 'COMPLETION']);
  }
  // An EXDATE has the time of the occurrence that it excludes (RFC 5545, section 3.8.5.1), or excludes all hours of a day.
  const clock = task.recurrence_start_time === null ? startClock(task) : null;
  for (const excluded of task.excluded_dates) {
    const { date, time } = partsOf(excluded);
    const due = { due_date: date, due_time: time ?? clock, time_zone: task.time_zone };
    properties.push(dueProperty('exdate', due));
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

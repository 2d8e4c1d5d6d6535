/** Recurrence rules of tasks as properties of iCalendar. */
import ICAL from 'ical.js';
import { exportAsWritten, exportRule } from '../recurrence/export';
import { parseRule } from '../recurrence/parse';
import { partsOf, pointOf } from '../recurrence/point';
import { lastPoint } from '../recurrence/schedule';
import { toInstant } from '../time/calendar';
import type { Property } from './document';
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

/**
 * The property of a VTODO that has the start of its series, the due date of its first occurrence, and the rule as it is
 * written. If the current occurrence was moved, they cannot be found in DTSTART and DUE.
 */
export const seriesProperty = 'x-tasklane-series';

/** `seriesProperty` of a task; empty if the series starts at the current occurrence. */
export function seriesProperties(task: CalendarTask): Property[] {
  const rule = ruleFromNow(task);
  const { recurrence_start, recurrence_start_time, recurrence_due } = task;
  if (rule === undefined || recurrence_start === null) return [];
  const start = pointOf(recurrence_start, recurrence_start_time);
  const [date, time] =
    task.start_date === null ? [task.due_date, task.due_time] : [task.start_date, task.start_time];
  const isFirst =
    start === pointOf(date as string, recurrence_start_time && time) && recurrence_due === task.due_date;
  return isFirst ? [] : [[seriesProperty, {}, 'unknown', `${start}/${recurrence_due}/${rule}`]];
}

/** The series in the value of `seriesProperty`; undefined if it has none. The values are not validated. */
export function readSeries(value: string) {
  const [start, due, rule] = value.trim().split('/');
  if (start === undefined || due === undefined || rule === undefined) return undefined;
  const { date, time } = partsOf(start);
  return { rule, fields: { recurrence_start: date, recurrence_start_time: time, recurrence_due: due } };
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

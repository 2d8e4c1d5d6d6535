/** Reminders of tasks as VALARM (RFC 5545, section 3.6.6). */
import { type Component, type Property, toInstantValue, toText } from './document';
import { endClock } from './due';
import type { CalendarTask } from './task';

/** A reminder at a time of day, some days before the due date. */
export interface WallClock {
  readonly days_before_due: number;
  /** `HH:MM`. */
  readonly time: string;
}

/**
 * The property of a VALARM that has the time of day of a reminder, such as `1d 18:00`. The trigger is a duration, which
 * says the same only if clocks do not change in between. Other programs use the trigger.
 */
export const wallClockProperty = 'x-tasklane-reminder';

function secondsOf(clock: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number);
  return 3_600 * hours + 60 * minutes + seconds;
}

/** The seconds from a reminder to the end of a VTODO, by the wall clock. @param end `HH:MM:SS` */
export function secondsBeforeEnd({ days_before_due, time }: WallClock, end: string): number {
  return days_before_due * 86_400 + secondsOf(end) - secondsOf(time);
}

/** The reminder in the value of `wallClockProperty`; undefined if it has none. */
export function readWallClock(value: string): WallClock | undefined {
  const [, days, time] = /^(\d{1,3})d ((?:[01]\d|2[0-3]):[0-5]\d)$/.exec(value.trim()) ?? [];
  return days === undefined || time === undefined ? undefined : { days_before_due: Number(days), time };
}

/** A DURATION: `-PT30M` for 1,800 seconds before. */
function durationBefore(seconds: number): string {
  const [minutes, rest] = [Math.floor(Math.abs(seconds) / 60), Math.abs(seconds) % 60];
  return `${seconds < 0 ? '' : '-'}PT${minutes}M${rest === 0 ? '' : `${rest}S`}`;
}

/** The reminders of a task as VALARM. */
export function alarms(task: CalendarTask): Component[] {
  const end = endClock(task);
  // An all-day task is due at the start of its day, also if the end of the VTODO is the end of the day.
  const dueToEnd = task.due_time === null ? secondsOf(end) : 0;
  const description: Property = ['description', {}, 'text', toText(task.title)];
  return task.reminders.map(({ at, minutes_before_due, days_before_due, time }): Component => {
    const properties: Property[] = [['action', {}, 'text', 'DISPLAY'], description];
    const before = (seconds: number): Property => [
      'trigger',
      { related: 'END' },
      'duration',
      durationBefore(seconds),
    ];
    if (at !== null) properties.push(['trigger', {}, 'date-time', toInstantValue(at)]);
    else if (days_before_due !== null && time !== null) {
      properties.push(before(secondsBeforeEnd({ days_before_due, time }, end)));
      properties.push([wallClockProperty, {}, 'unknown', `${days_before_due}d ${time}`]);
    } else properties.push(before((minutes_before_due ?? 0) * 60 + dueToEnd));
    return ['valarm', properties, []];
  });
}

/**
 * Points of a series in local time: `YYYY-MM-DD`, or `YYYY-MM-DDTHH:MM` for an hourly rule. Points of a series compare as
 * text.
 */
import { addDays, timeIn, todayIn } from '../time/calendar';
import { MS_PER_DAY, toDate, toDay } from './day-number';

const MS_PER_MINUTE = 60_000;

/** The point of a date and time. Without a time, it is the point of a rule that chooses days. */
export function pointOf(date: string, time: string | null): string {
  return time === null ? date : `${date}T${time}`;
}

/** The date and the time of a point; the time is null if it has none. */
export function partsOf(point: string): { readonly date: string; readonly time: string | null } {
  return { date: point.slice(0, 10), time: point.length > 10 ? point.slice(11) : null };
}

/** The local time at an instant in a time zone, as a point with a time. */
export function localPoint(zone: string, instant: Date): string {
  return pointOf(todayIn(zone, instant), timeIn(zone, instant).slice(0, 5));
}

/** The distance from one point to another: in days, or in minutes of local time if they have times. */
export function distanceBetween(from: string, to: string): number {
  if (from.length === 10) return toDay(to) - toDay(from);
  return (Date.parse(`${to}Z`) - Date.parse(`${from}Z`)) / MS_PER_MINUTE;
}

/** The point at a distance from another one, see {@link distanceBetween}. */
export function shiftPoint(point: string, distance: number): string {
  if (point.length === 10) return addDays(point, distance);
  const sum = Date.parse(`${point}Z`) + distance * MS_PER_MINUTE;
  const day = Math.floor(sum / MS_PER_DAY);
  return `${toDate(day)}T${new Date(sum).toISOString().slice(-13, -8)}`;
}

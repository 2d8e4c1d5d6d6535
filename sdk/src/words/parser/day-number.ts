/** This file was generated from src/domain/recurrence/day-number.ts by npm run generate. Do not change it. */
/** Days of the Gregorian calendar as numbers, counted from 1970-01-01. */

export const MS_PER_DAY = 86_400_000;

/** The day of a calendar date. A month above 12 or a day above the last counts into the next year or month. */
export function dayOf(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month - 1, day) / MS_PER_DAY;
}

/** The day of a date `YYYY-MM-DD`. */
export function toDay(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / MS_PER_DAY;
}

/** The date `YYYY-MM-DD` of a day. */
export function toDate(day: number): string {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
}

/** The Gregorian calendar repeats after 400 years, a whole number of weeks. */
export const DAYS_PER_CYCLE = 146_097;

/** The last day that a date can represent. Rules end there. */
export const LAST_DAY = toDay('9999-12-31');

/** The weekday of a day, 0 for Monday. 1970-01-01 was a Thursday. */
export function weekdayOf(day: number): number {
  return day + 3 - 7 * Math.floor((day + 3) / 7);
}

const MONTH_LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** The number of days of a month (1 to 12) in a year. */
export function monthLength(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeap ? 29 : (MONTH_LENGTHS[month - 1] ?? 0);
}

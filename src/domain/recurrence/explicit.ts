/** What a rule leaves to its start, written out. */
import { monthLength, toDay, weekdayOf } from './day-number';
import { atPositions, type DayParts } from './rule';

export const ALL_MONTHS: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

const COMMON_YEAR = 2001;
const LEAP_YEAR = 2000;
const FEBRUARY = 2;

/**
 * The position that a month's last day has for BYSETPOS, among the days from the 28th to another of some months in a year.
 * February has one or two of them, so they are counted from the side where it is not in between.
 */
function lastDayPosition(month: number, months: readonly number[], day: number): number {
  const daysIn = (some: readonly number[]) =>
    some.reduce((sum, other) => sum + Math.min(day, monthLength(LEAP_YEAR, other)) - 27, 0);
  const after = months.filter((other) => other > month);
  return after.includes(FEBRUARY) ? daysIn(months.filter((other) => other <= month)) : -daysIn(after) - 1;
}

/**
 * The day of the month that a start gives, in parts of a rule. RFC 5545 skips the months that lack it, but who repeats
 * something monthly from the 31st means the last day of the shorter ones.
 */
function clampedParts(rule: DayParts, day: number, byMonth: readonly number[]): Partial<DayParts> {
  const months = [...(byMonth.length > 0 ? byMonth : ALL_MONTHS)].sort((a, b) => a - b);
  if (months.every((month) => day <= monthLength(COMMON_YEAR, month))) return { byMonth, byMonthDay: [day] };
  if (months.every((month) => day >= monthLength(LEAP_YEAR, month))) return { byMonth, byMonthDay: [-1] };

  const byMonthDay = [28, 29, 30].filter((candidate) => candidate <= day);
  if (rule.frequency === 'MONTHLY') return { byMonth, byMonthDay, bySetPos: [-1] };
  const lastDays = months.map((month) => lastDayPosition(month, months, day));
  return { byMonth, byMonthDay, bySetPos: atPositions(lastDays, rule.bySetPos) };
}

/**
 * The parts of a rule with all that it takes from its start (`YYYY-MM-DD`) written out: the weekday, day of the month or
 * month. A day of the month above 28 that comes from the start is the last day of months that lack it; one that
 * BYMONTHDAY names skips them (RFC 5545, section 3.3.10).
 */
export function explicitParts(rule: DayParts, start: string): DayParts {
  if (rule.frequency === 'DAILY' || rule.byDay.length > 0 || rule.byMonthDay.length > 0) return rule;
  if (rule.frequency === 'WEEKLY') {
    return { ...rule, byDay: [{ ordinal: null, weekday: weekdayOf(toDay(start)) }] };
  }
  const month = Number(start.slice(5, 7));
  const byMonth = rule.frequency === 'YEARLY' && rule.byMonth.length === 0 ? [month] : rule.byMonth;
  return { ...rule, ...clampedParts(rule, Number(start.slice(8)), byMonth) };
}

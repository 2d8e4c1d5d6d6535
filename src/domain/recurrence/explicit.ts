/** Adds the parts that a recurrence rule omits, such as the weekday. They follow from the first date of the rule. */
import { monthLength, toDay, weekdayOf } from './day-number';
import { atPositions, type DayParts } from './rule';

export const ALL_MONTHS: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

const COMMON_YEAR = 2001;
const LEAP_YEAR = 2000;
const FEBRUARY = 2;

/**
 * The position for BYSETPOS of the last day of a month, among the days from the 28th to `day` of these months in a
 * year. February has one or two such days, so positions count from the end of the year that does not have February in
 * between.
 */
function lastDayPosition(month: number, months: readonly number[], day: number): number {
  const daysIn = (some: readonly number[]) =>
    some.reduce((sum, other) => sum + Math.min(day, monthLength(LEAP_YEAR, other)) - 27, 0);
  const after = months.filter((other) => other > month);
  return after.includes(FEBRUARY) ? daysIn(months.filter((other) => other <= month)) : -daysIn(after) - 1;
}

/**
 * The parts of a rule for the day of the month of a start. RFC 5545 skips months without this day. But users who repeat
 * a task monthly from the 31st expect the last day of shorter months.
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
 * The parts of a rule, with the weekday, day of the month or month that follow from its start (`YYYY-MM-DD`). If the
 * day of the month comes from the start, shorter months use their last day. If it comes from BYMONTHDAY, months without
 * that day are skipped (RFC 5545, section 3.3.10).
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

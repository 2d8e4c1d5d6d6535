/** The days that match a rule, in the Gregorian calendar (RFC 5545, section 3.3.10). */
import { DAYS_PER_CYCLE, dayOf, LAST_DAY, MS_PER_DAY, monthLength, toDay, weekdayOf } from './day-number';
import { explicitParts } from './explicit';
import { atPositions, type ByDay, type DayFrequency, type DayParts, WEEKDAYS } from './rule';

/** The periods of a rule: every INTERVAL-th day, week, month or year. The first period contains the start. */
interface Periods {
  /** The first and the last day of a period. */
  readonly bounds: (index: number) => readonly [first: number, last: number];
  /** The index of the period that contains a day, or of the last period before it. */
  readonly indexOf: (day: number) => number;
}

function periodsOf({ frequency, interval, weekStart }: DayParts, start: number): Periods {
  if (frequency === 'DAILY' || frequency === 'WEEKLY') {
    const length = frequency === 'DAILY' ? 1 : 7;
    const first = frequency === 'DAILY' ? start : start - ((weekdayOf(start) - weekStart + 7) % 7);
    const step = length * interval;
    return {
      bounds: (index) => [first + index * step, first + index * step + length - 1],
      indexOf: (day) => Math.floor((day - first) / step),
    };
  }
  const length = frequency === 'MONTHLY' ? 1 : 12;
  const step = length * interval;
  const monthOf = (day: number) => {
    const date = new Date(day * MS_PER_DAY);
    return date.getUTCFullYear() * 12 + date.getUTCMonth();
  };
  const first = Math.floor(monthOf(start) / length) * length;
  return {
    bounds: (index) => {
      const month = first + index * step + 1;
      return [dayOf(0, month, 1), dayOf(0, month + length, 0)];
    },
    indexOf: (day) => Math.floor((monthOf(day) - first) / step),
  };
}

/**
 * A table of the numbers from -limit to limit, 1 for those in a list. Null for an empty list, which allows all
 * numbers.
 */
function tableOf(values: readonly number[], limit: number): Uint8Array | null {
  if (values.length === 0) return null;
  const table = new Uint8Array(2 * limit + 1);
  for (const value of values) table[value + limit] = 1;
  return table;
}

/** A month with its first and last day. */
interface Month {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly first: number;
  readonly last: number;
}

function monthAt(day: number): Month {
  const date = new Date(day * MS_PER_DAY);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth() + 1;
  const first = day - date.getUTCDate() + 1;
  return { year, month, first, last: first + monthLength(year, month) - 1 };
}

function monthAfter({ year, month, last }: Month): Month {
  const next = month === 12 ? { year: year + 1, month: 1 } : { year, month: month + 1 };
  return { ...next, first: last + 1, last: last + monthLength(next.year, next.month) };
}

/** The year of a month, with its first and last day. */
function yearOf({ year }: Month): Omit<Month, 'month'> {
  return { year, first: dayOf(year, 1, 1), last: dayOf(year, 12, 31) };
}

const MAX_MONTH_DAY = 31;
const MAX_ORDINAL = 53;

/** The ordinals of BYDAY for each weekday; 0 means every ordinal. */
function ordinalTables(byDay: readonly ByDay[]): (Uint8Array | null)[] {
  return WEEKDAYS.map((_, weekday) => {
    const values = byDay.filter((value) => value.weekday === weekday);
    return tableOf(
      values.map(({ ordinal }) => ordinal ?? 0),
      MAX_ORDINAL + 1,
    );
  });
}

/** The days that BYMONTH, BYMONTHDAY and BYDAY allow. */
interface Filter {
  /** The first day, from a given day on, in a month that BYMONTH allows. */
  readonly seek: (day: number) => number;
  /** The allowed days of a period, in order. */
  readonly daysOf: (first: number, last: number) => number[];
}

function filterOf(parts: DayParts): Filter {
  const months = tableOf(parts.byMonth, 12);
  const monthDays = tableOf(parts.byMonthDay, MAX_MONTH_DAY);
  const weekdays = parts.byDay.length > 0 ? ordinalTables(parts.byDay) : null;
  const countsInYears = parts.frequency === 'YEARLY' && months === null;

  // Days usually come in order, so the current month and year are kept.
  let month = monthAt(0);
  let year = yearOf(month);
  const isIn = () => months === null || months[month.month + 12] === 1;
  const goTo = (day: number) => {
    if (day === month.last + 1) month = monthAfter(month);
    else if (day < month.first || day > month.last) month = monthAt(day);
  };

  function isMonthDayIn(day: number): boolean {
    if (monthDays === null) return true;
    const fromStart = day - month.first + 1;
    const fromEnd = day - month.last - 1;
    return monthDays[fromStart + MAX_MONTH_DAY] === 1 || monthDays[fromEnd + MAX_MONTH_DAY] === 1;
  }

  function isWeekdayIn(day: number): boolean {
    if (weekdays === null) return true;
    const ordinals = weekdays[weekdayOf(day)];
    if (!ordinals) return false;
    const has = (ordinal: number) => ordinals[ordinal + MAX_ORDINAL + 1] === 1;
    if (has(0)) return true;
    if (countsInYears && year.year !== month.year) year = yearOf(month);
    const { first, last } = countsInYears ? year : month;
    return has(Math.floor((day - first) / 7) + 1) || has(-Math.floor((last - day) / 7) - 1);
  }

  return {
    seek(day) {
      goTo(day);
      if (isIn()) return day;
      while (!isIn()) month = monthAfter(month);
      return month.first;
    },

    daysOf(first, last) {
      const days: number[] = [];
      for (let day = first; day <= last; ) {
        goTo(day);
        const end = Math.min(last, month.last);
        if (!isIn()) day = end + 1;
        for (; day <= end; day++) if (isMonthDayIn(day) && isWeekdayIn(day)) days.push(day);
      }
      return days;
    },
  };
}

/** The days that BYSETPOS chooses, in order. */
function chosen(days: number[], positions: readonly number[]): number[] {
  return positions.length === 0 ? days : atPositions(days, positions).sort((a, b) => a - b);
}

const PERIODS_PER_CYCLE: Readonly<Record<DayFrequency, number>> = {
  DAILY: DAYS_PER_CYCLE,
  WEEKLY: DAYS_PER_CYCLE / 7,
  MONTHLY: 4_800,
  YEARLY: 400,
};

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The number of periods until the calendar repeats. A rule without a day in these periods never matches a day. */
function cycleOf({ frequency, interval }: DayParts): number {
  const periods = PERIODS_PER_CYCLE[frequency];
  return periods / greatestCommonDivisor(periods, interval);
}

/**
 * The days that match the parts of a rule, in order. COUNT and UNTIL are ignored. The search ends within a few
 * milliseconds for every rule, even if no day matches.
 * @param parts explicit parts, see {@link explicitParts}
 * @param from the first day; not before `start`
 * @param end the last day
 */
export function* daysFrom(
  parts: DayParts,
  start: number,
  from: number,
  end = LAST_DAY,
): Generator<number, void, undefined> {
  const periods = periodsOf(parts, start);
  const filter = filterOf(parts);
  const cycle = cycleOf(parts);
  let index = periods.indexOf(from);
  for (let lastMet = index; index - lastMet <= cycle; ) {
    const [first, last] = periods.bounds(index);
    if (first > end) return;
    const open = filter.seek(first);
    if (open > last) {
      index = Math.max(index + 1, periods.indexOf(open));
      continue;
    }
    const days = chosen(filter.daysOf(first, last), parts.bySetPos);
    if (days.length > 0) lastMet = index;
    for (const day of days) {
      if (day > end) return;
      if (day >= from) yield day;
    }
    index++;
  }
}

// 28 years without a year such as 1900 contain every kind of year. 400 years would take 14 times longer.
const FIRST_DAY_OF_ALL_KINDS = '2000-01-01';
const LAST_DAY_OF_ALL_KINDS = toDay('2028-12-31');

/** True if the rule matches a day from at least one start. */
export function matchesSomeDay(rule: DayParts): boolean {
  // With the interval 1 every day is in a period. With a larger interval, some start has the same periods. Every month
  // has a first day, so no other start matches more days.
  const start = FIRST_DAY_OF_ALL_KINDS;
  const first = toDay(start);
  const parts = { ...explicitParts(rule, start), interval: 1 };
  return daysFrom(parts, first, first, LAST_DAY_OF_ALL_KINDS).next().done !== true;
}

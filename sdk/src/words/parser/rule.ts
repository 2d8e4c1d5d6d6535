/** This file was generated from src/domain/words/rule.ts by npm run generate. Do not change it. */
/** The recurrence rules that can be said in words, and their form as RRULE (RFC 5545, section 3.3.10). */
import { dayOf, monthLength, toDate, toDay, weekdayOf } from './day-number.js';

const codes = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

/** The frequencies of rules that can be said. */
export const frequencies = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const;
export type Frequency = (typeof frequencies)[number];

/** A recurrence rule. A part that the rule does not have is an empty list or null. */
export interface RuleParts {
  readonly frequency: Frequency;
  readonly interval: number;
  /** Weekdays, 0 for Monday, in order. */
  readonly weekdays: readonly number[];
  /** Which of the weekdays of the month: BYDAY has it before a single weekday, BYSETPOS for several. */
  readonly position: number | null;
  /** Days of the month, in order; -1 is the last one. */
  readonly monthDays: readonly number[];
  readonly month: number | null;
  readonly count: number | null;
  /** The last day. */
  readonly until: number | null;
}

/** A rule without parts other than these. */
export function ruleOf(parts: Partial<RuleParts> & Pick<RuleParts, 'frequency'>): RuleParts {
  return {
    interval: 1,
    weekdays: [],
    position: null,
    monthDays: [],
    month: null,
    count: null,
    until: null,
    ...parts,
  };
}

export const workdays: readonly number[] = [0, 1, 2, 3, 4];
export const weekend: readonly number[] = [5, 6];

/**
 * The 29th, 30th and 31st of each month, and 29 February. They mean the last day of shorter months, which BYMONTHDAY alone
 * would skip.
 */
function clamped({ monthDays, month }: RuleParts): readonly number[] | undefined {
  const [day = 0] = monthDays;
  if (monthDays.length !== 1 || (month === null ? day < 29 : month !== 2 || day !== 29)) return undefined;
  if (day === 31) return [-1];
  return Array.from({ length: day - 27 }, (_, index) => 28 + index);
}

/** The rule as the value of an RRULE. */
export function toRrule(rule: RuleParts): string {
  const { frequency, interval, weekdays, position, monthDays, month, count, until } = rule;
  const days = clamped(rule) ?? monthDays;
  const isNth = position !== null && weekdays.length === 1;
  const setPosition =
    position !== null && !isNth ? position : days.length > 1 && days !== monthDays ? -1 : null;
  const prefix = isNth ? String(position) : '';
  return [
    `FREQ=${frequency}`,
    interval > 1 && `INTERVAL=${interval}`,
    count !== null && `COUNT=${count}`,
    until !== null && `UNTIL=${toDate(until).replaceAll('-', '')}`,
    month !== null && `BYMONTH=${month}`,
    days.length > 0 && `BYMONTHDAY=${days.join(',')}`,
    weekdays.length > 0 && `BYDAY=${weekdays.map((weekday) => prefix + codes[weekday]).join(',')}`,
    setPosition !== null && `BYSETPOS=${setPosition}`,
  ]
    .filter((part) => part !== false)
    .join(';');
}

const inOrder = (numbers: readonly number[]) => [...numbers].sort((one, other) => one - other);

/** A list of whole numbers in order; undefined if it is none. */
function readNumbers(text: string | undefined): number[] | undefined {
  const numbers = (text ?? '').split(',').filter(Boolean).map(Number);
  return numbers.every(Number.isInteger) ? inOrder(numbers) : undefined;
}

function readUntil(text: string | undefined): number | null | undefined {
  if (text === undefined) return null;
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? [];
  return year === undefined ? undefined : toDay(`${year}-${month}-${day}`);
}

/** A rule from a valid RRULE; undefined if it has parts, or combinations of parts, that cannot be said. */
export function fromRrule(rrule: string): RuleParts | undefined {
  const values = new Map(rrule.split(';').map((part) => part.split('=') as [string, string]));
  const take = (name: string) => {
    const value = values.get(name);
    values.delete(name);
    return value;
  };
  const frequency = frequencies.find((each) => each === values.get('FREQ'));
  values.delete('FREQ');
  const interval = Number(take('INTERVAL') ?? 1);
  const count = take('COUNT');
  const until = readUntil(take('UNTIL'));
  const months = readNumbers(take('BYMONTH'));
  const days = readNumbers(take('BYMONTHDAY'));
  const positions = readNumbers(take('BYSETPOS'));
  const byDay = (take('BYDAY') ?? '').split(',').filter(Boolean);
  // A week that begins on Monday is the default.
  if (values.get('WKST') === 'MO') values.delete('WKST');
  if (!frequency || values.size > 0 || until === undefined || !months || !days || !positions)
    return undefined;
  if (months.length > 1 || positions.length > 1) return undefined;

  const ordinals = new Set(byDay.map((each) => each.slice(0, -2)));
  const [ordinal = ''] = ordinals;
  if (ordinals.size > 1 || (ordinal !== '' && byDay.length > 1)) return undefined;
  const rule = ruleOf({
    frequency,
    interval,
    count: count === undefined ? null : Number(count),
    until,
    weekdays: inOrder(byDay.map((each) => codes.indexOf(each.slice(-2)))),
    position: ordinal === '' ? (positions[0] ?? null) : Number(ordinal),
    monthDays: inOrder(days.map(Number)),
    month: months[0] ?? null,
  });
  const said = unclamped(rule);
  return isSayable(said) && canonical(toRrule(said)) === canonical(rrule) ? said : undefined;
}

/** A valid RRULE with its parts and lists in order, and without defaults. */
function canonical(rrule: string): string {
  return rrule
    .split(';')
    .filter((part) => part !== 'INTERVAL=1' && part !== 'WKST=MO')
    .map((part) => {
      const [name, values = ''] = part.split('=');
      return `${name}=${values.replaceAll('+', '').split(',').sort()}`;
    })
    .sort()
    .join(';');
}

/** The opposite of `clamped`. */
function unclamped(rule: RuleParts): RuleParts {
  const day = rule.monthDays.at(-1) ?? 0;
  const isClamped = rule.position === -1 && rule.monthDays[0] === 28;
  return isClamped ? { ...rule, position: null, monthDays: [day] } : rule;
}

/** True if the grammar has words for the combination of parts. */
function isSayable({ frequency, weekdays, position, monthDays, month }: RuleParts): boolean {
  const isPlain = position === null && month === null && monthDays.length === 0;
  if (frequency === 'DAILY') return isPlain && weekdays.length === 0;
  if (frequency === 'WEEKLY') return isPlain;
  if (frequency === 'YEARLY') {
    const [day = 0] = monthDays;
    // 29 February has its own form; other days that a month lacks cannot be said.
    const isDate = month !== null && monthDays.length === 1 && day > 0 && day <= monthLength(2000, month);
    return weekdays.length === 0 && (isPlain || (isDate && position === null));
  }
  if (month !== null) return false;
  if (weekdays.length === 0) return position === null && monthDays.every((day) => day >= -1);
  const isOne = weekdays.length === 1 || weekdays.join() === workdays.join();
  return isOne && monthDays.length === 0 && position !== null && position >= -1 && position < 5;
}

function yearAndMonthOf(day: number): [number, number, number] {
  const [year, month, date] = toDate(day).split('-').map(Number);
  return [year as number, month as number, date as number];
}

function isDayOf(rule: RuleParts, day: number): boolean {
  const { weekdays, position, monthDays, month } = rule;
  const [year, ofMonth, date] = yearAndMonthOf(day);
  const length = monthLength(year, ofMonth);
  if (month !== null && ofMonth !== month) return false;
  if (monthDays.length > 0) {
    const days = clamped(rule) ? [Math.min(monthDays[0] as number, length)] : monthDays;
    if (!days.includes(date) && !days.includes(date - length - 1)) return false;
  }
  if (weekdays.length === 0) return true;
  if (!weekdays.includes(weekdayOf(day))) return false;
  if (position === null) return true;
  const first = dayOf(year, ofMonth, 1);
  const same = Array.from({ length }, (_, index) => first + index).filter((each) =>
    weekdays.includes(weekdayOf(each)),
  );
  return same.at(position > 0 ? position - 1 : position) === day;
}

// A yearly rule matches within eight years: 29 February is not in 1900 and 2100.
const mostDays = 8 * 366 + 1;

/** The first day of a rule on or after a day; undefined if it has none until its end. */
export function firstDay(rule: RuleParts, from: number): number | undefined {
  const end = Math.min(rule.until ?? Number.POSITIVE_INFINITY, from + mostDays);
  for (let day = from; day <= end; day++) if (isDayOf(rule, day)) return day;
  return undefined;
}

/** Parses recurrence rules: the parts of RRULE (RFC 5545, section 3.3.10) down to hours. */
import { isDate } from '../time/calendar';
import { matchesSomeDay } from './days';
import { type ByDay, dayPartsOf, FREQUENCIES, type Frequency, type Rule, type Until, WEEKDAYS } from './rule';

export interface RuleError {
  readonly code:
    | 'wrong-format'
    | 'not-allowed'
    | 'duplicate'
    | 'required'
    | 'too-small'
    | 'too-large'
    | 'too-long';
  /** The text of the error. It completes a sentence that begins with the rule. */
  readonly detail: string;
}

const MAX_LENGTH = 500;
const MAX_INTERVAL = 999;
const MAX_COUNT = 9999;
const MONDAY = 0;

const NAMES = [
  'FREQ',
  'INTERVAL',
  'COUNT',
  'UNTIL',
  'BYMONTH',
  'BYMONTHDAY',
  'BYDAY',
  'BYHOUR',
  'BYSETPOS',
  'WKST',
] as const;

type Name = (typeof NAMES)[number];

/** Reports an error. */
type Report = (code: RuleError['code'], detail: string) => void;

function isName(name: string): name is Name {
  return (NAMES as readonly string[]).includes(name);
}

/** The values of the parts of a rule by name, as text. */
function splitParts(text: string, report: Report): Map<Name, string> {
  const parts = new Map<Name, string>();
  for (const part of text.split(';')) {
    const [, name = '', value = ''] = /^([^=]+)=([^=]+)$/.exec(part) ?? [];
    if (name === '') report('wrong-format', `must have parts of the form NAME=VALUE, but has "${part}"`);
    else if (!isName(name))
      report('not-allowed', `must have only the parts ${NAMES.join(', ')}, but has ${name}`);
    else if (parts.has(name)) report('duplicate', `must have ${name} only once`);
    else parts.set(name, value);
  }
  return parts;
}

/** Reads a whole number from 1 to `max`; undefined if it is not one. */
function readNumber(name: Name, text: string, max: number, report: Report): number | undefined {
  if (!/^\d+$/.test(text)) report('wrong-format', `must have a whole number in ${name}, but has "${text}"`);
  else if (Number(text) < 1) report('too-small', `must have at least 1 in ${name}`);
  else if (Number(text) > max) report('too-large', `must have at most ${max} in ${name}`);
  else return Number(text);
  return undefined;
}

/** Reads a number that counts from the start or, if negative, from the end; undefined if it is not one. */
function readPosition(name: Name, text: string, max: number, report: Report): number | undefined {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text))
    report('wrong-format', `must have a whole number in ${name}, but has "${text}"`);
  else if (value === 0)
    report('too-small', `must not have 0 in ${name}, which counts from 1, or from -1 at the end`);
  else if (value > max) report('too-large', `must have at most ${max} in ${name}`);
  else if (value < -max) report('too-small', `must have at least -${max} in ${name}`);
  else return value;
  return undefined;
}

function readWeekday(name: Name, text: string, report: Report): number | undefined {
  const weekday = (WEEKDAYS as readonly string[]).indexOf(text);
  if (weekday >= 0) return weekday;
  report('wrong-format', `must have one of ${WEEKDAYS.join(', ')} in ${name}, but has "${text}"`);
  return undefined;
}

/** Reads an hour of the day; undefined if it is not one. */
function readHour(text: string, report: Report): number | undefined {
  if (/^\d+$/.test(text) && Number(text) < 24) return Number(text);
  report('wrong-format', `must have hours from 0 to 23 in BYHOUR, but has "${text}"`);
  return undefined;
}

/** Reads a weekday, with a number before it if the frequency allows one; undefined if it is not one. */
function readByDay(text: string, maxOrdinal: number, report: Report): ByDay | undefined {
  const [, number = '', name = text] = /^([+-]?\d+)(.*)$/s.exec(text) ?? [];
  const weekday = readWeekday('BYDAY', name, report);
  if (weekday === undefined) return undefined;
  if (number === '') return { ordinal: null, weekday };
  if (maxOrdinal > 0) {
    const ordinal = readPosition('BYDAY', number, maxOrdinal, report);
    return ordinal === undefined ? undefined : { ordinal, weekday };
  }
  report(
    'not-allowed',
    `must not have a number in BYDAY unless FREQ is MONTHLY or YEARLY, but has "${text}"`,
  );
  return undefined;
}

/** The maximum number in BYDAY: 5 within months, 53 within years, and 0 (none allowed) for other frequencies. */
function maxOrdinalOf(frequency: Frequency | undefined, hasMonths: boolean): number {
  if (frequency === 'HOURLY' || frequency === 'DAILY' || frequency === 'WEEKLY') return 0;
  return frequency === 'MONTHLY' || hasMonths ? 5 : 53;
}

/** The maximum number of days that BYSETPOS can choose from. */
function maxPositionOf(frequency: Frequency | undefined, weekdays: number): number {
  if (frequency === 'DAILY') return 1;
  if (frequency === 'WEEKLY') return Math.max(weekdays, 1);
  return frequency === 'MONTHLY' ? 31 : 366;
}

/** Reads the values of a list. Each may occur once. */
function readList<T>(
  name: Name,
  text: string | undefined,
  read: (item: string) => T | undefined,
  report: Report,
): T[] {
  const values = new Map<string, T>();
  for (const item of text?.split(',') ?? []) {
    const value = read(item);
    if (value === undefined) continue;
    const key = JSON.stringify(value);
    if (values.has(key)) report('duplicate', `must have ${item} only once in ${name}`);
    values.set(key, value);
  }
  return [...values.values()];
}

function readFrequency(text: string | undefined, report: Report): Frequency | undefined {
  const frequency = FREQUENCIES.find((known) => known === text);
  if (text === undefined) report('required', 'must have FREQ');
  else if (!frequency) report('not-allowed', `must have one of ${FREQUENCIES.join(', ')} in FREQ`);
  return frequency;
}

function readUntil(text: string, report: Report): Until | null {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)Z)?$/.exec(text) ?? [];
  const date = `${year}-${month}-${day}`;
  const isTime = hour === undefined || (Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60);
  if (isDate(date) && isTime) {
    return hour === undefined ? { date } : { instant: new Date(`${date}T${hour}:${minute}:${second}Z`) };
  }
  report(
    'wrong-format',
    'must have a date such as 20261231, or a time in UTC such as 20261231T225959Z, in UNTIL',
  );
  return null;
}

/**
 * Parses a value of RRULE. Its parts are FREQ (HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY), INTERVAL (up to 999), BYMONTH,
 * BYMONTHDAY, BYDAY, BYSETPOS, WKST, and either COUNT (up to 9999) or UNTIL (a date, or a time in UTC). An hourly rule
 * can have BYHOUR and no BYSETPOS. They are in capitals and in any order.
 * @returns the rule, or all its errors; a rule that matches no day from any start is an error too
 */
export function parseRule(text: string): Rule | RuleError[] {
  if (text.length > MAX_LENGTH) {
    return [{ code: 'too-long', detail: `must have at most ${MAX_LENGTH} characters` }];
  }
  if (/^RRULE[:;]/i.test(text)) {
    return [{ code: 'wrong-format', detail: 'must not begin with RRULE' }];
  }

  const errors: RuleError[] = [];
  const report: Report = (code, detail) => errors.push({ code, detail });
  const parts = splitParts(text, report);
  const frequency = readFrequency(parts.get('FREQ'), report);
  const maxOrdinal = maxOrdinalOf(frequency, parts.has('BYMONTH'));
  const one = <T>(name: Name, read: (value: string) => T) =>
    parts.has(name) ? read(parts.get(name) ?? '') : undefined;
  const list = <T>(name: Name, read: (item: string) => T | undefined) =>
    readList(name, parts.get(name), read, report);

  const byDay = list('BYDAY', (item) => readByDay(item, maxOrdinal, report));
  const maxPosition = maxPositionOf(frequency, byDay.length);
  const rule: Rule = {
    text,
    frequency: frequency ?? 'DAILY',
    interval: one('INTERVAL', (value) => readNumber('INTERVAL', value, MAX_INTERVAL, report)) ?? 1,
    count: one('COUNT', (value) => readNumber('COUNT', value, MAX_COUNT, report)) ?? null,
    until: one('UNTIL', (value) => readUntil(value, report)) ?? null,
    byMonth: list('BYMONTH', (item) => readNumber('BYMONTH', item, 12, report)),
    byMonthDay: list('BYMONTHDAY', (item) => readPosition('BYMONTHDAY', item, 31, report)),
    byDay,
    byHour: list('BYHOUR', (item) => readHour(item, report)),
    bySetPos: list('BYSETPOS', (item) => readPosition('BYSETPOS', item, maxPosition, report)),
    weekStart: one('WKST', (value) => readWeekday('WKST', value, report)) ?? MONDAY,
  };

  if (parts.has('COUNT') && parts.has('UNTIL')) report('not-allowed', 'must not have both COUNT and UNTIL');
  if (frequency === 'WEEKLY' && parts.has('BYMONTHDAY')) {
    report('not-allowed', 'must not have BYMONTHDAY if FREQ is WEEKLY');
  }
  if (parts.has('BYHOUR') && frequency !== 'HOURLY') {
    report('not-allowed', 'must not have BYHOUR unless FREQ is HOURLY');
  }
  if (parts.has('BYSETPOS') && frequency === 'HOURLY') {
    report('not-allowed', 'must not have BYSETPOS if FREQ is HOURLY');
  }
  if (parts.has('BYSETPOS') && !parts.has('BYMONTH') && !parts.has('BYMONTHDAY') && !parts.has('BYDAY')) {
    report('required', 'must have BYMONTH, BYMONTHDAY or BYDAY if it has BYSETPOS');
  }
  if (errors.length === 0 && !matchesSomeDay(dayPartsOf(rule)))
    report('not-allowed', 'must match at least one day');
  return errors.length === 0 ? rule : errors;
}

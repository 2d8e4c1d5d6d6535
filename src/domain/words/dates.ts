/** Reads dates. They are days counted from 1970-01-01. */
import { dayOf, LAST_DAY, monthLength, toDate, weekdayOf } from '../recurrence/day-number';
import {
  isBoundary,
  isJoined,
  isLast,
  isQuantity,
  lookUp,
  type Read,
  readDigits,
  readNumber,
  readOrdinalDigits,
  readPhrase,
  type Scan,
  skip,
  textAt,
} from './scan';
import { readTime } from './times';
import type { Reason } from './types';
import type { Unit } from './vocabulary';

export interface DateRead {
  readonly day: number;
  /** The time of day in minutes, if the words name one. `in two hours` does. */
  readonly minutes?: number;
  readonly assumed?: boolean;
  /** Why it cannot be the date of a task. */
  readonly reason?: Reason;
}

type DateReader = (scan: Scan, index: number, hasPreposition: boolean) => Read<DateRead> | undefined;

const at = (day: number, end: number, more: Omit<DateRead, 'day'> = {}): Read<DateRead> => ({
  value: { day, ...more },
  end,
});

const refused = (reason: Reason, end: number) => at(Number.NaN, end, { reason });

/** The year, month and day of the month of a day. */
function partsOf(day: number): [year: number, month: number, date: number] {
  const [year, month, date] = toDate(day).split('-').map(Number);
  return [year as number, month as number, date as number];
}

function addMonths(day: number, months: number): number {
  const [year, month, date] = partsOf(day);
  const first = year * 12 + month - 1 + months;
  const [toYear, toMonth] = [Math.floor(first / 12), (first % 12) + 1];
  return dayOf(toYear, toMonth, Math.min(date, monthLength(toYear, toMonth)));
}

function addUnits(day: number, count: number, unit: Exclude<Unit, 'minute' | 'hour'>): number {
  if (unit === 'day' || unit === 'week') return day + count * (unit === 'week' ? 7 : 1);
  return addMonths(day, count * { month: 1, quarter: 3, year: 12 }[unit]);
}

const isPossible = (year: number, month: number, date: number) =>
  month >= 1 && month <= 12 && date >= 1 && date <= monthLength(year, month);

/** A date of the calendar. Without a year it is the next such date, today included. */
function toCalendarDay({ now }: Scan, end: number, year: number | undefined, month: number, date: number) {
  if (year !== undefined) {
    if (!isPossible(year, month, date)) return refused('not-a-date', end);
    const day = dayOf(year, month, date);
    return day < now.day ? refused('past', end) : at(day, end);
  }
  const [thisYear] = partsOf(now.day);
  for (let each = thisYear; each <= thisYear + 8; each++) {
    if (isPossible(each, month, date) && dayOf(each, month, date) >= now.day) {
      return at(dayOf(each, month, date), end);
    }
  }
  return refused('not-a-date', end);
}

/** The monday of the week that begins `weeks` after this one. */
const mondayIn = (scan: Scan, weeks: number) => scan.now.day - weekdayOf(scan.now.day) + 7 * weeks;

/** A word for a weekday that can stand alone, or any word for a weekday. */
function readWeekday({ words, ...scan }: Scan, index: number, any: boolean): number | undefined {
  const word = scan.tokens[index]?.text;
  return lookUp(words.weekdays, word) ?? (any ? lookUp(words.shortWeekdays, word) : undefined);
}

const readRelative: DateReader = (scan, index) => {
  const { words, now } = scan;
  const days = readPhrase(scan, words.days, index);
  if (days) return at(now.day + days.value, days.end);
  const tonight = readPhrase(scan, words.tonight, index);
  if (tonight) return at(now.day, tonight.end, { minutes: tonight.value, assumed: true });
  const past = readPhrase(scan, words.past, index);
  return past && refused('past', past.end);
};

/** `last Monday`, `3 days ago`. */
const readPast: DateReader = (scan, index) => {
  const { words } = scan;
  const last = readPhrase(scan, words.last, index);
  if (last) {
    const isNamed =
      readWeekday(scan, last.end, true) !== undefined ||
      ['week', 'month', 'year'].includes(lookUp(words.units, textAt(scan, last.end)) ?? '');
    return isNamed ? refused('past', last.end + 1) : undefined;
  }
  const before = readPhrase(scan, words.before, index);
  const from = before?.end ?? index;
  if (readNumber(scan, from) === undefined || !lookUp(words.units, textAt(scan, from + 1))) return undefined;
  if (before) return refused('past', from + 2);
  const ago = readPhrase(scan, words.ago, from + 2);
  return ago && refused('past', ago.end);
};

/** `next week`, which is its Monday, and a weekday of it. */
function readNextWeek(scan: Scan, index: number): number | undefined {
  const next = readPhrase(scan, scan.words.next, index);
  return next && lookUp(scan.words.units, textAt(scan, next.end)) === 'week' ? next.end + 1 : undefined;
}

const readNext: DateReader = (scan, index) => {
  const { words, now } = scan;
  const next = readPhrase(scan, words.next, index);
  if (!next) return undefined;
  const week = readNextWeek(scan, index);
  if (week !== undefined) {
    const from = skip(scan, words.on, week);
    const weekday = readWeekday(scan, from, from > week);
    return weekday === undefined ? at(mondayIn(scan, 1), week) : at(mondayIn(scan, 1) + weekday, from + 1);
  }
  const weekday = readWeekday(scan, next.end, true);
  // Some people mean the first such day from today, others that of next week.
  if (weekday !== undefined) return at(mondayIn(scan, 1) + weekday, next.end + 1, { assumed: true });
  const weekend = readPhrase(scan, words.weekend, next.end);
  if (weekend) return at(mondayIn(scan, 1) + 5, weekend.end);
  const [year, month] = partsOf(now.day);
  const unit = lookUp(words.units, textAt(scan, next.end));
  if (unit === 'month') return at(addMonths(dayOf(year, month, 1), 1), next.end + 1);
  return unit === 'year' ? at(dayOf(year + 1, 1, 1), next.end + 1) : undefined;
};

const daysUntil = ({ now }: Scan, weekday: number) => (weekday - weekdayOf(now.day) + 7) % 7;

const readThis: DateReader = (scan, index, hasPreposition) => {
  const { words, now } = scan;
  const { end = index } = readPhrase(scan, words.this, index) ?? {};
  const weekend = readPhrase(scan, words.weekend, end);
  if (weekend && (end > index || hasPreposition)) {
    const isSunday = weekdayOf(now.day) === 6;
    return at(now.day + (isSunday ? 0 : daysUntil(scan, 5)), weekend.end);
  }
  if (end === index) return undefined;
  const weekday = readWeekday(scan, end, true);
  if (weekday !== undefined) return at(now.day + daysUntil(scan, weekday), end + 1);
  // `this evening`: the part of the day is read later.
  return readPhrase(scan, words.partsOfDays, end) && at(now.day, end);
};

/** `in 3 days`, `in an hour`. */
const readDistance: DateReader = (scan, index) => {
  const { words, now } = scan;
  const start = readPhrase(scan, words.in, index);
  const count = start && readNumber(scan, start.end);
  const unit = start && lookUp(words.units, textAt(scan, start.end + 1));
  if (!start || count === undefined || !unit) return undefined;
  const end = start.end + 2;
  if (unit !== 'minute' && unit !== 'hour') return at(addUnits(now.day, count, unit), end);
  const { day, minutes } = scan.later(count * (unit === 'hour' ? 60 : 1));
  return at(day, end, { minutes });
};

/** A year of four digits after a date, perhaps after a comma. */
function readYear(scan: Scan, index: number): Read<number | undefined> {
  const from = textAt(scan, index) === ',' ? index + 1 : index;
  const year = textAt(scan, from)?.length === 4 ? readDigits(scan, from, 4) : undefined;
  const isYear = year !== undefined && year >= 1900 && year < 3000 && isBoundary(scan, from + 1);
  return isYear ? { value: year, end: from + 1 } : { value: undefined, end: index };
}

/** A word for a month, with the dot of an abbreviation. */
function readMonth(scan: Scan, index: number): Read<number> | undefined {
  const value = lookUp(scan.words.months, textAt(scan, index));
  if (value === undefined) return undefined;
  const isShort = (textAt(scan, index)?.length ?? 0) <= 4;
  const hasDot =
    isShort && textAt(scan, index + 1) === '.' && isJoined(scan, index + 1) && !isLast(scan, index + 1);
  return { value, end: hasDot ? index + 2 : index + 1 };
}

/** `5 May`, `the 5th of May 2027`, `May 5`. */
const readNamedMonth: DateReader = (scan, index) => {
  const { words } = scan;
  const first = readOrdinalDigits(scan, index);
  const date = first?.value ?? readDigits(scan, index, 2);
  if (date !== undefined) {
    const month = readMonth(scan, skip(scan, words.of, first?.end ?? index + 1));
    if (!month) return undefined;
    const year = readYear(scan, month.end);
    return toCalendarDay(scan, year.end, year.value, month.value, date);
  }
  if (words.ordinalSuffixes.includes('.')) return undefined;
  const month = readMonth(scan, index);
  const day = month && (readOrdinalDigits(scan, month.end) ?? readPlain(scan, month.end));
  if (!month || !day || isQuantity(scan, day.end)) return undefined;
  const year = readYear(scan, day.end);
  return toCalendarDay(scan, year.end, year.value, month.value, day.value);
};

function readPlain(scan: Scan, index: number): Read<number> | undefined {
  const value = readDigits(scan, index, 2);
  return value === undefined ? undefined : { value, end: index + 1 };
}

/** Three numbers with a mark between them, without spaces; the third one may be absent. */
function readNumbers(scan: Scan, index: number, mark: string) {
  const numbers = [readDigits(scan, index, 4), readDigits(scan, index + 2, 2)];
  const areJoined = [1, 2].every((offset) => isJoined(scan, index + offset));
  if (!areJoined || textAt(scan, index + 1) !== mark || numbers.includes(undefined)) return undefined;
  const second = isJoined(scan, index + 3) && textAt(scan, index + 3) === mark;
  const third = second && isJoined(scan, index + 4) ? readDigits(scan, index + 4, 4) : undefined;
  return {
    numbers: numbers as [number, number],
    third,
    thirdLength: textAt(scan, index + 4)?.length,
    hasMark: second,
    end: index + (third !== undefined ? 5 : second ? 4 : 3),
  };
}

/** `2026-12-31`. */
const readIso: DateReader = (scan, index) => {
  const read = textAt(scan, index)?.length === 4 ? readNumbers(scan, index, '-') : undefined;
  if (read?.third === undefined || read.thirdLength !== 2) return undefined;
  const [year, month] = read.numbers;
  return toCalendarDay(scan, read.end, year, month, read.third);
};

/** The year after a day and a month: four digits, or two for the years around this one. */
function yearOf({ now }: Scan, value: number, length: number): number | undefined {
  if (length === 4) return value;
  const [thisYear] = partsOf(now.day);
  const year = 2000 + value;
  return length === 2 && Math.abs(year - thisYear) <= 10 ? year : undefined;
}

/** `31.12.`, `31.12.2026`; in German also `am 31.12`. */
const readDotted: DateReader = (scan, index, hasPreposition) => {
  const read = readNumbers(scan, index, '.');
  if (!read) return undefined;
  const [date, month] = read.numbers;
  if (!isPossible(2000, month, date)) return undefined;
  const isGerman = scan.words.ordinalSuffixes.includes('.');
  if (read.third !== undefined) {
    // `1.2.34` can be a version.
    const isDate = read.thirdLength === 4 || (isGerman && (hasPreposition || date > 12));
    const year = isDate ? yearOf(scan, read.third, read.thirdLength ?? 0) : undefined;
    return year === undefined ? undefined : toCalendarDay(scan, read.end, year, month, date);
  }
  // In English, `1.2.` is rather a number at the end of a sentence.
  const isDate = read.hasMark ? isGerman || date > 12 : isGerman && hasPreposition;
  return isDate ? toCalendarDay(scan, read.end, undefined, month, date) : undefined;
};

/** `12/31/2026`. Without a year, such numbers can be fractions. */
const readSlashed: DateReader = (scan, index) => {
  const read = readNumbers(scan, index, '/');
  if (read?.third === undefined || read.thirdLength !== 4) return undefined;
  const [first, second] = read.numbers;
  const isMonthFirst = second > 12 || (first <= 12 && scan.words.monthFirst);
  const [month, date] = isMonthFirst ? [first, second] : [second, first];
  const found = toCalendarDay(scan, read.end, read.third, month, date);
  const assumed = first <= 12 && second <= 12 && first !== second;
  return { ...found, value: { ...found.value, assumed } };
};

const calendarReaders = [readNamedMonth, readIso, readDotted, readSlashed];

function readCalendarDay(scan: Scan, index: number, hasPreposition: boolean): Read<DateRead> | undefined {
  for (const read of calendarReaders) {
    const found = read(scan, index, hasPreposition);
    if (found) return found;
  }
  return undefined;
}

/** `Monday`, `Monday next week`, `Monday, 5 May`. */
const readDayOfWeek: DateReader = (scan, index, hasPreposition) => {
  const { words, now } = scan;
  const weekday = readWeekday(scan, index, true);
  if (weekday === undefined) return undefined;
  const nextWeek = readNextWeek(scan, index + 1);
  if (nextWeek !== undefined) return at(mondayIn(scan, 1) + weekday, nextWeek);
  const comma = textAt(scan, index + 1) === ',' || textAt(scan, index + 1) === '.' ? index + 2 : index + 1;
  const calendar = readCalendarDay(scan, skip(scan, words.the, skip(scan, words.on, comma)), hasPreposition);
  if (calendar) {
    const { day, reason } = calendar.value;
    return reason || weekdayOf(day) === weekday ? calendar : refused('contradiction', calendar.end);
  }
  // `Sat 5 pm` is Saturday, and `sun at 5` can be the star.
  const hasTime = readDigits(scan, index + 1, 2) !== undefined && readTime(scan, index + 1) !== undefined;
  if (readWeekday(scan, index, hasPreposition || hasTime) === undefined) return undefined;
  return at(now.day + (daysUntil(scan, weekday) || 7), index + 1);
};

/** `on the 3rd`; without a preposition only at the end. */
const readDayOfMonth: DateReader = (scan, index, hasPreposition) => {
  const ordinal = readOrdinalDigits(scan, index);
  if (!ordinal) return undefined;
  const isAlone = isLast(scan, ordinal.end) && !scan.words.ordinalSuffixes.includes('.');
  if (!hasPreposition && !isAlone) return undefined;
  const [year, month] = partsOf(scan.now.day);
  for (let months = 0; months <= 12; months++) {
    const first = addMonths(dayOf(year, month, 1), months);
    const [ofYear, ofMonth] = partsOf(first);
    const day = first + ordinal.value - 1;
    if (isPossible(ofYear, ofMonth, ordinal.value) && day >= scan.now.day) return at(day, ordinal.end);
  }
  return refused('not-a-date', ordinal.end);
};

const readMonthEnd: DateReader = (scan, index) => {
  const phrase = readPhrase(scan, scan.words.monthEnd, index);
  const [year, month] = partsOf(scan.now.day);
  return phrase && at(dayOf(year, month, monthLength(year, month)), phrase.end);
};

const readers = [
  readRelative,
  readPast,
  readNext,
  readThis,
  readDistance,
  readDayOfWeek,
  readCalendarDay,
  readDayOfMonth,
  readMonthEnd,
];

/** True if a link such as `and`, `or` or `bis` is at an index. */
function isLink({ words, tokens }: Scan, index: number): boolean {
  return ['-', '–', '/', ...words.and, ...words.or, ...words.to].includes(tokens[index]?.text ?? '');
}

/** True if the words before a date belong to it: `5 and 6 May`, `5. bis 9. Mai`, `or Friday`. */
function isPreceded(scan: Scan, index: number): boolean {
  if (scan.words.or.includes(textAt(scan, index - 1) ?? '')) return true;
  const beforeLink = textAt(scan, index - 2) === '.' ? index - 3 : index - 2;
  const areNumbers = [index, beforeLink].every((at) => readDigits(scan, at, 2) !== undefined);
  return areNumbers && isLink(scan, index - 1);
}

/** True if the words after a date belong to it: `May 5-6`, `in a month and 3 days`. */
function isFollowed(scan: Scan, end: number): boolean {
  if (!isLink(scan, end) || readDigits(scan, end + 1, 2) === undefined) return false;
  const unit = lookUp(scan.words.units, textAt(scan, end + 2));
  return readDigits(scan, end - 1, 2) !== undefined || unit !== undefined;
}

/** A date, with the preposition and the article before it. */
export function readDate(scan: Scan, index: number, hasPreposition = false): Read<DateRead> | undefined {
  if (!scan.tokens[index]?.isFree) return undefined;
  const { words } = scan;
  const on = skip(scan, words.on, index);
  const the = skip(scan, words.the, on);
  for (const from of new Set([the, on, index])) {
    for (const read of readers) {
      const found = read(scan, from, hasPreposition || on > index);
      if (!found || !isBoundary(scan, found.end)) continue;
      if (found.value.day > LAST_DAY) return refused('not-a-date', found.end);
      const isLinked = isFollowed(scan, found.end) || (!hasPreposition && isPreceded(scan, from));
      if (isLinked) return refused('several-dates', found.end);
      const isRelated = on === index && words.relations.includes(textAt(scan, index - 1) ?? '');
      return isRelated ? refused('relation', found.end) : found;
    }
  }
  return undefined;
}

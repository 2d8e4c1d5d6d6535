/** This file was generated from src/domain/words/recurrence.ts by npm run generate. Do not change it. */
/** Reads recurrence rules in words. */
import { readDate } from './dates.js';
import { firstDay, type RuleParts, ruleOf, weekend, workdays } from './rule.js';
import {
  isBoundary,
  isJoined,
  isLast,
  lookUp,
  type Read,
  readNumber,
  readOrdinal,
  readOrdinalDigits,
  readPhrase,
  type Scan,
  skip,
  textAt,
} from './scan.js';
import { readTime } from './times.js';
import type { Unit } from './vocabulary.js';

const maxInterval = 999;
const maxCount = 9999;

export interface RuleRead {
  readonly rule: RuleParts;
  /** The day on which the rule can begin. */
  readonly from: number;
  readonly fromCompletion: boolean;
  readonly assumed: boolean;
  /** The ranges of tokens that say the rule. A time can be between them. */
  readonly ranges: readonly (readonly [start: number, end: number])[];
}

type Core = Read<{ readonly rule: RuleParts; readonly assumed?: boolean }>;

const core = (
  rule: Partial<RuleParts> & Pick<RuleParts, 'frequency'>,
  end: number,
  assumed = false,
): Core => ({
  value: { rule: ruleOf(rule), assumed },
  end,
});

const inOrder = (numbers: readonly number[]) => [...new Set(numbers)].sort((one, other) => one - other);

/** A list such as `1st, 15th and 27th`. */
function readList<T>(
  scan: Scan,
  index: number,
  read: (index: number) => Read<T> | undefined,
): Read<T[]> | undefined {
  const values: T[] = [];
  let end = index;
  for (;;) {
    let from = end;
    if (values.length > 0) {
      while (scan.words.and.includes(textAt(scan, from) ?? '')) from++;
      if (from === end) break;
    }
    const item = read(from);
    if (!item) break;
    values.push(item.value);
    end = item.end;
  }
  return values.length > 0 ? { value: values, end } : undefined;
}

/** A weekday, or a range such as `Mon-Fri`. */
function readWeekdays(scan: Scan, index: number): Read<number[]> | undefined {
  const { words } = scan;
  const find = (word: string | undefined) =>
    lookUp(words.weekdays, word) ?? lookUp(words.shortWeekdays, word) ?? lookUp(words.pluralWeekdays, word);
  const [from, to] = (textAt(scan, index) ?? '').split('-').map(find);
  if (from === undefined) return undefined;
  if (!textAt(scan, index)?.includes('-')) return { value: [from], end: index + 1 };
  if (to === undefined) return undefined;
  const length = ((to - from + 7) % 7) + 1;
  return { value: Array.from({ length }, (_, offset) => (from + offset) % 7), end: index + 1 };
}

/** Weekdays in order, `weekday` and `weekend`. */
function readWeekdayList(scan: Scan, index: number): Read<readonly number[]> | undefined {
  const { words } = scan;
  const workday = readPhrase(scan, words.workday, index);
  if (workday) return { value: workdays, end: workday.end };
  const days = readPhrase(scan, words.weekend, index);
  if (days) return { value: weekend, end: days.end };
  const list = readList(scan, index, (at) => readWeekdays(scan, at));
  return list && { value: inOrder(list.value.flat()), end: list.end };
}

/** A day of the month: `1st`, `the 27th`, `last day`. */
function readMonthDay(scan: Scan, index: number): Read<number> | undefined {
  const from = skip(scan, scan.words.the, index);
  const last = readPhrase(scan, scan.words.lastDay, from);
  if (last) return { value: -1, end: last.end };
  const ordinal = readOrdinalDigits(scan, from);
  return ordinal && ordinal.value >= 1 && ordinal.value <= 31 ? ordinal : undefined;
}

function readMonthDays(scan: Scan, index: number): Read<number[]> | undefined {
  const list = readList(scan, index, (at) => readMonthDay(scan, at));
  return list && { value: inOrder(list.value), end: skip(scan, scan.words.ofMonth, list.end) };
}

/** `first Monday`, `last weekday`; `isOfMonth` says whether `of the month` follows. */
function readNth(scan: Scan, index: number) {
  const { words } = scan;
  const ordinal = readOrdinal(scan, skip(scan, words.the, index));
  if (!ordinal || ordinal.value > 4) return undefined;
  const workday = readPhrase(scan, words.workday, ordinal.end);
  const word = textAt(scan, ordinal.end);
  const weekday = lookUp(words.weekdays, word) ?? lookUp(words.shortWeekdays, word);
  if (!workday && weekday === undefined) return undefined;
  const end = workday?.end ?? ordinal.end + 1;
  const ofMonth = skip(scan, words.ofMonth, end);
  return {
    value: {
      position: ordinal.value,
      weekdays: workday ? workdays : [weekday as number],
      isOfMonth: ofMonth > end,
    },
    end: ofMonth,
  };
}

/** A day and a month: `5 May`, `May 5th`. */
function readYearDay(scan: Scan, index: number): Read<{ month: number; date: number }> | undefined {
  const { words } = scan;
  const from = skip(scan, words.the, index);
  const first = readOrdinalDigits(scan, from);
  const date = first?.value ?? readNumber(scan, from);
  const monthAt = skip(scan, words.of, first?.end ?? from + 1);
  const month = date === undefined ? undefined : lookUp(words.months, textAt(scan, monthAt));
  if (date !== undefined && month !== undefined) return checked(month, date, monthAt + 1);
  const leading = lookUp(words.months, textAt(scan, from));
  if (leading === undefined) return undefined;
  const ordinal = readOrdinalDigits(scan, from + 1);
  const day = ordinal?.value ?? readNumber(scan, from + 1);
  return day === undefined ? undefined : checked(leading, day, ordinal?.end ?? from + 2);
}

function checked(month: number, date: number, end: number) {
  const isDate = date >= 1 && date <= new Date(Date.UTC(2000, month, 0)).getUTCDate();
  return isDate ? { value: { month, date }, end } : undefined;
}

const frequencies = {
  day: ['DAILY', 1],
  week: ['WEEKLY', 1],
  month: ['MONTHLY', 1],
  quarter: ['MONTHLY', 3],
  year: ['YEARLY', 1],
} as const;

/** `day`, `2 weeks on Monday and Friday`, `other month on the 1st`, `year on 5 May`. */
function readUnits(scan: Scan, index: number): Core | undefined {
  const { words } = scan;
  const other = readPhrase(scan, words.other, index);
  const ordinal = other ? undefined : readOrdinal(scan, index);
  const number = other || ordinal ? undefined : readNumber(scan, index);
  const from = other?.end ?? ordinal?.end ?? (number === undefined ? index : index + 1);
  const count = other ? 2 : (ordinal?.value ?? number ?? 1);
  const unit: Unit | undefined = lookUp(words.units, textAt(scan, from));
  if (!unit || unit === 'hour' || unit === 'minute' || count < 1) return undefined;
  // "Every third day of the month" is a day of the month, and "every first week" is not a rule.
  if (ordinal && (count === 1 || skip(scan, words.ofMonth, from + 1) > from + 1)) {
    const ofMonth = readPhrase(scan, words.ofMonth, from + 1);
    return ofMonth && unit === 'day'
      ? core({ frequency: 'MONTHLY', monthDays: [count] }, ofMonth.end)
      : undefined;
  }
  const [frequency, factor] = frequencies[unit];
  const interval = count * factor;
  if (interval > maxInterval) return undefined;
  const end = from + 1;
  const on = skip(scan, words.inRule, end);
  const plain = core({ frequency, interval }, end);
  if (on === end) return plain;
  if (frequency === 'WEEKLY') {
    const list = readWeekdayList(scan, on);
    return list ? core({ frequency, interval, weekdays: list.value }, list.end) : plain;
  }
  if (frequency === 'MONTHLY') {
    const nth = readNth(scan, on);
    if (nth) return core({ frequency, interval, ...dropOfMonth(nth.value) }, nth.end);
    const days = readMonthDays(scan, on);
    return days ? core({ frequency, interval, monthDays: days.value }, days.end) : plain;
  }
  const date = frequency === 'YEARLY' ? readYearDay(scan, on) : undefined;
  if (!date) return plain;
  const { month, date: monthDay } = date.value;
  return core({ frequency, interval, month, monthDays: [monthDay] }, date.end);
}

const dropOfMonth = ({ position, weekdays }: { position: number; weekdays: readonly number[] }) => ({
  position,
  weekdays,
});

/** `first Monday of the month`, `other Friday`. */
function readNthWeekday(scan: Scan, index: number): Core | undefined {
  const other = readPhrase(scan, scan.words.other, index);
  const list = other && readWeekdayList(scan, other.end);
  if (list) return core({ frequency: 'WEEKLY', interval: 2, weekdays: list.value }, list.end);
  const nth = readNth(scan, index);
  if (!nth) return undefined;
  const { position, weekdays, isOfMonth } = nth.value;
  // "Every second Monday" is every other Monday for most people, and "every third Monday" is one of each month.
  if (position === 2 && !isOfMonth)
    return core({ frequency: 'WEEKLY', interval: 2, weekdays }, nth.end, true);
  const assumed = !isOfMonth && position > 2;
  return core({ frequency: 'MONTHLY', position, weekdays }, nth.end, assumed);
}

/** What can follow `every`. */
function readCore(scan: Scan, index: number): Core | undefined {
  const units = readUnits(scan, index);
  if (units) return units;
  const date = readYearDay(scan, index);
  if (date) {
    const { month, date: monthDay } = date.value;
    return core({ frequency: 'YEARLY', month, monthDays: [monthDay] }, date.end);
  }
  const nth = readNthWeekday(scan, index);
  if (nth) return nth;
  const days = readMonthDays(scan, index);
  if (days) return core({ frequency: 'MONTHLY', monthDays: days.value }, days.end);
  const weekdays = readWeekdayList(scan, index);
  if (weekdays) return core({ frequency: 'WEEKLY', weekdays: weekdays.value }, weekdays.end);
  // `every morning`: the part of the day is read later.
  const part = readPhrase(scan, scan.words.partsOfDays, index);
  return part && core({ frequency: 'DAILY' }, index);
}

/** `every`, or `every!` for rules that count from completions. */
function readEvery(scan: Scan, index: number): Read<boolean> | undefined {
  const every = readPhrase(scan, scan.words.every, index);
  if (!every || !scan.tokens[index]?.isFree) return undefined;
  const hasMark = textAt(scan, every.end) === '!' && isJoined(scan, every.end);
  return { value: hasMark, end: every.end + (hasMark ? 1 : 0) };
}

/** A rule without `every`: `daily`, `Mondays`. */
function readAdverb(scan: Scan, index: number): Core | undefined {
  const { words } = scan;
  if (!scan.tokens[index]?.isFree) return undefined;
  const adverb = readPhrase(scan, words.adverbs, index);
  if (adverb) {
    const isRule = !words.adverbsAtEnd || isLast(scan, adverb.end) || canFollow(scan, adverb.end);
    return isRule ? { value: { rule: adverb.value }, end: adverb.end } : undefined;
  }
  const from = skip(scan, words.on, index);
  if (lookUp(words.pluralWeekdays, textAt(scan, from)) === undefined) return undefined;
  const list = readWeekdayList(scan, from);
  return list && core({ frequency: 'WEEKLY', weekdays: list.value }, list.end);
}

function canFollow(scan: Scan, index: number): boolean {
  const { words } = scan;
  return (
    readTime(scan, index) !== undefined ||
    [words.from, words.until, words.for, words.parts].some((each) => readPhrase<unknown>(scan, each, index))
  );
}

type Tail = { from?: number; until?: number; count?: number };

/** `from 5 May`, `until 31 December`, `for 10 times`. */
function readTail(scan: Scan, index: number): Read<Tail> | undefined {
  const { words } = scan;
  for (const name of ['from', 'until'] as const) {
    const start = readPhrase(scan, words[name], index);
    const date = start && readDate(scan, start.end, true);
    if (date && !date.value.reason && date.value.minutes === undefined) {
      return { value: { [name]: date.value.day }, end: date.end };
    }
  }
  const from = skip(scan, words.for, index);
  const count = readNumber(scan, from);
  const times = count === undefined ? undefined : readPhrase(scan, words.times, from + 1);
  if (count === undefined || count < 1 || count > maxCount || !times) return undefined;
  return { value: { count }, end: times.end };
}

/**
 * A recurrence rule.
 * @returns null if there is a word for `every` whose rule is not understood
 */
export function readRule(scan: Scan, index: number): Read<RuleRead> | null | undefined {
  const every = readEvery(scan, index);
  const read = every ? readCore(scan, every.end) : readAdverb(scan, index);
  if (!read) return every && null;
  if (!isBoundary(scan, read.end)) return every && null;
  const ranges: [number, number][] = [[index, read.end]];
  const tail: Tail = {};
  let end = read.end;
  for (let at = end; ; ) {
    const next = readTail(scan, textAt(scan, at) === ',' ? at + 1 : at);
    if (next && isBoundary(scan, next.end)) {
      if (end === at) (ranges.at(-1) as [number, number])[1] = next.end;
      else ranges.push([at, next.end]);
      Object.assign(tail, next.value);
      at = next.end;
      end = at;
      continue;
    }
    const time = readTime(scan, at);
    const part = readPhrase(scan, scan.words.parts, at) ?? readPhrase(scan, scan.words.partsOfDays, at);
    const passed = time?.end ?? part?.end;
    if (passed === undefined) break;
    at = passed;
  }
  const count = tail.count ?? null;
  const until = tail.until ?? null;
  const rule = { ...read.value.rule, count, until };
  const from = tail.from ?? scan.now.day;
  // A rule ends in one way, and has a date.
  if ((count !== null && until !== null) || firstDay(rule, from) === undefined) return null;
  return {
    value: {
      rule,
      from,
      fromCompletion: every?.value ?? false,
      assumed: read.value.assumed ?? false,
      ranges,
    },
    end,
  };
}

/** This file was generated from src/domain/words/parse.ts by npm run generate. Do not change it. */
/** Finds the dates, times and rules of a text in a language. */
import { dayOf, monthLength, toDate, weekdayOf } from './day-number.js';
import { type DateRead, readDate } from './dates.js';
import { type RuleRead, readRule } from './recurrence.js';
import { isBoundary, lookUp, readDigits, readNumber, readPhrase, type Scan, textAt } from './scan.js';
import { readTime, type TimeRead } from './times.js';
import { tokenize } from './tokens.js';
import type { Finder, Found, Left, Moment, Span } from './types.js';
import type { Part, Vocabulary } from './vocabulary.js';

export type At<T> = T & Span;

/** Everything in a text that can be about time. */
export interface Findings {
  readonly dates: readonly At<DateRead>[];
  readonly times: readonly At<TimeRead>[];
  /** `hasMore` is true for the first of several, such as `morning and evening`. */
  readonly parts: readonly At<Part & { readonly hasMore: boolean }>[];
  readonly rules: readonly (RuleRead & { readonly spans: readonly Span[] })[];
  readonly left: readonly Left[];
  /** True if there is a rule that is not understood, although it has words about time. */
  readonly hasUnreadRule: boolean;
}

/** Finds with the grammar of a language. `taken` are the ranges of the text that are not read, in order. */
export function findWithGrammar(
  text: string,
  taken: readonly Span[],
  words: Vocabulary,
  now: Moment,
  later: (minutes: number) => Moment,
): Findings {
  const tokens = tokenize(text, taken);
  const scan: Scan = { tokens, words, now, later };
  const dates: At<DateRead>[] = [];
  const times: At<TimeRead>[] = [];
  const parts: At<Part & { hasMore: boolean }>[] = [];
  const rules: (RuleRead & { spans: Span[] })[] = [];
  const left: Left[] = [];
  let hasUnreadRule = false;
  const used = new Set<number>();
  const spanOf = (from: number, to: number): Span => ({
    start: tokens[from]?.start ?? 0,
    end: tokens[to - 1]?.end ?? 0,
  });
  const leave = (kind: Left['kind'], reason: Left['reason'], from: number, to: number) => {
    left.push({ ...spanOf(from, to), kind, reason });
    return to;
  };

  /** Reads what is at an index. @returns the index after it */
  const readAt = (index: number): number => {
    const rule = readRule(scan, index);
    if (rule) {
      for (const [from, to] of rule.value.ranges) for (let each = from; each < to; each++) used.add(each);
      rules.push({ ...rule.value, spans: rule.value.ranges.map(([from, to]) => spanOf(from, to)) });
      return index + 1;
    }
    if (rule === null) {
      const end = unreadEnd(scan, index);
      hasUnreadRule ||= end > index + 1;
      return leave('recurrence', 'rule-not-understood', index, end);
    }
    const part = readPhrase(scan, words.parts, index) ?? readFollowingPart(scan, index, used);
    if (part && isBoundary(scan, part.end)) {
      parts.push({ ...part.value, ...spanOf(index, part.end), hasMore: hasMoreTimes(scan, part.end) });
      return part.end;
    }
    const date = readDate(scan, index);
    if (date) {
      dates.push({ ...date.value, ...spanOf(index, date.end) });
      for (let each = index; each < date.end; each++) used.add(each);
      return date.end;
    }
    const time = readTime(scan, index);
    if (time) {
      const more = hasMoreTimes(scan, time.end) && { reason: 'several-times' as const };
      times.push({ ...more, ...time.value, ...spanOf(index, time.end) });
      return time.end;
    }
    const word = textAt(scan, index);
    if (!tokens[index]?.isFree || !isBoundary(scan, index + 1)) return index + 1;
    if (lookUp(words.months, word) !== undefined || words.ambiguous.includes(word ?? '')) {
      return leave('date', 'ambiguous-word', index, index + 1);
    }
    const isDuration = isCount(scan, index) && lookUp(words.units, textAt(scan, index + 1));
    return isDuration ? leave('date', 'duration', index, index + 2) : index + 1;
  };
  for (let index = 0; index < tokens.length; ) index = used.has(index) ? index + 1 : readAt(index);
  return { dates, times, parts, rules, left, hasUnreadRule };
}

/** True if another time follows: `at 8 and 20`, `morning and evening`. */
function hasMoreTimes(scan: Scan, end: number): boolean {
  const { words } = scan;
  if (![...words.and, ...words.or].includes(textAt(scan, end) ?? '')) return false;
  const isNumber = readDigits(scan, end + 1, 2) !== undefined && isBoundary(scan, end + 2);
  return isNumber || readPhrase(scan, words.partsOfDays, end + 1) !== undefined;
}

/** True for a number, but not for an article such as `a`. */
function isCount(scan: Scan, index: number): boolean {
  return readDigits(scan, index, 4) !== undefined || (readNumber(scan, index) ?? 1) > 1;
}

/** A part of the day right after a date or a rule, such as `morning` in `tomorrow morning`. */
function readFollowingPart(scan: Scan, index: number, used: ReadonlySet<number>) {
  return used.has(index - 1) ? readPhrase(scan, scan.words.partsOfDays, index) : undefined;
}

/**
 * The end of a rule that is not understood: after the last word about time among the next words. Without one, `every` is an
 * ordinary word.
 */
function unreadEnd(scan: Scan, index: number): number {
  const { words } = scan;
  let end = index + 1;
  for (let at = index + 1; at <= index + 6; at++) {
    const word = textAt(scan, at);
    if (word === undefined || word === '') break;
    const tables: readonly Readonly<Record<string, unknown>>[] = [
      words.weekdays,
      words.shortWeekdays,
      words.pluralWeekdays,
      words.months,
      words.units,
      words.weekend,
      words.workday,
      words.lastDay,
      words.partsOfDays,
    ];
    if (tables.some((table) => lookUp(table, word) !== undefined) && at <= end + 2) end = at + 1;
  }
  return end;
}

/** A date that a finder has found; undefined if it says no day. */
function toDateRead(found: Found, now: Moment): DateRead | undefined {
  const { year, month, day, weekday } = found;
  if (month !== undefined && day !== undefined) {
    const thisYear = Number(toDate(now.day).slice(0, 4));
    const years = year === undefined ? Array.from({ length: 9 }, (_, more) => thisYear + more) : [year];
    const days = years
      .filter((each) => day <= monthLength(each, month))
      .map((each) => dayOf(each, month, day));
    const next = days.find((each) => each >= now.day);
    if (next !== undefined) return { day: next };
    return { day: Number.NaN, reason: days.length > 0 ? 'past' : 'not-a-date' };
  }
  if (weekday === undefined || month !== undefined || day !== undefined) return undefined;
  return { day: now.day + ((weekday - weekdayOf(now.day) + 7) % 7 || 7) };
}

/** Finds dates and times in a text with the finder of a language. It does not read the ranges in `taken`. */
export function findWith(finder: Finder, text: string, taken: readonly Span[], now: Moment): Findings {
  // A private character is in no date of any language.
  let open = text;
  for (const { start, end } of taken) {
    open = open.slice(0, start) + '\ue000'.repeat(end - start) + open.slice(end);
  }
  const dates: At<DateRead>[] = [];
  const times: At<TimeRead>[] = [];
  for (const found of finder(open, now)) {
    const { start, end, hour, minute = 0 } = found;
    const date = toDateRead(found, now);
    const hasTime = hour !== undefined;
    const isOpen = hasTime && !found.hasMeridiem && hour > 0 && hour <= 12;
    if (date) dates.push({ ...date, start, end, ...(hasTime && { minutes: hour * 60 + minute }) });
    else if (hasTime) times.push({ minutes: hour * 60 + minute, isOpen, start, end });
  }
  return { dates, times, parts: [], rules: [], left: [], hasUnreadRule: false };
}

/** When recurring tasks are due: RFC 5545 on calendar dates, `YYYY-MM-DD`. */
import { addDays, todayIn, toInstant } from '../time/calendar';
import { DAYS_PER_CYCLE, LAST_DAY, toDate, toDay } from './day-number';
import { daysFrom } from './days';
import { explicitParts } from './explicit';
import type { Rule } from './rule';

/** The time of day and the time zone that due dates are in, as a task has them: null for all day, and for floating. */
export interface DueClock {
  /** `HH:MM`. */
  readonly time: string | null;
  /** An IANA time zone. */
  readonly zone: string | null;
}

export const ALL_DAY: DueClock = { time: null, zone: null };

const MAX_OCCURRENCES = 100;

/**
 * The last date that UNTIL lets a rule have; null without UNTIL. An instant is compared with the due time in its zone;
 * all day it stands for the date that it is in the zone, and for its date in UTC where there is no zone.
 */
export function lastDate(rule: Rule, { time, zone }: DueClock = ALL_DAY): string | null {
  if (rule.until === null) return null;
  if ('date' in rule.until) return rule.until.date;
  const { instant } = rule.until;
  const date = todayIn(zone ?? 'UTC', instant);
  if (time === null || zone === null) return date;
  let last = addDays(date, 1);
  while (toInstant(last, time, zone) > instant) last = addDays(last, -1);
  return last;
}

/** The last day that a series can have by its rule's UNTIL and COUNT. */
function lastDay(rule: Rule, first: number, clock: DueClock): number {
  const until = lastDate(rule, clock);
  if (until !== null) return toDay(until);
  // What COUNT counts has to be gone through from the start: that ends when the calendar has come round.
  return rule.count === null ? LAST_DAY : Math.min(first + DAYS_PER_CYCLE * rule.interval, LAST_DAY);
}

/**
 * The days of the series that starts at `start`, from one on. The start is the first, whether or not the rule means it. A
 * series with COUNT ends after 400 years times INTERVAL at the latest, any other in the year 9999.
 */
export function* seriesFrom(
  rule: Rule,
  start: string,
  from: number,
  clock: DueClock,
): Generator<number, void, undefined> {
  const first = toDay(start);
  const last = lastDay(rule, first, clock);
  if (first > last || from > last) return;
  if (first >= from) yield first;
  let left = (rule.count ?? Number.POSITIVE_INFINITY) - 1;
  const next = rule.count === null ? Math.max(first + 1, from) : first + 1;
  for (const day of daysFrom(explicitParts(rule, start), first, next)) {
    if (day > last || left-- <= 0) return;
    if (day >= from) yield day;
  }
}

/**
 * The dates of the series that starts at `start`, in order, after a date or else from the start on: at most `limit` of
 * them, 1 to 100. The start is the first date and the first that COUNT counts, also where the rule does not mean it, which
 * RFC 5545, section 3.8.5.3, leaves open; what the rule means comes after it.
 */
export function occurrences(
  rule: Rule,
  start: string,
  { after, limit, clock = ALL_DAY }: { after?: string | undefined; limit: number; clock?: DueClock },
): string[] {
  if (!(limit >= 1 && limit <= MAX_OCCURRENCES)) throw new RangeError(`limit is ${limit}`);
  const from = after === undefined ? toDay(start) : toDay(after) + 1;
  const dates: string[] = [];
  for (const day of seriesFrom(rule, start, from, clock)) {
    dates.push(toDate(day));
    if (dates.length >= limit) break;
  }
  return dates;
}

/** The first date after another in the series that starts at `start`; null where there is none. */
export function nextDate(rule: Rule, start: string, after: string, clock?: DueClock): string | null {
  return occurrences(rule, start, { after, limit: 1, ...(clock && { clock }) })[0] ?? null;
}

/** What a recurring task is when it is completed. */
export interface Completion {
  readonly rule: Rule;
  /** Whether the next date comes from the series, or is counted from the day of the completion. */
  readonly repeatFrom: 'schedule' | 'completion';
  /** The date that the series starts at. */
  readonly start: string;
  /** The date that the task was due, and the day that it was completed, in its zone. */
  readonly due: string;
  readonly completedOn: string;
  /** How often the task has been completed, this time included. */
  readonly completions: number;
  readonly clock?: DueClock;
}

/**
 * The date that a task is due next, once it is completed; null if that was the last time. It is the first date of the
 * series after both the due date and the completion: missed ones are passed over, and no date comes twice. From
 * completion, the series is the one that starts on that day, and COUNT counts completions.
 */
export function advance(completion: Completion): string | null {
  const { rule, repeatFrom, start, due, completedOn, completions, clock = ALL_DAY } = completion;
  const after = due > completedOn ? due : completedOn;
  if (repeatFrom === 'schedule') return nextDate(rule, start, after, clock);
  if (rule.count !== null && completions >= rule.count) return null;
  return nextDate({ ...rule, count: null }, completedOn, after, clock);
}

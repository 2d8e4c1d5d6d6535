/** The due dates of recurring tasks (RFC 5545), as calendar dates `YYYY-MM-DD`. */
import { addDays, todayIn, toInstant } from '../time/calendar';
import { DAYS_PER_CYCLE, LAST_DAY, toDate, toDay } from './day-number';
import { daysFrom } from './days';
import { explicitParts } from './explicit';
import type { Rule } from './rule';

/** The due time and time zone of a task. A null time means all day, a null zone means floating time. */
export interface DueClock {
  /** `HH:MM`. */
  readonly time: string | null;
  /** An IANA time zone. */
  readonly zone: string | null;
}

export const ALL_DAY: DueClock = { time: null, zone: null };

const MAX_OCCURRENCES = 100;

/**
 * The last date that UNTIL allows; null without UNTIL. An instant is compared with the due time in its zone. If the
 * task is due all day or has no zone, the date of the instant in the zone counts, or in UTC without a zone.
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

/** The last day that UNTIL and COUNT of the rule allow. */
function lastDay(rule: Rule, first: number, clock: DueClock): number {
  const until = lastDate(rule, clock);
  if (until !== null) return toDay(until);
  // A series with COUNT is counted from its start. The search ends when the calendar repeats.
  return rule.count === null ? LAST_DAY : Math.min(first + DAYS_PER_CYCLE * rule.interval, LAST_DAY);
}

/**
 * The days of the series that starts at `start`, from the day `from` on. The start is always the first day, even if it
 * does not match the rule. A series with COUNT ends after at most 400 years times INTERVAL, any other in the year 9999.
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
 * The dates of the series that starts at `start`, in order: at most `limit` (1 to 100) after the date `after`, or from
 * the start on without `after`. The start is always the first date and counts for COUNT, even if it does not match the
 * rule (RFC 5545, section 3.8.5.3, leaves that open). The dates that match the rule follow.
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

/** The first date after `after` in the series that starts at `start`; null if there is none. */
export function nextDate(rule: Rule, start: string, after: string, clock?: DueClock): string | null {
  return occurrences(rule, start, { after, limit: 1, ...(clock && { clock }) })[0] ?? null;
}

/** A recurring task at the moment of a completion. */
export interface Completion {
  readonly rule: Rule;
  /** Whether the next date follows the series, or counts from the day of the completion. */
  readonly repeatFrom: 'schedule' | 'completion';
  /** The date on which the series starts. */
  readonly start: string;
  /** The due date of the task, and the day of the completion in the task's time zone. */
  readonly due: string;
  readonly completedOn: string;
  /** The number of completions, this one included. */
  readonly completions: number;
  readonly clock?: DueClock;
}

/**
 * The next due date after a completion; null if the series has ended. It is the first date of the series after both the
 * due date and the completion: missed dates are skipped, and no date comes twice. With `repeatFrom: 'completion'`, the
 * series starts on the day of the completion, and COUNT counts completions.
 */
export function advance(completion: Completion): string | null {
  const { rule, repeatFrom, start, due, completedOn, completions, clock = ALL_DAY } = completion;
  const after = due > completedOn ? due : completedOn;
  if (repeatFrom === 'schedule') return nextDate(rule, start, after, clock);
  if (rule.count !== null && completions >= rule.count) return null;
  return nextDate({ ...rule, count: null }, completedOn, after, clock);
}

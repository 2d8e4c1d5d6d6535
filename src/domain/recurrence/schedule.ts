/** The series of recurring tasks (RFC 5545), as points in local time, see `point.ts`. */
import { addDays, timeIn, todayIn, toInstant } from '../time/calendar';
import { DAYS_PER_CYCLE, LAST_DAY, toDate, toDay } from './day-number';
import { daysFrom } from './days';
import { explicitParts } from './explicit';
import { HOURS_PER_DAY, hoursFrom } from './hours';
import { localPoint, partsOf, pointOf } from './point';
import { dayPartsOf, type Rule, type Until } from './rule';

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

/** How the points of a series are counted: in days, or in hours for an hourly rule. */
interface Scale {
  readonly perDay: number;
  readonly toTick: (point: string) => number;
  readonly toPoint: (tick: number) => string;
}

const inDays: Scale = { perDay: 1, toTick: (point) => toDay(point.slice(0, 10)), toPoint: toDate };

/** The scale of the series that starts at `start`. All points of an hourly series have the minute of the start. */
function scaleOf({ frequency }: Rule, start: string): Scale {
  if (frequency !== 'HOURLY') return inDays;
  const minute = start.slice(14);
  return {
    perDay: HOURS_PER_DAY,
    toTick: (point) => toDay(point.slice(0, 10)) * HOURS_PER_DAY + Number(point.slice(11, 13)),
    toPoint(tick) {
      const day = Math.floor(tick / HOURS_PER_DAY);
      return `${toDate(day)}T${String(tick - day * HOURS_PER_DAY).padStart(2, '0')}:${minute}`;
    },
  };
}

/** The last local time that UNTIL allows, as a point with a time. An instant is in UTC if the clock has no zone. */
export function lastLocalTime(until: Until, { zone }: DueClock): string {
  if ('date' in until) return pointOf(until.date, '23:59');
  return localPoint(zone ?? 'UTC', until.instant);
}

/** The last tick that UNTIL and COUNT of the rule allow. */
function lastTick(rule: Rule, first: number, { perDay, toPoint, toTick }: Scale, clock: DueClock): number {
  if (rule.until !== null && perDay > 1) {
    const local = lastLocalTime(rule.until, clock);
    const tick = toTick(local);
    return toPoint(tick) > local ? tick - 1 : tick;
  }
  const until = lastDate(rule, clock);
  if (until !== null) return (toDay(until) + 1) * perDay - 1;
  const end = (LAST_DAY + 1) * perDay - 1;
  // A series with COUNT is counted from its start. The search ends when the calendar repeats.
  return rule.count === null ? end : Math.min(first + DAYS_PER_CYCLE * perDay * rule.interval, end);
}

/**
 * The ticks of the series that starts at `start`, from the tick `from` on. The start is always the first, even if it
 * does not match the rule. A series with COUNT ends after at most 400 years times INTERVAL, any other in the year 9999.
 */
function* ticksFrom(
  rule: Rule,
  start: string,
  from: number,
  scale: Scale,
  clock: DueClock,
): Generator<number, void, undefined> {
  const first = scale.toTick(start);
  const last = lastTick(rule, first, scale, clock);
  if (first > last || from > last) return;
  if (first >= from) yield first;
  let left = (rule.count ?? Number.POSITIVE_INFINITY) - 1;
  const next = rule.count === null ? Math.max(first + 1, from) : first + 1;
  const matching =
    rule.frequency === 'HOURLY'
      ? hoursFrom(rule, first, next)
      : daysFrom(explicitParts(dayPartsOf(rule), start), first, next);
  for (const tick of matching) {
    if (tick > last || left-- <= 0) return;
    if (tick >= from) yield tick;
  }
}

/** The last point of a series that ends. Excluded dates count. */
export function lastPoint(rule: Rule, start: string, clock: DueClock): string {
  const scale = scaleOf(rule, start);
  let last = scale.toTick(start);
  for (const tick of ticksFrom(rule, start, last, scale, clock)) last = tick;
  return scale.toPoint(last);
}

/** True if the clocks of a time zone skip a local time. */
function isSkipped(point: string, zone: string): boolean {
  const { date, time } = partsOf(point);
  return time !== null && timeIn(zone, toInstant(date, time, zone)).slice(0, 5) !== time;
}

// An excluded date without a time excludes all points of its day.
function isExcluded(point: string, excluded: ReadonlySet<string>): boolean {
  return excluded.size > 0 && (excluded.has(point) || excluded.has(point.slice(0, 10)));
}

/** Which points of a series are wanted. */
export interface Wanted {
  /** Only points after this one. Without it, the points begin at the start of the series. */
  readonly after?: string | undefined;
  /** The maximum number of points, 1 to 100. */
  readonly limit: number;
  readonly clock?: DueClock | undefined;
  /** Points that are left out, or dates whose points are left out. They count for COUNT. */
  readonly excluded?: readonly string[] | undefined;
}

/**
 * The points of the series that starts at `start`, in order: dates, or dates with times for an hourly rule. The start is
 * always the first point and counts for COUNT, even if it does not match the rule (RFC 5545, section 3.8.5.3, leaves that
 * open). The points that match the rule follow. An hourly rule leaves out times that the clocks of the zone skip.
 */
export function occurrences(
  rule: Rule,
  start: string,
  { after, limit, clock = ALL_DAY, excluded = [] }: Wanted,
): string[] {
  if (!(limit >= 1 && limit <= MAX_OCCURRENCES)) throw new RangeError(`limit is ${limit}`);
  const scale = scaleOf(rule, start);
  const omitted = new Set(excluded);
  const points: string[] = [];
  for (const tick of ticksFrom(rule, start, scale.toTick(after ?? start), scale, clock)) {
    const point = scale.toPoint(tick);
    if (after !== undefined && point <= after) continue;
    if (isExcluded(point, omitted) || (clock.zone !== null && isSkipped(point, clock.zone))) continue;
    points.push(point);
    if (points.length >= limit) break;
  }
  return points;
}

/** The first point after `after` in the series that starts at `start`; null if there is none. */
export function nextDate(
  rule: Rule,
  start: string,
  after: string,
  clock?: DueClock,
  excluded?: readonly string[],
): string | null {
  return occurrences(rule, start, { after, limit: 1, clock, excluded })[0] ?? null;
}

/** A recurring task at the moment of a completion. */
export interface Completion {
  readonly rule: Rule;
  /** Whether the next date follows the series, or counts from the day of the completion. */
  readonly repeatFrom: 'schedule' | 'completion';
  /** The point at which the series starts. */
  readonly start: string;
  /** The point of the current occurrence, and the point of the completion in the task's time zone. */
  readonly due: string;
  readonly completedOn: string;
  /** The number of completions, this one included. */
  readonly completions: number;
  readonly clock?: DueClock;
  readonly excluded?: readonly string[];
}

/**
 * The next point after a completion; null if the series has ended. It is the first point of the series after both the
 * current point and the completion: missed dates are skipped, and no date comes twice. With `repeatFrom: 'completion'`, the
 * series starts at the completion, and COUNT counts completions.
 */
export function advance(completion: Completion): string | null {
  const { rule, repeatFrom, start, due, completedOn, completions, clock = ALL_DAY, excluded } = completion;
  const after = due > completedOn ? due : completedOn;
  if (repeatFrom === 'schedule') return nextDate(rule, start, after, clock, excluded);
  if (rule.count !== null && completions >= rule.count) return null;
  return nextDate({ ...rule, count: null }, completedOn, after, clock, excluded);
}

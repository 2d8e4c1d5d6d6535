/** Recurring tasks: merges changes of the rule, and computes the dates of the occurrences. */

import { parseRule } from '../../domain/recurrence/parse';
import { distanceBetween, localPoint, partsOf, pointOf, shiftPoint } from '../../domain/recurrence/point';
import type { Rule, Until } from '../../domain/recurrence/rule';
import {
  advance,
  type Completion,
  type DueClock,
  lastDate,
  lastLocalTime,
  lastPoint,
  nextDate,
  occurrences,
} from '../../domain/recurrence/schedule';
import { todayIn } from '../../domain/time/calendar';
import type { ValidationError } from '../../platform/contract/document/operations';
import type { TaskRow } from '../../platform/database/rows';
import type { Dates } from './due';

/** The maximum number of dates that a rule omits. */
export const maxExcluded = 500;

export interface Recurrence {
  /** The value of an RRULE; null if the task does not recur. */
  readonly rrule: string | null;
  readonly repeat_from: 'schedule' | 'completion';
  /** The first day of the series: the start date of the first occurrence, or its due date if it has no start date. */
  readonly recurrence_start: string | null;
  /** The time of the first occurrence of an hourly rule; null for other rules. */
  readonly recurrence_start_time: string | null;
  /** The due date of the first occurrence. */
  readonly recurrence_due: string | null;
  /** Dates without an occurrence. For an hourly rule, they can have times: `YYYY-MM-DDTHH:MM`. */
  readonly excluded_dates: string[];
  /** The number of completions since the current recurrence rule was set. */
  readonly completion_count: number;
}

/** The parsed rule of a task. It was validated when it was written. */
function ruleOf(rrule: string): Rule {
  const rule = parseRule(rrule);
  if (Array.isArray(rule)) throw new Error(`A task has the invalid rule ${rrule}.`);
  return rule;
}

type Dated = Dates & { readonly due_date: string };

const isHourly = ({ frequency }: Rule) => frequency === 'HOURLY';

/** The point of a series that an occurrence has: its start, or its due date if it has no start. */
function anchorOf(rule: Rule, { start_date, start_time, due_date, due_time }: Dated): string {
  const [date, time] = start_date === null ? [due_date, due_time] : [start_date, start_time];
  return pointOf(date, isHourly(rule) ? time : null);
}

/** The due date of an occurrence as a point. */
function duePointOf(rule: Rule, { due_date, due_time }: Dated): string {
  return pointOf(due_date, isHourly(rule) ? due_time : null);
}

/** What is known about the series of a task. */
type Series = Pick<Recurrence, 'excluded_dates'> &
  Dated & {
    readonly recurrence_start: string;
    readonly recurrence_start_time: string | null;
    readonly recurrence_due: string;
  };

const seriesStart = ({ recurrence_start, recurrence_start_time }: Series) =>
  pointOf(recurrence_start, recurrence_start_time);

/** The time of the points of a series, and their zone. */
function clockOf({ start_date, start_time, due_time, time_zone }: Dates) {
  return { time: start_date === null ? due_time : start_time, zone: time_zone };
}

/** The distance from the start of each occurrence to its due date. */
function distanceOf(rule: Rule, series: Series): number {
  return isHourly(rule)
    ? distanceBetween(anchorOf(rule, series), duePointOf(rule, series))
    : distanceBetween(series.recurrence_start, series.recurrence_due);
}

/** The dates of the occurrence at a point of the series. */
function datesAt(rule: Rule, series: Series, point: string): Dated {
  const { start_date, start_time, time_zone } = series;
  const start = partsOf(point);
  const due = partsOf(start_date === null ? point : shiftPoint(point, distanceOf(rule, series)));
  return {
    due_date: due.date,
    due_time: due.time ?? series.due_time,
    time_zone,
    start_date: start_date === null ? null : start.date,
    start_time: start_date === null ? null : (start.time ?? start_time),
  };
}

/** The later of the point of the current occurrence and the point whose due date it has. */
function currentPoint(rule: Rule, series: Series): string {
  const anchor = anchorOf(rule, series);
  if (series.start_date === null) return anchor;
  const byDue = shiftPoint(duePointOf(rule, series), -distanceOf(rule, series));
  return byDue > anchor ? byDue : anchor;
}

/**
 * The excluded dates after a move of the current occurrence. If it moves to an earlier day, its former day is excluded,
 * because it would come again. A day to which it moves is not excluded any more.
 */
function excludedAfterMove(rule: Rule, before: Series, anchor: string): string[] {
  const former = anchorOf(rule, before);
  const { excluded_dates } = before;
  if (anchor === former) return excluded_dates;
  const start = seriesStart(before);
  const clock = clockOf(before);
  const comesNext = () => nextDate(rule, start, anchor, clock, excluded_dates) === former;
  const isOccurrence = () =>
    occurrences(rule, start, { after: shiftPoint(anchor, -1), limit: 1, clock })[0] === anchor;
  if (anchor < former && !isOccurrence() && comesNext()) {
    return [...excluded_dates, former].sort().slice(-maxExcluded);
  }
  return excluded_dates.filter((each) => each !== anchor);
}

const contradiction = (field: string, detail: string): ValidationError[] => [
  { pointer: `/${field}`, code: 'contradiction', detail },
];

/** The error of an hourly rule whose task lacks a time; undefined if there is none. */
function timeError(rule: Rule, { start_date, start_time, due_time }: Dated): ValidationError[] | undefined {
  if (!isHourly(rule)) return undefined;
  if (due_time === null) return contradiction('rrule', 'requires `due_time` if FREQ is HOURLY');
  if (start_date === null || start_time !== null) return undefined;
  return contradiction('rrule', 'requires `start_time` if FREQ is HOURLY and the task has a `start_date`');
}

/**
 * The recurrence of a task after a change; undefined in `wanted` keeps the present value. Removing the due date removes
 * the present rule too. A rule starts on the start date that the task has when the rule is set, or on the due date if it
 * has none. If the dates change while the task is still on its first occurrence, the start of the series changes too.
 * @param dates the dates of the task after the change
 * @returns validation errors if the rule is not valid
 */
export function mergeRecurrence(
  current: Recurrence & Dates,
  wanted: {
    readonly rrule?: string | null | undefined;
    readonly repeat_from?: Recurrence['repeat_from'] | undefined;
    readonly excluded_dates?: readonly string[] | null | undefined;
  },
  dates: Dates,
): Recurrence | ValidationError[] {
  const { due_date } = dates;
  const kept = due_date === null ? null : current.rrule;
  const rrule = wanted.rrule === undefined ? kept : wanted.rrule;
  const repeat_from = wanted.repeat_from ?? current.repeat_from;
  if (rrule === null) {
    if (wanted.excluded_dates?.length) return contradiction('excluded_dates', 'requires `rrule`');
    const none = { recurrence_start: null, recurrence_start_time: null, recurrence_due: null };
    return { rrule, repeat_from, ...none, excluded_dates: [], completion_count: 0 };
  }

  const rule = parseRule(rrule);
  // One wrong value gives one error.
  if (Array.isArray(rule)) return rule.slice(0, 1).map((error) => ({ ...error, pointer: '/rrule' }));
  if (due_date === null) return contradiction('rrule', 'requires `due_date`');
  const dated: Dated = { ...dates, due_date };
  const error = timeError(rule, dated);
  if (error) return error;

  const excluded_dates = wanted.excluded_dates
    ? [...new Set(wanted.excluded_dates)].sort()
    : current.excluded_dates;
  const anchor = anchorOf(rule, dated);
  const { date: recurrence_start, time: recurrence_start_time } = partsOf(anchor);
  const restarted = { recurrence_start, recurrence_start_time, recurrence_due: due_date };
  const hasStart = (each: Dates) => each.start_date !== null;
  if (!isSeries(current) || rrule !== current.rrule || hasStart(current) !== hasStart(dates)) {
    return { rrule, repeat_from, ...restarted, excluded_dates, completion_count: 0 };
  }
  const { completion_count } = current;
  const hasMovedOn = completion_count > 0 || anchorOf(rule, current) !== seriesStart(current);
  if (!hasMovedOn) return { rrule, repeat_from, ...restarted, excluded_dates, completion_count };
  return {
    rrule,
    repeat_from,
    recurrence_start: current.recurrence_start,
    recurrence_start_time: current.recurrence_start_time,
    recurrence_due: current.recurrence_due,
    excluded_dates: wanted.excluded_dates ? excluded_dates : excludedAfterMove(rule, current, anchor),
    completion_count,
  };
}

function isSeries<T extends Recurrence & Dates>(task: T): task is T & Series {
  return task.rrule !== null && task.recurrence_start !== null;
}

/** A repeating task, from the database or from a reply. */
export type SeriesTask = Series & Pick<Recurrence, 'repeat_from' | 'completion_count'> & { rrule: string };

/** A task with a recurrence rule, and therefore with a due date. */
export type RecurringTask = TaskRow & {
  rrule: string;
  due_date: string;
  recurrence_start: string;
  recurrence_due: string;
};

/** True if completing the task completes an occurrence. That includes a cancelled task: it recurs again afterwards. */
export function isRecurring(row: TaskRow): row is RecurringTask {
  return row.rrule !== null && row.status !== 'completed';
}

/** True if the task has coming occurrences. */
export function goesOn(row: TaskRow): row is RecurringTask {
  return isRecurring(row) && row.status !== 'cancelled';
}

/** True if the task has a recurrence rule, whatever its status is. */
export function hasRule(row: TaskRow): row is RecurringTask {
  return row.rrule !== null;
}

/** True if the due time belongs to the occurrence, because the rule is hourly. */
export function hasTimes(rrule: string): boolean {
  return isHourly(ruleOf(rrule));
}

/** The due date of an occurrence. The time tells the occurrences of an hourly rule apart; undefined means any time. */
export interface OccurrenceKey {
  readonly due_date: string;
  readonly due_time: string | undefined;
}

/** The point of the series whose occurrence is due on a date, with the time for an hourly rule. */
function pointDue(rule: Rule, row: Series, due_date: string, due_time: string | null): string {
  const due = duePointOf(rule, { ...row, due_date, due_time });
  return row.start_date === null ? due : shiftPoint(due, -distanceOf(rule, row));
}

/**
 * True if the rule of the task has an occurrence that is due on a date, with the time for an hourly rule. With
 * `repeat_from: completion`, the dates depend on the completions, so that any date between the first occurrence and the
 * current one can be one.
 */
export function canBeDueOn(row: RecurringTask, { due_date, due_time }: OccurrenceKey): boolean {
  const rule = ruleOf(row.rrule);
  if (isHourly(rule) && due_time === undefined) return false;
  const [point, start] = [pointDue(rule, row, due_date, due_time ?? null), seriesStart(row)];
  if (point <= start) return point === start;
  if (row.repeat_from === 'completion') return point < currentPoint(rule, row);
  return nextDate(rule, start, shiftPoint(point, -1), clockOf(row), row.excluded_dates) === point;
}

type DueTime = Pick<Dated, 'due_date' | 'due_time'>;

/** The points of completed occurrences. A completion without a time is from before the rule became hourly. */
function completedPoints(rule: Rule, row: Series, completed: readonly DueTime[]): string[] {
  return completed
    .filter(({ due_time }) => due_time !== null || !isHourly(rule))
    .map(({ due_date, due_time }) => pointDue(rule, row, due_date, due_time));
}

/** The excluded dates of a task, and the points of due dates that are completed already. */
export function excludedWith(task: Recurrence & Dates, completed: readonly DueTime[]): string[] {
  if (completed.length === 0 || !isSeries(task) || task.rrule === null) return task.excluded_dates;
  const points = completedPoints(ruleOf(task.rrule), task, completed);
  return [...new Set([...task.excluded_dates, ...points])].sort().slice(-maxExcluded);
}

/** The moment when the current occurrence is completed or skipped. */
interface Advance {
  /** The number of completions, with the current one if it is completed. */
  readonly completions: number;
  /** Due dates after the current one that are completed already. */
  readonly completed: readonly DueTime[];
  /** The time zone of the profile, for tasks without their own. */
  readonly zone: string;
  readonly at: Date;
}

/** The point of the current occurrence, and the point of its completion at an instant. */
function completionAt(
  rule: Rule,
  task: Series & Pick<Recurrence, 'repeat_from'>,
  zone: string,
  at: Date,
): { current: string; completedOn: string } {
  const ownZone = task.time_zone ?? zone;
  const today = isHourly(rule) ? localPoint(ownZone, at) : todayIn(ownZone, at);
  // An occurrence is missed when its due date is past, not its start.
  const missed = task.start_date === null ? today : shiftPoint(today, -distanceOf(rule, task));
  return {
    current: currentPoint(rule, task),
    completedOn: task.repeat_from === 'schedule' ? missed : today,
  };
}

/** The dates of the next occurrence if the current one is completed or skipped; null if there is no next one. */
export function nextOccurrence(
  row: RecurringTask,
  { completions, completed, zone, at }: Advance,
): Dated | null {
  const rule = ruleOf(row.rrule);
  const { current, completedOn } = completionAt(rule, row, zone, at);
  const next = advance({
    rule,
    repeatFrom: row.repeat_from,
    start: seriesStart(row),
    due: current,
    completedOn,
    completions,
    clock: clockOf(row),
    excluded: [...row.excluded_dates, ...completedPoints(rule, row, completed)],
  });
  return next === null ? null : datesAt(rule, row, next);
}

/**
 * The current occurrence and the next ones, at most `limit`, if each occurrence is completed when it begins.
 * @param completed due dates after the current one that are completed already
 */
export function comingOccurrences(row: RecurringTask, limit: number, completed: readonly DueTime[]): Dated[] {
  const rule = ruleOf(row.rrule);
  const clock = clockOf(row);
  const excluded = [...row.excluded_dates, ...completedPoints(rule, row, completed)];
  const start = seriesStart(row);
  const points = [currentPoint(rule, row)];
  if (row.repeat_from === 'schedule') {
    if (limit > 1) {
      points.push(...occurrences(rule, start, { after: points[0], limit: limit - 1, clock, excluded }));
    }
  } else {
    for (let completions = row.completion_count + 1; points.length < limit; completions++) {
      const due = points.at(-1) as string;
      const repeatFrom = 'completion';
      const next = advance({ rule, repeatFrom, start, due, completedOn: due, completions, clock, excluded });
      if (next === null) break;
      points.push(next);
    }
  }
  return [row, ...points.slice(1).map((point) => datesAt(rule, row, point))];
}

/** Which coming occurrences of a task are wanted. */
export interface WantedOccurrences {
  /** The due dates of the first day and of the last day. */
  readonly from: string;
  readonly until: string;
  /** The maximum number, 1 to 100. */
  readonly limit: number;
  /** Due dates after the current one that are completed already. */
  readonly completed: readonly DueTime[];
  /** The time zone of the profile, for tasks without their own. */
  readonly zone: string;
  readonly at: Date;
}

/** A rule that ends at a point, or earlier. With an end, the search for the next point of a rare rule is short. */
function endingAt(rule: Rule, point: string, clock: DueClock): Rule {
  const { date } = partsOf(point);
  const isEarlier = (own: Until) =>
    isHourly(rule) ? lastLocalTime(own, clock) < point : (lastDate(rule, clock) as string) < date;
  return rule.until !== null && isEarlier(rule.until) ? rule : { ...rule, until: { date } };
}

// More than a year of days.
const mostSteps = 400;

/** Points of a series that counts from completions, the first after `due` and the day of its completion. */
function* pointsByCompletion(
  task: SeriesTask,
  first: Pick<Completion, 'rule' | 'start' | 'due' | 'completedOn' | 'clock' | 'excluded'>,
): Generator<string, void, undefined> {
  const { repeat_from: repeatFrom, completion_count } = task;
  let { due, completedOn } = first;
  for (let completions = completion_count + 1; completions <= completion_count + mostSteps; completions++) {
    const next = advance({ ...first, repeatFrom, due, completedOn, completions });
    if (next === null) return;
    yield next;
    [due, completedOn] = [next, next];
  }
}

/**
 * The occurrences after the current one that are due in a range of days, if the current one is completed now and each other
 * one on its due date. Missed dates are left out.
 */
export function laterOccurrences(
  task: SeriesTask,
  { from, until, limit, completed, zone, at }: WantedOccurrences,
): Dated[] {
  const rule = ruleOf(task.rrule);
  const clock = clockOf(task);
  const start = seriesStart(task);
  const excluded = [...task.excluded_dates, ...completedPoints(rule, task, completed)];
  const { current: due, completedOn } = completionAt(rule, task, zone, at);
  const last = pointDue(rule, task, until, '23:59');
  const beforeFirst = shiftPoint(pointDue(rule, task, from, '00:00'), -1);
  const ending = endingAt(rule, last, clock);
  const dates: Dated[] = [];
  if (task.repeat_from === 'completion') {
    const series = { rule: ending, start, due, completedOn, clock, excluded };
    for (const point of pointsByCompletion(task, series)) {
      if (point > last || dates.length >= limit) break;
      if (point > beforeFirst) dates.push(datesAt(rule, task, point));
    }
    return dates;
  }
  const after = [due, completedOn, beforeFirst].sort().at(-1);
  return occurrences(ending, start, { after, limit, clock, excluded })
    .filter((point) => point <= last)
    .map((point) => datesAt(rule, task, point));
}

/** The dates of the occurrence of a task that is due on a date, with the time for an hourly rule. */
export function occurrenceDue(row: RecurringTask, due_date: string, due_time: string | null): Dated {
  const rule = ruleOf(row.rrule);
  return datesAt(rule, row, pointDue(rule, row, due_date, due_time));
}

/** A task from a file with a series. */
type ImportedSeries = Recurrence & Dates & { rrule: string };

/** The dates of the occurrences of an imported task at points of its series. */
export function occurrencesAt(task: ImportedSeries, points: readonly string[]): Dated[] {
  const rule = ruleOf(task.rrule);
  return points.map((point) => datesAt(rule, task as ImportedSeries & Series, point));
}

/** Which of these points are occurrences of the series of an imported task. The dates of a COUNT are counted only once. */
export function pointsOf(task: ImportedSeries, points: readonly string[]): string[] {
  const rule = ruleOf(task.rrule);
  const [start, clock] = [seriesStart(task as ImportedSeries & Series), clockOf(task)];
  const last = rule.count === null ? null : lastPoint(rule, start, clock);
  const endless = { ...rule, count: null };
  const isPoint = (point: string) =>
    occurrences(endless, start, { after: shiftPoint(point, -1), limit: 1, clock })[0] === point;
  const excluded = new Set(task.excluded_dates);
  return points.filter((point) => (last === null || point <= last) && !excluded.has(point) && isPoint(point));
}

/** The excluded dates of an imported task whose occurrence at `point` moves to other dates, see `excludedAfterMove`. */
export function excludedAfterMoveOf(task: ImportedSeries, point: string, to: Dated): string[] {
  const rule = ruleOf(task.rrule);
  const series = task as ImportedSeries & Series;
  return excludedAfterMove(rule, { ...series, ...datesAt(rule, series, point) }, anchorOf(rule, to));
}

/** The first point of the series of an imported task that is not in `closed`; null if there is none. */
export function firstOpenPoint(task: ImportedSeries, closed: ReadonlySet<string>): string | null {
  const rule = ruleOf(task.rrule);
  const series = task as ImportedSeries & Series;
  const excluded = [...task.excluded_dates, ...closed];
  return occurrences(rule, seriesStart(series), { limit: 1, clock: clockOf(task), excluded })[0] ?? null;
}

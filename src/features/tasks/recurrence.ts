/** Recurring tasks: merges changes of the rule, and computes the due dates. */

import { parseRule } from '../../domain/recurrence/parse';
import type { Rule } from '../../domain/recurrence/rule';
import { advance, nextDate, occurrences } from '../../domain/recurrence/schedule';
import { addDays, todayIn } from '../../domain/time/calendar';
import type { ValidationError } from '../../platform/contract/document/operations';
import type { TaskRow } from '../../platform/database/rows';

export interface Recurrence {
  /** The value of an RRULE; null if the task does not recur. */
  readonly rrule: string | null;
  readonly repeat_from: 'schedule' | 'completion';
  readonly recurrence_start: string | null;
  /** The number of completions since the current recurrence rule was set. */
  readonly completion_count: number;
}

/** The parsed rule of a task. It was validated when it was written. */
function ruleOf(rrule: string): Rule {
  const rule = parseRule(rrule);
  if (Array.isArray(rule)) throw new Error(`A task has the invalid rule ${rrule}.`);
  return rule;
}

/**
 * The recurrence of a task after a change; undefined in `wanted` keeps the present value. Removing the due date removes
 * the present rule too. A rule starts on the due date that the task has when the rule is set. If the due date changes
 * while the task is still on its first occurrence, the start changes too.
 * @returns validation errors if the rule is not valid
 */
export function mergeRecurrence(
  current: Recurrence & { readonly due_date: string | null },
  wanted: {
    readonly rrule?: string | null | undefined;
    readonly repeat_from?: Recurrence['repeat_from'] | undefined;
  },
  dueDate: string | null,
): Recurrence | ValidationError[] {
  const kept = dueDate === null ? null : current.rrule;
  const rrule = wanted.rrule === undefined ? kept : wanted.rrule;
  const repeat_from = wanted.repeat_from ?? current.repeat_from;
  if (rrule === null) return { rrule, repeat_from, recurrence_start: null, completion_count: 0 };

  const rule = parseRule(rrule);
  // One wrong value gives one error.
  if (Array.isArray(rule)) return rule.slice(0, 1).map((error) => ({ ...error, pointer: '/rrule' }));
  if (dueDate === null) {
    return [{ pointer: '/rrule', code: 'contradiction', detail: 'requires `due_date`' }];
  }
  if (rrule !== current.rrule) return { rrule, repeat_from, recurrence_start: dueDate, completion_count: 0 };
  const { completion_count } = current;
  const hasMovedOn = completion_count > 0 || current.due_date !== current.recurrence_start;
  return {
    rrule,
    repeat_from,
    recurrence_start: hasMovedOn ? current.recurrence_start : dueDate,
    completion_count,
  };
}

/** A task with a recurrence rule, and therefore with a due date. */
export type RecurringTask = TaskRow & { rrule: string; due_date: string; recurrence_start: string };

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

/**
 * True if an occurrence of the task can be due on a date. With `repeat_from: completion`, the dates depend on the
 * completions, so that any date between the start and the due date can be one.
 */
export function canBeDueOn(row: RecurringTask, date: string): boolean {
  const { rrule, repeat_from, recurrence_start, due_date, due_time, time_zone } = row;
  if (date <= recurrence_start) return date === recurrence_start;
  if (repeat_from === 'completion') return date < due_date;
  const clock = { time: due_time, zone: time_zone };
  return nextDate(ruleOf(rrule), recurrence_start, addDays(date, -1), clock) === date;
}

/**
 * The due date of the next occurrence if the current one is completed or skipped at an instant; null if there is no next
 * one.
 * @param completions the number of completions, with the current one if it is completed
 * @param zone the time zone of the profile, for tasks without their own
 */
export function nextDueDate(row: RecurringTask, completions: number, zone: string, at: Date): string | null {
  return advance({
    rule: ruleOf(row.rrule),
    repeatFrom: row.repeat_from,
    start: row.recurrence_start,
    due: row.due_date,
    completedOn: todayIn(row.time_zone ?? zone, at),
    completions,
    clock: { time: row.due_time, zone: row.time_zone },
  });
}

/** The current due date and the next ones, at most `limit`, if each occurrence is completed on its due date. */
export function comingDueDates(row: RecurringTask, limit: number): string[] {
  const rule = ruleOf(row.rrule);
  const clock = { time: row.due_time, zone: row.time_zone };
  const dates = [row.due_date];
  if (row.repeat_from === 'schedule') {
    return limit === 1
      ? dates
      : [
          ...dates,
          ...occurrences(rule, row.recurrence_start, { after: row.due_date, limit: limit - 1, clock }),
        ];
  }
  for (let completions = row.completion_count + 1; dates.length < limit; completions++) {
    const due = dates.at(-1) as string;
    const next = advance({
      rule,
      repeatFrom: 'completion',
      start: row.recurrence_start,
      due,
      completedOn: due,
      completions,
      clock,
    });
    if (next === null) break;
    dates.push(next);
  }
  return dates;
}

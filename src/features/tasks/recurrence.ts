/** Recurring tasks: which rules make sense, and where a task goes on. */

import { parseRule } from '../../domain/recurrence/parse';
import type { Rule } from '../../domain/recurrence/rule';
import { advance, occurrences } from '../../domain/recurrence/schedule';
import { todayIn } from '../../domain/time/calendar';
import type { ValidationError } from '../../platform/contract/document/operations';
import type { TaskRow } from '../../platform/database/rows';

export interface Recurrence {
  /** The value of an RRULE; null for a task that does not recur. */
  readonly rrule: string | null;
  readonly repeat_from: 'schedule' | 'completion';
  readonly recurrence_start: string | null;
  /** How often it was completed by this rule. */
  readonly completion_count: number;
}

/** The rule of a task; it was checked when it was written. */
function ruleOf(rrule: string): Rule {
  const rule = parseRule(rrule);
  if (Array.isArray(rule)) throw new Error(`A task has the rule ${rrule}, which is none.`);
  return rule;
}

/**
 * The recurrence that a task gets by what is wanted of it; undefined keeps what it has. Without a due date, the rule that
 * it had goes too. A rule starts from the due date that it is set with, and until the task has moved on, from the one that
 * it is moved to.
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
  // One value, one error.
  if (Array.isArray(rule)) return rule.slice(0, 1).map((fault) => ({ ...fault, pointer: '/rrule' }));
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

/** A task with a rule. */
export type RecurringTask = TaskRow & { rrule: string; due_date: string; recurrence_start: string };

/** Whether completing a task completes an occurrence. One that was cancelled goes on with that. */
export function isRecurring(row: TaskRow): row is RecurringTask {
  return row.rrule !== null && row.status !== 'completed';
}

/** Whether a task has occurrences to come. */
export function goesOn(row: TaskRow): row is RecurringTask {
  return isRecurring(row) && row.status !== 'cancelled';
}

/**
 * The day that a recurring task is due next, if it is done with this one now; null if there is none.
 * @param completions how often it has been completed then
 * @param zone the time zone of the user's profile, for tasks without one
 */
export function nextDueDate(row: RecurringTask, completions: number, zone: string, now: Date): string | null {
  return advance({
    rule: ruleOf(row.rrule),
    repeatFrom: row.repeat_from,
    start: row.recurrence_start,
    due: row.due_date,
    completedOn: todayIn(row.time_zone ?? zone, now),
    completions,
    clock: { time: row.due_time, zone: row.time_zone },
  });
}

/** The days that a recurring task is due, from the present one on, if each is completed on its day. */
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

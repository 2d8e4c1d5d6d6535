/** Due dates: merges changes of them, and computes their instants. */

import { toInstant } from '../../domain/time/calendar';
import type { ValidationError } from '../../platform/contract/document/operations';
import { isWritableInstant } from '../../platform/contract/validation/formats';
import type { Reminder } from '../../platform/database/rows';

export interface Due {
  /** `YYYY-MM-DD`. */
  readonly due_date: string | null;
  /** `HH:MM`; null if the task is due all day. */
  readonly due_time: string | null;
  /** An IANA time zone; null for floating time. */
  readonly time_zone: string | null;
}

/** A due date with its instant; null if the task has no due time or no time zone. */
export interface DueAt extends Due {
  readonly due_at: Date | null;
}

type Wanted = { readonly [F in keyof Due]?: Due[F] | undefined };

/**
 * The due date of a task after a change; undefined in `wanted` keeps the present value. Removing the date also removes
 * the present time and time zone.
 */
export function mergeDue(current: Due, wanted: Wanted): DueAt {
  const merged = {
    due_date: wanted.due_date === undefined ? current.due_date : wanted.due_date,
    due_time: wanted.due_time === undefined ? current.due_time : wanted.due_time,
    time_zone: wanted.time_zone === undefined ? current.time_zone : wanted.time_zone,
  };
  if (merged.due_date !== null) return { ...merged, due_at: dueAt(merged) };
  const { due_time = null, time_zone = null } = wanted;
  return { due_date: null, due_time, time_zone, due_at: null };
}

/** The validation errors of a due date; empty if it is valid. */
export function dueErrors(due: DueAt): ValidationError[] {
  if (due.due_date !== null) {
    if (due.due_at === null || isWritableInstant(due.due_at)) return [];
    const detail = 'must be in the years 1 to 9999 in UTC, together with the due time and the time zone';
    return [{ pointer: '/due_date', code: 'wrong-format', detail }];
  }
  return (['due_time', 'time_zone'] as const)
    .filter((field) => due[field] !== null)
    .map((field) => ({ pointer: `/${field}`, code: 'contradiction', detail: 'requires `due_date`' }));
}

/** The reminders that a task keeps. Without a due date, it loses the reminders that are relative to the due date. */
export function remindersLeft(reminders: readonly Reminder[], dueDate: string | null): Reminder[] {
  return reminders.filter(({ at }) => at !== null || dueDate !== null);
}

/** The instant of a due date; null if the task has no due time or no time zone. */
export function dueAt({ due_date, due_time, time_zone }: Due): Date | null {
  if (due_date === null || due_time === null || time_zone === null) return null;
  return toInstant(due_date, due_time, time_zone);
}

/** Start and due dates: merges changes of them, and computes their instants. */

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

/** The start and due dates of a task. Both are in the same time zone. */
export interface Dates extends Due {
  /** `YYYY-MM-DD`. */
  readonly start_date: string | null;
  /** `HH:MM`; null if the task can begin when the day begins. */
  readonly start_time: string | null;
}

/** Dates with their instants; an instant is null if there is no time or no time zone. */
export interface DatesAt extends Dates {
  readonly due_at: Date | null;
  readonly start_at: Date | null;
}

type Wanted = { readonly [F in keyof Dates]?: Dates[F] | undefined };

/** True if a task starts after it is due. */
function startsLate({ start_date, start_time, due_date, due_time }: Dates): boolean {
  if (start_date === null || due_date === null) return false;
  return (
    start_date > due_date || (start_date === due_date && (start_time ?? '00:00') > (due_time ?? '24:00'))
  );
}

/**
 * The dates of a task after a change; undefined in `wanted` keeps the present value. Removing a date also removes its
 * present time, and removing both removes the time zone. If only the due date moves, and to before the start, the task
 * starts on its new due date.
 */
export function mergeDates(current: Dates, wanted: Wanted): DatesAt {
  const { due_date, start_date, ...times } = { ...current, ...defined(wanted) };
  const merged = {
    due_date,
    due_time: due_date === null ? (wanted.due_time ?? null) : times.due_time,
    time_zone: due_date === null && start_date === null ? (wanted.time_zone ?? null) : times.time_zone,
    start_date,
    start_time: start_date === null ? (wanted.start_time ?? null) : times.start_time,
  };
  const keepsStart = start_date === current.start_date && merged.start_time === current.start_time;
  const moved = keepsStart && startsLate(merged) ? { start_date: due_date, start_time: null } : {};
  return withInstants({ ...merged, ...moved });
}

function defined(wanted: Wanted): Partial<Dates> {
  return Object.fromEntries(
    (['due_date', 'due_time', 'time_zone', 'start_date', 'start_time'] as const)
      .filter((field) => wanted[field] !== undefined)
      .map((field) => [field, wanted[field]]),
  );
}

/** The validation errors of the dates; empty if they are valid. */
export function dateErrors(dates: DatesAt): ValidationError[] {
  const requires = (field: keyof Dates, needed: string, isMet: boolean): ValidationError[] =>
    isMet || dates[field] === null
      ? []
      : [{ pointer: `/${field}`, code: 'contradiction', detail: `requires ${needed}` }];
  const errors = [
    ...requires('due_time', '`due_date`', dates.due_date !== null),
    ...requires('start_time', '`start_date`', dates.start_date !== null),
    ...requires(
      'time_zone',
      '`due_date` or `start_date`',
      dates.due_date !== null || dates.start_date !== null,
    ),
  ];
  if (startsLate(dates)) {
    errors.push({ pointer: '/start_date', code: 'contradiction', detail: 'must not be after the due date' });
  }
  for (const name of ['due', 'start'] as const) {
    const instant = dates[`${name}_at`];
    if (instant === null || isWritableInstant(instant)) continue;
    const detail = `must be in the years 1 to 9999 in UTC, together with the ${name} time and the time zone`;
    errors.push({ pointer: `/${name}_date`, code: 'wrong-format', detail });
  }
  return errors;
}

/** The reminders that a task keeps. Without a due date, it loses the reminders that are relative to the due date. */
export function remindersLeft(reminders: readonly Reminder[], dueDate: string | null): Reminder[] {
  return reminders.filter(({ at }) => at !== null || dueDate !== null);
}

function instantAt(date: string | null, time: string | null, zone: string | null): Date | null {
  return date === null || time === null || zone === null ? null : toInstant(date, time, zone);
}

/** The instant of a due date; null if the task has no due time or no time zone. */
export function dueAt({ due_date, due_time, time_zone }: Due): Date | null {
  return instantAt(due_date, due_time, time_zone);
}

/** The dates of a task with their instants. */
export function withInstants({ due_date, due_time, time_zone, start_date, start_time }: Dates): DatesAt {
  return {
    ...{ due_date, due_time, time_zone, start_date, start_time },
    due_at: instantAt(due_date, due_time, time_zone),
    start_at: instantAt(start_date, start_time, time_zone),
  };
}

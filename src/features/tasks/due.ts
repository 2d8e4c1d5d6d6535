/** Due dates: which ones make sense, and the instants that they stand for. */

import { toInstant } from '../../domain/time/calendar';
import { isWritableInstant } from '../../platform/contract/validation/formats';
import type { Reminder } from '../../platform/database/rows';

export interface Due {
  /** `YYYY-MM-DD`. */
  readonly due_date: string | null;
  /** `HH:MM`; null for all day. */
  readonly due_time: string | null;
  /** An IANA time zone; null for one that floats. */
  readonly time_zone: string | null;
}

type Wanted = { readonly [F in keyof Due]?: Due[F] | undefined };

/**
 * The due date that a task gets by what is wanted of it; undefined keeps what it has. Without a date, the time and the
 * zone that it had go too.
 */
export function mergeDue(current: Due, wanted: Wanted): Due {
  const merged = {
    due_date: wanted.due_date === undefined ? current.due_date : wanted.due_date,
    due_time: wanted.due_time === undefined ? current.due_time : wanted.due_time,
    time_zone: wanted.time_zone === undefined ? current.time_zone : wanted.time_zone,
  };
  if (merged.due_date !== null) return merged;
  return { due_date: null, due_time: wanted.due_time ?? null, time_zone: wanted.time_zone ?? null };
}

/** The reminders that a task keeps when it is due then: those before a due date go with it. */
export function remindersLeft(reminders: readonly Reminder[], dueDate: string | null): Reminder[] {
  return reminders.filter(({ at }) => at !== null || dueDate !== null);
}

/** The instant of a due date; null if it is all day or floats. */
export function dueAt({ due_date, due_time, time_zone }: Due): Date | null {
  if (due_date === null || due_time === null || time_zone === null) return null;
  return toInstant(due_date, due_time, time_zone);
}

/** Whether a due date has no instant, or one that can be written. */
export function isWritable(due: Due): boolean {
  const instant = dueAt(due);
  return instant === null || isWritableInstant(instant);
}

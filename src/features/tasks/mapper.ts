import type { Schemas } from '../../platform/contract/document/operations';
import { type Dates, dueAt } from './due';
import { type ListedTask, shownFields } from './fields';

/** A value in JSON. */
type Json<T> = T extends Date ? string : T;

type Computed = 'user_id' | 'completed';

type ShownTask = { [F in Exclude<(typeof shownFields)[number], Computed>]: Json<ListedTask[F]> } & {
  user_id: string;
  completed: boolean;
};

// A field that the contract does not have does not compile here.
const fields: readonly (keyof Schemas['Task'])[] = shownFields;

// A copy of an object with all fields is faster than a new object that gets them one by one.
const empty: Readonly<Record<string, unknown>> = Object.fromEntries(fields.map((field) => [field, null]));

/** Maps a task to the schema `Task`. */
export function toTask(userId: string, row: ListedTask): Schemas['Task'] {
  const task = { ...empty };
  for (const field of fields) {
    if (field === 'user_id' || field === 'completed') continue;
    const value = row[field];
    task[field] = value instanceof Date ? value.toISOString() : value;
  }
  task.user_id = userId;
  task.completed = row.status === 'completed';
  return task as unknown as ShownTask;
}

/** Maps the dates of an occurrence to the schema `Occurrence`. */
export function toOccurrence({
  due_date,
  due_time,
  time_zone,
  start_date,
  start_time,
}: Dates & { due_date: string }): Schemas['Occurrence'] {
  return {
    due_date,
    due_time,
    time_zone,
    due_at: dueAt({ due_date, due_time, time_zone })?.toISOString() ?? null,
    start_date,
    start_time,
  };
}

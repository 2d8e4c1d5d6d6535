/** Tasks as VTODO (RFC 5545, section 3.6.2). */
import { pointOf } from '../recurrence/point';
import { alarms } from './alarm';
import { type Property, toInstantValue, toLines, toText } from './document';
import { dueProperty, periodProperties } from './due';
import { recurrenceProperties, seriesProperties } from './recurrence';
import type { CalendarTask } from './task';

/** The values of STATUS by the status of a task. */
export const todoStatuses: Readonly<Record<CalendarTask['status'], string>> = {
  pending: 'NEEDS-ACTION',
  in_progress: 'IN-PROCESS',
  completed: 'COMPLETED',
  cancelled: 'CANCELLED',
};

/** The values of PRIORITY by the priority of a task, from 1 (highest) to 9. */
export const todoPriorities: Readonly<Record<CalendarTask['priority'], number>> = {
  urgent: 1,
  high: 3,
  medium: 5,
  low: 9,
};

/** The properties that VTODO and VEVENT share. */
export function commonProperties(task: CalendarTask): Property[] {
  const { description, tags } = task;
  const properties: Property[] = [
    ['uid', {}, 'text', task.id],
    ['dtstamp', {}, 'date-time', toInstantValue(task.updated_at)],
    ['created', {}, 'date-time', toInstantValue(task.created_at)],
    ['last-modified', {}, 'date-time', toInstantValue(task.updated_at)],
    ['sequence', {}, 'integer', task.version],
    ['summary', {}, 'text', toText(task.title)],
  ];
  if (description) properties.push(['description', {}, 'text', toText(description)]);
  properties.push(['priority', {}, 'integer', todoPriorities[task.priority]]);
  if (tags.length > 0) properties.push(['categories', {}, 'text', ...tags.map(toText)]);
  // FILENAME is from RFC 8607, section 4.2.
  for (const { url, title } of task.links)
    properties.push(['attach', title === null ? {} : { filename: title }, 'uri', url]);
  return properties;
}

/**
 * The properties for an import of what DTSTART and DUE cannot say: the time zone of a task without a time; and a start that
 * equals DUE (several programs write both as the same) or is at midnight (which stands for a start without a time).
 */
export const timeZoneProperty = 'x-tasklane-time-zone';
export const startProperty = 'x-tasklane-start';

function hiddenProperties({
  time_zone,
  start_date,
  start_time,
  due_date,
  due_time,
}: CalendarTask): Property[] {
  const properties: Property[] = [];
  if (time_zone !== null && start_time === null && due_time === null)
    properties.push([timeZoneProperty, {}, 'unknown', time_zone]);
  const clock = start_time ?? '00:00';
  const equalsDue = start_date === due_date && clock === (due_time ?? '00:00');
  if (start_date !== null && (equalsDue || (start_time === '00:00' && due_time !== null)))
    properties.push([startProperty, {}, 'unknown', pointOf(start_date, start_time)]);
  return properties;
}

/** The VTODO of a task as text. */
export function todoLines(task: CalendarTask): string {
  const { due_date, completed_at, parent_id } = task;
  const properties = commonProperties(task);
  properties.push(['status', {}, 'text', todoStatuses[task.status]]);
  // A rule needs a start (RFC 5545, section 3.8.5.3).
  if (due_date !== null && task.rrule !== null && task.start_date === null) {
    properties.push(dueProperty('dtstart', { ...task, due_date }));
  }
  properties.push(...periodProperties(task, 'due'), ...recurrenceProperties(task), ...seriesProperties(task));
  properties.push(...hiddenProperties(task));
  if (completed_at !== null) properties.push(['completed', {}, 'date-time', toInstantValue(completed_at)]);
  if (parent_id !== null) properties.push(['related-to', { reltype: 'PARENT' }, 'text', parent_id]);
  return toLines(['vtodo', properties, alarms(task)]);
}

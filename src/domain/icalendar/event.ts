/** Tasks as VEVENT (RFC 5545, section 3.6.1), for calendars that show no VTODO. */
import { toLines } from './document';
import { dueProperty } from './due';
import { recurrenceProperties } from './recurrence';
import type { CalendarTask } from './task';
import { commonProperties } from './todo';

/** A due task's VEVENT: all day, or half an hour from the due time on; empty for one without a due date. */
export function eventLines(task: CalendarTask): string {
  const { due_date, due_time } = task;
  if (due_date === null) return '';
  const properties = commonProperties(task);
  properties.push(dueProperty('dtstart', { ...task, due_date }));
  if (due_time !== null) properties.push(['duration', {}, 'duration', 'PT30M']);
  // Dates that follow from when a task is done are not known before.
  if (task.repeat_from === 'schedule') properties.push(...recurrenceProperties(task));
  properties.push(['transp', {}, 'text', 'TRANSPARENT']);
  return toLines(['vevent', properties, []]);
}

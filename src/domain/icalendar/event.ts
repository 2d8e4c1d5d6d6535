/** Tasks as VEVENT (RFC 5545, section 3.6.1), for calendar programs that do not show VTODO. */
import { toLines } from './document';
import { dueProperty, periodProperties } from './due';
import { recurrenceProperties } from './recurrence';
import type { CalendarTask } from './task';
import { commonProperties } from './todo';

/**
 * The VEVENT of a task: all day, or half an hour from the due time; from the start to the due date if the task has a
 * start. Empty without a due date.
 */
export function eventLines(task: CalendarTask): string {
  const { due_date, due_time } = task;
  if (due_date === null) return '';
  const properties = commonProperties(task);
  const { start_date, start_time } = task;
  const isPeriod = start_date !== null && (start_date !== due_date || start_time !== due_time);
  if (isPeriod) properties.push(...periodProperties(task, 'dtend'));
  else properties.push(dueProperty('dtstart', { ...task, due_date }));
  if (!isPeriod && due_time !== null) properties.push(['duration', {}, 'duration', 'PT30M']);
  // If the next date depends on the completion, it is not known yet.
  if (task.repeat_from === 'schedule') properties.push(...recurrenceProperties(task));
  properties.push(['transp', {}, 'text', 'TRANSPARENT']);
  return toLines(['vevent', properties, []]);
}

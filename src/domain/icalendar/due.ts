/** Due dates as DATE and DATE-TIME values (RFC 5545, sections 3.3.4 and 3.3.5). */
import { setImmediate as turn } from 'node:timers/promises';
import { addDays } from '../time/calendar';
import type { Property } from './document';
import { timeZoneLines } from './time-zone';

/** The due date of a task: `YYYY-MM-DD`, `HH:MM`, and an IANA time zone. */
export interface CalendarDue {
  readonly due_date: string | null;
  readonly due_time: string | null;
  readonly time_zone: string | null;
}

/** The start and due dates of a task. The time zone is the zone of both. */
export interface CalendarDates extends CalendarDue {
  readonly start_date: string | null;
  readonly start_time: string | null;
}

/** The time zone that the property of a due date refers to; null for all day, UTC and floating time. */
function referredZone({ due_time, time_zone }: CalendarDue): string | null {
  return due_time === null || time_zone === 'UTC' ? null : time_zone;
}

/** A property with a due date: a date, a floating time, a time in UTC, or a time with a reference to a zone. */
export function dueProperty(name: string, due: CalendarDue & { readonly due_date: string }): Property {
  if (due.due_time === null) return [name, {}, 'date', due.due_date];
  const local = `${due.due_date}T${due.due_time}:00`;
  const zone = referredZone(due);
  if (zone !== null) return [name, { tzid: zone }, 'date-time', local];
  return [name, {}, 'date-time', due.time_zone === null ? local : `${local}Z`];
}

/** The dates with a time, if one of them has a time. */
function withTime({ due_time, start_time, ...rest }: CalendarDates): CalendarDue {
  return { ...rest, due_time: due_time ?? start_time };
}

/** The time of DTSTART; null for a date. It has a time if the due date has one (RFC 5545, section 3.8.2.3). */
export function startClock({ start_date, start_time, due_time }: CalendarDates): string | null {
  if (start_date === null) return due_time;
  return start_time ?? (due_time === null ? null : '00:00');
}

/** The time of day at which a VTODO ends, `HH:MM:SS`. */
export function endClock({ start_time, due_time }: CalendarDates): string {
  if (due_time !== null) return `${due_time}:00`;
  return start_time === null ? '00:00:00' : '23:59:59';
}

/**
 * The properties with the start and the end of a task: `end` is the name of the second. Both are dates or both are times.
 * So if only one has a time, the other gets the first or the last second of its day.
 */
export function periodProperties(task: CalendarDates, end: 'due' | 'dtend'): Property[] {
  const { start_date, start_time, due_date, due_time, time_zone } = task;
  const at = (name: string, date: string, time: string | null) =>
    dueProperty(name, { due_date: date, due_time: time, time_zone });
  const isTimed = due_time !== null || start_time !== null;
  const properties: Property[] = [];
  if (start_date !== null) properties.push(at('dtstart', start_date, startClock(task)));
  if (due_date !== null && due_time === null && isTimed) {
    const [name, parameters, type] = at(end, due_date, '23:59');
    properties.push([
      name,
      parameters,
      type,
      `${due_date}T${endClock(task)}${time_zone === 'UTC' ? 'Z' : ''}`,
    ]);
  } else if (due_date !== null) {
    properties.push(
      at(end, end === 'dtend' && due_time === null ? addDays(due_date, 1) : due_date, due_time),
    );
  }
  return properties;
}

/**
 * The text of a calendar's components, page by page. A VTIMEZONE comes before the first component that refers to it.
 * @param toComponent writes the component of an item
 */
export async function* withTimeZones<I extends CalendarDates & { readonly rrule: string | null }>(
  pages: AsyncIterable<readonly I[]>,
  toComponent: (item: I) => string,
): AsyncGenerator<string> {
  const written = new Set<string>();
  for await (const page of pages) {
    let lines = '';
    for (const item of page) {
      const zone = item.time_zone === null ? null : referredZone(withTime(item));
      if (zone !== null && !written.has(zone)) {
        written.add(zone);
        lines += timeZoneLines(zone);
      }
      lines += toComponent(item);
      // A rule with a high COUNT takes long. Other requests must not wait for it.
      if (item.rrule !== null) await turn();
    }
    yield lines;
  }
}

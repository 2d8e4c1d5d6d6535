/** Due dates as DATE and DATE-TIME values (RFC 5545, sections 3.3.4 and 3.3.5). */
import { setImmediate as turn } from 'node:timers/promises';
import type { Property } from './document';
import { timeZoneLines } from './time-zone';

/** The due date of a task: `YYYY-MM-DD`, `HH:MM`, and an IANA time zone. */
export interface CalendarDue {
  readonly due_date: string | null;
  readonly due_time: string | null;
  readonly time_zone: string | null;
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

/**
 * The text of a calendar's components, page by page. A VTIMEZONE comes before the first component that refers to it.
 * @param toComponent writes the component of an item
 */
export async function* withTimeZones<I extends CalendarDue & { readonly rrule: string | null }>(
  pages: AsyncIterable<readonly I[]>,
  toComponent: (item: I) => string,
): AsyncGenerator<string> {
  const written = new Set<string>();
  for await (const page of pages) {
    let lines = '';
    for (const item of page) {
      const zone = item.due_date === null ? null : referredZone(item);
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

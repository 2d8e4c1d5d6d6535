/** Days and instants in time zones, with Intl alone. Days are `YYYY-MM-DD`, times of day `HH:MM` or `HH:MM:SS`. */

const dayMs = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** The day and the time of day at an instant in a time zone. */
export function localAt(zone: string, instant: number): { readonly day: string; readonly time: string } {
  const two = '2-digit';
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en', {
      ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric' },
      ...{ month: two, day: two, hour: two, minute: two, second: two },
    });
  formats.set(zone, format);
  const parts: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(instant)) parts[type] = value;
  const { year = '', month, day, hour, minute, second } = parts;
  return { day: `${year.padStart(4, '0')}-${month}-${day}`, time: `${hour}:${minute}:${second}` };
}

/**
 * The instant of a day and time in a time zone (RFC 5545, section 3.3.5). If clocks skip the time, it is later by the
 * length of the gap. If clocks show the time twice, it is the first of the two.
 */
export function toInstant(day: string, time: string, zone: string): number {
  const asUtc = Date.parse(`${day}T${time}Z`);
  const offsetAt = (instant: number) => {
    const local = localAt(zone, instant);
    return Date.parse(`${local.day}T${local.time}Z`) - instant;
  };
  const [before, after] = [offsetAt(asUtc - dayMs), offsetAt(asUtc + dayMs)];
  const isShownAt = (offset: number) => offsetAt(asUtc - offset) === offset;
  return asUtc - (!isShownAt(before) && isShownAt(after) ? after : before);
}

/** The day after a day. */
export const nextDay = (day: string): string =>
  new Date(Date.parse(`${day}T00:00Z`) + dayMs).toISOString().slice(0, 10);

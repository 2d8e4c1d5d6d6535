/** Days and instants in time zones, with Intl alone. Days are `YYYY-MM-DD`, times of day `HH:MM` or `HH:MM:SS`. */

export interface Local {
  readonly day: string;
  readonly time: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(zone, format);
  }
  return format;
}

/** The day and time of day at an instant in a time zone. */
export function localAt(zone: string, instant: number): Local {
  const parts: Record<string, string> = {};
  for (const { type, value } of formatOf(zone).formatToParts(instant)) parts[type] = value;
  const { year = '', month, day, hour, minute, second } = parts;
  return { day: `${year.padStart(4, '0')}-${month}-${day}`, time: `${hour}:${minute}:${second}` };
}

/** Milliseconds from UTC at an instant in a time zone. */
function offsetAt(zone: string, instant: number): number {
  const { day, time } = localAt(zone, instant);
  return Date.parse(`${day}T${time}Z`) - Math.floor(instant / 1000) * 1000;
}

/**
 * The instant of a day and time in a time zone (RFC 5545, section 3.3.5). If clocks skip the time, it is later by the
 * length of the gap. If clocks show the time twice, it is the first of the two.
 */
export function toInstant(day: string, time: string, zone: string): number {
  const asUtc = Date.parse(`${day}T${time}Z`);
  const dayMs = 86_400_000;
  const [before, after] = [offsetAt(zone, asUtc - dayMs), offsetAt(zone, asUtc + dayMs)];
  const isShownAt = (offset: number) => offsetAt(zone, asUtc - offset) === offset;
  return asUtc - (!isShownAt(before) && isShownAt(after) ? after : before);
}

/** The day after a day. */
export function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

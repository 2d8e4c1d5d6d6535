/** IANA time zones as VTIMEZONE (RFC 5545, section 3.6.5). */
import { LRUCache } from 'lru-cache';
import { Temporal } from 'temporal-polyfill';
import { type Component, type Property, toLines } from './document';

const firstYear = 2000;
const lastYear = 2100;

/** The beginning of a new offset. `at` is the local time in the previous offset. */
interface Onset {
  readonly at: string;
  /** Minutes. */
  readonly from: number;
  readonly to: number;
  readonly daylight: boolean;
}

function offsetOf(zoned: Temporal.ZonedDateTime): number {
  return Math.round(zoned.offsetNanoseconds / 60_000_000_000);
}

function startOfYear(zone: string, year: number): Temporal.ZonedDateTime {
  return Temporal.PlainDate.from({ year, month: 1, day: 1 }).toZonedDateTime(zone);
}

// The zone data does not name the standard time. It is the smaller of the offsets in January and July.
function isDaylight(zoned: Temporal.ZonedDateTime): boolean {
  const january = startOfYear(zoned.timeZoneId, zoned.year);
  return offsetOf(zoned) > Math.min(offsetOf(january), offsetOf(january.with({ month: 7 })));
}

function onsetsOf(zone: string): Onset[] {
  const start = startOfYear(zone, firstYear);
  const offset = offsetOf(start);
  const onsets: Onset[] = [
    { at: `${firstYear}-01-01T00:00:00`, from: offset, to: offset, daylight: isDaylight(start) },
  ];
  for (let next = start.getTimeZoneTransition('next'); next && next.year <= lastYear; ) {
    const from = onsets.at(-1)?.to ?? offset;
    const to = offsetOf(next);
    const at = next.toPlainDateTime().add({ minutes: from - to });
    if (from !== to)
      onsets.push({ at: at.toString({ smallestUnit: 'second' }), from, to, daylight: isDaylight(next) });
    next = next.getTimeZoneTransition('next');
  }
  return onsets;
}

function offsetText(minutes: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function observance(onsets: readonly Onset[]): Component {
  const [first] = onsets as [Onset, ...Onset[]];
  const properties: Property[] = [
    ['dtstart', {}, 'date-time', first.at],
    ['tzoffsetfrom', {}, 'utc-offset', offsetText(first.from)],
    ['tzoffsetto', {}, 'utc-offset', offsetText(first.to)],
  ];
  // Some programs ignore DTSTART if there is RDATE, and all values of an RDATE after the first.
  if (onsets.length > 1) {
    properties.push(...onsets.map(({ at }): Property => ['rdate', {}, 'date-time', at]));
  }
  return [first.daylight ? 'daylight' : 'standard', properties, []];
}

// Computing the offsets of a zone takes a tenth of a second.
const known = new LRUCache<string, string>({ max: 1_000 });

/** The VTIMEZONE of a time zone as text, with all changes of its offset from 2000 to 2100. */
export function timeZoneLines(zone: string): string {
  const cached = known.get(zone);
  if (cached !== undefined) return cached;
  const alike = Map.groupBy(onsetsOf(zone), ({ from, to, daylight }) => `${from} ${to} ${daylight}`);
  const properties: Property[] = [['tzid', {}, 'text', zone]];
  const lines = toLines(['vtimezone', properties, [...alike.values()].map(observance)]);
  known.set(zone, lines);
  return lines;
}

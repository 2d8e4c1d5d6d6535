/** Days and times in time zones. Days are `YYYY-MM-DD`, times of day are `HH:MM`, time zones are IANA names. */
import { LRUCache } from 'lru-cache';
import { Temporal } from 'temporal-polyfill';

/** True if a text is a day `YYYY-MM-DD` of the Gregorian calendar, from the year 1 on. */
export function isDate(text: string): boolean {
  if (!/^(?!0000)\d{4}-\d\d-\d\d$/.test(text)) return false;
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function zoned(zone: string, now: Date): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone);
}

/** The day at an instant in a time zone. */
export function todayIn(zone: string, now: Date): string {
  return zoned(zone, now).toPlainDate().toString();
}

/** The time of day, `HH:MM:SS`, at an instant in a time zone. */
export function timeIn(zone: string, now: Date): string {
  return zoned(zone, now).toPlainTime().toString({ smallestUnit: 'second' });
}

/** The day that is `days` days later. */
export function addDays(day: string, days: number): string {
  return Temporal.PlainDate.from(day).add({ days }).toString();
}

// Lists compute the same few due times many times, and Temporal takes about 10 µs for each.
const instants = new LRUCache<string, number>({ max: 10_000 });

/**
 * The instant of a day and time in a time zone (RFC 5545, section 3.3.5). If clocks skip the time, it is later by the
 * length of the gap. If clocks show the time twice, it is the first of the two.
 */
export function toInstant(day: string, time: string, zone: string): Date {
  const key = `${day}T${time} ${zone}`;
  let instant = instants.get(key);
  if (instant === undefined) {
    const local = Temporal.PlainDateTime.from(`${day}T${time}`);
    instant = local.toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds;
    instants.set(key, instant);
  }
  return new Date(instant);
}

/**
 * Moves an instant by days and minutes on the wall clock: from the clock of one time zone to the clock of another. A time
 * that clocks skip or show twice is read as by `toInstant`.
 */
export function moveInstant(
  instant: Date,
  by: { readonly days: number; readonly minutes: number },
  { from, to }: { readonly from: string; readonly to: string },
): Date {
  const local = zoned(from, instant).toPlainDateTime().add(by);
  return new Date(local.toZonedDateTime(to, { disambiguation: 'compatible' }).epochMilliseconds);
}

/** The number of days from one day to another. */
export function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / (24 * 60 * 60 * 1000);
}

/** The instant at which a day begins in a time zone. That is not always midnight. */
export function startOfDay(day: string, zone: string): Date {
  return new Date(Temporal.PlainDate.from(day).toZonedDateTime(zone).epochMilliseconds);
}

/** An offset of a time zone from UTC, and the instant at which it begins. */
export interface Offset {
  readonly from: Date;
  readonly seconds: number;
}

// Temporal takes up to a millisecond for one clock change.
const offsets = new LRUCache<string, readonly Offset[]>({ max: 1_000 });

/**
 * The offsets of a time zone between two instants, in order. The first applies at `since`, or in 1970 if that is
 * later.
 */
export function offsetsBetween(zone: string, since: Date, until: Date): readonly Offset[] {
  // Whole years, so that cached offsets can be used again.
  const begin = Date.UTC(Math.max(1970, since.getUTCFullYear()), 0);
  const end = Date.UTC(until.getUTCFullYear() + 1, 0);
  const key = `${zone} ${begin} ${end}`;
  let found = offsets.get(key);
  if (!found) {
    const all: Offset[] = [];
    let next: Temporal.ZonedDateTime | null = zoned(zone, new Date(begin));
    while (next && (all.length === 0 || next.epochMilliseconds < end)) {
      all.push({ from: new Date(next.epochMilliseconds), seconds: next.offsetNanoseconds / 1e9 });
      next = next.getTimeZoneTransition('next');
    }
    found = all;
    offsets.set(key, found);
  }
  return found;
}

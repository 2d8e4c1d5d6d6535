/** Days and times on the calendars of time zones. Days are `YYYY-MM-DD`, times of day `HH:MM`, zones IANA names. */
import { LRUCache } from 'lru-cache';
import { Temporal } from 'temporal-polyfill';

/** Whether a text is a day `YYYY-MM-DD` of the Gregorian calendar, from the year 1 on. */
export function isDate(text: string): boolean {
  if (!/^(?!0000)\d{4}-\d\d-\d\d$/.test(text)) return false;
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function zoned(zone: string, now: Date): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone);
}

/** The day that it is at an instant in a time zone. */
export function todayIn(zone: string, now: Date): string {
  return zoned(zone, now).toPlainDate().toString();
}

/** The time of day, `HH:MM:SS`, that clocks in a time zone show at an instant. */
export function timeIn(zone: string, now: Date): string {
  return zoned(zone, now).toPlainTime().toString({ smallestUnit: 'second' });
}

/** The day so many days later. */
export function addDays(day: string, days: number): string {
  return Temporal.PlainDate.from(day).add({ days }).toString();
}

// Lists reckon the same few due times again and again, and Temporal takes some 10 µs for one.
const instants = new LRUCache<string, number>({ max: 10_000 });

/**
 * The instant of a day and time in a time zone. Where clocks skip the time it is as much later; where they show it twice
 * it is the first (RFC 5545, section 3.3.5).
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

/** The instant at which a day begins in a time zone, which is not always midnight. */
export function startOfDay(day: string, zone: string): Date {
  return new Date(Temporal.PlainDate.from(day).toZonedDateTime(zone).epochMilliseconds);
}

/** A time zone's offset from UTC, and the instant from which it holds. */
export interface Offset {
  readonly from: Date;
  readonly seconds: number;
}

// Temporal takes up to a millisecond for one change of the clocks.
const offsets = new LRUCache<string, readonly Offset[]>({ max: 1_000 });

/** The offsets that a time zone has from one instant to another, in order. The first holds at `since`, from 1970 on. */
export function offsetsBetween(zone: string, since: Date, until: Date): readonly Offset[] {
  // Whole years, so that what is known serves for as long.
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

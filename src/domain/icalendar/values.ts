/** Reads values of properties (RFC 5545, section 3.3). Their size is checked before any computation. */
import { isDate } from '../time/calendar';

/** A DATE or DATE-TIME in the formats of the contract. */
export interface DateValue {
  /** `YYYY-MM-DD`, in the years 0001 to 9999. */
  readonly date: string;
  /** `HH:MM:SS`; null for a DATE. */
  readonly time: string | null;
  readonly isUtc: boolean;
}

/** Reads a DATE or DATE-TIME; undefined if it is neither, or if the day or time does not exist. */
export function readDateValue(text: string): DateValue | undefined {
  const [, year, month, day, hour, minute, second, utc] =
    /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/i.exec(text) ?? [];
  const date = `${year}-${month}-${day}`;
  if (!isDate(date)) return undefined;
  if (hour === undefined) return { date, time: null, isUtc: false };
  // A leap second becomes second 59.
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  return { date, time: `${hour}:${minute}:${second === '60' ? '59' : second}`, isUtc: utc !== '' };
}

const [minute, hour, day] = [60, 3_600, 86_400];

/** The longest allowed duration, in seconds: from the first to the last day of the years 1 to 9999. */
export const maxDuration = 3_652_058 * day;

/**
 * The seconds of a DURATION; negative for the past. A day counts 24 hours. The result can exceed {@link maxDuration}.
 * @returns undefined if the text is not a duration
 */
export function readDuration(text: string): number | undefined {
  // A number with more than 30 digits exceeds the maximum in every unit.
  if (/^[+-]?PT?\d{31}/i.test(text)) return Infinity;
  const [, sign, weeks, days, hours, minutes, seconds] =
    /^([+-]?)P(?=[T\d])(?:(\d{1,30})W)?(?:(\d{1,30})D)?(?:T(?=\d)(?:(\d{1,30})H)?(?:(\d{1,30})M)?(?:(\d{1,30})S)?)?$/i.exec(
      text,
    ) ?? [];
  if (sign === undefined) return undefined;
  const parts = [weeks, days, hours, minutes, seconds].map((each) => Number(each ?? 0));
  const [w = 0, d = 0, h = 0, m = 0, s = 0] = parts;
  const total = (7 * w + d) * day + h * hour + m * minute + s;
  return sign === '-' ? -total : total;
}

/** The local date and time that is `seconds` later, without clock changes; undefined outside the years 0001 to 9999. */
export function addSeconds({ date, time, isUtc }: DateValue, seconds: number): DateValue | undefined {
  const sum = new Date(Date.parse(`${date}T${time ?? '00:00:00'}Z`) + seconds * 1_000);
  const text = Number.isNaN(sum.getTime()) ? '' : sum.toISOString();
  const later = text.slice(0, 10);
  // Other years have a sign and six digits.
  if (!isDate(later)) return undefined;
  return { date: later, time: time === null ? null : text.slice(11, 19), isUtc };
}

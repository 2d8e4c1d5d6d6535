/** The formats that the contract adds to JSON Schema's, or checks more strictly. */
import { fullFormats } from 'ajv-formats/dist/formats';
import { isTimeZone } from '../../../domain/time/zones';

const { validate: isDate } = fullFormats.date as { validate: (value: string) => boolean };
const { validate: isDateTime } = fullFormats['date-time'] as { validate: (value: string) => boolean };

/** Whether an instant is in the years 1 to 9999 in UTC: RFC 3339 has four digits for the year. */
export function isWritableInstant(instant: Date): boolean {
  const year = instant.getUTCFullYear();
  return year >= 1 && year <= 9999;
}

/** The two digits of text at an index as a number; NaN if they are not digits. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : Number.NaN;
}

/**
 * Whether text is an instant in the service's own spelling, `2027-01-31T08:00:00.000Z`, on one of the first 28 days of a
 * month, so that the date exists in any year.
 */
function isPlainInstant(text: string): boolean {
  if (text.length !== 24 || text[4] !== '-' || text[7] !== '-' || text[10] !== 'T' || text[13] !== ':')
    return false;
  if (text[16] !== ':' || text[19] !== '.' || text[23] !== 'Z') return false;
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  return (
    twoDigits(text, 0) + twoDigits(text, 2) > 0 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= 28 &&
    twoDigits(text, 11) <= 23 &&
    twoDigits(text, 14) <= 59 &&
    twoDigits(text, 17) <= 59 &&
    twoDigits(text, 20) >= 0 &&
    twoDigits(text, 21) >= 0
  );
}

/** Whether text is an RFC 3339 date-time whose instant is in the years 1 to 9999 in UTC too. */
function isInstant(value: string): boolean {
  // Most values need no slower check.
  if (isPlainInstant(value)) return true;
  const instant = new Date(value);
  return isWritableInstant(instant) && (instant.toISOString() === value || isDateTime(value));
}

interface Format {
  readonly validate: (value: string) => boolean;
  /** The `detail` of the validation error for a value that does not match. */
  readonly detail: string;
}

const described: Readonly<Record<string, Format>> = {
  date: { validate: isDate, detail: 'must be a calendar date such as 2027-01-31' },
  'excluded-date': {
    validate: (value) => isDate(value.slice(0, 10)),
    detail: 'must be a date such as 2027-01-31, or a date with a time such as 2027-01-31T18:00',
  },
  'iana-time-zone': { validate: isTimeZone, detail: 'must be an IANA time zone such as Europe/Zurich' },
  'date-time': {
    validate: isInstant,
    detail: 'must be a date and time that exists, in the years 0001 to 9999 in UTC',
  },
  'well-formed': {
    validate: (value) => value.isWellFormed(),
    detail: 'must not contain lone surrogates',
  },
};

/** The checks of these formats, in the form that Ajv takes. */
export const formats: Readonly<Record<string, Format['validate']>> = Object.fromEntries(
  Object.entries(described).map(([name, { validate }]) => [name, validate]),
);

/** The `detail` of the validation error for a format; undefined for the formats of JSON Schema. */
export function formatDetail(name: string): string | undefined {
  return described[name]?.detail;
}

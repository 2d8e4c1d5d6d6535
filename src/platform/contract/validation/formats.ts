/** The values of `format` that the contract has beside those of JSON Schema, or means more by. */
import { fullFormats } from 'ajv-formats/dist/formats';
import { isTimeZone } from '../../../domain/time/zones';

const { validate: isDate } = fullFormats.date as { validate: (value: string) => boolean };
const { validate: isDateTime } = fullFormats['date-time'] as { validate: (value: string) => boolean };

/** Whether an instant is in the years 1 to 9999 in UTC, which are all that RFC 3339 can write of our era. */
export function isWritableInstant(instant: Date): boolean {
  const year = instant.getUTCFullYear();
  return year >= 1 && year <= 9999;
}

/** Whether text is a date-time (RFC 3339) that can be written in UTC, too: near the ends of its years, some can't. */
function isInstant(value: string): boolean {
  const instant = new Date(value);
  // What is written as the service writes it, as most are, needs no other check.
  return isWritableInstant(instant) && (instant.toISOString() === value || isDateTime(value));
}

interface Format {
  readonly validate: (value: string) => boolean;
  /** What is wrong with a value that is not of it. */
  readonly detail: string;
}

const described: Readonly<Record<string, Format>> = {
  date: { validate: isDate, detail: 'must be a calendar date such as 2027-01-31' },
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

/** The checks of these formats, as Ajv takes them. */
export const formats: Readonly<Record<string, Format['validate']>> = Object.fromEntries(
  Object.entries(described).map(([name, { validate }]) => [name, validate]),
);

/** What is wrong with a value that is not of a format; undefined for those of JSON Schema. */
export function formatDetail(name: string): string | undefined {
  return described[name]?.detail;
}

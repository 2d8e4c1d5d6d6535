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

/** Whether text is an RFC 3339 date-time whose instant is in the years 1 to 9999 in UTC too. */
function isInstant(value: string): boolean {
  const instant = new Date(value);
  // Most values have the service's own spelling. They need no slower check.
  return isWritableInstant(instant) && (instant.toISOString() === value || isDateTime(value));
}

interface Format {
  readonly validate: (value: string) => boolean;
  /** The `detail` of the validation error for a value that does not match. */
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

/** The checks of these formats, in the form that Ajv takes. */
export const formats: Readonly<Record<string, Format['validate']>> = Object.fromEntries(
  Object.entries(described).map(([name, { validate }]) => [name, validate]),
);

/** The `detail` of the validation error for a format; undefined for the formats of JSON Schema. */
export function formatDetail(name: string): string | undefined {
  return described[name]?.detail;
}

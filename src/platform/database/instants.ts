/** Reads instants as Postgres writes them in UTC: `2027-01-31 12:00:00.5+00`. */
import { types } from 'pg';

const parseInstant = types.getTypeParser(types.builtins.TIMESTAMPTZ, 'text') as (text: string) => Date;

const zero = '0'.charCodeAt(0);
const wholeSeconds = 'YYYY-MM-DD hh:mm:ss'.length;

/** The number that the digits of a part of the text make. */
function numberIn(text: string, from: number, to: number): number {
  let value = 0;
  for (let index = from; index < to; index++) value = value * 10 + text.charCodeAt(index) - zero;
  return value;
}

/**
 * An instant that remembers the text that it was read from. Most instants are only written again, and the text becomes
 * RFC 3339 faster than the number does.
 */
class Instant extends Date {
  constructor(
    milliseconds: number,
    private readonly text: string,
  ) {
    super(milliseconds);
  }

  override toISOString(): string {
    const fraction = this.text.slice(wholeSeconds + 1, -'+00'.length);
    const milliseconds = fraction.length === 3 ? fraction : fraction.slice(0, 3).padEnd(3, '0');
    return `${this.text.slice(0, 10)}T${this.text.slice(11, wholeSeconds)}.${milliseconds}Z`;
  }
}

/** Reads an instant of Postgres. Forms other than that of UTC in the years 100 to 9999 are left to node-postgres. */
export function readInstant(text: string): Date {
  const isUtc = text.endsWith('+00') && text[4] === '-' && text[10] === ' ';
  // `Date.UTC` takes the years 0 to 99 for those of the 20th century.
  if (!isUtc || text.startsWith('00')) return parseInstant(text);
  // Regular expressions and `Date.parse` take three times as long, and a list has many instants.
  const digits = text.length - '+00'.length - wholeSeconds - 1;
  const milliseconds = digits > 0 ? Math.floor(numberIn(text, 20, 20 + digits) * 10 ** (3 - digits)) : 0;
  const seconds = Date.UTC(
    numberIn(text, 0, 4),
    numberIn(text, 5, 7) - 1,
    numberIn(text, 8, 10),
    numberIn(text, 11, 13),
    numberIn(text, 14, 16),
    numberIn(text, 17, 19),
  );
  return new Instant(seconds + milliseconds, text);
}

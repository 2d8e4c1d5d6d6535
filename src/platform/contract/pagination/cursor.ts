/** Cursors: opaque to clients, and valid only for the list that they come from. */
import { hash } from 'node:crypto';
import type { Position, SortKey } from '../../database/keyset';

/** The type of a column that a list is sorted by. */
export type CursorKind = 'instant' | 'local' | 'number' | 'rank' | 'sequence' | 'text' | 'uuid';

/** One sort key of a list. */
export interface CursorKey extends SortKey {
  readonly kind: CursorKind;
}

type CursorValue = string | number;

const version = 2;

/** A hash of the list that a cursor belongs to: its user, filters and sort. */
function fingerprint(list: unknown): string {
  return hash('sha256', JSON.stringify(list), 'base64url').slice(0, 16);
}

function toValue(value: unknown): CursorValue {
  if (value instanceof Date) return value.toISOString();
  if (value === Number.POSITIVE_INFINITY) return 'infinity';
  if (value === Number.NEGATIVE_INFINITY) return '-infinity';
  return value as CursorValue;
}

/** Makes the cursor of the page of `list` that begins after `row`. */
export function encodeCursor(list: unknown, order: readonly CursorKey[], row: object): string {
  const values = order.map(({ column }) => toValue(row[column as keyof typeof row]));
  return Buffer.from(JSON.stringify([version, fingerprint(list), ...values])).toString('base64url');
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const infinity = /^-?infinity$/;
// The form that `toValue` writes. Postgres does not read all other forms that JavaScript reads.
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const localTimestamp = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,3})?$/;

function isInstant(text: string): boolean {
  const instant = new Date(timestamp.test(text) ? text : Number.NaN);
  return !Number.isNaN(instant.getTime()) && instant.toISOString() === text;
}

function isLocal(text: string): boolean {
  const [, date, time, fraction = '.'] = localTimestamp.exec(text) ?? [];
  return isInstant(`${date}T${time}${fraction.padEnd(4, '0')}Z`);
}

// Clients can forge cursors. A value that cannot be compared with the column must not reach the database.
const isOf: Record<CursorKind, (value: unknown) => boolean> = {
  instant: (value) => typeof value === 'string' && (infinity.test(value) || isInstant(value)),
  local: (value) => typeof value === 'string' && (infinity.test(value) || isLocal(value)),
  number: (value) => typeof value === 'number' && Number.isFinite(value) && Math.abs(value) < 1e30,
  rank: (value) => typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 100,
  // A bigint, which node-postgres reads as text.
  sequence: (value) => typeof value === 'string' && /^\d{1,15}$/.test(value),
  text: (value) => typeof value === 'string' && !value.includes('\0'),
  uuid: (value) => typeof value === 'string' && uuid.test(value),
};

// Base64url (RFC 4648, section 5). Node's decoder skips all other characters.
const alphabet = /^[A-Za-z0-9_-]+$/;

/**
 * Decodes a cursor of `list`. Cursors are not signed: a client can forge the position, but its values have
 * the types of the sort keys.
 * @returns the position after which the page begins; null if the cursor is malformed or belongs to another list or
 *   order
 */
export function decodeCursor(list: unknown, order: readonly CursorKey[], cursor: string): Position | null {
  if (!alphabet.test(cursor)) return null;
  try {
    const [madeBy, madeFor, ...values] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const valid =
      madeBy === version &&
      madeFor === fingerprint(list) &&
      values.length === order.length &&
      order.every(({ kind }, index) => isOf[kind](values[index]));
    return valid ? values : null;
  } catch {
    return null;
  }
}

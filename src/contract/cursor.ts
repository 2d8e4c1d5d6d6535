/** Cursors: opaque to clients, and bound to the list that they came from. */
import { createHash } from 'node:crypto';

export type CursorValue = string | number;

const version = 1;

/** A short name for what a cursor belongs to: the user, the filters and the sort of its list. */
function fingerprint(list: unknown): string {
  return createHash('sha256').update(JSON.stringify(list)).digest('base64url').slice(0, 16);
}

/** Makes the cursor of the page that begins after `values`, the sort values of the last item. */
export function encodeCursor(list: unknown, values: readonly CursorValue[]): string {
  return Buffer.from(JSON.stringify([version, fingerprint(list), ...values])).toString('base64url');
}

/**
 * Reads a cursor back.
 * @returns the values, or null if it is malformed or belongs to another list. It is not signed: the values are whatever
 * the client sent, and the caller checks that they are of the kind that it sorts by.
 */
export function decodeCursor(list: unknown, cursor: string): CursorValue[] | null {
  try {
    const [madeBy, madeFor, ...values] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const valid =
      madeBy === version &&
      madeFor === fingerprint(list) &&
      values.every((value: unknown) => typeof value === 'string' || typeof value === 'number');
    return valid ? values : null;
  } catch {
    return null;
  }
}

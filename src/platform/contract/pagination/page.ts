/** Lists in pages: where a page begins, and what leads to the next. */
import type { Position } from '../../database/keyset';
import type { ValidationError } from '../document/operations';
import { type CursorKey, decodeCursor, encodeCursor } from './cursor';

/** What a page is a page of. */
export interface ListOrder {
  /** All that tells this list from others: its user, filters and sort. */
  readonly list: unknown;
  /** Its order, which ends with a unique column. */
  readonly order: readonly CursorKey[];
}

/** Where a page begins: null at the list's beginning, undefined for a cursor of another list. */
export function startOf({ list, order }: ListOrder, cursor: string | undefined): Position | null | undefined {
  if (cursor === undefined) return null;
  return decodeCursor(list, order, cursor) ?? undefined;
}

/** The fault of a request whose cursor is not of its list. */
export const wrongCursor: { errors: ValidationError[] } = {
  errors: [
    {
      pointer: '/query/cursor',
      code: 'wrong-cursor',
      detail: 'must be a cursor of this list, with the same filters and the same sort',
    },
  ],
};

/** The address of the next page: this one's with another cursor (RFC 8288). */
function nextLink(url: string, cursor: string): string {
  const next = new URL(url, 'http://localhost');
  next.searchParams.set('cursor', cursor);
  return `<${next.pathname}${next.search}>; rel="next"`;
}

export interface Page<R> {
  readonly rows: R[];
  readonly next_cursor: string | null;
  readonly headers: { Link?: string };
}

/** A page of at most `limit` of the rows that were read, which are one more where the list goes on. */
export function toPage<R extends object>(
  { list, order }: ListOrder,
  rows: R[],
  limit: number,
  url: string,
): Page<R> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  if (rows.length <= limit || !last) return { rows: page, next_cursor: null, headers: {} };
  const next_cursor = encodeCursor(list, order, last);
  return { rows: page, next_cursor, headers: { Link: nextLink(url, next_cursor) } };
}

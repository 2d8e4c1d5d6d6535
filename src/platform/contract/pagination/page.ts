/** Pages of lists: the position of a page, and the link to the next page. */
import type { Position } from '../../database/keyset';
import type { ValidationError } from '../document/operations';
import { type CursorKey, decodeCursor, encodeCursor } from './cursor';

/** The list that a page is part of. */
export interface ListOrder {
  /** Everything that identifies the list: its user, filters and sort. */
  readonly list: unknown;
  /** Its sort keys. The last one is unique. */
  readonly order: readonly CursorKey[];
}

/** The position after which a page begins: null for the first page, undefined if the cursor belongs to another list. */
export function startOf({ list, order }: ListOrder, cursor: string | undefined): Position | null | undefined {
  if (cursor === undefined) return null;
  return decodeCursor(list, order, cursor) ?? undefined;
}

/** The validation error for a cursor of another list. */
export const wrongCursor: { errors: ValidationError[] } = {
  errors: [
    {
      pointer: '/query/cursor',
      code: 'wrong-cursor',
      detail: 'must be a cursor of this list, with the same filters and the same sort',
    },
  ],
};

/** The `Link` to the next page: this request's URL with another cursor (RFC 8288). */
function nextLink(url: string, cursor: string): string {
  const end = url.indexOf('?');
  const parameters = new URLSearchParams(end === -1 ? '' : url.slice(end));
  parameters.set('cursor', cursor);
  return `<${end === -1 ? url : url.slice(0, end)}?${parameters}>; rel="next"`;
}

export interface Page<R> {
  readonly rows: R[];
  readonly next_cursor: string | null;
  readonly headers: { Link?: string };
}

/** Makes a page of at most `limit` rows. The caller reads one row more than `limit`: if that row exists, the list continues. */
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

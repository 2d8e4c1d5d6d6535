/** Keyset pagination: pages that begin after a row's sort values, so that inserts and deletes shift nothing. */
import type { Knex } from 'knex';

export type SortValue = string | number | Date;

/** One column of an order; none of them may be null. */
export interface SortKey {
  readonly column: string;
  readonly direction: 'asc' | 'desc';
}

/** The sort values of the row that a page begins after, one for each key. */
export type Position = readonly SortValue[];

// Keys of one direction compare as a row, which an index on them answers as one range.
function afterAsRow(keys: readonly SortKey[], position: Position): { sql: string; bindings: unknown[] } {
  const operator = keys[0]?.direction === 'desc' ? '<' : '>';
  return {
    sql: `(${keys.map(() => '??').join(', ')}) ${operator} (${keys.map(() => '?').join(', ')})`,
    bindings: [...keys.map((key) => key.column), ...position],
  };
}

// Mixed directions: the first key beyond, or equal and the rest beyond. The bound in front is implied, but it is what
// an index on the first key can use.
function afterByKeys(keys: readonly SortKey[], position: Position): { sql: string; bindings: unknown[] } {
  const [key, ...others] = keys;
  if (!key) return { sql: 'false', bindings: [] };
  const value = position[0];
  const operator = key.direction === 'desc' ? '<' : '>';
  if (others.length === 0) return { sql: `?? ${operator} ?`, bindings: [key.column, value] };
  const rest = afterByKeys(others, position.slice(1));
  return {
    sql: `?? ${operator}= ? and (?? ${operator} ? or (${rest.sql}))`,
    bindings: [key.column, value, key.column, value, ...rest.bindings],
  };
}

/**
 * Orders a query by `keys` and begins it after `position`. The keys together must be unique, or rows get lost between
 * pages: end them with an id.
 */
export function pageAfter<Q extends Knex.QueryBuilder>(
  query: Q,
  keys: readonly SortKey[],
  position: Position | null,
): Q {
  query.orderBy(keys.map((key) => ({ column: key.column, order: key.direction })));
  if (position) {
    const uniform = keys.every((key) => key.direction === keys[0]?.direction);
    const { sql, bindings } = uniform ? afterAsRow(keys, position) : afterByKeys(keys, position);
    query.whereRaw(`(${sql})`, bindings as Knex.RawBinding[]);
  }
  return query;
}

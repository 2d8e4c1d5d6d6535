/** Keyset pagination: pages that begin after a row's sort values, so that inserts and deletes shift nothing. */
import type { Knex } from 'knex';

export type SortValue = string | number | Date;

/** A piece of SQL with `?` for its values. */
export interface Expression {
  readonly sql: string;
  readonly bindings: readonly unknown[];
}

/** One column of an order; none of them may be null. */
export interface SortKey {
  readonly column: string;
  /** What the column is, where the table does not have it; the query then selects it under the column's name. */
  readonly expression?: Expression;
  readonly direction: 'asc' | 'desc';
}

/** The sort values of the row that a page begins after, one for each key. */
export type Position = readonly SortValue[];

function operand({ column, expression }: SortKey): Expression {
  return expression ?? { sql: '??', bindings: [column] };
}

// Keys of one direction compare as a row, which an index on them answers as one range.
function afterAsRow(keys: readonly SortKey[], position: Position): Expression {
  const operator = keys[0]?.direction === 'desc' ? '<' : '>';
  const operands = keys.map(operand);
  return {
    sql: `(${operands.map(({ sql }) => sql).join(', ')}) ${operator} (${keys.map(() => '?').join(', ')})`,
    bindings: [...operands.flatMap(({ bindings }) => bindings), ...position],
  };
}

// Mixed directions: the first key beyond, or equal and the rest beyond. The bound in front is implied, but it is what
// an index on the first key can use.
function afterByKeys(keys: readonly SortKey[], position: Position): Expression {
  const [key, ...others] = keys;
  if (!key) return { sql: 'false', bindings: [] };
  const value = position[0];
  const operator = key.direction === 'desc' ? '<' : '>';
  const { sql, bindings } = operand(key);
  if (others.length === 0) return { sql: `${sql} ${operator} ?`, bindings: [...bindings, value] };
  const rest = afterByKeys(others, position.slice(1));
  return {
    sql: `${sql} ${operator}= ? and (${sql} ${operator} ? or (${rest.sql}))`,
    bindings: [...bindings, value, ...bindings, value, ...rest.bindings],
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
  for (const { column, direction } of keys) query.orderBy(column, direction);
  if (position) {
    const uniform = keys.every((key) => key.direction === keys[0]?.direction);
    const { sql, bindings } = uniform ? afterAsRow(keys, position) : afterByKeys(keys, position);
    query.whereRaw(`(${sql})`, bindings as Knex.RawBinding[]);
  }
  return query;
}

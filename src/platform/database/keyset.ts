/** Keyset pagination: a page begins after the sort values of a row, so that inserts and deletes do not shift pages. */
import type { Knex } from 'knex';

export type SortValue = string | number | Date;

/** An SQL expression with `?` placeholders. */
export interface Expression {
  readonly sql: string;
  readonly bindings: readonly unknown[];
}

/** One sort key. Its column must not contain null. */
export interface SortKey {
  readonly column: string;
  /** Given if the table has no such column: the expression that the query selects under the column's name. */
  readonly expression?: Expression;
  /** The column that the expression reads, if it has an index, and what the expression returns for null: it comes last. */
  readonly nullable?: { readonly column: string; readonly ifNull: 'infinity' | '-infinity' };
  readonly direction: 'asc' | 'desc';
}

/** The sort values of the row before the page, one for each key. */
export type Position = readonly SortValue[];

function operand({ column, expression }: SortKey): Expression {
  return expression ?? { sql: '??', bindings: [column] };
}

// Keys with the same direction are compared as a row, so that an index on them gives one range.
function afterAsRow(keys: readonly SortKey[], position: Position): Expression {
  const operator = keys[0]?.direction === 'desc' ? '<' : '>';
  const operands = keys.map(operand);
  return {
    sql: `(${operands.map(({ sql }) => sql).join(', ')}) ${operator} (${keys.map(() => '?').join(', ')})`,
    bindings: [...operands.flatMap(({ bindings }) => bindings), ...position],
  };
}

// For mixed directions: a row comes later if its first key comes later, or if that key is equal and the other keys come
// later. The condition with `>=` is redundant, but an index on the first key can use it.
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
 * Orders a query by `keys` and starts it after `position`. The keys together must be unique, or pages lose rows: make
 * the last key an id.
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

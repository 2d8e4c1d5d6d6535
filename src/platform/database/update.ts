/** Updates of a lane's rows with typed columns; Knex's own types refuse expressions as values. */
import type { Knex } from 'knex';
import type { RowQuery } from './lane';

/** The columns that an update sets. Undefined leaves a column unchanged. */
export type ColumnValues<R extends object> = {
  [C in Exclude<keyof R, 'lane_id'>]?: R[C] | Readonly<R[C]> | Knex.Raw | Knex.QueryBuilder | undefined;
};

/** Updates the rows that a query selects. */
export function update<R extends object>(query: RowQuery<R>, values: ColumnValues<R>): RowQuery<R> {
  return query.update(values as never) as unknown as RowQuery<R>;
}

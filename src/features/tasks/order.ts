/** The order of a task list. */

import type { Schemas } from '../../platform/contract/document/operations';
import type { CursorKey, CursorKind } from '../../platform/contract/pagination/cursor';
import { relevance, type TextSearch } from '../search/repository';

type Direction = CursorKey['direction'];

/** A column of lists. The type is given for a column that can be null. */
interface Column {
  readonly kind: CursorKind;
  readonly column: string;
  readonly type?: 'timestamp' | 'timestamptz';
  readonly hasIndex?: true;
  /** The collation, if it is not the column's own. */
  readonly collation?: string;
}

const columns: Readonly<Record<string, Column>> = {
  created_at: { kind: 'instant', column: 'created_at' },
  updated_at: { kind: 'instant', column: 'updated_at' },
  title: { kind: 'text', column: 'title', collation: 'tasklane.title_order' },
  priority: { kind: 'rank', column: 'priority_rank' },
  status: { kind: 'rank', column: 'status_rank' },
  due: { kind: 'local', column: 'due_local', type: 'timestamp', hasIndex: true },
  start: { kind: 'local', column: 'start_local', type: 'timestamp' },
  completed_at: { kind: 'instant', column: 'completed_at', type: 'timestamptz' },
  position: { kind: 'text', column: 'position' },
};

/**
 * The sort key of a column. Null becomes an infinity, so that it comes last in both directions. A cursor has the text
 * itself, which has a place in every version of a collation.
 */
function keyOf({ kind, column, type, hasIndex, collation }: Column, direction: Direction): CursorKey {
  if (collation) {
    const expression = { sql: `${column} collate ${collation}`, bindings: [] };
    return { kind, direction, column: `${column}_order`, expression };
  }
  if (!type) return { kind, direction, column };
  const ifNull = direction === 'asc' ? 'infinity' : '-infinity';
  const expression = { sql: `coalesce(${column}, ${type} '${ifNull}')`, bindings: [] };
  const nullable = hasIndex && { nullable: { column, ifNull } as const };
  return { kind, direction, column: `${column}_${direction}`, expression, ...nullable };
}

/**
 * The sort keys for `sort`. The id comes last, in the direction of the last key, and makes the order unique.
 * @param search the search of the list; required for the key `relevance`
 */
export function orderOf(sort: readonly Schemas['TaskSort'][], search: TextSearch | undefined): CursorKey[] {
  const keys = sort.map((key): CursorKey => {
    if (key === 'relevance' && search) {
      return { kind: 'number', column: key, expression: relevance(search), direction: 'desc' };
    }
    const direction = key.startsWith('-') ? 'desc' : 'asc';
    const name = key.replace(/^-/, '');
    const known = columns[name];
    if (!known) throw new Error(`The contract sorts by ${name}, but the table has no such column.`);
    return keyOf(known, direction);
  });
  return [...keys, { kind: 'uuid', column: 'id', direction: keys.at(-1)?.direction ?? 'asc' }];
}

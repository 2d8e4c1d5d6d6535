/** The order of a task list. */

import type { Schemas } from '../../platform/contract/document/operations';
import type { CursorKey, CursorKind } from '../../platform/contract/pagination/cursor';
import { relevance, type TextSearch } from '../search/repository';

type Direction = CursorKey['direction'];

const columns: Readonly<Record<string, { kind: CursorKind; column: string | Record<Direction, string> }>> = {
  created_at: { kind: 'instant', column: 'created_at' },
  updated_at: { kind: 'instant', column: 'updated_at' },
  title: { kind: 'text', column: 'title' },
  priority: { kind: 'rank', column: 'priority_rank' },
  status: { kind: 'rank', column: 'status_rank' },
  due: { kind: 'local', column: { asc: 'due_asc', desc: 'due_desc' } },
  completed_at: { kind: 'instant', column: { asc: 'completed_asc', desc: 'completed_desc' } },
  position: { kind: 'text', column: 'position' },
};

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
    const { kind, column } = known;
    return { kind, direction, column: typeof column === 'string' ? column : column[direction] };
  });
  return [...keys, { kind: 'uuid', column: 'id', direction: keys.at(-1)?.direction ?? 'asc' }];
}

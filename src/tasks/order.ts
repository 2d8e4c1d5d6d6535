/** How a list of tasks is ordered, and where in that order a cursor stands. */
import type { CursorValue } from '../contract/cursor';
import type { Schemas } from '../contract/operations';
import type { Position, SortKey, SortValue } from '../database/keyset';
import type { TaskRow } from '../database/rows';

type SortColumn = 'created_at' | 'updated_at' | 'title' | 'priority_rank' | 'status_rank' | 'id';

const columns: Readonly<Record<string, SortColumn>> = {
  created_at: 'created_at',
  updated_at: 'updated_at',
  title: 'title',
  priority: 'priority_rank',
  status: 'status_rank',
};

/** One of a list's sort keys. */
export interface TaskSortKey extends SortKey {
  readonly column: SortColumn;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

// As `positionOf` writes it: of the other forms, and of years with more digits, Postgres knows fewer than JavaScript.
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function parseInstant(value: CursorValue): Date | null {
  const instant = new Date(typeof value === 'string' && timestamp.test(value) ? value : Number.NaN);
  return Number.isNaN(instant.getTime()) ? null : instant;
}

function parseRank(value: CursorValue): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 100 ? value : null;
}

// A cursor is the client's word: a value that the column can't be compared with must not reach the database.
const parseValue: Record<SortColumn, (value: CursorValue) => SortValue | null> = {
  created_at: parseInstant,
  updated_at: parseInstant,
  title: (value) => (typeof value === 'string' && !value.includes('\0') ? value : null),
  priority_rank: parseRank,
  status_rank: parseRank,
  id: (value) => (typeof value === 'string' && uuid.test(value) ? value : null),
};

/** The order that `sort` asks for, made unique by the id, which goes the way of the last key. */
export function orderOf(sort: readonly Schemas['TaskSort'][]): TaskSortKey[] {
  const keys = sort.map((key): TaskSortKey => {
    const descending = key.startsWith('-');
    return {
      column: columns[descending ? key.slice(1) : key] as SortColumn,
      direction: descending ? 'desc' : 'asc',
    };
  });
  return [...keys, { column: 'id', direction: keys.at(-1)?.direction ?? 'asc' }];
}

/** The sort values of a row, for a cursor. */
export function positionOf(order: readonly TaskSortKey[], row: TaskRow): CursorValue[] {
  return order.map(({ column }) => {
    const value = row[column];
    return value instanceof Date ? value.toISOString() : value;
  });
}

/** The position that a cursor's values stand for; null if they don't fit the order. */
export function parsePosition(
  order: readonly TaskSortKey[],
  values: readonly CursorValue[],
): Position | null {
  if (values.length !== order.length) return null;
  const position = order.map(({ column }, index) => parseValue[column](values[index] as CursorValue));
  return position.every((value) => value !== null) ? (position as SortValue[]) : null;
}

/** Positions that the service gives: fractional indexes, so that a move writes one row. */
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing';
import type { Lane } from '../database/lane';

type Ordered = 'projects' | 'tasks';
type Side = 'before' | 'after';

export interface Placed {
  readonly id: string;
  readonly position: string;
}

/** What a move does: the position of what is moved, and new ones around it where the gap has grown too narrow. */
export interface Move {
  readonly position: string;
  readonly others: readonly Placed[];
}

// A position grows by a character about every six times that something is put into the same gap.
const longestPosition = 64;
const windowSize = 100;

function ordered(lane: Lane, table: Ordered) {
  const query = lane.rows(table);
  return table === 'tasks' ? query.whereNull('deleted_at' as never) : query;
}

function neighbours(lane: Lane, table: Ordered, { position }: Placed, side: Side): Promise<Placed[]> {
  const [operator, direction] = side === 'before' ? (['<', 'desc'] as const) : (['>', 'asc'] as const);
  return ordered(lane, table)
    .where('position', operator, position)
    .orderBy('position', direction)
    .limit(windowSize + 2)
    .select('id', 'position') as never;
}

/** The move of `moved` right before or right after `anchor`. */
export async function moveNextTo(
  lane: Lane,
  table: Ordered,
  moved: Placed,
  anchor: Placed,
  side: Side,
): Promise<Move> {
  const [beyond] = await neighbours(lane, table, anchor, side);
  if (beyond?.id === moved.id) return { position: moved.position, others: [] };
  const bounds = [anchor.position, beyond?.position ?? null] as const;
  const position =
    side === 'before' ? generateKeyBetween(bounds[1], bounds[0]) : generateKeyBetween(bounds[0], bounds[1]);
  if (position.length <= longestPosition) return { position, others: [] };

  const [before, after] = await Promise.all([
    neighbours(lane, table, anchor, 'before'),
    neighbours(lane, table, anchor, 'after'),
  ]);
  const isOther = ({ id }: Placed) => id !== moved.id;
  const [upper, lower] = [before.filter(isOther), after.filter(isOther)];
  const window = [...upper.slice(0, windowSize).reverse(), anchor, ...lower.slice(0, windowSize)];
  window.splice(window.indexOf(anchor) + (side === 'before' ? 0 : 1), 0, moved);
  const [first = null, last = null] = [upper[windowSize]?.position, lower[windowSize]?.position];
  const positions = generateNKeysBetween(first, last, window.length);
  const placed = window.map(({ id }, index) => ({ id, position: positions[index] as string }));
  return {
    position: placed[window.indexOf(moved)]?.position as string,
    others: placed.filter(isOther),
  };
}

/** The position after all others. */
export async function positionAtEnd(lane: Lane, table: Ordered): Promise<string> {
  const last = await ordered(lane, table).orderBy('position', 'desc').first('position');
  return generateKeyBetween((last as Placed | undefined)?.position ?? null, null);
}

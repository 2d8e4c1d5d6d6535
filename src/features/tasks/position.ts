/** Positions of tasks and projects. They are fractional indexes, so that a move usually writes one row. */
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing';
import { differences, type Lane, type WritableLane } from '../../platform/database/lane';
import type { LaneTables } from '../../platform/database/rows';
import { update } from '../../platform/database/update';

type Ordered = 'projects' | 'tasks';
/** The columns that a move writes, in both tables. */
type Moved = Pick<LaneTables[Ordered], 'position' | 'version' | 'updated_at'>;
type Side = 'before' | 'after';

export interface Positioned {
  readonly id: string;
  readonly position: string;
}

/**
 * The result of a move: the new position, and new positions of the neighbours if the gap between them was too small.
 */
export interface Move {
  readonly position: string;
  readonly others: readonly Positioned[];
}

// A position becomes one character longer after about six moves into the same gap.
const longestPosition = 64;
// New positions of a group of rows are at most this long, so that they can grow again.
const roomyPosition = longestPosition / 2;
const firstWindowSize = 100;

function ordered(lane: Lane, table: Ordered) {
  const query = lane.rows(table);
  return table === 'tasks' ? query.whereNull('deleted_at' as never) : query;
}

// A restored row can have the same position as another row. Then the id decides, as in lists.
function neighbours(
  lane: Lane,
  table: Ordered,
  { position, id }: Positioned,
  side: Side,
  limit: number,
): Promise<Positioned[]> {
  const [operator, order] = side === 'before' ? (['<', 'desc'] as const) : (['>', 'asc'] as const);
  return ordered(lane, table)
    .whereRaw(`(position, id) ${operator} (?, ?)`, [position, id])
    .orderBy([
      { column: 'position', order },
      { column: 'id', order },
    ])
    .limit(limit)
    .select('id', 'position') as never;
}

/** New positions for `moved` and for `windowSize` rows on each side of it; null if not enough positions are free. */
async function spread(
  lane: Lane,
  table: Ordered,
  moved: Positioned,
  anchor: Positioned,
  side: Side,
  windowSize: number,
): Promise<{ move: Move; roomy: boolean } | null> {
  const isOther = ({ id }: Positioned) => id !== moved.id;
  const [upper = [], lower = []] = await Promise.all(
    (['before', 'after'] as const).map(async (each) =>
      (await neighbours(lane, table, anchor, each, windowSize + 2)).filter(isOther),
    ),
  );
  const window = [...upper.slice(0, windowSize).reverse(), anchor, ...lower.slice(0, windowSize)];
  window.splice(window.indexOf(anchor) + (side === 'before' ? 0 : 1), 0, moved);
  const [first = null, last = null] = [upper[windowSize]?.position, lower[windowSize]?.position];
  if (first !== null && first === last) return null;
  const positions = generateNKeysBetween(first, last, window.length);
  const positioned = window.map(({ id }, index) => ({ id, position: positions[index] as string }));
  return {
    move: {
      position: positioned[window.indexOf(moved)]?.position as string,
      others: positioned.filter(isOther),
    },
    roomy: positions.every((each) => each.length <= roomyPosition) || (first === null && last === null),
  };
}

/** Finds the position of `moved` right before or right after `anchor`; writes nothing. */
export async function moveNextTo(
  lane: Lane,
  table: Ordered,
  moved: Positioned,
  anchor: Positioned,
  side: Side,
): Promise<Move> {
  const [beyond] = await neighbours(lane, table, anchor, side, 1);
  if (beyond?.id === moved.id) return { position: moved.position, others: [] };
  const bounds = [anchor.position, beyond?.position ?? null] as const;
  if (bounds[0] !== bounds[1]) {
    const position =
      side === 'before' ? generateKeyBetween(bounds[1], bounds[0]) : generateKeyBetween(...bounds);
    if (position.length <= longestPosition) return { position, others: [] };
  }
  for (let windowSize = firstWindowSize; ; windowSize *= 4) {
    const found = await spread(lane, table, moved, anchor, side, windowSize);
    if (found?.roomy) return found.move;
  }
}

/** The position after all rows of the table. */
export async function positionAtEnd(lane: Lane, table: Ordered): Promise<string> {
  const last = await ordered(lane, table).orderBy('position', 'desc').first('position');
  return generateKeyBetween((last as Positioned | undefined)?.position ?? null, null);
}

/** Writes new positions of tasks or projects. Raises the version of each and records a change for it. */
export async function writePositions(
  lane: WritableLane,
  table: Ordered,
  positioned: readonly Positioned[],
): Promise<void> {
  if (positioned.length === 0) return;
  const positions = new Map(positioned.map(({ id, position }) => [id, position]));
  const found: Positioned[] = await lane
    .rows(table)
    .whereRaw('id = any(?)', [[...positions.keys()]])
    .select('id', 'position');
  const rows = found.filter(({ id, position }) => positions.get(id) !== position);
  await update<Moved>(lane.rows(table).whereRaw('id = any(?)', [rows.map(({ id }) => id)]) as never, {
    position: lane.expression('?::jsonb ->> id::text', [JSON.stringify(Object.fromEntries(positions))]),
    version: lane.expression('version + 1'),
    updated_at: lane.now,
  });
  const type = table === 'tasks' ? 'task' : 'project';
  for (const row of rows) {
    const fields = differences<Positioned>(row, { position: positions.get(row.id) });
    lane.changed({ type, id: row.id, action: 'updated', fields });
  }
}

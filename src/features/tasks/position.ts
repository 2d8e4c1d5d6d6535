/** Positions that the service gives: fractional indexes, so that a move writes one row. */
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing';
import { differences, type Lane, type WritableLane } from '../../platform/database/lane';

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
// What is placed anew gets positions that have room to grow again.
const roomyPosition = longestPosition / 2;
const firstWindowSize = 100;

function ordered(lane: Lane, table: Ordered) {
  const query = lane.rows(table);
  return table === 'tasks' ? query.whereNull('deleted_at' as never) : query;
}

// What was restored may have the position of what took its place: the id decides, as it does in lists.
function neighbours(
  lane: Lane,
  table: Ordered,
  { position, id }: Placed,
  side: Side,
  limit: number,
): Promise<Placed[]> {
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

/** Gives `moved` and so many on either side of its new place positions anew; null if there is no room for that. */
async function spread(
  lane: Lane,
  table: Ordered,
  moved: Placed,
  anchor: Placed,
  side: Side,
  windowSize: number,
): Promise<{ move: Move; roomy: boolean } | null> {
  const isOther = ({ id }: Placed) => id !== moved.id;
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
  const placed = window.map(({ id }, index) => ({ id, position: positions[index] as string }));
  return {
    move: { position: placed[window.indexOf(moved)]?.position as string, others: placed.filter(isOther) },
    roomy: positions.every((each) => each.length <= roomyPosition) || (first === null && last === null),
  };
}

/** The move of `moved` right before or right after `anchor`. */
export async function moveNextTo(
  lane: Lane,
  table: Ordered,
  moved: Placed,
  anchor: Placed,
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

/** The position after all others. */
export async function positionAtEnd(lane: Lane, table: Ordered): Promise<string> {
  const last = await ordered(lane, table).orderBy('position', 'desc').first('position');
  return generateKeyBetween((last as Placed | undefined)?.position ?? null, null);
}

/** Writes positions over tasks or projects, as a set; each then has a new version, and leaves a change. */
export async function writePositions(
  lane: WritableLane,
  table: Ordered,
  placed: readonly Placed[],
): Promise<void> {
  if (placed.length === 0) return;
  const positions = new Map(placed.map(({ id, position }) => [id, position]));
  const found: Placed[] = await lane
    .rows(table)
    .whereRaw('id = any(?)', [[...positions.keys()]])
    .select('id', 'position');
  const rows = found.filter(({ id, position }) => positions.get(id) !== position);
  await lane
    .rows(table)
    .whereRaw('id = any(?)', [rows.map(({ id }) => id)])
    .update({
      position: lane.expression('?::jsonb ->> id::text', [JSON.stringify(Object.fromEntries(positions))]),
      version: lane.expression('version + 1'),
      updated_at: lane.now,
    } as object);
  const type = table === 'tasks' ? 'task' : 'project';
  for (const row of rows) {
    const fields = differences<Placed>(row, { position: positions.get(row.id) });
    lane.changed({ type, id: row.id, action: 'updated', fields });
  }
}

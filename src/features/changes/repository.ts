import { type Position, pageAfter, type SortKey } from '../../platform/database/keyset';
import type { Lane, WritableLane } from '../../platform/database/lane';
import type { ChangeRow } from '../../platform/database/rows';

/** How far a lane's history goes. */
export interface History {
  /** Numbers of another epoch are of another history; null for a lane that was never written to. */
  readonly epoch: string | null;
  /** The number of the last change, 0 before the first. */
  readonly counter: number;
  /** The number of the last change that is not kept any more, 0 while all are. */
  readonly floor: number;
}

/** A place in a history: right after the change with the number `seq`. */
export interface HistoryPosition {
  readonly epoch: string | null;
  readonly seq: number;
}

/** Why a position leads nowhere. */
export type LostPosition = 'too-old' | 'other-epoch' | 'unknown-position';

/** How far the lane's history goes, on the snapshot that the lane is read on. */
export async function readHistory(lane: Lane): Promise<History> {
  const [profile, oldest] = await Promise.all([
    lane.rows('profiles').first('epoch', 'change_seq'),
    lane.rows('changes').orderBy('seq').first('seq'),
  ]);
  const counter = Number(profile?.change_seq ?? 0);
  // Changes are purged from the oldest on: of a lane that has none left, all are.
  return { epoch: profile?.epoch ?? null, counter, floor: oldest ? Number(oldest.seq) - 1 : counter };
}

/** Null if a history goes on from a position without a gap, else why it doesn't. */
export function lostIn(history: History, { epoch, seq }: HistoryPosition): LostPosition | null {
  // A lane that was never written to has no epoch yet; whatever it gets, its changes follow on nothing.
  const beforeAll = epoch === null && seq === 0;
  if (epoch !== history.epoch && !beforeAll) return 'other-epoch';
  if (seq > history.counter) return 'unknown-position';
  return seq < history.floor ? 'too-old' : null;
}

/** The lane's changes after the one numbered `after`, in their order. */
export async function listChanges(lane: Lane, after: number, limit: number): Promise<ChangeRow[]> {
  return lane.rows('changes').where('seq', '>', after).orderBy('seq').limit(limit);
}

/** What changed, without how. */
export type ChangedEntity = Pick<ChangeRow, 'seq' | 'type' | 'entity_id'>;

/** What the lane's changes after the one numbered `after` were of, in their order. */
export async function listChangedEntities(
  lane: Lane,
  after: number,
  limit: number,
): Promise<ChangedEntity[]> {
  return lane
    .rows('changes')
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit)
    .select('seq', 'type', 'entity_id');
}

/** Which changes a list holds; what is absent does not narrow it. */
export interface ChangeFilter {
  readonly types?: readonly ChangeRow['type'][] | undefined;
  readonly actions?: readonly ChangeRow['action'][] | undefined;
  readonly entityId?: string | undefined;
  /** Inclusive. */
  readonly since?: Date | undefined;
  /** Exclusive. */
  readonly until?: Date | undefined;
}

/** A page of the changes that match a filter, in `order`. */
export async function listChangesBy(
  lane: Lane,
  page: { filter: ChangeFilter; order: readonly SortKey[]; after: Position | null; limit: number },
): Promise<ChangeRow[]> {
  const { types, actions, entityId, since, until } = page.filter;
  const query = lane.rows('changes');
  if (types) query.whereIn('type', types);
  if (actions) query.whereIn('action', actions);
  if (entityId) query.where('entity_id', entityId);
  if (since) query.where('at', '>=', since);
  if (until) query.where('at', '<', until);
  return pageAfter(query, page.order, page.after).limit(page.limit);
}

/**
 * Removes the oldest of the lane's changes that were before `cutoff`, at most `limit`, and never one without those before
 * it: what is left has no gaps. True if there are more to remove.
 */
export async function purgeChanges(lane: WritableLane, cutoff: Date, limit: number): Promise<boolean> {
  const oldest = await lane.rows('changes').orderBy('seq').limit(limit).select('seq', 'at');
  const last = oldest.findLast((each) => each.at < cutoff);
  if (last) await lane.rows('changes').where('seq', '<=', last.seq).delete();
  return last !== undefined && last === oldest[limit - 1];
}

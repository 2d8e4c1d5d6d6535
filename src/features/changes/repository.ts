import { type Position, pageAfter, type SortKey } from '../../platform/database/keyset';
import type { Lane, LanePosition, RowQuery, WritableLane } from '../../platform/database/lane';
import type { ChangeRow } from '../../platform/database/rows';
import { update } from '../../platform/database/update';

/** The extent of a lane's history. */
export interface History {
  /** The epoch to which the numbers of the changes belong. Null if the lane was never written to. */
  readonly epoch: string | null;
  /** The number of the last change, 0 before the first. */
  readonly counter: number;
  /** The number of the last change that was purged; 0 if none was. */
  readonly floor: number;
}

/** The reason why a history does not continue from a position. */
export type LostPosition = 'too-old' | 'other-epoch' | 'unknown-position';

/** Which changes the lane's history contains, in the snapshot of the transaction. */
export async function readHistory(lane: Lane): Promise<History> {
  const profile = await lane.rows('profiles').first('epoch', 'change_seq', 'purged_seq');
  return {
    epoch: profile?.epoch ?? null,
    counter: Number(profile?.change_seq ?? 0),
    floor: Number(profile?.purged_seq ?? 0),
  };
}

/** Null if the history continues from the position without a gap, otherwise the reason why it does not. */
export function lostIn(history: History, { epoch, seq }: LanePosition): LostPosition | null {
  // A lane has no epoch before its first write. A position from that time precedes all changes, in any epoch.
  const beforeAll = epoch === null && seq === 0;
  if (epoch !== history.epoch && !beforeAll) return 'other-epoch';
  if (seq > history.counter) return 'unknown-position';
  return seq < history.floor ? 'too-old' : null;
}

/** The lane's changes with numbers above `after`, in order. */
export async function listChanges(lane: Lane, after: number, limit: number): Promise<ChangeRow[]> {
  return lane.rows('changes').where('seq', '>', after).orderBy('seq').limit(limit);
}

/** The entity that a change is about, without the fields. */
export type ChangedEntity = Pick<ChangeRow, 'seq' | 'type' | 'entity_id'>;

/** The entities of the lane's changes with numbers above `after`, in the order of the changes. */
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

// There is no index on the actor, because it would make each write slower. A scan of a million changes takes 0.2 s.
const madeBy = {
  user: '(request is not null and client_id is null)',
  client: 'client_id is not null',
  service: 'request is null',
} as const;

type ActorType = keyof typeof madeBy;

/** The filters of a list of changes; an absent filter excludes nothing. */
export interface ChangeFilter {
  readonly types?: readonly ChangeRow['type'][] | undefined;
  readonly actions?: readonly ChangeRow['action'][] | undefined;
  readonly entityId?: string | undefined;
  /** The types of the actors. */
  readonly actors?: readonly ActorType[] | undefined;
  readonly clientId?: string | undefined;
  /** Inclusive. */
  readonly since?: Date | undefined;
  /** Exclusive. */
  readonly until?: Date | undefined;
}

function filtered(lane: Lane, filter: ChangeFilter): RowQuery<ChangeRow> {
  const { types, actions, entityId, actors, clientId, since, until } = filter;
  const query = lane.rows('changes');
  if (types) query.whereIn('type', types);
  if (actions) query.whereIn('action', actions);
  if (entityId) query.where('entity_id', entityId);
  if (since) query.where('at', '>=', since);
  if (actors) query.whereRaw(`(${[...new Set(actors)].map((actor) => madeBy[actor]).join(' or ')})`);
  if (clientId) query.where('client_id', clientId);
  if (until) query.where('at', '<', until);
  return query;
}

/** A page of the changes that match a filter, in `order`. */
export async function listChangesBy(
  lane: Lane,
  page: { filter: ChangeFilter; order: readonly SortKey[]; after: Position | null; limit: number },
): Promise<ChangeRow[]> {
  return pageAfter(filtered(lane, page.filter), page.order, page.after).limit(page.limit);
}

/** The number of changes that match a filter. */
export async function countChanges(lane: Lane, filter: ChangeFilter): Promise<number> {
  const [row] = await filtered(lane, filter).count({ total: '*' });
  return Number(row?.total);
}

/** Which old changes are purged. */
export interface ChangePurge {
  /** Changes before this instant. */
  readonly cutoff: Date;
  /** True to keep changes whose events the broker has not stored. */
  readonly keepsUnpublished: boolean;
}

/**
 * Removes the lane's oldest changes, at most `limit`. They are removed in order, so the rest has no gaps.
 * @returns true if there may be more to remove
 */
export async function purgeChanges(
  lane: WritableLane,
  { cutoff, keepsUnpublished }: ChangePurge,
  limit: number,
): Promise<boolean> {
  const [profile, position] = await Promise.all([
    lane.rows('profiles').first('purged_seq'),
    keepsUnpublished ? lane.rows('event_positions').first('published') : undefined,
  ]);
  const published = position ? Number(position.published) : Number.POSITIVE_INFINITY;
  // Without a lower bound, the search would read the index entries of purged changes until Postgres has vacuumed them.
  const left = lane.rows('changes').where('seq', '>', profile?.purged_seq ?? '0');
  const oldest = await left
    .clone()
    .orderBy('seq')
    .limit(limit + 1)
    .select('seq', 'at');
  const count =
    1 + oldest.slice(0, limit).findLastIndex((each) => each.at < cutoff && Number(each.seq) <= published);
  const last = oldest[count - 1];
  if (last) await left.where('seq', '<=', last.seq).delete();
  await update(lane.rows('profiles'), {
    ...(last && { purged_seq: last.seq }),
    oldest_change_at: oldest[count]?.at ?? null,
  });
  return count === limit;
}

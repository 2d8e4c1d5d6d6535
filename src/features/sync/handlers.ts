import { contractDocument } from '../../platform/contract/document/contract';
import type { Schemas } from '../../platform/contract/document/operations';
import type { Handlers } from '../../platform/contract/http/call';
import { epochText, type Lane } from '../../platform/database/lane';
import type { ChangeType } from '../../platform/database/rows';
import {
  type ChangedEntity,
  type History,
  listChangedEntities,
  lostIn,
  readHistory,
} from '../changes/repository';
import { type Entity, entityTypes, syncedTypes } from './entities';
import { syncShape } from './shape';
import { decodeSyncToken, encodeSyncToken, type SnapshotPosition, type SyncPosition } from './token';

type SyncChange = Schemas['SyncChange'];

const shape = syncShape(contractDocument, syncedTypes);

/** A page of changes, and the position of a copy that has applied it. */
interface Page {
  readonly changes: SyncChange[];
  readonly next: SyncPosition;
  readonly hasMore: boolean;
}

// Changes of the same entity are merged, so more changes are read than the page has entities.
const changesPerEntity = 5;

function toSyncChange(type: ChangeType, id: string | null, seq: number, entity?: Entity<object>): SyncChange {
  // `entityTypes` maps the data of each type to its schema.
  return { seq, type, id, deleted: !entity, data: entity?.data ?? null } as SyncChange;
}

/**
 * The next page of a snapshot. Entities have their present values, so the copy also needs the changes after `seq`,
 * which follow the snapshot.
 */
async function readSnapshot(
  lane: Lane,
  history: History,
  { seq }: SyncPosition,
  { type: first, after, closedSince }: SnapshotPosition,
  limit: number,
): Promise<Page> {
  const found: { type: ChangeType; entity: Entity<object> }[] = [];
  for (const type of syncedTypes.slice(syncedTypes.indexOf(first as ChangeType))) {
    // One more entity than fits on the page shows where the next page begins.
    const missing = limit + 1 - found.length;
    if (missing === 0) break;
    const entities = await entityTypes[type]?.page(lane, type === first ? after : null, missing, closedSince);
    for (const entity of entities ?? []) found.push({ type, entity });
  }
  const changes = found.slice(0, limit).map(({ type, entity }) => toSyncChange(type, entity.id, seq, entity));
  const { epoch, counter } = history;
  const [last, beyond] = found.slice(limit - 1);
  if (!last || !beyond) {
    return { changes, next: { epoch, seq, snapshot: null }, hasMore: counter > seq };
  }
  const snapshot = {
    type: beyond.type,
    after: beyond.type === last.type ? last.entity.id : null,
    closedSince,
  };
  return { changes, next: { epoch, seq, snapshot }, hasMore: true };
}

/**
 * Merges changes into at most `limit` entities, each with the number of its last change, in the order of these numbers.
 * `last` is the number of the last change that was merged.
 */
function merge(
  scanned: readonly ChangedEntity[],
  limit: number,
): { entities: { type: ChangeType; id: string | null; seq: number }[]; last: number | undefined } {
  const entities = new Map<string, { type: ChangeType; id: string | null; seq: number }>();
  let last: number | undefined;
  for (const { seq, type, entity_id: id } of scanned) {
    if (entityTypes[type]) {
      const key = `${type} ${id}`;
      if (!entities.delete(key) && entities.size === limit) break;
      entities.set(key, { type, id, seq: Number(seq) });
    }
    last = Number(seq);
  }
  return { entities: [...entities.values()], last };
}

/** The entities that changed after `seq`, with their present values. */
async function readDeltas(lane: Lane, history: History, { seq }: SyncPosition, limit: number): Promise<Page> {
  const scanned = await listChangedEntities(lane, seq, limit * changesPerEntity);
  const { entities, last = seq } = merge(scanned, limit);
  const byType = Map.groupBy(entities, (each) => each.type);
  const found = new Map<string, Entity<object>>();
  await Promise.all(
    [...byType].map(async ([type, some]) => {
      const ids = some.map((each) => each.id);
      for (const entity of (await entityTypes[type]?.find(lane, ids)) ?? []) {
        found.set(`${type} ${entity.id}`, entity);
      }
    }),
  );
  return {
    changes: entities.map((each) =>
      toSyncChange(each.type, each.id, each.seq, found.get(`${each.type} ${each.id}`)),
    ),
    next: { epoch: history.epoch, seq: last, snapshot: null },
    hasMore: history.counter > last,
  };
}

/**
 * The page after a position, or the first page of a snapshot without older closed tasks if `from` is an instant or null. It is
 * read in one transaction.
 * @returns null if the history of the lane does not continue from the position
 */
async function readPage(lane: Lane, from: SyncPosition | Date | null, limit: number): Promise<Page | null> {
  const history = await readHistory(lane);
  const start: SyncPosition =
    from && 'seq' in from
      ? from
      : {
          epoch: history.epoch,
          seq: history.counter,
          snapshot: { type: syncedTypes[0] as string, after: null, closedSince: from },
        };
  if (lostIn(history, start)) return null;
  return start.snapshot
    ? readSnapshot(lane, history, start, start.snapshot, limit)
    : readDeltas(lane, history, start, limit);
}

export const syncHandlers: Pick<Handlers, 'syncLane'> = {
  async syncLane(call) {
    const { token, limit, closed_since } = call.query;
    const { user_id } = call.path;
    if (token !== undefined && closed_since !== undefined) {
      const detail = 'cannot be combined with `token`, which keeps it';
      return call.fail('validation-failed', {
        errors: [{ pointer: '/query/closed_since', code: 'contradiction', detail }],
      });
    }
    const from = token === undefined ? null : decodeSyncToken(user_id, shape, token);
    if (token !== undefined && from === null) {
      return call.fail('validation-failed', {
        errors: [
          {
            pointer: '/query/token',
            code: 'wrong-token',
            detail: 'must be a sync token of this user',
          },
        ],
      });
    }
    if (from === 'expired') return call.fail('sync-token-expired');
    const since = closed_since === undefined ? null : new Date(closed_since);
    const page = await call.lane.read((lane) => readPage(lane, from ?? since, limit), { replica: true });
    if (!page) return call.fail('sync-token-expired');
    return call.reply(200, {
      changes: page.changes,
      next_token: encodeSyncToken(user_id, shape, page.next),
      has_more: page.hasMore,
      // A write can be missing from a part of a snapshot.
      seq: page.next.snapshot ? 0 : page.next.seq,
      epoch: epochText(page.next),
    });
  },
};

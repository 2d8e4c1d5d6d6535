/** Makes the next events of a lane. */
import type { Run, StoredEvent } from '../../platform/brokers/broker';
import type { Schemas } from '../../platform/contract/document/operations';
import type { Lane, LanePosition } from '../../platform/database/lane';
import type { ChangeRow, ChangeType } from '../../platform/database/rows';
import { toChange } from '../changes/mapper';
import { type History, listChanges, lostIn, readHistory } from '../changes/repository';
import { entityTypes } from '../sync/entities';
import { messageOf } from '../webhooks/events';
import { changeEvent, resetEvent } from './cloud-event';

const changesInRun = 100;
// A run must fit into a message batch of the broker. The largest event has about 400 kB.
const bytesInRun = 256 * 1024;

/** The next events of a lane. */
export interface LaneRun extends Run {
  /** The position of the lane after each of the events. */
  readonly positions: readonly LanePosition[];
  /** The position of a lane whose events are all stored already. */
  readonly last: LanePosition;
  /** Whether more events follow. */
  readonly hasMore: boolean;
  /** How many of the events say that changes are missing. */
  readonly resets: number;
}

/** The present entities of changes, by type and id. */
async function findEntities(lane: Lane, changes: readonly ChangeRow[]) {
  const ids = new Map<ChangeType, Set<string | null>>();
  for (const { type, entity_id } of changes) {
    const known = ids.get(type);
    if (known) known.add(entity_id);
    else ids.set(type, new Set([entity_id]));
  }
  const found = await Promise.all(
    [...ids].map(async ([type, wanted]) => (await entityTypes[type]?.find(lane, [...wanted])) ?? []),
  );
  return new Map(
    [...ids.keys()].map((type, index) => [type, new Map(found[index]?.map(({ id, data }) => [id, data]))]),
  );
}

/** The position at which the events of a lane continue after a gap. */
function continued({ epoch, counter, floor }: History, { seq }: LanePosition): LanePosition {
  return { epoch, seq: Math.min(Math.max(seq, floor), counter) };
}

/**
 * The events of a lane after `position`, in order: at most 100 changes, and at most 256 KiB if there are several. The first
 * says so if changes are missing in between.
 * @param base the address of the service
 * @returns undefined if the lane does not exist any more
 */
export async function nextEvents(
  lane: Lane,
  position: LanePosition,
  base: string,
): Promise<LaneRun | undefined> {
  const [history, found] = await Promise.all([
    readHistory(lane),
    listChanges(lane, position.seq, changesInRun),
  ]);
  if (history.epoch === null) return undefined;
  const reason = lostIn(history, position);
  const start = reason ? continued(history, position) : position;
  const events: StoredEvent[] = [];
  const positions: LanePosition[] = [];
  if (reason) {
    events.push(resetEvent(base, lane, start, reason, new Date()));
    positions.push(start);
  }
  const changes = found.filter(({ seq }) => Number(seq) > start.seq);
  const entities = await findEntities(lane, changes);
  let bytes = 0;
  for (const row of changes) {
    const change: Schemas['Change'] = toChange(lane.userId, row);
    const at = { epoch: history.epoch, seq: change.seq };
    const entity = entities.get(row.type)?.get(row.entity_id) ?? null;
    const event = changeEvent(base, lane, at, messageOf(change, entity));
    bytes += Buffer.byteLength(event.body);
    if (bytes > bytesInRun && events.length > 0) break;
    events.push(event);
    positions.push(at);
  }
  const last = positions.at(-1) ?? start;
  return {
    key: lane.userId,
    events,
    positions,
    last,
    hasMore: last.seq < history.counter,
    resets: reason ? 1 : 0,
  };
}

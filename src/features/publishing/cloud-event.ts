/** The events for a broker: CloudEvents 1.0 in JSON, with the type and the data of the messages to webhooks. */
import type { StoredEvent } from '../../platform/brokers/broker';
import type { Lane, LanePosition } from '../../platform/database/lane';
import { positionText } from '../../platform/database/lane';
import type { LostPosition } from '../changes/repository';
import type { Message } from '../webhooks/events';

/** What is said about a lane whose events have a gap. */
export interface ResetData {
  readonly user_id: string;
  readonly reason: LostPosition;
  /** The next event of the lane has a higher number. */
  readonly seq: number;
}

/** A CloudEvent (CloudEvents 1.0.2), with the extension `partitionkey`. */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly partitionkey: string;
  readonly data: object;
}

/** The source of a lane's events: the address of the lane. `base` is the address of the service; it can be empty. */
function sourceOf(base: string, { userId }: Pick<Lane, 'userId'>): string {
  return `${base}/api/${encodeURIComponent(userId)}`;
}

function stored(event: CloudEvent): StoredEvent {
  return { id: event.id, type: event.type, body: JSON.stringify(event) };
}

/** The event of a change, whose position is its id. `message` is what webhooks get. */
export function changeEvent(base: string, lane: Lane, position: LanePosition, message: Message): StoredEvent {
  const { type, timestamp, data } = message;
  const { change } = data as { change: { type: string; entity_id: string | null } };
  return stored({
    specversion: '1.0',
    id: positionText(position),
    source: sourceOf(base, lane),
    type,
    subject: change.entity_id === null ? change.type : `${change.type}/${change.entity_id}`,
    time: timestamp,
    datacontenttype: 'application/json',
    partitionkey: lane.userId,
    data,
  });
}

/** The event that says that changes before `position` are missing, or that their numbers were given again. */
export function resetEvent(
  base: string,
  lane: Lane,
  position: LanePosition,
  reason: LostPosition,
  time: Date,
): StoredEvent {
  const data: ResetData = { user_id: lane.userId, reason, seq: position.seq };
  return stored({
    specversion: '1.0',
    id: `reset-${positionText(position)}`,
    source: sourceOf(base, lane),
    type: 'lane.reset',
    time: time.toISOString(),
    datacontenttype: 'application/json',
    partitionkey: lane.userId,
    data,
  });
}

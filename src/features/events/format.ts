/** Events as text (WHATWG HTML, section 9.2.5), by the contract's schema `LaneEvent`. */

import type { Schemas } from '../../platform/contract/document/operations';
import type { ChangeRow } from '../../platform/database/rows';
import { toChange } from '../changes/mapper';
import type { HistoryPosition, LostPosition } from '../changes/repository';

// Stands for a lane that was never written to and has no epoch yet.
const noEpoch = '00000000-0000-0000-0000-000000000000';
const retryMs = 2_000;

type EndReason = Schemas['ReconnectEvent']['data']['reason'];

/** The id of the event that leaves a stream at a position. */
export function eventId({ epoch, seq }: HistoryPosition): string {
  return `${seq}-${epoch ?? noEpoch}`;
}

/** The position of an event's id, which must be well-formed. */
export function parseEventId(id: string): HistoryPosition {
  const dash = id.indexOf('-');
  const epoch = id.slice(dash + 1);
  return { seq: Number(id.slice(0, dash)), epoch: epoch === noEpoch ? null : epoch };
}

function eventText({ event, data, ...id }: Schemas['LaneEvent']): string {
  const idLine = 'id' in id ? `id: ${id.id}\n` : '';
  return `${idLine}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** What a stream begins with: how soon to connect again, and its position, which clients keep without an event. */
export function openingText(position: HistoryPosition): string {
  return `retry: ${retryMs}\nid: ${eventId(position)}\n\n`;
}

/** The event of a change. */
export function changeText(epoch: string, row: ChangeRow): string {
  const data = toChange(row);
  return eventText({ id: eventId({ epoch, seq: data.seq }), event: 'change', data });
}

/** The event of changes that are lost to the stream, which goes on from `position`. */
export function resetText(reason: LostPosition, position: HistoryPosition): string {
  return eventText({ id: eventId(position), event: 'reset', data: { reason } });
}

/** The last event of a stream that the client should open again. */
export function reconnectText(reason: EndReason): string {
  // Whoever is sent elsewhere must not arrive with all the others.
  const retry = reason === 'shutdown' ? `retry: ${Math.round(retryMs * (0.5 + 2 * Math.random()))}\n` : '';
  return retry + eventText({ event: 'reconnect', data: { reason } });
}

/** The last event of a lane. */
export const erasedText = eventText({ event: 'erased', data: {} });

/** A comment, which clients pass over; it keeps the connection from looking idle. */
export const heartbeatText = ':\n\n';

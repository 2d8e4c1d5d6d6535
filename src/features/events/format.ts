/** The text of server-sent events (WHATWG HTML, section 9.2.5) of the schema `LaneEvent`. */

import type { Schemas } from '../../platform/contract/document/operations';
import { type LanePosition, positionText } from '../../platform/database/lane';
import type { ChangeRow } from '../../platform/database/rows';
import { toChange } from '../changes/mapper';
import type { LostPosition } from '../changes/repository';

const retryMs = 2_000;

type EndReason = Schemas['ReconnectEvent']['data']['reason'];

function eventText({ event, data, ...id }: Schemas['LaneEvent']): string {
  const idLine = 'id' in id ? `id: ${id.id}\n` : '';
  return `${idLine}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/**
 * The first text of a stream: the reconnection time (`retry`) and the position (`id`). Clients store both, although no
 * event follows.
 */
export function openingText(position: LanePosition): string {
  return `retry: ${retryMs}\nid: ${positionText(position)}\n\n`;
}

/** The event for a change. */
export function changeText(userId: string, epoch: string, row: ChangeRow): string {
  const data = toChange(userId, row);
  return eventText({ id: positionText({ epoch, seq: data.seq }), event: 'change', data });
}

/** The event that says that the stream lacks changes and continues from `position`. */
export function resetText(reason: LostPosition, position: LanePosition): string {
  return eventText({ id: positionText(position), event: 'reset', data: { reason } });
}

/** The last event of a stream, after which the client should reconnect. */
export function reconnectText(reason: EndReason): string {
  // The delay is random, so that the clients of this process do not all reconnect at once.
  const retry = reason === 'shutdown' ? `retry: ${Math.round(retryMs * (0.5 + 2 * Math.random()))}\n` : '';
  return retry + eventText({ event: 'reconnect', data: { reason } });
}

/** The last event of a stream whose lane was erased. */
export const erasedText = eventText({ event: 'erased', data: {} });

/** A comment, which clients ignore. It keeps proxies from closing an idle connection. */
export const heartbeatText = ':\n\n';

import type { Handlers } from '../../platform/contract/http/call';
import { parsePosition } from '../../platform/database/lane';
import { readHistory } from '../changes/repository';
import type { EventHub } from './hub';

/** The handler of event streams. The hub writes to the streams. */
export function eventHandlers(hub: Pick<EventHub, 'subscribe'>): Pick<Handlers, 'streamEvents'> {
  return {
    async streamEvents(call) {
      // A browser that reconnects repeats its first query. The header has the newer id.
      const lastId = call.headers['last-event-id'] ?? call.query.last_event_id;
      const history = await call.lane.read(readHistory);
      const subscriber = hub.subscribe({
        userId: call.identity.userId,
        lane: call.lane,
        clientId: call.identity.clientId,
        expiresAt: call.identity.expiresAt * 1000,
        history,
        from: lastId === undefined ? null : parsePosition(lastId),
      });
      if (subscriber === 'user-limit') return call.fail('too-many-streams');
      if (subscriber === 'process-limit') {
        return call.fail('service-unavailable', {
          detail: 'The service cannot open more event streams at the moment.',
        });
      }
      return call.eventStream(200, subscriber);
    },
  };
}

/** A channel of Redis' pub/sub. Subscriptions and messages share a connection (RESP3). */
import { createClient } from '@redis/client';
import type { Logger } from 'pino';
import { within } from '../breaker';
import { redisOptions } from '../edge/redis';
import type { OpenChannel } from './channel';

const channelName = 'tasklane:wake-ups';
const sendMs = 1_000;

/** Opens the channel in the Redis at `url`. An interruption is logged once, and so is its end. */
export function redisChannel(url: string, log: Logger): OpenChannel {
  return (listener) => {
    const client = createClient({ ...redisOptions(url), RESP: 3 });
    let isUp = false;
    let isReported = false;
    let isClosed = false;

    function lost(error: unknown): void {
      isUp = false;
      if (isReported || isClosed) return;
      isReported = true;
      log.warn({ err: error }, 'Redis sends no wake-ups: event streams look for changes of other instances');
    }

    function subscribed(): void {
      isUp = true;
      if (isReported) log.info('Redis sends wake-ups again');
      isReported = false;
      listener.opened();
    }

    client.on('error', lost);
    client.on('reconnecting', () => {
      isUp = false;
    });
    // After an interruption, the client subscribes again before it is ready.
    client.on('ready', () => {
      if (client.isPubSubActive) subscribed();
      else client.subscribe(channelName, listener.received).then(subscribed, lost);
    });
    client.connect().catch(lost);
    return {
      async send(text) {
        await within(client.publish(channelName, text), sendMs);
        return true;
      },
      isUp: () => isUp,
      close() {
        isClosed = true;
        client.destroy();
      },
    };
  };
}

/** Connections to Redis. Nothing waits for a Redis that is not available. */
import { readTls } from '../database/tls';

const pingMs = 1_000;
// A connection that receives nothing for this long is replaced.
const silentMs = 5_000;

/** The options of `createClient` for the Redis at `url`. The client connects again by itself. */
export function redisOptions(url: string) {
  const { protocol, searchParams } = new URL(url);
  const tls = protocol === 'rediss:' && { ...readTls(searchParams)?.options, tls: true as const };
  return {
    url,
    // Commands fail at once while Redis is not available.
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
    pingInterval: pingMs,
    socket: {
      ...tls,
      connectTimeout: 2_000,
      socketTimeout: silentMs,
      reconnectStrategy: (retries: number) => Math.min(100 * 2 ** retries, 2_000),
    },
  };
}

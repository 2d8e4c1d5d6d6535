import { createClient } from '@redis/client';
import type { ClientRateLimitInfo, Options, Store } from 'express-rate-limit';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { RedisStore } from 'rate-limit-redis';
import { readTls } from '../database/tls';

// Whoever makes up addresses or users to be counted under takes the places of those least recently seen.
const maxKeys = 50_000;

/** Counts in this process' memory, for a bounded number of keys. */
export function memoryStore(windowMs: number): Store {
  const windows = new LRUCache<string, { totalHits: number; resetTime: Date }>({ max: maxKeys });
  const current = (key: string) => {
    const window = windows.get(key);
    return window && window.resetTime.getTime() > Date.now() ? window : undefined;
  };
  return {
    get: async (key) => current(key),
    async increment(key) {
      const window = current(key) ?? { totalHits: 0, resetTime: new Date(Date.now() + windowMs) };
      window.totalHits += 1;
      windows.set(key, window);
      return window;
    },
    async decrement(key) {
      const window = current(key);
      if (window && window.totalHits > 0) window.totalHits -= 1;
    },
    async resetKey(key) {
      windows.delete(key);
    },
  };
}

/** A store that asks `first` and, while that fails, `second`. */
function withFallback(first: Store, second: Store, onFailure: (error: unknown) => void): Store {
  const attempt = async <T>(call: (store: Store) => T | Promise<T>): Promise<T> => {
    try {
      return await call(first);
    } catch (error) {
      onFailure(error);
      return call(second);
    }
  };
  return {
    init: (options: Options) => first.init?.(options),
    get: (key) => attempt<ClientRateLimitInfo | undefined>((store) => store.get?.(key)),
    increment: (key) => attempt((store) => store.increment(key)),
    decrement: (key) => attempt((store) => store.decrement(key)),
    resetKey: (key) => attempt((store) => store.resetKey(key)),
  };
}

/** Makes stores that count under a name of their own. */
export interface StoreFactory {
  create(name: string, windowMs: number): Store;
  close(): Promise<void>;
}

/** Stores in memory: each process counts by itself. */
export const memoryStores: StoreFactory = {
  create: (_name, windowMs) => memoryStore(windowMs),
  close: async () => undefined,
};

/** Stores in Redis, which all processes share; while it is out of reach, each process counts by itself and says so. */
export async function redisStores(url: string, log: Logger): Promise<StoreFactory> {
  const { protocol, searchParams } = new URL(url);
  const tls = protocol === 'rediss:' && { ...readTls(searchParams)?.options, tls: true as const };
  const client = createClient({
    url,
    // A request must not wait for Redis to come back.
    disableOfflineQueue: true,
    socket: {
      ...tls,
      connectTimeout: 2_000,
      reconnectStrategy: (retries) => Math.min(100 * 2 ** retries, 5_000),
    },
    commandOptions: { timeout: 250 },
  });
  let reachable = true;
  const unreachable = (error: unknown) => {
    if (reachable) log.warn({ err: error }, 'Redis is out of reach: rate limits are counted by each process');
    reachable = false;
  };
  client.on('error', unreachable);
  client.on('ready', () => {
    if (!reachable) log.info('Redis is back: rate limits are shared again');
    reachable = true;
  });
  await Promise.race([
    client.connect().catch(unreachable),
    new Promise((resolve) => client.once('error', resolve)),
  ]);
  return {
    create(name, windowMs) {
      const shared = new RedisStore({
        prefix: `tasklane:rate:${name}:`,
        sendCommand: async (...args: string[]) => (await client.sendCommand(args)) as never,
      });
      return withFallback(shared, memoryStore(windowMs), unreachable);
    },
    async close() {
      client.destroy();
    },
  };
}

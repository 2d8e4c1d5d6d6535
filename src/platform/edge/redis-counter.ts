/** Counts in Redis for all instances together. While Redis is not available, each instance counts separately. */
import { once } from 'node:events';
import { createClient, defineScript } from '@redis/client';
import type { Logger } from 'pino';
import { createBreaker, within } from '../breaker';
import { type Counter, type CountResult, memoryCounter, windowMs } from './counter';
import { redisOptions } from './redis';

// If Redis' clock was set back, the remaining time is limited to the length of a window.
const takeScript = `
  local units, limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
  local total = tonumber(redis.call('GET', KEYS[1])) or 0
  local left = redis.call('PTTL', KEYS[1])
  if left < 1 or left > window then left = window end
  local fits = total < limit
  if fits then total = total + units end
  redis.call('SET', KEYS[1], total, 'PX', left)
  return {fits and 1 or 0, total, left}`;

// A function, so that the client's package is loaded only with Redis.
const defineTake = () =>
  defineScript({
    SCRIPT: takeScript,
    NUMBER_OF_KEYS: 1,
    parseCommand(parser, key: string, units: number, limit: number) {
      parser.pushKey(key);
      parser.push(String(units), String(limit), String(windowMs));
    },
    transformReply: ([fits, total, leftMs]: [number, number, number]): CountResult => ({
      fits: fits === 1,
      total,
      leftMs,
    }),
  });

const prefix = 'tasklane:rate:';
const deadlineMs = 250;
const probeMs = 1_000;
const connectMs = 1_000;

/**
 * Makes a counter in the Redis at `url`. It is ready after at most one second, even if Redis does not answer, and a
 * call takes at most 250 ms. A change between shared and local counting is logged once.
 */
export async function redisCounter(url: string, log: Logger): Promise<Counter> {
  const local = memoryCounter();
  const client = createClient({ ...redisOptions(url), scripts: { take: defineTake() } });
  const breaker = createBreaker({
    deadlineMs,
    probeMs,
    // The same script as requests run, so that errors such as a read-only Redis or a missing permission fail the
    // probe too.
    probe: () => client.take(`${prefix}probe`, 0, 0),
    onChange(failure) {
      if (failure === null) log.info('Redis is reachable again: all instances count rate limits together');
      else log.warn({ err: failure }, 'Redis is unreachable: each instance counts rate limits separately');
    },
  });
  client.on('error', breaker.open);
  const ready = once(client, 'ready');
  // The client itself keeps trying to connect.
  client.connect().catch(breaker.open);
  await within(ready, connectMs).catch(breaker.open);
  return {
    async take(key, units, limit) {
      try {
        return await breaker.run(() => client.take(prefix + key, units, limit));
      } catch {
        return local.take(key, units, limit);
      }
    },
    isShared: () => !breaker.isOpen(),
    close() {
      breaker.close();
      client.destroy();
    },
  };
}

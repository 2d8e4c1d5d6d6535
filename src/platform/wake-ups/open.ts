import type { Logger } from 'pino';
import { type PostgresChannelOptions, postgresChannel } from './postgres-channel';
import { redisChannel } from './redis-channel';
import { createWakeUps, noWakeUps, type WakeUpListener, type WakeUps } from './wake-ups';

export interface WakeUpSettings {
  /** The channel that carries wake-ups. */
  readonly wakeUps: 'redis' | 'postgres' | 'off';
  readonly redisUrl: string | null;
  readonly databaseUrl: string | null;
  readonly databaseDirectUrl: string | null;
}

/** Opens the channel that is configured. */
export function openWakeUps(
  { wakeUps, redisUrl, databaseUrl, databaseDirectUrl }: WakeUpSettings,
  log: Logger,
  {
    query,
    lastGoodAt,
    listeningFor,
    ...listener
  }: WakeUpListener & Omit<PostgresChannelOptions, 'url' | 'log'>,
): WakeUps {
  const directUrl = databaseDirectUrl ?? databaseUrl;
  if (wakeUps === 'redis' && redisUrl !== null) {
    return createWakeUps(redisChannel(redisUrl, log), listener);
  }
  if (wakeUps === 'postgres' && directUrl !== null) {
    return createWakeUps(postgresChannel({ url: directUrl, query, lastGoodAt, listeningFor, log }), listener);
  }
  return noWakeUps;
}

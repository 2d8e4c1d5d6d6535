/** A channel of Postgres' LISTEN and NOTIFY. A process listens on a connection of its own, and only while that is useful. */
import type { Client } from 'pg';
import type { Logger } from 'pino';
import { createClient } from '../database/connection';
import { findTransactionPooler } from '../database/transaction-pooler';
import type { OpenChannel } from './channel';
import { quietMs } from './wake-ups';

const channelName = 'tasklane_wake_ups';
const applicationName = 'tasklane-listen';

// A process tells the others only if one of them listens. Everybody may see the names of applications.
const notifyListeners = `
  select pg_notify($1, $2)
  from (
    select from pg_stat_activity
    where datname = current_database() and application_name = $3 and pid <> $4
    limit 1
  ) as listening`;

/** Why a process listens: for its event streams, or because its jobs are idle; null if it need not listen. */
export type ListeningFor = 'streams' | 'jobs' | null;

export interface PostgresChannelOptions {
  /** A URL that leads to Postgres itself, or to a pooler in session mode. */
  readonly url: string;
  /** Runs a statement on a connection of the pool, which may lead through a pooler in transaction mode. */
  query(text: string, values: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
  /** When the pool last used the database without an error: a time of `performance.now`. */
  lastGoodAt(): number;
  listeningFor(): ListeningFor;
  readonly log: Logger;
}

const tickMs = 1_000;
const keptMs = 60_000;
const answerMs = 5_000;
const longestPauseMs = 30_000;
// Another process may have found out just before that nobody listens.
const settledMs = 2 * quietMs;

/** Node-postgres' client with the members that its types leave out. */
type Wire = Client & { readonly processID?: number; readonly connection: { stream: { destroy(): void } } };

/** Closes a connection at once. A server that does not answer would not take part in an orderly end. */
function cut(client: Client): void {
  (client as Wire).connection.stream.destroy();
}

/**
 * Opens the channel. Without a reason to listen it closes the connection after a minute. If the database ends an idle
 * connection, for example because it suspends itself, the process listens again after it has used the database again.
 */
export function postgresChannel({
  url,
  query,
  lastGoodAt,
  listeningFor,
  log,
}: PostgresChannelOptions): OpenChannel {
  return (listener) => {
    let client: Client | undefined;
    let listensSince = Number.POSITIVE_INFINITY;
    let neededAt = 0;
    let nextAttemptAt = 0;
    let failures = 0;
    let isConnecting = false;
    let isDirect = false;
    let isReported = false;
    // When the connection was lost while only the idle jobs needed it.
    let suspendedAt = Number.NEGATIVE_INFINITY;
    const stopped = new AbortController();

    function drop(): void {
      if (client) cut(client);
      client = undefined;
      listensSince = Number.POSITIVE_INFINITY;
    }

    function failed(error: unknown): void {
      drop();
      if (stopped.signal.aborted) return;
      if (listeningFor() === 'jobs') {
        suspendedAt = performance.now();
        return;
      }
      const pauseMs = Math.min(tickMs * 2 ** failures++, longestPauseMs);
      nextAttemptAt = performance.now() + pauseMs * (0.5 + Math.random() / 2);
      if (isReported) return;
      isReported = true;
      log.warn(
        { err: error },
        'Postgres sends no wake-ups: event streams look for changes of other instances',
      );
    }

    async function connect(): Promise<void> {
      const pooler = isDirect ? null : await findTransactionPooler(url);
      if (pooler !== null) {
        log.info(
          { pooler },
          'wake-ups need REDIS_URL, or DATABASE_DIRECT_URL with the address of Postgres itself: event streams look for changes of other instances',
        );
        return close();
      }
      isDirect = true;
      const opening = await createClient(url, {
        application_name: applicationName,
        connectionTimeoutMillis: answerMs,
        query_timeout: answerMs,
        keepAlive: true,
      });
      const lost = (error: Error) => {
        if (client === opening) failed(error);
      };
      opening.on('error', lost);
      opening.on('end', () => lost(new Error('Postgres ended the connection.')));
      opening.on('notification', ({ payload }) => listener.received(payload ?? ''));
      try {
        await opening.connect();
        await opening.query(`listen ${channelName}`);
      } catch (error) {
        cut(opening);
        throw error;
      }
      if (stopped.signal.aborted) return cut(opening);
      client = opening;
      if (isReported) log.info('Postgres sends wake-ups again');
      [failures, isReported] = [0, false];
      listensSince = performance.now();
      listener.opened();
    }

    function tick(): void {
      const now = performance.now();
      const reason = listeningFor();
      if (reason !== null) neededAt = now;
      if (client && !isConnecting && now - neededAt > keptMs) drop();
      if (client || isConnecting || reason === null || now < nextAttemptAt) return;
      if (reason === 'jobs' && lastGoodAt() <= suspendedAt) return;
      isConnecting = true;
      connect()
        .catch(failed)
        .finally(() => {
          isConnecting = false;
        });
    }

    function close(): void {
      stopped.abort();
      clearInterval(timer);
      drop();
    }

    const timer = setInterval(tick, tickMs).unref();
    return {
      async send(text) {
        const own = (client as Wire | undefined)?.processID ?? 0;
        const { rows } = await query(notifyListeners, [channelName, text, applicationName, own]);
        return rows.length > 0;
      },
      isUp: () => performance.now() - listensSince >= settledMs,
      check() {
        if (!Number.isFinite(listensSince)) return;
        const checked = client;
        checked?.query('select 1').catch((error) => {
          if (client === checked) failed(error);
        });
      },
      close,
    };
  };
}

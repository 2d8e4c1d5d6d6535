/** Restarts the embedded Postgres if its server ends unexpectedly. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isRunning } from './processes';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './server';

export interface WatchOptions {
  /** Restarts the server on the same data directory and port. */
  readonly restart: (signal: AbortSignal) => Promise<EmbeddedPostgres>;
  readonly log: Logger;
  /** Called once if the server does not keep running. It is not restarted after that. */
  readonly onFailed: (error: Error) => void;
  /** Milliseconds between checks of the server's process. */
  readonly lookMs?: number;
  /** The pauses before attempts in a row, in milliseconds. After the last one, the watch ends. */
  readonly pausesMs?: readonly number[];
  /** Milliseconds after which a restarted server counts as stable. */
  readonly steadyMs?: number;
}

/** A server that is watched. */
export interface WatchedPostgres {
  readonly url: string;
  /** Stops watching, aborts a restart, and stops the server. */
  stop(): Promise<void>;
}

/** Starts to watch a running server. */
export function watchEmbedded(
  first: EmbeddedPostgres,
  {
    restart,
    log,
    onFailed,
    lookMs = 500,
    pausesMs = [0, 500, 1_000, 2_000, 4_000],
    steadyMs = 60_000,
  }: WatchOptions,
): WatchedPostgres {
  let server = first;
  const stopping = new AbortController();
  const { signal } = stopping;
  const pause = (ms: number) => sleep(ms, undefined, { signal, ref: false });

  async function startAgain(attempt: number, pauseMs: number): Promise<void> {
    await pause(pauseMs);
    const began = performance.now();
    const restarted = await restart(signal);
    server = restarted;
    // Clients of the server know only the old address.
    if (restarted.url !== first.url)
      throw new Error('the embedded Postgres has another address after its restart');
    const ms = Math.round(performance.now() - began);
    log.info({ attempt, ms, dataDirectory: restarted.dataDirectory }, 'embedded Postgres started again');
  }

  async function watch(): Promise<void> {
    let attempts = 0;
    let upSince = Number.NEGATIVE_INFINITY;
    for (;;) {
      await pause(lookMs);
      if (isRunning(server.postmaster)) continue;
      if (performance.now() - upSince > steadyMs) attempts = 0;
      log.error({ dataDirectory: server.dataDirectory }, 'embedded Postgres ended');
      for (;;) {
        const pauseMs = pausesMs[attempts];
        if (pauseMs === undefined) throw new Error('The embedded Postgres ended too many times in a row.');
        attempts++;
        try {
          await startAgain(attempts, pauseMs);
          break;
        } catch (error) {
          if (signal.aborted) throw error;
          log.error({ err: error, attempt: attempts }, 'embedded Postgres did not start again');
        }
      }
      upSince = performance.now();
    }
  }

  const watching = watch().catch((error) => {
    if (!signal.aborted) onFailed(error);
  });
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    stopping.abort();
    await watching;
    await server.stop();
  };
  return { url: first.url, stop: () => (stopped ??= stop()) };
}

/**
 * Starts the embedded Postgres in `dataDir`, unless `postgres` is starting already, and watches it.
 * @param options.onLost called if it cannot be restarted
 */
export async function startWatchedPostgres(
  { dataDir }: { dataDir: string },
  log: Logger,
  options: { postgres?: Promise<EmbeddedPostgres> | undefined; onLost?: (error: Error) => void },
): Promise<WatchedPostgres> {
  const { postgres, onLost = () => undefined } = options;
  const first = await (postgres ?? startEmbeddedPostgres({ dataDir }));
  const restart = (signal: AbortSignal) => startEmbeddedPostgres({ dataDir, port: first.port, signal });
  return watchEmbedded(first, { restart, log, onFailed: onLost });
}

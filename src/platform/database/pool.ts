import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import knex, { type Knex } from 'knex';
import { type PoolClient, types } from 'pg';
import type { Logger } from 'pino';
import type { Metrics } from '../observability/metrics/metrics';
import type { FlightTracing } from '../observability/tracing/tracing';
import { connectionProvider } from './connection';
import {
  breaksConnection,
  isConnectionLimit,
  isPreparedStatementLost,
  isReadOnly,
  isRefused,
  isUnavailable,
  Unavailable,
} from './errors';
import { sendInFlights } from './flight';
import { readInstant } from './instants';
import { createShares, type Owner, type PoolUse } from './shares';

export type Connection = PoolClient;

export interface PoolOptions {
  /** A `postgres://` URL. */
  readonly url: string;
  readonly max: number;
  /** Milliseconds to wait for a free connection, and for a new connection to open. */
  readonly acquireTimeoutMs: number;
  /** The most connections that one user may hold. It is never more than half of the pool. */
  readonly maxPerUser?: number;
  /** Milliseconds after which a connection is replaced. Thus the pool follows a failover. */
  readonly connectionLifetimeMs?: number;
  /** Postgres cancels a statement after this many milliseconds. */
  readonly statementTimeoutMs: number;
  /** The service ends a transaction after this many milliseconds. */
  readonly transactionTimeoutMs?: number;
  /** Whether statements may be prepared. Not every pooler keeps prepared statements of its clients apart. */
  readonly preparedStatements: boolean;
  readonly tracing?: FlightTracing | undefined;
  readonly metrics?: Pick<Metrics, 'connectionAcquired' | 'connectionRefused'> | undefined;
}

/** The defaults of options. */
export const poolDefaults = { maxPerUser: 4, connectionLifetimeMs: 300_000, transactionTimeoutMs: 30_000 };

type CompleteOptions = Omit<PoolOptions, keyof typeof poolDefaults> & typeof poolDefaults;

/** A connection that an owner holds. */
export interface AcquiredConnection {
  readonly connection: Connection;
  /**
   * Returns the connection to the pool. It is closed if it broke, or if `destroy` is true because a statement is
   * still running. Call it once.
   */
  release(destroy?: boolean): void;
  /**
   * Returns the error to throw for an error of this connection: a `StaleConnection` if another connection may
   * succeed, else the error itself.
   */
  classifyError(error: unknown): unknown;
}

/** What the owners of connections saw of the database: times of a monotonic clock, in milliseconds. */
export interface LastSeen {
  /** When an owner last returned a connection without an error. */
  readonly goodAt: number;
  /** When the database was last unavailable, read-only, or refused the login. */
  readonly badAt: number;
}

/** A pool of connections to a database. */
export interface Pool {
  /** Builds queries. They run on an acquired connection. */
  readonly knex: Knex;
  readonly transactionTimeoutMs: number;
  /** The longest wait for a connection. */
  readonly acquireTimeoutMs: number;
  /**
   * Acquires a connection for an owner. Owners take fair turns.
   * @throws PoolBusy if the owner's queue is full or the wait too long
   */
  acquire(owner: Owner): Promise<AcquiredConnection>;
  /** What the latest owners saw. */
  lastSeen(): LastSeen;
  /** The use of the pool now. */
  use(): PoolUse;
  close(): Promise<void>;
}

/**
 * The connection is stale: it leads to a read-only database, or lost a prepared statement. The work can run again on
 * another connection.
 */
export class StaleConnection extends Unavailable {}

// Longer than the statement timeout, so that Postgres normally ends the statement. This one is for a server that no
// longer responds.
const silenceMarginMs = 2_000;
const lifetimeJitter = 0.2;
// At Postgres' connection limit, the pause before the next attempt to open a connection.
const retryLimitMs = 250;
// While the database is read-only, connections are replaced at most this often.
const renewalMs = 1_000;

// Knex's pool checks a connection in several steps before it hands it out, which takes as long as sending a small query.
// A released connection is used again without Knex's pool for this long.
const reuseMs = 100;

const openedAt = new WeakMap<Connection, number>();
// When Knex's pool handed out the connection.
const checkedAt = new WeakMap<Connection, number>();
// The socket reports its end a little later.
const destroyed = new WeakSet<Connection>();

// `text[]` in Postgres' table `pg_type`.
const textArray = 1009;
const parseTexts = types.getTypeParser(textArray as never, 'text') as (text: string) => unknown;

// Dates and local timestamps are not instants. As a `Date` they would depend on this machine's time zone.
const parsers = new Map<number, (text: string) => unknown>([
  [types.builtins.DATE, (text) => text],
  [types.builtins.TIMESTAMP, (text) => text],
  [types.builtins.TIMESTAMPTZ, readInstant],
  // Most tasks have no tags. node-postgres makes a parser for each array.
  [textArray, (text) => (text === '{}' ? [] : parseTexts(text))],
]);
const typeParsers: Pick<typeof types, 'getTypeParser'> = {
  getTypeParser: ((oid: number, format?: 'text') =>
    parsers.get(oid) ?? types.getTypeParser(oid, format)) as typeof types.getTypeParser,
};

function createKnex(
  options: CompleteOptions,
  log: Logger,
  isOutdated: (connection: Connection) => boolean,
  namesStatements: () => boolean,
): Knex {
  return knex({
    client: 'pg',
    connection: connectionProvider(options.url, {
      application_name: 'tasklane',
      connectionTimeoutMillis: options.acquireTimeoutMs,
      query_timeout: options.statementTimeoutMs + silenceMarginMs,
      keepAlive: true,
      types: typeParsers,
    }),
    pool: {
      min: 0,
      max: options.max,
      idleTimeoutMillis: 30_000,
      // Jitter, so that connections that were opened together are not replaced together.
      maxConnectionLifetimeMillis: options.connectionLifetimeMs * (1 - lifetimeJitter),
      maxConnectionLifetimeJitterMillis: options.connectionLifetimeMs * lifetimeJitter,
      validate: (connection: Connection) => !destroyed.has(connection) && !isOutdated(connection),
      afterCreate(connection: Connection, done: (error: null, connection: Connection) => void) {
        openedAt.set(connection, performance.now());
        sendInFlights(connection, namesStatements, options.tracing);
        done(null, connection);
      },
    } as Knex.PoolConfig,
    acquireConnectionTimeout: options.acquireTimeoutMs,
    log: {
      // The caller who needed the connection reports the error.
      warn: (message: unknown) =>
        log[String(message).startsWith('Acquire connection error') ? 'debug' : 'warn'](
          { knex: String(message) },
          'database pool',
        ),
      error: (message: unknown) => log.error({ knex: String(message) }, 'database pool'),
      deprecate: (method: string, alternative: string) => log.debug({ method, alternative }, 'deprecated'),
      debug: () => undefined,
    },
  });
}

function socketOf(connection: Connection): Socket {
  return (connection as Connection & { connection: { stream: Socket } }).connection.stream;
}

/** Closes a connection at once, even while a statement runs. The pool then drops it. */
function destroy(connection: Connection): void {
  destroyed.add(connection);
  socketOf(connection).destroy();
}

/** Keeps released connections for a moment, so that they can be used again without Knex's pool. */
class ReleasedConnections {
  private idle: Connection[] = [];
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  /** `giveBack` returns a connection to Knex's pool. */
  constructor(private readonly giveBack: (connection: Connection) => void) {}

  /** A connection that `isUsable`, if there is one. */
  take(isUsable: (connection: Connection) => boolean): Connection | undefined {
    for (;;) {
      const connection = this.idle.pop();
      if (connection === undefined || (isUsable(connection) && socketOf(connection).writable))
        return connection;
      this.giveBack(connection);
    }
  }

  add(connection: Connection): void {
    const isDue = performance.now() - (checkedAt.get(connection) ?? 0) > reuseMs;
    if (isDue || this.isClosed) {
      this.giveBack(connection);
      return;
    }
    this.idle.push(connection);
    this.timer ??= setTimeout(() => this.giveBackAll(), reuseMs).unref();
  }

  private giveBackAll(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const connection of this.idle.splice(0)) this.giveBack(connection);
  }

  /** From now on, connections are given back at once. */
  close(): void {
    this.isClosed = true;
    this.giveBackAll();
  }
}

/** Makes a pool of connections that send their statements in flights. It connects at first use. */
export function createPool(given: PoolOptions, log: Logger): Pool {
  const options: CompleteOptions = { ...poolDefaults, ...given };
  const { metrics } = options;
  // Connections opened before this time are replaced, because they lead to a read-only database.
  let outdatedBefore = Number.NEGATIVE_INFINITY;
  let namesStatements = options.preparedStatements;
  let [goodAt, badAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const openedAtOf = (connection: Connection) => openedAt.get(connection) ?? 0;
  const isOutdated = (connection: Connection) => openedAtOf(connection) < outdatedBefore;
  const pool = createKnex(options, log, isOutdated, () => namesStatements);
  const shares = createShares({
    total: options.max,
    perUser: options.maxPerUser,
    waitMs: options.acquireTimeoutMs,
  });
  const giveBack = (connection: Connection) => void pool.client.releaseConnection(connection);
  const released = new ReleasedConnections(giveBack);
  const isCurrent = (connection: Connection) => !isOutdated(connection);
  // The acquirers that wait at Postgres' connection limit.
  const waiting = new Set<() => void>();

  /** Waits until a connection is released, or until the next attempt to open one. */
  async function pause(): Promise<void> {
    let wake = () => {};
    const release = new Promise<void>((resolve) => {
      wake = resolve;
    });
    waiting.add(wake);
    await Promise.race([release, sleep(retryLimitMs, undefined, { ref: false })]);
    waiting.delete(wake);
  }

  /** Acquires a connection. At Postgres' connection limit, waits for an existing connection. */
  async function openConnection(): Promise<Connection> {
    const deadline = performance.now() + options.acquireTimeoutMs;
    for (;;) {
      try {
        const connection: Connection = await pool.client.acquireConnection();
        checkedAt.set(connection, performance.now());
        return connection;
      } catch (error) {
        if (!isConnectionLimit(error) || performance.now() + retryLimitMs > deadline) throw error;
        await pause();
        const connection = released.take(isCurrent);
        if (connection) return connection;
      }
    }
  }

  /** @param acquiredAt when the connection was requested. A connection that was opened later is not stale. */
  function classifyError(connection: Connection, acquiredAt: number, error: unknown): unknown {
    if (isReadOnly(error) && openedAtOf(connection) < acquiredAt) {
      if (performance.now() - outdatedBefore > renewalMs) outdatedBefore = performance.now();
      return new StaleConnection('The connection led to a read-only database.', { cause: error });
    }
    if (options.preparedStatements && isPreparedStatementLost(error)) {
      if (namesStatements) {
        log.warn(
          'A pooler does not support prepared statements: this process no longer uses them. ' +
            'Set DATABASE_PREPARED_STATEMENTS=false, or update PgBouncer to 1.21 with max_prepared_statements.',
        );
      }
      namesStatements = false;
      return new StaleConnection('A prepared statement was lost.', { cause: error });
    }
    return error;
  }

  return {
    knex: pool,
    transactionTimeoutMs: options.transactionTimeoutMs,
    acquireTimeoutMs: options.acquireTimeoutMs,
    use: shares.use,
    lastSeen: () => ({ goodAt, badAt }),
    async acquire(owner) {
      const askedAt = performance.now();
      let leave: (() => void) | undefined;
      let acquiredAt: number;
      let connection: Connection;
      try {
        leave = await shares.enter(owner);
        acquiredAt = performance.now();
        connection = released.take(isCurrent) ?? (await openConnection());
      } catch (error) {
        // Without a turn, the pool is busy, which says nothing about the database.
        if (leave) badAt = performance.now();
        leave?.();
        metrics?.connectionRefused(owner);
        throw error;
      }
      metrics?.connectionAcquired(owner, performance.now() - askedAt);
      let [isBroken, hasFailed] = [false, false];
      return {
        connection,
        release(isBusy = false) {
          if (isBroken || isBusy) {
            destroy(connection);
            giveBack(connection);
          } else released.add(connection);
          leave();
          if (!hasFailed) goodAt = performance.now();
          for (const wake of waiting) wake();
        },
        classifyError(error) {
          isBroken ||= breaksConnection(error);
          hasFailed = true;
          if (isBroken || isUnavailable(error) || isRefused(error)) badAt = performance.now();
          return classifyError(connection, acquiredAt, error);
        },
      };
    },
    close() {
      released.close();
      return pool.destroy();
    },
  };
}

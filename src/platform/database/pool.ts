import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import knex, { type Knex } from 'knex';
import { type PoolClient, types } from 'pg';
import type { Logger } from 'pino';
import { connectionProvider } from './connection';
import { breaksConnection, isConnectionLimit, isReadOnly, losesStatements, Unavailable } from './faults';
import { createShares, type Owner } from './shares';

export type Connection = PoolClient;

export interface PoolOptions {
  /** A `postgres://` URL. */
  readonly url: string;
  readonly max: number;
  /** Milliseconds to wait for a free connection, and for a new one to be made. */
  readonly acquireTimeoutMs: number;
  /** How many connections one user may hold; at most half of the pool. */
  readonly maxPerUser?: number;
  /** Milliseconds after which a connection is replaced, so that the pool follows a failover. */
  readonly connectionLifetimeMs?: number;
  /** Milliseconds after which Postgres gives a statement up. */
  readonly statementTimeoutMs: number;
  /** Milliseconds after which the service gives a transaction up. */
  readonly transactionTimeoutMs?: number;
  /** Whether statements may be named (prepared once a connection); not every pooler keeps them apart. */
  readonly preparedStatements: boolean;
}

/** What options that are left out are. */
export const poolDefaults = { maxPerUser: 4, connectionLifetimeMs: 300_000, transactionTimeoutMs: 30_000 };

type CompleteOptions = PoolOptions & typeof poolDefaults;

/** A connection that is held for an owner. */
export interface Lease {
  readonly connection: Connection;
  /** Gives the connection back, once; one that broke, or that `destroy` says is busy, is closed. */
  release(destroy?: boolean): void;
  /** What to throw of an error of this connection: a `StaleConnection` where another connection may do better. */
  judge(error: unknown): unknown;
}

/** The connections to a database. */
export interface Pool {
  /** Builds queries; they run on the connection of a lease. */
  readonly knex: Knex;
  readonly transactionTimeoutMs: number;
  /** Whether statements may be named. */
  namesStatements(): boolean;
  /**
   * Takes a connection for an owner, in fair turns.
   * @throws PoolBusy if the owner's queue is too long or the wait was
   */
  lease(owner: Owner): Promise<Lease>;
  close(): Promise<void>;
}

/** The connection was in a state that a new one may not be in: the work can be run again on another. */
export class StaleConnection extends Unavailable {}

// Longer than the statement's own limit, so that Postgres speaks first; this one is for a server that went silent.
const silenceMarginMs = 2_000;
const lifetimeJitter = 0.2;
// At Postgres' connection limit, the next try to open a connection.
const retryLimitMs = 250;
// While the database stays read-only, all connections are replaced this often at most.
const renewalMs = 1_000;

const openedAt = new WeakMap<Connection, number>();
// The socket tells a little later that it is closed.
const destroyed = new WeakSet<Connection>();

// A day of the calendar and a local time are no instants: as a Date, they would shift with this machine's zone.
const asText = new Set<number>([types.builtins.DATE, types.builtins.TIMESTAMP]);
const typeParsers: Pick<typeof types, 'getTypeParser'> = {
  getTypeParser: ((oid: number, format?: 'text') =>
    asText.has(oid)
      ? (value: string) => value
      : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
};

/**
 * Sends the statements of one turn of the event loop together: a write to a socket is a system call, which costs about
 * what the rest of a small statement does.
 */
function sendTogether(connection: Connection): void {
  const {
    query,
    connection: { stream },
  } = connection as Connection & { connection: { stream: Socket } };
  let held = false;
  connection.query = ((...statement: Parameters<typeof query>) => {
    if (!held) {
      held = true;
      stream.cork();
      process.nextTick(() => {
        held = false;
        stream.uncork();
      });
    }
    return query.apply(connection, statement);
  }) as typeof query;
}

function createKnex(
  options: CompleteOptions,
  log: Logger,
  isOutdated: (connection: Connection) => boolean,
): Knex {
  return knex({
    client: 'pg',
    connection: connectionProvider(options.url, {
      application_name: 'tasklane',
      connectionTimeoutMillis: options.acquireTimeoutMs,
      query_timeout: options.statementTimeoutMs + silenceMarginMs,
      keepAlive: true,
      pipeline: true,
      types: typeParsers,
    }),
    pool: {
      min: 0,
      max: options.max,
      idleTimeoutMillis: 30_000,
      // Connections that were opened together are not replaced together.
      maxConnectionLifetimeMillis: options.connectionLifetimeMs * (1 - lifetimeJitter),
      maxConnectionLifetimeJitterMillis: options.connectionLifetimeMs * lifetimeJitter,
      validate: (connection: Connection) => !destroyed.has(connection) && !isOutdated(connection),
      afterCreate(connection: Connection, done: (error: null, connection: Connection) => void) {
        openedAt.set(connection, performance.now());
        sendTogether(connection);
        done(null, connection);
      },
    } as Knex.PoolConfig,
    acquireConnectionTimeout: options.acquireTimeoutMs,
    log: {
      // Whoever wanted the connection tells the error.
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

/** Closes a connection at once, with what is under way on it; the pool finds it closed and drops it. */
function destroy(connection: Connection): void {
  const { connection: wire } = connection as Connection & { connection: { stream: Socket } };
  destroyed.add(connection);
  wire.stream.destroy();
}

/** Makes a pool of connections in pipeline mode; it connects at first use. */
export function createPool(given: PoolOptions, log: Logger): Pool {
  const options: CompleteOptions = { ...poolDefaults, ...given };
  // Connections that were opened before are replaced: they lead to a database that was read-only.
  let outdatedBefore = Number.NEGATIVE_INFINITY;
  let namesStatements = options.preparedStatements;
  const openedAtOf = (connection: Connection) => openedAt.get(connection) ?? 0;
  const isOutdated = (connection: Connection) => openedAtOf(connection) < outdatedBefore;
  const pool = createKnex(options, log, isOutdated);
  const shares = createShares({
    total: options.max,
    perUser: options.maxPerUser,
    waitMs: options.acquireTimeoutMs,
  });
  const released = new Set<() => void>();

  /** Waits until a connection comes back, or for the next try to open one. */
  async function pause(): Promise<void> {
    let wake = () => {};
    const release = new Promise<void>((resolve) => {
      wake = resolve;
    });
    released.add(wake);
    await Promise.race([release, sleep(retryLimitMs, undefined, { ref: false })]);
    released.delete(wake);
  }

  /** Acquires a connection; where Postgres opens no more, one of those that there are, as soon as it is free. */
  async function acquire(): Promise<Connection> {
    const deadline = performance.now() + options.acquireTimeoutMs;
    for (;;) {
      try {
        return await pool.client.acquireConnection();
      } catch (error) {
        if (!isConnectionLimit(error) || performance.now() + retryLimitMs > deadline) throw error;
        await pause();
      }
    }
  }

  /** @param leasedAt when the connection was asked for: one that was opened since then is as good as any */
  function judge(connection: Connection, leasedAt: number, error: unknown): unknown {
    if (isReadOnly(error) && openedAtOf(connection) < leasedAt) {
      if (performance.now() - outdatedBefore > renewalMs) outdatedBefore = performance.now();
      return new StaleConnection('The connection led to a read-only database.', { cause: error });
    }
    if (options.preparedStatements && losesStatements(error)) {
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
    namesStatements: () => namesStatements,
    async lease(owner) {
      const leave = await shares.enter(owner);
      const leasedAt = performance.now();
      const connection = await acquire().catch((error) => {
        leave();
        throw error;
      });
      let isBroken = false;
      return {
        connection,
        release(isBusy = false) {
          if (isBroken || isBusy) destroy(connection);
          void pool.client.releaseConnection(connection);
          leave();
          for (const wake of released) wake();
        },
        judge(error) {
          isBroken ||= breaksConnection(error);
          return judge(connection, leasedAt, error);
        },
      };
    },
    close: () => pool.destroy(),
  };
}

import type { Socket } from 'node:net';
import knex, { type Knex } from 'knex';
import { types } from 'pg';
import type { Logger } from 'pino';
import { connectionProvider } from './connection';
import type { Connection } from './transaction';

export interface PoolOptions {
  /** A `postgres://` URL. */
  readonly url: string;
  readonly max: number;
  /** Milliseconds to wait for a free connection, and for a new one to be made. */
  readonly acquireTimeoutMs: number;
  /** Milliseconds after which Postgres gives a statement up. */
  readonly statementTimeoutMs: number;
}

// Longer than the statement's own limit, so that Postgres speaks first; this one is for a server that went silent.
const silenceMarginMs = 2_000;

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

/** Makes a pool of connections in pipeline mode; it connects at first use. */
export function createPool(options: PoolOptions, log: Logger): Knex {
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
      afterCreate(connection: Connection, done: (error: null, connection: Connection) => void) {
        sendTogether(connection);
        done(null, connection);
      },
    },
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

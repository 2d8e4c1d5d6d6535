/** Functions that the scripts for the database share. */
import knex, { type Knex } from 'knex';
import pino from 'pino';
import { ConfigError, type DatabaseConfig, parseDatabaseConfig, readEnvironment } from '../config';
import type { AccountLink } from '../platform/database/accounts';
import { connectionProvider, toolConnection } from '../platform/database/connection';
import { createDatabase, type Database } from '../platform/database/database';
import { startEmbeddedPostgres } from '../platform/database/embedded/server';
import { insufficientPrivilege, SetupError, sqlState } from '../platform/database/errors';
import { LocksUnavailable } from '../platform/database/lock-retries';
import { describeUnavailable, unavailableReason } from '../platform/database/unavailable';

export interface DatabaseUrls {
  /** A direct connection, for migrations. */
  readonly direct: string;
  /** The connection that the service uses. */
  readonly service: string;
}

/** Runs `work` on the configured database, or on the embedded one, which it starts and stops. */
export async function withDatabase<T>(
  config: DatabaseConfig,
  work: (urls: DatabaseUrls) => Promise<T>,
): Promise<T> {
  const { databaseUrl, databaseDirectUrl } = config;
  const embedded =
    databaseUrl === null && databaseDirectUrl === null
      ? await startEmbeddedPostgres({ dataDir: config.dataDir })
      : null;
  const direct = databaseDirectUrl ?? databaseUrl ?? (embedded?.url as string);
  try {
    return await work({ direct, service: databaseUrl ?? direct });
  } finally {
    await embedded?.stop();
  }
}

/** Opens the database at `url` with one connection, and the replica if one is configured. The caller closes it. */
export function openService(config: DatabaseConfig, url: string): Database {
  return createDatabase(
    {
      url,
      replicaUrl: config.databaseReplicaUrl,
      max: 1,
      acquireTimeoutMs: config.databaseAcquireTimeoutMs,
      statementTimeoutMs: config.databaseStatementTimeoutMs,
      preparedStatements: config.databasePreparedStatements,
      appRole: config.databaseAppRole,
      systemRole: config.databaseSystemRole,
    },
    pino({ level: 'silent' }),
  );
}

/** Runs `work` in a read-only transaction, which takes no lock that others would wait for. */
export async function reading<T>(
  url: string,
  work: (transaction: Knex.Transaction) => Promise<T>,
): Promise<T> {
  const database = knex({
    client: 'pg',
    connection: connectionProvider(url, toolConnection),
    pool: { min: 0, max: 1 },
    // Knex throws the errors that it warns about.
    log: { warn: () => undefined },
  });
  try {
    return await database.transaction(work, { readOnly: true });
  } finally {
    await database.destroy();
  }
}

/** Describes for the operator why a script failed: the cause if it is known, else the stack. */
export function describeFailure(error: unknown): string {
  if (error instanceof ConfigError || error instanceof SetupError || error instanceof LocksUnavailable) {
    return error.message;
  }
  if (sqlState(error) === insufficientPrivilege) {
    return (
      `The login has no right to do this: ${(error as Error).message}.\n` +
      'Migrations need the owner of the tables: set DATABASE_DIRECT_URL. All else needs the login of the service: set DATABASE_URL.'
    );
  }
  if (unavailableReason(error) !== null) return describeUnavailable(error);
  return String((error as Error | undefined)?.stack ?? error);
}

/**
 * Runs a script with the database's part of the configuration, and writes the text that it returns to the standard output.
 * An error is written to the standard error, and the exit code is then 1.
 */
export function runScript(work: (config: DatabaseConfig) => Promise<string>): void {
  const run = async () => {
    process.stdout.write(await work(parseDatabaseConfig(readEnvironment())));
  };
  run().catch((error) => {
    process.stderr.write(`${describeFailure(error)}\n`);
    process.exit(1);
  });
}

/** Describes for the operator how lanes are linked to accounts. */
export function describeLink(link: AccountLink): string {
  switch (link.state) {
    case 'off':
      return 'Lanes are not linked to accounts, because of AUTH_USER_TABLE or AUTH_USER_ID_CLAIM.';
    case 'unlinked':
      return `Lanes are not linked to accounts: ${link.reason}.`;
    case 'outdated':
      return `The account link needs a change: ${link.reason}. To make it, run: tasklane migrate.`;
    case 'linked': {
      const linked = `Lanes are linked to ${link.table}, whose ids are of type ${link.idType}.`;
      if (link.orphans === 0) return linked;
      const users = link.examples.join(', ') + (link.orphans > link.examples.length ? ', …' : '');
      return `${linked} Lanes without an account, from before the link: ${link.orphans} (${users}).`;
    }
  }
}

/** What the scripts that work on the database share. */
import knex, { type Knex } from 'knex';
import { ConfigError, type DatabaseConfig, parseDatabaseConfig, readEnvironment } from '../src/config';
import type { AccountLink } from '../src/platform/database/accounts';
import { connectionProvider, toolConnection } from '../src/platform/database/connection';
import { startEmbeddedPostgres } from '../src/platform/database/embedded/server';
import { LocksUnavailable } from '../src/platform/database/lock-retries';
import { describeUnavailable, unavailableReason } from '../src/platform/database/out-of-reach';

export interface DatabaseUrls {
  /** Past any pooler, for migrations. */
  readonly direct: string;
  /** As the service connects. */
  readonly service: string;
}

/** Runs `work` on the configured database, or on the embedded one, which runs for that long. */
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

/** Runs `work` in a transaction that can only read, and takes no lock that others would wait for. */
export async function reading<T>(
  url: string,
  work: (transaction: Knex.Transaction) => Promise<T>,
): Promise<T> {
  const database = knex({
    client: 'pg',
    connection: connectionProvider(url, toolConnection),
    pool: { min: 0, max: 1 },
    // What it warns of is thrown as well.
    log: { warn: () => undefined },
  });
  try {
    return await database.transaction(work, { readOnly: true });
  } finally {
    await database.destroy();
  }
}

/** What a script failed with, for people: a cause where it is known, else the stack. */
export function describeFailure(error: unknown): string {
  if (error instanceof ConfigError || error instanceof LocksUnavailable) return error.message;
  if (unavailableReason(error) !== null) return describeUnavailable(error);
  return String((error as Error | undefined)?.stack ?? error);
}

/**
 * Runs a script: its part of the configuration is read, and what it returns is written out. Faults go to the standard
 * error, and the exit code is then 1.
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

/** How lanes and accounts stand to each other, for people. */
export function describeLink(link: AccountLink): string {
  switch (link.state) {
    case 'off':
      return 'Lanes are not linked to accounts: AUTH_USER_TABLE or AUTH_USER_ID_CLAIM says so.';
    case 'unlinked':
      return `Lanes are not linked to accounts: ${link.reason}.`;
    case 'outdated':
      return `The link from lanes to accounts is not as it should be: ${link.reason}. Put that right: npm run migrate.`;
    case 'linked': {
      const linked = `Lanes are linked to ${link.table}, whose ids are of type ${link.idType}.`;
      if (link.orphans === 0) return linked;
      const users = link.examples.join(', ') + (link.orphans > link.examples.length ? ', …' : '');
      return `${linked} Lanes without an account, which nobody can make any more: ${link.orphans} (${users}).`;
    }
  }
}

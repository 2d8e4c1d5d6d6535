import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import knex, { type Knex } from 'knex';
import { connectionProvider, createClient } from './connection';
import { defaultAppRole, defaultSystemRole, ensureRoles, grantRoles } from './roles';
import { schema } from './rows';
import { ensureTrigrams } from './trigrams';

const directory = join(__dirname, '..', '..', '..', 'migrations');
const fileName = /^(\d{14}_\w+)\.(ts|js)$/;

/** The names of all migrations in their order, without extension: the same from source and compiled. */
export function migrationNames(): string[] {
  return readdirSync(directory)
    .flatMap((file) => fileName.exec(file)?.[1] ?? [])
    .sort();
}

const source: Knex.MigrationSource<string> = {
  getMigrations: async () => migrationNames(),
  getMigrationName: (name) => name,
  getMigration: async (name) => require(join(directory, name)) as Knex.Migration,
};

/** How Knex finds the migrations and remembers which have run. */
export const migratorConfig: Knex.MigratorConfig = {
  migrationSource: source,
  schemaName: schema,
  tableName: 'migrations',
};

type PooledClient = { query(text: string, done: (error: Error | null) => void): void };

// Row-level security holds the tables' owner too. A migration that reads or checks rows must then fail, and not go on
// as if there were none: a foreign key would be valid over orphans.
export const migrationPool: Knex.PoolConfig = {
  min: 0,
  max: 2,
  afterCreate: (connection: PooledClient, done: (error: Error | null) => void) =>
    connection.query('set row_security = off', done),
};

// Any constant will do; it names the lock among the database's advisory locks.
const advisoryLock = 7_236_147_911;

/**
 * Runs `work` while no other process migrates this database. The lock is the session's, so it needs a connection that
 * is not shared by a pooler; it ends with the process, unlike the row that Knex keeps, which is cleared under it.
 * @param url a direct connection to the database.
 */
export async function withMigrationLock<T>(url: string, work: (database: Knex) => Promise<T>): Promise<T> {
  const lock = await createClient(url);
  // Without its session there is no lock, and whoever waits for it goes ahead.
  const lost = new Promise<never>((_resolve, reject) => {
    lock.on('error', (cause) => reject(new Error('The migration lock was lost.', { cause })));
  });
  await lock.connect();
  const database = knex({ client: 'pg', connection: connectionProvider(url), pool: migrationPool });
  const locked = async () => {
    await lock.query('select pg_advisory_lock($1)', [advisoryLock]);
    await database.raw('create schema if not exists ??', [schema]);
    await database.migrate.forceFreeMigrationsLock(migratorConfig);
    return work(database);
  };
  try {
    return await Promise.race([locked(), lost]);
  } finally {
    await database.destroy();
    await lock.end();
  }
}

export interface MigrateOptions {
  /** The role that lanes run as. */
  readonly appRole?: string;
  /** The role that work across lanes runs as. */
  readonly systemRole?: string;
  /** How the service itself connects, where that is not as the migrations do. */
  readonly serviceUrl?: string;
  /** Takes what the operator should know of it, though nothing is wrong. */
  readonly notice?: (text: string) => void;
}

async function loginOf(url: string): Promise<string> {
  // A pooler may have names of its own for its clients: the server knows the role.
  const client = await createClient(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ login: string }>('select session_user as login');
    return rows[0]?.login as string;
  } finally {
    await client.end();
  }
}

/** Applies the migrations that are missing, and sets up the roles; returns the migrations' names. */
export function migrateUp(
  url: string,
  {
    appRole = defaultAppRole,
    systemRole = defaultSystemRole,
    serviceUrl = url,
    notice = () => undefined,
  }: MigrateOptions = {},
): Promise<string[]> {
  return withMigrationLock(url, async (database) => {
    const roles = { app: appRole, system: systemRole, login: await loginOf(serviceUrl) };
    await ensureRoles(database, roles);
    const [, applied] = await database.migrate.latest(migratorConfig);
    await grantRoles(database, roles);
    if (!(await ensureTrigrams(database, appRole))) {
      notice(
        `Searches will not tolerate typos: the extension pg_trgm is not there, or the role ${appRole} may not use it.`,
      );
    }
    return applied as string[];
  });
}

/** Takes back the newest migration, or all of them; returns their names. */
export function migrateDown(url: string, { all = false } = {}): Promise<string[]> {
  return withMigrationLock(url, async (database) => {
    const [, reverted] = all
      ? await database.migrate.rollback(migratorConfig, true)
      : await database.migrate.down(migratorConfig);
    return reverted as string[];
  });
}

export interface MigrationStatus {
  readonly applied: string[];
  readonly pending: string[];
  /** Applied here, but unknown to this version of the service. */
  readonly unknown: string[];
}

/** Compares the database's migrations with the service's. */
export async function migrationStatus(database: Knex): Promise<MigrationStatus> {
  const known = migrationNames();
  const applied = await appliedMigrations(database);
  return {
    applied,
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

async function appliedMigrations(database: Knex): Promise<string[]> {
  const { rows } = await database.raw('select to_regclass(?) is not null as present', [
    `${schema}.migrations`,
  ]);
  if (!rows[0].present) return [];
  return database(`${schema}.migrations`).orderBy('id').pluck('name');
}

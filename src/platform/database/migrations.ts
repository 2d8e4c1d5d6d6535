import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { openClient } from './connection';
import { type Distribution, distributeLanes } from './distribution';
import {
  type MigrationSession,
  type MigrationSessionOptions,
  prepareTransaction,
  withMigrationLock,
} from './migration-session';
import {
  findOtherMigrations,
  hashOf,
  type NamedMigration,
  OtherMigrations,
  storeHashes,
} from './other-migrations';
import { defaultAppRole, defaultSystemRole, ensureRoles, grantRoles } from './roles';
import { schema } from './rows';
import { acceptTitleOrder } from './title-order';
import { ensureTrigrams } from './trigrams';

const ownDirectory = join(__dirname, '..', '..', '..', 'migrations');
const fileName = /^(\d{14}_\w+)\.(ts|js)$/;

/** The names of all migrations in order, without extension: the same for source and compiled files. */
export function migrationNames(directory = ownDirectory): string[] {
  return readdirSync(directory)
    .flatMap((file) => fileName.exec(file)?.[1] ?? [])
    .sort();
}

const load = (directory: string, name: string): NamedMigration => ({
  name,
  migration: require(join(directory, name)) as Knex.Migration,
});

/** The hash of the statements of each migration, by name; null if they depend on the database. */
export async function migrationHashes(directory = ownDirectory): Promise<Record<string, string | null>> {
  const names = migrationNames(directory);
  const hashes = names.map(async (name) => [name, await hashOf(load(directory, name).migration)] as const);
  return Object.fromEntries(await Promise.all(hashes));
}

/** The Knex configuration for the migrations of a directory. */
function migratorConfigOf(
  directory: string,
  prepare: (transaction: Knex) => Promise<void>,
): Knex.MigratorConfig {
  // The settings end with their transaction. A migration with `config = { transaction: false }` runs without them.
  const hooks = {
    beforeEach: (knex: Knex) => prepare(knex),
    afterAll: (knex: Knex, names: string[]) =>
      storeHashes(
        knex,
        names.map((name) => load(directory, name)),
      ),
  };
  return {
    ...hooks,
    migrationSource: {
      getMigrations: async () => migrationNames(directory),
      getMigrationName: (name: string) => name,
      getMigration: async (name: string) => load(directory, name).migration,
    },
    schemaName: schema,
    tableName: 'migrations',
  };
}

/** The service's own migrations, for Knex. */
export const migratorConfig: Knex.MigratorConfig = migratorConfigOf(ownDirectory, prepareTransaction);

export interface RoleOptions extends MigrationSessionOptions {
  /** The role of lanes' transactions. */
  readonly appRole?: string;
  /** The role of transactions across lanes. */
  readonly systemRole?: string;
  /** The URL with which the service connects, if it differs from that of the migrations. */
  readonly serviceUrl?: string;
}

export interface MigrateOptions extends RoleOptions {
  /** The directory of the migrations; by default the service's own. */
  readonly directory?: string;
}

async function loginOf(url: string): Promise<string> {
  // A pooler may map the name in the URL to another role, so the server is asked.
  const client = await openClient(url);
  try {
    const { rows } = await client.query<{ login: string }>('select session_user as login');
    return rows[0]?.login as string;
  } finally {
    await client.end();
  }
}

/**
 * Applies the missing migrations, each in its own transaction, and sets up the roles. Returns the names of the
 * applied migrations.
 * @throws OtherMigrations if the database was set up by a development version
 */
export function migrateUp(
  url: string,
  {
    appRole = defaultAppRole,
    systemRole = defaultSystemRole,
    serviceUrl = url,
    directory = ownDirectory,
    ...options
  }: MigrateOptions = {},
): Promise<string[]> {
  const work = async ({ database, change, retry, prepareTransaction: prepare }: MigrationSession) => {
    const config = migratorConfigOf(directory, prepare);
    const roles = { app: appRole, system: systemRole, login: await loginOf(serviceUrl) };
    await ensureRoles(database, roles);
    await clearLockRow(database, config);
    const others = await otherMigrations(database, directory);
    if (others.length > 0) throw new OtherMigrations(others);
    const { pending } = await migrationStatus(database, directory);
    for (const name of pending) {
      await retry(`Migration ${name}`, () => database.migrate.up({ ...config, name } as Knex.MigratorConfig));
    }
    await change('Granting rights to the roles', (transaction) => grantRoles(transaction, roles));
    await acceptTitleOrder(database);
    if (!(await ensureTrigrams(database, appRole))) {
      options.notice?.(
        `Searches will not tolerate typos: the extension pg_trgm is missing, or the role ${appRole} has no right to use it.`,
      );
    }
    return pending;
  };
  return withMigrationLock(url, work, options);
}

/**
 * Distributes the lanes of a migrated database over the workers of a Citus cluster.
 * @throws Error that says what to do
 */
export function distribute(
  url: string,
  {
    appRole = defaultAppRole,
    systemRole = defaultSystemRole,
    serviceUrl = url,
    ...options
  }: RoleOptions = {},
): Promise<Distribution> {
  return withMigrationLock(
    url,
    async (session) =>
      distributeLanes(session, { app: appRole, system: systemRole, login: await loginOf(serviceUrl) }),
    options,
  );
}

/** Clears Knex's own lock row, which a killed process may leave. The advisory lock excludes other migrations. */
async function clearLockRow(database: Knex, config: Knex.MigratorConfig): Promise<void> {
  await database.raw('create schema if not exists ??', [schema]);
  await database.migrate.forceFreeMigrationsLock(config);
}

/** Reverts the newest migration, or all. Returns their names. */
export function migrateDown(
  url: string,
  { all = false, directory = ownDirectory, ...options }: MigrateOptions & { readonly all?: boolean } = {},
): Promise<string[]> {
  const work = async ({ database, retry, prepareTransaction: prepare }: MigrationSession) => {
    const config = migratorConfigOf(directory, prepare);
    await clearLockRow(database, config);
    const reverted: string[] = [];
    do {
      const [, [name]] = await retry('Reverting the newest migration', () => database.migrate.down(config));
      if (name === undefined) break;
      reverted.push(name);
    } while (all);
    return reverted;
  };
  return withMigrationLock(url, work, options);
}

export interface MigrationStatus {
  readonly applied: string[];
  readonly pending: string[];
  /** Applied to the database, but unknown to this version of the service. */
  readonly unknown: string[];
}

/** Compares the database's migrations with the service's. */
export async function migrationStatus(database: Knex, directory = ownDirectory): Promise<MigrationStatus> {
  const known = migrationNames(directory);
  const applied = await appliedMigrations(database);
  return {
    applied,
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

/** The applied migrations that differ from those of the service. */
export const otherMigrations = (database: Knex, directory = ownDirectory): Promise<string[]> =>
  findOtherMigrations(
    database,
    migrationNames(directory).map((name) => load(directory, name)),
  );

async function appliedMigrations(database: Knex): Promise<string[]> {
  const { rows } = await database.raw('select to_regclass(?) is not null as present', [
    `${schema}.migrations`,
  ]);
  if (!rows[0].present) return [];
  return database(`${schema}.migrations`).orderBy('id').pluck('name');
}

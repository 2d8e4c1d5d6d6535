/**
 * Distributes lanes over the servers of a Citus cluster. Each lane is on one server; the registry of lanes and the record
 * of erased lanes are on all of them (reference tables).
 */
import type { Knex } from 'knex';
import { escapeIdentifier } from 'pg';
import { insufficientPrivilege, SetupError, sqlState } from './errors';
import type { MigrationSession } from './migration-session';
import { grantRoles, type Roles } from './roles';
import { schema } from './rows';
import { createTitleOrder } from './title-order';

// The first version that also copies grants on single columns to the workers.
const requiredVersion = [13, 1] as const;

const referenceTables = ['lanes', 'erased'];
/** The other lane tables follow its placement: all rows of a lane are on one server. */
const firstTable = 'profiles';

/** What a run has distributed. */
export interface Distribution {
  /** The number of workers that take shards. */
  readonly workers: number;
  /** The tables that this run has distributed, without the schema. */
  readonly tables: readonly string[];
}

async function rowsOf<R>(database: Knex, sql: string, values: readonly unknown[] = []): Promise<R[]> {
  return (await database.raw(sql, values as never)).rows;
}

/** @throws Error if the database has no extension citus, or an older version than the required one */
async function checkExtension(database: Knex): Promise<void> {
  const [extension] = await rowsOf<{ version: string }>(
    database,
    `select extversion as version from pg_extension where extname = 'citus'`,
  );
  if (!extension) {
    throw new SetupError(
      'This database has no extension citus. Run "create extension citus" in it on each server, and add the servers to ' +
        'the coordinator: see docs/scaling.md, "Citus".',
    );
  }
  const [major = 0, minor = 0] = extension.version.split(/\D/).map(Number);
  if (major < requiredVersion[0] || (major === requiredVersion[0] && minor < requiredVersion[1])) {
    throw new SetupError(
      `Citus ${extension.version} is too old: version ${requiredVersion.join('.')} or later is required.`,
    );
  }
}

/**
 * Counts the workers of the cluster.
 * @throws Error that says which statement the operator must run
 */
async function checkCluster(database: Knex): Promise<number> {
  await checkExtension(database);
  const [cluster] = await rowsOf<{ workers: number; hasCoordinator: boolean }>(
    database,
    `select count(*) filter (where groupid <> 0 and shouldhaveshards)::int as workers,
       count(*) filter (where groupid = 0) > 0 as "hasCoordinator"
     from pg_dist_node where noderole = 'primary' and isactive`,
  );
  if (!cluster?.hasCoordinator) {
    throw new SetupError(
      `The coordinator has no address in the cluster. Run: select citus_set_coordinator_host('<host>', <port>);`,
    );
  }
  if (cluster.workers === 0) {
    throw new SetupError(`No worker is registered. Run for each: select citus_add_node('<host>', <port>);`);
  }
  return cluster.workers;
}

/**
 * Lists the tables with lanes' rows that are not distributed yet, reference tables first. Citus also
 * registers local tables that refer to a reference table; those are not distributed.
 */
async function localTables(database: Knex): Promise<string[]> {
  const rows = await rowsOf<{ name: string }>(
    database,
    `select relname as name from pg_class
     where relnamespace = ?::regnamespace and relkind = 'r' and relrowsecurity
       and oid not in (select logicalrelid from pg_dist_partition where partmethod = 'h' or repmodel = 't')
     order by relname <> all (?), relname <> ?, relname`,
    [schema, referenceTables, firstTable],
  );
  return rows.map(({ name }) => name);
}

/** Whether the lanes are distributed, and a table is not on the workers, so that lanes cannot refer to it. */
export async function isOnCoordinatorOnly(database: Knex, oid: number): Promise<boolean> {
  const [citus] = await rowsOf(database, `select from pg_extension where extname = 'citus'`);
  if (!citus) return false;
  const [row] = await rowsOf<{ answer: boolean | null }>(
    database,
    `select bool_or(logicalrelid = ?::regclass) and not bool_or(logicalrelid = ?::oid) as answer
     from pg_dist_partition where repmodel = 't'`,
    [`${schema}.lanes`, oid],
  );
  return row?.answer ?? false;
}

interface ForeignKey {
  /** The name, quoted for SQL. */
  readonly name: string;
  readonly table: string;
  readonly definition: string;
}

/**
 * The foreign keys of the lanes' tables.
 * @throws Error if one refers to a table of the coordinator alone, as the link to accounts can
 */
async function foreignKeys(database: Knex): Promise<ForeignKey[]> {
  const keys = await rowsOf<ForeignKey & { target: string; isLocal: boolean }>(
    database,
    `select quote_ident(conname) as name, conrelid::regclass::text as table, confrelid::regclass::text as target,
       pg_get_constraintdef(pg_constraint.oid) as definition,
       target.relnamespace <> connamespace
         and confrelid not in (select logicalrelid from pg_dist_partition where repmodel = 't') as "isLocal"
     from pg_constraint join pg_class as target on target.oid = confrelid
     where contype = 'f' and connamespace = ?::regnamespace`,
    [schema],
  );
  const obstacle = keys.find(({ isLocal }) => isLocal);
  if (obstacle) {
    throw new SetupError(
      `Lanes are linked to ${obstacle.target}, which only the coordinator has. Make it a reference table (select ` +
        `create_reference_table('${obstacle.target}')), or set AUTH_USER_TABLE=off. See docs/scaling.md, "Citus".`,
    );
  }
  return keys;
}

/** Makes the functions, the collation and the extension that statements use on shards exist on the workers. */
async function shareObjects(transaction: Knex): Promise<void> {
  const isLocal = (catalog: string) =>
    `not exists (select from pg_dist_object where classid = '${catalog}'::regclass and objid = ${catalog}.oid)`;
  const functions = await rowsOf<{ name: string }>(
    transaction,
    `select oid::regprocedure::text as name from pg_proc where pronamespace = ?::regnamespace
       and not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e')
       and ${isLocal('pg_proc')}`,
    [schema],
  );
  for (const { name } of functions) await transaction.raw('select create_distributed_function(?)', [name]);
  // Citus copies these two only when they are created.
  const [collation] = await rowsOf(
    transaction,
    `select from pg_collation where collnamespace = ?::regnamespace and ${isLocal('pg_collation')}`,
    [schema],
  );
  if (collation) {
    await transaction.raw(`drop collation ${schema}.title_order`);
    await createTitleOrder(transaction);
  }
  const [extension] = await rowsOf<{ schema: string }>(
    transaction,
    `select extnamespace::regnamespace::text as schema from pg_extension
     where extname = 'pg_trgm' and ${isLocal('pg_extension')}`,
  );
  if (extension) {
    await transaction.raw('drop extension pg_trgm');
    await transaction.raw(`create extension pg_trgm with schema ${extension.schema}`);
  }
}

/**
 * Citus registers a table that refers to a reference table, for example `lanes` if it is linked to accounts. When the foreign key
 * is dropped, Citus removes the registration, and that fails for a table with an identity column. So this makes the registration
 * permanent.
 */
async function keepRegistered(transaction: Knex): Promise<void> {
  const [registered] = await rowsOf(
    transaction,
    `select from pg_dist_partition where logicalrelid = ?::regclass and autoconverted`,
    [`${schema}.lanes`],
  );
  if (!registered) return;
  await transaction.raw('select citus_add_local_table_to_metadata(?, cascade_via_foreign_keys => true)', [
    `${schema}.lanes`,
  ]);
}

/** Distributes tables with their rows, in one transaction: all of them or none. */
async function distribute(transaction: Knex, tables: readonly string[]): Promise<void> {
  // Parallel connections could not see what this transaction did with reference tables before.
  await transaction.raw(`set local citus.multi_shard_modify_mode = 'sequential'`);
  await transaction.raw('set local client_min_messages = warning');
  await shareObjects(transaction);
  await keepRegistered(transaction);
  // Citus distributes one table at a time, and refuses foreign keys between distributed and local tables.
  const keys = await foreignKeys(transaction);
  for (const { table, name } of keys) await transaction.raw(`alter table ${table} drop constraint ${name}`);
  for (const table of tables) {
    const name = `${schema}.${table}`;
    // The owner of the tables copies their rows.
    await transaction.raw(`alter table ${name} no force row level security`);
    if (referenceTables.includes(table)) {
      await transaction.raw('select create_reference_table(?)', [name]);
    } else {
      await transaction.raw(`select create_distributed_table(?, 'lane_id', colocate_with => ?)`, [
        name,
        table === firstTable ? 'none' : `${schema}.${firstTable}`,
      ]);
    }
    await transaction.raw('select truncate_local_data_after_distributing_table(?)', [name]);
    await transaction.raw(`alter table ${name} force row level security`);
  }
  for (const { table, name, definition } of keys) {
    await transaction.raw(`alter table ${table} add constraint ${name} ${definition}`);
  }
}

/**
 * Makes row-level security apply to the owner of the tables again. The operator turns this off while shards move, because logical
 * replication refuses tables with it.
 */
async function forceRowSecurity(session: MigrationSession): Promise<void> {
  const tables = await rowsOf<{ name: string }>(
    session.database,
    `select oid::regclass::text as name from pg_class
     where relnamespace = ?::regnamespace and relkind = 'r' and relrowsecurity and not relforcerowsecurity`,
    [schema],
  );
  for (const { name } of tables) {
    const statement = `alter table ${name} force row level security`;
    await session.change(`Forcing row-level security on ${name}`, (transaction) =>
      transaction.raw(statement),
    );
  }
}

/**
 * Lets a role of transactions log in, because the coordinator connects to the workers as that role. The coordinator's own role
 * can log in too: Citus copies its attributes to the workers again and again.
 * @throws SetupError if the coordinator cannot query all workers as the role
 */
async function allowLogin(database: Knex, role: string): Promise<void> {
  const statement = `alter role ${escapeIdentifier(role)} login`;
  try {
    await database.raw(statement);
  } catch (error) {
    // An administrator may have done it.
    if (sqlState(error) !== insufficientPrivilege) throw error;
  }
  try {
    await database.transaction(async (transaction) => {
      await transaction.raw('set local role ??', [role]);
      await transaction.raw(`select count(lane_id) from ${schema}.${firstTable}`);
    });
  } catch (cause) {
    throw new SetupError(
      `The coordinator cannot query the workers as ${role}: ${(cause as Error).message}. An administrator must run this on the ` +
        `coordinator: ${statement}; and the workers must accept the role in pg_hba.conf, with the password or certificate of ` +
        'pg_dist_authinfo. Then run this command again.',
      { cause },
    );
  }
}

/**
 * The first write of a lane also locks the table of accounts that lanes are linked to. Citus allows this only to a role that may
 * change that table, unless a setting of the workers turns the check off.
 * @throws SetupError if the workers do not allow the app role to lock the table
 */
async function checkLink(database: Knex, role: string): Promise<void> {
  const [link] = await rowsOf<{ target: string; shard: string }>(
    database,
    `select confrelid::regclass::text as target, shardid::text as shard
     from pg_constraint join pg_dist_shard on logicalrelid = confrelid where conrelid = ?::regclass and contype = 'f'`,
    [`${schema}.lanes`],
  );
  if (!link) return;
  await database.transaction(async (transaction) => {
    await transaction.raw('set local role ??', [role]);
    // 3 is RowExclusiveLock.
    const lock = `select lock_shard_resources(3, array[${link.shard}])`;
    const refused = await rowsOf<{ result: string }>(
      transaction,
      'select result from run_command_on_workers(?) where not success',
      [lock],
    );
    if (refused.length === 0) return;
    throw new SetupError(
      `Lanes are linked to ${link.target}, and the workers refuse first writes of lanes: ${refused[0]?.result}. Set ` +
        'citus.skip_advisory_lock_permission_checks = on in postgresql.conf of all servers, and reload it. Then run this command again.',
    );
  });
}

/**
 * Distributes the tables of the lanes that are not distributed yet, and prepares the roles and the settings of the database
 * for it. It can be run again at any time. While it copies rows, writes wait.
 * @throws Error that says what to do: the cluster is not complete, or this login has no right to do something
 */
export async function distributeLanes(session: MigrationSession, roles: Roles): Promise<Distribution> {
  const { database } = session;
  const workers = await checkCluster(database);
  const tables = await localTables(database);
  if (tables.length > 0) {
    await session.change('Distributing the lanes', (transaction) => distribute(transaction, tables));
  }
  await forceRowSecurity(session);
  await session.change('Granting rights to the roles', (transaction) => grantRoles(transaction, roles));
  // `SET LOCAL` then also sets the lane of the transaction on the workers.
  await database.raw(`do $$ begin
    execute format('alter database %I set citus.propagate_set_commands = local', current_database());
  end $$`);
  for (const role of [roles.app, roles.system]) await allowLogin(database, role);
  await checkLink(database, roles.app);
  return { workers, tables };
}

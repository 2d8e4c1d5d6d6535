/**
 * The roles that lanes and jobs run as. Roles belong to the cluster and not to a database, so these are made beside the
 * migrations and never dropped: another database may use them.
 */
import type { Knex } from 'knex';
import { escapeIdentifier } from 'pg';
import { sqlState } from './errors';
import { schema } from './rows';
import { systemGrants } from './system-grants';

export const defaultAppRole = 'tasklane_app';
export const defaultSystemRole = 'tasklane_system';

/** Who works with the lanes. */
export interface Roles {
  /** The role that lanes run as. */
  readonly app: string;
  /** The role that work across lanes runs as. */
  readonly system: string;
  /** The role that the service logs in as, and that may act as the other two. */
  readonly login: string;
}

interface RoleState {
  readonly exists: boolean;
  /** Whether row-level security would not hold the role: it is past it, or can do what the tables' owner can. */
  readonly tooStrong: boolean;
  /** Whether it is a member of `other`, whose policies and grants would then be its own as well. */
  readonly joined: boolean;
  /** Whether `login` may act as the role. */
  readonly granted: boolean;
  /** Since Postgres 16, to be a member is one thing and to act as the role is another. */
  readonly splitsMembership: boolean;
}

interface Wanted {
  readonly role: string;
  readonly other: string;
  /** The variable that names the role. */
  readonly variable: string;
}

async function readRoleState(database: Knex, { role, other }: Wanted, login: string): Promise<RoleState> {
  const { rows } = await database.raw(
    `select wanted.oid is not null as "exists",
       coalesce(wanted.rolbypassrls or pg_has_role(wanted.oid, current_user, 'member'), false) as "tooStrong",
       coalesce(pg_has_role(wanted.oid, other.oid, 'member'), false) as joined,
       coalesce(pg_has_role(?, wanted.oid, case when version.splits then 'set' else 'member' end), false) as granted,
       version.splits as "splitsMembership"
     from (select current_setting('server_version_num')::int >= 160000 as splits) as version
     left join pg_roles as wanted on wanted.rolname = ?
     left join pg_roles as other on other.rolname = ?`,
    [login, role, other],
  );
  return rows[0];
}

// Another database of the cluster may be migrated at the same moment (PostgreSQL, appendix A: duplicate_object,
// unique_violation).
const alreadyDone = new Set(['42710', '23505']);
const insufficientPrivilege = '42501';

function missingStatements(role: string, login: string, standing: RoleState): string[] {
  const options = standing.splitsMembership ? ' with inherit false, set true' : '';
  return [
    ...(standing.exists ? [] : [`create role ${escapeIdentifier(role)} nologin nosuperuser nobypassrls`]),
    ...(standing.granted ? [] : [`grant ${escapeIdentifier(role)} to ${escapeIdentifier(login)}${options}`]),
  ];
}

function refuseUnfit({ role, other, variable }: Wanted, standing: RoleState): void {
  if (standing.tooStrong) {
    throw new Error(
      `Row-level security would not hold the role ${role}: it has SUPERUSER or BYPASSRLS, or it is the tables' ` +
        `owner or a member of it. Name another by ${variable}.`,
    );
  }
  if (standing.joined) {
    throw new Error(`The role ${role} is ${other} or a member of it. Name another by ${variable}.`);
  }
}

/**
 * Makes the app role and the system role, and lets the login role act as them, where that is not so yet.
 * @throws Error with the SQL for an administrator, when this login may not do it; when a role is too strong
 */
export async function ensureRoles(database: Knex, { app, system, login }: Roles): Promise<void> {
  const wanted: readonly Wanted[] = [
    { role: app, other: system, variable: 'DATABASE_APP_ROLE' },
    { role: system, other: app, variable: 'DATABASE_SYSTEM_ROLE' },
  ];
  const missing: string[] = [];
  for (const each of wanted) {
    const standing = await readRoleState(database, each, login);
    refuseUnfit(each, standing);
    missing.push(...missingStatements(each.role, login, standing));
  }
  for (const statement of missing) {
    try {
      await database.raw(statement);
    } catch (cause) {
      const state = sqlState(cause) ?? '';
      if (alreadyDone.has(state)) continue;
      if (state !== insufficientPrivilege) throw cause;
      throw new Error(
        `This login may not set up the roles ${app} and ${system}. Let an administrator of the cluster run this, then ` +
          `migrate again:\n${missing.map((each) => `  ${each};`).join('\n')}`,
        { cause },
      );
    }
  }
}

/**
 * Gives the app role what lanes need on the tables that are behind row-level security, and nothing else in the schema;
 * the login role itself may only look up which migrations there are, and which lanes were erased.
 */
async function grantLanes(database: Knex, roles: Roles): Promise<void> {
  const app = escapeIdentifier(roles.app);
  const login = escapeIdentifier(roles.login);
  const tables: string[] = await database('pg_class')
    .whereRaw('relnamespace = ?::regnamespace and relrowsecurity', [schema])
    .pluck('relname');
  await database.raw(`revoke all on all tables in schema ${schema} from ${app}`);
  await database.raw(`grant usage on schema ${schema} to ${app}, ${login}`);
  await database.raw(`grant select on ${schema}.migrations, ${schema}.erased to ${login}`);
  for (const table of tables) {
    await database.raw(`grant select, insert, update, delete on ${schema}.?? to ${app}`, [table]);
  }
}

type Command = 'select' | 'update' | 'delete';

/** What the system role may do with a table; columns where they are named. */
type Grant = { readonly [C in Command]?: readonly string[] | true };

const grants: readonly (readonly [table: string, grant: Grant])[] = Object.entries(systemGrants);

/** How a policy of the system role is called, for each command that it may use: `system_select`. */
const policyPrefix = 'system_';

/**
 * Shows the system role the rows of all lanes, for the commands that it may use. A policy that is as it should be stays:
 * replacing one takes a lock that waits for every query on the table.
 */
async function admitSystem(database: Knex, system: string): Promise<void> {
  const { rows: found }: { rows: { table: string; name: string; fits: boolean }[] } = await database.raw(
    `select tablename as table, policyname as name,
       roles = array[?]::name[] and permissive = 'PERMISSIVE' and policyname = ? || lower(cmd)
         and coalesce(qual, 'true') = 'true' and coalesce(with_check, 'true') = 'true' as fits
     from pg_policies where schemaname = ? and starts_with(policyname, ?)`,
    [system, policyPrefix, schema, policyPrefix],
  );
  const wanted = grants.flatMap(([table, grant]) =>
    Object.keys(grant).map((command) => ({ table, command, name: policyPrefix + command })),
  );
  const isSame = (a: { table: string; name: string }) => (b: { table: string; name: string }) =>
    a.table === b.table && a.name === b.name;
  for (const each of found) {
    if (each.fits && wanted.some(isSame(each))) continue;
    await database.raw(`drop policy ?? on ${schema}.??`, [each.name, each.table]);
  }
  for (const each of wanted) {
    if (found.some((policy) => policy.fits && isSame(each)(policy))) continue;
    await database.raw(
      `create policy ?? on ${schema}.?? for ${each.command} to ${escapeIdentifier(system)} using (true)`,
      [each.name, each.table],
    );
  }
}

/** Gives the system role what `systemGrants` lists, and nothing else in the schema. */
async function grantSystem(database: Knex, roles: Roles): Promise<void> {
  const system = escapeIdentifier(roles.system);
  // Takes back what was granted on single columns as well.
  await database.raw(`revoke all on all tables in schema ${schema} from ${system}`);
  await database.raw(`grant usage on schema ${schema} to ${system}`);
  for (const [table, grant] of grants) {
    const privileges = Object.entries(grant).map(([command, columns]) =>
      columns === true ? command : `${command} (${columns.map(escapeIdentifier).join(', ')})`,
    );
    await database.raw(`grant ${privileges.join(', ')} on ${schema}.?? to ${system}`, [table]);
  }
  await admitSystem(database, roles.system);
}

/** Grants the roles what they need, and takes from them what they don't, within a transaction. */
export async function grantRoles(transaction: Knex.Transaction, roles: Roles): Promise<void> {
  await grantLanes(transaction, roles);
  await grantSystem(transaction, roles);
}

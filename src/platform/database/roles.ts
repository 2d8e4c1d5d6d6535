/**
 * The database roles of lanes and jobs. Roles belong to the cluster, not to a database. So they are created outside
 * of the migrations, and never dropped: another database may use them.
 */
import type { Knex } from 'knex';
import { escapeIdentifier } from 'pg';
import { insufficientPrivilege, SetupError, sqlState } from './errors';
import { schema } from './rows';
import { systemGrants } from './system-grants';

export const defaultAppRole = 'tasklane_app';
export const defaultSystemRole = 'tasklane_system';

/** The roles that work with lanes. */
export interface Roles {
  /** The role of lanes' transactions. */
  readonly app: string;
  /** The role of transactions across lanes. */
  readonly system: string;
  /** The service's login role. It can act as the other two roles. */
  readonly login: string;
}

interface RoleState {
  readonly exists: boolean;
  /** Whether row-level security would not apply to the role: it bypasses it, or has the rights of the tables' owner. */
  readonly tooStrong: boolean;
  /** Whether it is a member of `other`, so that it would also have the policies and grants of `other`. */
  readonly joined: boolean;
  /** Whether `login` can act as the role. */
  readonly granted: boolean;
  /** Since Postgres 16, membership and the right to act as a role are separate. */
  readonly splitsMembership: boolean;
}

interface Wanted {
  readonly role: string;
  readonly other: string;
  /** The environment variable with the role's name. */
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

// Another database of the cluster may be migrated at the same time (PostgreSQL, appendix A: duplicate_object,
// unique_violation).
const existsAlready = new Set(['42710', '23505']);

function missingStatements(role: string, login: string, state: RoleState): string[] {
  const options = state.splitsMembership ? ' with inherit false, set true' : '';
  return [
    ...(state.exists ? [] : [`create role ${escapeIdentifier(role)} nologin nosuperuser nobypassrls`]),
    ...(state.granted ? [] : [`grant ${escapeIdentifier(role)} to ${escapeIdentifier(login)}${options}`]),
  ];
}

function assertUsable({ role, other, variable }: Wanted, state: RoleState): void {
  if (state.tooStrong) {
    throw new SetupError(
      `Row-level security would not apply to the role ${role}: it has SUPERUSER or BYPASSRLS, or it is the tables' ` +
        `owner or a member of it. Set another role in ${variable}.`,
    );
  }
  if (state.joined) {
    throw new SetupError(`The role ${role} is ${other} or a member of it. Set another role in ${variable}.`);
  }
}

/**
 * Creates the app role and the system role, and lets the login role act as them, if that is missing.
 * @throws SetupError with the SQL for an administrator if this login has no right to do it; SetupError if a role has too many rights
 */
export async function ensureRoles(database: Knex, { app, system, login }: Roles): Promise<void> {
  const wanted: readonly Wanted[] = [
    { role: app, other: system, variable: 'DATABASE_APP_ROLE' },
    { role: system, other: app, variable: 'DATABASE_SYSTEM_ROLE' },
  ];
  const missing: string[] = [];
  for (const each of wanted) {
    const state = await readRoleState(database, each, login);
    assertUsable(each, state);
    missing.push(...missingStatements(each.role, login, state));
  }
  for (const statement of missing) {
    try {
      await database.raw(statement);
    } catch (cause) {
      const state = sqlState(cause) ?? '';
      if (existsAlready.has(state)) continue;
      if (state !== insufficientPrivilege) throw cause;
      throw new SetupError(
        `The service's login ${login} cannot become the roles ${app} and ${system}, and the login that migrates has no ` +
          'right to change this. If the service has another login, set it in DATABASE_URL, and this one in ' +
          'DATABASE_DIRECT_URL. Otherwise, an administrator of the cluster must run this; then migrate again:\n' +
          `${missing.map((each) => `  ${each};`).join('\n')}`,
        { cause },
      );
    }
  }
}

/**
 * Grants the app role the rights that lanes need on the tables with row-level security, and nothing else in the
 * schema. The login role itself can only read which migrations are applied and which lanes were erased.
 */
async function grantLanes(database: Knex, roles: Roles): Promise<void> {
  const app = escapeIdentifier(roles.app);
  const login = escapeIdentifier(roles.login);
  const tables: string[] = await database('pg_class')
    .whereRaw('relnamespace = ?::regnamespace and relrowsecurity', [schema])
    .pluck('relname');
  await database.raw(`revoke all on all tables in schema ${schema} from ${app}`);
  await database.raw(`grant usage on schema ${schema} to ${app}, ${login}`);
  await database.raw(`grant select on ${schema}.migrations, ${schema}.lanes, ${schema}.erased to ${login}`);
  for (const table of tables) {
    await database.raw(`grant select, insert, update, delete on ${schema}.?? to ${app}`, [table]);
  }
}

type Command = 'select' | 'update' | 'delete';

/** The system role's rights on a table. Rights can be limited to columns. */
type Grant = { readonly [C in Command]?: readonly string[] | true };

const grants: readonly (readonly [table: string, grant: Grant])[] = Object.entries(systemGrants);

/** The prefix of the names of the system role's policies, one per command: `system_select`. */
const policyPrefix = 'system_';

/**
 * Creates the policies that show the system role the rows of all lanes, for the commands that it is granted. A
 * correct policy is not replaced, because that needs a lock that waits for all queries on the table.
 */
async function createSystemPolicies(database: Knex, system: string): Promise<void> {
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

/** Grants the system role the rights in `systemGrants`, and nothing else in the schema. */
async function grantSystem(database: Knex, roles: Roles): Promise<void> {
  const system = escapeIdentifier(roles.system);
  // This also revokes grants on single columns.
  await database.raw(`revoke all on all tables in schema ${schema} from ${system}`);
  await database.raw(`grant usage on schema ${schema} to ${system}`);
  for (const [table, grant] of grants) {
    const privileges = Object.entries(grant).map(([command, columns]) =>
      columns === true ? command : `${command} (${columns.map(escapeIdentifier).join(', ')})`,
    );
    await database.raw(`grant ${privileges.join(', ')} on ${schema}.?? to ${system}`, [table]);
  }
  await createSystemPolicies(database, roles.system);
}

/** Grants the roles the rights that they need, and revokes all others, in a transaction. */
export async function grantRoles(transaction: Knex.Transaction, roles: Roles): Promise<void> {
  await grantLanes(transaction, roles);
  await grantSystem(transaction, roles);
}

/**
 * The role that lanes run as. Roles belong to the cluster and not to a database, so this one is made beside the
 * migrations and never dropped: another database may use it.
 */
import type { Knex } from 'knex';
import { escapeIdentifier } from 'pg';
import { sqlState } from './faults';
import { schema } from './rows';

export const defaultAppRole = 'tasklane_app';

/** Who works with the lanes. */
export interface Roles {
  /** The role that lanes run as. */
  readonly app: string;
  /** The role that the service logs in as, and that may act as `app`. */
  readonly login: string;
}

interface Standing {
  readonly exists: boolean;
  /** Whether row-level security would not hold `app`: it is past it, or can do what the tables' owner can. */
  readonly tooStrong: boolean;
  /** Whether `login` may act as `app`. */
  readonly granted: boolean;
  /** Since Postgres 16, to be a member is one thing and to act as the role is another. */
  readonly splitsMembership: boolean;
}

async function standingOf(database: Knex, { app, login }: Roles): Promise<Standing> {
  const { rows } = await database.raw(
    `select app.oid is not null as "exists",
       coalesce(app.rolbypassrls or pg_has_role(app.oid, current_user, 'member'), false) as "tooStrong",
       coalesce(pg_has_role(?, app.oid, case when version.splits then 'set' else 'member' end), false) as granted,
       version.splits as "splitsMembership"
     from (select current_setting('server_version_num')::int >= 160000 as splits) as version
     left join pg_roles as app on app.rolname = ?`,
    [login, app],
  );
  return rows[0];
}

// Another database of the cluster may be migrated at the same moment (PostgreSQL, appendix A: duplicate_object,
// unique_violation).
const alreadyDone = new Set(['42710', '23505']);
const insufficientPrivilege = '42501';

function missingStatements({ app, login }: Roles, standing: Standing): string[] {
  const options = standing.splitsMembership ? ' with inherit false, set true' : '';
  return [
    ...(standing.exists ? [] : [`create role ${escapeIdentifier(app)} nologin nosuperuser nobypassrls`]),
    ...(standing.granted ? [] : [`grant ${escapeIdentifier(app)} to ${escapeIdentifier(login)}${options}`]),
  ];
}

/**
 * Makes the app role and lets the login role act as it, where that is not so yet.
 * @throws Error with the SQL for an administrator, when this login may not do it; when the role is too strong
 */
export async function ensureAppRole(database: Knex, roles: Roles): Promise<void> {
  const standing = await standingOf(database, roles);
  if (standing.tooStrong) {
    throw new Error(
      `Row-level security would not hold the role ${roles.app}: it has SUPERUSER or BYPASSRLS, or it is the tables' ` +
        'owner or a member of it. Name another by DATABASE_APP_ROLE.',
    );
  }
  const missing = missingStatements(roles, standing);
  for (const statement of missing) {
    try {
      await database.raw(statement);
    } catch (cause) {
      const state = sqlState(cause) ?? '';
      if (alreadyDone.has(state)) continue;
      if (state !== insufficientPrivilege) throw cause;
      throw new Error(
        `This login may not set up the role ${roles.app}. Let an administrator of the cluster run this, then migrate ` +
          `again:\n${missing.map((each) => `  ${each};`).join('\n')}`,
        { cause },
      );
    }
  }
}

/**
 * Gives the app role what lanes need on the tables that are behind row-level security, and nothing else in the schema;
 * the login role itself may only look up which migrations there are, and which lanes were erased.
 */
export async function grantLanes(database: Knex, roles: Roles): Promise<void> {
  const app = escapeIdentifier(roles.app);
  const login = escapeIdentifier(roles.login);
  await database.transaction(async (transaction) => {
    const tables: string[] = await transaction('pg_class')
      .whereRaw('relnamespace = ?::regnamespace and relrowsecurity', [schema])
      .pluck('relname');
    await transaction.raw(`revoke all on all tables in schema ${schema} from ${app}`);
    await transaction.raw(`grant usage on schema ${schema} to ${app}, ${login}`);
    await transaction.raw(`grant select on ${schema}.migrations, ${schema}.erased to ${login}`);
    for (const table of tables) {
      await transaction.raw(`grant select, insert, update, delete on ${schema}.?? to ${app}`, [table]);
    }
  });
}

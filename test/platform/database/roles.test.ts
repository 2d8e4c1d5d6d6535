/** Tests how the roles of lanes and jobs are created, and their grants. */
import { describeFailure } from '../../../src/commands/database';
import type { Database } from '../../../src/platform/database/database';
import {
  type MigrateOptions,
  migrateDown,
  migrateUp,
  migrationNames,
} from '../../../src/platform/database/migrations';
import { systemGrants } from '../../../src/platform/database/system-grants';
import { query } from '../../support/database';
import { openDatabase } from '../../support/open-database';
import { clusterUrl, documentedSql, type RoleSetUp, setUpRoles } from '../../support/roles';
import { testConfig } from '../../support/service';

const login = `create role tasklane_owner login password 'change-me'`;
const database = 'create database tasklane owner tasklane_owner';

const setUps: RoleSetUp[] = [];
const opened: Database[] = [];

type Names = Required<Pick<MigrateOptions, 'appRole' | 'systemRole'>>;

async function setUp(...statements: string[]): Promise<RoleSetUp & { roles: Names; url: string }> {
  const made = await setUpRoles(statements);
  setUps.push(made);
  const roles = { appRole: `${made.name}_app`, systemRole: `${made.name}_system` };
  return { ...made, roles, url: made.urlOf('owner') };
}

function open(url: string, roles: Names): Database {
  const made = openDatabase(url, { ...roles, max: 1 });
  opened.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
  for (const each of setUps.splice(0)) await each.drop();
});

/** The role's privileges on the tables of the schema: `name privilege`. */
async function grants(url: string, role: string): Promise<string[]> {
  const rows = await query<{ grant: string }>(
    url,
    `select table_name || ' ' || lower(privilege_type) as grant from information_schema.role_table_grants
     where table_schema = 'tasklane' and grantee = $1 order by 1`,
    [role],
  );
  return rows.map((row) => row.grant);
}

/** The role's privileges on single columns: `name privilege column`. */
async function columnGrants(url: string, role: string): Promise<string[]> {
  const rows = await query<{ grant: string }>(
    url,
    `select concat_ws(' ', relname, lower(privilege_type), attname) as grant
     from pg_class join pg_attribute on attrelid = pg_class.oid, aclexplode(attacl)
     where relnamespace = 'tasklane'::regnamespace and grantee = $1::regrole order by 1`,
    [role],
  );
  return rows.map((row) => row.grant);
}

/** The policies of the schema for this role alone, each with its identity. */
function policies(url: string, role: string): Promise<{ policy: string; oid: number }[]> {
  return query(
    url,
    `select concat_ws(' ', relname, polname, polcmd) as policy, pg_policy.oid::int
     from pg_policy join pg_class on polrelid = pg_class.oid
     where polroles = array[$1::regrole::oid] and pg_get_expr(polqual, polrelid) = 'true' order by 1`,
    [role],
  );
}

const everything = (table: string) =>
  ['delete', 'insert', 'select', 'update'].map((privilege) => `${table} ${privilege}`);

describe('migrating', () => {
  test('creates roles without login and with row-level security, to which the login role can switch', async () => {
    const { url, roles } = await setUp(`${login} createrole`, database);
    await migrateUp(url, roles);
    const attributes = 'rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb';
    for (const role of Object.values(roles)) {
      const [row] = await query(url, `select ${attributes} from pg_roles where rolname = $1`, [role]);
      expect(Object.values(row ?? {})).toEqual([false, false, false, false, false]);
    }
    expect(await open(url, roles).problem()).toBeNull();
  });

  test('of many databases at once creates their common roles once', async () => {
    const { name, url, roles } = await setUp(`${login} createrole`, database);
    const urls = ['a', 'b', 'c', 'd', 'e', 'f'].map((each) => url.replace(/[^/]+$/, `${name}_${each}`));
    try {
      for (const each of urls) {
        await query(clusterUrl(), `create database ${new URL(each).pathname.slice(1)} owner ${name}_owner`);
      }
      await Promise.all(urls.map((each) => migrateUp(each, roles)));
      for (const each of urls) expect(await open(each, roles).problem()).toBeNull();
    } finally {
      await Promise.all(opened.splice(0).map((each) => each.close()));
      for (const each of urls) {
        await query(clusterUrl(), `drop database if exists ${new URL(each).pathname.slice(1)} with (force)`);
      }
    }
  });

  test('with a login that cannot create roles fails with the SQL for an administrator, and then succeeds', async () => {
    const { name, url, roles } = await setUp(login, database);
    const failure: Error = await migrateUp(url, roles).then(
      () => new Error('migrated'),
      (error) => error,
    );
    expect(describeFailure(failure)).toBe(failure.message);
    for (const role of Object.values(roles)) {
      expect(failure.message).toContain(`create role "${role}" nologin nosuperuser nobypassrls;`);
      expect(failure.message).toContain(`grant "${role}" to "${name}_owner"`);
    }
    expect(await query(url, `select to_regclass('tasklane.tasks')::text as found`)).toEqual([
      { found: null },
    ]);
    for (const statement of failure.message.match(/^ {2}.*;$/gm) ?? []) await query(clusterUrl(), statement);
    expect(await migrateUp(url, roles)).toEqual(migrationNames());
    expect(await open(url, roles).problem()).toBeNull();
  });

  test('with the login of the service says that migrations need the owner', async () => {
    const made = await setUp(...documentedSql('A database administrator makes the roles'));
    const failure = migrateUp(made.urlOf('service'), made.roles).catch(describeFailure);
    expect(await failure).toMatch(
      /^The login has no right to do this: .*permission denied for database .*\nMigrations need the owner of the tables: set DATABASE_DIRECT_URL\./,
    );
  });

  describe.each(['app', 'system'])('as the %s role', (kind) => {
    test.each([
      ['that bypasses row-level security', 'bypassrls'],
      ['that is a superuser', 'superuser'],
      ['that is a member of the owner', 'in role tasklane_owner'],
    ])('rejects a role %s', async (_what, attribute) => {
      const { url, roles } = await setUp(
        `${login} createrole`,
        `create role tasklane_${kind} ${attribute}`,
        database,
      );
      await expect(migrateUp(url, roles)).rejects.toThrow(
        new RegExp(`would not apply to the role .*_${kind}:.* in DATABASE_${kind.toUpperCase()}_ROLE`),
      );
    });

    test('rejects the owner itself', async () => {
      const { url, name, roles } = await setUp(`${login} createrole`, database);
      const owner = { ...roles, [`${kind}Role`]: `${name}_owner` };
      await expect(migrateUp(url, owner)).rejects.toThrow(/would not apply to the role/);
    });

    test('rejects a role that is a member of the other', async () => {
      const other = kind === 'app' ? 'system' : 'app';
      const { url, roles } = await setUp(
        `${login} createrole`,
        `create role tasklane_${other}`,
        `create role tasklane_${kind} in role tasklane_${other}`,
        database,
      );
      await expect(migrateUp(url, roles)).rejects.toThrow(
        new RegExp(`_${kind} is test_\\w+_${other} or a member of it`),
      );
    });
  });

  test('rejects the same role for both', async () => {
    const { url, roles } = await setUp(`${login} createrole`, database);
    const same = { appRole: roles.appRole, systemRole: roles.appRole };
    await migrateUp(url, roles);
    await expect(migrateUp(url, same)).rejects.toThrow(/or a member of it/);
  });

  test('grants exactly what lanes need, and revokes earlier grants', async () => {
    const { url, roles } = await setUp(...documentedSql('You own the database'));
    await migrateUp(url, roles);
    const granted = await grants(url, roles.appRole);
    expect(granted).toEqual(expect.arrayContaining(['changes', 'profiles', 'tasks'].flatMap(everything)));
    await query(
      url,
      `grant all on all tables in schema tasklane to ${roles.appRole};
       revoke insert on tasklane.tasks from ${roles.appRole};
       create table tasklane.walled (lane_id bigint);
       alter table tasklane.walled enable row level security;
       create table tasklane.open (lane_id bigint)`,
    );
    await migrateUp(url, roles);
    expect(await grants(url, roles.appRole)).toEqual([...granted, ...everything('walled')].sort());
  });

  test('grants the system role exactly the listed columns and policies, and revokes earlier ones', async () => {
    const { url, roles } = await setUp(...documentedSql('You own the database'));
    const role = roles.systemRole;
    // The only granted object that has no columns.
    const deletes = Object.entries(systemGrants).flatMap(([table, grant]) =>
      'delete' in grant ? [`${table} delete`] : [],
    );
    await migrateUp(url, roles);
    expect(await grants(url, role)).toEqual(deletes);
    const listed = await columnGrants(url, role);
    expect(listed).toEqual(
      expect.arrayContaining(['change_seq', 'epoch', 'lane_id'].map((column) => `profiles select ${column}`)),
    );
    const before = await policies(url, role);
    expect(before.map(({ policy }) => policy)).toContain('profiles system_select r');
    await migrateUp(url, roles);
    // Replacing one would wait for every query on the table.
    expect(await policies(url, role)).toEqual(before);

    await query(
      url,
      `grant all on all tables in schema tasklane to ${role};
       grant select (title), update (title) on tasklane.tasks to ${role};
       revoke select (epoch) on tasklane.profiles from ${role};
       create policy system_update on tasklane.tasks for update to ${role} using (true);
       create policy system_delete on tasklane.profiles for delete to ${role} using (true);
       alter policy system_select on tasklane.profiles to public`,
    );
    await migrateUp(url, roles);
    expect(await grants(url, role)).toEqual(deletes);
    expect(await columnGrants(url, role)).toEqual(listed);
    expect((await policies(url, role)).map(({ policy }) => policy)).toEqual(
      before.map(({ policy }) => policy),
    );
  });

  test('moves all grants to a system role with another name', async () => {
    const { url, roles } = await setUp(`${login} createrole`, database);
    await migrateUp(url, roles);
    const listed = await columnGrants(url, roles.systemRole);
    const renamed = { ...roles, systemRole: `${roles.systemRole}_2` };
    await migrateUp(url, renamed);
    expect(await columnGrants(url, renamed.systemRole)).toEqual(listed);
    expect(await policies(url, roles.systemRole)).toEqual([]);
    expect(await open(url, renamed).problem()).toBeNull();
  });

  test('down keeps the roles, which another database can use, and up works again', async () => {
    const first = await setUp(`${login} createrole`, database);
    const second = await setUp(`${login} superuser`, database);
    const { roles } = first;
    await migrateUp(first.url, roles);
    await migrateUp(second.url, roles);
    await migrateDown(first.url, { all: true });
    expect(await open(second.url, roles).problem()).toBeNull();
    expect(await migrateUp(first.url, roles)).toEqual(migrationNames());
    expect(await open(first.url, roles).problem()).toBeNull();
    await Promise.all(opened.splice(0).map((each) => each.close()));
    await second.drop();
  });
});

describe('readiness', () => {
  test('reports a role that is missing, cannot be used by the login, or has no grants', async () => {
    const { url, roles } = await setUp(...documentedSql('You own the database'));
    await migrateUp(url, roles);
    const problem = 'A database role or its grants are missing: run tasklane migrate.';
    const ready = open(url, roles);
    for (const kind of ['appRole', 'systemRole'] as const) {
      expect(await open(url, { ...roles, [kind]: `${roles[kind]}_absent` }).problem()).toBe(problem);
      expect(await open(url, { ...roles, [kind]: 'pg_monitor' }).problem()).toBe(problem);
      await query(url, `revoke all on all tables in schema tasklane from ${roles[kind]}`);
      expect(await ready.problem()).toBe(problem);
      await migrateUp(url, roles);
      expect(await ready.problem()).toBeNull();
    }
  });
});

describe('DATABASE_APP_ROLE', () => {
  test.each(['none', 'public', 'pg_monitor', 'Lanes', 'lanes;', 'a'.repeat(64), '1st', ''.padEnd(3)])(
    'cannot be %j',
    (name) => {
      expect(() => testConfig({ DATABASE_APP_ROLE: name })).toThrow(/DATABASE_APP_ROLE must be/);
    },
  );

  test('is tasklane_app if it is not set', () => {
    expect(testConfig({}).databaseAppRole).toBe('tasklane_app');
    expect(testConfig({ DATABASE_APP_ROLE: 'lanes_2' }).databaseAppRole).toBe('lanes_2');
    expect(testConfig({ DATABASE_SYSTEM_ROLE: 'jobs_2' }).databaseSystemRole).toBe('jobs_2');
  });
});

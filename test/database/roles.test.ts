/** How the role comes to be that lanes run as, and what it is granted. */
import pino from 'pino';
import { createDatabase, type Database } from '../../src/database/database';
import { migrateDown, migrateUp, migrationNames } from '../../src/database/migrations';
import { query } from '../support/database';
import { clusterUrl, documentedSql, type RoleSetUp, setUpRoles } from '../support/roles';
import { testConfig } from '../support/service';

const login = `create role tasklane_owner login password 'change-me'`;
const database = 'create database tasklane owner tasklane_owner';

const setUps: RoleSetUp[] = [];
const opened: Database[] = [];

async function setUp(...statements: string[]): Promise<RoleSetUp & { appRole: string; url: string }> {
  const made = await setUpRoles(statements);
  setUps.push(made);
  return { ...made, appRole: `${made.name}_app`, url: made.urlOf('owner') };
}

function open(url: string, appRole: string): Database {
  const options = { url, appRole, max: 1, acquireTimeoutMs: 10_000, statementTimeoutMs: 10_000 };
  const made = createDatabase({ ...options, preparedStatements: true }, pino({ level: 'silent' }));
  opened.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
  for (const each of setUps.splice(0)) await each.drop();
});

/** What the role may do with the tables of the schema: `name privilege`. */
async function grants(url: string, role: string): Promise<string[]> {
  const rows = await query<{ grant: string }>(
    url,
    `select table_name || ' ' || lower(privilege_type) as grant from information_schema.role_table_grants
     where table_schema = 'tasklane' and grantee = $1 order by 1`,
    [role],
  );
  return rows.map((row) => row.grant);
}

const everything = (table: string) =>
  ['delete', 'insert', 'select', 'update'].map((privilege) => `${table} ${privilege}`);

describe('migrating', () => {
  test('makes a role that cannot log in, is held by row-level security, and that the login may act as', async () => {
    const { url, appRole } = await setUp(`${login} createrole`, database);
    await migrateUp(url, { appRole });
    const [role] = await query(
      url,
      'select rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = $1',
      [appRole],
    );
    expect(Object.values(role ?? {})).toEqual([false, false, false, false, false]);
    expect(await open(url, appRole).problem()).toBeNull();
  });

  test('of many databases at once makes their common role once', async () => {
    const { name, url, appRole } = await setUp(`${login} createrole`, database);
    const urls = ['a', 'b', 'c', 'd', 'e', 'f'].map((each) => url.replace(/[^/]+$/, `${name}_${each}`));
    try {
      for (const each of urls) {
        await query(clusterUrl(), `create database ${new URL(each).pathname.slice(1)} owner ${name}_owner`);
      }
      await Promise.all(urls.map((each) => migrateUp(each, { appRole })));
      for (const each of urls) expect(await open(each, appRole).problem()).toBeNull();
    } finally {
      await Promise.all(opened.splice(0).map((each) => each.close()));
      for (const each of urls) {
        await query(clusterUrl(), `drop database if exists ${new URL(each).pathname.slice(1)} with (force)`);
      }
    }
  });

  test('by a login that may not make roles says what an administrator has to run, and then goes on', async () => {
    const { url, appRole } = await setUp(login, database);
    const failure: Error = await migrateUp(url, { appRole }).then(
      () => new Error('migrated'),
      (error) => error,
    );
    expect(failure.message).toContain(`create role "${appRole}" nologin nosuperuser nobypassrls;`);
    expect(failure.message).toContain(`grant "${appRole}" to "${appRole.replace(/app$/, 'owner')}"`);
    expect(await query(url, `select to_regclass('tasklane.tasks')::text as found`)).toEqual([
      { found: null },
    ]);
    for (const statement of failure.message.match(/^ {2}.*;$/gm) ?? []) await query(clusterUrl(), statement);
    expect(await migrateUp(url, { appRole })).toEqual(migrationNames());
    expect(await open(url, appRole).problem()).toBeNull();
  });

  test.each([
    ['that bypasses row-level security', 'create role tasklane_app bypassrls'],
    ['that is a superuser', 'create role tasklane_app superuser'],
    ['that is a member of the owner', 'create role tasklane_app in role tasklane_owner'],
  ])('refuses a role %s', async (_what, role) => {
    const { url, appRole } = await setUp(login, role, database);
    await expect(migrateUp(url, { appRole })).rejects.toThrow(/would not hold the role .*_app/);
  });

  test('refuses the owner itself', async () => {
    const { url, name } = await setUp(login, database);
    await expect(migrateUp(url, { appRole: `${name}_owner` })).rejects.toThrow(/would not hold the role/);
  });

  test('grants exactly what lanes need, whatever was granted before', async () => {
    const { url, appRole } = await setUp(...documentedSql('You own the database'));
    await migrateUp(url, { appRole });
    const granted = await grants(url, appRole);
    expect(granted).toEqual(expect.arrayContaining(['changes', 'profiles', 'tasks'].flatMap(everything)));
    await query(
      url,
      `grant all on all tables in schema tasklane to ${appRole};
       revoke insert on tasklane.tasks from ${appRole};
       create table tasklane.walled (user_id text);
       alter table tasklane.walled enable row level security;
       create table tasklane.open (user_id text)`,
    );
    await migrateUp(url, { appRole });
    expect(await grants(url, appRole)).toEqual([...granted, ...everything('walled')].sort());
  });

  test('down leaves the role, which another database may use, and up again finds it', async () => {
    const first = await setUp(`${login} createrole`, database);
    const second = await setUp(`${login} superuser`, database);
    const { appRole } = first;
    await migrateUp(first.url, { appRole });
    await migrateUp(second.url, { appRole });
    await migrateDown(first.url, { all: true });
    expect(await open(second.url, appRole).problem()).toBeNull();
    expect(await migrateUp(first.url, { appRole })).toEqual(migrationNames());
    expect(await open(first.url, appRole).problem()).toBeNull();
    await Promise.all(opened.splice(0).map((each) => each.close()));
    await second.drop();
  });
});

describe('readiness', () => {
  test('tells of a role that is not there, that the login may not act as, or that has no grants', async () => {
    const { url, appRole } = await setUp(...documentedSql('You own the database'));
    await migrateUp(url, { appRole });
    const problem = 'The database role or its grants are missing: migrating sets them up.';
    const ready = open(url, appRole);
    expect(await open(url, `${appRole}_absent`).problem()).toBe(problem);
    expect(await open(url, 'pg_monitor').problem()).toBe(problem);
    await query(url, `revoke all on all tables in schema tasklane from ${appRole}`);
    expect(await ready.problem()).toBe(problem);
    await migrateUp(url, { appRole });
    expect(await ready.problem()).toBeNull();
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
  });
});

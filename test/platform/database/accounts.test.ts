/** Tests account links: every type of id, every state of the table, and any login. */
import { Client } from 'pg';
import {
  type AccountLink,
  type AccountSettings,
  linkAccounts,
} from '../../../src/platform/database/accounts';
import type { Database } from '../../../src/platform/database/database';
import { StaleToken } from '../../../src/platform/database/lane';
import { withMigrationLock } from '../../../src/platform/database/migration-session';
import { migrateDown, migrateUp } from '../../../src/platform/database/migrations';
import { defaultAppRole, defaultSystemRole } from '../../../src/platform/database/roles';
import { shareTable } from '../../support/citus';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { waitingForLocks } from '../../support/held-lane';
import { openDatabase } from '../../support/open-database';
import { documentedSql, type RoleSetUp, setUpRoles } from '../../support/roles';
import { until } from '../../support/until';

const auto: AccountSettings = { link: 'auto', schema: 'public', table: 'user' };

let database: TestDatabase;
let lanes: Database;

const openLanes = (url: string, appRole = defaultAppRole, systemRole = defaultSystemRole): Database =>
  openDatabase(url, { max: 5, appRole, systemRole });

beforeEach(async () => {
  database = await createTestDatabase();
  lanes = openLanes(database.url);
});
afterEach(async () => {
  await lanes.close();
  await database.drop();
});

const sql = <R extends object>(text: string, values?: unknown[]) => query<R>(database.url, text, values);

async function makeAccounts(idType: string): Promise<void> {
  await sql(`create table public."user" (id ${idType} primary key, email text, "emailVerified" boolean)`);
  await shareTable(database.url, 'public."user"');
}

const link = (settings: AccountSettings = auto): Promise<AccountLink> =>
  withMigrationLock(database.url, (connection) => linkAccounts(connection, settings));

/** Writes a task and its change into a lane. */
function write(userId: string, within = lanes): Promise<void> {
  return within.withUser(userId).write(async (lane) => {
    const id = '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e';
    await lane.insert('tasks', { id, title: 'A task' }).onConflict(['lane_id', 'id']).ignore();
    lane.changed({ type: 'task', id, action: 'created', fields: {} });
  });
}

async function refused(writing: Promise<unknown>): Promise<void> {
  const error = await writing.catch((reason) => reason);
  expect(error).toBeInstanceOf(StaleToken);
  expect(error).toMatchObject({ reason: 'account-unknown' });
}

async function users(table: string, url = database.url): Promise<string[]> {
  const rows = await query<{ user_id: string }>(
    url,
    `select distinct user_id from tasklane.${table} join tasklane.lanes on lanes.id = lane_id order by 1`,
  );
  return rows.map((row) => row.user_id);
}

async function lanesOf(url?: string): Promise<Record<string, string[]>> {
  return {
    profiles: await users('profiles', url),
    tasks: await users('tasks', url),
    changes: await users('changes', url),
  };
}

const everywhere = (...ids: string[]) => ({ profiles: ids, tasks: ids, changes: ids });

/** The link's constraints in the catalog; the oids change if it is created again. */
function constraints(): Promise<{ name: string; validated: boolean; oid: number }[]> {
  return sql(
    `select conname::text as name, convalidated as validated, oid::int from pg_constraint
     where conrelid = 'tasklane.lanes'::regclass and conname like 'lanes\\_account%' order by 1`,
  );
}

const [uuidA, uuidB] = ['6f9619ff-8b86-4011-b42d-00c04fc964ff', '00000000-0000-0000-0000-000000000000'];

describe.each([
  ['text', 'text', ['ada', 'Ada ✓ é']],
  ['varchar(36)', 'character varying', ['ada', uuidA]],
  ['uuid', 'uuid', [uuidA, uuidB]],
  ['smallint', 'smallint', ['1', '32767']],
  ['integer', 'integer', ['0', '2147483647']],
  ['bigint', 'bigint', ['10', '9223372036854775807']],
])('ids of type %s', (columnType, idType, [mine, theirs]) => {
  beforeEach(async () => {
    await makeAccounts(columnType);
    await sql('insert into public."user" (id) values ($1), ($2)', [mine, theirs]);
  });

  test('link lanes to accounts, and a lane is erased with its account', async () => {
    const linked = { state: 'linked', table: 'public."user"', idType, orphans: 0, examples: [] };
    expect(await link()).toEqual(linked);
    for (const id of [mine, theirs]) await write(id as string);
    const both = [mine as string, theirs as string].toSorted();
    expect(await lanesOf()).toEqual(everywhere(...both));
    await sql('delete from public."user" where id = $1', [mine]);
    expect(await lanesOf()).toEqual(everywhere(theirs as string));
    await refused(write(mine as string));
    expect(await link()).toEqual(linked);
    expect((await constraints()).every((each) => each.validated)).toBe(true);
  });

  test('link existing lanes', async () => {
    await write(mine as string);
    expect(await link()).toMatchObject({ state: 'linked', orphans: 0 });
    expect((await constraints()).every((each) => each.validated)).toBe(true);
    await sql('delete from public."user"');
    expect(await lanesOf()).toEqual(everywhere());
  });

  test('let only accounts create a lane, and everybody read', async () => {
    await link();
    for (const id of ['eve', '7', 'ffffffff-ffff-4fff-bfff-ffffffffffff']) {
      expect(await lanes.withUser(id).read(async (lane) => lane.rows('tasks'))).toEqual([]);
      await refused(write(id));
      // No connection is left in a transaction.
      await refused(write(id));
    }
    expect(await lanesOf()).toEqual(everywhere());
  });
});

describe('an id in another spelling than that of Postgres', () => {
  test.each([
    uuidA.toUpperCase(),
    uuidA.replaceAll('-', ''),
    `{${uuidA}}`,
    `${uuidA}0`,
    `urn:uuid:${uuidA}`,
    'ada',
  ])('is not a uuid: %j', async (id) => {
    await makeAccounts('uuid');
    await sql('insert into public."user" (id) values ($1)', [uuidA]);
    await link();
    await refused(write(id));
    expect(await users('profiles')).toEqual([]);
  });

  test.each([
    '01',
    '+1',
    '-1',
    '1.0',
    '1e0',
    '0x1',
    '1_0',
    '١',
    '1\u00a0',
    '2147483648',
    '9'.repeat(30),
    'ada',
  ])('is not an integer: %j', async (id) => {
    await makeAccounts('integer');
    await sql('insert into public."user" (id) values (1), (10), (-1)');
    await link();
    await refused(write(id));
    expect(await users('profiles')).toEqual([]);
  });
});

describe('lanes without an account', () => {
  test('are logged and left unchanged, and no new one is created', async () => {
    await makeAccounts('text');
    await sql(`insert into public."user" (id) values ('ada')`);
    const orphans = ['f', 'e', 'd', 'c', 'b', 'a'];
    for (const id of ['ada', ...orphans]) await write(id);

    const found = { orphans: 6, examples: ['a', 'b', 'c', 'd', 'e'] };
    expect(await link()).toMatchObject(found);
    expect(await link()).toMatchObject(found);
    expect(await constraints()).toMatchObject([{ validated: false }]);
    await write('f');
    await refused(write('g'));
    await sql('delete from public."user"');
    expect(await users('profiles')).toEqual(orphans.toSorted());

    await sql(`insert into public."user" (id) values ('a'), ('b')`);
    await sql(`delete from tasklane.lanes where user_id > 'b'`);
    expect(await link()).toMatchObject({ orphans: 0 });
    expect(await constraints()).toMatchObject([{ validated: true }]);
  });

  test('work as before if no account can have their id', async () => {
    await makeAccounts('integer');
    await sql('insert into public."user" (id) values (1)');
    for (const id of ['1', '01', '7']) await write(id);
    expect(await link()).toMatchObject({ orphans: 2, examples: ['01', '7'] });
    expect(await lanes.withUser('01').read(async (lane) => lane.rows('tasks'))).toHaveLength(1);
    for (const id of ['1', '01', '7']) await write(id);
    await refused(write('02'));
  });
});

describe('the link', () => {
  test('is not created again if it is current', async () => {
    await makeAccounts('uuid');
    await link();
    const before = await constraints();
    await link();
    expect(await constraints()).toEqual(before);
  });

  test('follows a table that is created again with ids of another type', async () => {
    await makeAccounts('integer');
    await sql('insert into public."user" (id) values (1)');
    await link();
    await write('1');
    await sql('drop table public."user" cascade');
    await makeAccounts('uuid');
    expect(await link()).toMatchObject({ state: 'linked', idType: 'uuid', orphans: 1, examples: ['1'] });
    await sql('drop table public."user" cascade');
    await makeAccounts('text');
    expect(await link()).toMatchObject({ state: 'linked', idType: 'text', orphans: 1, examples: ['1'] });
  });

  test('is removed with the table, and then lanes need no account', async () => {
    await makeAccounts('integer');
    await link();
    await sql('drop table public."user" cascade');
    await refused(write('ada'));
    expect(await link()).toEqual({
      state: 'unlinked',
      reason: 'there is no table "public"."user" with a column id',
    });
    await write('ada');
    expect(await constraints()).toEqual([]);
  });

  test('is removed with the tables and blocks no migration', async () => {
    await makeAccounts('integer');
    await link();
    const names = await migrateDown(database.url, { all: true });
    expect(await migrateUp(database.url)).toEqual(names.toReversed());
    await write('ada');
    await sql('delete from tasklane.lanes');
    expect(await link()).toMatchObject({ state: 'linked', orphans: 0 });
    await refused(write('ada'));
  });

  test('is removed when it is switched off', async () => {
    await makeAccounts('text');
    await link();
    expect(await link({ ...auto, link: 'off' })).toEqual({ state: 'off' });
    await write('ada');
    expect(await link({ ...auto, link: 'off' })).toEqual({ state: 'off' });
  });

  test('can refer to a table with another name, in another schema', async () => {
    await sql('create schema "the auth"');
    await sql(`create table "the auth"."The ""users""" (id bigint primary key)`);
    await shareTable(database.url, '"the auth"."The ""users"""');
    await sql(`insert into "the auth"."The ""users""" values (1)`);
    const settings: AccountSettings = { link: 'required', schema: 'the auth', table: 'The "users"' };
    expect(await link(settings)).toMatchObject({ state: 'linked', table: '"the auth"."The ""users"""' });
    await write('1');
    await refused(write('2'));
  });

  test.each([
    ['no table', 'create table public.users (id text primary key)', /no table "public"\."user"/],
    [
      'a table without ids',
      'create table public."user" (email text)',
      /no table "public"\."user" with a column id/,
    ],
    ['a view', 'create view public."user" as select 1 as id', /no table/],
    ['ids of another type', 'create table public."user" (id date primary key)', /of type date/],
    ['ids that are not a key', 'create table public."user" (id text, email text)', /has no unique index/],
    [
      'ids that are a key only with another column',
      'create table public."user" (id text, email text, primary key (id, email))',
      /has no unique index/,
    ],
    [
      'ids that are a key only for some rows',
      'create table public."user" (id text); create unique index on public."user" (id) where id > $$a$$',
      /has no unique index/,
    ],
  ])(
    'is not created for %s, which is an error if the table is configured',
    async (_what, statement, reason) => {
      await sql(statement);
      expect(await link()).toMatchObject({ state: 'unlinked' });
      await expect(link({ ...auto, link: 'required' })).rejects.toThrow(reason);
      await write('ada');
    },
  );

  test('is not created for a table that is not Better Auth’s, unless the table is configured', async () => {
    await sql('create table public."user" (id text primary key, name text)');
    await shareTable(database.url, 'public."user"');
    expect(await link()).toEqual({
      state: 'unlinked',
      reason: '"public"."user" is not Better Auth\'s table of users',
    });
    expect(await link({ ...auto, link: 'required' })).toMatchObject({ state: 'linked' });
  });

  test('keeps row-level security', async () => {
    await makeAccounts('text');
    await link();
    const forced = await sql(
      `select from pg_class where oid = 'tasklane.profiles'::regclass and relrowsecurity and relforcerowsecurity`,
    );
    expect(forced).toHaveLength(1);
  });
});

describe('a first write while the account is being deleted', () => {
  let deleter: Client;
  let writing: Promise<void>;

  beforeEach(async () => {
    await makeAccounts('uuid');
    await sql('insert into public."user" (id) values ($1)', [uuidA]);
    await link();
    deleter = new Client({ connectionString: database.url });
    await deleter.connect();
    await deleter.query('begin; delete from public."user"');
    writing = write(uuidA);
    writing.catch(() => undefined);
    await until(async () => (await waitingForLocks(database.url)) === 1);
  });
  afterEach(() => deleter.end());

  test('is rejected', async () => {
    await deleter.query('commit');
    await refused(writing);
    expect(await users('profiles')).toEqual([]);
  });

  test('creates the lane if the account stays', async () => {
    await deleter.query('rollback');
    await writing;
    expect(await users('profiles')).toEqual([uuidA]);
  });
});

describe.each([
  ['You own the database', 'owner'],
  ['A database administrator makes the roles', 'service'],
])('with the roles of "%s"', (heading, service) => {
  let setUp: RoleSetUp;
  let own: Database;

  beforeEach(async () => {
    setUp = await setUpRoles([
      ...documentedSql(heading),
      `create role tasklane_frontend login password 'change-me'`,
    ]);
    const [appRole, systemRole] = [`${setUp.name}_app`, `${setUp.name}_system`];
    await migrateUp(setUp.urlOf('owner'), { appRole, systemRole, serviceUrl: setUp.urlOf(service) });
    await query(setUp.adminUrl, `create schema auth authorization ${setUp.name}_frontend`);
    await query(
      setUp.urlOf('frontend'),
      `create table auth."user" (id uuid primary key, email text, "emailVerified" boolean)`,
    );
    await query(setUp.urlOf('frontend'), 'insert into auth."user" (id) values ($1)', [uuidA]);
    own = openLanes(setUp.urlOf(service), appRole, systemRole);
  });
  afterEach(async () => {
    await own?.close();
    await setUp?.drop();
  });

  const linkAsOwner = () =>
    withMigrationLock(setUp.urlOf('owner'), (connection) =>
      linkAccounts(connection, { ...auto, schema: 'auth' }),
    );

  test('a table of another owner is linked after its owner grants the right', async () => {
    await write(uuidA, own);
    await expect(linkAsOwner()).rejects.toThrow(/grant select, references on auth\."user" to/);
    await write(uuidB, own);

    const grantee = `${setUp.name}_owner`;
    await query(setUp.urlOf('frontend'), `grant usage on schema auth to ${grantee}`);
    await query(setUp.urlOf('frontend'), `grant select, references on auth."user" to ${grantee}`);
    expect(await linkAsOwner()).toMatchObject({ state: 'linked', orphans: 1, examples: [uuidB] });
    await write(uuidA, own);
    await refused(write('eve', own));
    await query(setUp.urlOf('frontend'), 'delete from auth."user"');
    expect(await lanesOf(setUp.adminUrl)).toEqual(everywhere(uuidB));
  });
});

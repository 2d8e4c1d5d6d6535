/** The third wall without the second: with every kind of login, lanes read and change only their own rows. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { Client } from 'pg';
import pino from 'pino';
import type { Lane, UserScope } from '../../../src/platform/database/lane';
import { createLanes } from '../../../src/platform/database/lane-runner';
import { withMigrationLock } from '../../../src/platform/database/migration-session';
import { migrateUp } from '../../../src/platform/database/migrations';
import { createPool, type Pool } from '../../../src/platform/database/pool';
import type { LaneTables } from '../../../src/platform/database/rows';
import { createSystem, type WithSystem } from '../../../src/platform/database/system';
import { systemGrants } from '../../../src/platform/database/system-grants';
import type { Connection } from '../../../src/platform/database/transaction';
import { query } from '../../support/database';
import { documentedSql, type RoleSetUp, setUpRoles } from '../../support/roles';
import { until } from '../../support/until';

const database = 'create database tasklane owner tasklane_owner';

/** The kinds of set-up, with the logins of the service and of migrations. */
const setUps = [
  {
    title: 'an owner',
    sql: documentedSql('You own the database'),
    service: 'owner',
  },
  {
    title: 'an owner who bypasses row-level security, as on Neon',
    sql: [`create role tasklane_owner login password 'change-me' createrole createdb bypassrls`, database],
    service: 'owner',
  },
  {
    title: 'a superuser',
    sql: [`create role tasklane_owner login password 'change-me' superuser`, database],
    service: 'owner',
  },
  {
    title: 'the least privileged',
    sql: documentedSql('A database administrator makes the roles'),
    service: 'service',
  },
];

const adaAndBob = ['ada', 'bob'] as const;

/** Inserts at least one row into every table with users' rows. */
async function seed(lane: UserScope): Promise<void> {
  await lane.write(async (writable) => {
    const id = randomUUID();
    await writable.insert('tasks', { id, title: 'A task' });
    await writable.insert('projects', { id, name: 'A project' });
    const project = { id, name: 'A project', archived: false, position: 'a0', version: 1 };
    const now = new Date();
    const times = { created_at: now, updated_at: now, deleted_at: now };
    await writable.insert('deleted_projects', { ...project, ...times, roots: [] });
    await writable.insert('tags', { id, name: 'A tag', name_key: id });
    await writable.insert('task_tags', { task_id: id, tag_id: id });
    await writable.insert('reminders', { task_id: id, identity: '5', fire_at: new Date() });
    await writable.insert('completions', {
      id,
      task_id: id,
      title: 'A task',
      due_date: '2026-11-21',
      completed_at: new Date(),
      rrule: 'FREQ=DAILY',
      status: 'pending',
      reopened: '[]' as never,
    });
    await writable.insert('purged_completions', { task_id: id, completed_at: new Date(), count: 1 });
    const webhook = { id: randomUUID(), url: 'https://hooks.example.com/', secret: 'whsec_AA==' };
    await writable.insert('webhooks', webhook);
    await writable.insert('webhook_deliveries', {
      id: randomUUID(),
      webhook_id: webhook.id,
      event: 'webhook.test',
      happened_at: writable.now,
      due_at: writable.now,
    });
    await writable.insert('clients', { id, client_id: id, scopes: ['write'] });
    const position = writable.insert('event_positions', { epoch: randomUUID(), published: '1' });
    await position.onConflict(['lane_id']).ignore();
    const feed = writable.insert('calendar_feeds', { id, secret_hash: Buffer.alloc(32) });
    await feed.onConflict(['lane_id']).ignore();
    writable.changed({ type: 'task', id, action: 'created', fields: {} });
    const hash = randomBytes(32);
    await writable.insert('idempotency_keys', {
      operation: 'createTask',
      key_hash: hash,
      fingerprint: hash,
      status: 201,
    });
  });
}

/** A query without the lane's filter, as if the second wall were missing. */
function unfiltered(lane: Lane, table: string): Knex.QueryBuilder {
  return lane.rows(table as keyof LaneTables).queryContext({}) as never;
}

/** A raw statement on the lane's connection, which no repository could send. */
async function run<R extends object>(lane: Lane, sql: string, values: unknown[] = []): Promise<R[]> {
  const { _connection } = lane.rows('tasks') as unknown as { _connection: Connection };
  return (await _connection.query<R>(sql, values)).rows;
}

interface Table {
  name: string;
  /** All columns except generated ones, which cannot be written. */
  columns: string[];
}

/** The tables with users' rows. */
function laneTables(url: string): Promise<Table[]> {
  return query(
    url,
    `select table_name::text as name, array_agg(column_name::text) filter (where is_generated = 'NEVER') as columns
     from information_schema.columns where table_schema = 'tasklane'
     group by table_name having bool_or(column_name = 'lane_id') order by 1`,
  );
}

describe.each(setUps)('when the login is $title', ({ sql, service }) => {
  let setUp: RoleSetUp;
  let appRole: string;
  let systemRole: string;
  let pool: Pool;
  let open: (userId: string) => UserScope;
  let tables: Table[];
  /** The ids of the lanes, by user. */
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    setUp = await setUpRoles(sql);
    appRole = `${setUp.name}_app`;
    systemRole = `${setUp.name}_system`;
    await migrateUp(setUp.urlOf('owner'), { appRole, systemRole, serviceUrl: setUp.urlOf(service) });
    const options = {
      url: setUp.urlOf(service),
      max: 1,
      acquireTimeoutMs: 10_000,
      statementTimeoutMs: 10_000,
      preparedStatements: true,
    };
    pool = createPool(options, pino({ level: 'silent' }));
    open = createLanes(pool, { ...options, appRole }).withUser;
    for (const userId of adaAndBob) {
      await seed(open(userId));
      ids[userId] = await open(userId).read(async (lane) => lane.id);
    }
    tables = await laneTables(setUp.urlOf('owner'));
  });
  afterAll(async () => {
    await pool?.close();
    await setUp?.drop();
  });

  /** The result of a query outside of any lane, on a connection that lanes have used. */
  async function outside<R extends object>(statement: string): Promise<R[]> {
    return (await pool.knex.raw(statement)).rows;
  }

  /** The number of rows of each user, counted in that user's lane. */
  async function counts(): Promise<Record<string, Record<string, number>>> {
    const found: Record<string, Record<string, number>> = {};
    for (const userId of adaAndBob) {
      found[userId] = await open(userId).read(async (lane) => {
        const counted: Record<string, number> = {};
        for (const { name } of tables) counted[name] = (await unfiltered(lane, name)).length;
        return counted;
      });
    }
    return found;
  }

  /** The roles with their own policies. */
  async function foreignPolicies(): Promise<string[]> {
    const rows = await query<{ role: string }>(
      setUp.urlOf('owner'),
      `select distinct role::text from pg_policies, unnest(roles) as role where schemaname = 'tasklane' and role <> 'public'`,
    );
    return rows.map(({ role }) => role);
  }

  test('both users have rows in each table of users', async () => {
    expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['changes', 'profiles', 'tasks']));
    for (const counted of Object.values(await counts())) {
      expect(Object.entries(counted).filter(([, count]) => count === 0)).toEqual([]);
    }
  });

  test('the app role can use only tables with row-level security', async () => {
    const reached = await query<{ name: string; forced: boolean; policies: string[] }>(
      setUp.urlOf('owner'),
      `select relname as name, relrowsecurity and relforcerowsecurity as forced,
         array(select polcmd::text from pg_policy where polrelid = pg_class.oid and polroles = '{0}') as policies
       from pg_class where relnamespace = 'tasklane'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
         and (relrowsecurity or has_any_column_privilege('${appRole}', oid, 'select, insert, update, references')
           or has_table_privilege('${appRole}', oid, 'delete, truncate, trigger'))
       order by 1`,
    );
    expect(await foreignPolicies()).toEqual([systemRole]);
    const held = tables.map(({ name }) => ({ name, forced: true, policies: ['*'] }));
    expect(reached).toEqual(expect.arrayContaining(held));
    expect(reached.filter(({ forced }) => !forced)).toEqual([]);
  });

  test('a query without a filter finds only rows of the lane', async () => {
    for (const userId of adaAndBob) {
      for (const { name } of tables) {
        const rows: { lane_id: string }[] = await open(userId).read(async (lane) => unfiltered(lane, name));
        expect(new Set(rows.map((row) => row.lane_id))).toEqual(new Set([ids[userId]]));
      }
    }
  });

  test('an update without a filter changes only rows of the lane', async () => {
    for (const { name } of tables) {
      const theirs = () => open('bob').read((lane) => run(lane, `select xmin, * from tasklane.${name}`));
      const [before, own] = [await theirs(), (await counts()).ada?.[name]];
      const updated = await open('ada').write((lane) =>
        run(lane, `update tasklane.${name} set lane_id = lane_id returning lane_id`),
      );
      expect(updated).toEqual(Array(own).fill({ lane_id: ids.ada }));
      expect(await theirs()).toEqual(before);
    }
  });

  test('a delete without a filter deletes only rows of the lane', async () => {
    for (const { name } of tables) {
      await seed(open('ada'));
      const theirs = (await counts()).bob;
      await open('ada').write(async (lane) => unfiltered(lane, name).delete());
      const left = await counts();
      expect(left.bob).toEqual(theirs);
      expect(left.ada?.[name]).toBe(0);
    }
    await seed(open('ada'));
  });

  test.each([
    ['a locking read', (name: string) => `select lane_id from tasklane.${name} for update`],
    [
      'a delete with returning',
      (name: string) =>
        `with gone as (delete from tasklane.${name} returning lane_id) select lane_id from gone`,
    ],
    [
      'a merge that updates, and then a read',
      (name: string) => `merge into tasklane.${name} as lane using (select 1) as one on true
        when matched then update set lane_id = lane.lane_id`,
    ],
    [
      'a recursive query',
      (name: string) => `with recursive each as (
          select lane_id, 1 as n from tasklane.${name} union
          select lane.lane_id, n + 1 from each, tasklane.${name} as lane where n < 3
        ) select lane_id from each`,
    ],
  ])('%s without a filter reaches only rows of the lane', async (_what, statement) => {
    for (const { name } of tables) {
      await seed(open('ada'));
      const theirs = () => open('bob').read((lane) => run(lane, `select xmin, * from tasklane.${name}`));
      const before = await theirs();
      const reached = await open('ada').write((lane) => run<{ lane_id: string }>(lane, statement(name)));
      expect(reached.filter((row) => row.lane_id !== ids.ada)).toEqual([]);
      // A row's xmin also shows an update that changed nothing.
      expect(await theirs()).toEqual(before);
    }
    await seed(open('ada'));
  });

  test('a conflict with a row of another user is refused, and the error does not show the row', async () => {
    for (const { name, columns } of tables) {
      const rows = await open('bob').read((lane) =>
        run<{ row: object }>(lane, `select to_jsonb(t) as row from tasklane.${name} as t limit 1`),
      );
      const list = columns.map((column) => `"${column}"`);
      for (const conflict of ['do nothing', 'do update set lane_id = excluded.lane_id']) {
        const target = conflict === 'do nothing' ? '' : `on constraint ${name}_pkey`;
        const statement = `insert into tasklane.${name} (${list})
          select ${list} from jsonb_populate_record(null::tasklane.${name}, $1) on conflict ${target} ${conflict}`;
        const inserting = open('ada').write((lane) => run(lane, statement, [JSON.stringify(rows[0]?.row)]));
        await expect(inserting).rejects.toThrow(/violates row-level security policy/);
      }
    }
  });

  test('a row for another user is refused, for an insert and for an update', async () => {
    const before = await counts();
    for (const { name, columns } of tables) {
      const list = columns.map((column) => `"${column}"`);
      const copied = list.map((column) => (column === '"lane_id"' ? ids.bob : column));
      for (const statement of [
        `insert into tasklane.${name} (${list}) select ${copied} from tasklane.${name}`,
        `update tasklane.${name} set lane_id = ${ids.bob}`,
      ]) {
        await expect(open('ada').write((lane) => run(lane, statement))).rejects.toThrow(
          /violates row-level security policy/,
        );
      }
    }
    expect(await counts()).toEqual(before);
  });

  test('the registry shows only the lane of the user, and changes no other', async () => {
    for (const userId of adaAndBob) {
      expect(await open(userId).read((lane) => run(lane, 'select id, user_id from tasklane.lanes'))).toEqual([
        { id: ids[userId], user_id: userId },
      ]);
    }
    const asAda = (statement: string) => open('ada').write((lane) => run(lane, statement));
    expect(await asAda(`delete from tasklane.lanes where user_id = 'bob' returning id`)).toEqual([]);
    for (const statement of [
      `insert into tasklane.lanes (user_id) values ('eve')`,
      `update tasklane.lanes set user_id = 'eve'`,
    ]) {
      await expect(asAda(statement)).rejects.toThrow(/violates row-level security policy/);
    }
  });

  test('the user is set from the first statement of a transaction to its last, and not longer', async () => {
    const who = `select session_user, current_user, current_setting('app.user_id', true) as user_id,
      current_setting('app.lane_id', true) as lane_id`;
    const login = `${setUp.name}_${service}`;
    const lane = (user_id: 'ada' | 'bob') => ({
      session_user: login,
      current_user: appRole,
      user_id,
      lane_id: ids[user_id],
    });
    const nowhere = { session_user: login, current_user: login, user_id: '', lane_id: '' };

    expect(await open('ada').read((each) => run(each, who))).toEqual([lane('ada')]);
    expect(await outside(who)).toEqual([nowhere]);
    expect(await open('bob').write((each) => run(each, who))).toEqual([lane('bob')]);
    expect(await outside(who)).toEqual([nowhere]);
    await expect(open('ada').write((each) => run(each, 'select 1 / 0'))).rejects.toThrow('division by zero');
    expect(await outside(who)).toEqual([nowhere]);
    expect(await open('bob').read((each) => run(each, who))).toEqual([lane('bob')]);
  });

  test('the app role reads and writes nothing without a lane, before and after the first one', async () => {
    const client = new Client({ connectionString: setUp.urlOf(service) });
    await client.connect();
    const visible = async (laneId?: string) => {
      await client.query(`begin; set local role ${appRole}`);
      if (laneId) await client.query(`select set_config('app.lane_id', $1, true)`, [laneId]);
      const found: number[] = [];
      for (const { name } of tables) {
        const { rows } = await client.query(`select count(*)::int as count from tasklane.${name}`);
        found.push(rows[0].count);
      }
      await client.query('commit');
      return found;
    };
    const setting = async () =>
      (await client.query(`select current_setting('app.lane_id', true) as value`)).rows[0].value;
    try {
      expect(await setting()).toBeNull();
      expect(await visible()).toEqual(tables.map(() => 0));
      expect(Math.min(...(await visible(ids.ada)))).toBeGreaterThan(0);
      expect(await setting()).toBe('');
      expect(await visible()).toEqual(tables.map(() => 0));
      await client.query(`begin; set local role ${appRole}`);
      await expect(client.query(`insert into tasklane.lanes (user_id) values ('eve')`)).rejects.toThrow(
        /violates row-level security policy/,
      );
    } finally {
      await client.end();
    }
  });

  test.each([
    ['reads the migrations', 'select * from tasklane.migrations'],
    ['locks the migrations', 'update tasklane.migrations_lock set is_locked = 1'],
    ['empties a table', 'truncate tasklane.tasks cascade'],
    ['switches row-level security off', 'alter table tasklane.tasks disable row level security'],
    ['adds a policy', 'create policy open on tasklane.tasks using (true)'],
    ['drops the policy', 'drop policy lane on tasklane.tasks'],
    ['drops a table', 'drop table tasklane.changes'],
    ['creates a table', 'create table tasklane.mine (n int)'],
    ['creates a table in another schema', 'create table public.mine (n int)'],
    ['creates a function', `create function tasklane.f() returns int language sql as 'select 1'`],
    ['creates a schema', 'create schema mine'],
    ['adds a trigger to a table', 'create trigger t before insert on tasklane.tasks execute function f()'],
    ['creates a role', 'create role mine'],
    ['runs a program', `copy (select 1) to program 'true'`],
  ])('the app role never %s', async (_what, statement) => {
    await expect(open('ada').write((lane) => run(lane, statement))).rejects.toMatchObject({ code: '42501' });
  });

  describe('the system role', () => {
    let withSystem: WithSystem;
    beforeAll(() => {
      withSystem = createSystem(pool, { systemRole, statementTimeoutMs: 10_000 });
    });

    const refused = { code: '42501' };
    type Listed = { select: readonly string[]; update?: readonly string[]; delete?: true };

    test('can read the listed columns of all lanes, and no others', async () => {
      const seen = await withSystem.read((system) =>
        system
          .rows('profiles')
          .select('*')
          .catch((error) => error),
      );
      expect(seen).toMatchObject(refused);
      const lanes = await withSystem.read((system) =>
        system.rows('profiles').select('lane_id', 'epoch', 'change_seq').orderBy('lane_id'),
      );
      expect(lanes.map((lane) => lane.lane_id)).toEqual([ids.ada, ids.bob]);
      const reading = withSystem.read((system) => system.query('select time_zone from tasklane.profiles'));
      await expect(reading).rejects.toMatchObject(refused);
    });

    test('cannot read or write anything that is not listed', async () => {
      const listed: Partial<Record<string, Listed>> = systemGrants;
      const before = await counts();
      for (const { name, columns } of tables) {
        const grant = listed[name];
        const statements = [
          ...columns
            .filter((column) => !grant?.select.includes(column))
            .map((column) => `select "${column}" from tasklane.${name}`),
          ...columns
            .filter((column) => !grant?.update?.includes(column))
            .map((column) => `update tasklane.${name} set "${column}" = "${column}"`),
          `insert into tasklane.${name} default values`,
          `truncate tasklane.${name} cascade`,
          ...(grant?.delete ? [] : [`delete from tasklane.${name}`]),
        ];
        for (const statement of statements) {
          const trying = withSystem.write((system) => system.query(statement));
          await expect(trying).rejects.toMatchObject(refused);
        }
      }
      expect(await counts()).toEqual(before);
    });

    test('ends with each transaction', async () => {
      const who = 'select current_user as role';
      const login = [{ role: `${setUp.name}_${service}` }];
      expect(await withSystem.read((system) => system.query(who))).toEqual([{ role: systemRole }]);
      expect(await outside(who)).toEqual(login);
      await expect(withSystem.write((system) => system.query('select 1 / 0'))).rejects.toThrow(/division/);
      expect(await outside(who)).toEqual(login);
      expect(await open('ada').read((lane) => run(lane, who))).toEqual([{ role: appRole }]);
      const rows = await open('ada').read(async (lane) => unfiltered(lane, 'profiles'));
      expect(rows).toHaveLength(1);
    });

    test('aborts a transaction that stays idle', async () => {
      const brief = createSystem(pool, { systemRole, statementTimeoutMs: 50 });
      const ended = brief.write(async (system) => {
        await system.query('select 1');
        await until(async () => (await connections()) === 0);
        return system.query('select 2');
      });
      await expect(ended).rejects.toThrow(/connection/i);
      expect(await withSystem.read((system) => system.query('select 3 as n'))).toEqual([{ n: 3 }]);
    });

    async function connections(): Promise<number> {
      const [row] = await query<{ count: number }>(
        setUp.adminUrl,
        `select count(*)::int as count from pg_stat_activity where datname = $1 and application_name = 'tasklane'`,
        [setUp.name],
      );
      return row?.count ?? 0;
    }
  });

  // Row-level security stops mistakes, but injected SQL can set another lane (docs/database.md).
  test('SQL that sets another lane finds the rows of that lane', async () => {
    const rows = await open('ada').read(async (lane) => {
      await run(lane, `select set_config('app.lane_id', $1, true)`, [ids.bob]);
      return run<{ lane_id: string }>(lane, 'select lane_id from tasklane.tasks');
    });
    expect(new Set(rows.map((row) => row.lane_id))).toEqual(new Set([ids.bob]));
  });
});

describe('injected SQL that goes back to the login role', () => {
  let setUp: RoleSetUp;
  let pool: Pool;
  let ada: UserScope;

  beforeAll(async () => {
    setUp = await setUpRoles(documentedSql('A database administrator makes the roles'));
    const appRole = `${setUp.name}_app`;
    const url = setUp.urlOf('service');
    await migrateUp(setUp.urlOf('owner'), { appRole, systemRole: `${setUp.name}_system`, serviceUrl: url });
    const limits = { max: 1, acquireTimeoutMs: 10_000, statementTimeoutMs: 10_000 };
    const options = { url, ...limits, preparedStatements: true };
    pool = createPool(options, pino({ level: 'silent' }));
    ada = createLanes(pool, { ...options, appRole }).withUser('ada');
    await seed(ada);
  });
  afterAll(async () => {
    await pool?.close();
    await setUp?.drop();
  });

  const asLogin = (statement: string) =>
    ada.write(async (lane) => {
      await run(lane, `select set_config('role', 'none', true)`);
      return run(lane, statement);
    });

  test('with the least privileged login can read the migrations, but no tables of users', async () => {
    expect(await asLogin('select name from tasklane.migrations')).not.toEqual([]);
    await expect(asLogin('select * from tasklane.tasks where lane_id <> 1')).rejects.toMatchObject({
      code: '42501',
    });
  });

  test.each([
    'alter table tasklane.tasks disable row level security',
    'alter table tasklane.tasks no force row level security',
    'drop policy lane on tasklane.tasks',
    'truncate tasklane.tasks cascade',
    'create table tasklane.mine (n int)',
    'delete from tasklane.migrations',
  ])('cannot %s', async (statement) => {
    await expect(asLogin(statement)).rejects.toMatchObject({ code: '42501' });
  });

  test('cannot become the owner', async () => {
    await expect(asLogin(`set local role ${setUp.name}_owner`)).rejects.toMatchObject({ code: '42501' });
  });
});

describe('a migration under forced row-level security', () => {
  let setUp: RoleSetUp;
  beforeAll(async () => {
    setUp = await setUpRoles(documentedSql('You own the database'));
    const roles = { appRole: `${setUp.name}_app`, systemRole: `${setUp.name}_system` };
    await migrateUp(setUp.urlOf('owner'), roles);
    await query(
      setUp.urlOf('owner'),
      `begin; set local app.user_id = 'ada'; insert into tasklane.lanes (user_id) values ('ada'); commit;
       create table tasklane.accounts (id text primary key)`,
    );
  });
  afterAll(() => setUp?.drop());

  const migrate = (statement: string) =>
    withMigrationLock(setUp.urlOf('owner'), ({ change }) =>
      change('A statement', async (transaction) => (await transaction.raw(statement)).rows),
    );
  const reference = 'alter table tasklane.lanes add foreign key (user_id) references tasklane.accounts';

  test.each([
    ['reads rows', 'select * from tasklane.lanes'],
    ['changes rows', 'update tasklane.lanes set user_id = user_id'],
    ['validates a reference', reference],
  ])('fails when it %s, because it cannot see the rows', async (_what, statement) => {
    await expect(migrate(statement)).rejects.toThrow('query would be affected by row-level security policy');
  });

  test('sees the rows without the force, as docs/database.md says', async () => {
    await migrate('alter table tasklane.lanes no force row level security');
    expect(await migrate('select user_id from tasklane.lanes')).toEqual([{ user_id: 'ada' }]);
    await expect(migrate(reference)).rejects.toMatchObject({ code: '23503' });
    await migrate('alter table tasklane.lanes force row level security');
  });
});

/** Tests the locks and connections of migrations, and that they leave no session state and no invalid index behind. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { describeFailure } from '../../../src/commands/database';
import { isUnavailable } from '../../../src/platform/database/errors';
import { type LockPatience, LocksUnavailable } from '../../../src/platform/database/lock-retries';
import { withMigrationLock } from '../../../src/platform/database/migration-session';
import { migrateDown, migrateUp, migrationNames } from '../../../src/platform/database/migrations';
import { OtherMigrations } from '../../../src/platform/database/other-migrations';
import { findTransactionPooler } from '../../../src/platform/database/transaction-pooler';
import { createLogger } from '../../../src/platform/observability/logger';
import { projectPath } from '../../../src/platform/paths';
import { startService } from '../../../src/start';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { waitingForLocks } from '../../support/held-lane';
import { keepsPreparedStatements, openPooler, type Pooler, poolerVersion } from '../../support/pooler';
import { runScript } from '../../support/process';
import { testConfig } from '../../support/service';
import { until } from '../../support/until';
import { makeUser } from '../../support/user';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

/** A connection with an open transaction that has run these statements. */
async function hold(url: string, ...statements: string[]): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'a long reader' });
  await client.connect();
  for (const statement of ['begin', ...statements]) await client.query(statement);
  return client;
}

function advisoryLocks(): Promise<object[]> {
  return query(
    database.url,
    `select pid from pg_locks where locktype = 'advisory'
       and database = (select oid from pg_database where datname = current_database())`,
  );
}

describe('a migration while another one runs', () => {
  test('logs repeatedly why it waits, and continues when the other one ends', async () => {
    let finish: () => void = () => undefined;
    const working = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const first = withMigrationLock(database.url, () => working);
    await until(async () => (await advisoryLocks()).length === 1);
    const [holder] = (await advisoryLocks()) as { pid: number }[];
    const said: string[] = [];
    const second = migrateUp(database.url, { notice: (text) => void said.push(text), reportEveryMs: 50 });
    await until(() => said.length >= 3);
    expect(said[0]).toMatch(
      new RegExp(
        `^Waiting for another migration: process ${holder?.pid} \\(tasklane-migrate, role \\w+\\), in a transaction for \\d+ s\\.$`,
      ),
    );
    finish();
    await first;
    expect(await second).toEqual([]);
    expect(await advisoryLocks()).toEqual([]);
  });

  test('names a session that holds the lock without a transaction', async () => {
    const left = await hold(database.url, 'select pg_advisory_lock(7236147911)', 'commit');
    const said: string[] = [];
    const waiting = migrateUp(database.url, { notice: (text) => void said.push(text) });
    await until(() => said.length === 1);
    expect(said[0]).toMatch(/process \d+ \(a long reader, role \w+\), idle for \d+ s/);
    await left.end();
    expect(await waiting).toEqual([]);
  });
});

describe('a folder with one more migration', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tasklane-migrations-'));
    for (const name of migrationNames()) {
      writeFileSync(
        join(directory, `${name}.js`),
        `module.exports = require(${JSON.stringify(projectPath('migrations', name))});`,
      );
    }
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const later = '29991231000000_later';
  function addMigration(body: string): void {
    writeFileSync(
      join(directory, `${later}.js`),
      `const { createIndexConcurrently, dropIndexConcurrently } = require(${JSON.stringify(
        projectPath('src', 'platform', 'database', 'concurrent-index'),
      )});\n${body}`,
    );
  }

  const patience: LockPatience = { timeoutMs: 700, pausesMs: [50, 50, 50] };

  describe('in a database of a development version', () => {
    const expectRefused = async (name: string) => {
      const failure = await migrateUp(database.url, { directory }).catch((error) => error);
      expect(failure).toBeInstanceOf(OtherMigrations);
      // Operators see no stack.
      expect(describeFailure(failure)).toBe(failure.message);
      expect(failure.message).toMatch(
        new RegExp(`with other migrations: ${name}\\.\nThis version cannot upgrade it\\.`),
      );
    };

    test('names an applied migration that was edited', async () => {
      addMigration(`
        exports.up = (knex) => knex.raw('alter table tasklane.tasks add later integer');
        exports.down = () => undefined;`);
      expect(await migrateUp(database.url, { directory })).toEqual([later]);
      expect(await migrateUp(database.url, { directory })).toEqual([]);
      jest.resetModules();
      addMigration(`
        exports.up = (knex) => knex.raw('alter table tasklane.tasks add later text');
        exports.down = () => undefined;`);
      await expectRefused(later);
    });

    test('names migrations that this version replaced by others', async () => {
      await query(
        database.url,
        `update tasklane.migrations set name = '20261121000001_lanes' where name = '20261126000001_lanes'`,
      );
      await expectRefused('20261121000001_lanes');
    });

    test('names all migrations if it is older than the record of their statements', async () => {
      await query(database.url, 'alter table tasklane.migrations drop hash');
      await expectRefused(migrationNames().join(', '));
    });
  });

  test('accepts a migration that cannot be compared without a database', async () => {
    addMigration(`
      exports.up = (knex) => knex.schema.withSchema('tasklane').createTable('later', () => undefined);
      exports.down = () => undefined;`);
    expect(await migrateUp(database.url, { directory })).toEqual([later]);
    expect(await migrateUp(database.url, { directory })).toEqual([]);
  });

  describe('with a migration that takes a strong lock', () => {
    beforeEach(() =>
      addMigration(`
        exports.up = (knex) => knex.raw('alter table tasklane.tasks add later integer');
        exports.down = (knex) => knex.raw('alter table tasklane.tasks drop later');`),
    );

    test('lets others work between its tries, logs which session blocks it, and is applied when possible', async () => {
      const reader = await hold(database.url, 'select count(*) from tasklane.tasks');
      const said: string[] = [];
      const migrating = migrateUp(database.url, {
        directory,
        patience: { ...patience, pausesMs: Array(30).fill(50) },
        notice: (text) => void said.push(text),
      });
      await until(async () => (await waitingForLocks(database.url)) === 1);
      // It waits behind the migration, but no longer than the migration itself waits.
      await query(database.url, 'select count(*) from tasklane.tasks');
      await until(() => said.length > 0);
      expect(said[0]).toMatch(
        new RegExp(
          `^Migration ${later} got no lock within 0\\.7 s; it was blocked by process \\d+ \\(a long reader, role \\w+\\), in a transaction for \\d+ s\\. Next attempt in 0\\.05 s \\(2 of 31\\)\\.$`,
        ),
      );
      await reader.query('rollback');
      expect(await migrating).toEqual([later]);
      await reader.end();
      expect(await migrateDown(database.url, { directory })).toEqual([later]);
    });

    test('stops after a number of tries and changes nothing', async () => {
      const reader = await hold(database.url, 'select count(*) from tasklane.tasks');
      const said: string[] = [];
      const options = { directory, patience, notice: (text: string) => void said.push(text) };
      const error = await migrateUp(database.url, options).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(LocksUnavailable);
      expect(error.message).toMatch(
        /a long reader.* This was attempt 4 of 4. End the blocking session, or wait, and run this again\./,
      );
      // A service that migrates at its start then tries again, and the command names what blocks it.
      expect(isUnavailable(error)).toBe(true);
      expect(describeFailure(error)).toBe(error.message);
      expect(said).toHaveLength(3);
      await reader.end();
      expect(await advisoryLocks()).toEqual([]);
      expect(await migrateUp(database.url, { directory })).toEqual([later]);
    });
  });

  test('with a migration that expands the schema still serves this release', async () => {
    addMigration(`
      exports.up = (knex) => knex.raw(\`
        alter table tasklane.tasks add later text, add later_count integer not null default 0;
        create table tasklane.later (lane_id bigint not null references tasklane.profiles on delete cascade, primary key (lane_id));
        alter table tasklane.later enable row level security, force row level security\`);
      exports.down = (knex) => knex.raw('drop table tasklane.later; alter table tasklane.tasks drop later, drop later_count');`);
    expect(await migrateUp(database.url, { directory })).toEqual([later]);
    const logger = createLogger({ level: 'silent', pretty: false, destination: { write: () => undefined } });
    const service = await startService(testConfig({ DATABASE_URL: database.url }), logger);
    try {
      const user = await makeUser(service.url);
      const created = await user.send('POST', '/tasks', { body: { title: 'A task' } });
      expect(created.status).toBe(201);
      const listed = await user.send('GET', '/tasks?sort=due');
      expect(listed.body).toMatchObject({ items: [created.body] });
    } finally {
      await service.stop();
    }
    expect(await migrateDown(database.url, { directory })).toEqual([later]);
  });

  describe('with a migration that runs without a transaction', () => {
    const indexes = () =>
      query(
        database.url,
        `select indisvalid as valid, indisunique as unique from pg_index
         where indexrelid = to_regclass('tasklane.tasks_later')`,
      );
    beforeEach(() =>
      addMigration(`
        exports.config = { transaction: false };
        exports.up = (knex) =>
          createIndexConcurrently(knex, { name: 'tasks_later', unique: true, on: 'tasks (lane_id, title)' });
        exports.down = (knex) => dropIndexConcurrently(knex, 'tasks_later');`),
    );

    const addTasks = (...titles: string[]) =>
      query(
        database.url,
        `with lane as (select make_lane('ada') as id)
         insert into tasklane.tasks (lane_id, id, title) select id, gen_random_uuid(), title from lane, unnest($1::text[]) as title`,
        [titles],
      );

    test('builds an index while others write, and restores its session settings', async () => {
      await addTasks('a', 'b');
      const writer = await hold(database.url, `update tasklane.tasks set title = 'c' where title = 'a'`);
      const sessions: unknown[] = [];
      const migrating = migrateUp(database.url, { directory });
      await until(async () => (await waitingForLocks(database.url)) === 1);
      await addTasks('d');
      await writer.query('commit');
      expect(await migrating).toEqual([later]);
      await writer.end();
      expect(await indexes()).toEqual([{ valid: true, unique: true }]);
      await withMigrationLock(database.url, async ({ database: connection }) => {
        const { rows } = await connection.raw(
          `select current_setting('row_security') as walls, current_setting('lock_timeout') as timeout`,
        );
        sessions.push(...rows);
      });
      expect(sessions).toEqual([{ walls: 'on', timeout: '0' }]);
      expect(await migrateDown(database.url, { directory })).toEqual([later]);
      expect(await indexes()).toEqual([]);
    });

    test('drops the invalid index of a failed attempt, and builds it again', async () => {
      await addTasks('a', 'a');
      await expect(migrateUp(database.url, { directory })).rejects.toMatchObject({ code: '23505' });
      expect(await indexes()).toEqual([]);
      await query(
        database.url,
        'create unique index concurrently tasks_later on tasklane.tasks (lane_id, title)',
      ).catch(() => undefined);
      expect(await indexes()).toEqual([{ valid: false, unique: true }]);
      await query(database.url, `delete from tasklane.tasks`);
      expect(await migrateUp(database.url, { directory })).toEqual([later]);
      expect(await indexes()).toEqual([{ valid: true, unique: true }]);
    });
  });
});

test.each(['up', 'status', 'doctor', 'restored'])(
  '%s needs no Better Auth secret in production, and no other variable',
  async (command) => {
    const isMigration = ['up', 'status'].includes(command);
    const script = isMigration ? 'migrate' : command;
    const directory = mkdtempSync(join(tmpdir(), 'tasklane-secrets-'));
    writeFileSync(join(directory, 'url'), `${database.url}\n`);
    const { ended, output } = runScript(`src/commands/${script}.ts`, isMigration ? [command] : [], {
      NODE_ENV: 'production',
      DATABASE_URL_FILE: join(directory, 'url'),
      BETTER_AUTH_SECRET_FILE: join(directory, 'nothing'),
      PORT: 'not a port',
    });
    await ended;
    rmSync(directory, { recursive: true });
    expect(output.stderr).toBe(command === 'restored' ? 'Renewed 0 lanes.\n' : '');
    expect(output.stdout).not.toBe('');
  },
);

const version = poolerVersion();
// Jest shows no message for a skipped test.
const title = version
  ? `through PgBouncer ${version.join('.')}`
  : 'through PgBouncer, which is not installed (apt-get install pgbouncer), so this is skipped';

(version ? describe : describe.skip)(title, () => {
  const servers = 3;
  let pooler: Pooler;
  afterEach(() => pooler.close());

  /** The settings of all server sessions behind the pooler, which are held at the same time. */
  async function serverSessions(): Promise<unknown[]> {
    const clients: Client[] = [];
    const found: unknown[] = [];
    for (let count = 0; count < servers; count++) clients.push(await hold(pooler.url));
    for (const client of clients) {
      const { rows } = await client.query(
        `select current_setting('row_security') as walls, current_setting('lock_timeout') as timeout,
           current_setting('default_transaction_read_only') as read_only, current_user::text = session_user::text as login`,
      );
      found.push(...rows);
    }
    for (const client of clients) await client.end();
    return found;
  }

  test('no session state stays on the server connections, migrations are rejected, and requests work', async () => {
    pooler = await openPooler(database.url, servers);
    // Once for each connection of the pooler, all of which are open by now.
    await serverSessions();
    const run = async (script: string, ...args: string[]) => {
      const { ended, output } = runScript(`src/commands/${script}.ts`, args, {
        NODE_ENV: 'production',
        DATABASE_URL: pooler.url,
        DATABASE_PREPARED_STATEMENTS: String(keepsPreparedStatements(version as [number, number])),
      });
      const { code } = await ended;
      return { code, output: output.stdout + output.stderr };
    };
    for (let round = 0; round < 2; round++) {
      const [doctor, status, up, down] = await Promise.all([
        run('doctor'),
        run('migrate', 'status'),
        run('migrate', 'up'),
        run('migrate', 'down'),
      ]);
      expect(doctor.output).toContain(
        '!!  The service and the migrations connect through a pooler in transaction mode',
      );
      expect(status).toMatchObject({ code: 0, output: expect.stringMatching(/^Applied:/) });
      for (const { code, output } of [up, down]) {
        expect(code).toBe(1);
        expect(output).toMatch(/goes through a pooler in transaction mode: .*Set DATABASE_DIRECT_URL/);
      }
    }
    expect(await run('restored')).toMatchObject({ code: 0 });
    expect(await advisoryLocks()).toEqual([]);
    expect(await serverSessions()).toEqual(
      Array(servers).fill({ walls: 'on', timeout: '0', read_only: 'off', login: true }),
    );

    const logged: string[] = [];
    const service = await startService(
      testConfig({
        DATABASE_URL: pooler.url,
        DATABASE_PREPARED_STATEMENTS: String(keepsPreparedStatements(version as [number, number])),
      }),
      createLogger({
        level: 'error',
        pretty: false,
        destination: { write: (line) => void logged.push(line) },
      }),
    );
    try {
      const users = await Promise.all(Array.from({ length: 4 }, () => makeUser(service.url)));
      for (const user of users) {
        const answers = await Promise.all(
          Array.from({ length: servers * 2 }, () =>
            user.send('POST', '/tasks', { body: { title: 'A task' } }),
          ),
        );
        expect(answers.map((each) => each.status)).toEqual(Array(servers * 2).fill(201));
      }
      expect(logged).toEqual([]);
    } finally {
      await service.stop();
    }
  });

  test.each([
    ['transaction', 1],
    ['transaction', 3],
    ['statement', 2],
  ] as const)('%s mode with %i connections is recognised, busy or not', async (mode, size) => {
    pooler = await openPooler(database.url, size, mode);
    expect(await findTransactionPooler(pooler.url)).toMatch(/several clients share a server connection/);
    const busy = Array.from({ length: 3 }, () => new Client({ connectionString: pooler.url }));
    for (const client of busy) await client.connect();
    let going = true;
    const working = busy.map(async (client) => {
      while (going) await client.query('select 1');
      await client.end();
    });
    expect(await findTransactionPooler(pooler.url)).not.toBeNull();
    going = false;
    await Promise.all(working);
  });

  test('session mode counts as no pooler', async () => {
    pooler = await openPooler(database.url, 10, 'session');
    expect(await findTransactionPooler(pooler.url)).toBeNull();
    expect(await migrateUp(pooler.url)).toEqual([]);
  });
});

test.each([
  ['postgres://u:p@ep-cool-name-123-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require', 'Neon'],
  ['postgres://u:p@aws-0-eu-central-1.pooler.supabase.com:6543/postgres', 'Supabase'],
])('the pooler of a provider is recognised by its address: %s', async (url, name) => {
  expect(await findTransactionPooler(url)).toBe(`the host is ${name}'s pooler`);
});

test('Postgres itself is not a pooler', async () => {
  expect(await findTransactionPooler(database.url)).toBeNull();
});

/**
 * Tests `tasklane migrate --distribute`; on a server without Citus, what it says. The tests on a cluster are those of the whole
 * service: see scripts/citus/run.
 */
import { linkAccounts } from '../../../src/platform/database/accounts';
import { withMigrationLock } from '../../../src/platform/database/migration-session';
import { distribute, migrateUp } from '../../../src/platform/database/migrations';
import { citusNodes, joinServers, shareTable } from '../../support/citus';
import { createTestDatabase, query } from '../../support/database';
import { openDatabase } from '../../support/open-database';

test('a database without the extension is not distributed', async () => {
  const database = await createTestDatabase();
  try {
    const keys = () =>
      query(
        database.url,
        `select conname from pg_constraint where connamespace = 'tasklane'::regnamespace and contype = 'f' order by 1`,
      );
    const before = await keys();
    if (citusNodes.length === 0) {
      await expect(distribute(database.url)).rejects.toThrow(
        /has no extension citus.*create extension citus/s,
      );
    } else {
      expect(await distribute(database.url)).toEqual({ workers: citusNodes.length - 1, tables: [] });
    }
    expect(await keys()).toEqual(before);
  } finally {
    await database.drop();
  }
});

(citusNodes.length === 0 ? describe.skip : describe)('on a cluster', () => {
  test('distributes lanes that are linked to accounts', async () => {
    const { name, url, drop } = await createTestDatabase({ empty: true });
    const lanes = openDatabase(url);
    try {
      await joinServers(name);
      await migrateUp(url);
      await query(
        url,
        'create table public."user" (id text primary key, email text, "emailVerified" boolean)',
      );
      await withMigrationLock(url, (session) =>
        linkAccounts(session, { link: 'auto', schema: 'public', table: 'user' }),
      );
      await shareTable(url, 'public."user"');
      expect((await distribute(url)).tables).toContain('tasks');
      await query(url, `insert into public."user" (id) values ('ada')`);
      await lanes.withUser('ada').write(async (lane) => {
        await lane.insert('tasks', { id: '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e', title: 'A task' });
      });
      const tasks = () => query(url, 'select title from tasklane.tasks');
      expect(await tasks()).toHaveLength(1);
      await query(url, 'delete from public."user"');
      expect(await tasks()).toEqual([]);
    } finally {
      await lanes.close();
      await drop();
    }
  });

  test('forces row-level security again after shards have moved', async () => {
    const { url, drop } = await createTestDatabase();
    const unforced = () =>
      query(
        url,
        `select from pg_class where relnamespace = 'tasklane'::regnamespace and relkind = 'r'
           and relrowsecurity and not relforcerowsecurity`,
      );
    try {
      await query(url, 'alter table tasklane.tasks no force row level security');
      expect(await unforced()).toHaveLength(1);
      await distribute(url);
      expect(await unforced()).toEqual([]);
    } finally {
      await drop();
    }
  });
});

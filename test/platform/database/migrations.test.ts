/** Runs every migration up and down with rows, and tests what the database itself rejects. */
import { randomUUID } from 'node:crypto';
import knex, { type Knex } from 'knex';
import { violatedConstraint } from '../../../src/platform/database/errors';
import { withMigrationLock } from '../../../src/platform/database/migration-session';
import {
  migrateDown,
  migrateUp,
  migrationNames,
  migrationStatus,
  migratorConfig,
} from '../../../src/platform/database/migrations';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { openDatabase } from '../../support/open-database';

/** For every migration, rows that its tables can have when it is reverted. */
const seeds: Record<string, string> = {
  '20261126000001_lanes': `
    insert into tasklane.lanes (user_id) values ('ada'), ('bob'), ('carol');
    insert into tasklane.profiles (lane_id, change_seq, task_count, delivers) values (1, 7, 6, true), (2, 0, 1, false);
    insert into tasklane.profiles (lane_id, time_zone, week_start, default_priority, require_if_match, version, updated_at)
    values (3, 'Europe/Berlin', 'sunday', 'urgent', true, 2, now());
    update tasklane.profiles set storage_written = 1000, storage_correction = -10, storage_check_at = now()
      where lane_id = 1;
    insert into tasklane.erased (user_hash, at) values (sha256('dave'), now())`,
  '20261126000002_installation': `update tasklane.installation set system_identifier = '1', seen_at = now()`,
  '20261126000003_changes': `
    insert into tasklane.changes (lane_id, seq, type, entity_id, action, fields)
    values (1, 1, 'task', '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e', 'created', '{}'),
      (1, 2, 'task', '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e', 'updated', '{"title": {"from": "a", "to": "b"}}'),
      (3, 1, 'profile', null, 'updated', '{"week_start": {"from": "monday", "to": "sunday"}}')`,
  '20261126000004_idempotency_keys': `
    insert into tasklane.idempotency_keys (lane_id, operation, key_hash, fingerprint, status, headers, body)
    values (1, 'createTask', sha256('a'), sha256('b'), 201, '{"ETag": "\\"1-0\\""}', '{"title": "c"}'),
      (1, 'createTask', sha256('d'), sha256('e'), 200, null, null)`,
  '20261126000005_projects': `
    insert into tasklane.projects (lane_id, id, name, color)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d50', 'Garden', '#2f855a');
    insert into tasklane.deleted_projects
      (lane_id, id, name, archived, position, version, created_at, updated_at, deleted_at, roots)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d51', 'House', false, 'a0', 2, now(), now(), now(), '{}')`,
  '20261126000006_tasks': `
    insert into tasklane.tasks (lane_id, id, title, description, status, priority, completed_at)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e', 'b', null, 'pending', 'low', null),
      (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4f', 'c', 'd', 'completed', 'urgent', now()),
      (2, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e', 'e', '', 'cancelled', 'medium', null);
    insert into tasklane.tasks (lane_id, id, title, project_id, parent_id, tags, due_date, due_time, time_zone, due_at)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d52', 'f', '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d50', null, '{Home}',
        '2026-11-28', '18:00', 'UTC', '2026-11-28T18:00:00Z'),
      (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d53', 'g', null, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d52', '{}',
        null, null, null, null);
    insert into tasklane.tasks (lane_id, id, title, start_date, start_time, time_zone, start_at)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d56', 's', '2026-11-28', '18:00', 'UTC', '2026-11-28T18:00:00Z');
    insert into tasklane.tasks (lane_id, id, title, deleted_at, deleted_with)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d54', 'h', now(), '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d54');
    insert into tasklane.tasks (lane_id, id, title, due_date, rrule, recurrence_start, recurrence_due,
      excluded_dates, reminders, links, search, search_version)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d55', 'i', '2026-11-28', 'FREQ=DAILY', '2026-11-27', '2026-11-27',
      '{2026-11-30}', '[{"at": null, "time": null, "days_before_due": null, "minutes_before_due": 30}]', '[{"url": "https://example.com/", "title": null}]', '''i'':1A', 1)`,
  '20261126000007_tags': `
    insert into tasklane.tags (lane_id, id, name, name_key)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d60', 'Home', 'home');
    insert into tasklane.task_tags (lane_id, task_id, tag_id)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d52', '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d60')`,
  '20261126000008_completions': `
    insert into tasklane.completions
      (lane_id, id, task_id, title, due_date, completed_at, next_due_date, rrule, status, reopened)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d70', '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d55', 'i', '2026-11-27', now(),
      '2026-11-28', 'FREQ=DAILY', 'pending', '[]');
    insert into tasklane.purged_completions (lane_id, task_id, completed_at, count)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d57', now(), 1)`,
  '20261126000009_reminders': `
    insert into tasklane.reminders (lane_id, task_id, identity, fire_at)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d55', '30', now())`,
  '20261126000010_webhooks': `
    insert into tasklane.webhooks (lane_id, id, url, secret, disabled_reason, disabled_at, verified_at)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d70', 'https://hooks.example.com/', 'whsec_AA==', null, null, now()),
      (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d72', 'https://hooks.example.com/2', 'whsec_AA==', 'unverified', now(), null);
    insert into tasklane.webhook_deliveries (lane_id, id, webhook_id, event, happened_at, state)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d71', '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d70', 'webhook.test',
      now(), 'delivered')`,
  '20261126000011_calendar_feeds': `
    insert into tasklane.calendar_feeds (lane_id, id, secret_hash)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d80', sha256('a secret'))`,
  // Changes no rows.
  '20261126000012_refusals': '',
  '20261126000013_clients': `
    insert into tasklane.clients (lane_id, id, client_id, scopes)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d68', 'an-agent', '{write}')`,
  '20261126000014_event_positions': `
    insert into tasklane.event_positions (lane_id, epoch, published, due_at)
    values (1, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d69', 1, now())`,
};

const names = migrationNames();

describe('migrations', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase({ empty: true });
  });
  afterEach(() => database.drop());

  /** The definitions of all objects in the schema, except Knex's own tables. */
  async function definitions(): Promise<string[]> {
    const rows = await query<{ definition: string }>(
      database.url,
      `with relations as (
       select * from pg_class where relnamespace = 'tasklane'::regnamespace and relname not like 'migrations%'
     )
     select format('%s %s %s %s', relkind, relname, relrowsecurity, relforcerowsecurity) as definition from relations where relkind <> 'i'
     union all
     select pg_get_indexdef(oid) from relations where relkind = 'i'
     union all
     select format('%s.%s %s %s %s %s', relname, attname, format_type(atttypid, atttypmod), attnotnull, attcollation,
       pg_get_expr(adbin, adrelid))
     from relations join pg_attribute on attrelid = relations.oid and attnum > 0 and not attisdropped
       left join pg_attrdef on adrelid = attrelid and adnum = attnum
     where relkind = 'r'
     union all
     select format('%s %s', conname, pg_get_constraintdef(pg_constraint.oid))
     from pg_constraint join relations on conrelid = relations.oid
     union all
     select format('%s %s %s', typname, enumsortorder, enumlabel)
     from pg_type join pg_enum on enumtypid = pg_type.oid where typnamespace = 'tasklane'::regnamespace
     union all
     select format('%s %s', proname, pg_get_functiondef(oid)) from pg_proc where pronamespace = 'tasklane'::regnamespace
       and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
     union all
     select format('policy %s %s %s %s %s', tablename, policyname, cmd, qual, with_check) from pg_policies where schemaname = 'tasklane'
     union all
     select pg_get_triggerdef(pg_trigger.oid)
     from pg_trigger join relations on tgrelid = relations.oid where not tgisinternal
     order by 1`,
    );
    return rows.map((row) => row.definition);
  }

  /** Every row of every table, except Knex's own tables. */
  async function contents(): Promise<Record<string, object[]>> {
    const tables = await query<{ table: string }>(
      database.url,
      `select tablename as table from pg_tables where schemaname = 'tasklane' and tablename not like 'migrations%' order by 1`,
    );
    const entries = tables.map(async ({ table }) => {
      const rows = await query<object>(
        database.url,
        `select * from tasklane."${table}" as t order by t::text collate "C"`,
      );
      return [table, rows] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  async function recorded(): Promise<string[]> {
    const rows = await query<{ name: string }>(
      database.url,
      'select name from tasklane.migrations order by id',
    );
    return rows.map((row) => row.name);
  }

  /** Expects these rows; other columns and rows are ignored. */
  async function expectRows(wanted: Record<string, object[]>): Promise<void> {
    const found = await contents();
    for (const [table, rows] of Object.entries(wanted)) {
      expect(found[table]).toEqual(expect.arrayContaining(rows.map((row) => expect.objectContaining(row))));
    }
  }

  function migrate(work: (migrator: Knex.Migrator) => Promise<unknown>): Promise<unknown> {
    return withMigrationLock(database.url, async (session) => {
      await session.database.raw('create schema if not exists tasklane');
      return work(session.database.migrate);
    });
  }

  const up = (name: string) =>
    migrate((migrator) => migrator.up({ ...migratorConfig, name } as Knex.MigratorConfig));

  test('every migration has rows to test it with', () => {
    expect(Object.keys(seeds)).toEqual(names);
  });

  describe.each(names)('%s', (name) => {
    test('goes up, down, and up again, and keeps the existing rows', async () => {
      for (const earlier of names.slice(0, names.indexOf(name))) {
        await up(earlier);
        await query(database.url, seeds[earlier] as string);
      }
      await query(database.url, 'create schema if not exists tasklane');
      const [before, rowsBefore] = [await definitions(), await contents()];

      await up(name);
      const after = await definitions();
      expect(after).not.toEqual(before);
      await expectRows(rowsBefore);
      await query(database.url, seeds[name] as string);

      expect(await migrateDown(database.url)).toEqual([name]);
      expect(await definitions()).toEqual(before);
      expect(Object.keys(await contents())).toEqual(Object.keys(rowsBefore));
      await expectRows(rowsBefore);

      await up(name);
      expect(await definitions()).toEqual(after);
      await expectRows(rowsBefore);
    });
  });

  test('all migrations together go up, down, and up again', async () => {
    expect(await migrateUp(database.url)).toEqual(names);
    const after = await definitions();
    for (const name of names) await query(database.url, seeds[name] as string);

    expect(await migrateDown(database.url, { all: true })).toEqual(names.toReversed());
    expect(await definitions()).toEqual([]);
    const left = await query<{ relname: string }>(
      database.url,
      `select relname from pg_class where relnamespace = 'tasklane'::regnamespace and relkind = 'r' order by 1`,
    );
    expect(left.map((row) => row.relname)).toEqual(['migrations', 'migrations_lock']);
    expect(await recorded()).toEqual([]);
    expect(await migrateDown(database.url)).toEqual([]);

    expect(await migrateUp(database.url)).toEqual(names);
    expect(await definitions()).toEqual(after);
    expect(await migrateUp(database.url)).toEqual([]);
  });

  test('nothing is created outside the schema', async () => {
    await migrateUp(database.url);
    const others = await query(
      database.url,
      `select relname from pg_class join pg_namespace n on n.oid = relnamespace
     where nspname not in ('tasklane', 'information_schema') and nspname not like 'pg\\_%'
     union all
     select typname from pg_type join pg_namespace n on n.oid = typnamespace
     where nspname not in ('tasklane', 'information_schema') and nspname not like 'pg\\_%'
     union all
     select extname from pg_extension
     where extname <> 'plpgsql' and (extname, extnamespace) <> ('pg_trgm', 'tasklane'::regnamespace)`,
    );
    expect(others).toEqual([]);
  });

  test('their names are recorded without extension, so that source and compiled files match', async () => {
    await migrateUp(database.url);
    expect(await recorded()).toEqual(names);
    for (const name of names) expect(name).toMatch(/^\d{14}_[a-z_]+$/);
  });

  test('the lock row of a killed process blocks no other process', async () => {
    await up(names[0] as string);
    const kill = () => query(database.url, 'update tasklane.migrations_lock set is_locked = 1');
    await kill();
    expect(await migrateUp(database.url)).toEqual(names.slice(1));
    await kill();
    expect(await migrateDown(database.url)).toEqual(names.slice(-1));
    await kill();
    expect(await migrateUp(database.url)).toEqual(names.slice(-1));
    expect(await query(database.url, 'select is_locked from tasklane.migrations_lock')).toEqual([
      { is_locked: 0 },
    ]);
  });

  test('if several migrators start at once, one migrates, and the others find nothing to do', async () => {
    const applied = await Promise.all([1, 2, 3].map(() => migrateUp(database.url)));
    expect(applied.toSorted((a, b) => a.length - b.length)).toEqual([[], [], names]);
    expect(await recorded()).toEqual(names);
  });

  test('a migrator that fails releases the lock', async () => {
    const error = new Error('an error of the work');
    await expect(withMigrationLock(database.url, () => Promise.reject(error))).rejects.toBe(error);
    // Blocks a table that a migration creates.
    await query(database.url, 'create schema tasklane; create table tasklane.tasks ()');
    await expect(migrateUp(database.url)).rejects.toMatchObject({ code: '42P07' });
    await query(database.url, 'drop table tasklane.tasks');
    await migrateUp(database.url);
    expect(await recorded()).toEqual(names);
  });

  describe('the service', () => {
    async function problem(): Promise<string | null> {
      const service = openDatabase(database.url, { max: 1 });
      try {
        return await service.problem();
      } finally {
        await service.close();
      }
    }

    test('is not ready before the last migration, and names what is missing', async () => {
      expect(await problem()).toBe(`Migrations are missing: ${names.join(', ')}.`);
      await migrateUp(database.url);
      expect(await problem()).toBeNull();
      await migrateDown(database.url);
      expect(await problem()).toBe(`Migrations are missing: ${names.at(-1)}.`);
    });

    test('is ready on a database that a later version has migrated', async () => {
      await migrateUp(database.url);
      const later = '29991231235959_later';
      await query(
        database.url,
        'insert into tasklane.migrations (name, batch, migration_time) values ($1, 2, now())',
        [later],
      );
      expect(await problem()).toBeNull();
      const connection = knex({ client: 'pg', connection: database.url });
      expect(await migrationStatus(connection)).toEqual({
        applied: [...names, later],
        pending: [],
        unknown: [later],
      });
      await connection.destroy();
    });
  });
});

describe('the database rejects what the contract rejects', () => {
  let migrated: TestDatabase;
  beforeAll(async () => {
    migrated = await createTestDatabase();
    await query(
      migrated.url,
      `select make_lane(name) from unnest('{ada,bob,carol,eve}'::text[]) as name;
       delete from tasklane.profiles where lane_id in (lane_of('bob'), lane_of('eve'))`,
    );
  });
  afterAll(() => migrated.drop());

  function insert(table: string, row: Record<string, unknown>): Promise<unknown> {
    const columns = Object.keys(row);
    return query(
      migrated.url,
      `insert into tasklane.${table} (${columns.join(', ')}) values (${columns.map((_, n) => `$${n + 1}`).join(', ')})`,
      Object.values(row),
    );
  }

  /** The name of the constraint that refuses an insert. */
  const violated = (refused: Promise<unknown>): Promise<string | undefined> =>
    refused.then(() => undefined, violatedConstraint);

  // The registry counts from 1.
  const [ada, bob, carol, eve] = [1, 2, 3, 4];

  const task = (fields: object) => ({ lane_id: ada, id: randomUUID(), title: 'A task', ...fields });
  const change = (fields: object) => ({
    ...{ lane_id: ada, seq: 1, type: 'task', entity_id: randomUUID(), action: 'created', fields: '{}' },
    ...fields,
  });

  test.each([
    ['the shortest title', { title: 'a' }],
    ['the longest title', { title: 'x'.repeat(200) }],
    ['the longest title of astral characters', { title: '😀'.repeat(200) }],
    ['white space within a title', { title: 'a \u00a0 b' }],
    ['no description', { description: null }],
    ['an empty description', { description: '' }],
    ['control characters in a description', { description: '\t\r\n\u0001\u0085' }],
    ['the longest description', { description: '😀'.repeat(10_000) }],
    ['a completed task', { status: 'completed', completed_at: new Date() }],
  ])('and accepts %s', async (_what, fields) => {
    await expect(insert('tasks', task(fields))).resolves.toEqual([]);
  });

  test.each([
    ['an empty title', { title: '' }, 'tasks_title_length'],
    ['a title of 201 characters', { title: 'x'.repeat(201) }, 'tasks_title_length'],
    ['a title of 201 astral characters', { title: '😀'.repeat(201) }, 'tasks_title_length'],
    ['a title of spaces', { title: '  ' }, 'tasks_title_trimmed'],
    ['a space before a title', { title: ' a' }, 'tasks_title_trimmed'],
    ['a space after a title', { title: 'a ' }, 'tasks_title_trimmed'],
    ['U+0001 in a title', { title: 'a\u0001b' }, 'tasks_title_controls'],
    ['a tab in a title', { title: 'a\tb' }, 'tasks_title_controls'],
    ['a line break in a title', { title: 'a\nb' }, 'tasks_title_controls'],
    ['U+001F in a title', { title: '\u001f' }, 'tasks_title_controls'],
    ['U+007F in a title', { title: 'a\u007f' }, 'tasks_title_controls'],
    ['U+0080 in a title', { title: 'a\u0080' }, 'tasks_title_controls'],
    ['U+009F in a title', { title: 'a\u009f' }, 'tasks_title_controls'],
    ['a description of 10,001 characters', { description: 'x'.repeat(10_001) }, 'tasks_description_length'],
    ['a completed task without completed_at', { status: 'completed' }, 'tasks_completed_at'],
    ['completed_at for a task that is not completed', { completed_at: new Date() }, 'tasks_completed_at'],
    ['version 0', { version: 0 }, 'tasks_version_check'],
    ['a task without a lane', { lane_id: 1_000 }, 'tasks_lane_id_fkey'],
  ])('%s', async (_what, fields, constraint) => {
    expect(await violated(insert('tasks', task(fields)))).toBe(constraint);
  });

  test.each([
    ['an unknown status', { status: 'done' }, '23514'],
    ['an unknown priority', { priority: 'asap' }, '23514'],
    ['an id that is not a UUID', { id: 'x' }, '22P02'],
    ['NUL', { title: 'a\0b' }, '22021'],
  ])('%s', async (_what, fields, code) => {
    await expect(insert('tasks', task(fields))).rejects.toMatchObject({ code });
  });

  test.each(['lane_id', 'id', 'title', 'status', 'priority', 'version', 'created_at', 'updated_at'])(
    'no %s',
    async (column) => {
      await expect(insert('tasks', task({ [column]: null }))).rejects.toMatchObject({
        code: '23502',
        message: expect.stringContaining(`in column "${column}"`),
      });
    },
  );

  test('the same id twice in a lane', async () => {
    const row = task({});
    await insert('tasks', row);
    expect(await violated(insert('tasks', row))).toBe('tasks_pkey');
    await insert('profiles', { lane_id: bob });
    await expect(insert('tasks', { ...row, lane_id: bob })).resolves.toEqual([]);
  });

  test.each([
    ['a profile without a lane', { lane_id: 1_000 }, 'profiles_lane'],
    ['a negative counter', { lane_id: eve, change_seq: -1 }, 'profiles_change_seq_check'],
    ['a second profile of a lane', { lane_id: ada }, 'profiles_pkey'],
    ['an unknown start of the week', { lane_id: eve, week_start: 'friday' }, 'profiles_week_start_check'],
    ['an empty time zone', { lane_id: eve, time_zone: '' }, 'profiles_time_zone_check'],
    ['changed settings without updated_at', { lane_id: eve, version: 2 }, 'profiles_updated_at'],
  ])('%s', async (_what, row, constraint) => {
    expect(await violated(insert('profiles', row))).toBe(constraint);
  });

  test.each([
    ['an empty user id', { user_id: '' }, 'lanes_user_id_check'],
    ['a user id of 256 characters', { user_id: 'x'.repeat(256) }, 'lanes_user_id_check'],
    ['a second lane of a user', { user_id: 'ada' }, 'lanes_user_id_key'],
    ['a lane of an unknown kind of owner', { user_id: 'dave', owner_kind: 'team' }, 'lanes_owner_kind_check'],
  ])('%s', async (_what, row, constraint) => {
    expect(await violated(insert('lanes', row))).toBe(constraint);
  });

  test.each([
    ['a change without a lane', { lane_id: 1_000 }, 'changes_lane_id_fkey'],
    ['a change with the number 0', { seq: 0 }, 'changes_seq_check'],
    ['a change of an unknown type', { type: 'nonsense' }, 'changes_type_check'],
    ['an unknown action', { action: 'nonsense' }, 'changes_action_check'],
    ['a change of a task without the id of the task', { entity_id: null }, 'changes_entity_id_check'],
    ['a change of the profile with an id', { type: 'profile' }, 'changes_entity_id_check'],
  ])('%s', async (_what, fields, constraint) => {
    expect(await violated(insert('changes', change(fields)))).toBe(constraint);
  });

  test('a change with a number that is in use', async () => {
    await insert('changes', change({ seq: 7 }));
    expect(await violated(insert('changes', change({ seq: 7 })))).toBe('changes_pkey');
  });

  test('a row of an erased lane', async () => {
    await insert('tasks', task({ lane_id: carol }));
    await insert('changes', change({ lane_id: carol }));
    await query(migrated.url, "delete from tasklane.lanes where user_id = 'carol'");
    expect(
      await query(
        migrated.url,
        `select lane_id from tasklane.profiles where lane_id = $1
         union all select lane_id from tasklane.tasks where lane_id = $1
         union all select lane_id from tasklane.changes where lane_id = $1`,
        [carol],
      ),
    ).toEqual([]);
  });
});

/** The service behind PgBouncer in transaction mode, where transactions of different users share connections. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import pino from 'pino';
import { createDatabase } from '../../../src/platform/database/database';
import { migrationNames } from '../../../src/platform/database/migrations';
import { createLogger } from '../../../src/platform/observability/logger';
import { type Service, startService } from '../../../src/start';
import { query } from '../../support/database';
import { readEvents, seqsOf } from '../../support/event-reader';
import { keepsPreparedStatements, openPooler, type Pooler, poolerVersion } from '../../support/pooler';
import { documentedSql, type RoleSetUp, setUpRoles } from '../../support/roles';
import { testConfig } from '../../support/service';
import { until } from '../../support/until';
import { makeUser, type TestUser } from '../../support/user';

const version = poolerVersion();
const servers = 2;
const userCount = 20;
const roundsPerUser = 5;

// Jest shows no message for a skipped test.
const title = version
  ? `PgBouncer ${version.join('.')}`
  : 'PgBouncer, which is not installed (apt-get install pgbouncer), so this is skipped';

(version ? describe : describe.skip)(title, () => {
  let setUp: RoleSetUp;
  let pooler: Pooler;
  let service: Service;
  const failures: unknown[] = [];

  beforeAll(async () => {
    setUp = await setUpRoles(documentedSql('A database administrator makes the roles'));
    pooler = await openPooler(setUp.urlOf('service'), servers);
    const config = testConfig({
      DATABASE_URL: pooler.url,
      DATABASE_DIRECT_URL: setUp.urlOf('owner'),
      DATABASE_APP_ROLE: `${setUp.name}_app`,
      DATABASE_SYSTEM_ROLE: `${setUp.name}_system`,
      DATABASE_PREPARED_STATEMENTS: String(keepsPreparedStatements(version as [number, number])),
      MIGRATE_ON_START: 'true',
    });
    const destination = { write: (line: string) => void failures.push(JSON.parse(line)) };
    service = await startService(config, createLogger({ level: 'error', pretty: false, destination }));
    await service.ready;
  });
  afterAll(async () => {
    await service?.stop();
    await pooler?.close();
    await setUp?.drop();
  });

  test('does not affect migrations, which use the direct connection', async () => {
    const rows = await query<{ name: string }>(
      setUp.urlOf('owner'),
      'select name from tasklane.migrations order by id',
    );
    expect(rows.map((row) => row.name)).toEqual(migrationNames());
  });

  /** The requests of one user; each response may only have that user's data. */
  async function use(user: TestUser, shared: string): Promise<void> {
    const mine = (body: { user_id: string; title: string }) => {
      expect(body.user_id).toBe(user.id);
      expect(body.title).toContain(user.id);
    };
    // The same id in every lane: rows differ only by their user.
    const first = await user.send('POST', '/tasks', { body: { id: shared, title: `${user.id} shared` } });
    expect(first.status).toBe(201);
    mine(first.body);
    for (let round = 1; round <= roundsPerUser; round++) {
      const made = await user.send('POST', '/tasks', { body: { title: `${user.id} ${round}` } });
      expect(made.status).toBe(201);
      const body = { title: `${user.id} shared, ${round}` };
      const changed = await user.send('PATCH', `/tasks/${shared}`, {
        body,
        headers: { 'Content-Type': 'application/merge-patch+json' },
      });
      expect(changed.body).toMatchObject(body);
      const [list, one, taken, gone] = await Promise.all([
        user.send('GET', '/tasks?include_total=true'),
        user.send('GET', `/tasks/${shared}`),
        user.send('POST', '/tasks', { body: { id: shared, title: `${user.id} again` } }),
        user.send('GET', `/tasks/${randomUUID()}`),
      ]);
      expect(list.body.total).toBe(round + 1);
      expect(list.body.items).toHaveLength(round + 1);
      list.body.items.forEach(mine);
      expect(one.body.title).toBe(body.title);
      mine(one.body);
      expect([taken.status, gone.status]).toEqual([409, 404]);
    }
  }

  test(`keeps ${userCount} users apart on ${servers} connections`, async () => {
    const shared = randomUUID();
    const users = await Promise.all(Array.from({ length: userCount }, () => makeUser(service.url)));
    await Promise.all(users.map((user) => use(user, shared)));
    const [row] = await query(
      setUp.adminUrl,
      `select (select count(*)::int from tasklane.profiles) as lanes,
         (select count(*)::int from tasklane.tasks join tasklane.lanes on lanes.id = lane_id where starts_with(title, user_id)) as tasks,
         (select count(*)::int from pg_stat_activity where datname = $1 and usename = $2) as connections`,
      [setUp.name, `${setUp.name}_service`],
    );
    expect(row).toEqual({ lanes: userCount, tasks: userCount * (roundsPerUser + 1), connections: servers });
    expect(failures).toEqual([]);
  });

  test('lets jobs work across users, separately from the requests of users', async () => {
    const options = { url: pooler.url, max: 4, acquireTimeoutMs: 10_000, statementTimeoutMs: 10_000 };
    const roles = { appRole: `${setUp.name}_app`, systemRole: `${setUp.name}_system` };
    const prepared = keepsPreparedStatements(version as [number, number]);
    const database = createDatabase(
      { ...options, ...roles, preparedStatements: prepared },
      pino({ level: 'silent' }),
    );
    try {
      const lanes = () =>
        database.withSystem.read(async (system) => {
          const ids: string[] = await system.rows('profiles').select('lane_id').pluck('lane_id');
          return [...(await system.lanes(ids)).values()];
        });
      const found = await lanes();
      expect(found).toHaveLength(userCount);
      const rounds = await Promise.all(
        found.map(async (key) => {
          const { userId } = key;
          const title = `${userId} by a job`;
          const made = database
            .laneForJob(key)
            .write((lane) => lane.insert('tasks', { id: randomUUID(), title }).returning('lane_id'));
          const [all, seen, rows] = await Promise.all([
            lanes(),
            database.withUser(userId).read(async (lane) => lane.rows('profiles').clear('where')),
            made,
          ]);
          return [all.length, seen.map((row) => row.lane_id), rows];
        }),
      );
      expect(rounds).toEqual(found.map(({ id }) => [userCount, [id], [{ lane_id: id }]]));
    } finally {
      await database.close();
    }
  });

  const isOld = !keepsPreparedStatements(version ?? [0, 0]);
  (isOld ? test : test.skip)(
    'loses prepared statements, which the service recognises and does without',
    async () => {
      const options = { url: pooler.url, max: 8, acquireTimeoutMs: 10_000, statementTimeoutMs: 10_000 };
      const roles = { appRole: `${setUp.name}_app`, systemRole: `${setUp.name}_system` };
      const lines: { msg: string }[] = [];
      const database = createDatabase(
        { ...options, ...roles, preparedStatements: true },
        pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
      );
      try {
        const userIds = Array.from({ length: 10 }, () => randomUUID());
        for (let round = 1; round <= 3; round++) {
          await Promise.all(
            userIds.map(async (userId) => {
              const lane = database.withUser(userId);
              await lane.write((each) => each.insert('tasks', { id: randomUUID(), title: userId }));
              const rows = await lane.read((each) =>
                each.template('all', {}, (own) => own.rows('tasks').orderBy('id')),
              );
              expect(rows.map(({ title }) => title)).toEqual(Array(round).fill(userId));
            }),
          );
        }
        const told = lines.filter(({ msg }) => msg.includes('DATABASE_PREPARED_STATEMENTS=false'));
        expect(told).toHaveLength(1);
        await Promise.all(
          userIds.map((userId) => database.withUser(userId).write(async (lane) => lane.erase())),
        );
      } finally {
        await database.close();
      }
    },
  );

  (isOld ? test.skip : test)('keeps a connection whose statements were skipped after an error', async () => {
    const options = { url: pooler.url, max: 1, acquireTimeoutMs: 10_000, statementTimeoutMs: 10_000 };
    const roles = { appRole: `${setUp.name}_app`, systemRole: `${setUp.name}_system` };
    const database = createDatabase(
      { ...options, ...roles, preparedStatements: true },
      pino({ level: 'silent' }),
    );
    try {
      const lane = database.withUser(randomUUID());
      const read = (divisor: number) =>
        lane.read((each) =>
          Promise.all([
            each.rows('tasks').whereRaw('1 / ?::int = 1', [divisor]),
            each.template('skipped', {}, (own) => own.rows('tasks').orderBy('id')),
          ]),
        );
      await expect(read(0)).rejects.toMatchObject({ code: '22012' });
      expect(await read(1)).toEqual([[], []]);
    } finally {
      await database.close();
    }
  });

  test('lets event streams send the changes of this and other instances', async () => {
    const user = await makeUser(service.url);
    const reader = await readEvents(`${service.url}${user.lane}/events`, { token: user.token });
    try {
      await user.send('POST', '/tasks', { body: { title: 'By this instance' } });
      await until(() => reader.events.length === 1);
      await query(
        setUp.adminUrl,
        `with lane as (
           update tasklane.profiles set change_seq = change_seq + 1 where lane_id = (select id from tasklane.lanes where user_id = $1) returning lane_id, change_seq
         )
         insert into tasklane.changes (lane_id, seq, type, entity_id, action, fields)
         select lane_id, change_seq, 'task', gen_random_uuid(), 'deleted', '{}' from lane`,
        [user.id],
      );
      await until(() => reader.events.length === 2);
      expect(seqsOf(reader)).toEqual([1, 2]);
    } finally {
      reader.close();
    }
  });

  test('gets connections back with the role of the login and without a user', async () => {
    const clients = Array.from({ length: servers }, () => new Client({ connectionString: pooler.url }));
    try {
      for (const client of clients) await client.connect();
      // Overlapping transactions need one connection each.
      for (const client of clients) await client.query('begin');
      for (const client of clients) {
        const { rows } = await client.query(
          `select pg_backend_pid() as pid, current_user as role, concat(current_setting('app.user_id', true), current_setting('app.lane_id', true)) as lane`,
        );
        expect(rows).toEqual([{ pid: expect.any(Number), role: `${setUp.name}_service`, lane: '' }]);
      }
    } finally {
      for (const client of clients) await client.end();
    }
  });
});

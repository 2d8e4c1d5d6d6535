/** Tests the pool with a database that is read-only for a while, at its connection limit, or too slow. */
import { countTasks } from '../../../src/features/tasks/repository';
import { insertTask } from '../../../src/features/tasks/write';
import type { Database } from '../../../src/platform/database/database';
import { isUnavailable } from '../../../src/platform/database/errors';
import { migrateUp } from '../../../src/platform/database/migrations';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { readMetrics, samplesOf } from '../../support/metrics';
import { openDatabase } from '../../support/open-database';
import { openProxy } from '../../support/proxy';
import { documentedSql, setUpRoles } from '../../support/roles';
import { useTestService } from '../../support/service';
import { newTask } from '../../support/tasks';
import { until } from '../../support/until';
import { makeUser } from '../../support/user';

const oneTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1);

/** Sends several sleeps, each below the statement timeout. */
async function sleepInRow(
  lane: {
    rows(table: 'profiles'): { select(sql: unknown): PromiseLike<unknown> };
    expression(sql: string): unknown;
  },
  count: number,
): Promise<void> {
  for (const _ of oneTo(count)) await lane.rows('profiles').select(lane.expression('pg_sleep(0.1)'));
}

describe('a database that becomes read-only', () => {
  const service = useTestService({ METRICS_PORT: '0' });
  const isReady = async () => samplesOf(await readMetrics(service.metricsUrl)).get('tasklane_ready');
  const messages = () => service.logged.map(({ msg }) => msg);

  /** Simulates a failover: connections end, and new connections are read-only or writable. */
  async function setReadOnly(readOnly: boolean, endsConnections: boolean): Promise<void> {
    const { name, url } = service.database;
    await query(url, `alter database ${name} set default_transaction_read_only = ${readOnly}`);
    if (endsConnections) {
      await query(
        url,
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'tasklane'`,
      );
    }
  }

  test('answers reads, rejects writes, reports it, and works again by itself', async () => {
    const user = await makeUser(service.url);
    const write = () => user.send('POST', '/tasks', { body: { title: 'A task' } });
    const ready = () => user.send('GET', '/tasks').then(() => fetch(`${service.url}/readyz`));
    expect((await write()).status).toBe(201);
    expect((await ready()).status).toBe(200);
    expect(await isReady()).toBe(1);

    await setReadOnly(true, true);
    const refused = await until(async () => {
      const response = await write();
      return response.status === 503 && (await ready()).status === 503 && response;
    });
    expect(refused.body.code).toBe('service-unavailable');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    const { detail } = (await (await ready()).json()) as { detail: string };
    expect(detail).toMatch(/read-only/);
    expect(await isReady()).toBe(0);
    expect(service.logged.find(({ msg }) => msg === 'not ready')).toMatchObject({
      level: 40,
      problem: detail,
    });
    // Several connections, all opened while the database is read-only.
    const reads = await Promise.all(oneTo(4).map(() => user.send('GET', '/tasks')));
    expect(reads.map(({ status }) => status)).toEqual([200, 200, 200, 200]);

    await setReadOnly(false, false);
    const writes = await Promise.all(oneTo(4).map(write));
    expect(writes.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect((await ready()).status).toBe(200);
    expect(await isReady()).toBe(1);
    expect(messages()).toContain('ready again');
    // The results of health checks are logged, and not each check.
    expect(service.logged.filter(({ operation }) => operation === 'getReadiness')).toEqual([]);
  });
});

describe('connections', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  const pidOf = async (opened: Database) =>
    (await opened.lookUp('select pg_backend_pid() as pid', [])).rows[0]?.pid;

  test('are replaced after their lifetime', async () => {
    const opened = openDatabase(database.url, { connectionLifetimeMs: 100 });
    try {
      const first = await pidOf(opened);
      await until(async () => (await pidOf(opened)) !== first);
    } finally {
      await opened.close();
    }
  });

  test('are replaced at the first write if they are read-only, and the write succeeds', async () => {
    const opened = openDatabase(database.url, { max: 1 });
    try {
      const pid = await pidOf(opened);
      await opened.lookUp('set session characteristics as transaction read only', []);
      const made = await opened.withUser('ada').write((lane) => insertTask(lane, newTask()));
      expect(made).toBeDefined();
      expect(await pidOf(opened)).not.toBe(pid);
    } finally {
      await opened.close();
    }
  });

  test.each(['25006', '57P01', '57P05', '08006', '25P03', '25P04'])(
    'are not reused after %s',
    async (code) => {
      const opened = openDatabase(database.url, { max: 1 });
      try {
        const pid = await pidOf(opened);
        const raise = `do $$ begin raise sqlstate '${code}'; end $$`;
        await expect(opened.lookUp(raise, [])).rejects.toMatchObject({ code });
        expect(await pidOf(opened)).not.toBe(pid);
      } finally {
        await opened.close();
      }
    },
  );

  test('are reused after an error of a statement', async () => {
    const opened = openDatabase(database.url, { max: 1 });
    try {
      const pid = await pidOf(opened);
      await expect(opened.lookUp('select 1 / 0', [])).rejects.toMatchObject({ code: '22012' });
      expect(await pidOf(opened)).toBe(pid);
    } finally {
      await opened.close();
    }
  });
});

describe('a transaction that takes too long', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  test.each<[string, (lane: Parameters<typeof sleepInRow>[0]) => Promise<unknown>]>([
    ['a transaction with many statements', (lane) => sleepInRow(lane, 100)],
    ['a transaction that stays idle', () => new Promise(() => undefined)],
  ])('%s is aborted and rolled back', async (_what, work) => {
    const opened = openDatabase(database.url, { max: 1, transactionTimeoutMs: 400 });
    try {
      const ada = opened.withUser('ada');
      const began = performance.now();
      const writing = ada.write(async (lane) => {
        await insertTask(lane, newTask());
        await work(lane as never);
      });
      const error = await writing.catch((reason) => reason);
      expect(isUnavailable(error)).toBe(true);
      expect(performance.now() - began).toBeLessThan(5_000);
      expect(await ada.read((lane) => countTasks(lane, {}))).toBe(0);
    } finally {
      await opened.close();
    }
  });

  test('is aborted by the service if the network is silent', async () => {
    const proxy = await openProxy(database.url);
    const opened = openDatabase(proxy.url, { max: 1, transactionTimeoutMs: 400 });
    try {
      const ada = opened.withUser('ada');
      await ada.write((lane) => insertTask(lane, newTask()));
      proxy.silence();
      const began = performance.now();
      const error = await ada.write((lane) => insertTask(lane, newTask())).catch((reason) => reason);
      expect(error.constructor.name).toBe('TransactionTimeout');
      expect(performance.now() - began).toBeLessThan(5_000);
      expect(await ada.write((lane) => insertTask(lane, newTask()))).toBeDefined();
    } finally {
      await opened.close();
      await proxy.close();
    }
  });
});

test('requests wait for a connection if the role cannot open more', async () => {
  const setUp = await setUpRoles(documentedSql('A database administrator makes the roles'));
  const roles = { appRole: `${setUp.name}_app`, systemRole: `${setUp.name}_system` };
  try {
    await migrateUp(setUp.urlOf('owner'), { ...roles, serviceUrl: setUp.urlOf('service') });
    await query(setUp.adminUrl, `alter role ${setUp.name}_service connection limit 2`);
    const opened = openDatabase(setUp.urlOf('service'), roles);
    try {
      const users = oneTo(12).map((n) => opened.withUser(`user-${n}`));
      await Promise.all(
        users.map((user) =>
          user.write(async (lane) => {
            await insertTask(lane, newTask());
            await sleepInRow(lane as never, 1);
          }),
        ),
      );
      const counts = await Promise.all(users.map((user) => user.read((lane) => countTasks(lane, {}))));
      expect(counts).toEqual(users.map(() => 1));
    } finally {
      await opened.close();
    }
  } finally {
    await setUp.drop();
  }
});

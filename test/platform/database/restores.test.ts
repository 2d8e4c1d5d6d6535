/** Tests that restored, copied or promoted databases are recognised, and the steps of docs/operations.md for a restore. */
import { execFileSync } from 'node:child_process';
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/platform/database/embedded/server';
import {
  createRestoreWatch,
  findRestore,
  isRenewing,
  recordInstallation,
  renewLanes,
} from '../../../src/platform/database/installation';
import { migrateUp } from '../../../src/platform/database/migrations';
import type { WithSystem } from '../../../src/platform/database/system';
import { createLogger } from '../../../src/platform/observability/logger';
import { type Service, startService } from '../../../src/start';
import { send } from '../../support/api';
import {
  closeDatabase,
  createDatabase,
  createTestDatabase,
  dropDatabase,
  query,
  type TestDatabase,
} from '../../support/database';
import { readEvents } from '../../support/event-reader';
import { openDatabase } from '../../support/open-database';
import { makeDataDir, removeDataDir, runScript } from '../../support/process';
import { testConfig } from '../../support/service';
import { until } from '../../support/until';
import { makeUser, type TestUser } from '../../support/user';

const quiet = createLogger({ level: 'silent', pretty: false });

function serve(url: string): Promise<Service> {
  return startService(testConfig({ DATABASE_URL: url, EVENTS_POLL_MS: '20' }), quiet);
}

async function readiness(service: Service): Promise<{ status: number; detail: string | undefined }> {
  const { status, body } = await send(service.url, 'GET', '/readyz');
  return { status, detail: body.detail };
}

const ready = { status: 200, detail: undefined };
const unready = (how: RegExp) => ({ status: 503, detail: expect.stringMatching(how) });

async function runRestored(url: string): Promise<string> {
  const { ended, output } = runScript('src/commands/restored.ts', [], {
    NODE_ENV: 'production',
    DATABASE_URL: url,
  });
  expect(await ended).toEqual({ code: 0, signal: null });
  return output.stdout;
}

async function addTasks(user: TestUser, base: string, count: number): Promise<void> {
  for (let made = 0; made < count; made++) {
    const { token, lane } = user;
    const { status } = await send(base, 'POST', `${lane}/tasks`, { token, body: { title: 'A task' } });
    expect(status).toBe(201);
  }
}

/** Reads all changes of a lane, from a sync token if one is given. */
async function sync(
  user: TestUser,
  base: string,
  from?: string,
): Promise<{ status: number; changes: number; token: string }> {
  let token = from;
  for (let changes = 0; ; ) {
    const path = `${user.lane}/sync${token === undefined ? '' : `?token=${token}`}`;
    const { status, body } = await send(base, 'GET', path, { token: user.token });
    if (status !== 200) return { status, changes, token: token as string };
    changes += body.changes.length;
    token = body.next_token as string;
    if (!body.has_more) return { status, changes, token };
  }
}

describe('a comparison of the stored record with the server', () => {
  const present = {
    systemIdentifier: '1',
    databaseOid: '2',
    tableOid: '3',
    neonTimeline: null,
    recoveryTarget: '',
    timeline: 1,
  };
  const recorded = { ...present, seenFor: 30, behind: false };

  test.each([
    ['no difference', {}, {}],
    ['a missing record', { ...recorded, seenFor: null, systemIdentifier: '9' }, {}],
    ['a service that did not run for a day', { seenFor: 86_400 }, {}],
    ['a failover', {}, { timeline: 2 }],
    ['a failover of ten minutes', { seenFor: 599 }, { timeline: 2 }],
    ['a login that cannot identify the server', {}, { systemIdentifier: null, timeline: null }],
    ['a server that came from Neon’s storage', { neonTimeline: 'a' }, {}],
    [
      'a known recovery',
      { recoveryTarget: 'recovery_target_time = x' },
      { recoveryTarget: 'recovery_target_time = x', timeline: 2 },
    ],
    ['a removed recovery target', { recoveryTarget: 'recovery_target_time = x' }, {}],
  ])('%s is not a restore', (_what, before, after) => {
    expect(findRestore({ ...recorded, ...before }, { ...present, ...after })).toBeNull();
  });

  test.each([
    ['another cluster, as after pg_restore', {}, { systemIdentifier: '9' }, /another server/],
    ['another database of the cluster', {}, { databaseOid: '9' }, /another database/],
    ['tables that pg_restore created again', {}, { tableOid: '9' }, /created again/],
    ['another branch of Neon', { neonTimeline: 'a' }, { neonTimeline: 'b' }, /branch/],
    [
      'a recovery to a point in time',
      {},
      { recoveryTarget: 'recovery_target_time = x', timeline: 2 },
      /recovered to a recovery target/,
    ],
    ['a promotion long after the record', { seenFor: 7_200 }, { timeline: 2 }, /promoted.* 120 minutes/],
    ['a server that went back', { behind: true }, {}, /earlier state/],
  ])('%s is a restore', (_what, before, after, how) => {
    expect(findRestore({ ...recorded, ...before }, { ...present, ...after })).toMatch(how);
  });
});

describe('a database that is copied within its cluster', () => {
  let original: TestDatabase;
  let copy: string;
  let url: string;
  beforeEach(async () => {
    original = await createTestDatabase();
    copy = `${original.name}_copy`;
  });
  afterEach(async () => {
    await dropDatabase(copy);
    await original.drop();
  });

  /** Copies the original, which must have no other connections; returns the URL. */
  async function copyDatabase(): Promise<string> {
    await closeDatabase(original.name);
    return createDatabase(copy, original.name);
  }

  test('is not ready, which the doctor reports, until its lanes are renewed', async () => {
    const first = await serve(original.url);
    expect(await readiness(first)).toEqual(ready);
    await first.runJob('record-installation');
    expect(await readiness(first)).toEqual(ready);
    await first.stop();
    url = await copyDatabase();
    const service = await serve(url);
    try {
      expect(await readiness(service)).toEqual(
        unready(/another database than before\. Run tasklane restored/),
      );
      // The job does not change the record of the installation.
      await service.runJob('record-installation');
      expect(await readiness(service)).toEqual(unready(/another database than before/));
      const doctor = runScript('src/commands/doctor.ts', [], { DATABASE_URL: url });
      expect(await doctor.ended).toMatchObject({ code: 1 });
      expect(doctor.output.stdout).toMatch(/^!! {2}The database was restored or copied/m);

      expect(await runRestored(url)).toBe('All lanes are renewed; this run renewed 0.\n');
      expect(await readiness(service)).toEqual(ready);
      await service.runJob('record-installation');
      expect(await readiness(service)).toEqual(ready);
    } finally {
      await service.stop();
    }
  });

  const epochs = () =>
    query<{ epoch: string }>(original.url, 'select epoch from tasklane.profiles order by lane_id');

  test('a run that was stopped continues; on a restored database it begins again', async () => {
    await query(original.url, `select make_lane('user-' || n) from generate_series(1, 2500) as n`);
    const database = openDatabase(original.url);
    const { withSystem } = database;
    const breaking = (after: number) =>
      renewLanes(withSystem, (lanes) => {
        if (lanes === after) throw new Error('killed');
      });
    try {
      const before = await epochs();
      await expect(breaking(1_000)).rejects.toThrow('killed');
      expect(await isRenewing(withSystem)).toBe(true);
      const doctor = runScript('src/commands/doctor.ts', [], { DATABASE_URL: original.url });
      expect(await doctor.ended).toMatchObject({ code: 1 });
      expect(doctor.output.stdout).toMatch(/^!! {2}The renewal of the lanes has not finished/m);

      expect(await renewLanes(withSystem)).toBe(1_500);
      expect(await isRenewing(withSystem)).toBe(false);
      const after = await epochs();
      expect(new Set([...before, ...after].map(({ epoch }) => epoch)).size).toBe(5_000);

      await expect(breaking(2_000)).rejects.toThrow('killed');
      await query(original.url, `update tasklane.installation set renewing_on = 'another run of the server'`);
      expect(await renewLanes(withSystem)).toBe(2_500);
      // Two runs at once share the work or repeat it.
      await Promise.all([renewLanes(withSystem), renewLanes(withSystem)]);
      expect(await isRenewing(withSystem)).toBe(false);
    } finally {
      await database.close();
    }
  });
});

describe("a copy of a server's files", () => {
  let dataDir: string;
  let postgres: EmbeddedPostgres;
  const home = () => join(dataDir, 'postgres');
  const backup = () => join(dataDir, 'backup');
  const copyFiles = (from: string, to: string) => execFileSync('cp', ['-a', from, to]);
  const start = async () => {
    postgres = await startEmbeddedPostgres({ dataDir });
    return postgres.url;
  };
  beforeEach(async () => {
    dataDir = await makeDataDir();
    await migrateUp(await start());
  });
  afterEach(async () => {
    await postgres.stop();
    await removeDataDir(dataDir);
  });

  /** Restores the server from its backup, with these settings. */
  async function restore(settings = '', signal?: string): Promise<string> {
    await postgres.stop();
    await rm(home(), { recursive: true });
    copyFiles(backup(), home());
    const data = join(home(), 'cluster', 'data');
    await appendFile(join(data, 'postgresql.auto.conf'), settings);
    if (signal) await writeFile(join(data, signal), '', { mode: 0o644 });
    return start();
  }

  /** Stops the server and copies its files as the backup. */
  async function backUp(): Promise<string> {
    await postgres.stop();
    copyFiles(home(), backup());
    return start();
  }

  async function recordedOn(url: string): Promise<void> {
    const database = openDatabase(url);
    await recordInstallation(database.withSystem);
    await database.close();
  }

  async function problemOf(url: string): Promise<string | null> {
    const database = openDatabase(url);
    try {
      return await database.problem();
    } finally {
      await database.close();
    }
  }

  test('tokens and streams from after the backup start over', async () => {
    let service = await serve(postgres.url);
    const user = await makeUser(service.url);
    await addTasks(user, service.url, 2);
    await service.stop();

    service = await serve(await backUp());
    await addTasks(user, service.url, 2);
    const copy = await sync(user, service.url);
    expect(copy).toMatchObject({ status: 200, changes: expect.any(Number) });
    const stream = await readEvents(`${service.url}${user.lane}/events`, { token: user.token });
    await addTasks(user, service.url, 1);
    await until(() => stream.events.length > 0);
    const lastEventId = stream.lastId();
    stream.close();
    const later = await sync(user, service.url);
    await service.stop();

    const url = await restore();
    service = await serve(url);
    try {
      await addTasks(user, service.url, 6);
      // Without `tasklane restored`, the copy misses new changes that reuse its sequence numbers.
      expect(await sync(user, service.url, later.token)).toMatchObject({ status: 200, changes: 3 });

      await migrateUp(url);
      expect(await runRestored(url)).toBe('All lanes are renewed; this run renewed 1.\n');
      for (const { token } of [copy, later]) {
        expect(await sync(user, service.url, token)).toMatchObject({ status: 410 });
      }
      const again = await readEvents(`${service.url}${user.lane}/events`, {
        token: user.token,
        lastEventId,
      });
      await until(() => again.events.some((each) => each.event === 'reset'));
      again.close();
      const whole = await sync(user, service.url);
      await addTasks(user, service.url, 1);
      expect(await sync(user, service.url, whole.token)).toMatchObject({ status: 200, changes: 1 });
      expect(await readiness(service)).toEqual(ready);
    } finally {
      await service.stop();
    }
  });

  test('a running process notices that its server was reset', async () => {
    await recordedOn(postgres.url);
    const before = await backUp();
    await query(before, `create table public.filler as select generate_series(1, 10000) as n`);
    let database = openDatabase(before);
    const withSystem: WithSystem = {
      read: (work) => database.withSystem.read(work),
      write: (work) => database.withSystem.write(work),
    };
    const look = createRestoreWatch(withSystem);
    expect(await look()).toBeNull();
    await database.close();
    const url = await restore();
    database = openDatabase(url);
    try {
      expect(await look()).toMatch(/at an earlier state than the service has seen/);
      expect(await look()).toMatch(/earlier state/);
      expect(await problemOf(url)).toMatch(/earlier state/);
      await renewLanes(withSystem);
      expect(await look()).toBeNull();
    } finally {
      await database.close();
    }
  });

  /** The timeline of a server, once its recovery has ended. */
  async function timelineOf(url: string): Promise<number> {
    await until(async () => {
      const [row] = await query<{ over: boolean }>(url, 'select not pg_is_in_recovery() as over');
      return row?.over;
    });
    const [row] = await query<{ timeline: number }>(
      url,
      `select ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int as timeline`,
    );
    return row?.timeline as number;
  }

  test('a promotion counts as a failover if the service has just seen the server', async () => {
    await recordedOn(postgres.url);
    await backUp();
    // There is no archive, so recovery ends with the write-ahead log in the backup's files.
    const url = await restore(`restore_command = 'false'\n`, 'recovery.signal');
    expect(await timelineOf(url)).toBe(2);
    expect(await problemOf(url)).toBeNull();
    await query(url, `update tasklane.installation set seen_at = now() - interval '1 hour'`);
    expect(await problemOf(url)).toMatch(/was promoted, and the service last saw it 60 minutes before/);
  });

  test('a recovery to a target counts as one restore', async () => {
    await recordedOn(postgres.url);
    const archive = join(dataDir, 'archive');
    const original = await backUp();
    await query(original, `select pg_create_restore_point('here')`);
    await query(original, 'create table public.filler as select 1 as n');
    await postgres.stop();
    copyFiles(join(home(), 'cluster', 'data', 'pg_wal'), archive);
    const url = await restore(
      `restore_command = 'cp "${archive}/%f" "%p"'
       recovery_target_name = 'here'
       recovery_target_action = 'promote'\n`,
      'recovery.signal',
    );
    expect(await timelineOf(url)).toBe(2);
    expect(await query(url, `select to_regclass('public.filler') as filler`)).toEqual([{ filler: null }]);
    expect(await problemOf(url)).toMatch(/recovered to a recovery target/);
    await runRestored(url);
    expect(await problemOf(url)).toBeNull();
  });
});

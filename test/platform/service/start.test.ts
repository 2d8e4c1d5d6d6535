/** Tests a start without a usable database: the service answers health checks, logs the cause, and retries. */
import { freePort } from '../../../src/platform/database/embedded/server';
import { migrateUp } from '../../../src/platform/database/migrations';
import { send } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import {
  logOf,
  makeDataDir,
  removeDataDir,
  runScript,
  type ServiceProcess,
  startProcess,
} from '../../support/process';
import { openProxy } from '../../support/proxy';
import { testSecret, tokenOf } from '../../support/service';
import { until } from '../../support/until';

jest.setTimeout(60_000);

let database: TestDatabase;
let dataDir: string;
let service: ServiceProcess;
beforeEach(async () => {
  dataDir = await makeDataDir();
});
afterEach(async () => {
  service.child.kill('SIGKILL');
  await service.ended;
  await removeDataDir(dataDir);
  await database.drop();
});

/** Starts a service, waits until it listens, and returns its address. */
async function listen(configuration: Record<string, string>): Promise<string> {
  service = startProcess({
    BETTER_AUTH_SECRET: testSecret,
    DATA_DIR: dataDir,
    // On a busy machine, an attempt to connect can take longer than a second.
    DATABASE_ACQUIRE_TIMEOUT_MS: '5000',
    ...configuration,
  });
  return until(() => logOf(service).find(({ msg }) => msg === 'listening')?.url as string, 20_000);
}

const said = (msg: string) => logOf(service).filter((line) => line.msg === msg);

async function expectNotReady(url: string, problem: string): Promise<void> {
  await until(() => said('not ready').length >= 2);
  expect(new Set(said('not ready').map((line) => line.problem))).toEqual(new Set([problem]));
  expect(await send(url, 'GET', '/livez')).toMatchObject({ status: 200 });
  expect(await send(url, 'GET', '/readyz')).toMatchObject({ status: 503, body: { detail: problem } });
  const token = await tokenOf('ada');
  expect((await send(url, 'POST', '/api/ada/tasks', { token, body: { title: 'Early' } })).status).toBe(503);
  expect(said('serving')).toEqual([]);
  expect(service.output.stdout).not.toContain('Tasklane serves');
}

async function expectServing(url: string): Promise<void> {
  await until(() => said('serving').length > 0, 30_000);
  expect(await send(url, 'GET', '/readyz')).toMatchObject({ status: 200 });
  const token = await tokenOf('ada');
  expect((await send(url, 'POST', '/api/ada/tasks', { token, body: { title: 'Now' } })).status).toBe(201);
}

test.each([false, true])('the service waits for its database, migrating: %s', async (migrates) => {
  database = await createTestDatabase({ empty: migrates });
  const through = new URL(database.url);
  through.host = `127.0.0.1:${await freePort()}`;
  const url = await listen({ DATABASE_URL: through.href, MIGRATE_ON_START: String(migrates) });
  await expectNotReady(
    url,
    'The database is unavailable: nothing accepts connections at its address and port.',
  );
  const proxy = await openProxy(database.url, undefined, Number(through.port));
  await expectServing(url);
  await proxy.close();
});

test.each([
  [
    'a wrong password',
    (url: URL) => {
      url.password = 'not-the-password';
    },
    'it refuses the password',
  ],
  [
    'a database that does not exist',
    (url: URL) => {
      url.pathname = '/nowhere';
    },
    'the database does not exist',
  ],
  [
    'a host that DNS does not know',
    (url: URL) => {
      url.hostname = 'nowhere.invalid';
    },
    /DNS does not (know its host name|answer)/,
  ],
  [
    'TLS without support by the server',
    (url: URL) => {
      url.search = '?sslmode=require';
    },
    'it does not offer TLS, which sslmode requires',
  ],
])('%s is logged as the cause', async (_what, change, why) => {
  database = await createTestDatabase();
  const url = new URL(database.url);
  change(url);
  await listen({ DATABASE_URL: url.href });
  const [line] = await until(() => {
    const lines = said('not ready');
    return lines.length > 0 && lines;
  });
  expect(line?.problem).toMatch(why);
  expect(said('serving')).toEqual([]);
  expect(service.output.stdout + service.output.stderr).not.toMatch(/not-the-password|nowhere/);
});

test('the service waits for missing migrations, and names them', async () => {
  database = await createTestDatabase({ empty: true });
  const url = await listen({ DATABASE_URL: database.url });
  await until(() => said('not ready').length >= 1);
  expect(said('not ready')[0]?.problem).toMatch(/^Migrations are missing: /);
  const token = await tokenOf('ada');
  expect((await send(url, 'GET', '/api/ada/tasks', { token })).status).toBe(503);
  await migrateUp(database.url);
  await expectServing(url);
});

test('a signal ends a service that waits for its database', async () => {
  database = await createTestDatabase();
  const url = new URL(database.url);
  url.port = String(await freePort());
  await listen({ DATABASE_URL: url.href, MIGRATE_ON_START: 'true' });
  await until(() => said('not ready').length >= 1);
  service.child.kill('SIGTERM');
  expect(await service.ended).toEqual({ code: 0, signal: null });
});

test.each([
  {
    script: 'src/commands/doctor.ts',
    args: [],
    output: {
      stdout:
        '!!  The database is unavailable: it refuses the password.\n' +
        '    Start the database, or correct DATABASE_URL: its host, login and TLS parameters.\n',
      stderr: '',
    },
  },
  {
    script: 'src/commands/migrate.ts',
    args: ['status'],
    output: { stdout: '', stderr: 'The database is unavailable: it refuses the password.\n' },
  },
])('$script prints the cause too', async ({ script, args, output }) => {
  database = await createTestDatabase();
  const url = new URL(database.url);
  url.password = 'not-the-password';
  service = runScript(script, args, {
    DATABASE_URL: url.href,
    BETTER_AUTH_SECRET: testSecret,
    DATA_DIR: dataDir,
  });
  expect(await service.ended).toEqual({ code: 1, signal: null });
  expect(service.output).toEqual(output);
});

/** Tests the service as a process: its start, signals, and a kill. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { send } from '../../support/api';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { holdLane, waitingForLocks } from '../../support/held-lane';
import {
  logOf,
  makeDataDir,
  postmasterOf,
  removeDataDir,
  runScript,
  type ServiceProcess,
  startProcess,
} from '../../support/process';
import { testSecret, tokenOf } from '../../support/service';
import { until } from '../../support/until';

jest.setTimeout(30_000);

const running: ServiceProcess[] = [];
const dataDirs: string[] = [];

afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  }
  for (const directory of dataDirs.splice(0)) await removeDataDir(directory);
});

async function newDataDir(): Promise<string> {
  const directory = await makeDataDir();
  dataDirs.push(directory);
  return directory;
}

function start(configuration: Record<string, string>) {
  const started = startProcess(configuration);
  running.push(started);
  return started;
}

/** The exit of a process, and the milliseconds until then. */
async function endOf(started: ServiceProcess): Promise<{ code: number | null; took: number }> {
  const began = performance.now();
  const { code, signal } = await started.ended;
  expect(signal).toBeNull();
  return { code, took: performance.now() - began };
}

describe('with nothing configured', () => {
  test('serves within ten seconds, and prints a first request and how to get tokens', async () => {
    const dataDir = await newDataDir();
    const began = performance.now();
    const service = start({ DATA_DIR: dataDir });
    const url = await service.url;
    expect((await send(url, 'GET', '/readyz')).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(10_000);

    const { stdout } = service.output;
    const documentation = /^Documentation: (\S+)$/m.exec(stdout)?.[1] as string;
    expect(documentation.startsWith(`${url}/`)).toBe(true);
    expect((await fetch(documentation)).status).toBe(200);

    const line = stdout.split('\n').find((each) => each.trim().startsWith('curl ')) as string;
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(
      ([, quoted, bare]) => quoted ?? (bare as string),
    );
    const valuesOf = (option: string) => words.flatMap((word, n) => (words[n - 1] === option ? [word] : []));
    const headers = Object.fromEntries(
      valuesOf('-H').map((header) => header.split(': ') as [string, string]),
    );
    const [body] = valuesOf('-d');
    const target = words.at(-1) as string;
    const made = await send(url, 'POST', target.slice(url.length), { headers, body });
    expect(made).toMatchObject({ status: 201, body: { user_id: 'ada' } });

    const printed = runScript(
      'src/commands/token.ts',
      ['grace', '--lifetime', '60', '--email', 'g@example.com', '--name', 'Grace'],
      { DATA_DIR: dataDir },
    );
    expect(await printed.ended).toEqual({ code: 0, signal: null });
    expect(printed.output).toEqual({
      stdout: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/),
      stderr: '',
    });
    const token = printed.output.stdout.trim();
    expect((await send(url, 'POST', '/api/grace/tasks', { token, body: { title: 'Mine' } })).status).toBe(
      201,
    );
    expect((await send(url, 'GET', '/api/ada/tasks', { token })).status).toBe(403);
    const claims = decodeJwt(token);
    expect(claims).toMatchObject({ sub: 'grace', email: 'g@example.com', name: 'Grace' });
    expect((claims.exp as number) - (claims.iat as number)).toBe(60);

    // Only the owner can read the secret, and the log has no token.
    expect(statSync(join(dataDir, 'development-secret')).mode & 0o077).toBe(0);
    expect(JSON.stringify(logOf(service))).not.toContain('eyJ');

    service.child.kill('SIGTERM');
    expect(await endOf(service)).toMatchObject({ code: 0 });
    expect(postmasterOf(dataDir)).toBeUndefined();
    expect(service.output.stderr).toBe('');
  });

  test('leaves no Postgres running if it is stopped during the start', async () => {
    const dataDir = await newDataDir();
    const service = start({ DATA_DIR: dataDir });
    await until(() => postmasterOf(dataDir), 20_000);
    service.child.kill('SIGTERM');
    expect(await endOf(service)).toMatchObject({ code: 0 });
    expect(postmasterOf(dataDir)).toBeUndefined();
  });

  test('keeps acknowledged writes when it is killed and started again', async () => {
    const dataDir = await newDataDir();
    const killed = start({ DATA_DIR: dataDir, BETTER_AUTH_SECRET: testSecret });
    const token = await tokenOf('ada');
    const url = await killed.url;
    const acknowledged: string[] = [];
    const clients = Array.from({ length: 4 }, async () => {
      for (;;) {
        const response = await send(url, 'POST', '/api/ada/tasks', { token, body: { title: 'A task' } });
        expect(response.status).toBe(201);
        acknowledged.push(response.body.id);
      }
    });
    const outcomes = Promise.allSettled(clients);
    await until(() => acknowledged.length >= 20);
    killed.child.kill('SIGKILL');
    await killed.ended;
    await outcomes;

    const again = start({ DATA_DIR: dataDir, BETTER_AUTH_SECRET: testSecret });
    const { body } = await send(await again.url, 'GET', '/api/ada/tasks?limit=200', { token });
    const found = body.items.map((task: { id: string }) => task.id);
    expect(acknowledged.filter((id) => !found.includes(id))).toEqual([]);
    expect(found.length - acknowledged.length).toBeLessThanOrEqual(clients.length);

    again.child.kill('SIGINT');
    expect(await endOf(again)).toMatchObject({ code: 0 });
    expect(postmasterOf(dataDir)).toBeUndefined();
  });
});

describe('a signal', () => {
  let database: TestDatabase;
  let dataDir: string;
  let token: string;
  beforeEach(async () => {
    database = await createTestDatabase();
    dataDir = await newDataDir();
    token = await tokenOf('ada');
  });
  afterEach(() => database.drop());

  function serve(configuration: Record<string, string> = {}) {
    return start({
      DATABASE_URL: database.url,
      BETTER_AUTH_SECRET: testSecret,
      RATE_LIMIT: 'off',
      DATA_DIR: dataDir,
      ...configuration,
    });
  }

  interface Attempt {
    id: string;
    requestId: string;
    status?: number;
    error?: string;
  }

  /** Creates a task through `agent`; resolves to the client's result. */
  function attempt(url: string, agent: Agent): Promise<Attempt> {
    const id = randomUUID();
    const requestId = randomUUID();
    return new Promise((resolve) => {
      const sending = httpRequest(
        `${url}/api/ada/tasks`,
        {
          agent,
          method: 'POST',
          headers: {
            Authorization: `Bearer ${token}`,
            'Content-Type': 'application/json',
            'X-Request-Id': requestId,
          },
        },
        (response) => {
          response.on('error', (error: NodeJS.ErrnoException) =>
            resolve({ id, requestId, error: `body ${error.code}` }),
          );
          response.on('end', () => resolve({ id, requestId, status: response.statusCode as number }));
          response.resume();
        },
      );
      sending.on('error', (error: NodeJS.ErrnoException) =>
        resolve({ id, requestId, error: error.code ?? error.message }),
      );
      sending.end(JSON.stringify({ id, title: 'A task' }));
    });
  }

  /** Whether nothing listens at this address any more. */
  async function refuses(host: string, port: number): Promise<boolean> {
    const socket = connect(port, host);
    const refused = await once(socket, 'connect').then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
    );
    socket.destroy();
    return refused;
  }

  test.each([true, false])('loses no request under load, keep-alive: %s', async (keepAlive) => {
    const service = serve();
    const url = await service.url;
    const agent = new Agent({ keepAlive, maxSockets: 20 });
    const attempts: Attempt[] = [];
    const clients = Array.from({ length: 20 }, async () => {
      for (;;) {
        const seen = await attempt(url, agent);
        attempts.push(seen);
        if (seen.error === 'ECONNREFUSED') return;
      }
    });
    await until(() => attempts.length >= 100);
    service.child.kill('SIGTERM');
    const end = await endOf(service);
    await Promise.all(clients);
    agent.destroy();

    expect(end.code).toBe(0);
    expect(end.took).toBeLessThan(5_000);
    const rows = await query<{ id: string }>(database.url, 'select id from tasklane.tasks');
    const acknowledged = attempts.filter((each) => each.status !== undefined);
    expect(new Set(acknowledged.map((each) => each.status))).toEqual(new Set([201]));
    expect(rows.map((row) => row.id).toSorted()).toEqual(acknowledged.map((each) => each.id).toSorted());
    // A connection can be closed before the service reads its next request, but not after.
    const received = new Set(logOf(service).map((line) => line.request_id));
    const lost = attempts.filter((each) => each.status === undefined);
    expect(lost.filter((each) => received.has(each.requestId))).toEqual([]);
    expect(lost.filter((each) => !['ECONNREFUSED', 'ECONNRESET'].includes(each.error ?? ''))).toEqual([]);
    expect(logOf(service).filter((line) => line.aborted)).toEqual([]);
  });

  test('makes the process not ready, and open requests finish', async () => {
    const held = await holdLane(database.url, 'ada');
    const service = serve();
    const url = await service.url;
    const { hostname, port } = new URL(url);
    const slow = send(url, 'POST', '/api/ada/tasks', { token, body: { title: 'Slow' } });
    await until(async () => (await waitingForLocks(database.url)) === 1);

    const socket = connect(Number(port), hostname);
    let received = '';
    socket.setEncoding('utf8').on('data', (text) => {
      received += text;
    });
    // The service has the beginning of the second request when it answers the first.
    socket.write(
      `GET /livez HTTP/1.1\r\nHost: ${hostname}\r\n\r\nGET /readyz HTTP/1.1\r\nHost: ${hostname}\r\n`,
    );
    await until(() => received.includes('{"status":"alive"}'));
    service.child.kill('SIGTERM');
    await until(() => logOf(service).some((line) => line.msg === 'stopping'));
    socket.write('\r\n');
    await until(() => received.includes('The service is shutting down.'));
    // With `Connection: close` the client loses no request.
    expect(received).toMatch(/HTTP\/1\.1 503 .*\r\nConnection: close\r\n/s);
    await until(() => refuses(hostname, Number(port)));

    await held.release();
    expect(await slow).toMatchObject({ status: 201 });
    const end = await endOf(service);
    expect(end.code).toBe(0);
    expect(end.took).toBeLessThan(1_000);
  });

  test('ends the process at the deadline at the latest', async () => {
    const held = await holdLane(database.url, 'ada');
    const service = serve({ SHUTDOWN_TIMEOUT_MS: '300', DATABASE_STATEMENT_TIMEOUT_MS: '30000' });
    const url = await service.url;
    const cut = send(url, 'POST', '/api/ada/tasks', { token, body: { title: 'Too slow' } });
    const outcome = expect(cut).rejects.toThrow();
    await until(async () => (await waitingForLocks(database.url)) === 1);
    service.child.kill('SIGTERM');
    const end = await endOf(service);
    await outcome;
    await held.release();
    expect(end.took).toBeLessThan(3_000);
    expect(end.code).toBe(0);
  });

  test('is ignored if it is repeated immediately, and ends the process at once if it is repeated later', async () => {
    const held = await holdLane(database.url, 'ada');
    const service = serve();
    const url = await service.url;
    const cut = send(url, 'POST', '/api/ada/tasks', { token, body: { title: 'Slow' } });
    const outcome = expect(cut).rejects.toThrow();
    await until(async () => (await waitingForLocks(database.url)) === 1);
    service.child.kill('SIGINT');
    service.child.kill('SIGTERM');
    await until(() => logOf(service).some((line) => line.msg === 'stopping'));
    // Longer than the time in which a repeated signal is ignored.
    await sleep(350);
    expect(service.child.exitCode).toBeNull();
    service.child.kill('SIGINT');
    const end = await endOf(service);
    await outcome;
    await held.release();
    expect(end.code).toBe(1);
    expect(end.took).toBeLessThan(1_000);
  });
});

test('the development token is not printed if another source of tokens is configured', async () => {
  const database = await createTestDatabase();
  const service = start({
    DATABASE_URL: database.url,
    DATA_DIR: await newDataDir(),
    BETTER_AUTH_URL: 'http://127.0.0.1:9',
    // As in a frontend's .env, which has both.
    BETTER_AUTH_SECRET: testSecret,
  });
  await service.url;
  expect(service.output.stdout).toContain('Documentation: ');
  expect(service.output.stdout).not.toContain('curl');
  service.child.kill('SIGTERM');
  expect(await endOf(service)).toMatchObject({ code: 0 });
  await database.drop();
});

describe('an invalid configuration', () => {
  async function refusal(configuration: Record<string, string>): Promise<string[]> {
    const refused = start(configuration);
    expect(await refused.ended).toEqual({ code: 1, signal: null });
    expect(refused.output.stdout).toBe('');
    return refused.output.stderr.trimEnd().split('\n');
  }

  test('for production without any variable names everything that is missing', async () => {
    const dataDir = join(await newDataDir(), 'data');
    const lines = await refusal({ NODE_ENV: 'production', DATA_DIR: dataDir });
    expect(lines).toEqual([
      'The configuration is invalid:',
      expect.stringMatching(/^ {2}- .*BETTER_AUTH_URL.*BETTER_AUTH_SECRET/),
      '  - DATABASE_URL must be set in production.',
    ]);
    expect(existsSync(dataDir)).toBe(false);
  });

  test('is reported with all its errors at once', async () => {
    const lines = await refusal({
      DATA_DIR: await newDataDir(),
      PORT: 'http',
      DATABASE_URL: 'mysql://localhost/tasks',
      LOG_LEVEL: 'loud',
      BETTER_AUTH_SECRET: 'short',
      CORS_ORIGINS: 'https://app.example.com/',
    });
    const [, ...errors] = lines.map((line) => line.replace(/^ {2}- (\w+).*$/, '$1'));
    expect(errors.toSorted()).toEqual([
      'BETTER_AUTH_SECRET',
      'CORS_ORIGINS',
      'DATABASE_URL',
      'LOG_LEVEL',
      'PORT',
    ]);
  });
});

/** The embedded Postgres ends unexpectedly: it restarts with all acknowledged writes, or the service ends. */
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import pino from 'pino';
import { identify, isRunning } from '../../../src/platform/database/embedded/processes';
import { startEmbeddedPostgres } from '../../../src/platform/database/embedded/server';
import { watchEmbedded } from '../../../src/platform/database/embedded/watch';
import { logOf, makeDataDir, postmasterOf, removeDataDir, startProcess } from '../../support/process';
import { testSecret } from '../../support/service';
import { until } from '../../support/until';
import { makeUser, type TestUser } from '../../support/user';

jest.setTimeout(90_000);

let dataDir: string;
let service: ReturnType<typeof startProcess>;

const url = async () => {
  const { port, password } = await connection();
  return `postgres://tasklane:${password}@127.0.0.1:${port}/tasklane?sslmode=disable`;
};

async function connection(): Promise<{ port: number; password: string }> {
  const home = join(dataDir, 'postgres', 'cluster');
  const lines = (await readFile(join(home, 'data', 'postmaster.pid'), 'utf8')).split('\n');
  return { port: Number(lines[3]), password: await readFile(join(home, 'password'), 'utf8') };
}

async function connect(): Promise<Client> {
  const client = new Client(await url());
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Kills the postmaster, and returns its identity. */
async function killPostmaster(): Promise<string> {
  const identity = identify(postmasterOf(dataDir) ?? 0) as string;
  process.kill(Number.parseInt(identity, 10), 'SIGKILL');
  await until(() => !isRunning(identity));
  return identity;
}

const logged = (message: string) => logOf(service).filter(({ msg }) => msg === message);

beforeEach(async () => {
  dataDir = await makeDataDir();
});
afterEach(() => removeDataDir(dataDir));

describe('a service with the embedded Postgres', () => {
  let user: TestUser;
  const acknowledged: string[] = [];

  beforeEach(async () => {
    service = startProcess({ DATA_DIR: dataDir, BETTER_AUTH_SECRET: testSecret, RATE_LIMIT: 'off' });
    user = await makeUser(await service.url);
    acknowledged.length = 0;
    await write();
  });
  afterEach(async () => {
    if (service.child.exitCode === null && service.child.signalCode === null) service.child.kill('SIGKILL');
    await service.ended;
  });

  /** Creates tasks until one is acknowledged again. */
  async function write(): Promise<void> {
    await until(async () => {
      const { status, body } = await user.send('POST', '/tasks', { body: { title: 'Kept' } });
      if (status === 201) acknowledged.push(body.id);
      else expect(status).toBe(503);
      return status === 201;
    }, 30_000);
  }

  async function expectKept(): Promise<void> {
    const { status, body } = await user.send('GET', '/tasks?limit=200');
    expect(status).toBe(200);
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual(expect.arrayContaining(acknowledged));
  }

  test('serves again each time its postmaster is killed, without losing acknowledged writes', async () => {
    const { port } = await connection();
    for (let time = 1; time <= 3; time++) {
      const killed = await killPostmaster();
      await write();
      await write();
      await expectKept();
      expect(isRunning(killed)).toBe(false);
      expect((await connection()).port).toBe(port);
      // It is logged a moment after the server answers.
      await until(() => logged('embedded Postgres started again').length === time);
    }
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual({ code: 0, signal: null });
    expect(postmasterOf(dataDir)).toBeUndefined();
  });

  test('serves again after one of its backends is killed, without a new postmaster', async () => {
    const postmaster = postmasterOf(dataDir);
    const client = await connect();
    const { rows } = await client.query('select pg_backend_pid() as pid');
    let ended = false;
    client.once('end', () => {
      ended = true;
    });
    process.kill(rows[0].pid, 'SIGKILL');
    await until(() => ended);
    await write();
    await expectKept();
    expect(postmasterOf(dataDir)).toBe(postmaster);
    expect(logged('embedded Postgres ended')).toEqual([]);
  });

  test('waits for a backend that outlives its postmaster and keeps its shared memory', async () => {
    const client = await connect();
    const [{ pid }] = (await client.query('select pg_backend_pid() as pid')).rows;
    const backend = identify(pid) as string;
    // It is busy, and notices the end of its postmaster only when it writes its result.
    const work = client
      .query('select count(*) from generate_series(1, 20000000) as n')
      .catch(() => undefined);
    await until(async () => {
      const other = await connect();
      const { rows } = await other.query('select state from pg_stat_activity where pid = $1', [pid]);
      await other.end();
      return rows[0]?.state === 'active';
    });
    await killPostmaster();
    await write();
    expect(isRunning(backend)).toBe(false);
    await work;
    await expectKept();
  });

  test('stops on request while its Postgres cannot start', async () => {
    const client = await connect();
    const [{ pid }] = (await client.query('select pg_backend_pid() as pid')).rows;
    const backend = identify(pid) as string;
    // A stopped backend keeps its postmaster's shared memory.
    process.kill(pid, 'SIGSTOP');
    await killPostmaster();
    await until(() => logged('embedded Postgres ended').length > 0);
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual({ code: 0, signal: null });
    expect(isRunning(backend)).toBe(true);
    process.kill(pid, 'SIGKILL');
    await until(() => !isRunning(backend));
  });

  test('ends if its Postgres does not start again', async () => {
    const pid = postmasterOf(dataDir) as number;
    const cluster = join(dataDir, 'postgres', 'cluster');
    await rename(join(cluster, 'data'), join(cluster, 'gone'));
    process.kill(pid, 'SIGKILL');
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(logged('embedded Postgres did not start again').length).toBe(5);
    expect(service.output.stderr).toContain('ended too many times in a row');
  });
});

test('a server that ends again and again is not restarted, unless it ran for a long time in between', async () => {
  const first = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' } });
  let starts = 0;
  const givenUp: Error[] = [];
  const watched = (steadyMs: number, server = first) =>
    watchEmbedded(server, {
      log: pino({ level: 'silent' }),
      lookMs: 5,
      pausesMs: [0, 0],
      steadyMs,
      restart: async (signal) => {
        const again = await startEmbeddedPostgres({ dataDir, port: first.port, signal });
        starts++;
        return again;
      },
      onFailed: (error) => givenUp.push(error),
    });
  const steady = watched(0);
  for (let time = 1; time <= 3; time++) {
    await killPostmaster();
    await until(() => starts === time);
  }
  await steady.stop();
  expect(givenUp).toEqual([]);

  const again = await startEmbeddedPostgres({ dataDir, port: first.port });
  const shaky = watched(60_000, again);
  for (let time = 4; time <= 5; time++) {
    await killPostmaster();
    await until(() => starts === time);
  }
  await killPostmaster();
  await until(() => givenUp.length > 0);
  expect(givenUp).toEqual([expect.objectContaining({ message: expect.stringContaining('too many times') })]);
  await shaky.stop();
});

test('a deleted database is not replaced by an empty one', async () => {
  const first = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' } });
  await first.stop();
  await rename(join(dataDir, 'postgres', 'cluster'), join(dataDir, 'postgres', 'moved'));
  await expect(startEmbeddedPostgres({ dataDir, port: first.port })).rejects.toThrow(
    /cluster no longer exists/,
  );
});

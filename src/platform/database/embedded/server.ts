import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  chown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { databaseUser, openHome, openNative, type User } from './installation';
import { commandLine, identify, isRunning, poll, withLock } from './processes';

const START_TIMEOUT = 60_000;
const STOP_TIMEOUT = 10_000;
/** The pause between attempts to start while another process must end first. Each attempt starts a postgres process. */
const ATTEMPT_PAUSE = 100;
const LOG_LIMIT = 10 * 1024 * 1024;

/** A running embedded server. `stop` does nothing if the server belongs to another running process. */
export interface EmbeddedPostgres {
  /** postgres://tasklane:<password>@127.0.0.1:<port>/tasklane?sslmode=disable */
  url: string;
  port: number;
  dataDirectory: string;
  owned: boolean;
  /** The identity of the server's process, from `identify`. */
  postmaster: string;
  stop(): Promise<void>;
}

interface Cluster {
  data: string;
  password: string;
}

interface Postmaster {
  /** The identity of the process, from `identify`. */
  identity: string;
  port: number;
}

// This process' own environment is not passed on: it contains secrets, and Postgres reads LANG, LC_*, TZ and PG*.
const environment = {
  PATH: process.env.PATH,
  SystemRoot: process.env.SystemRoot,
  TEMP: process.env.TEMP,
  LC_ALL: 'C',
  TZ: 'UTC',
};

/**
 * Removes the files of a killed initdb. If that fails, the initdb may still be writing, and the next start removes
 * them.
 */
async function removeUnfinished(home: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 10, retryDelay: 20 };
  for (const name of await readdir(home)) {
    if (name.startsWith('cluster.')) await rm(path.join(home, name), options).catch(() => {});
  }
}

async function createCluster(home: string, user: User | undefined, onSpawn: () => void): Promise<void> {
  const native = await openNative(home, user);
  // Created under another name and renamed when complete, so that a killed initdb leaves no incomplete cluster.
  const unfinished = await mkdtemp(path.join(home, 'cluster.'));
  const passwordFile = path.join(unfinished, 'password');
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (user) {
    await chown(passwordFile, user.uid, user.gid);
    await chown(unfinished, user.uid, user.gid);
  }
  const options = [
    `--pgdata=${path.join(unfinished, 'data')}`,
    '--username=tasklane',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-sync',
    '--no-instructions',
  ];
  const initdb = path.join(native, 'bin', 'initdb');
  try {
    const created = promisify(execFile)(initdb, options, { cwd: unfinished, env: environment, ...user });
    onSpawn();
    await created;
  } catch (cause) {
    const { code, stderr, message } = cause as Error & { code?: unknown; stderr?: string };
    // The file itself exists: ENOENT means that its program loader is missing.
    const reason =
      code === 'ENOENT' ? `${initdb} requires glibc, which Alpine does not have` : stderr?.trim();
    throw new Error(reason || message, { cause });
  }
  await rename(unfinished, path.join(home, 'cluster'));
}

/**
 * The cluster's running postmaster, from postmaster.pid (fields: src/include/utils/pidfile.h); undefined if none
 * runs.
 */
async function readPostmaster(data: string): Promise<(Postmaster & { ready: boolean }) | undefined> {
  const text = await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  const identity = identify(pid);
  // Another process may have the pid now.
  if (!identity || commandLine(pid)?.includes(` -D ${data} `) === false) return undefined;
  return { identity, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/**
 * Whether the cluster's server accepts connections on the port. Creates the database if it is missing.
 * @throws Error if the server refuses the password
 */
async function acceptsConnections({ port }: Postmaster, { data, password }: Cluster): Promise<boolean> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: 'tasklane',
    password,
    database: 'postgres',
    ssl: false,
    connectionTimeoutMillis: 5_000,
  });
  // If the server ends in the meantime, the query rejects. Without a listener, this process would end too.
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ data: string; made: boolean }>(
      `select current_setting('data_directory') as data,
              exists (select from pg_database where datname = 'tasklane') as made`,
    );
    const [server] = rows;
    if (!server || path.resolve(server.data) !== data) return false;
    if (!server.made) await client.query('create database tasklane');
    return true;
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('28')) throw error;
    return false;
  } finally {
    await client.end();
  }
}

/**
 * Waits until the cluster's running postmaster accepts connections; null if none runs.
 * @throws Error if it does not accept connections and does not end in time
 */
async function findPostmaster(cluster: Cluster): Promise<Postmaster | null> {
  const found = await poll(async () => {
    const postmaster = await readPostmaster(cluster.data);
    if (!postmaster) {
      // Postgres refuses to start if any process has the pid in this file, even an unrelated process or a zombie.
      await rm(path.join(cluster.data, 'postmaster.pid'), { force: true });
      return null;
    }
    return postmaster.ready && (await acceptsConnections(postmaster, cluster)) ? postmaster : undefined;
  }, START_TIMEOUT);
  if (found !== undefined) return found;
  const pid = Number.parseInt((await readPostmaster(cluster.data))?.identity ?? '', 10);
  throw new Error(`its server, process ${pid}, does not accept connections and does not end`);
}

/** A free port, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

/** The options of a start. */
interface Start {
  settings: Record<string, string>;
  /** Undefined: a free port. */
  port: number | undefined;
  signal: AbortSignal | undefined;
  onSpawn: () => void;
}

/** Failures that another attempt can avoid: another process took the port, or a killed server has not ended yet. */
const RETRYABLE = ['could not bind', 'postmaster.pid" already exists', 'is still in use'];
const OTHER_VERSION =
  /initialized by PostgreSQL version ([^\s,]{1,40}), which is not compatible with this version (\S{0,40}[^\s.])/;

function describeExit(log: string, output: string): Error {
  const [, theirs, ours] = OTHER_VERSION.exec(output) ?? [];
  if (!theirs) return new Error(`postgres ended; ${log} says: ${output.slice(-2_000).trim()}`);
  const directory = path.join(path.dirname(log), 'cluster');
  return new Error(
    `${directory} was created by PostgreSQL ${theirs}, and this is PostgreSQL ${ours}: save the data with pg_dump and the ` +
      'release of Tasklane that created it, or move the directory away to start with an empty database',
  );
}

/**
 * Starts a postmaster on the cluster and waits until it accepts connections; undefined if another attempt can
 * succeed.
 * @throws Error with the log if it ends; Error if it is not ready in time
 */
async function launch(
  home: string,
  cluster: Cluster,
  user: User | undefined,
  { settings, port, signal: abort, onSpawn }: Start,
): Promise<Postmaster | undefined> {
  const native = await openNative(home, user);
  // The default search path begins with "$user". The login has the same name as the service's schema, so other tables
  // would be created there.
  const options = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    search_path: 'public',
    // After a checkpoint, the log gets a copy of each page that changes; compressed, it has a third of the size.
    wal_compression: 'on',
    ...settings,
  };
  const args = ['-D', cluster.data, '-p', String(port ?? (await freePort()))];
  for (const [name, value] of Object.entries(options)) args.push('-c', `${name}=${value}`);

  const logFile = path.join(home, 'postgres.log');
  const { size } = await stat(logFile).catch(() => ({ size: 0 }));
  if (size > LOG_LIMIT) await rename(logFile, `${logFile}.1`);
  const log = await open(logFile, 'a+', 0o600);
  try {
    const { size: start } = await log.stat();
    const child = spawn(path.join(native, 'bin', 'postgres'), args, {
      cwd: cluster.data,
      env: environment,
      stdio: ['ignore', log.fd, log.fd],
      // A session of its own, so that Ctrl-C reaches only this process. It stops the server after its requests have
      // ended.
      detached: true,
      windowsHide: true,
      ...user,
    });
    child.unref();
    onSpawn();
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
    });
    const started = await poll(async () => {
      if (failure) throw failure;
      if (child.exitCode !== null || child.signalCode !== null) return null;
      if (abort?.aborted) {
        const identity = identify(child.pid ?? 0);
        if (identity) await stopPostmaster({ identity });
        abort.throwIfAborted();
      }
      const postmaster = await readPostmaster(cluster.data);
      if (!postmaster?.ready || postmaster.identity !== identify(child.pid ?? 0)) return undefined;
      return (await acceptsConnections(postmaster, cluster)) ? postmaster : undefined;
    }, START_TIMEOUT);
    if (started) return started;
    if (started === undefined) throw new Error(`postgres is not ready yet and keeps running, see ${logFile}`);
    const output = (await readFile(logFile)).subarray(start).toString();
    if (RETRYABLE.some((text) => output.includes(text))) return undefined;
    throw describeExit(logFile, output);
  } finally {
    await log.close();
  }
}

async function signal(
  postmaster: Pick<Postmaster, 'identity'>,
  name: 'SIGINT' | 'SIGQUIT' | 'SIGKILL',
): Promise<void> {
  const pid = Number.parseInt(postmaster.identity, 10);
  if (process.platform === 'win32') {
    const pgCtl = path.join(await openNative('', undefined), 'bin', 'pg_ctl');
    await promisify(execFile)(pgCtl, ['kill', name.slice(3), String(pid)]);
    return;
  }
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Tries a fast shutdown, an immediate shutdown, and then SIGKILL, each if the previous one did not end the server in
 * time.
 */
async function stopPostmaster(postmaster: Pick<Postmaster, 'identity'>): Promise<void> {
  for (const name of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!isRunning(postmaster.identity)) return;
    await signal(postmaster, name);
    if (await poll(async () => !isRunning(postmaster.identity) || undefined, STOP_TIMEOUT)) return;
  }
  throw new Error(`the embedded Postgres, process ${Number.parseInt(postmaster.identity, 10)}, does not end`);
}

async function openServer(dataDir: string, user: User | undefined, start: Start): Promise<EmbeddedPostgres> {
  const home = await openHome(dataDir, user);
  const directory = path.join(home, 'cluster');
  await removeUnfinished(home);
  if (!existsSync(directory)) {
    // A lost cluster must not be replaced by an empty database.
    if (start.port !== undefined) throw new Error(`${directory} no longer exists`);
    await createCluster(home, user, start.onSpawn);
  }
  const password = await readFile(path.join(directory, 'password'), 'utf8');
  const cluster = { data: path.join(directory, 'data'), password };

  // The file names the process that owns the postmaster. It distinguishes an orphaned server from a server in use.
  const ownerFile = path.join(home, 'owner');
  const hasOwner = async (postmaster: Postmaster): Promise<boolean> => {
    const [owner, owned] = (await readFile(ownerFile, 'utf8').catch(() => '')).split(' ');
    return owned === postmaster.identity && owner !== undefined && isRunning(owner);
  };
  const server = await poll(async () => {
    start.signal?.throwIfAborted();
    const running = await findPostmaster(cluster);
    if (running) return { postmaster: running, owned: !(await hasOwner(running)) };
    const postmaster = await launch(home, cluster, user, start);
    if (postmaster) return { postmaster, owned: true };
    await sleep(ATTEMPT_PAUSE);
    return undefined;
  }, START_TIMEOUT);
  if (!server) throw new Error(`postgres does not start, see ${path.join(home, 'postgres.log')}`);
  const { postmaster, owned } = server;
  if (owned) await writeFile(ownerFile, `${identify(process.pid)} ${postmaster.identity}`);

  return {
    url: `postgres://tasklane:${password}@127.0.0.1:${postmaster.port}/tasklane?sslmode=disable`,
    port: postmaster.port,
    dataDirectory: cluster.data,
    owned,
    postmaster: postmaster.identity,
    stop: async () => {
      if (owned) await stopPostmaster(postmaster);
    },
  };
}

/**
 * Returns a running Postgres server for the cluster in `dataDir`, which is created if it is missing. It attaches to
 * the server of another running process, takes over a server whose owner has ended, or starts one on a free port of
 * 127.0.0.1. The server keeps running after this process unless `stop` is called, and does not keep this process
 * alive.
 *
 * All files are in `<dataDir>/postgres`: `cluster/data`, `cluster/password`, `postgres.log`, `owner`. For root this
 * can be a link into /var/lib/tasklane, because Postgres then runs as another user, which cannot enter a private
 * directory.
 *
 * @param options.dataDir DATA_DIR; created if it is missing
 * @param options.settings additional server settings, such as `{fsync: 'off'}`; used only if this call starts the
 *   server
 * @param options.port to start an ended server again: its previous port. The cluster must exist
 * @param options.signal aborts the start, and ends what was started
 * @param options.onSpawn called when a process of Postgres was started, which takes a while until it is ready
 * @throws Error with a message for the operator
 */
export async function startEmbeddedPostgres(options: {
  dataDir: string;
  settings?: Record<string, string>;
  port?: number;
  signal?: AbortSignal;
  onSpawn?: () => void;
}): Promise<EmbeddedPostgres> {
  try {
    await mkdir(options.dataDir, { recursive: true });
    const dataDir = await realpath(options.dataDir);
    const user = await databaseUser(dataDir);
    const lock = path.join(dataDir, 'postgres.lock');
    const { settings = {}, port, signal, onSpawn = () => undefined } = options;
    const start = { settings, port, signal, onSpawn };
    return await withLock(lock, START_TIMEOUT, () => openServer(dataDir, user, start));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `The embedded Postgres in ${options.dataDir} cannot be started: ${reason}. Set DATABASE_URL to use another Postgres.`,
      { cause },
    );
  }
}

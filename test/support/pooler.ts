import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { until } from './until';

/** PgBouncer's program. TEST_PGBOUNCER names another one, such as a later version than the installed one. */
const program = process.env.TEST_PGBOUNCER || 'pgbouncer';

/** A PgBouncer. */
export interface Pooler {
  /** The URL of the database through the pooler. */
  readonly url: string;
  close(): Promise<void>;
}

// Debian installs it in a directory that is only in root's PATH.
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

/** The version of the installed PgBouncer, such as `[1, 18]`; null if it is not installed. */
export function poolerVersion(): [number, number] | null {
  try {
    const [, major, minor] = /PgBouncer (\d+)\.(\d+)/.exec(
      execFileSync(program, ['--version'], { encoding: 'utf8', stdio: 'pipe', env }),
    ) as unknown as [string, string, string];
    return [Number(major), Number(minor)];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Whether the pooler supports prepared statements of clients (PgBouncer 1.21: `max_prepared_statements`). */
export function keepsPreparedStatements([major, minor]: [number, number]): boolean {
  return major > 1 || minor >= 21;
}

// PgBouncer refuses to run as root.
const nobody = 65_534;

/** Opens a pooler with `size` connections to the database at `url`, and waits until it accepts clients. */
export async function openPooler(
  url: string,
  size: number,
  mode: 'transaction' | 'session' | 'statement' = 'transaction',
): Promise<Pooler> {
  const target = new URL(url);
  const directory = await mkdtemp(join(tmpdir(), 'tasklane-pooler-'));
  const settings = join(directory, 'pgbouncer.ini');
  const users = join(directory, 'users.txt');
  const [user, password] = [target.username, target.password].map(decodeURIComponent);
  // Another process can take a port, but not a socket in a private directory.
  const options = {
    listen_addr: '',
    unix_socket_dir: directory,
    listen_port: 6432,
    auth_type: 'scram-sha-256',
    auth_file: users,
    pool_mode: mode,
    default_pool_size: size,
    max_client_conn: 1000,
    // The passwords of other roles than the URL's are looked up in the server.
    auth_user: user,
    server_login_retry: 1,
    ...(keepsPreparedStatements(poolerVersion() ?? [0, 0]) && { max_prepared_statements: 100 }),
  };
  await writeFile(users, `"${user}" "${password}"\n`, { mode: 0o600 });
  await writeFile(
    settings,
    [
      '[databases]',
      `* = host=${target.hostname} port=${target.port}`,
      '[pgbouncer]',
      ...Object.entries(options).map(([name, value]) => `${name} = ${value}`),
    ].join('\n'),
  );
  const root = process.getuid?.() === 0;
  if (root) {
    await chmod(directory, 0o755);
    for (const file of [directory, settings, users]) await chown(file, nobody, nobody);
  }
  const child = spawn(program, [settings], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env,
    ...(root && { uid: nobody, gid: nobody }),
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const ended = once(child, 'exit');
  const close = async () => {
    child.kill('SIGINT');
    await ended;
    await rm(directory, { recursive: true, force: true });
  };

  const pooled = `postgres://${target.username}:${target.password}@${encodeURIComponent(directory)}:6432${target.pathname}`;
  const accepts = async () => {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended: ${log}`);
    const client = new Client({ connectionString: pooled });
    return client.connect().then(
      () => client.end().then(() => true),
      () => false,
    );
  };
  try {
    await until(accepts);
  } catch (error) {
    await close();
    throw new Error(`pgbouncer takes no clients: ${log}`, { cause: error });
  }
  return { url: pooled, close };
}

/** The tests' pooler as a URL, whose host is its directory; undefined if the tests connect directly. */
const testPooler = () => process.env.TEST_POOLER_URL;

/** The URL of a database of the tests' cluster, through the tests' pooler if there is one. Other URLs stay as they are. */
export function pooledUrl(url: string): string {
  const pooler = testPooler();
  const [target, cluster] = [URL.parse(url), URL.parse(process.env.TEST_CLUSTER_URL ?? '')];
  if (pooler === undefined || !target || !cluster || target.host !== cluster.host) return url;
  const { host } = new URL(pooler);
  return `postgres://${target.username}:${target.password}@${host}${target.pathname}${target.search}`;
}

/** Whether connections of the tests can use prepared statements. */
export function keepsStatements(): boolean {
  return testPooler() === undefined || keepsPreparedStatements(poolerVersion() ?? [0, 0]);
}

/**
 * A configuration of the service with its database behind the tests' pooler, if there is one. Migrations connect
 * directly. Values that the configuration has stay as they are.
 */
export function throughPooler(environment: Record<string, string>): Record<string, string> {
  if (testPooler() === undefined) return environment;
  const { DATABASE_URL: direct = '' } = environment;
  const pooled = pooledUrl(direct);
  return {
    DATABASE_PREPARED_STATEMENTS: String(keepsStatements()),
    ...(pooled !== direct && { DATABASE_DIRECT_URL: direct }),
    ...environment,
    ...(pooled !== direct && { DATABASE_URL: pooled }),
  };
}

/** Tests TLS to a real Postgres, with `sslmode` as in libpq. */
import { chmod, chown, copyFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { createClient } from '../../../src/platform/database/connection';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/platform/database/embedded/server';
import { withMigrationLock } from '../../../src/platform/database/migration-session';
import { migrateUp, migrationNames } from '../../../src/platform/database/migrations';
import { createPool } from '../../../src/platform/database/pool';
import { findTransactionPooler } from '../../../src/platform/database/transaction-pooler';
import { unavailableReason } from '../../../src/platform/database/unavailable';
import { projectPath } from '../../../src/platform/paths';
import { until } from '../../support/until';

jest.setTimeout(60_000);

const file = (name: string) => projectPath('test', 'support', 'tls', name);

let dataDir: string;
let postgres: EmbeddedPostgres;

/** Copies a file into the data directory, readable only by Postgres. */
async function give(name: string): Promise<void> {
  const { uid, gid } = await stat(postgres.dataDirectory);
  const path = join(postgres.dataDirectory, name);
  await copyFile(file(name), path);
  if (process.getuid?.() === 0) await chown(path, uid, gid);
  await chmod(path, 0o600);
}

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = await createClient(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The server's URL with this host and these parameters. */
function urlOf(parameters: Record<string, string>, host = 'localhost'): string {
  const url = new URL(postgres.url);
  url.hostname = host;
  url.search = new URLSearchParams(parameters).toString();
  return url.href;
}

const encrypted = async (url: string) =>
  (await ask(url, 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'))[0]?.ssl;

/** The reason why a connection fails, or whether it is encrypted. */
const outcome = (url: string) =>
  encrypted(url).catch((error) => unavailableReason(error) ?? `not expected: ${error.message}`);

const warnings: Error[] = [];
const warned = (warning: Error) => void warnings.push(warning);

beforeAll(async () => {
  process.on('warning', warned);
  dataDir = await mkdtemp(join(tmpdir(), 'tasklane-tls-'));
  await chmod(dataDir, 0o755);
  postgres = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' } });
});
afterAll(async () => {
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
  process.off('warning', warned);
});

const untrusted = 'its TLS certificate is not signed by a trusted authority: see sslrootcert';
const otherName = 'its TLS certificate is for another host name';
const ca = { sslrootcert: file('ca.crt') };
const otherCa = { sslrootcert: file('other-ca.crt') };

describe('a server without TLS', () => {
  test.each([
    [{}, false],
    [{ sslmode: 'disable' }, false],
    [{ sslmode: 'allow' }, false],
    [{ sslmode: 'prefer' }, false],
    [{ sslmode: 'require' }, 'it does not offer TLS, which sslmode requires'],
    [{ sslmode: 'verify-full', ...ca }, 'it does not offer TLS, which sslmode requires'],
  ])('gives a plain connection or an error with %p', async (parameters, expected) => {
    expect(await outcome(urlOf(parameters as Record<string, string>))).toBe(expected);
  });
});

describe('a server with TLS', () => {
  beforeAll(async () => {
    for (const name of ['server.crt', 'server.key', 'ca.crt']) await give(name);
    for (const [name, value] of [
      ['ssl_cert_file', 'server.crt'],
      ['ssl_key_file', 'server.key'],
      ['ssl_ca_file', 'ca.crt'],
      ['ssl', 'on'],
    ]) {
      await ask(postgres.url, `alter system set ${name} = '${value}'`);
    }
    await ask(postgres.url, 'select pg_reload_conf()');
    await until(async () => (await outcome(urlOf({ sslmode: 'require' }))) === true);
  });

  test.each([
    [{}, 'localhost', false],
    [{ sslmode: 'disable' }, 'localhost', false],
    [{ sslmode: 'allow' }, 'localhost', true],
    [{ sslmode: 'prefer' }, 'localhost', true],
    [{ sslmode: 'require' }, 'localhost', true],
    [{ sslmode: 'require' }, '127.0.0.1', true],
    [{ sslmode: 'no-verify' }, 'localhost', true],
    // As in libpq, `require` with a root certificate means `verify-ca`.
    [{ sslmode: 'require', ...ca }, '127.0.0.1', true],
    [{ sslmode: 'require', ...otherCa }, 'localhost', untrusted],
    [{ sslmode: 'verify-ca', ...ca }, '127.0.0.1', true],
    [{ sslmode: 'verify-ca', ...otherCa }, 'localhost', untrusted],
    [{ sslmode: 'verify-full', ...ca }, 'localhost', true],
    [{ sslmode: 'verify-full', ...ca }, '127.0.0.1', otherName],
    [{ sslmode: 'verify-full', ...otherCa }, 'localhost', untrusted],
    [{ sslmode: 'verify-full' }, 'localhost', untrusted],
    [{ sslmode: 'verify-full', sslrootcert: 'system' }, 'localhost', untrusted],
    [{ ...ca }, '127.0.0.1', otherName],
    [{ sslmode: 'require', uselibpqcompat: 'true' }, 'localhost', true],
  ])('gives TLS, a plain connection or an error with %p on %s', async (parameters, host, expected) => {
    expect(await outcome(urlOf(parameters as unknown as Record<string, string>, host))).toBe(expected);
  });

  test('is used with TLS by the pool', async () => {
    const pool = createPool(
      {
        url: urlOf({ sslmode: 'verify-full', ...ca }),
        max: 1,
        acquireTimeoutMs: 5_000,
        statementTimeoutMs: 5_000,
        preparedStatements: true,
      },
      pino({ level: 'silent' }),
    );
    const { rows } = await pool.knex.raw('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
    await pool.close();
    expect(rows).toEqual([{ ssl: true }]);
  });

  test('is used with TLS by migrations, their lock and the check for a pooler', async () => {
    const url = urlOf({ sslmode: 'verify-full', ...ca });
    expect(await findTransactionPooler(url)).toBeNull();
    const plain = await withMigrationLock(url, async ({ database }) => {
      const { rows } = await database.raw(
        `select count(*)::int as sessions, count(*) filter (where not ssl)::int as plain
         from pg_stat_activity join pg_stat_ssl using (pid) where application_name = 'tasklane-migrate'`,
      );
      return rows[0];
    });
    // The session that holds the lock, and the session of this query.
    expect(plain).toEqual({ sessions: 2, plain: 0 });
    await expect(
      withMigrationLock(urlOf({ sslmode: 'verify-full', ...otherCa }), async () => null),
    ).rejects.toThrow(/certificate/);
    expect(await migrateUp(url)).toEqual(migrationNames());
  });

  test('can require TLS and a certificate of the client', async () => {
    await writeFile(
      join(postgres.dataDirectory, 'pg_hba.conf'),
      'hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n',
    );
    await ask(urlOf({ sslmode: 'require' }), 'select pg_reload_conf()');
    const client = { sslcert: file('client.crt'), sslkey: file('client.key') };
    await until(async () => (await outcome(urlOf({ sslmode: 'disable' }))) !== false);
    expect(await outcome(urlOf({ sslmode: 'disable' }))).toBe(
      'it accepts only connections with TLS: set sslmode=require or stricter',
    );
    expect(await outcome(urlOf({ sslmode: 'require' }))).toBe('it refuses the login (role, pg_hba.conf)');
    expect(await outcome(urlOf({ sslmode: 'verify-full', ...ca, ...client }))).toBe(true);
  });
});

test('node-postgres gives no warning in any mode', () => {
  expect(warnings.map(({ message }) => message)).toEqual([]);
});

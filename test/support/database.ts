import { randomBytes } from 'node:crypto';
import { Client, Pool } from 'pg';
import { citusNodes } from './citus';
import { laneFunctions } from './lane-functions';

export const templateDatabase = 'tasklane_template';

function clusterUrl(): string {
  const url = process.env.TEST_CLUSTER_URL;
  if (!url) throw new Error('The tests run under Jest, whose global set-up starts Postgres.');
  return url;
}

/** Runs a statement on the tests' server; on all servers of a Citus cluster. */
async function administer(sql: string): Promise<void> {
  const urls = citusNodes.length > 0 ? citusNodes : [clusterUrl()];
  await Promise.all(
    urls.map(async (connectionString) => {
      const client = new Client({ connectionString });
      await client.connect();
      try {
        await client.query(sql);
      } finally {
        await client.end();
      }
    }),
  );
}

/** Creates a database in the tests' cluster, empty or as a copy of `template`; returns its URL. */
export async function createDatabase(name: string, template?: string): Promise<string> {
  await administer(`create database ${name} ${template ? `template ${template}` : ''}`);
  // A copy has no settings of the template.
  if (citusNodes.length > 0)
    await administer(`alter database ${name} set citus.propagate_set_commands = local`);
  const url = new URL(clusterUrl());
  url.pathname = `/${name}`;
  return url.href;
}

/** Ends all connections to a database and allows no more, so that it can be copied or dropped; does nothing if it is missing. */
export async function closeDatabase(name: string): Promise<void> {
  // The processes of Citus for a database would connect again. `alter database` has no `if exists`.
  await administer(`update pg_database set datallowconn = false where datname = '${name}'`);
  await administer(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
}

/** Drops a database of the tests' cluster, with its connections, if it exists. */
export async function dropDatabase(name: string): Promise<void> {
  await administer(`drop database if exists ${name} with (force)`);
}

export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  drop(): Promise<void>;
}

// Pools for the tests' databases by URL, because opening a connection takes ten times as long as most queries.
const pools = new Map<string, Pool>();

function keepConnections(url: string): void {
  const pool = new Pool({ connectionString: url, max: 20, allowExitOnIdle: true });
  // Tests also break these connections; the pool then opens others.
  pool.on('error', () => undefined);
  pools.set(url, pool);
}

/** Creates a database for a test, migrated unless `empty` is set. */
export async function createTestDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  const url = await createDatabase(name, empty ? undefined : templateDatabase);
  if (empty) await query(url, laneFunctions);
  keepConnections(url);
  return {
    url,
    name,
    async drop() {
      await pools.get(url)?.end();
      pools.delete(url);
      if (citusNodes.length > 0) await closeDatabase(name);
      await dropDatabase(name);
    },
  };
}

/** Runs statements directly on a test's database as its owner. */
export async function query<R extends object>(
  url: string,
  sql: string,
  values: unknown[] = [],
): Promise<R[]> {
  const pool = pools.get(url);
  if (pool) return (await pool.query<R>(sql, values)).rows;
  const client = new Client({ connectionString: url });
  // A test can end the connection while no query runs.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<R>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

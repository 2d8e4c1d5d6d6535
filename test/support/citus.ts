/**
 * Runs the tests on a Citus cluster. `scripts/citus/run` sets TEST_CITUS_NODES, the addresses of all servers with that of the
 * coordinator first. A database is then one on each server. The template is distributed; copies of it are too, because they
 * also contain the catalogs of Citus.
 */
import { Client } from 'pg';

/** The addresses of the servers, the coordinator first; none if the tests run without Citus. */
export const citusNodes: readonly string[] = process.env.TEST_CITUS_NODES?.split('\n') ?? [];

async function run(url: string, ...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

function urlsOf(database: string): string[] {
  return citusNodes.map((node) => Object.assign(new URL(node), { pathname: `/${database}` }).href);
}

/** The addresses of a test's database on all servers; its only address without Citus. */
export function urlsOnServers(url: string): string[] {
  return citusNodes.length === 0 ? [url] : urlsOf(new URL(url).pathname.slice(1));
}

/** Makes an empty database of all servers one of Citus. */
export async function joinServers(database: string): Promise<void> {
  const [coordinator, ...workers] = urlsOf(database) as [string, ...string[]];
  for (const url of [coordinator, ...workers]) await run(url, 'create extension citus');
  const address = (url: string) => `'127.0.0.1', ${new URL(url).port}`;
  await run(
    coordinator,
    `select citus_set_coordinator_host(${address(coordinator)})`,
    ...workers.map((worker) => `select citus_add_node(${address(worker)})`),
  );
}

/** Copies a table of a test's database to all servers; does nothing without Citus. */
export async function shareTable(url: string, table: string): Promise<void> {
  if (citusNodes.length > 0) await run(url, `select create_reference_table('${table}')`);
}

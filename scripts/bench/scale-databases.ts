/** The server of `bench:scale` and `bench:purge`, and their databases, which are kept for the next run. */
import { chmod, mkdir } from 'node:fs/promises';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/platform/database/embedded/server';
import { migrateUp } from '../../src/platform/database/migrations';
import { withClient } from './scale-fill';

// As an operator would set it for a machine with 8 GB. Statements are counted with the buffers that they touch.
const settings = {
  shared_buffers: '2GB',
  effective_cache_size: '6GB',
  maintenance_work_mem: '256MB',
  max_wal_size: '8GB',
  checkpoint_timeout: '15min',
  shared_preload_libraries: 'pg_stat_statements',
};

/** Starts the server with its data in `directory`. */
export async function startServer(directory: string): Promise<EmbeddedPostgres> {
  await mkdir(directory, { recursive: true });
  // Postgres may run as another user, who must be able to open the directory.
  await chmod(directory, 0o755);
  return startEmbeddedPostgres({ dataDir: directory, settings });
}

function urlOf(server: EmbeddedPostgres, name: string): string {
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return url.href;
}

/**
 * Finds the migrated database `name`, or makes it with `fill`. It gets its name when it is full, so that an interrupted run
 * leaves no part of it.
 * @returns its URL
 */
export async function findDatabase(
  server: EmbeddedPostgres,
  name: string,
  fill: (url: string) => Promise<unknown>,
): Promise<string> {
  const isMade = await withClient(server.url, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount) return true;
    await client.query(`drop database if exists ${name}_unfinished`);
    await client.query(`create database ${name}_unfinished`);
    return false;
  });
  if (!isMade) {
    const url = urlOf(server, `${name}_unfinished`);
    await migrateUp(url);
    await withClient(url, (client) => client.query('create extension pg_stat_statements'));
    await fill(url);
    await withClient(server.url, (client) =>
      client.query(`alter database ${name}_unfinished rename to ${name}`),
    );
  }
  const url = urlOf(server, name);
  await migrateUp(url);
  return url;
}

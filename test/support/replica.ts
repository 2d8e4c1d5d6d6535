/** A primary with a streaming replica, both separate from the Postgres of other tests. */
import { execFile } from 'node:child_process';
import { chown, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/server';
import { makeDataDir, removeDataDir } from './process';

/** A Postgres server that a test can break without harm to other tests. */
export interface OwnServer {
  readonly url: string;
  /** Starts it again on the same port after `stop`. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** While it is stopped: makes its next start that of a replica which follows no primary. */
  makeStandby(): Promise<void>;
}

export interface ReplicatedPostgres {
  readonly primary: OwnServer;
  readonly replica: OwnServer;
  /** Ends both, and removes their files. */
  close(): Promise<unknown>;
}

/** Writes a file that belongs to the owner of its directory, who runs the server. */
async function writeOwnFile(directory: string, name: string, text: string): Promise<void> {
  const { uid, gid } = await stat(directory);
  await writeFile(join(directory, name), text);
  await chown(join(directory, name), uid, gid);
}

async function startServer(dataDir: string, more: Record<string, string>): Promise<OwnServer> {
  const settings = { fsync: 'off', ...more };
  let running = await startEmbeddedPostgres({ dataDir, settings });
  const { url, port } = running;
  return {
    url,
    async start() {
      running = await startEmbeddedPostgres({ dataDir, settings, port });
    },
    stop: () => running.stop(),
    makeStandby: () => writeOwnFile(running.dataDirectory, 'standby.signal', ''),
  };
}

/**
 * Copies the files of a running server into another directory, so that a server there continues as its replica
 * (PostgreSQL, "Making a Base Backup Using the Low-Level API"; the embedded Postgres has no pg_basebackup).
 */
async function copyServer(url: string, from: string, to: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`select pg_backup_start('replica', true)`);
    await promisify(execFile)('cp', ['-a', join(from, 'postgres'), to]);
    const { rows } = await client.query('select labelfile from pg_backup_stop(false)');
    const data = join(to, 'postgres', 'cluster', 'data');
    await rm(join(data, 'postmaster.pid'));
    await writeOwnFile(data, 'backup_label', rows[0].labelfile);
    await writeOwnFile(data, 'standby.signal', '');
  } finally {
    await client.end();
  }
}

/** Starts a primary, runs `prepare` on it, and starts its replica. */
export async function startReplicated(
  prepare: (url: string) => Promise<unknown>,
): Promise<ReplicatedPostgres> {
  const [from, to] = [await makeDataDir(), await makeDataDir()];
  // Also ends a server that runs in the directory.
  const close = () => Promise.all([to, from].map(removeDataDir));
  try {
    const primary = await startServer(from, {});
    await prepare(primary.url);
    await copyServer(primary.url, from, to);
    const { username, password, port } = new URL(primary.url);
    const source = `host=127.0.0.1 port=${port} user=${username} password=${password} sslmode=disable`;
    return {
      primary,
      replica: await startServer(to, { primary_conninfo: source, max_standby_streaming_delay: '0' }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

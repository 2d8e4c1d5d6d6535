/** The processes of a benchmark: Postgres with the workload's rows, the servers, and the program that sends requests. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/server';
import { migrateUp } from '../../src/platform/database/migrations';
import type { Run, RunResult } from './loader';
import { type Child, startChild } from './processes';
import { secret, seed, seedFloor } from './workload';

/** A kind of server: its name in the report, its module with an argument and flags for Node, and its number of processes. */
export interface ServerKind {
  readonly name: string;
  readonly module: string;
  readonly argument: string;
  readonly flags?: readonly string[];
  readonly processes: number;
  /** Variables of the configuration. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * A server under test; `process` is its number among the servers of its kind. It answers `cpu` with the CPU time that
 * it has used, in microseconds.
 */
export type Server = ServerKind & { readonly process: number } & Child<{ port: number }, 'cpu', number>;
export type Loader = Child<{ issuerUrl: string }, Run, RunResult>;

/** Creates another database on the server at `url`. @returns its URL */
async function createDatabase(url: string, name: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`create database ${name}`).finally(() => client.end());
  const own = new URL(url);
  own.pathname = name;
  return own.href;
}

/**
 * Runs `work` with a database of its own, at `databaseUrl`. Afterwards, and on SIGINT and SIGTERM, stops everything that it
 * started.
 */
export async function withSetting<T>(
  kinds: readonly ServerKind[],
  work: (servers: readonly Server[], loader: Loader, databaseUrl: string) => Promise<T>,
): Promise<T> {
  const interruption = new AbortController();
  const { signal } = interruption;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => interruption.abort(new Error(`Stopped by ${name}.`)));
  }
  const cleanups: (() => Promise<void>)[] = [];
  const started = <C extends { stop(): Promise<void> }>(each: C): C => {
    cleanups.push(() => each.stop());
    return each;
  };
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'tasklane-bench-'));
    cleanups.push(() => rm(dataDir, { recursive: true, force: true }));
    // Postgres may run as another user.
    await chmod(dataDir, 0o755);
    const settings = { max_connections: '200' };
    const { url } = started(await startEmbeddedPostgres({ dataDir, settings }));
    await migrateUp(url);
    await seed(url);
    const floorUrl = await createDatabase(url, 'floor');
    await seedFloor(floorUrl);

    const loader: Loader = started(await startChild('loader', '', { environment: {}, signal }));
    const environment = {
      DATABASE_URL: url,
      FLOOR_DATABASE_URL: floorUrl,
      BETTER_AUTH_SECRET: secret,
      BETTER_AUTH_URL: loader.ready.issuerUrl,
      AUTH_SOURCES: 'secret,key-set',
    };
    const servers: Server[] = [];
    for (const kind of kinds) {
      for (let process = 1; process <= kind.processes; process++) {
        const { module, argument, flags = [] } = kind;
        const options = { environment: { ...environment, ...kind.environment }, signal, flags };
        const child = await startChild<{ port: number }, 'cpu', number>(module, argument, options);
        servers.push({ ...kind, process, ...started(child) });
      }
    }
    return await work(servers, loader, url);
  } catch (error) {
    // After an abort, the error only says that the processes ended.
    throw signal.aborted ? signal.reason : error;
  } finally {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  }
}

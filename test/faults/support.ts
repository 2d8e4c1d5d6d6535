/** Starts and stops the processes of the fault tests: services, and a separate Postgres. */
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/server';
import { migrateUp } from '../../src/platform/database/migrations';
import { query } from '../support/database';
import { laneFunctions } from '../support/lane-functions';
import {
  makeDataDir,
  postmasterOf,
  removeDataDir,
  type ServiceProcess,
  startProcess,
} from '../support/process';
import { testSecret } from '../support/service';

// A start takes this long only on a busy machine.
const startDeadlineMs = 60_000;

type Stop = () => Promise<unknown>;

/** Collects what must end after each test; the last one that was started ends first. */
export function createCleanUp(): { add(stop: Stop): void; run(): Promise<void> } {
  const stops: Stop[] = [];
  return {
    add: (stop) => void stops.push(stop),
    async run() {
      for (const stop of stops.splice(0).reverse()) await stop();
    },
  };
}

/** Ends a process that may be stopped or ended already. */
export async function kill({ child, ended }: Pick<ServiceProcess, 'child' | 'ended'>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await ended;
}

/** Starts the service as a process, without rate limits, and waits until it serves. */
export async function startInstance(
  configuration: Record<string, string>,
): Promise<ServiceProcess & { url: string }> {
  const started = startProcess(
    { BETTER_AUTH_SECRET: testSecret, RATE_LIMIT: 'off', LOG_LEVEL: 'error', ...configuration },
    startDeadlineMs,
  );
  try {
    return { ...started, url: await started.url };
  } catch (error) {
    await kill(started);
    throw error;
  }
}

/** A Postgres that a test can break without harm to other tests. */
export interface OwnPostgres {
  readonly url: string;
  readonly dataDir: string;
  /** The ids of its postmaster and of all its other processes. */
  pids(): Promise<{ postmaster: number; others: number[] }>;
  /** Starts it again on the same port and data after its postmaster was killed. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a Postgres with a migrated database. */
export async function startOwnPostgres(settings: Record<string, string> = {}): Promise<OwnPostgres> {
  const dataDir = await makeDataDir();
  let running = await startEmbeddedPostgres({ dataDir, settings });
  const { url, port } = running;
  await migrateUp(url);
  await query(url, laneFunctions);
  return {
    url,
    dataDir,
    async pids() {
      const rows = await query<{ pid: number }>(url, 'select pid from pg_stat_activity');
      return { postmaster: postmasterOf(dataDir) as number, others: rows.map((row) => row.pid) };
    },
    async start() {
      running = await startEmbeddedPostgres({ dataDir, settings: { ...settings, port: String(port) } });
    },
    async stop() {
      await running.stop();
      await removeDataDir(dataDir);
    },
  };
}

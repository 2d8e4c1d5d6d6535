/** The program of a worker: one of the processes of an instance that answer requests. The primary process starts it. */
import { parseConfig, readEnvironment } from './config';
import type { WorkerSetup } from './platform/workers/messages';
import { connectPeers, onPrimary, tellPrimary } from './platform/workers/peers';
import { endWith, openProgram, stopAndEnd } from './program';
import type { Service } from './start';

async function run({
  number,
  databaseUrl,
  migrates,
  runsJobs,
  url,
  listensWhenReady,
}: WorkerSetup): Promise<void> {
  const config = parseConfig(readEnvironment());
  // The jobs of one worker are enough for the instance, and an idle database gets the statements of one.
  const jobs = runsJobs ? config.jobs : [];
  const program = openProgram(config, number);
  const { log } = program;
  const started = Promise.withResolvers<Service>();
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    void stopAndEnd(started.promise, program);
  };
  // A signal can reach the whole group of processes. The primary process decides about a second one.
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  onPrimary((received) => {
    if (received.kind === 'stop') stop();
  });

  const { startService } = require('./start') as typeof import('./start');
  const service = await startService(
    {
      ...config,
      databaseUrl,
      migrateOnStart: migrates,
      jobs,
      publicUrl: config.publicUrl ?? url,
      // The primary process has logged them.
      notices: [],
    },
    log,
    { worker: { peers: connectPeers(), servedUrl: listensWhenReady ? url : null } },
  );
  started.resolve(service);
  tellPrimary({ kind: 'listening', url: service.url });
  if (!(await service.ready)) return;
  tellPrimary({ kind: 'ready' });
  log.info({ url: service.url, pid: process.pid, jobs }, 'serving');
}

/** Runs this process as a worker. */
export function runWorker(setup: WorkerSetup): void {
  run(setup).catch(endWith);
}

import type { Logger } from 'pino';
import { type Config, parseConfig, readEnvironment } from './config';
import { developmentKey, signDevelopmentToken } from './platform/auth/development-token';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './platform/database/embedded/server';
import { endWith, openProgram, type Program, stopAndEnd } from './program';
import type { Service } from './start';

/** Starts the embedded Postgres, and resolves when its process runs. `ready` resolves when it accepts connections. */
async function launchPostgres({ dataDir }: Config): Promise<{ ready: Promise<EmbeddedPostgres> }> {
  const spawned = Promise.withResolvers<void>();
  const ready = startEmbeddedPostgres({ dataDir, onSpawn: spawned.resolve });
  await Promise.race([spawned.promise, ready]);
  return { ready };
}

/** Starts the service in this process, or the processes that are the service. Modules are loaded while Postgres starts. */
async function start(
  config: Config,
  log: Logger,
  onLost: (error: Error) => void,
): Promise<Pick<Service, 'url' | 'ready' | 'stop'>> {
  const postgres = config.databaseUrl === null ? (await launchPostgres(config)).ready : undefined;
  if (config.processes > 1) {
    const { startInstance } = require('./primary') as typeof import('./primary');
    return startInstance(config, log, { postgres, onLost });
  }
  const { startService } = require('./start') as typeof import('./start');
  return startService(config, log, { postgres, onLost });
}

/** Text for new users: the documentation, and a command that creates a first task. */
async function greeting(url: string, secret: string | null): Promise<string> {
  const lines = [`Tasklane serves ${url}`, `Documentation: ${url}/docs`];
  if (secret !== null) {
    const token = await signDevelopmentToken(secret, { userId: 'ada' });
    lines.push(
      'Create a first task:',
      `  curl -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '{"title":"Water the plants"}' ${url}/api/ada/tasks`,
    );
  }
  return `${lines.join('\n')}\n`;
}

const sameSignalMs = 300;

/** Stops the service on SIGTERM or SIGINT and exits. A service that is still starting is stopped after its start. */
function stopOnSignal(starting: Promise<Pick<Service, 'stop'>>, program: Program): void {
  let stoppingSince: number | undefined;
  const stop = (signal: NodeJS.Signals) => {
    if (stoppingSince !== undefined) {
      // A second signal exits at once. A signal within 300 ms is the same one: the terminal sends it to the whole
      // group, and npm forwards it again.
      if (performance.now() - stoppingSince > sameSignalMs) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
    program.log.info({ signal }, 'stopping');
    void stopAndEnd(starting, program);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

async function main(): Promise<void> {
  const config = parseConfig(readEnvironment());
  const program = openProgram(config);
  const { output, log } = program;
  const starting = start(config, log, (error) => {
    log.fatal({ err: error }, 'the service cannot continue');
    process.stderr.write(`${error.message}\n`);
    void program.end(1);
  });
  stopOnSignal(starting, program);
  const service = await starting;
  log.info({ url: service.url }, 'listening');
  const ready = await service.ready.catch(async (error) => {
    await service.stop();
    throw error;
  });
  if (!ready) return;
  log.info({ url: service.url }, 'serving');
  if (config.production) return;
  output.write(await greeting(service.url, developmentKey(config.auth)));
}

main().catch(endWith);

import type { Logger } from 'pino';
import { type Config, ConfigError, parseConfig, readEnvironment } from './config';
import { developmentKey, signDevelopmentToken } from './platform/auth/development-token';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './platform/database/embedded/server';
import { OtherMigrations } from './platform/database/other-migrations';
import { createLogger } from './platform/observability/logger';
import { type StandardOutput, standardOutput } from './platform/observability/standard-output';
import type { Service } from './start';

/** Starts the embedded Postgres, and resolves when its process runs. `ready` resolves when it accepts connections. */
async function launchPostgres({ dataDir }: Config): Promise<{ ready: Promise<EmbeddedPostgres> }> {
  const spawned = Promise.withResolvers<void>();
  const ready = startEmbeddedPostgres({ dataDir, onSpawn: spawned.resolve });
  await Promise.race([spawned.promise, ready]);
  return { ready };
}

/** Starts the service. Its modules are loaded while Postgres starts. */
async function start(config: Config, log: Logger, onLost: (error: Error) => void): Promise<Service> {
  const postgres = config.databaseUrl === null ? (await launchPostgres(config)).ready : undefined;
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
const lastLinesMs = 1_000;

/** Stops the service on SIGTERM or SIGINT and exits. A service that is still starting is stopped after its start. */
function stopOnSignal(starting: Promise<Service>, log: Logger, output: StandardOutput): void {
  let stoppingSince: number | undefined;
  const stop = (signal: NodeJS.Signals) => {
    if (stoppingSince !== undefined) {
      // A second signal exits at once. A signal within 300 ms is the same one: the terminal sends it to the whole
      // group, and npm forwards it again.
      if (performance.now() - stoppingSince > sameSignalMs) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
    log.info({ signal }, 'stopping');
    const end = async (code: number) => {
      await output.flush(lastLinesMs);
      process.exit(code);
    };
    starting
      .then((service) => service.stop())
      .then(
        () => {
          log.info('stopped');
          return end(0);
        },
        (error) => {
          log.fatal({ err: error }, 'did not stop cleanly');
          return end(1);
        },
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

async function main(): Promise<void> {
  const config = parseConfig(readEnvironment());
  const pretty = !config.production && process.stdout.isTTY === true;
  // Node writes warnings to stderr. If stderr is a closed pipe, the process must not end.
  process.stderr.on('error', () => undefined);
  const output = standardOutput();
  const log = createLogger({ level: config.logLevel, pretty, destination: output });
  const starting = start(config, log, (error) => {
    log.fatal({ err: error }, 'the embedded Postgres stopped and could not be restarted');
    process.stderr.write(`${error.message}\n`);
    output.flush(lastLinesMs).finally(() => process.exit(1));
  });
  stopOnSignal(starting, log, output);
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

main().catch((error) => {
  const isForOperators = error instanceof ConfigError || error instanceof OtherMigrations;
  const message = isForOperators ? error.message : String(error?.stack ?? error);
  process.stderr.write(`${message}\n`);
  process.exit(1);
});

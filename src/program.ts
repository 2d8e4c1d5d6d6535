/** What all processes of the service do: open the log, stop on a signal, and end. */
import type { Logger } from 'pino';
import { type Config, ConfigError } from './config';
import { SetupError } from './platform/database/errors';
import { createLogger } from './platform/observability/logger';
import { type StandardOutput, standardOutput } from './platform/observability/standard-output';
import { WorkersFailed } from './platform/workers/messages';

export interface Program {
  readonly output: StandardOutput;
  readonly log: Logger;
  /** Ends the process after the last lines of the log. */
  end(code: number): Promise<void>;
}

const lastLinesMs = 1_000;

/** Opens the log. @param worker the number of the worker; left out in a process that is none */
export function openProgram(config: Config, worker?: number): Program {
  const pretty = !config.production && process.stdout.isTTY === true;
  // Node writes warnings to stderr. If stderr is a closed pipe, the process must not end.
  process.stderr.on('error', () => undefined);
  const output = standardOutput(config.processes > 1);
  const base = worker === undefined ? {} : { base: { worker } };
  return {
    output,
    log: createLogger({ level: config.logLevel, pretty, destination: output, ...base }),
    async end(code) {
      await output.flush(lastLinesMs);
      process.exit(code);
    },
  };
}

/** Stops a service that may still be starting, and ends the process. */
export async function stopAndEnd(
  starting: Promise<{ stop(): Promise<void> }>,
  { log, end }: Program,
): Promise<void> {
  let code = 0;
  try {
    await (await starting).stop();
    log.info('stopped');
  } catch (error) {
    log.fatal({ err: error }, 'did not stop cleanly');
    code = 1;
  }
  await end(code);
}

/** Writes why the program cannot run to the standard error, and ends the process. */
export function endWith(error: unknown): never {
  const isKnown =
    error instanceof ConfigError || error instanceof SetupError || error instanceof WorkersFailed;
  process.stderr.write(`${isKnown ? error.message : String((error as Error | undefined)?.stack ?? error)}\n`);
  process.exit(1);
}

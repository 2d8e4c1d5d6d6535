/** The service as a process of its own, started the way `npm start` does but from the sources. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine } from '../../src/platform/database/embedded/processes';
import { projectPath } from '../../src/platform/paths';
import { until } from './until';

/** Every variable of the configuration, empty: neither this machine's environment nor its `.env` gets in. */
const noConfiguration: Readonly<Record<string, string>> = Object.fromEntries(
  [...readFileSync(projectPath('.env.example'), 'utf8').matchAll(/^#? ?([A-Z][A-Z_]*)=/gm)].map(
    ([, name]) => [name, ''],
  ),
);

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServiceProcess {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly output: { stdout: string; stderr: string };
  /** Settles when the process is gone and its output complete. */
  readonly ended: Promise<ProcessEnd>;
}

/** Runs a script of the project with this configuration and nothing else of the environment. */
export function runScript(
  script: string,
  args: string[],
  configuration: Record<string, string>,
): ServiceProcess {
  const environment = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    ...noConfiguration,
    ...configuration,
  };
  const register = projectPath('test', 'support', 'register-swc.cjs');
  const child = spawn(process.execPath, ['--require', register, projectPath(script), ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    output.stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]): ProcessEnd => ({ code, signal }));
  return { child, output, ended };
}

/** Starts the service on a free port; `url` tells where it serves, once it does, and rejects after `deadlineMs`. */
export function startProcess(
  configuration: Record<string, string>,
  deadlineMs = 20_000,
): ServiceProcess & { url: Promise<string> } {
  const started = runScript('src/main.ts', [], { PORT: '0', ...configuration });
  const { child, output } = started;
  const serving = () => /^Tasklane serves (\S+)$/m.exec(output.stdout)?.[1];
  const url = until(
    () => serving() ?? (child.exitCode !== null || child.signalCode !== null),
    deadlineMs,
  ).then((found) => {
    if (typeof found === 'string') return found;
    throw new Error(`The service ended: ${output.stdout}${output.stderr}`);
  });
  // Not every test waits for it.
  url.catch(() => undefined);
  return { ...started, url };
}

/** The log lines of a process, parsed. */
export function logOf(started: ServiceProcess): Record<string, unknown>[] {
  const lines = started.output.stdout
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'));
  return lines.map((line) => JSON.parse(line));
}

/** Makes a directory for DATA_DIR that Postgres' user can reach even where the tests run as root. */
export async function makeDataDir(): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'tasklane-process-')));
  await chmod(directory, 0o755);
  return directory;
}

/** Ends what is left of an embedded Postgres there, and removes the directory. */
export async function removeDataDir(directory: string): Promise<void> {
  const pid = postmasterOf(directory);
  if (pid !== undefined && commandLine(pid)?.includes(directory)) {
    process.kill(pid, 'SIGKILL');
    await until(() => commandLine(pid) === undefined || commandLine(pid) === '');
  }
  await rm(directory, { recursive: true, force: true, maxRetries: 10 });
}

/** The process id of the embedded Postgres of a data directory, undefined if none runs. */
export function postmasterOf(directory: string): number | undefined {
  try {
    const file = join(directory, 'postgres', 'cluster', 'data', 'postmaster.pid');
    return Number(readFileSync(file, 'utf8').split('\n')[0]);
  } catch {
    return undefined;
  }
}

/** Runs the service as a separate process, like `npm start` but from the sources. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine } from '../../src/platform/database/embedded/processes';
import { heapFlags } from '../../src/platform/heap';
import { projectPath } from '../../src/platform/paths';
import { throughPooler } from './pooler';
import { until } from './until';

/** Every variable of the configuration, empty, so that this machine's environment and `.env` have no effect. */
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
  /** The output of the process so far. */
  readonly output: { stdout: string; stderr: string };
  /** Resolves when the process has ended and its output is complete. */
  readonly ended: Promise<ProcessEnd>;
}

/** The environment of a process with this configuration, without other variables of this process' environment. */
export function environmentOf(configuration: Record<string, string>): Record<string, string | undefined> {
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    ...noConfiguration,
    // A machine that is busy with other tests must not make a service refuse requests.
    SHEDDING: 'off',
    ...throughPooler(configuration),
  };
}

/** Runs a script of the project with this configuration, without other variables of the environment. */
export function runScript(
  script: string,
  args: string[],
  configuration: Record<string, string>,
): ServiceProcess {
  const register = projectPath('test', 'support', 'register-swc.cjs');
  // `npm start` sets these flags. Without them, the service would start itself a second time.
  const options = [...heapFlags, '--require', register];
  const child = spawn(process.execPath, [...options, projectPath(script), ...args], {
    env: environmentOf(configuration),
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

/** Starts the service on a free port; `url` resolves to its address when it serves, and rejects after `deadlineMs`. */
export function startProcess(
  configuration: Record<string, string>,
  deadlineMs = 20_000,
): ServiceProcess & { url: Promise<string> } {
  const started = runScript('src/main.ts', [], { PORT: '0', DOCS_DIR: '/nowhere', ...configuration });
  const { child, output } = started;
  const serving = () => /^Tasklane serves (\S+)$/m.exec(output.stdout)?.[1];
  const url = until(
    () => serving() ?? (child.exitCode !== null || child.signalCode !== null),
    deadlineMs,
  ).then((found) => {
    if (typeof found === 'string') return found;
    throw new Error(`The service ended: ${output.stdout}${output.stderr}`);
  });
  // Not every test waits for the URL. Without this, its rejection would count as unhandled.
  url.catch(() => undefined);
  return { ...started, url };
}

/** The parsed log lines of a process. */
export function logOf(started: ServiceProcess): Record<string, unknown>[] {
  const lines = started.output.stdout
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'));
  return lines.map((line) => JSON.parse(line));
}

/** Makes a directory for DATA_DIR that Postgres' user can reach even if the tests run as root. */
export async function makeDataDir(): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'tasklane-process-')));
  await chmod(directory, 0o755);
  return directory;
}

/** Ends any embedded Postgres of the directory, and removes the directory. */
export async function removeDataDir(directory: string): Promise<void> {
  const pid = postmasterOf(directory);
  if (pid !== undefined && commandLine(pid)?.includes(directory)) {
    process.kill(pid, 'SIGKILL');
    await until(() => commandLine(pid) === undefined || commandLine(pid) === '');
  }
  await rm(directory, { recursive: true, force: true, maxRetries: 10 });
}

/** The process id of a data directory's embedded Postgres; undefined if none runs. */
export function postmasterOf(directory: string): number | undefined {
  try {
    const file = join(directory, 'postgres', 'cluster', 'data', 'postmaster.pid');
    return Number(readFileSync(file, 'utf8').split('\n')[0]);
  } catch {
    return undefined;
  }
}

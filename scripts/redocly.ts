import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** The result of a run of Redocly's CLI; `code` is null if a signal ended it. */
export interface RedoclyResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

// Without these, Redocly reports usage statistics and asks the registry for newer versions.
const environment = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };

/** Runs Redocly's CLI in a directory. Nothing leaves the machine. */
export async function redocly(args: readonly string[], cwd: string): Promise<RedoclyResult> {
  const child = spawn(process.execPath, [require.resolve('@redocly/cli/bin/cli.js'), ...args], {
    cwd,
    env: { ...process.env, ...environment },
  });
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}

if (require.main === module) {
  redocly(process.argv.slice(2), process.cwd()).then(({ code, stdout, stderr }) => {
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    process.exitCode = code ?? 1;
  });
}

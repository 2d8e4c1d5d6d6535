const flag = '--max-semi-space-size';

/** The flag with which the service runs. */
export const youngGenerationFlag = `${flag}=4`;

/**
 * Limits V8's young generation to 3 × 4 MiB, unless the command line or NODE_OPTIONS sets a limit. V8 reads the flag
 * only when it starts, so this starts the program again, in the same process: its id, environment and standard
 * streams stay. Call it before anything is loaded.
 *
 * V8's own limit is 3 × 16 MiB or more. It lets the resident memory grow by 55 MiB, and requests are not faster.
 */
export function limitYoungGeneration(): void {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').replaceAll('_', '-');
  // A process with a channel to its parent would lose it. Windows cannot replace a program.
  const canReplace = process.execve !== undefined && process.platform !== 'win32' && !process.connected;
  if (given.includes(flag) || !canReplace) return;
  process.execve?.(process.execPath, [
    process.execPath,
    youngGenerationFlag,
    ...process.execArgv,
    ...process.argv.slice(1),
  ]);
}

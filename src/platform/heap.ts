const youngGenerationFlag = '--max-semi-space-size';

/** The flags of V8 with which the service runs. */
export const heapFlags: readonly string[] = [`${youngGenerationFlag}=8`, '--heap-growing-percent=80'];

/**
 * Limits V8's young generation to 3 × 8 MiB, and lets the heap grow by 80 % between two collections, unless the command line
 * or NODE_OPTIONS limits the young generation. V8 reads the flags only when it starts, so this starts the program again, in
 * the same process: its id, environment and standard streams stay. Call it before anything is loaded.
 *
 * V8's own limits are 3 × 16 MiB or more, and growth by up to 300 %. They let the resident memory grow by 80 MiB, and requests
 * are not faster.
 */
export function limitHeap(): void {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').replaceAll('_', '-');
  // A process with a channel to its parent would lose it. Windows cannot replace a program.
  const canReplace = process.execve !== undefined && process.platform !== 'win32' && !process.connected;
  if (given.includes(youngGenerationFlag) || !canReplace) return;
  process.execve?.(process.execPath, [
    process.execPath,
    ...heapFlags,
    ...process.execArgv,
    ...process.argv.slice(1),
  ]);
}

import { Socket } from 'node:net';
import type { DestinationStream } from 'pino';

// Some minutes of log under load; what comes on top of it is dropped.
const maxWaitingBytes = 4 * 1024 * 1024;

/** A log line as pino would write it, at the level `warn`. */
function warning(fields: object, msg: string): string {
  return `${JSON.stringify({ level: 40, time: new Date().toISOString(), ...fields, msg })}\n`;
}

/**
 * Standard output for log lines. It never blocks the process, it keeps at most 4 MiB for a reader that stalls, and says
 * how many lines it dropped once the reader goes on. When the reader goes away (EPIPE), lines go nowhere.
 */
export interface StandardOutput extends DestinationStream {
  /** Resolves when all that was written has been taken, or nobody reads any more, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

/** Makes a destination of `stream`, which is standard output but in tests. */
export function standardOutput(stream: NodeJS.WriteStream = process.stdout): StandardOutput {
  let dropped = 0;
  let closed = false;
  let corked = false;
  // An error is always of the reader: without a listener, it would end the process.
  stream.on('error', () => {
    closed = true;
  });

  function uncork(): void {
    corked = false;
    stream.uncork();
  }

  function write(line: string): void {
    if (closed) return;
    // A pipe or a terminal keeps what is not taken; a file takes all at once.
    if (stream.writableLength > maxWaitingBytes) {
      dropped++;
      return;
    }
    // The lines of one turn of the event loop leave with one system call.
    if (!corked && stream instanceof Socket) {
      corked = true;
      stream.cork();
      setImmediate(uncork);
    }
    if (dropped > 0) {
      stream.write(
        warning({ lines: dropped }, 'log lines were dropped: the reader of standard output stalled'),
      );
      dropped = 0;
    }
    stream.write(line);
  }

  return {
    write,
    flush(timeoutMs) {
      if (closed) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        stream.write('', () => {
          clearTimeout(timer);
          resolve();
        });
        if (corked) uncork();
      });
    },
  };
}

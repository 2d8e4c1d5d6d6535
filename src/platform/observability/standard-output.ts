import type { DestinationStream } from 'pino';

// A few minutes of log under load. Further lines are dropped.
const maxWaitingBytes = 4 * 1024 * 1024;

/** A log line in pino's form, at level `warn`. */
function warning(fields: object, msg: string): string {
  return `${JSON.stringify({ level: 40, time: new Date().toISOString(), ...fields, msg })}\n`;
}

/**
 * Standard output for log lines. It never blocks the process. It buffers at most 4 MiB for a slow reader, and reports
 * the number of dropped lines when the reader continues. If the reader closes the pipe (EPIPE), lines are dropped.
 */
export interface StandardOutput extends DestinationStream {
  /** Resolves when everything is written, when the reader is gone, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

/** Makes the destination. `stream` is standard output, except in tests. */
export function standardOutput(stream: NodeJS.WriteStream = process.stdout): StandardOutput {
  let dropped = 0;
  let closed = false;
  // The lines of this turn of the event loop.
  let lines = '';
  // Errors always come from the reader. Without a listener, an error would end the process.
  stream.on('error', () => {
    closed = true;
  });

  // All lines of a turn are written with one system call.
  function writeLines(): void {
    if (lines === '' || closed) return;
    stream.write(lines);
    lines = '';
  }

  function write(line: string): void {
    if (closed) return;
    // Data for a slow pipe or terminal waits in memory. A file accepts all data at once.
    if (stream.writableLength + lines.length > maxWaitingBytes) {
      dropped++;
      return;
    }
    if (lines === '') setImmediate(writeLines);
    if (dropped > 0) {
      lines += warning({ lines: dropped }, 'log lines were dropped: the reader of standard output stalled');
      dropped = 0;
    }
    lines += line;
  }

  return {
    write,
    flush(timeoutMs) {
      if (closed) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        writeLines();
        stream.write('', () => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}

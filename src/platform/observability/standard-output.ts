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

// POSIX: a pipe takes so many bytes as a whole, and never mixes them with those of another process.
const atomicBytes = 4_096;

/** Splits lines into pieces that a pipe takes as a whole. A longer line is a piece of its own. */
export function atomicPieces(lines: string): string[] {
  const pieces: string[] = [];
  let piece = '';
  let bytes = 0;
  for (const line of lines.split(/(?<=\n)/)) {
    const length = Buffer.byteLength(line);
    if (bytes > 0 && bytes + length > atomicBytes) {
      pieces.push(piece);
      piece = '';
      bytes = 0;
    }
    piece += line;
    bytes += length;
  }
  if (piece !== '') pieces.push(piece);
  return pieces;
}

/**
 * Makes the destination.
 * @param shared whether other processes write to the same standard output, so that lines must not be mixed
 * @param stream standard output, except in tests
 */
export function standardOutput(shared = false, stream: NodeJS.WriteStream = process.stdout): StandardOutput {
  let dropped = 0;
  let closed = false;
  // The lines of this turn of the event loop.
  let lines = '';
  // Pieces that wait for the one before. A stream would join them.
  const pieces: string[] = [];
  let waitingBytes = 0;
  let whenWritten = () => {};
  // Errors always come from the reader. Without a listener, an error would end the process.
  stream.on('error', () => {
    closed = true;
  });

  // All lines of a turn are written with one system call.
  function writeLines(): void {
    if (lines === '' || closed) return;
    if (shared) {
      const isWriting = pieces.length > 0;
      pieces.push(...atomicPieces(lines));
      waitingBytes += lines.length;
      if (!isWriting) writePiece();
    } else stream.write(lines);
    lines = '';
  }

  function writePiece(): void {
    const [piece] = pieces;
    if (piece === undefined || closed) return void whenWritten();
    stream.write(piece, () => {
      pieces.shift();
      waitingBytes -= piece.length;
      writePiece();
    });
  }

  function write(line: string): void {
    if (closed) return;
    // Data for a slow pipe or terminal waits in memory. A file accepts all data at once.
    if (stream.writableLength + waitingBytes + lines.length > maxWaitingBytes) {
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
        const done = () => {
          clearTimeout(timer);
          resolve();
        };
        writeLines();
        if (pieces.length > 0) whenWritten = done;
        else stream.write('', done);
      });
    },
  };
}

/** A temporary file that disappears with the process, for data that is too large for memory. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A file that only this process can open. Writes append; reads are possible at any position. Positions and lengths
 * are in bytes.
 */
export interface TemporaryFile {
  /** Appends bytes. They may be written later, but before they are read. @returns their position */
  append(bytes: Buffer): Promise<number>;
  read(position: number, length: number): Promise<Buffer>;
  /** Reads the bytes from `start` (inclusive) to `end` (exclusive), in pieces. */
  pieces(start: number, end: number): AsyncGenerator<Buffer>;
  close(): Promise<void>;
}

const pieceSize = 64 * 1024;
// Small pieces are collected up to this size and written together.
const enough = 256 * 1024;

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw new Error('The temporary file is shorter than what was written to it.');
    done += bytesRead;
  }
  return bytes;
}

/** Opens a file in a directory. @throws if the disk is full, or the directory is missing or not writable */
export async function openTemporaryFile(directory: string): Promise<TemporaryFile> {
  const path = join(directory, `tasklane-${randomUUID()}`);
  const handle = await open(path, 'wx+', 0o600);
  // A file without a name disappears even if the process is killed. Systems that cannot remove the name of an open
  // file remove it on close.
  const isNameless = await unlink(path).then(
    () => true,
    () => false,
  );
  let waiting: Buffer[] = [];
  let [written, size] = [0, 0];

  async function flush(): Promise<void> {
    const bytes = Buffer.concat(waiting);
    const position = written;
    waiting = [];
    written = size;
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  }

  async function read(position: number, length: number): Promise<Buffer> {
    if (position + length > written) await flush();
    return readAt(handle, position, length);
  }

  return {
    async append(bytes) {
      const position = size;
      waiting.push(bytes);
      size += bytes.length;
      if (size - written >= enough) await flush();
      return position;
    },
    read,
    async *pieces(start, end) {
      for (let at = start; at < end; at += pieceSize) yield await read(at, Math.min(pieceSize, end - at));
    },
    async close() {
      await handle.close();
      if (!isNameless) await unlink(path);
    },
  };
}

/**
 * Spooled bodies: request bodies that are too large for memory are stored in a temporary file until the request ends.
 */
import { createHash } from 'node:crypto';
import { finished, PassThrough, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Request } from 'express';
import type { Logger } from 'pino';
import { ProblemError } from '../document/problems';
import { readItems, splitDocument } from './json-items';
import { type JsonPart, readParts } from './json-parts';
import { createSlots } from './slots';
import { openTemporaryFile, type TemporaryFile } from './temporary-file';
import { type UploadRate, watchRate } from './upload-rate';

export interface SpoolSettings {
  /** The directory of the files. */
  readonly directory: string;
  /** The maximum number of bytes of a body, after decoding. */
  readonly maxBytes: number;
  /** The maximum number of bytes of all bodies that exist at the same time. */
  readonly maxTotalBytes: number;
  /** How many bodies are processed at the same time, and how many milliseconds other bodies wait for a slot. */
  readonly concurrency: number;
  readonly waitMs: number;
  /** The slowest allowed upload. */
  readonly rate: UploadRate;
}

/** A body in a file. It is UTF-8 without a byte order mark. The file is closed when the request ends. */
export interface SpooledBody {
  /**
   * A JSON body without the items of its top-level arrays, which keep their length, and with `tooLarge` in place of its
   * large top-level objects; empty for text.
   */
  readonly document: unknown;
  /** The SHA-256 of the whole body, in hex. */
  readonly sha256: string;
  /** Bytes after decoding. */
  readonly size: number;
  /** Reads the items of a top-level array of a JSON body. `tooLarge` stands for an item that is too large. */
  items(list: string): AsyncGenerator<unknown>;
  /** Reads a JSON body part by part. */
  parts(): JsonPart;
  /** Reads the whole body in pieces. A piece may end within a character. */
  pieces(): AsyncGenerator<Buffer>;
  /** The file. Other data can be appended after the body. */
  readonly file: Pick<TemporaryFile, 'append' | 'read'>;
  close(): Promise<void>;
}

/** Stores the body of a request for its owner. Rejects with the problem if it cannot. */
export type Spool = (request: Request, mediaType: string, owner: string) => Promise<SpooledBody>;

export function tooManyBytes(maxBytes: number): ProblemError {
  return new ProblemError('content-too-large', { detail: `The body is larger than ${maxBytes} bytes.` });
}

export function unsupportedCoding(): ProblemError {
  return new ProblemError('unsupported-media-type', {
    detail: 'The content coding of the body must be gzip, deflate or br, and its charset must be UTF-8.',
  });
}

const decoders: Readonly<Record<string, () => Transform>> = {
  identity: () => new PassThrough(),
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

function tooSlow(bytesPerSecond: number): ProblemError {
  const detail = `The body arrived with less than ${bytesPerSecond} bytes per second.`;
  return new ProblemError('request-timeout', { detail }, { Connection: 'close' });
}

/**
 * Decodes the content of a request (RFC 9110, section 8.4). After an error the request stays open, so that it can be
 * answered.
 * @throws ProblemError if the upload is too slow
 */
async function* contentOf(request: Request, decoder: Transform, rate: UploadRate): AsyncGenerator<Buffer> {
  const unwatch = watchRate(request, rate, () => decoder.destroy(tooSlow(rate.bytesPerSecond)));
  const forget = finished(request, { writable: false }, (error) => {
    unwatch();
    if (error) decoder.destroy(error);
  });
  try {
    yield* request.pipe(decoder);
  } finally {
    unwatch();
    forget();
    request.unpipe(decoder);
    decoder.destroy();
  }
}

const pieceSize = 64 * 1024;
const byteOrderMark = Buffer.from('\uFEFF');

/** Combines small pieces into pieces of at least 64 KiB, and removes a byte order mark. */
async function* mergePieces(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let [parts, size, isFirst]: [Buffer[], number, boolean] = [[], 0, true];
  const take = () => {
    const piece = Buffer.concat(parts);
    const start = isFirst && piece.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
    [parts, size, isFirst] = [[], 0, false];
    return piece.subarray(start);
  };
  for await (const piece of pieces) {
    parts.push(piece);
    size += piece.length;
    if (size >= pieceSize) yield take();
  }
  yield take();
}

/** Makes the spool. If the directory is not writable, logs an error. */
export async function createSpool(
  { directory, maxBytes, maxTotalBytes, concurrency, waitMs, rate }: SpoolSettings,
  log: Logger,
): Promise<Spool> {
  const owners = new Set<string>();
  const slots = createSlots(concurrency);
  let totalBytes = 0;

  function unavailable(detail: string): ProblemError {
    return new ProblemError('service-unavailable', { detail });
  }

  function failToWrite(error: unknown): never {
    log.error({ err: error, directory }, 'cannot write temporary files');
    throw unavailable('The service has no disk space for files at the moment.');
  }

  async function open(): Promise<TemporaryFile> {
    const file = await openTemporaryFile(directory).catch(failToWrite);
    return { ...file, append: (bytes) => file.append(bytes).catch(failToWrite) };
  }

  /** Writes a body to a file. @throws ProblemError, or any other error if the body is malformed */
  async function fill(
    file: TemporaryFile,
    content: AsyncIterable<Buffer>,
    isJson: boolean,
    reserve: (bytes: number) => void,
  ) {
    const hash = createHash('sha256');
    const utf8 = new TextDecoder('utf-8', { fatal: true });
    let size = 0;
    async function* storedPieces(): AsyncGenerator<Buffer> {
      for await (const piece of mergePieces(content)) {
        size += piece.length;
        if (size > maxBytes) throw tooManyBytes(maxBytes);
        reserve(piece.length);
        utf8.decode(piece, { stream: true });
        hash.update(piece);
        await file.append(piece);
        yield piece;
      }
      utf8.decode();
    }
    const { document, lists } = await (isJson ? splitDocument(storedPieces()) : readToEnd(storedPieces()));
    return { document, lists, size, sha256: hash.digest('hex') };
  }

  async function readToEnd(pieces: AsyncIterable<Buffer>): ReturnType<typeof splitDocument> {
    for await (const _ of pieces);
    return { document: '', lists: new Map() };
  }

  await open().then(
    (file) => file.close(),
    () => undefined,
  );

  return async (request, mediaType, owner) => {
    const coding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
    const decoder = Object.hasOwn(decoders, coding) ? decoders[coding]?.() : undefined;
    if (!decoder) throw unsupportedCoding();
    if (coding === 'identity' && Number(request.headers['content-length']) > maxBytes)
      throw tooManyBytes(maxBytes);
    if (owners.has(owner))
      throw unavailable('Another import of yours is in progress. Send this file when it is finished.');
    owners.add(owner);
    const file = await open().catch((error) => {
      owners.delete(owner);
      throw error;
    });
    let reserved = 0;
    const reserve = (bytes: number) => {
      if (totalBytes + bytes > maxTotalBytes)
        throw unavailable('The imports in progress use all the space for files. Try again later.');
      totalBytes += bytes;
      reserved += bytes;
    };
    const disconnected = new AbortController();
    const abort = () => disconnected.abort(new Error('The client disconnected.'));
    request.socket.once('close', abort);
    let releaseSlot: (() => void) | undefined;
    const close = () => {
      // This comes before the file is closed, because a client may send the next file as soon as it has its answer.
      owners.delete(owner);
      totalBytes -= reserved;
      request.socket.off('close', abort);
      releaseSlot?.();
      return file.close();
    };
    const isJson = mediaType.endsWith('json');
    try {
      const content = contentOf(request, decoder, rate);
      const { lists, size, ...body } = await fill(file, content, isJson, reserve);
      // A slow upload takes no slot, so this comes after the upload.
      releaseSlot = await slots.take(waitMs, disconnected.signal);
      if (!releaseSlot)
        throw unavailable(`Other imports are in progress, ${concurrency} at a time. Send this file later.`);
      return {
        ...body,
        size,
        items(list) {
          const { start, end } = lists.get(list) ?? { start: 0, end: 0 };
          return readItems(file.pieces(start, end));
        },
        parts: () => readParts((start, end) => file.pieces(start, end), size),
        pieces: () => file.pieces(0, size),
        file,
        close,
      };
    } catch (error) {
      await close();
      // Reads and drops the rest of the upload, so that the client can read the answer.
      request.resume();
      if (error instanceof ProblemError) throw error;
      throw new ProblemError(
        'malformed-body',
        isJson ? {} : { detail: 'The body cannot be read as text in UTF-8.' },
      );
    }
  };
}

/** Request bodies that are too large to hold: kept in a file for as long as the request takes. */
import { createHash } from 'node:crypto';
import { finished, PassThrough, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Request } from 'express';
import type { Logger } from 'pino';
import { ProblemError } from '../document/problems';
import { cutDocument, itemsOf } from './json-items';
import { createSlots } from './slots';
import { openTemporaryFile, type TemporaryFile } from './temporary-file';
import { type UploadRate, watchRate } from './upload-rate';

export interface SpoolSettings {
  /** Where the files are. */
  readonly directory: string;
  /** How large a body may be, decoded. */
  readonly maxBytes: number;
  /** How large all bodies may be together that are there at once. */
  readonly maxTotalBytes: number;
  /** How many may be worked on at once, and how many milliseconds others wait for their turn. */
  readonly concurrency: number;
  readonly waitMs: number;
  /** How slowly a body may come. */
  readonly rate: UploadRate;
}

/** A body in a file, which is closed with the request. It is UTF-8 without a byte order mark. */
export interface SpooledBody {
  /** What is left of a JSON body without the items of its lists, which have their length; empty for text. */
  readonly document: unknown;
  /** SHA-256 of all of it, in hex. */
  readonly sha256: string;
  /** Bytes, decoded. */
  readonly size: number;
  /** The items of a list of a JSON body; `tooLarge` stands for one that is. */
  items(list: string): AsyncGenerator<unknown>;
  /** All of it, in pieces that may end within a character. */
  pieces(): AsyncGenerator<Buffer>;
  /** The file, to which notes can be written behind the body. */
  readonly file: Pick<TemporaryFile, 'append' | 'read'>;
  close(): Promise<void>;
}

/** Takes a request's body for its owner. Rejects with the problem if it can't be taken. */
export type Spool = (request: Request, mediaType: string, owner: string) => Promise<SpooledBody>;

export function tooManyBytes(maxBytes: number): ProblemError {
  return new ProblemError('content-too-large', { detail: `The body is larger than ${maxBytes} bytes.` });
}

export function unknownCoding(): ProblemError {
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
 * A request's content (RFC 9110, section 8.4). The request itself outlives a fault, to be answered.
 * @throws ProblemError if it comes too slowly
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

/** The same bytes in pieces of some size, however small they came, without a byte order mark. */
async function* gathered(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
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

/** Makes the place where bodies are spooled; a directory that can't be written to is logged. */
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

  function refuse(error: unknown): never {
    log.error({ err: error, directory }, 'no room for files');
    throw unavailable('There is no room for files at the moment.');
  }

  async function open(): Promise<TemporaryFile> {
    const file = await openTemporaryFile(directory).catch(refuse);
    return { ...file, append: (bytes) => file.append(bytes).catch(refuse) };
  }

  /** Writes a body to a file. @throws ProblemError, or any other error if the body is not what it says that it is */
  async function fill(
    file: TemporaryFile,
    content: AsyncIterable<Buffer>,
    isJson: boolean,
    reserve: (bytes: number) => void,
  ) {
    const hash = createHash('sha256');
    const utf8 = new TextDecoder('utf-8', { fatal: true });
    let size = 0;
    async function* kept(): AsyncGenerator<Buffer> {
      for await (const piece of gathered(content)) {
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
    const { document, lists } = await (isJson ? cutDocument(kept()) : passedOver(kept()));
    return { document, lists, size, sha256: hash.digest('hex') };
  }

  async function passedOver(pieces: AsyncIterable<Buffer>): ReturnType<typeof cutDocument> {
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
    if (!decoder) throw unknownCoding();
    if (coding === 'identity' && Number(request.headers['content-length']) > maxBytes)
      throw tooManyBytes(maxBytes);
    if (owners.has(owner))
      throw unavailable('Another file of yours is being taken in; send this one when that is done.');
    owners.add(owner);
    const file = await open().catch((error) => {
      owners.delete(owner);
      throw error;
    });
    let reserved = 0;
    const reserve = (bytes: number) => {
      if (totalBytes + bytes > maxTotalBytes) throw unavailable('There is no room for files at the moment.');
      totalBytes += bytes;
      reserved += bytes;
    };
    const left = new AbortController();
    const leave = () => left.abort(new Error('The client left.'));
    request.socket.once('close', leave);
    let giveBack: (() => void) | undefined;
    const close = () => {
      // At once: a client that has its answer may have another file.
      owners.delete(owner);
      totalBytes -= reserved;
      request.socket.off('close', leave);
      giveBack?.();
      return file.close();
    };
    const isJson = mediaType.endsWith('json');
    try {
      const content = contentOf(request, decoder, rate);
      const { lists, size, ...body } = await fill(file, content, isJson, reserve);
      // Once it is there: who sends slowly keeps nobody waiting.
      giveBack = await slots.take(waitMs, left.signal);
      if (!giveBack)
        throw unavailable(`Other files are being taken in, ${concurrency} at a time; send this one later.`);
      return {
        ...body,
        size,
        items(list) {
          const { start, end } = lists.get(list) ?? { start: 0, end: 0 };
          return itemsOf(file.pieces(start, end));
        },
        pieces: () => file.pieces(0, size),
        file,
        close,
      };
    } catch (error) {
      await close();
      // What is still to come is let go, so that the client gets to read the answer.
      request.resume();
      if (error instanceof ProblemError) throw error;
      throw new ProblemError(
        'malformed-body',
        isJson ? {} : { detail: 'The body cannot be read as text in UTF-8.' },
      );
    }
  };
}

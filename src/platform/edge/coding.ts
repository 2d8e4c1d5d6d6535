/** Content codings of responses (RFC 9110, section 8.4). */
import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliCompress,
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  gzip,
  gzipSync,
} from 'node:zlib';
import type { Request } from 'express';

export type Coding = 'br' | 'gzip';

// Best first: what a client accepts equally, such as `gzip, deflate, br`, does not say which is smaller.
const codings: readonly Coding[] = ['br', 'gzip'];

// Low qualities and a window of 256 KB: higher ones take two to ten times as long for 5 to 10 % less.
const brotliOptions = {
  params: { [constants.BROTLI_PARAM_QUALITY]: 3, [constants.BROTLI_PARAM_LGWIN]: 18 },
};
const gzipOptions = { level: 1 };

/** A shorter body fits into two packets: compression would save less than it costs. */
export const leastCompressedBytes = 2_048;

/** The best coding that the client accepts, among those that are offered. Undefined if there is none. */
export function codingOf(request: Request, offered = codings): Coding | undefined {
  if (request.headers['accept-encoding'] === undefined) return undefined;
  return offered.find((each) => request.acceptsEncodings(each) === each);
}

// Up to this length, the work takes less time than its way to another thread and back.
const mostSynchronousBytes = 65_536;

const compressors = {
  br: {
    now: (body: string) => brotliCompressSync(body, brotliOptions),
    later: (body: string) => promisify(brotliCompress)(body, brotliOptions),
  },
  gzip: {
    now: (body: string) => gzipSync(body, gzipOptions),
    later: (body: string) => promisify(gzip)(body, gzipOptions),
  },
};

/** Compresses a complete body. A long one is compressed outside of the main thread. */
export function compress(coding: Coding, body: string): Buffer | Promise<Buffer> {
  const { now, later } = compressors[coding];
  return body.length <= mostSynchronousBytes ? now(body) : later(body);
}

/** A transformation that compresses a streamed body. */
export function compressor(coding: Coding): Transform {
  return coding === 'br' ? createBrotliCompress(brotliOptions) : createGzip(gzipOptions);
}

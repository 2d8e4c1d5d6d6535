import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';

/** A body that is sent in pieces: text, or an object whose arrays may come page by page. */
export type Streamed<B> = B extends string
  ? AsyncIterable<string>
  : { [M in keyof B]: B[M] extends readonly (infer I)[] ? B[M] | AsyncIterable<readonly I[]> : B[M] };

function isIterable<T>(value: unknown): value is AsyncIterable<T> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

async function* listChunks(pages: AsyncIterable<readonly unknown[]>): AsyncGenerator<string> {
  let separator = '';
  for await (const page of pages) {
    if (page.length === 0) continue;
    yield separator + JSON.stringify(page).slice(1, -1);
    separator = ',';
  }
}

/** Writes an object as JSON text (RFC 8259), one page of an array at a time. */
async function* jsonChunks(body: object): AsyncGenerator<string> {
  yield '{';
  let separator = '';
  for (const [name, value] of Object.entries(body)) {
    const member = `${separator}${JSON.stringify(name)}:`;
    separator = ',';
    if (isIterable<readonly unknown[]>(value)) {
      yield `${member}[`;
      yield* listChunks(value);
      yield ']';
    } else {
      yield member + JSON.stringify(value);
    }
  }
  yield '}';
}

/**
 * Sends a streamed body at the speed of the client. If the client disconnects, no more pages are read.
 * @param compressor the transformation of the body, if it is compressed
 * @throws an error of the body; the connection is closed, so that the client cannot take the incomplete body as
 *   complete
 */
export async function sendStream(response: Response, body: object, compressor?: Transform): Promise<void> {
  if (response.req.method === 'HEAD') return void response.end();
  try {
    const chunks = isIterable<string>(body) ? body : jsonChunks(body);
    if (compressor) await pipeline(chunks, compressor, response);
    else await pipeline(chunks, response);
  } catch (error) {
    // The client disconnected.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

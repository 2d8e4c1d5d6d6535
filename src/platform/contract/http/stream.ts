import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';

/** A body as it is read: text in pieces, or an object whose lists may come page by page. */
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

/** An object as JSON text (RFC 8259), a page of a list at a time. */
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
 * Sends a streamed body after its headers, no faster than the client takes it; pages that the client doesn't stay for
 * are not read. A fault breaks the connection off, so that what was sent can't be taken for the whole.
 * @throws the fault, the connection being broken off.
 */
export async function sendStream(response: Response, body: object): Promise<void> {
  if (response.req.method === 'HEAD') return void response.end();
  try {
    await pipeline(isIterable<string>(body) ? body : jsonChunks(body), response);
  } catch (error) {
    // The client went away, which is its right.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

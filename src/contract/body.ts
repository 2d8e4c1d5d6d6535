import { isUtf8 } from 'node:buffer';
import express, { type Request, type RequestHandler, type Response } from 'express';
import type { Operation } from './contract';
import { ProblemError } from './problems';
import { run } from './validator';

/** Reads one operation's request body; rejects with the problem if it cannot. */
export type BodyReader = (request: Request, response: Response) => Promise<void>;

function hasBody(request: Request): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  );
}

/** The one of the operation's media types that the request's body has (RFC 9110, section 8.3). */
function negotiatedType(operation: Operation, request: Request): string {
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const mediaType = operation.mediaTypes.find((each) => each === type.trim());
  const charset = parameters.map((each) => each.trim()).find((each) => each.startsWith('charset='));
  if (mediaType === undefined || (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset))) {
    throw new ProblemError('unsupported-media-type', {
      detail: `The operation takes ${operation.mediaTypes.join(' or ')}, in UTF-8.`,
    });
  }
  return mediaType;
}

const maxDepth = 64;
// Empty ones by the million would take thirty times their text in memory; what people send has words in it.
const bytesPerList = 16;
const fewLists = 20_000;

/** How deep JSON text nests, and how many lists and objects it has; brackets inside of strings don't count. */
function shapeOf(bytes: Buffer): { deepest: number; lists: number } {
  let depth = 0;
  let deepest = 0;
  let lists = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i];
    if (inString) {
      if (byte === 0x5c) i += 1;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      lists += 1;
      deepest = Math.max(deepest, ++depth);
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return { deepest, lists };
}

function toProblem(error: unknown, maxBytes: number): unknown {
  const { status } = error as { status?: number };
  switch (status) {
    case 413:
      return new ProblemError('content-too-large', { detail: `The body is larger than ${maxBytes} bytes.` });
    case 415:
      return new ProblemError('unsupported-media-type', {
        detail: 'The body’s content coding must be gzip, deflate or br, and its charset UTF-8.',
      });
    case 400:
    case 403:
      return new ProblemError('malformed-body');
    default:
      return error;
  }
}

function assertUtf8(bytes: Buffer): void {
  if (!isUtf8(bytes)) throw new Error('The body is not UTF-8.');
}

/** Middleware that parses JSON, and such that takes any other text as it is. */
function parsers(maxBytes: number): { json: RequestHandler; text: RequestHandler } {
  const options = { limit: maxBytes, type: () => true };
  return {
    json: express.json({
      ...options,
      strict: false,
      verify: (_request, _response, bytes) => {
        assertUtf8(bytes);
        const { deepest, lists } = shapeOf(bytes);
        if (deepest > maxDepth) throw new Error('The body nests too deep.');
        if (lists > Math.max(fewLists, bytes.length / bytesPerList)) throw new Error('The body is hollow.');
      },
    }),
    text: express.text({ ...options, verify: (_request, _response, bytes) => assertUtf8(bytes) }),
  };
}

/**
 * Makes a reader of bodies up to `maxBytes` after decoding: JSON is parsed, other text is as it is. It leaves the operation's own spelling of the media
 * type in the request's header: the validator compiles and keeps a schema for every value that it meets there.
 */
export function bodyReader(operation: Operation, maxBytes: number): BodyReader {
  const { json, text } = parsers(maxBytes);
  return async (request, response) => {
    if (operation.mediaTypes.length === 0 || !hasBody(request)) {
      // A missing body is then the validator's to report, with its pointer.
      if (operation.bodyRequired) request.headers['content-type'] = operation.mediaTypes[0];
      else delete request.headers['content-type'];
      return;
    }
    const type = negotiatedType(operation, request);
    request.headers['content-type'] = type;
    try {
      await run(type.endsWith('json') ? json : text, request, response);
    } catch (error) {
      throw toProblem(error, maxBytes);
    }
  };
}

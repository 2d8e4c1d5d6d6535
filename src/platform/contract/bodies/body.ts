import { isUtf8 } from 'node:buffer';
import express, { type Request, type RequestHandler, type Response } from 'express';
import type { Operation } from '../document/contract';
import { ProblemError } from '../document/problems';
import { runMiddleware } from '../validation/validator';
import { assertNotMostlyEmpty, assertNotTooDeep, type JsonShape } from './json-shape';
import { type Spool, type SpooledBody, tooManyBytes, unsupportedCoding } from './spool';

/**
 * Reads the request body of an operation. A spooled body is returned, and the part of it to validate is put into
 * `request.body`. Rejects with the problem if the body cannot be read.
 */
export type BodyReader = (
  request: Request,
  response: Response,
  owner: string,
) => Promise<SpooledBody | undefined>;

function hasBody(request: Request): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  );
}

/**
 * The media type that matches the request's `Content-Type` (RFC 9110, section 8.3).
 * @throws ProblemError if none does
 */
export function negotiatedType(mediaTypes: readonly string[], request: Request): string {
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const mediaType = mediaTypes.find((each) => each === type.trim());
  const charset = parameters.map((each) => each.trim()).find((each) => each.startsWith('charset='));
  if (mediaType === undefined || (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset))) {
    throw new ProblemError('unsupported-media-type', {
      detail: `The operation supports ${mediaTypes.join(' or ')}, in UTF-8.`,
    });
  }
  return mediaType;
}

function shapeOf(bytes: Buffer): JsonShape {
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
      return tooManyBytes(maxBytes);
    case 415:
      return unsupportedCoding();
    case 400:
    case 403:
      return new ProblemError('malformed-body');
    default:
      return error;
  }
}

function parser(maxBytes: number): RequestHandler {
  return express.json({
    limit: maxBytes,
    type: () => true,
    strict: false,
    verify: (_request, _response, bytes) => {
      if (!isUtf8(bytes)) throw new Error('The body is not UTF-8.');
      const shape = shapeOf(bytes);
      assertNotTooDeep(shape);
      assertNotMostlyEmpty(shape, bytes.length);
    },
  });
}

/**
 * Makes the reader of an operation's bodies: JSON up to `maxBytes` after decoding, or spooled. It sets the request's
 * `Content-Type` to the contract's spelling, because the validator compiles and keeps a schema for each value of that
 * header.
 */
export function bodyReader(operation: Operation, maxBytes: number, spool: Spool): BodyReader {
  const parse = parser(maxBytes);
  return async (request, response, owner) => {
    if (operation.mediaTypes.length === 0 || !hasBody(request)) {
      // The validator reports the missing body, with its pointer.
      if (operation.bodyRequired) request.headers['content-type'] = operation.mediaTypes[0];
      else delete request.headers['content-type'];
      return;
    }
    const type = negotiatedType(operation.mediaTypes, request);
    request.headers['content-type'] = type;
    if (operation.isSpooled) {
      const body = await spool(request, type, owner);
      request.body = body.document;
      return body;
    }
    try {
      await runMiddleware(parse, request, response);
    } catch (error) {
      throw toProblem(error, maxBytes);
    }
    // Clients in some languages send null instead of no body.
    if (request.body === null && !operation.bodyRequired) {
      request.body = undefined;
      delete request.headers['content-type'];
    }
  };
}

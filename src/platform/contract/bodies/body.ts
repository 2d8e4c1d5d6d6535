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
  // Most clients use the contract's spelling.
  const given = request.headers['content-type'];
  if (given !== undefined && mediaTypes.includes(given)) return given;
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

/** @throws the 400 problem if the text is not UTF-8, or would take far more memory than it has bytes */
function assertHarmless(bytes: Buffer): void {
  if (!isUtf8(bytes)) throw new ProblemError('malformed-body');
  try {
    const shape = shapeOf(bytes);
    assertNotTooDeep(shape);
    assertNotMostlyEmpty(shape, bytes.length);
  } catch {
    throw new ProblemError('malformed-body');
  }
}

function parseJson(bytes: Buffer): unknown {
  // Some clients send no bytes for an object without members.
  if (bytes.length === 0) return {};
  assertHarmless(bytes);
  const text = bytes.toString();
  try {
    return JSON.parse(text.charCodeAt(0) === byteOrderMark ? text.slice(1) : text);
  } catch {
    throw new ProblemError('malformed-body');
  }
}

const byteOrderMark = 0xfeff;

/** Reads a body without content coding. Rejects with the problem if it has more than `maxBytes`, or does not end. */
function readBytes(request: Request, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) return reject(tooManyBytes(maxBytes));
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = () => {
      request.off('data', add).off('end', end).off('error', fail).off('close', fail);
    };
    const add = (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= maxBytes) return;
      stop();
      request.pause();
      reject(tooManyBytes(maxBytes));
    };
    const end = () => {
      stop();
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size));
    };
    // The client disconnected.
    const fail = () => {
      stop();
      reject(new ProblemError('malformed-body'));
    };
    request.on('data', add).on('end', end).on('error', fail).on('close', fail);
  });
}

function toProblem(error: unknown, maxBytes: number): unknown {
  if (error instanceof ProblemError) return error;
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

/** Makes the parser of bodies with a content coding (RFC 9110, section 8.4). */
function decodingParser(maxBytes: number): RequestHandler {
  return express.json({
    limit: maxBytes,
    type: () => true,
    strict: false,
    verify: (_request, _response, bytes) => assertHarmless(bytes),
  });
}

/** Makes the reader of JSON bodies up to `maxBytes` after decoding. Rejects with the problem if there is one. */
export function jsonReader(maxBytes: number): (request: Request, response: Response) => Promise<unknown> {
  const decode = decodingParser(maxBytes);
  return async (request, response) => {
    const coding = request.headers['content-encoding']?.toLowerCase() ?? 'identity';
    if (coding === 'identity' || coding === '') return parseJson(await readBytes(request, maxBytes));
    try {
      await runMiddleware(decode, request, response);
    } catch (error) {
      throw toProblem(error, maxBytes);
    }
    return request.body;
  };
}

/**
 * Makes the reader of an operation's bodies: JSON up to `maxBytes` after decoding, or spooled. It sets the request's
 * `Content-Type` to the contract's spelling, because the validator compiles and keeps a schema for each value of that
 * header.
 */
export function bodyReader(operation: Operation, maxBytes: number, spool: Spool): BodyReader {
  const readJson = jsonReader(maxBytes);
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
    request.body = await readJson(request, response);
    // Clients in some languages send null instead of no body.
    if (request.body === null && !operation.bodyRequired) {
      request.body = undefined;
      delete request.headers['content-type'];
    }
  };
}

/** `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): what a key stands for, and what is kept under it. */
import { createHash } from 'node:crypto';
import type { Request } from 'express';
import type { IdempotentRequest, StoredReply } from '../../database/lane';
import type { Operation } from '../document/contract';
import type { Result } from './outcome';

const bareKey = /^[\x21\x23-\x7e][\x21-\x7e]*$/;
// A string of RFC 9651, section 3.3.3.
const quotedKey = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const maxKeyLength = 255;

/**
 * Parses a key: 1 to 255 printable ASCII characters, quoted as the draft has them, or bare if they hold no space and
 * don't begin with a quote. Quoted and bare it is the same key. Null if it is malformed.
 */
export function parseIdempotencyKey(text: string): string | null {
  // In quotes, each character may be escaped.
  if (text.length > 2 * maxKeyLength + 2) return null;
  const quoted = quotedKey.exec(text)?.[1]?.replace(/\\(.)/g, '$1');
  const key = quoted ?? (bareKey.test(text) ? text : '');
  return key.length >= 1 && key.length <= maxKeyLength ? key : null;
}

function byName([one]: [string, unknown], [other]: [string, unknown]): number {
  return one < other ? -1 : 1;
}

/** JSON in which the order of members makes no difference. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, part) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(byName))
      : part,
  );
}

/** All JSON is alike: an operation makes no difference between a merge patch and other JSON. */
function familyOf(mediaType: string | undefined): string | null {
  return mediaType?.endsWith('json') ? 'json' : (mediaType ?? null);
}

/** The claim of a request to be carried out once; `request` as it was read, with no defaults filled in. */
export function readIdempotentRequest(
  operation: Operation,
  request: Request,
  key: string,
): IdempotentRequest {
  const { params, query, body } = request;
  const asked = [operation.id, params, query, familyOf(request.headers['content-type']), body];
  const fingerprint = createHash('sha256').update(canonicalJson(asked)).digest();
  return { operation: operation.id, key, fingerprint };
}

/** A result as it is kept: without its secrets, which `hide` takes out of its body. */
export function storedReply(
  { status, headers, body }: Result,
  redact: (body: unknown) => unknown = (body) => body,
): StoredReply {
  const redacted = redact(body);
  const texts = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return {
    status,
    content: {
      headers: Object.fromEntries(texts),
      body:
        redacted === undefined ? null : typeof redacted === 'string' ? redacted : JSON.stringify(redacted),
    },
  };
}

/**
 * `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): parses the key, identifies the request, and prepares
 * the reply that is stored.
 */
import { hash } from 'node:crypto';
import type { IdempotentRequest, StoredReply } from '../../database/lane';
import type { Operation } from '../document/contract';
import type { Input } from '../validation/validator';
import type { Result } from './outcome';

const bareKey = /^[\x21\x23-\x7e][\x21-\x7e]*$/;
// A String of RFC 9651, section 3.3.3.
const quotedKey = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const maxKeyLength = 255;

/**
 * Parses a key of 1 to 255 printable ASCII characters. It is quoted as in the draft, or bare if it has no space and
 * does not begin with a quote. The quoted and the bare form are the same key. Returns null if it is malformed.
 */
export function parseIdempotencyKey(text: string): string | null {
  // In quotes, each character may be escaped, which doubles the length.
  if (text.length > 2 * maxKeyLength + 2) return null;
  const quoted = quotedKey.exec(text)?.[1]?.replace(/\\(.)/g, '$1');
  const key = quoted ?? (bareKey.test(text) ? text : '');
  return key.length >= 1 && key.length <= maxKeyLength ? key : null;
}

function byName([one]: [string, unknown], [other]: [string, unknown]): number {
  return one < other ? -1 : 1;
}

/** JSON text in which the order of members does not matter. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, part) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(byName))
      : part,
  );
}

/** All JSON media types count as the same, because operations treat a merge patch like other JSON. */
function familyOf(mediaType: string | undefined): string | null {
  return mediaType?.endsWith('json') ? 'json' : (mediaType ?? null);
}

/** Identifies the request that has a key. Call it before defaults are filled into `input`. */
export function readIdempotentRequest(operation: Operation, input: Input, key: string): IdempotentRequest {
  const { params, query, headers, body } = input;
  const asked = [operation.id, params, query, familyOf(headers['content-type']), body];
  const fingerprint = hash('sha256', canonicalJson(asked), 'buffer');
  return { operation: operation.id, key, fingerprint };
}

/** The result as it is stored, with the secrets of its body removed by `redact`. */
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

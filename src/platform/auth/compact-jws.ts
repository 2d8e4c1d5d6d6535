import { parseJsonObject } from './json-object';
import { accept, type Result, refuse } from './result';

/** What a key set's keys may be used with; a shared secret is used with HS256 alone. */
export const KEY_SET_ALGORITHMS = ['EdDSA', 'ES256', 'ES512', 'RS256', 'PS256'] as const;
export type KeySetAlgorithm = (typeof KEY_SET_ALGORITHMS)[number];
export type Algorithm = KeySetAlgorithm | 'HS256';

export interface JwsHeader {
  readonly alg: Algorithm;
  readonly kid: string | undefined;
  readonly typ: string | undefined;
}

/** In characters, which are bytes here: a token is ASCII. */
export const MAX_TOKEN_LENGTH = 8192;

/** Parameters that bring a key or change how the rest is read. Nothing that Tasklane accepts needs one of them. */
const REFUSED_PARAMETERS = ['b64', 'crit', 'enc', 'jku', 'jwk', 'x5c', 'x5u', 'zip'];

/**
 * Reads the header of a JWS in compact form (RFC 7515 section 7.1), before any key is looked up. Stricter than jose,
 * which accepts padding, white space and stray trailing bits, so that two texts can be one token.
 */
export function readHeader(token: string): Result<JwsHeader> {
  if (token.length > MAX_TOKEN_LENGTH) return refuse('token-too-long');
  const parts = token.split('.', 4);
  if (parts.length !== 3 || !parts.every(isCanonicalBase64Url)) return refuse('token-form');

  const header = parseJsonObject(Buffer.from(parts[0]!, 'base64url'));
  if (header === null) return refuse('token-form');
  if (REFUSED_PARAMETERS.some((name) => Object.hasOwn(header, name))) return refuse('header-parameter');

  const alg = header.alg;
  const kid = header.kid;
  const typ = header.typ;
  if (!isAlgorithm(alg)) return refuse('algorithm');
  if (kid !== undefined && typeof kid !== 'string') return refuse('header-parameter');
  if (typ !== undefined && typeof typ !== 'string') return refuse('header-parameter');
  return accept({ alg, kid, typ });
}

/** Decoding skips what is no Base64url, so only the canonical text comes back from encoding again. */
function isCanonicalBase64Url(part: string): boolean {
  return part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part;
}

function isAlgorithm(value: unknown): value is Algorithm {
  return value === 'HS256' || KEY_SET_ALGORITHMS.some((algorithm) => algorithm === value);
}

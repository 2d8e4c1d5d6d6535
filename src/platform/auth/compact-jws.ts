import { parseJsonObject } from './json-object';
import { accept, type Result, refuse } from './result';

/** The algorithms of a key set's keys. A shared secret is used only with HS256. */
export const KEY_SET_ALGORITHMS = ['EdDSA', 'ES256', 'ES512', 'RS256', 'PS256'] as const;
export type KeySetAlgorithm = (typeof KEY_SET_ALGORITHMS)[number];
export type Algorithm = KeySetAlgorithm | 'HS256';

export interface JwsHeader {
  readonly alg: Algorithm;
  readonly kid: string | undefined;
  readonly typ: string | undefined;
}

/** The number of characters. Tokens are ASCII, so it is also the number of bytes. */
export const MAX_TOKEN_LENGTH = 8192;

/** Parameters that contain a key or change how the token is read. Tasklane needs none of them. */
const REFUSED_PARAMETERS = ['b64', 'crit', 'enc', 'jku', 'jwk', 'x5c', 'x5u', 'zip'];

/**
 * Reads the header of a compact JWS (RFC 7515 section 7.1), before a key is looked up. It is stricter than jose,
 * which accepts padding, white space and extra bits at the end, so that different texts can be the same token.
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

/** Decoding ignores invalid characters, so only canonical text is equal after decoding and encoding. */
function isCanonicalBase64Url(part: string): boolean {
  return part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part;
}

function isAlgorithm(value: unknown): value is Algorithm {
  return value === 'HS256' || KEY_SET_ALGORITHMS.some((algorithm) => algorithm === value);
}

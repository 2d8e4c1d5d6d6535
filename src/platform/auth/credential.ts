import type { IncomingMessage } from 'node:http';
import { accept, type Result, refuse } from './result';

/** The proof of the sender's identity. */
export interface Credential {
  readonly carrier: 'header' | 'cookie';
  readonly text: string;
}

const BEARER = /^bearer(?: +(.*))?$/is;

/** Whether a request has two Authorization headers. `headers` has only the first, and `headersDistinct` costs more. */
function hasSeveralAuthorizations(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 'authorization'.length && name.toLowerCase() === 'authorization') count++;
  }
  return count > 1;
}

/**
 * Reads the credential of a request; null if there is none. If there is an Authorization header, cookies are ignored.
 * The scheme is case-insensitive (RFC 9110 section 11.1). Another scheme than Bearer counts as no credential (RFC
 * 6750 section 3.1). Two Authorization headers are refused: a proxy may have checked the other one.
 * @param readCookie finds the credential in a Cookie header
 */
export function readCredential(
  request: IncomingMessage,
  readCookie: (header: string) => Result<string | null>,
): Result<Credential | null> {
  const header = request.headers.authorization;
  if (header !== undefined) {
    if (hasSeveralAuthorizations(request.rawHeaders)) return refuse('authorization-repeated');
    const match = BEARER.exec(header);
    if (match === null) return accept(null);
    const text = match[1] ?? '';
    return text === '' ? refuse('authorization-form') : accept({ carrier: 'header', text });
  }

  const cookie = readCookie(request.headers.cookie ?? '');
  if (!cookie.ok) return cookie;
  return accept(cookie.value === null ? null : { carrier: 'cookie', text: cookie.value });
}

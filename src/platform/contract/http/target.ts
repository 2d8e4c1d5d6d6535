/** Reads the target of a request (RFC 9112, section 3.2). */
import type { IncomingMessage } from 'node:http';

/** Why a request cannot be matched with a path; undefined if it can. */
export function isMalformed({
  httpVersion,
  headers,
  url = '',
}: Pick<IncomingMessage, 'httpVersion' | 'headers' | 'url'>):
  | 'malformed-request'
  | 'malformed-url'
  | undefined {
  // RFC 9112, section 3.2. Node would answer without a problem body.
  if (headers.host === undefined && httpVersion === '1.1') return 'malformed-request';
  if (url.includes('%')) {
    try {
      decodeURIComponent(url);
    } catch {
      return 'malformed-url';
    }
  }
  return undefined;
}

const authority = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i;

/** The path and the query of a target, both as they are written. */
export function splitTarget(target: string): { path: string; query: string } {
  // Clients send the absolute form only to proxies, but a server must accept it.
  const whole = target.startsWith('/') ? target : target.replace(authority, '');
  const end = whole.indexOf('#');
  const address = end === -1 ? whole : whole.slice(0, end);
  const mark = address.indexOf('?');
  if (mark === -1) return { path: address, query: '' };
  return { path: address.slice(0, mark), query: address.slice(mark + 1) };
}

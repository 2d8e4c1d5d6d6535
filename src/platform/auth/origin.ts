import type { IncomingMessage } from 'node:http';

/**
 * Whether a request's Origin header is one of `allowedOrigins`, compared exactly: the defence against cross-site
 * request forgery for writes that a cookie authenticates. A missing header, `null`, and two headers are not allowed.
 * @param allowedOrigins as browsers send them (`https://app.example.com`), without patterns
 */
export function isAllowedOrigin(request: IncomingMessage, allowedOrigins: ReadonlySet<string>): boolean {
  const [origin, ...others] = request.headersDistinct.origin ?? [];
  return origin !== undefined && others.length === 0 && origin !== 'null' && allowedOrigins.has(origin);
}

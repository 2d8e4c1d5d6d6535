import type { IncomingMessage } from 'node:http';

/**
 * Whether the Origin header of a request is exactly one of `allowedOrigins`. This prevents cross-site request forgery
 * for writes with a cookie. A missing header, `null`, and two headers are not allowed.
 * @param allowedOrigins as browsers send them (`https://app.example.com`), without patterns
 */
export function isAllowedOrigin(request: IncomingMessage, allowedOrigins: ReadonlySet<string>): boolean {
  const [origin, ...others] = request.headersDistinct.origin ?? [];
  return origin !== undefined && others.length === 0 && origin !== 'null' && allowedOrigins.has(origin);
}

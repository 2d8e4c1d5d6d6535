import cors from 'cors';
import type { RequestHandler } from 'express';

// A `*` matches one label of the host, and neither another domain nor another port.
function toMatcher(origin: string): string | RegExp {
  if (!origin.includes('*')) return origin;
  return new RegExp(`^${origin.replaceAll('.', '\\.').replace('*', '[a-z0-9-]+')}$`);
}

/**
 * Sets the CORS headers (Fetch, section 3.2): which origins may call the service, and which headers they may send and
 * read.
 */
export function allowOrigins(allowed: readonly string[]): RequestHandler {
  return cors({
    origin: allowed.map(toMatcher),
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'Authorization',
      'Content-Type',
      'Idempotency-Key',
      'If-Match',
      'If-None-Match',
      'X-Request-Id',
      'traceparent',
      'tracestate',
    ],
    exposedHeaders: [
      'Content-Disposition',
      'Date',
      'Deprecation',
      'ETag',
      'Idempotency-Replayed',
      'Link',
      'Location',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'Sunset',
      'Tasklane-Seq',
      'WWW-Authenticate',
      'X-Request-Id',
    ],
    maxAge: 600,
    // The route answers OPTIONS with the allowed methods.
    preflightContinue: true,
  });
}

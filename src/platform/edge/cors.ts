import cors from 'cors';
import type { RequestHandler } from 'express';

// A `*` stands for one label of the host, so that it reaches neither another domain nor another port.
function toMatcher(origin: string): string | RegExp {
  if (!origin.includes('*')) return origin;
  return new RegExp(`^${origin.replaceAll('.', '\\.').replace('*', '[a-z0-9-]+')}$`);
}

/** Tells browsers which origins' pages may call the service, and what they may see of its answers (Fetch, section 3.2). */
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
      'ETag',
      'Idempotency-Replayed',
      'Link',
      'Location',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'WWW-Authenticate',
      'X-Request-Id',
    ],
    maxAge: 600,
    // The route answers, with what it allows.
    preflightContinue: true,
  });
}

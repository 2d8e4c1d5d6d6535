import type { IncomingMessage } from 'node:http';
import cors from 'cors';
import type { RequestHandler } from 'express';
import type { Logger } from 'pino';

// A `*` matches one label of the host or one port, and no other domain.
function toMatcher(origin: string): string | RegExp {
  if (!origin.includes('*')) return origin;
  return new RegExp(`^${origin.replaceAll('.', '\\.').replace('*', '[a-z0-9-]+')}$`);
}

/** Makes the function that says whether pages of an origin may call the service. */
export function createOriginCheck(allowed: readonly string[]): (origin: string) => boolean {
  const matchers = allowed.map(toMatcher);
  return (origin) =>
    matchers.some((each) => (typeof each === 'string' ? each === origin : each.test(origin)));
}

/**
 * Sets the CORS headers (Fetch, section 3.2): which origins may call the service, and which headers they may send and
 * read.
 */
export function allowOrigins(
  allowed: readonly string[],
  onRefused: (request: IncomingMessage) => void,
): RequestHandler {
  const setHeaders = cors({
    origin: allowed.map(toMatcher),
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'Authorization',
      'Content-Type',
      'Idempotency-Key',
      'If-Match',
      'If-None-Match',
      'Last-Event-ID',
      'Mcp-Method',
      'Mcp-Name',
      'MCP-Protocol-Version',
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
      'Tasklane-Request',
      'Tasklane-Seq',
      'WWW-Authenticate',
      'X-Request-Id',
    ],
    maxAge: 600,
    // The route answers OPTIONS with the allowed methods.
    preflightContinue: true,
  });
  return (request, response, next) =>
    setHeaders(request, response, (error) => {
      if (response.getHeader('Access-Control-Allow-Origin') === undefined) onRefused(request);
      next(error);
    });
}

// Each origin takes memory. More origins than this are an attack, not a mistake in the configuration.
const mostLogged = 50;

/** The origin of a request, if it is not the service's own and a setting can allow it; otherwise undefined. */
function foreignOrigin({ headers }: IncomingMessage): string | undefined {
  const { origin, host } = headers;
  const url = origin !== undefined && origin.length <= 300 && URL.canParse(origin) ? new URL(origin) : null;
  return url !== null && url.origin === origin && url.host !== host ? origin : undefined;
}

/** Makes a function that logs the origin of a refused request once, with the setting that allows it. */
export function createRefusedOriginLog(log: Pick<Logger, 'warn'>): (request: IncomingMessage) => void {
  const logged = new Set<string>();
  return (request) => {
    const origin = foreignOrigin(request);
    if (origin === undefined || logged.has(origin) || logged.size >= mostLogged) return;
    logged.add(origin);
    log.warn(
      { origin },
      `Browsers do not let pages of this origin read the answers. To allow it, add ${origin} to CORS_ORIGINS.`,
    );
  };
}

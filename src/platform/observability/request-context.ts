import type { IncomingMessage } from 'node:http';

/** What the service knows of a request, for its log line. */
export interface RequestContext {
  operationId?: string;
  userId?: string;
  /** Why the caller could not be authenticated. */
  authentication?: string;
  /** The error with which the request failed. */
  error?: unknown;
}

const factsOf = new WeakMap<IncomingMessage, RequestContext>();

/** Returns the context of a request. Each part of the service adds what it learns. */
export function requestContext(request: IncomingMessage): RequestContext {
  const facts = factsOf.get(request) ?? {};
  factsOf.set(request, facts);
  return facts;
}

import type { IncomingMessage } from 'node:http';

/** The facts about a request for its log line. */
export interface RequestContext {
  operationId?: string;
  userId?: string;
  /** Why the caller could not be authenticated. */
  authentication?: string;
  /** The error with which the request failed. */
  error?: unknown;
}

const factsOf = new WeakMap<IncomingMessage, RequestContext>();

/** Returns what the log will contain about a request. Each part of the service adds its values to this object. */
export function requestContext(request: IncomingMessage): RequestContext {
  const facts = factsOf.get(request) ?? {};
  factsOf.set(request, facts);
  return facts;
}

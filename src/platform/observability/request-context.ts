import type { IncomingMessage } from 'node:http';

/** The facts about a request for its log line. */
export class RequestContext {
  operationId: string | undefined = undefined;
  userId: string | undefined = undefined;
  /** Why the caller could not be authenticated. */
  authentication: string | undefined = undefined;
  /** The error with which the request failed. */
  error: unknown = undefined;
  /** Milliseconds since 1970. */
  readonly since = Date.now();
}

// A property of the request is cheaper than a WeakMap, which the garbage collector must visit.
const context = Symbol('context');

/** Returns the context of a request, to which each part of the service adds facts. */
export function requestContext(request: IncomingMessage & { [context]?: RequestContext }): RequestContext {
  request[context] ??= new RequestContext();
  return request[context];
}

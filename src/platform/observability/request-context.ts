import type { IncomingMessage } from 'node:http';

/** The facts about a request for its log line. */
export class RequestContext {
  operationId: string | undefined = undefined;
  /** The resource outside of the contract that is served. Its program can carry out operations. */
  resource: string | undefined = undefined;
  /** Whether the answer is the stored reply of an earlier request. */
  isReplay = false;
  /** Whether the answer is an event stream. */
  isEventStream = false;
  userId: string | undefined = undefined;
  /** Why the caller could not be authenticated. */
  authentication: string | undefined = undefined;
  /** The error with which the request failed. */
  error: unknown = undefined;
  /** Milliseconds of the monotonic clock. */
  readonly since = performance.now();
}

// A property of the request is cheaper than a WeakMap, which the garbage collector must visit.
const context = Symbol('context');

/** Returns what the log will contain about a request. Each part of the service adds its values to this object. */
export function requestContext(request: IncomingMessage & { [context]?: RequestContext }): RequestContext {
  request[context] ??= new RequestContext();
  return request[context];
}

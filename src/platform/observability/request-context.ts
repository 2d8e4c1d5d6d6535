import type { IncomingMessage } from 'node:http';

/** What the log says of a request beyond what HTTP says. */
export interface RequestContext {
  operationId?: string;
  userId?: string;
  /** Why the caller is not known. */
  authentication?: string;
  /** The error that it failed with. */
  error?: unknown;
}

const factsOf = new WeakMap<IncomingMessage, RequestContext>();

/** The facts of a request so far; whoever learns one writes it here. */
export function requestContext(request: IncomingMessage): RequestContext {
  const facts = factsOf.get(request) ?? {};
  factsOf.set(request, facts);
  return facts;
}

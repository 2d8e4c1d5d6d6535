/** Decides whether a caller can call an operation. It checks token, limits, lane, scope and origin, in this order. */
import type { Request } from 'express';
import type { Authenticator, Identity } from '../../auth/authenticator';
import { isAllowedOrigin } from '../../auth/origin';
import type { Scope } from '../../auth/scopes';
import type { RateLimiter } from '../../edge/rate-limit';
import { requestContext } from '../../observability/request-context';
import type { Operation } from '../document/contract';
import { ProblemError } from '../document/problems';
import type { ResponseHead } from './head';

/** The dependencies of the decision. */
export interface Admission {
  readonly authenticator: Authenticator;
  readonly rateLimiter: RateLimiter;
  /** The origins whose pages may write with a cookie, exactly as browsers send them. */
  readonly trustedOrigins: ReadonlySet<string>;
  /** The service's own address, without a slash at the end. It is known once the service listens. */
  publicUrl(): string;
}

/**
 * The `WWW-Authenticate` value for a caller without a valid token (RFC 6750, section 3; RFC 9728, section 5.1).
 * @param resource the path of the resource with its own tokens; empty for the service itself
 */
function challenge(publicUrl: string, resource: string, error?: string): string {
  const metadata = `resource_metadata="${metadataUrl(publicUrl, resource)}"`;
  return ['Bearer realm="tasklane"', ...(error ? [error] : []), metadata].join(', ');
}

/** The address of the metadata of a resource (RFC 9728, section 3.1). */
export function metadataUrl(publicUrl: string, resource: string): string {
  return `${publicUrl}/.well-known/oauth-protected-resource${resource}`;
}

/** Makes the 401 problem for an invalid token. The reason goes only to the log. */
export function refuseToken(
  { publicUrl }: Admission,
  request: Request,
  reason: string,
  resource = '',
): ProblemError {
  requestContext(request).authentication = reason;
  return new ProblemError(
    'unauthorized',
    {},
    { 'WWW-Authenticate': challenge(publicUrl(), resource, 'error="invalid_token"') },
  );
}

/** Refuses a request that exceeds a limit. The limiter has already set the headers. */
function requireUnits(fit: boolean): void {
  if (!fit) throw new ProblemError('rate-limited');
}

/**
 * Identifies the caller.
 * @throws a 401 problem (RFC 6750) if the caller is unknown, 429 if the address sent too many such requests, 503 if
 *   the keys or sessions are not available
 */
async function authenticate(
  admission: Admission,
  request: Request,
  head: ResponseHead,
  resource = '',
): Promise<Identity> {
  const { authenticator, rateLimiter, publicUrl } = admission;
  const result = await rateLimiter.check(request, () =>
    authenticator.authenticate(request, resource === '' ? undefined : publicUrl() + resource),
  );
  const context = requestContext(request);
  switch (result.outcome) {
    case 'authenticated':
      context.userId = result.identity.userId;
      return result.identity;
    case 'missing':
      requireUnits(await rateLimiter.chargeAddress(request, head));
      throw new ProblemError('unauthorized', {}, { 'WWW-Authenticate': challenge(publicUrl(), resource) });
    case 'invalid':
      context.authentication = result.reason;
      requireUnits(await rateLimiter.chargeFailure(request, head));
      throw refuseToken(admission, request, result.reason, resource);
    case 'unavailable':
      context.authentication = result.reason;
      throw new ProblemError(
        'service-unavailable',
        { detail: 'The keys for checking tokens are unreachable.' },
        { 'Retry-After': String(result.retryAfterSeconds) },
      );
  }
}

/** Identifies the caller and checks limits and rights. @throws the 401, 403, 429 or 503 problem */
export async function admit(
  operation: Operation,
  scope: Scope,
  admission: Admission,
  request: Request,
  head: ResponseHead,
): Promise<Identity> {
  // No cache may store a user's data, nor errors about it.
  head.setHeader('Cache-Control', 'no-store');
  const identity = await authenticate(admission, request, head);
  await admitIdentified(operation, scope, identity, admission, request, head);
  return identity;
}

/** Checks the limits and rights of a caller who is identified. @throws the 403 or 429 problem */
export async function admitIdentified(
  operation: Operation,
  scope: Scope,
  identity: Identity,
  admission: Admission,
  request: Request,
  head: ResponseHead,
): Promise<void> {
  await charge(identity.userId, scope, operation.cost.units, admission, head);
  authorize(operation, identity, request, admission);
}

/**
 * Identifies the caller of a resource with its own tokens, such as `/mcp`, and checks limits and rights. Each request
 * costs one unit, and requires the scope `read`.
 * @throws the 401, 403, 429 or 503 problem
 */
export async function admitToResource(
  resource: string,
  admission: Admission,
  request: Request,
  head: ResponseHead,
): Promise<Identity> {
  head.setHeader('Cache-Control', 'no-store');
  const identity = await authenticate(admission, request, head, resource);
  await charge(identity.userId, 'read', 1, admission, head);
  requireScope('read', identity, admission, resource);
  requireKnownOrigin(request, head, admission);
  return identity;
}

/**
 * Refuses requests of pages at other addresses than the service's own and those that CORS allows: a page can reach a
 * service on a private network by DNS rebinding, with a `Host` that it chooses.
 */
function requireKnownOrigin(
  { headers: { origin } }: Request,
  head: ResponseHead,
  { publicUrl }: Admission,
): void {
  if (origin === undefined || head.hasHeader('Access-Control-Allow-Origin')) return;
  if (origin === new URL(publicUrl()).origin) return;
  throw new ProblemError('wrong-origin', { detail: 'The request must come from a configured origin.' });
}

function requireScope(scope: Scope, identity: Identity, { publicUrl }: Admission, resource = ''): void {
  if (identity.scopes.includes(scope)) return;
  const missing = `error="insufficient_scope", scope="tasklane:${scope}"`;
  throw new ProblemError(
    'insufficient-scope',
    {},
    { 'WWW-Authenticate': challenge(publicUrl(), resource, missing) },
  );
}

/** Charges units to a user. @throws the 429 problem if the user has too few left */
export async function charge(
  userId: string,
  scope: Scope,
  units: number,
  { rateLimiter }: Pick<Admission, 'rateLimiter'>,
  head: ResponseHead,
): Promise<void> {
  if (units > 0) requireUnits(await rateLimiter.chargeUser(userId, scope, units, head));
}

/** Whether the credential of the operation is a secret in its path. Such an operation needs no token and has limits. */
function isSecretPath({ scope, statuses }: Operation): boolean {
  return scope === null && statuses.includes(429);
}

/**
 * Answers a request to an operation that needs no token. If a secret in the path is the credential, the limit is per
 * secret, and a secret that is not valid (404) counts as a failed authentication.
 * @throws the 429 problem if a limit is exceeded
 */
export async function answerPublic<T extends object>(
  operation: Operation,
  { rateLimiter }: Admission,
  request: Request,
  head: ResponseHead,
  answer: () => Promise<T>,
): Promise<T> {
  if (!isSecretPath(operation)) return answer();
  head.setHeader('Cache-Control', 'no-store');
  const { secret } = request.params;
  requireUnits(await rateLimiter.chargeCalendarFeed(String(secret), operation.cost.units, head));
  const outcome = await rateLimiter.check(request, answer);
  if ('code' in outcome && outcome.code === 'not-found') {
    requireUnits(await rateLimiter.chargeFailure(request, head));
  }
  return outcome;
}

/** Checks the lane of the path, the scope and the origin. @throws a 403 problem */
function authorize(operation: Operation, identity: Identity, request: Request, admission: Admission): void {
  const laneUser = request.params.user_id;
  if (laneUser !== undefined && laneUser !== identity.userId) throw new ProblemError('forbidden');
  if (operation.scope) requireScope(operation.scope, identity, admission);
  if (operation.isUserOnly && identity.clientId !== null) throw new ProblemError('user-required');
  // Browsers add cookies to requests of any site. Only the Origin header names the page that sent the request.
  if (
    operation.scope === 'write' &&
    identity.carrier === 'cookie' &&
    !isAllowedOrigin(request, admission.trustedOrigins)
  ) {
    throw new ProblemError('wrong-origin');
  }
}

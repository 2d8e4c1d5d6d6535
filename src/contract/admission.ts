/** Who may call an operation: limits, token, lane, scope, origin, in this order. */
import type { Request, Response } from 'express';
import type { Authenticator, Identity } from '../auth/authenticator';
import { isAllowedOrigin } from '../auth/origin';
import type { Scope } from '../auth/scopes';
import type { RateLimiter } from '../edge/rate-limit';
import { requestFacts } from '../observability/request-facts';
import type { Operation } from './contract';
import { ProblemError } from './problems';

/** What it takes to decide. */
export interface Admission {
  readonly authenticator: Authenticator;
  readonly rateLimiter: RateLimiter;
  /** Where pages may write from with a cookie; exact, as browsers send them. */
  readonly trustedOrigins: ReadonlySet<string>;
  /** The service's own address, without a slash at the end; known once it listens. */
  publicUrl(): string;
}

/** What a caller without a valid token is told (RFC 6750, section 3; RFC 9728, section 5.1). */
function challenge(publicUrl: string, error?: string): string {
  const metadata = `resource_metadata="${publicUrl}/.well-known/oauth-protected-resource"`;
  return ['Bearer realm="tasklane"', ...(error ? [error] : []), metadata].join(', ');
}

/** The 401 problem for a token that does not hold; only the log learns the reason. */
export function refuseToken({ publicUrl }: Admission, request: Request, reason: string): ProblemError {
  requestFacts(request).authentication = reason;
  return new ProblemError(
    'unauthorized',
    {},
    { 'WWW-Authenticate': challenge(publicUrl(), 'error="invalid_token"') },
  );
}

/** The caller. @throws a 401 problem (RFC 6750) for one that is not known, 503 where keys are out of reach. */
async function authenticate(admission: Admission, request: Request): Promise<Identity> {
  const result = await admission.authenticator.authenticate(request);
  const facts = requestFacts(request);
  switch (result.outcome) {
    case 'authenticated':
      facts.userId = result.identity.userId;
      return result.identity;
    case 'missing':
      throw new ProblemError('unauthorized', {}, { 'WWW-Authenticate': challenge(admission.publicUrl()) });
    case 'invalid':
      await admission.rateLimiter.countFailure(request);
      throw refuseToken(admission, request, result.reason);
    case 'unavailable':
      facts.authentication = result.reason;
      throw new ProblemError(
        'service-unavailable',
        { detail: 'What tokens are checked with is out of reach.' },
        { 'Retry-After': String(result.retryAfterSeconds) },
      );
  }
}

/** The caller, who may do this and has not done too much. @throws the 401, 403, 429 or 503 problem otherwise. */
export async function admit(
  operation: Operation,
  scope: Scope,
  admission: Admission,
  request: Request,
  response: Response,
): Promise<Identity> {
  // What is a user's is nobody else's to keep, an error about it included.
  response.setHeader('Cache-Control', 'no-store');
  if (!(await admission.rateLimiter.admitAddress(request, response))) throw new ProblemError('rate-limited');
  const identity = await authenticate(admission, request);
  authorize(operation, identity, request, admission);
  if (!(await admission.rateLimiter.admitUser(identity.userId, scope, request, response))) {
    throw new ProblemError('rate-limited');
  }
  return identity;
}

/**
 * Lets anyone call an operation that asks for no token; where its contract has 429, within the limit of their address.
 * @throws the 429 problem otherwise.
 */
export async function admitAnyone(
  operation: Operation,
  { rateLimiter }: Admission,
  request: Request,
  response: Response,
): Promise<void> {
  if (!operation.statuses.includes(429)) return;
  response.setHeader('Cache-Control', 'no-store');
  if (!(await rateLimiter.admitAddress(request, response))) throw new ProblemError('rate-limited');
}

/** Lets the caller do what the operation does, in the lane of the path. @throws a 403 problem otherwise. */
function authorize(
  operation: Operation,
  identity: Identity,
  request: Request,
  { trustedOrigins, publicUrl }: Admission,
): void {
  const laneUser = request.params.user_id;
  if (laneUser !== undefined && laneUser !== identity.userId) throw new ProblemError('forbidden');
  if (operation.scope && !identity.scopes.includes(operation.scope)) {
    const missing = `error="insufficient_scope", scope="tasklane:${operation.scope}"`;
    throw new ProblemError('insufficient-scope', {}, { 'WWW-Authenticate': challenge(publicUrl(), missing) });
  }
  // A browser adds a cookie to any site's request; only its Origin tells whose page sent it.
  if (
    operation.scope === 'write' &&
    identity.carrier === 'cookie' &&
    !isAllowedOrigin(request, trustedOrigins)
  ) {
    throw new ProblemError('wrong-origin');
  }
}

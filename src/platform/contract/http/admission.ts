/** Who may call an operation: token, limits, lane, scope, origin, in this order. */
import type { Request, Response } from 'express';
import type { Authenticator, Identity } from '../../auth/authenticator';
import { isAllowedOrigin } from '../../auth/origin';
import type { Scope } from '../../auth/scopes';
import type { RateLimiter } from '../../edge/rate-limit';
import { requestFacts } from '../../observability/request-facts';
import type { Operation } from '../document/contract';
import { ProblemError } from '../document/problems';

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

/** Refuses a request that is over a limit; the limiter has told which. */
function requireUnits(fit: boolean): void {
  if (!fit) throw new ProblemError('rate-limited');
}

/**
 * The caller. @throws a 401 problem (RFC 6750) for one that is not known, 429 where the address has sent too many of
 * these, 503 where keys are out of reach.
 */
async function authenticate(admission: Admission, request: Request, response: Response): Promise<Identity> {
  const { authenticator, rateLimiter, publicUrl } = admission;
  const result = await rateLimiter.check(request, () => authenticator.authenticate(request));
  const facts = requestFacts(request);
  switch (result.outcome) {
    case 'authenticated':
      facts.userId = result.identity.userId;
      return result.identity;
    case 'missing':
      requireUnits(await rateLimiter.takeOfAddress(request, response));
      throw new ProblemError('unauthorized', {}, { 'WWW-Authenticate': challenge(publicUrl()) });
    case 'invalid':
      facts.authentication = result.reason;
      requireUnits(await rateLimiter.takeOfFailures(request, response));
      throw refuseToken(admission, request, result.reason);
    case 'unavailable':
      facts.authentication = result.reason;
      throw new ProblemError(
        'service-unavailable',
        { detail: 'The keys for checking tokens are unreachable.' },
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
  const identity = await authenticate(admission, request, response);
  await charge(identity.userId, scope, operation.cost.units, admission, response);
  authorize(operation, identity, request, admission);
  return identity;
}

/** Takes units of a user. @throws the 429 problem where the user has too few left. */
export async function charge(
  userId: string,
  scope: Scope,
  units: number,
  { rateLimiter }: Pick<Admission, 'rateLimiter'>,
  response: Response,
): Promise<void> {
  if (units > 0) requireUnits(await rateLimiter.takeOfUser(userId, scope, units, response));
}

/** Whether an operation asks for no token and is limited: the secret in its path is the credential. */
function isSecretPath({ scope, statuses }: Operation): boolean {
  return scope === null && statuses.includes(429);
}

/**
 * Answers a caller whom nobody knows. Where a secret in the path is the credential, it is limited by that secret, and a
 * secret that opens nothing (404) counts as a failed authentication.
 * @throws the 429 problem over a limit
 */
export async function answerAnyone<T extends object>(
  operation: Operation,
  { rateLimiter }: Admission,
  request: Request,
  response: Response,
  answer: () => Promise<T>,
): Promise<T> {
  if (!isSecretPath(operation)) return answer();
  response.setHeader('Cache-Control', 'no-store');
  const { secret } = request.params;
  requireUnits(await rateLimiter.takeOfFeed(String(secret), operation.cost.units, response));
  const outcome = await rateLimiter.check(request, answer);
  if ('code' in outcome && outcome.code === 'not-found') {
    requireUnits(await rateLimiter.takeOfFailures(request, response));
  }
  return outcome;
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

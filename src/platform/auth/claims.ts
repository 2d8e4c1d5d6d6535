import type { JsonObject } from './json-object';
import { accept, type Result, refuse } from './result';
import { readScopes, type Scope } from './scopes';
import { isUserId } from './user-id';

/** The expected value of a token claim. `explicit` is false if the value is derived from BETTER_AUTH_URL. */
export interface ExpectedClaim {
  readonly value: string;
  readonly explicit: boolean;
}

export interface TimeRules {
  readonly maxLifetimeSeconds: number;
  readonly clockToleranceSeconds: number;
}

export interface ClaimRules extends TimeRules {
  readonly issuer: ExpectedClaim | null;
  readonly audience: ExpectedClaim | null;
  readonly userIdClaim: string;
  readonly readOnlyRoles: readonly string[];
}

/** Times in seconds since 1970. `issuedAt` is null if the token has no `iat`. */
export interface TokenTimes {
  readonly issuedAt: number | null;
  readonly expiresAt: number;
}

export interface TokenSubject extends TokenTimes {
  readonly userId: string;
  /** The client that uses the token for the user; null if the token names none. */
  readonly clientId: string | null;
  readonly scopes: readonly Scope[];
}

/**
 * Checks the claims of a bearer token whose signature is valid (RFC 7519 section 4.1). Tokens signed by a key set
 * must have `iss` and `aud`, because a key set also signs for other audiences. Tokens signed with a secret must have
 * them only if the expected value is explicit. In both cases a wrong value is refused.
 * @param nowSeconds since 1970
 */
export function readBearerClaims(
  claims: JsonObject,
  rules: ClaimRules,
  signedBy: 'secret' | 'key-set',
  nowSeconds: number,
): Result<TokenSubject> {
  const times = readTimes(claims, rules, nowSeconds);
  if (!times.ok) return times;

  const isRequired = (expected: ExpectedClaim | null) =>
    signedBy === 'key-set' || expected?.explicit === true;
  const issuer = claims.iss;
  if (issuer === undefined ? isRequired(rules.issuer) : !issuerMatches(issuer, rules.issuer)) {
    return refuse('issuer');
  }
  const audience = claims.aud;
  if (audience !== undefined && rules.audience === null) return refuse('audience-not-configured');
  if (
    audience === undefined
      ? isRequired(rules.audience)
      : !audienceIncludes(audience, rules.audience?.value ?? null)
  ) {
    return refuse('audience');
  }

  const userId = claims[rules.userIdClaim];
  if (!isUserId(userId)) return refuse('user-id');
  const scopes = readScopes(claims, rules.readOnlyRoles);
  if (!scopes.ok) return scopes;
  const clientId = readClientId(claims);
  if (!clientId.ok) return clientId;
  return accept({ ...times.value, userId, clientId: clientId.value, scopes: scopes.value });
}

/** Letters that a client id can have (RFC 6749, appendix A.1). */
const clientIdForm = /^[\x20-\x7e]{1,255}$/;

/** The client of a token: `client_id` (RFC 9068, RFC 8693) or `azp` (OpenID Connect); null if it has neither. */
function readClientId({ client_id, azp = null }: JsonObject): Result<string | null> {
  const id = client_id ?? azp;
  if (id === null) return accept(null);
  return typeof id === 'string' && clientIdForm.test(id) ? accept(id) : refuse('client-claim');
}

/** The rules for tokens that are issued for one resource of the service. */
export interface ResourceRules extends ClaimRules {
  /** The identifier of the resource, its URL (RFC 8707 section 2). */
  readonly resource: string;
  /** The issuer of these tokens: the issuer of the authorization server (RFC 8414). */
  readonly authorizationServer: ExpectedClaim | null;
}

/**
 * Checks the claims of an access token for one resource. It must have `aud` with the exact identifier of the resource,
 * and no scope is implied: a token without `scope` grants none. A token that is also for the service itself is refused,
 * so that no token is valid for both.
 * @param nowSeconds since 1970
 */
export function readResourceClaims(
  claims: JsonObject,
  rules: ResourceRules,
  signedBy: 'secret' | 'key-set',
  nowSeconds: number,
): Result<TokenSubject> {
  const { resource, authorizationServer, audience } = rules;
  if (audience !== null && audienceIncludes(claims.aud, audience.value)) return refuse('audience');
  const own = { ...rules, issuer: authorizationServer, audience: { value: resource, explicit: true } };
  return readBearerClaims({ ...claims, scope: claims.scope ?? '' }, own, signedBy, nowSeconds);
}

/**
 * Checks `exp`, `nbf` and `iat`. Each must be a finite number of seconds: JSON reads `1e400` as Infinity, which jose
 * accepts. `exp` is required. A lifetime above the maximum is refused, counted both from `iat` and from now.
 */
export function readTimes(claims: JsonObject, rules: TimeRules, nowSeconds: number): Result<TokenTimes> {
  const { clockToleranceSeconds: tolerance, maxLifetimeSeconds: maximum } = rules;
  const expiresAt = claims.exp;
  const notBefore = claims.nbf;
  const issuedAt = claims.iat;
  if (!isFiniteNumber(expiresAt)) return refuse('expiry-claim');
  if (notBefore !== undefined && !isFiniteNumber(notBefore)) return refuse('time-claim');
  if (issuedAt !== undefined && !isFiniteNumber(issuedAt)) return refuse('time-claim');

  if (expiresAt <= nowSeconds - tolerance) return refuse('expired');
  if (notBefore !== undefined && notBefore > nowSeconds + tolerance) return refuse('not-yet-valid');
  if (issuedAt !== undefined && issuedAt > nowSeconds + tolerance) return refuse('issued-in-future');
  if (issuedAt !== undefined && expiresAt - issuedAt > maximum) return refuse('lifetime');
  if (expiresAt - nowSeconds > maximum + tolerance) return refuse('lifetime');
  return accept({ issuedAt: issuedAt ?? null, expiresAt });
}

/** Whether `audience`, a string or an array of strings (RFC 7519 section 4.1.3), includes `expected`. */
export function audienceIncludes(audience: unknown, expected: string | null): boolean {
  const names: unknown[] = Array.isArray(audience) ? audience : [audience];
  return names.every((name) => typeof name === 'string') && names.some((name) => name === expected);
}

function issuerMatches(issuer: unknown, expected: ExpectedClaim | null): boolean {
  return typeof issuer === 'string' && (expected === null || issuer === expected.value);
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

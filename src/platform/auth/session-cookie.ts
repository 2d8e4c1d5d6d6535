import { audienceIncludes, readTimes, type TimeRules, type TokenSubject } from './claims';
import { isJsonObject, type JsonObject } from './json-object';
import { accept, type Result, refuse } from './result';
import { readScopes } from './scopes';
import { isUserId } from './user-id';

/** `typ` of the session cookie that Better Auth's jwt plugin signs (better-auth 1.7.7, `sessionCookieCache`). */
export const KEY_SET_COOKIE_TYPE = 'better-auth.session-cache+jwt';
const KEY_SET_COOKIE_AUDIENCE = 'better-auth:session-cache';
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

export interface CookieRules extends TimeRules {
  readonly cookieIssuer: string | null;
  readonly readOnlyRoles: readonly string[];
}

/**
 * Checks the claims of a session cookie whose signature is valid. The session must belong to the user, and cookie and
 * session must not have expired. A cookie signed by the key set also names its audience and subject, which must
 * match. A cookie signed with the secret must not have such claims, because then it is another kind of token.
 * @param nowSeconds since 1970
 */
export function readCookieClaims(
  claims: JsonObject,
  rules: CookieRules,
  signedBy: 'secret' | 'key-set',
  nowSeconds: number,
): Result<TokenSubject> {
  const times = readTimes(claims, rules, nowSeconds);
  if (!times.ok) return times;
  const session = claims.session;
  const user = claims.user;
  if (!isJsonObject(session) || !isJsonObject(user)) return refuse('cookie-claims');
  const userId = user.id;
  if (!isUserId(userId) || session.userId !== userId) return refuse('user-id');

  const sessionEnd = readInstant(session.expiresAt);
  if (sessionEnd === null) return refuse('cookie-claims');
  if (sessionEnd <= nowSeconds) return refuse('session-expired');

  const matchesForm =
    signedBy === 'key-set' ? matchesKeySetForm(claims, session, userId, rules) : matchesSecretForm(claims);
  if (!matchesForm) return refuse('cookie-claims');
  const scopes = readScopes({ role: user.role }, rules.readOnlyRoles);
  if (!scopes.ok) return scopes;
  const expiresAt = Math.min(times.value.expiresAt, sessionEnd);
  return accept({ userId, clientId: null, issuedAt: times.value.issuedAt, expiresAt, scopes: scopes.value });
}

function matchesKeySetForm(
  claims: JsonObject,
  session: JsonObject,
  userId: string,
  rules: CookieRules,
): boolean {
  const sid = claims.sid;
  return (
    claims.sub === userId &&
    typeof sid === 'string' &&
    sid === session.token &&
    claims.iss === rules.cookieIssuer &&
    audienceIncludes(claims.aud, KEY_SET_COOKIE_AUDIENCE)
  );
}

function matchesSecretForm(claims: JsonObject): boolean {
  return ['iss', 'aud', 'sub'].every((name) => claims[name] === undefined);
}

/** Seconds since 1970; null unless `value` is an instant in the form of JSON.stringify for a Date. */
function readInstant(value: unknown): number | null {
  const milliseconds = typeof value === 'string' && INSTANT.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isFinite(milliseconds) ? milliseconds / 1000 : null;
}

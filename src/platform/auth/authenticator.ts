import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { AuthConfig } from './config';
import { readCookie } from './cookies';
import { type Credential, readCredential } from './credential';
import { type Authentication, identify } from './identity';
import { accept } from './result';
import { createSessionTable, type Query, type SessionTable } from './session-table';
import { createTokenVerifier, type TokenVerifier } from './token-verifier';

export type { AuthConfig } from './config';
export type { Authentication, Identity } from './identity';
export type { RefusalReason } from './result';
export type { Scope } from './scopes';
export type { Query } from './session-table';

export interface Authenticator extends Pick<TokenVerifier, 'warmUp' | 'sizes' | 'keySet' | 'close'> {
  /**
   * Identifies the sender of a request by its headers. Never rejects for an invalid request.
   * @param resource the resource for which the token must have been issued (RFC 8707), if it is not the service itself
   */
  authenticate(request: IncomingMessage, resource?: string): Promise<Authentication>;
}

export interface AuthenticatorOptions {
  /** Runs a statement on Better Auth's database. The source `session` needs it. */
  readonly query?: Query | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
  /** A monotonic clock in milliseconds, for the age of the key set. */
  readonly monotonicNow?: (() => number) | undefined;
}

const DATABASE_RETRY_SECONDS = 5;

/** Makes the authenticator for the configured sources. @throws if the source `session` lacks `query` */
export function createAuthenticator(
  config: AuthConfig,
  log: Pick<Logger, 'info' | 'warn' | 'error'>,
  { query, now = () => Date.now(), monotonicNow = () => performance.now() }: AuthenticatorOptions = {},
): Authenticator {
  const tokens = createTokenVerifier({ config, log, now, monotonicNow });
  const sessions = config.sources.includes('session') ? openSessionTable(config, query) : null;
  const cookieNames = readCookieNames(config);
  const findCookie = (header: string) => readCookie(header, cookieNames);

  async function authenticate(request: IncomingMessage, resource?: string): Promise<Authentication> {
    const credential = readCredential(request, resource === undefined ? findCookie : ignoreCookies);
    if (!credential.ok) return { outcome: 'invalid', reason: credential.reason };
    if (credential.value === null) return { outcome: 'missing' };
    // Only a token names the resource for which it was issued.
    if (resource !== undefined) return tokens.verify(credential.value, resource);
    return sessions !== null && isSessionToken(credential.value.text)
      ? await findSession(sessions, credential.value)
      : await tokens.verify(credential.value);
  }

  async function findSession(table: SessionTable, { carrier, text }: Credential): Promise<Authentication> {
    const nowSeconds = now() / 1000;
    try {
      const subject = await table.find(text, carrier, nowSeconds);
      return subject.ok
        ? {
            outcome: 'authenticated',
            identity: identify(subject.value, { source: 'session', carrier }, config, nowSeconds),
          }
        : { outcome: 'invalid', reason: subject.reason };
    } catch (error) {
      // The error itself is not logged: its message can contain the statement's values, such as the token.
      const { name, code } = error as Error & { code?: string };
      log.error({ name, code }, 'session table: unreachable');
      const reason = 'the session table is unreachable';
      return { outcome: 'unavailable', retryAfterSeconds: DATABASE_RETRY_SECONDS, reason };
    }
  }

  return { ...tokens, authenticate };
}

const ignoreCookies = () => accept(null);

/** A session token contains at most one dot, a JWT exactly two. */
function isSessionToken(text: string): boolean {
  return text.split('.', 3).length < 3;
}

function openSessionTable(config: AuthConfig, query: Query | undefined): SessionTable {
  if (query === undefined) throw new Error('The session source needs a query function.');
  return createSessionTable({ ...config, query });
}

/** The names of the cookies that may identify a caller; empty if no source reads cookies. */
function readCookieNames({ sources, cookiePrefixes }: AuthConfig): string[] {
  const cookie = sources.includes('session')
    ? 'session_token'
    : sources.some((source) => source.endsWith('-cookie'))
      ? 'session_data'
      : null;
  return cookie === null ? [] : cookiePrefixes.map((prefix) => `${prefix}.${cookie}`);
}

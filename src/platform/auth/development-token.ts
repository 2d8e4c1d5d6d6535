import { SignJWT } from 'jose';
import type { AuthConfig } from './config';

export interface DevelopmentTokenOptions {
  readonly userId: string;
  /** Seconds until it expires; by default one hour. */
  readonly lifetimeSeconds?: number | undefined;
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  /** The resource for which the token is issued (RFC 8707), such as `http://localhost:3000/mcp`; by default the service. */
  readonly resource?: string | undefined;
  /** The client that acts for the user with it (RFC 9068); by default none. */
  readonly clientId?: string | undefined;
  /** The scopes that it grants, separated by spaces; by default all, or none for a resource. */
  readonly scope?: string | undefined;
}

/** The secret for development tokens; null if the configuration requires token claims that they do not have. */
export function developmentKey(config: AuthConfig): string | null {
  const plain = config.issuer === null && config.audience === null && config.userIdClaim === 'sub';
  return (plain && config.sources.includes('secret') && config.secrets[0]) || null;
}

/** Signs a token like those of Better Auth, with the shared secret (HS256). For development and tests. */
export function signDevelopmentToken(secret: string, options: DevelopmentTokenOptions): Promise<string> {
  const { userId, lifetimeSeconds = 3600, email, name, resource, clientId, scope } = options;
  const now = Math.floor(Date.now() / 1000);
  const claims = Object.entries({ email, name, scope, aud: resource, client_id: clientId });
  return new SignJWT(Object.fromEntries(claims.filter(([, value]) => value !== undefined)))
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(userId)
    .setIssuedAt(now)
    .setExpirationTime(now + lifetimeSeconds)
    .sign(new TextEncoder().encode(secret));
}

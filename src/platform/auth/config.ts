import type { ExpectedClaim } from './claims';

/**
 * The sources of identities. `secret` and `key-set`: bearer tokens, signed with the shared secret or a key of the key
 * set. `secret-cookie` and `key-set-cookie`: Better Auth's session-cookie cache, a JWT that is signed in the same two
 * ways. `session`: the opaque session token, looked up in Better Auth's `session` table.
 */
export const AUTH_SOURCES = ['secret', 'key-set', 'secret-cookie', 'key-set-cookie', 'session'] as const;
export type AuthSource = (typeof AUTH_SOURCES)[number];

export interface AuthConfig {
  readonly sources: readonly AuthSource[];
  /** Each secret's UTF-8 text is a key. The first is the current one. */
  readonly secrets: readonly string[];
  readonly keySetUrl: string | null;
  readonly issuer: ExpectedClaim | null;
  readonly audience: ExpectedClaim | null;
  /** The issuer of access tokens for `/mcp`. Better Auth's OAuth provider names itself by the URL of its endpoints. */
  readonly authorizationServer: ExpectedClaim | null;
  /**
   * The issuer of session cookies that are signed by the key set. Better Auth's option `jwt.issuer` does not change
   * it.
   */
  readonly cookieIssuer: string | null;
  readonly userIdClaim: string;
  readonly readOnlyRoles: readonly string[];
  readonly maxLifetimeSeconds: number;
  readonly clockToleranceSeconds: number;
  /** The prefixes of the cookie names `.session_data` and `.session_token`, in order of preference. */
  readonly cookiePrefixes: readonly string[];
  readonly tables: { readonly schema: string; readonly session: string; readonly user: string };
}

export interface ParsedAuthConfig {
  /** Null if there are errors. */
  readonly config: AuthConfig | null;
  /** Each a sentence that names the variable to change. */
  readonly errors: readonly string[];
  /** Notices for the operator that are not errors. */
  readonly notices: readonly string[];
}

/**
 * Thirty days. Better Auth's own tokens live for 5 to 15 minutes, tokens made by hand often for 7 or 30 days. None
 * can be revoked.
 */
const DEFAULT_MAX_LIFETIME_SECONDS = 30 * 24 * 60 * 60;
const DEFAULT_CLOCK_TOLERANCE_SECONDS = 5;
const MIN_SECRET_BYTES = 32;
const MIN_SECRET_CHARACTERS = 8;

/**
 * Secrets that are published in documentation or source code and are long enough to be accepted. The first is Better
 * Auth's fallback.
 */
const PUBLIC_SECRETS = new Set([
  'better-auth-secret-12345678901234567890',
  'better-auth-secret-that-is-long-enough-for-validation-test',
  'a-string-secret-at-least-256-bits-long',
  'a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long',
  'your-super-secret-key-change-this-in-production',
  'your-secret-key-change-this-in-production',
  'your-super-secret-jwt-token-with-at-least-32-characters-long',
  'super-secret-jwt-token-with-at-least-32-characters-long',
  'this-is-a-secret-key-that-is-at-least-32-characters-long',
  '0123456789abcdef0123456789abcdef',
  'abcdefghijklmnopqrstuvwxyz123456',
  '12345678901234567890123456789012',
]);

/** Token claims that do not identify a user permanently. */
const NOT_AN_IDENTIFIER = new Set([
  ...['aud', 'email', 'emailVerified', 'email_verified', 'exp', 'iat', 'image', 'iss', 'jti', 'name', 'nbf'],
  ...['phoneNumber', 'role', 'scope', 'session', 'sid', 'typ', 'user'],
]);

/** Reads the names of Better Auth's tables, and the token claim with the user's id; needs no secret and no URL. */
export function readAccountNames(env: NodeJS.ProcessEnv): Pick<AuthConfig, 'userIdClaim' | 'tables'> {
  return {
    userIdClaim: env.AUTH_USER_ID_CLAIM || 'sub',
    tables: {
      schema: env.AUTH_SCHEMA || 'public',
      session: env.AUTH_SESSION_TABLE || 'session',
      user: readUserTable(env.AUTH_USER_TABLE || null),
    },
  };
}

/**
 * Reads how callers are identified from the environment, and reports all errors at once.
 * @param developmentSecret creates the secret, of at least 32 bytes, for development without a configured source
 */
export function parseAuthConfig(
  env: NodeJS.ProcessEnv,
  { production, developmentSecret }: { production: boolean; developmentSecret?: () => string },
): ParsedAuthConfig {
  const errors: string[] = [];
  const notices: string[] = [];
  const text = (name: string) => env[name] || null;

  const server = readServerUrl(text('BETTER_AUTH_URL'), errors);
  const keySetUrl = readKeySetUrl(text('AUTH_JWKS_URL'), errors) ?? server?.keySetUrl ?? null;
  const secrets = readSecrets(env, errors);
  const hasKeySet = text('BETTER_AUTH_URL') !== null || text('AUTH_JWKS_URL') !== null;
  const hasSecrets = text('BETTER_AUTH_SECRET') !== null || text('BETTER_AUTH_SECRETS') !== null;
  const named = readSources(text('AUTH_SOURCES'), errors);
  const sources = named ?? (hasKeySet ? ['key-set'] : hasSecrets ? ['secret'] : []);

  const issuer = readExpectedClaim(text('AUTH_ISSUER'), server?.origin);
  const audience = readExpectedClaim(text('AUTH_AUDIENCE'), server?.origin);
  const { userIdClaim, tables } = readAccountNames(env);
  if (NOT_AN_IDENTIFIER.has(userIdClaim)) {
    errors.push(
      `AUTH_USER_ID_CLAIM must name a token claim that identifies a user permanently, such as sub or id; ${userIdClaim} does not.`,
    );
  }

  const uses = (...wanted: AuthSource[]) => wanted.some((source) => sources.includes(source));
  if (uses('secret', 'secret-cookie', 'session') && !hasSecrets) {
    errors.push(
      `AUTH_SOURCES names ${sources.join(',')}, which requires the secret of the Better Auth server: set BETTER_AUTH_SECRET.`,
    );
  }
  if (uses('key-set', 'key-set-cookie') && !hasKeySet) {
    errors.push(
      `AUTH_SOURCES names ${sources.join(',')}, which requires a key set: set BETTER_AUTH_URL or AUTH_JWKS_URL.`,
    );
  }
  if (uses('key-set', 'key-set-cookie') && hasKeySet && text('BETTER_AUTH_URL') === null) {
    for (const [name, claim] of Object.entries({ AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience })) {
      if (claim === null) {
        errors.push(
          `${name} must be set if AUTH_JWKS_URL is set without BETTER_AUTH_URL: the keys may also sign tokens for other services.`,
        );
      }
    }
  }
  if (uses('session') && uses('secret-cookie', 'key-set-cookie')) {
    errors.push(
      'AUTH_SOURCES must not name session together with a cookie cache, which stays valid after its session is revoked.',
    );
  }
  if (uses('secret-cookie', 'key-set-cookie', 'session') && userIdClaim !== 'sub' && userIdClaim !== 'id') {
    errors.push(
      'AUTH_USER_ID_CLAIM must be sub or id if AUTH_SOURCES names session or a cookie cache: they identify users by their id.',
    );
  }

  const config: AuthConfig = {
    sources,
    secrets,
    keySetUrl: uses('key-set', 'key-set-cookie') ? keySetUrl : null,
    issuer,
    audience,
    authorizationServer: readExpectedClaim(text('AUTH_ISSUER'), server?.url),
    cookieIssuer: server?.origin ?? issuer?.value ?? null,
    userIdClaim,
    readOnlyRoles: readList(text('AUTH_READ_ONLY_ROLES') ?? 'read-only'),
    maxLifetimeSeconds: readWholeNumber(
      env,
      'AUTH_MAX_LIFETIME_SECONDS',
      { least: 60, most: 10 * 366 * 24 * 60 * 60, otherwise: DEFAULT_MAX_LIFETIME_SECONDS },
      errors,
    ),
    clockToleranceSeconds: readWholeNumber(
      env,
      'AUTH_CLOCK_TOLERANCE_SECONDS',
      { least: 0, most: 60, otherwise: DEFAULT_CLOCK_TOLERANCE_SECONDS },
      errors,
    ),
    cookiePrefixes: readCookiePrefixes(text('AUTH_COOKIE_PREFIX'), { production, server }, errors),
    tables,
  };
  if (errors.length > 0) return { config: null, errors, notices };

  if (sources.length > 1) {
    notices.push(
      `Identities come from several sources (${sources.join(', ')}): the same user id means the same user in all of them.`,
    );
  }
  if (named === null && hasSecrets && hasKeySet) {
    notices.push(
      'BETTER_AUTH_SECRET is ignored because a key set is configured. To accept HS256 tokens too, name secret in AUTH_SOURCES.',
    );
  }
  if (sources.length > 0) return { config, errors, notices };

  if (production || developmentSecret === undefined) {
    const error =
      'No source of identities is configured: set BETTER_AUTH_URL to the Better Auth server, or BETTER_AUTH_SECRET to its secret.';
    return { config: null, errors: [error], notices };
  }
  notices.push(
    'No source of identities is configured: tokens signed with the development secret are accepted.',
  );
  return { config: { ...config, sources: ['secret'], secrets: [developmentSecret()] }, errors, notices };
}

interface Server {
  readonly origin: string;
  /** The URL of its endpoints. */
  readonly url: string;
  readonly keySetUrl: string;
}

/**
 * Derives settings from the base URL of the Better Auth server. The issuer and audience of its tokens are the URL's
 * origin. Its endpoints are below `/api/auth` unless the URL has a path (better-auth 1.7.7, `getBaseURL`).
 */
function readServerUrl(text: string | null, errors: string[]): Server | null {
  const url = text === null ? null : readSecureUrl('BETTER_AUTH_URL', text, errors);
  if (url === null) return null;
  const [path = '/api/auth'] = /^\/.*[^/]/.exec(url.pathname) ?? [];
  return { origin: url.origin, url: `${url.origin}${path}`, keySetUrl: `${url.origin}${path}/jwks` };
}

function readKeySetUrl(text: string | null, errors: string[]): string | null {
  return (text === null ? null : readSecureUrl('AUTH_JWKS_URL', text, errors))?.href ?? null;
}

function readSecureUrl(name: string, text: string, errors: string[]): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isSecure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (url !== null && isSecure && url.username === '' && url.password === '') return url;
  errors.push(`${name} must be an https URL (or http on localhost) without credentials.`);
  return null;
}

/** Whether a URL's host name is this machine. The URL parser has normalized IPv4 addresses. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/**
 * Reads the secrets: those of BETTER_AUTH_SECRETS, in Better Auth's form for rotation (`2:new,1:old`), and
 * BETTER_AUTH_SECRET, which is one secret even if it contains a comma.
 */
function readSecrets(env: NodeJS.ProcessEnv, errors: string[]): string[] {
  const secrets: string[] = [];
  for (const entry of env.BETTER_AUTH_SECRETS ? env.BETTER_AUTH_SECRETS.split(',') : []) {
    const secret = /^\s*\d+:(.+)$/s.exec(entry)?.[1]?.trim();
    if (secret) secrets.push(checkSecret('BETTER_AUTH_SECRETS', secret, errors));
    else errors.push('BETTER_AUTH_SECRETS must be a list of <version>:<secret>, separated by commas.');
  }
  if (env.BETTER_AUTH_SECRET) {
    secrets.push(checkSecret('BETTER_AUTH_SECRET', env.BETTER_AUTH_SECRET, errors));
  }
  return [...new Set(secrets)];
}

function checkSecret(name: string, secret: string, errors: string[]): string {
  const bytes = Buffer.byteLength(secret);
  if (bytes < MIN_SECRET_BYTES) {
    errors.push(`${name} must have at least ${MIN_SECRET_BYTES} bytes; it has ${bytes}.`);
  } else if (PUBLIC_SECRETS.has(secret)) {
    errors.push(`${name} is a value that is published in documentation or source code; generate your own.`);
  } else if (new Set(secret).size < MIN_SECRET_CHARACTERS) {
    errors.push(
      `${name} consists of very few different characters, so it can be guessed; generate a random one.`,
    );
  }
  return secret;
}

function readSources(text: string | null, errors: string[]): AuthSource[] | null {
  if (text === null) return null;
  const names = readList(text);
  const sources = AUTH_SOURCES.filter((source) => names.includes(source));
  if (names.length === 0 || names.some((name) => !AUTH_SOURCES.some((source) => source === name))) {
    errors.push(`AUTH_SOURCES must be a list of ${AUTH_SOURCES.join(', ')}, separated by commas.`);
  }
  return sources;
}

function readExpectedClaim(explicit: string | null, derived: string | undefined): ExpectedClaim | null {
  if (explicit !== null) return { value: explicit, explicit: true };
  return derived === undefined ? null : { value: derived, explicit: false };
}

/**
 * Cookie names without `__Secure-` are accepted only if Better Auth sets them: outside production, or if its server
 * does not use https.
 */
function readCookiePrefixes(
  text: string | null,
  { production, server }: { production: boolean; server: Server | null },
  errors: string[],
): string[] {
  const prefix = text ?? 'better-auth';
  if (!/^[\w-]+(\.[\w-]+)*$/.test(prefix) || prefix.startsWith('__')) {
    errors.push(
      'AUTH_COOKIE_PREFIX must be the cookiePrefix of the Better Auth server, such as better-auth.',
    );
  }
  const isPlain = server === null ? !production : server.origin.startsWith('http:');
  return isPlain ? [`__Secure-${prefix}`, prefix] : [`__Secure-${prefix}`];
}

/** AUTH_USER_TABLE can also be `auto` or `off`. They set whether accounts are linked, and are not names of tables. */
function readUserTable(text: string | null): string {
  return text === null || text === 'auto' || text === 'off' ? 'user' : text;
}

function readWholeNumber(
  env: NodeJS.ProcessEnv,
  name: string,
  { least, most, otherwise }: { least: number; most: number; otherwise: number },
  errors: string[],
): number {
  const text = env[name];
  if (!text) return otherwise;
  const number = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  errors.push(`${name} must be a whole number of seconds from ${least} to ${most}.`);
  return otherwise;
}

function readList(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

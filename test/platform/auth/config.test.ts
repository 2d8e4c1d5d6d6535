import { parseAuthConfig } from '../../../src/platform/auth/config';

const SECRET = 'Pq7tB2mX9vKcR4wLz8sDfG6hJ1nY3aEu';
const OLD_SECRET = 'rW5yN8pQ2tV6xZ9bC3dF7gH1jK4mL0aS';
const URL = 'https://app.example.com';

const parse = (env: NodeJS.ProcessEnv, production = true) => parseAuthConfig(env, { production });

describe('a Better Auth server with default settings', () => {
  test('BETTER_AUTH_URL is enough', () => {
    expect(parse({ BETTER_AUTH_URL: URL })).toEqual({
      errors: [],
      notices: [],
      config: {
        sources: ['key-set'],
        secrets: [],
        keySetUrl: `${URL}/api/auth/jwks`,
        issuer: { value: URL, explicit: false },
        audience: { value: URL, explicit: false },
        authorizationServer: { value: `${URL}/api/auth`, explicit: false },
        cookieIssuer: URL,
        userIdClaim: 'sub',
        readOnlyRoles: ['read-only'],
        maxLifetimeSeconds: 30 * 24 * 60 * 60,
        clockToleranceSeconds: 5,
        cookiePrefixes: ['__Secure-better-auth'],
        tables: { schema: 'public', session: 'session', user: 'user' },
      },
    });
  });

  test('BETTER_AUTH_SECRET is enough', () => {
    expect(parse({ BETTER_AUTH_SECRET: SECRET })).toMatchObject({
      errors: [],
      notices: [],
      config: { sources: ['secret'], secrets: [SECRET], keySetUrl: null, issuer: null, audience: null },
    });
  });

  test('with BETTER_AUTH_URL the secret is ignored, and a notice says so', () => {
    const { config, notices } = parse({ BETTER_AUTH_URL: URL, BETTER_AUTH_SECRET: SECRET });
    expect(config?.sources).toEqual(['key-set']);
    expect(notices).toEqual([expect.stringContaining('BETTER_AUTH_SECRET is ignored')]);
  });

  test('several sources can be named, and a warning says so', () => {
    const { config, notices } = parse({
      BETTER_AUTH_URL: URL,
      BETTER_AUTH_SECRET: SECRET,
      AUTH_SOURCES: 'key-set, secret',
    });
    expect(config?.sources).toEqual(['secret', 'key-set']);
    expect(notices).toEqual([expect.stringContaining('the same user id means the same user')]);
  });

  test.each([
    ['https://app.example.com/', 'https://app.example.com/api/auth/jwks'],
    ['https://APP.example.com:443', 'https://app.example.com/api/auth/jwks'],
    ['https://app.example.com/auth', 'https://app.example.com/auth/jwks'],
    ['https://app.example.com/custom/auth/', 'https://app.example.com/custom/auth/jwks'],
    ['https://app.example.com/?a=1#b', 'https://app.example.com/api/auth/jwks'],
  ])('%s: its key set is at %s', (url, keySetUrl) => {
    expect(parse({ BETTER_AUTH_URL: url }).config).toMatchObject({ keySetUrl, issuer: { value: URL } });
  });

  test.each(['http://localhost:3000', 'http://127.0.0.1:3000', 'http://127.9.9.9', 'http://[::1]:3000'])(
    '%s is accepted without TLS',
    (url) => {
      expect(parse({ BETTER_AUTH_URL: url }).config?.keySetUrl).toBe(`${url}/api/auth/jwks`);
    },
  );

  test('each derived value can be set', () => {
    const { config } = parse({
      BETTER_AUTH_URL: URL,
      AUTH_JWKS_URL: 'https://keys.example.com/set?v=1',
      AUTH_ISSUER: 'issuer',
      AUTH_AUDIENCE: 'audience',
      AUTH_USER_ID_CLAIM: 'id',
      AUTH_COOKIE_PREFIX: 'my-app',
      AUTH_READ_ONLY_ROLES: 'guest, auditor',
      AUTH_MAX_LIFETIME_SECONDS: '3600',
      AUTH_CLOCK_TOLERANCE_SECONDS: '0',
      AUTH_SCHEMA: 'auth',
      AUTH_SESSION_TABLE: 'sessions',
      AUTH_USER_TABLE: 'users',
    });
    expect(config).toMatchObject({
      keySetUrl: 'https://keys.example.com/set?v=1',
      issuer: { value: 'issuer', explicit: true },
      audience: { value: 'audience', explicit: true },
      cookieIssuer: URL,
      userIdClaim: 'id',
      cookiePrefixes: ['__Secure-my-app'],
      readOnlyRoles: ['guest', 'auditor'],
      maxLifetimeSeconds: 3600,
      clockToleranceSeconds: 0,
      tables: { schema: 'auth', session: 'sessions', user: 'users' },
    });
  });

  test('an empty variable counts as unset', () => {
    const empty = Object.fromEntries(
      ['BETTER_AUTH_SECRETS', 'AUTH_SOURCES', 'AUTH_JWKS_URL', 'AUTH_ISSUER', 'AUTH_AUDIENCE'].map((name) => [
        name,
        '',
      ]),
    );
    expect(parse({ ...empty, BETTER_AUTH_SECRET: SECRET })).toEqual(parse({ BETTER_AUTH_SECRET: SECRET }));
  });

  test.each(['auto', 'off'])('AUTH_USER_TABLE=%s keeps the name of the table', (value) => {
    expect(parse({ BETTER_AUTH_URL: URL, AUTH_USER_TABLE: value }).config?.tables.user).toBe('user');
  });
});

describe('rotation', () => {
  test("Better Auth's list of secrets and the single secret are both used", () => {
    const { config } = parse({
      BETTER_AUTH_SECRETS: `2:${SECRET}, 1: ${OLD_SECRET} `,
      BETTER_AUTH_SECRET: SECRET,
    });
    expect(config?.secrets).toEqual([SECRET, OLD_SECRET]);
  });

  test('BETTER_AUTH_SECRET is one secret, even if it contains commas', () => {
    const secret = `${SECRET},${OLD_SECRET}`;
    expect(parse({ BETTER_AUTH_SECRET: secret }).config?.secrets).toEqual([secret]);
  });

  test.each([SECRET, `one:${SECRET}`, '1:', `1:${SECRET},`, `-1:${SECRET}`])(
    '%j is not a list of secrets',
    (list) => {
      const { config, errors } = parse({ BETTER_AUTH_SECRETS: list });
      expect(config).toBeNull();
      expect(errors).toEqual([
        'BETTER_AUTH_SECRETS must be a list of <version>:<secret>, separated by commas.',
      ]);
    },
  );
});

describe('cookies', () => {
  test.each([
    ['production, no server', {}, true, ['__Secure-better-auth']],
    ['development, no server', {}, false, ['__Secure-better-auth', 'better-auth']],
    ['a server on https', { BETTER_AUTH_URL: URL }, false, ['__Secure-better-auth']],
    [
      'a server on localhost',
      { BETTER_AUTH_URL: 'http://localhost:3000' },
      true,
      ['__Secure-better-auth', 'better-auth'],
    ],
  ])('%s', (_, env, production, prefixes) => {
    const { config } = parse(
      { BETTER_AUTH_SECRET: SECRET, AUTH_SOURCES: 'secret-cookie', ...env },
      production,
    );
    expect(config?.cookiePrefixes).toEqual(prefixes);
  });
});

describe('the development secret', () => {
  test('is used if no source is configured', () => {
    const { config, notices } = parseAuthConfig({}, { production: false, developmentSecret: () => SECRET });
    expect(config).toMatchObject({ sources: ['secret'], secrets: [SECRET] });
    expect(notices).toEqual([expect.stringContaining('development secret')]);
  });

  test('is not used if a source is configured', () => {
    const { config } = parseAuthConfig(
      { BETTER_AUTH_URL: URL },
      { production: false, developmentSecret: () => SECRET },
    );
    expect(config).toMatchObject({ sources: ['key-set'], secrets: [] });
  });

  test('is never used in production', () => {
    const { config, errors } = parseAuthConfig({}, { production: true, developmentSecret: () => SECRET });
    expect(config).toBeNull();
    expect(errors).toEqual([expect.stringMatching(/: set BETTER_AUTH_URL .* or BETTER_AUTH_SECRET /)]);
  });
});

describe('errors', () => {
  const cases: [string, NodeJS.ProcessEnv, RegExp][] = [
    ['no source', {}, /BETTER_AUTH_URL/],
    [
      'a short secret',
      { BETTER_AUTH_SECRET: 'x'.repeat(31) },
      /^BETTER_AUTH_SECRET must have at least 32 bytes; it has 31/,
    ],
    [
      'a short secret in the list',
      { BETTER_AUTH_SECRETS: '1:short' },
      /^BETTER_AUTH_SECRETS must have at least 32/,
    ],
    [
      'the fallback',
      { BETTER_AUTH_SECRET: 'better-auth-secret-12345678901234567890' },
      /^BETTER_AUTH_SECRET is a value that/,
    ],
    ['a repeated letter', { BETTER_AUTH_SECRET: 'a'.repeat(64) }, /^BETTER_AUTH_SECRET consists of very few/],
    ['http', { BETTER_AUTH_URL: 'http://app.example.com' }, /^BETTER_AUTH_URL must be an https URL/],
    [
      'a host that looks like loopback',
      { BETTER_AUTH_URL: 'http://127.0.0.1.evil.example' },
      /^BETTER_AUTH_URL/,
    ],
    ['a name under localhost', { BETTER_AUTH_URL: 'http://localhost.evil.example' }, /^BETTER_AUTH_URL/],
    ['a private address', { BETTER_AUTH_URL: 'http://10.0.0.1' }, /^BETTER_AUTH_URL/],
    ['no URL', { BETTER_AUTH_URL: 'app.example.com' }, /^BETTER_AUTH_URL/],
    ['a file', { BETTER_AUTH_URL: 'file:///etc/passwd' }, /^BETTER_AUTH_URL/],
    ['a user in the URL', { BETTER_AUTH_URL: 'https://user@app.example.com' }, /^BETTER_AUTH_URL/],
    [
      'a key set on http',
      { BETTER_AUTH_URL: URL, AUTH_JWKS_URL: 'http://keys.example.com' },
      /^AUTH_JWKS_URL must be/,
    ],
    ['a key set, no issuer', { AUTH_JWKS_URL: URL, AUTH_AUDIENCE: 'a' }, /^AUTH_ISSUER must be set/],
    ['a key set, no audience', { AUTH_JWKS_URL: URL, AUTH_ISSUER: 'a' }, /^AUTH_AUDIENCE must be set/],
    [
      'an unknown source',
      { BETTER_AUTH_URL: URL, AUTH_SOURCES: 'key-set,oauth' },
      /^AUTH_SOURCES must be a list of secret, /,
    ],
    ['no source in the list', { BETTER_AUTH_URL: URL, AUTH_SOURCES: ' , ' }, /^AUTH_SOURCES must be a list/],
    [
      'a source without its secret',
      { BETTER_AUTH_URL: URL, AUTH_SOURCES: 'secret' },
      /set BETTER_AUTH_SECRET\.$/,
    ],
    [
      'sessions without the secret',
      { BETTER_AUTH_URL: URL, AUTH_SOURCES: 'session' },
      /set BETTER_AUTH_SECRET\.$/,
    ],
    [
      'a source without its keys',
      { BETTER_AUTH_SECRET: SECRET, AUTH_SOURCES: 'key-set' },
      /set BETTER_AUTH_URL or AUTH_JWKS_URL\.$/,
    ],
    [
      'sessions beside their cache',
      { BETTER_AUTH_SECRET: SECRET, AUTH_SOURCES: 'session,secret-cookie' },
      /^AUTH_SOURCES must not name session together/,
    ],
    [
      'an e-mail as the id',
      { BETTER_AUTH_URL: URL, AUTH_USER_ID_CLAIM: 'email' },
      /^AUTH_USER_ID_CLAIM must name a token claim/,
    ],
    [
      'another id beside cookies',
      { BETTER_AUTH_SECRET: SECRET, AUTH_SOURCES: 'secret,secret-cookie', AUTH_USER_ID_CLAIM: 'uid' },
      /^AUTH_USER_ID_CLAIM must be sub or id/,
    ],
    [
      'a cookie prefix with its prefix',
      { BETTER_AUTH_URL: URL, AUTH_COOKIE_PREFIX: '__Secure-a' },
      /^AUTH_COOKIE_PREFIX/,
    ],
    [
      'a cookie prefix of two cookies',
      { BETTER_AUTH_URL: URL, AUTH_COOKIE_PREFIX: 'a=b; c' },
      /^AUTH_COOKIE_PREFIX/,
    ],
    [
      'a lifetime in words',
      { BETTER_AUTH_URL: URL, AUTH_MAX_LIFETIME_SECONDS: '30d' },
      /^AUTH_MAX_LIFETIME_SECONDS must be a whole number/,
    ],
    [
      'a lifetime of nothing',
      { BETTER_AUTH_URL: URL, AUTH_MAX_LIFETIME_SECONDS: '0' },
      /^AUTH_MAX_LIFETIME_SECONDS/,
    ],
    [
      'a negative tolerance',
      { BETTER_AUTH_URL: URL, AUTH_CLOCK_TOLERANCE_SECONDS: '-1' },
      /^AUTH_CLOCK_TOLERANCE_SECONDS/,
    ],
    [
      'a tolerance of an hour',
      { BETTER_AUTH_URL: URL, AUTH_CLOCK_TOLERANCE_SECONDS: '3600' },
      /^AUTH_CLOCK_TOLERANCE_SECONDS/,
    ],
  ];

  test.each(cases)('%s', (_, env, message) => {
    const { config, errors } = parse(env);
    expect(config).toBeNull();
    expect(errors).toEqual([expect.stringMatching(message)]);
  });

  test('are all reported at once, without the secret', () => {
    const { errors } = parse({
      BETTER_AUTH_URL: 'ftp://app.example.com',
      BETTER_AUTH_SECRET: 'Sh0rt-but-secret',
      AUTH_JWKS_URL: 'nowhere',
      AUTH_SOURCES: 'all',
      AUTH_USER_ID_CLAIM: 'name',
      AUTH_MAX_LIFETIME_SECONDS: 'x',
    });
    expect(errors.map((error) => error.split(' ')[0])).toEqual([
      'BETTER_AUTH_URL',
      'AUTH_JWKS_URL',
      'BETTER_AUTH_SECRET',
      'AUTH_SOURCES',
      'AUTH_USER_ID_CLAIM',
      'AUTH_MAX_LIFETIME_SECONDS',
    ]);
    expect(errors.join('\n')).not.toContain('Sh0rt-but-secret');
  });
});

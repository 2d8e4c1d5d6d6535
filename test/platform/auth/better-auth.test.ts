import { Pool } from 'pg';
import { type Authenticator, createAuthenticator } from '../../../src/platform/auth/authenticator';
import {
  type BetterAuthOptions,
  type BetterAuthServer,
  type SignedUp,
  startBetterAuth,
} from '../../support/better-auth';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';
import { bearer, configOf, memoryLog, requestWith } from './support';

// On a busy machine, it takes long to start a server and to hash passwords.
jest.setTimeout(60_000);

let database: TestDatabase;
let pool: Pool;
let server: BetterAuthServer;
let authenticators: Authenticator[];
let clock: () => number;

beforeEach(() => {
  authenticators = [];
  clock = Date.now;
});

afterEach(() => {
  for (const authenticator of authenticators) authenticator.close();
});

/** One server with its own database for the tests of a `describe` block. */
function useServer(options: Partial<BetterAuthOptions> = {}): void {
  beforeAll(async () => {
    database = await createTestDatabase({ empty: true });
    pool = new Pool({ connectionString: database.url });
    // The drop of the database can end connections that are still closing.
    pool.on('error', () => undefined);
    server = await startBetterAuth({ databaseUrl: database.url, options });
  });

  afterAll(async () => {
    await server.stop();
    await pool.end();
    await database.drop();
  });
}

/** An authenticator with the environment of a frontend, and `env`. */
function authenticatorFor(env: NodeJS.ProcessEnv): Authenticator {
  const authenticator = createAuthenticator(configOf(env), memoryLog(), {
    query: (text, values) => pool.query(text, [...values]),
    now: () => clock(),
    monotonicNow: () => clock(),
  });
  authenticators.push(authenticator);
  return authenticator;
}

const cookiesOf = (user: SignedUp, matching = /./) =>
  requestWith([
    [
      'Cookie',
      [...user.cookies]
        .filter(([name]) => matching.test(name))
        .map((pair) => pair.join('='))
        .join('; '),
    ],
  ]);

const cookieEnvironment = (cookieCache: 'secret' | 'key-set') => ({
  BETTER_AUTH_URL: server.url,
  BETTER_AUTH_SECRET: server.secret,
  AUTH_SOURCES: `${cookieCache}-cookie`,
});

describe.each(['text', 'uuid', 'serial'] as const)('ids of type %s', (ids) => {
  useServer({ ids, cookieCache: 'key-set' });

  test('are read from the tokens of a stock server with only BETTER_AUTH_URL', async () => {
    const authenticator = authenticatorFor({ BETTER_AUTH_URL: server.url });
    const [alice, bob] = [await server.signUp(), await server.signUp()];
    for (const user of [alice, bob]) {
      expect(await authenticator.authenticate(bearer(await server.takeToken(user)))).toMatchObject({
        outcome: 'authenticated',
        identity: { userId: user.userId, source: 'key-set', scopes: ['read', 'write'] },
      });
    }
    expect(alice.userId).not.toBe(bob.userId);
  });

  test('are read from the session table', async () => {
    const authenticator = authenticatorFor({ BETTER_AUTH_SECRET: server.secret, AUTH_SOURCES: 'session' });
    const user = await server.signUp();
    const nowSeconds = Date.now() / 1000;
    const expected = {
      outcome: 'authenticated',
      identity: {
        userId: user.userId,
        source: 'session',
        scopes: ['read', 'write'],
        issuedAt: expect.closeTo(nowSeconds, -2),
        expiresAt: expect.closeTo(nowSeconds + 7 * 86_400, -2),
      },
    };
    expect(await authenticator.authenticate(cookiesOf(user))).toMatchObject(expected);
    expect(await authenticator.authenticate(bearer(user.sessionToken))).toMatchObject(expected);
    expect(await authenticator.authenticate(bearer(user.signedSessionToken))).toMatchObject(expected);
  });

  test('are read from the session cookie', async () => {
    const authenticator = authenticatorFor(cookieEnvironment('key-set'));
    const user = await server.signUp();
    expect(await authenticator.authenticate(cookiesOf(user))).toMatchObject({
      outcome: 'authenticated',
      identity: { userId: user.userId, source: 'cookie', carrier: 'cookie' },
    });
  });
});

describe.each(['ES256', 'ES512', 'RS256', 'PS256'] as const)('keys for %s', (keyAlgorithm) => {
  useServer({ keyAlgorithm });

  test('verify tokens', async () => {
    const user = await server.signUp();
    const token = await server.takeToken(user);
    expect(JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString())).toMatchObject({
      alg: keyAlgorithm,
    });
    expect(await authenticatorFor({ BETTER_AUTH_URL: server.url }).authenticate(bearer(token))).toMatchObject(
      {
        outcome: 'authenticated',
        identity: { userId: user.userId },
      },
    );
  });
});

describe('a server that signs tokens with its secret', () => {
  useServer({ tokensSignedWith: 'secret' });

  test('requires the source to be named if BETTER_AUTH_URL is set', async () => {
    const user = await server.signUp();
    const token = await server.takeToken(user);
    const env = { BETTER_AUTH_URL: server.url, BETTER_AUTH_SECRET: server.secret };
    expect(
      await authenticatorFor({ ...env, AUTH_SOURCES: 'secret' }).authenticate(bearer(token)),
    ).toMatchObject({
      outcome: 'authenticated',
      identity: { userId: user.userId, source: 'secret' },
    });
    expect(await authenticatorFor(env).authenticate(bearer(token))).toEqual({
      outcome: 'invalid',
      reason: 'algorithm',
    });
  });

  test('requires AUTH_AUDIENCE if BETTER_AUTH_URL is not set', async () => {
    const token = await server.takeToken(await server.signUp());
    const env = { BETTER_AUTH_SECRET: server.secret };
    expect(await authenticatorFor(env).authenticate(bearer(token))).toEqual({
      outcome: 'invalid',
      reason: 'audience-not-configured',
    });
    expect(
      (await authenticatorFor({ ...env, AUTH_AUDIENCE: server.url }).authenticate(bearer(token))).outcome,
    ).toBe('authenticated');
  });
});

describe('a stock server', () => {
  useServer();

  test('tokens of a new key work after a rotation, and tokens of a removed key do not', async () => {
    const authenticator = authenticatorFor({ BETTER_AUTH_URL: server.url });
    const user = await server.signUp();
    const old = await server.takeToken(user);
    expect((await authenticator.authenticate(bearer(old))).outcome).toBe('authenticated');

    await query(database.url, `update jwks set "expiresAt" = now() - interval '1 minute'`);
    const rotated = await server.takeToken(user);
    clock = () => Date.now() + 5_000;
    expect((await authenticator.authenticate(bearer(rotated))).outcome).toBe('authenticated');
    expect((await authenticator.authenticate(bearer(old))).outcome).toBe('authenticated');

    await query(database.url, `delete from jwks where "expiresAt" is not null`);
    clock = () => Date.now() + 6 * 60_000;
    expect((await authenticator.authenticate(bearer(rotated))).outcome).toBe('authenticated');
    expect(await authenticator.authenticate(bearer(old))).toEqual({
      outcome: 'invalid',
      reason: 'key-unknown',
    });
  });

  test('tokens stay valid after a sign-out, until they expire', async () => {
    const authenticator = authenticatorFor({ BETTER_AUTH_URL: server.url });
    const user = await server.signUp();
    const token = await server.takeToken(user);
    await server.signOut(user);
    expect((await authenticator.authenticate(bearer(token))).outcome).toBe('authenticated');
    clock = () => Date.now() + 15 * 60_000 + 5_000;
    expect(await authenticator.authenticate(bearer(token))).toEqual({
      outcome: 'invalid',
      reason: 'expired',
    });
  });

  const env = () => ({ BETTER_AUTH_SECRET: server.secret, AUTH_SOURCES: 'session' });

  test('sessions end at once with the sign-out', async () => {
    const authenticator = authenticatorFor(env());
    const user = await server.signUp();
    expect((await authenticator.authenticate(cookiesOf(user))).outcome).toBe('authenticated');
    await server.signOut(user);
    expect(await authenticator.authenticate(cookiesOf(user))).toEqual({
      outcome: 'invalid',
      reason: 'session-unknown',
    });
    expect(authenticator.sizes().verifiedTokens).toBe(0);
  });

  test('sessions end when the account is deleted', async () => {
    const authenticator = authenticatorFor(env());
    const user = await server.signUp();
    await server.deleteUser(user);
    expect(await authenticator.authenticate(bearer(user.sessionToken))).toEqual({
      outcome: 'invalid',
      reason: 'session-unknown',
    });
  });

  test('sessions end at their expiry', async () => {
    const authenticator = authenticatorFor(env());
    const user = await server.signUp();
    clock = () => Date.now() + 7 * 86_400_000;
    expect(await authenticator.authenticate(cookiesOf(user))).toEqual({
      outcome: 'invalid',
      reason: 'session-expired',
    });
  });

  test('sessions are refused with a wrong signature, and in a cookie without a signature', async () => {
    const authenticator = authenticatorFor(env());
    const [alice, bob] = [await server.signUp(), await server.signUp()];
    const [, signature] = alice.signedSessionToken.split('.');
    const refused = { outcome: 'invalid', reason: 'session-signature' };
    const swapped = `${bob.sessionToken}.${signature}`;
    expect(await authenticator.authenticate(bearer(swapped))).toEqual(refused);
    for (const token of [swapped, bob.sessionToken]) {
      const cookie = `better-auth.session_token=${encodeURIComponent(token)}`;
      expect(await authenticator.authenticate(requestWith([['Cookie', cookie]]))).toEqual(refused);
    }
  });

  test('sessions are not read if the source is off', async () => {
    const authenticator = authenticatorFor({ BETTER_AUTH_URL: server.url });
    const user = await server.signUp();
    expect(await authenticator.authenticate(cookiesOf(user))).toEqual({ outcome: 'missing' });
    expect((await authenticator.authenticate(bearer(user.sessionToken))).outcome).toBe('invalid');
  });

  test('sessions and tokens work side by side', async () => {
    const authenticator = authenticatorFor({
      ...env(),
      BETTER_AUTH_URL: server.url,
      AUTH_SOURCES: 'session,key-set',
    });
    const user = await server.signUp();
    expect(await authenticator.authenticate(bearer(await server.takeToken(user)))).toMatchObject({
      identity: { userId: user.userId, source: 'key-set' },
    });
    expect(await authenticator.authenticate(cookiesOf(user))).toMatchObject({
      identity: { userId: user.userId, source: 'session' },
    });
  });
});

describe.each(['secret', 'key-set'] as const)('the session cookie signed with the %s', (cookieCache) => {
  useServer({ cookieCache });

  test('identifies its user', async () => {
    const user = await server.signUp();
    expect(
      await authenticatorFor(cookieEnvironment(cookieCache)).authenticate(cookiesOf(user)),
    ).toMatchObject({
      outcome: 'authenticated',
      identity: { userId: user.userId, source: 'cookie', carrier: 'cookie' },
    });
  });

  test('can be split into several cookies', async () => {
    const authenticator = authenticatorFor(cookieEnvironment(cookieCache));
    const user = await server.signUp({ image: `https://example.com/${'x'.repeat(3_500)}` });
    expect([...user.cookies.keys()]).toContain('better-auth.session_data.1');
    expect(await authenticator.authenticate(cookiesOf(user))).toMatchObject({
      identity: { userId: user.userId },
    });
    expect((await authenticator.authenticate(cookiesOf(user, /data\.0$/))).outcome).toBe('invalid');
  });

  test('is not a bearer token', async () => {
    const authenticator = authenticatorFor({
      ...cookieEnvironment(cookieCache),
      AUTH_SOURCES: 'secret,key-set,secret-cookie,key-set-cookie',
    });
    const cookie = (await server.signUp()).cookies.get('better-auth.session_data')!;
    expect((await authenticator.authenticate(bearer(cookie))).outcome).toBe('invalid');
  });

  test('expires after five minutes', async () => {
    const authenticator = authenticatorFor(cookieEnvironment(cookieCache));
    const user = await server.signUp();
    clock = () => Date.now() + 5 * 60_000 + 5_000;
    expect(await authenticator.authenticate(cookiesOf(user))).toEqual({
      outcome: 'invalid',
      reason: 'expired',
    });
  });

  test('cannot be replaced by an e-mail verification token that the same secret signed', async () => {
    const authenticator = authenticatorFor({
      BETTER_AUTH_SECRET: server.secret,
      AUTH_SOURCES: 'secret,secret-cookie',
    });
    const token = await server.takeVerificationToken(await server.signUp());
    expect(await authenticator.authenticate(bearer(token))).toEqual({
      outcome: 'invalid',
      reason: 'user-id',
    });
    const cookie = requestWith([['Cookie', `better-auth.session_data=${token}`]]);
    expect(await authenticator.authenticate(cookie)).toEqual({ outcome: 'invalid', reason: 'cookie-claims' });
  });
});

import { createAuthenticator } from '../../../src/platform/auth/authenticator';
import { type KeySetServer, startKeySetServer } from './key-set-server';
import { createSigningKey, forge, hmac, signWith } from './signer';
import { bearer, configOf, memoryLog, requestWith, withAuthenticator } from './support';

const SECRET = 'Pq7tB2mX9vKcR4wLz8sDfG6hJ1nY3aEu';
const OLD_SECRET = 'rW5yN8pQ2tV6xZ9bC3dF7gH1jK4mL0aS';
const START = Date.UTC(2030, 0, 1);
const key = createSigningKey('first', 'EdDSA');

let server: KeySetServer;
let clock: number;
const now = () => clock;
const clocks = { now, monotonicNow: now };
const seconds = () => clock / 1000;

beforeEach(async () => {
  server = await startKeySetServer([key.jwk]);
  clock = START;
});

afterEach(() => server.close());

function hs256(claims: object, secret = SECRET): string {
  return forge(
    { alg: 'HS256' },
    { sub: 'alice', iat: seconds(), exp: seconds() + 900, ...claims },
    hmac(secret),
  );
}

function eddsa(claims: object = {}, signingKey = key): string {
  const addressed = { iss: server.url, aud: server.url };
  return signWith(signingKey, {
    sub: 'alice',
    iat: seconds(),
    exp: seconds() + 900,
    ...addressed,
    ...claims,
  });
}

const COOKIE_ENVIRONMENT = { BETTER_AUTH_SECRET: SECRET, AUTH_SOURCES: 'secret,secret-cookie' };

function sessionClaims(session: object = {}, user: object = {}): object {
  const expiresAt = new Date(START + 86_400_000).toISOString();
  return {
    sub: undefined,
    session: { userId: 'alice', expiresAt, ...session },
    user: { id: 'alice', ...user },
  };
}

function cookie(token: string) {
  return requestWith([['Cookie', `better-auth.session_data=${token}`]]);
}

describe('an identity', () => {
  test('has the user, the time of issue and the expiry', async () => {
    await withAuthenticator(
      { BETTER_AUTH_SECRET: SECRET },
      async (authenticator) => {
        expect(await authenticator.authenticate(bearer(hs256({})))).toEqual({
          outcome: 'authenticated',
          identity: {
            userId: 'alice',
            clientId: null,
            issuedAt: START / 1000,
            issuedAfter: START / 1000 - 5,
            expiresAt: START / 1000 + 900,
            scopes: ['read', 'write'],
            source: 'secret',
            carrier: 'header',
          },
        });
        expect(await authenticator.authenticate(bearer(hs256({ iat: undefined })))).toMatchObject({
          identity: { issuedAt: null, issuedAfter: null },
        });
      },
      clocks,
    );
  });

  test('records the key set as its source', async () => {
    await withAuthenticator(
      { BETTER_AUTH_URL: server.url },
      async (authenticator) => {
        expect(await authenticator.authenticate(bearer(eddsa()))).toMatchObject({
          identity: { source: 'key-set' },
        });
      },
      clocks,
    );
  });

  test.each([
    'a',
    'a'.repeat(255),
    '😀'.repeat(255),
    'user|google-oauth2%2F1',
    'Ünï çødé',
    '7',
    '...',
    '0190163d-8694-739b-aea5-966c26f8ad91',
  ])('can have the id %j', async (sub) => {
    await withAuthenticator(
      { BETTER_AUTH_SECRET: SECRET },
      async (authenticator) => {
        expect(await authenticator.authenticate(bearer(hs256({ sub })))).toMatchObject({
          identity: { userId: sub },
        });
      },
      clocks,
    );
  });

  test('is read only from the configured token claim', async () => {
    await withAuthenticator(
      { BETTER_AUTH_SECRET: SECRET, AUTH_USER_ID_CLAIM: 'https://example.com/id' },
      async (authenticator) => {
        const token = hs256({ sub: 'x', 'https://example.com/id': 'bob' });
        expect(await authenticator.authenticate(bearer(token))).toMatchObject({
          identity: { userId: 'bob' },
        });
        expect(await authenticator.authenticate(bearer(hs256({})))).toEqual({
          outcome: 'invalid',
          reason: 'user-id',
        });
      },
      clocks,
    );
  });
});

describe('the client', () => {
  test.each([
    ['no claim', {}, null],
    ['client_id', { client_id: 'agent' }, 'agent'],
    ['azp', { azp: 'https://agent.example/client.json' }, 'https://agent.example/client.json'],
    ['both', { client_id: 'agent', azp: 'other' }, 'agent'],
    ['null', { client_id: null }, null],
  ])('is read from %s', async (_, claims, clientId) => {
    await withAuthenticator(
      { BETTER_AUTH_SECRET: SECRET },
      async (authenticator) => {
        expect(await authenticator.authenticate(bearer(hs256(claims)))).toMatchObject({
          identity: { userId: 'alice', clientId },
        });
      },
      clocks,
    );
  });

  test.each([
    ['an empty text', { client_id: '' }],
    ['a number', { azp: 7 }],
    ['a list', { azp: ['agent'] }],
    ['a control character', { client_id: 'a\u0000' }],
    ['a long text', { client_id: 'a'.repeat(256) }],
  ])('cannot be %s', async (_, claims) => {
    await withAuthenticator(
      { BETTER_AUTH_SECRET: SECRET },
      async (authenticator) => {
        expect(await authenticator.authenticate(bearer(hs256(claims)))).toEqual({
          outcome: 'invalid',
          reason: 'client-claim',
        });
      },
      clocks,
    );
  });
});

describe('scopes', () => {
  test.each([
    ['no scope and no role', {}, ['read', 'write']],
    ['read', { scope: 'openid tasklane:read' }, ['read']],
    ['write', { scope: 'tasklane:write' }, ['read', 'write']],
    ['both', { scope: 'tasklane:read tasklane:write' }, ['read', 'write']],
    ['others', { scope: 'openid profile' }, []],
    ['a scope with the same beginning', { scope: 'tasklane:read-everything tasklane:write2' }, []],
    ['an empty string', { scope: '' }, []],
    ['an unknown role', { role: 'admin' }, ['read', 'write']],
    ['the read-only role', { role: 'read-only' }, ['read']],
    ['the read-only role among others', { role: 'user, read-only' }, ['read']],
    ['the read-only role in an array', { role: ['user', 'read-only'] }, ['read']],
    ['the read-only role with a scope to write', { scope: 'tasklane:write', role: 'read-only' }, ['read']],
    ['the read-only role with no scope', { scope: 'openid', role: 'read-only' }, []],
    ['a role that is null', { role: null }, ['read', 'write']],
  ])('%s', async (_, claims, scopes) => {
    await withAuthenticator(
      { BETTER_AUTH_SECRET: SECRET },
      async (authenticator) => {
        expect(await authenticator.authenticate(bearer(hs256(claims)))).toMatchObject({
          identity: { scopes },
        });
      },
      clocks,
    );
  });

  test.each([[['tasklane:write']], [null], [{}], [1]])('a scope of %j is rejected', async (scope) => {
    await withAuthenticator(
      { BETTER_AUTH_SECRET: SECRET },
      async (authenticator) => {
        const result = await authenticator.authenticate(bearer(hs256({ scope })));
        expect(result).toEqual({ outcome: 'invalid', reason: 'scope-claim' });
      },
      clocks,
    );
  });

  test('the read-only roles are configurable', async () => {
    await withAuthenticator(
      { BETTER_AUTH_SECRET: SECRET, AUTH_READ_ONLY_ROLES: 'guest,auditor' },
      async (authenticator) => {
        expect(await authenticator.authenticate(bearer(hs256({ role: 'auditor' })))).toMatchObject({
          identity: { scopes: ['read'] },
        });
        expect(await authenticator.authenticate(bearer(hs256({ role: 'read-only' })))).toMatchObject({
          identity: { scopes: ['read', 'write'] },
        });
      },
      clocks,
    );
  });
});

describe('secrets', () => {
  test('each secret of the list is accepted, and a removed secret is not', async () => {
    await withAuthenticator(
      { BETTER_AUTH_SECRETS: `2:${SECRET},1:${OLD_SECRET}` },
      async (authenticator) => {
        for (const secret of [SECRET, OLD_SECRET]) {
          expect(await authenticator.authenticate(bearer(hs256({}, secret)))).toMatchObject({
            outcome: 'authenticated',
          });
        }
        expect(await authenticator.authenticate(bearer(hs256({}, 'x'.repeat(32))))).toEqual({
          outcome: 'invalid',
          reason: 'signature',
        });
      },
      clocks,
    );
  });

  test('are read as UTF-8, not as Base64', async () => {
    const secret = 'Schlüssel-für-ein-Gartentor-ÄÖÜ-ß';
    await withAuthenticator(
      { BETTER_AUTH_SECRET: secret },
      async (authenticator) => {
        expect(await authenticator.authenticate(bearer(hs256({}, secret)))).toMatchObject({
          outcome: 'authenticated',
        });
      },
      clocks,
    );
  });
});

describe('issuer and audience of a token signed with a secret, with BETTER_AUTH_URL', () => {
  const env = () => ({
    BETTER_AUTH_URL: server.url,
    BETTER_AUTH_SECRET: SECRET,
    AUTH_SOURCES: 'secret,key-set',
  });

  test.each([
    ['neither', () => ({}), 'authenticated'],
    ['the configured issuer and audience', () => ({ iss: server.url, aud: [server.url] }), 'authenticated'],
    ['another issuer', () => ({ iss: 'https://evil.example' }), 'invalid'],
    ['another audience', () => ({ aud: 'https://evil.example' }), 'invalid'],
  ])('%s', async (_, claims, outcome) => {
    await withAuthenticator(
      env(),
      async (authenticator) => {
        expect(await authenticator.authenticate(bearer(hs256(claims())))).toMatchObject({ outcome });
      },
      clocks,
    );
  });
});

describe('times', () => {
  test.each([
    ['exp 4 s ago', -4, 'authenticated'],
    ['exp 5 s ago', -5, 'expired'],
    ['exp in 30 days', 30 * 86_400, 'authenticated'],
    ['exp in 30 days and a second', 30 * 86_400 + 1, 'lifetime'],
  ])('%s', async (_, offset, expected) => {
    await withAuthenticator(
      { BETTER_AUTH_SECRET: SECRET },
      async (authenticator) => {
        const result = await authenticator.authenticate(bearer(hs256({ exp: seconds() + offset })));
        expect(result.outcome === 'invalid' ? result.reason : result.outcome).toBe(expected);
      },
      clocks,
    );
  });

  test.each([
    ['iat', 5, 'authenticated'],
    ['iat', 6, 'issued-in-future'],
    ['nbf', 5, 'authenticated'],
    ['nbf', 6, 'not-yet-valid'],
  ])('%s %d s ahead', async (claim, offset, expected) => {
    await withAuthenticator(
      { BETTER_AUTH_SECRET: SECRET },
      async (authenticator) => {
        const result = await authenticator.authenticate(bearer(hs256({ [claim]: seconds() + offset })));
        expect(result.outcome === 'invalid' ? result.reason : result.outcome).toBe(expected);
      },
      clocks,
    );
  });

  test('the maximum lifetime and the tolerance are configurable', async () => {
    await withAuthenticator(
      { BETTER_AUTH_SECRET: SECRET, AUTH_MAX_LIFETIME_SECONDS: '900', AUTH_CLOCK_TOLERANCE_SECONDS: '0' },
      async (authenticator) => {
        const outcomeOf = async (claims: object) =>
          (await authenticator.authenticate(bearer(hs256(claims)))).outcome;
        expect(await outcomeOf({})).toBe('authenticated');
        expect(await outcomeOf({ exp: seconds() + 901 })).toBe('invalid');
        expect(await outcomeOf({ exp: seconds() })).toBe('invalid');
        expect(await outcomeOf({ iat: seconds() + 1 })).toBe('invalid');
      },
      clocks,
    );
  });
});

describe('the cache of verified tokens', () => {
  test('serves a token for at most 60 seconds, then the key is checked again', async () => {
    await withAuthenticator(
      { BETTER_AUTH_URL: server.url },
      async (authenticator) => {
        const token = eddsa();
        await authenticator.authenticate(bearer(token));
        expect(authenticator.sizes()).toEqual({ verifiedTokens: 1, keys: 1 });
        server.serve([]);

        // The keys must be fetched again, and only a look-up of a key starts a fetch.
        clock += 4.5 * 60_000;
        const other = eddsa();
        await authenticator.authenticate(bearer(other));
        expect(server.requests()).toBe(1);
        clock += 59_999;
        expect((await authenticator.authenticate(bearer(other))).outcome).toBe('authenticated');
        expect(server.requests()).toBe(1);
        clock += 1;
        expect((await authenticator.authenticate(bearer(other))).outcome).toBe('unavailable');
        expect(server.requests()).toBe(2);
        expect(authenticator.sizes().keys).toBe(0);
      },
      clocks,
    );
  });

  test.each(['secret', 'key-set'])('avoids a second verification of a token of the %s', async (source) => {
    const verify = jest.spyOn(globalThis.crypto.subtle, 'verify');
    await withAuthenticator(
      { BETTER_AUTH_URL: server.url, BETTER_AUTH_SECRET: SECRET, AUTH_SOURCES: source },
      async (authenticator) => {
        const token = source === 'secret' ? hs256({}) : eddsa();
        for (let n = 0; n < 3; n++) await authenticator.authenticate(bearer(token));
        expect(verify).toHaveBeenCalledTimes(1);
        clock += 60_000;
        for (let n = 0; n < 3; n++) await authenticator.authenticate(bearer(token));
        expect(verify).toHaveBeenCalledTimes(2);
      },
      clocks,
    );
    verify.mockRestore();
  });

  test('does not serve a token after its exp', async () => {
    await withAuthenticator(
      { BETTER_AUTH_SECRET: SECRET, AUTH_CLOCK_TOLERANCE_SECONDS: '0' },
      async (authenticator) => {
        const token = hs256({ exp: seconds() + 10 });
        expect((await authenticator.authenticate(bearer(token))).outcome).toBe('authenticated');
        clock += 9_999;
        expect((await authenticator.authenticate(bearer(token))).outcome).toBe('authenticated');
        clock += 1;
        expect(await authenticator.authenticate(bearer(token))).toEqual({
          outcome: 'invalid',
          reason: 'expired',
        });
      },
      clocks,
    );
  });

  test('no longer serves a token after its key was removed, even if the fetch was for another token', async () => {
    const next = createSigningKey('second', 'EdDSA');
    await withAuthenticator(
      { BETTER_AUTH_URL: server.url },
      async (authenticator) => {
        const token = eddsa();
        expect((await authenticator.authenticate(bearer(token))).outcome).toBe('authenticated');
        server.serve([next.jwk]);
        clock += 5_000;
        expect((await authenticator.authenticate(bearer(token))).outcome).toBe('authenticated');
        expect((await authenticator.authenticate(bearer(eddsa({}, next)))).outcome).toBe('authenticated');
        expect(await authenticator.authenticate(bearer(token))).toEqual({
          outcome: 'invalid',
          reason: 'key-unknown',
        });
      },
      clocks,
    );
  });

  test('does not accept a verified cookie token as a bearer token', async () => {
    await withAuthenticator(
      COOKIE_ENVIRONMENT,
      async (authenticator) => {
        const token = hs256(sessionClaims());
        expect((await authenticator.authenticate(cookie(token))).outcome).toBe('authenticated');
        expect(authenticator.sizes().verifiedTokens).toBe(1);
        expect(await authenticator.authenticate(bearer(token))).toEqual({
          outcome: 'invalid',
          reason: 'user-id',
        });
      },
      clocks,
    );
  });
});

describe('a session cookie', () => {
  test('expires with its session', async () => {
    await withAuthenticator(
      COOKIE_ENVIRONMENT,
      async (authenticator) => {
        const token = hs256(sessionClaims({ expiresAt: new Date(START + 10_000).toISOString() }));
        expect(await authenticator.authenticate(cookie(token))).toMatchObject({
          identity: { expiresAt: START / 1000 + 10, source: 'cookie', carrier: 'cookie' },
        });
        clock += 9_999;
        expect((await authenticator.authenticate(cookie(token))).outcome).toBe('authenticated');
        clock += 1;
        expect(await authenticator.authenticate(cookie(token))).toEqual({
          outcome: 'invalid',
          reason: 'session-expired',
        });
      },
      clocks,
    );
  });

  test('carries the user’s role', async () => {
    await withAuthenticator(
      COOKIE_ENVIRONMENT,
      async (authenticator) => {
        expect(
          await authenticator.authenticate(cookie(hs256(sessionClaims({}, { role: 'read-only' })))),
        ).toMatchObject({ identity: { scopes: ['read'] } });
      },
      clocks,
    );
  });
});

describe('memory', () => {
  jest.setTimeout(60_000);

  test('100,000 different invalid tokens and kids are not kept in memory', async () => {
    await withAuthenticator(
      { BETTER_AUTH_URL: server.url, BETTER_AUTH_SECRET: SECRET, AUTH_SOURCES: 'secret,key-set' },
      async (authenticator) => {
        await authenticator.warmUp();
        const claims = Buffer.from('{}').toString('base64url');
        const hs256Header = Buffer.from('{"alg":"HS256"}').toString('base64url');
        for (let n = 0; n < 100_000; n++) {
          const signature = Buffer.alloc(32, n).toString('base64url');
          const header =
            n % 4 === 0 ? hs256Header : Buffer.from(`{"alg":"EdDSA","kid":"${n}"}`).toString('base64url');
          const { outcome } = await authenticator.authenticate(bearer(`${header}.${claims}.${signature}`));
          if (outcome !== 'invalid') throw new Error(`token ${n} is ${outcome}`);
        }
        expect(authenticator.sizes()).toEqual({ verifiedTokens: 0, keys: 1 });
        expect(server.requests()).toBe(1);
      },
      clocks,
    );
  });

  test('at most 10,000 valid tokens are kept', async () => {
    await withAuthenticator(
      { BETTER_AUTH_SECRET: SECRET },
      async (authenticator) => {
        for (let n = 0; n < 10_500; n++) {
          const { outcome } = await authenticator.authenticate(bearer(hs256({ jti: n })));
          if (outcome !== 'authenticated') throw new Error(`token ${n} is ${outcome}`);
        }
        expect(authenticator.sizes().verifiedTokens).toBe(10_000);
      },
      clocks,
    );
  });
});

describe('an unreachable key set', () => {
  test('gives an error with the time of the next attempt', async () => {
    server.serve((_, response) => response.writeHead(500).end());
    await withAuthenticator(
      { BETTER_AUTH_URL: server.url },
      async (authenticator) => {
        expect(await authenticator.authenticate(bearer(eddsa()))).toEqual({
          outcome: 'unavailable',
          retryAfterSeconds: 5,
          reason: 'the key set is unreachable or empty',
        });
      },
      clocks,
    );
  });

  test('does not affect tokens that are signed with a secret', async () => {
    server.serve((_, response) => response.writeHead(500).end());
    await withAuthenticator(
      { BETTER_AUTH_URL: server.url, BETTER_AUTH_SECRET: SECRET, AUTH_SOURCES: 'secret,key-set' },
      async (authenticator) => {
        expect((await authenticator.authenticate(bearer(hs256({})))).outcome).toBe('authenticated');
        expect(server.requests()).toBe(0);
      },
      clocks,
    );
  });

  test('does not fail the start', async () => {
    server.serve((request) => request.socket.destroy());
    const log = memoryLog();
    const authenticator = createAuthenticator(configOf({ BETTER_AUTH_URL: server.url }), log, clocks);
    await authenticator.warmUp();
    authenticator.close();
    expect(log.lines.map(({ message }) => message)).toEqual(['key set: unreachable']);
  });
});

describe('every algorithm of a key set', () => {
  test.each(['EdDSA', 'ES256', 'ES512', 'RS256', 'PS256'])('%s', async (alg) => {
    const signingKey = createSigningKey('key', alg);
    server.serve([signingKey.jwk]);
    await withAuthenticator(
      { BETTER_AUTH_URL: server.url },
      async (authenticator) => {
        expect((await authenticator.authenticate(bearer(eddsa({}, signingKey)))).outcome).toBe(
          'authenticated',
        );
        const [header, payload] = eddsa({}, signingKey).split('.');
        const other = createSigningKey('key', alg).sign(`${header}.${payload}`).toString('base64url');
        expect(await authenticator.authenticate(bearer(`${header}.${payload}.${other}`))).toEqual({
          outcome: 'invalid',
          reason: 'signature',
        });
      },
      clocks,
    );
  });
});

test('the session source cannot be created without a database', () => {
  const config = configOf({ BETTER_AUTH_SECRET: SECRET, AUTH_SOURCES: 'session' });
  expect(() => createAuthenticator(config, memoryLog())).toThrow('query');
});

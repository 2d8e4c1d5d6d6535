/** Tests authentication and authorization at a running service. */
import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Client } from 'pg';
import type { Operation } from '../../../src/platform/contract/document/contract';
import { type ApiResponse, type Body, type RequestOptions, send } from '../../support/api';
import { type BetterAuthServer, type SignedUp, startBetterAuth } from '../../support/better-auth';
import { examplePath, exampleRequest, operations } from '../../support/operations';
import { assertDescribed } from '../../support/response-check';
import { startTestService, type TestService } from '../../support/service';
import { until } from '../../support/until';
import { ATTACKS, CONTROLS, createKit, environmentOf, type Kit, MODES, type Sent } from './corpus';
import { type KeySetServer, startKeySetServer } from './key-set-server';
import { forge, hmac, signWith } from './signer';

const appOrigin = 'https://app.example.com';
const environment = {
  RATE_LIMIT: 'off',
  CORS_ORIGINS: `${appOrigin}, https://*.preview.example.com`,
};

const agent = new Agent({ keepAlive: true });
let keySetServer: KeySetServer;
let kit: Kit;

beforeAll(async () => {
  const parts = createKit();
  keySetServer = await startKeySetServer(Object.values(parts.keys).map((key) => key.jwk));
  kit = { ...parts, origin: keySetServer.url };
});

afterAll(async () => {
  agent.destroy();
  await keySetServer.close();
});

/** Sends a request with possibly repeated headers; returns the response after a check against the contract. */
async function sendLines(
  { url }: TestService,
  method: 'GET' | 'POST',
  path: string,
  lines: Sent['headers'],
  body?: object,
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Body }> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const own = [
    ['Host', new URL(url).host],
    ['Origin', appOrigin],
    ...(body === undefined
      ? []
      : [
          ['Content-Type', 'application/json'],
          ['Content-Length', String(text.length)],
        ]),
  ];
  const sending = request(url + path, { method, agent, headers: [...own, ...lines].flat() });
  sending.end(text);
  const [response] = (await once(sending, 'response')) as [IncomingMessage];
  const observed = {
    status: response.statusCode as number,
    headers: response.headers,
    body: await json(response),
  };
  assertDescribed(method, path, observed);
  return observed;
}

/** The log line of a request. */
function loggedOf(service: TestService, requestId: string): Promise<Record<string, unknown>> {
  return until(() => service.logged.find((line) => line.request_id === requestId && line.msg === 'request'));
}

/** A token of the kit's user, signed with the kit's secret. */
function tokenWith(claims: object, userId = kit.userId): string {
  const exp = Math.floor(Date.now() / 1000) + 900;
  return forge({ alg: 'HS256' }, { sub: userId, exp, ...claims }, hmac(kit.secret));
}

/** Better Auth's session cookie, signed with the kit's secret. */
function cookieWith(user: object, userId = kit.userId): string {
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const exp = Math.floor(Date.now() / 1000) + 300;
  const claims = { session: { userId, expiresAt }, user: { id: userId, ...user }, exp };
  return `better-auth.session_data=${forge({ alg: 'HS256' }, claims, hmac(kit.secret))}`;
}

const needing = (...scopes: Operation['scope'][]): [string, Operation][] =>
  operations.filter(({ scope }) => scopes.includes(scope)).map((operation) => [operation.id, operation]);
const reads = needing('read');
const writes = needing('write');

describe.each(MODES)('a service in mode %s', (mode) => {
  let service: TestService;
  let client: Client;
  beforeAll(async () => {
    // Like a frontend's environment: the secret is set even if it is not used.
    const sources = { BETTER_AUTH_SECRET: kit.secret, ...environmentOf(mode, kit) };
    service = await startTestService({ ...environment, ...sources });
    client = new Client({ connectionString: service.database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await service.stop();
  });

  /** The rows of the database, which a rejected request must not change. */
  async function rows(): Promise<object[]> {
    const tables = ['profiles', 'tasks', 'changes'].map(
      (table) => `(select count(*) from tasklane.${table})`,
    );
    return (await client.query(`select ${tables.join(' + ')} as count`)).rows;
  }

  test.each(CONTROLS.filter((control) => control.mode === mode))('admits $name', async ({ credential }) => {
    const { headers } = await credential(kit);
    expect(await sendLines(service, 'GET', '/api/alice/tasks', headers)).toMatchObject({ status: 200 });
    expect(await sendLines(service, 'POST', '/api/alice/tasks', headers, { title: 'Her own' })).toMatchObject(
      { status: 201, body: { user_id: 'alice' } },
    );
  });

  test.each(ATTACKS.filter((attack) => attack.mode === mode && attack.sendable))(
    'refuses $name',
    async ({ credential, outcome }) => {
      const sent = await credential(kit);
      const path = `/api/alice/tasks${sent.query === undefined ? '' : `?${sent.query}`}`;
      const [linesBefore, rowsBefore] = [service.logged.length, await rows()];

      const responses = [
        await sendLines(service, 'GET', path, sent.headers),
        await sendLines(service, 'POST', path, sent.headers, { title: 'Not hers' }),
      ];

      for (const { status, headers, body } of responses) {
        const { request_id, ...problem } = body;
        expect({ status, problem }).toEqual({
          status: 401,
          problem: {
            type: '/problems/unauthorized',
            code: 'unauthorized',
            title: 'Unauthorized',
            status: 401,
            detail: 'The request needs a valid token.',
          },
        });
        const error = outcome === 'invalid' ? ', error="invalid_token"' : '';
        expect(headers['www-authenticate']).toBe(
          `Bearer realm="tasklane"${error}, resource_metadata="${service.url}/.well-known/oauth-protected-resource"`,
        );
        const line = await loggedOf(service, request_id);
        expect(line).not.toHaveProperty('user');
        expect(line.authentication).toEqual(
          outcome === 'invalid' ? expect.stringMatching(/^[a-z-]+$/) : undefined,
        );
      }
      const told = JSON.stringify([responses, service.logged.slice(linesBefore)]);
      const parts = [...sent.headers.map(([, value]) => value), sent.query ?? '']
        .flatMap((value) => value.split(/[ .;,=&]/))
        .filter((part) => part.length > 12);
      expect(parts.filter((part) => told.includes(part))).toEqual([]);
      expect(await rows()).toEqual(rowsBefore);
    },
  );
});

describe('with the secret and its cookie', () => {
  let service: TestService;
  const path = '/api/alice/tasks';
  const body = { title: 'A task' };

  beforeAll(async () => {
    service = await startTestService({ ...environment, ...environmentOf('secret-cookie', kit) } as Record<
      string,
      string
    >);
  });
  afterAll(() => service.stop());

  function call(operation: Operation, options: RequestOptions): Promise<ApiResponse> {
    return send(service.url, operation.method.toUpperCase(), examplePath(operation, 'alice'), {
      ...exampleRequest(operation),
      ...options,
    });
  }

  describe.each([
    ['the scope to read', () => ({ token: tokenWith({ scope: 'openid tasklane:read' }) })],
    ['a read-only role', () => ({ token: tokenWith({ role: 'read-only' }) })],
    [
      'a read-only role and the scope to write',
      () => ({ token: tokenWith({ role: 'user,read-only', scope: 'tasklane:write' }) }),
    ],
    [
      'a read-only role in the cookie',
      () => ({ headers: { Cookie: cookieWith({ role: 'read-only' }), Origin: appOrigin } }),
    ],
  ])('%s', (_, credential) => {
    test.each(reads)('is sufficient for %s', async (_id, operation) => {
      // The entities of the contract's examples do not exist.
      expect([200, 404]).toContain((await call(operation, credential())).status);
    });

    test.each(writes)('is not sufficient for %s', async (_id, operation) => {
      const response = await call(operation, credential());
      expect(response).toMatchObject({ status: 403, body: { code: 'insufficient-scope' } });
      expect(response.headers['www-authenticate']).toContain(
        'error="insufficient_scope", scope="tasklane:write"',
      );
    });
  });

  test.each(needing('read', 'write'))(
    'a token without a scope of Tasklane is not sufficient for %s',
    async (_id, operation) => {
      for (const scope of ['', 'openid profile']) {
        const response = await call(operation, { token: tokenWith({ scope }) });
        expect(response).toMatchObject({ status: 403, body: { code: 'insufficient-scope' } });
        expect(response.headers['www-authenticate']).toContain(`scope="tasklane:${operation.scope}"`);
      }
    },
  );

  test('the write scope allows reads and writes', async () => {
    const token = tokenWith({ scope: 'tasklane:write' });
    expect((await send(service.url, 'POST', path, { token, body })).status).toBe(201);
    expect((await send(service.url, 'GET', path, { token })).status).toBe(200);
  });

  const origins: [string, Record<string, string>, number][] = [
    ['the exact origin', { Origin: appOrigin }, 201],
    ['no origin', {}, 403],
    ['no origin but a referrer', { Referer: `${appOrigin}/tasks` }, 403],
    ['an origin that only a pattern allows', { Origin: 'https://branch.preview.example.com' }, 403],
    ['the pattern itself', { Origin: 'https://*.preview.example.com' }, 403],
    ['another origin', { Origin: 'https://evil.example' }, 403],
    ['the origin on another port', { Origin: `${appOrigin}:8443` }, 403],
    ['the origin without TLS', { Origin: 'http://app.example.com' }, 403],
    ['the service’s own origin', { Origin: 'http://127.0.0.1' }, 403],
    ['an opaque origin', { Origin: 'null' }, 403],
  ];

  test.each(origins)('from %s a cookie can read and a bearer token can write', async (_, headers) => {
    const Cookie = cookieWith({});
    expect((await send(service.url, 'GET', path, { headers: { ...headers, Cookie } })).status).toBe(200);
    expect((await send(service.url, 'HEAD', path, { headers: { ...headers, Cookie } })).status).toBe(200);
    const token = tokenWith({});
    expect((await send(service.url, 'POST', path, { token, headers, body })).status).toBe(201);
  });

  test.each(origins)('a write with a cookie from %s', async (_, headers, status) => {
    const response = await send(service.url, 'POST', path, {
      headers: { ...headers, Cookie: cookieWith({}) },
      body,
    });
    expect(response).toMatchObject({ status, body: status === 403 ? { code: 'wrong-origin' } : body });
  });

  test.each(writes)('%s with a cookie requires an origin', async (_id, operation) => {
    const response = await call(operation, { headers: { Cookie: cookieWith({}) } });
    expect(response).toMatchObject({ status: 403, body: { code: 'wrong-origin' } });
  });

  test('the Authorization header counts, and the cookie is ignored', async () => {
    const headers = { Cookie: cookieWith({}, 'bob') };
    const token = tokenWith({});
    expect((await send(service.url, 'GET', path, { token, headers })).status).toBe(200);
    expect((await send(service.url, 'GET', '/api/bob/tasks', { token, headers })).status).toBe(403);
    expect((await send(service.url, 'GET', '/api/bob/tasks', { token: 'broken', headers })).status).toBe(401);
    expect((await send(service.url, 'GET', '/api/bob/tasks', { headers })).status).toBe(200);
  });

  test('invalid tokens, kids, cookies and origins use no memory after their requests', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const bytes = () => {
      service.logged.length = 0;
      collectGarbage();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const filler = 'x'.repeat(4_000);
    const attack = async (n: number) => {
      const header = n % 2 === 0 ? { alg: 'HS256', kid: `${n}` } : { alg: 'EdDSA', kid: `${n}` };
      const token = forge(header, { sub: 'alice', n, filler }, hmac(`${n}`));
      const carrier = n % 4 < 2 ? { Authorization: `Bearer ${token}` } : { Cookie: `${COOKIE}=${token}` };
      const headers = { ...carrier, Origin: `https://${n}.example`, 'Content-Type': `application/x-${n}` };
      const response = await fetch(service.url + path, { method: 'POST', headers, body: `${n}` });
      expect(response.status).toBe(401);
      await response.arrayBuffer();
    };
    const COOKIE = 'better-auth.session_data';
    const attacks = async (from: number, to: number) => {
      const atOnce = 50;
      for (let n = from; n < to; n += atOnce) {
        await Promise.all(Array.from({ length: atOnce }, (_, each) => attack(n + each)));
      }
    };
    await attacks(0, 300);
    const before = bytes();
    await attacks(300, 1_800);
    // Keeping them would take 1,500 × 5.5 kB.
    expect(bytes() - before).toBeLessThan(3_000_000);
  });
});

describe('with a key set that is unreachable at the start', () => {
  let server: KeySetServer;
  let service: TestService;
  beforeAll(async () => {
    server = await startKeySetServer();
    server.serve((_, response) => response.writeHead(500).end());
    service = await startTestService({ ...environment, BETTER_AUTH_URL: server.url });
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await service.stop();
    await server.close();
  });

  test('requests with a token get 503 until it is reachable, and other requests work', async () => {
    const { url } = server;
    const token = signWith(kit.keys.ed25519, {
      sub: 'alice',
      iss: url,
      aud: url,
      exp: Math.floor(Date.now() / 1000) + 900,
    });
    const read = () => send(service.url, 'GET', '/api/alice/tasks', { token });

    const response = await read();
    expect(response).toMatchObject({
      status: 503,
      body: { code: 'service-unavailable', detail: 'The keys for checking tokens are unreachable.' },
    });
    const seconds = Number(response.headers['retry-after']);
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(5);
    expect(await loggedOf(service, response.body.request_id)).toMatchObject({
      authentication: 'the key set is unreachable or empty',
    });
    expect((await send(service.url, 'GET', '/api/alice/tasks')).status).toBe(401);
    expect((await send(service.url, 'GET', '/readyz')).status).toBe(200);

    server.serve([kit.keys.ed25519.jwk]);
    const clock = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => clock() + seconds * 1000);
    expect((await read()).status).toBe(200);
  });
});

describe('with the sessions of a Better Auth server', () => {
  jest.setTimeout(60_000);
  let service: TestService;
  let server: BetterAuthServer;
  beforeAll(async () => {
    service = await startTestService({
      ...environment,
      BETTER_AUTH_SECRET: kit.secret,
      AUTH_SOURCES: 'session',
    });
    // The tests' role has the same name as Tasklane's schema, so that Postgres would search that schema first.
    const url = new URL(service.database.url);
    url.searchParams.set('options', '-csearch_path=public');
    server = await startBetterAuth({ databaseUrl: url.href, options: { secret: kit.secret } });
  });
  afterAll(async () => {
    await server.stop();
    await service.stop();
  });

  const cookieOf = ({ cookies }: SignedUp) => [...cookies].map((pair) => pair.join('=')).join('; ');

  async function read(user: SignedUp, options: RequestOptions): Promise<number> {
    return (await send(service.url, 'GET', `/api/${user.userId}/tasks`, options)).status;
  }

  test('the session cookie and the session token open the lane', async () => {
    const user = await server.signUp();
    const path = `/api/${user.userId}/tasks`;
    const headers = { Cookie: cookieOf(user) };
    const body = { title: 'By cookie' };
    expect(await send(service.url, 'POST', path, { headers, body })).toMatchObject({
      status: 403,
      body: { code: 'wrong-origin' },
    });
    const trusted = { ...headers, Origin: appOrigin };
    expect((await send(service.url, 'POST', path, { headers: trusted, body })).status).toBe(201);
    for (const token of [user.sessionToken, user.signedSessionToken]) {
      expect((await send(service.url, 'POST', path, { token, body })).status).toBe(201);
    }
    const { body: page } = await send(service.url, 'GET', path, { headers });
    expect(page.items).toHaveLength(3);
  });

  test('a sign-out ends cookie and token at once, and other sessions stay valid', async () => {
    const [user, other] = [await server.signUp(), await server.signUp()];
    const credentials = [{ headers: { Cookie: cookieOf(user) } }, { token: user.sessionToken }];
    for (const credential of credentials) expect(await read(user, credential)).toBe(200);
    await server.signOut(user);
    for (const credential of credentials) expect(await read(user, credential)).toBe(401);
    expect(await read(other, { token: other.sessionToken })).toBe(200);
  });

  test('the deletion of an account ends its sessions', async () => {
    const user = await server.signUp();
    expect(await read(user, { token: user.sessionToken })).toBe(200);
    await server.deleteUser(user);
    expect(await read(user, { token: user.sessionToken })).toBe(401);
  });

  test('a session opens no other lane, and the log contains no session token', async () => {
    const [user, other] = [await server.signUp(), await server.signUp()];
    expect(await read(other, { token: user.sessionToken })).toBe(403);
    expect(await read(user, { token: `${user.sessionToken}x` })).toBe(401);
    await until(() => service.logged.some((line) => line.authentication === 'session-unknown'));
    const log = JSON.stringify(service.logged);
    for (const secret of [user.sessionToken, user.userId, user.email]) expect(log).not.toContain(secret);
  });
});

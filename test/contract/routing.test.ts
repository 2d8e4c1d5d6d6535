import { send } from '../support/api';
import { operations } from '../support/operations';
import { sendRaw } from '../support/raw';
import { assertDescribed } from '../support/response-check';
import { tokenOf, useTestService } from '../support/service';

const origin = 'https://app.example.com';
let token: string;

const service = useTestService({ CORS_ORIGINS: origin });
beforeAll(async () => {
  token = await tokenOf('ada');
});

describe('an unknown address', () => {
  test.each([
    '/api',
    '/api/ada/tasks/',
    '/api/ada/Tasks',
    '/API/ada/tasks',
    '/api/ada/tasks/1/2/3',
    '//api/ada/tasks',
    '/favicon.ico',
    '/docs/../openapi.yaml',
    '/docs/%2e%2e/openapi.yaml',
    '/constructor',
    '/__proto__',
  ])('%s is 404', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
      const response = await sendRaw(
        service.url,
        `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      expect(response).toMatchObject({
        status: 404,
        body: { code: 'not-found', type: '/problems/not-found' },
      });
    }
  });
});

describe.each([...new Set(operations.map((operation) => operation.path))])('%s', (path) => {
  const methods = operations.filter((each) => each.path === path).map((each) => each.method.toUpperCase());
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  const address = path.replace(/\{[^}]+\}/g, 'x');

  test('answers 405 with Allow to every other method, even without a token', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE']) {
      if (methods.includes(method)) continue;
      const response = await send(service.url, method, address);
      expect(response).toMatchObject({ status: 405, body: { code: 'method-not-allowed' } });
      expect(response.headers.allow).toBe(allow);
    }
  });

  test('answers OPTIONS with Allow', async () => {
    const response = await send(service.url, 'OPTIONS', address);
    expect(response.status).toBe(204);
    expect(response.headers.allow).toBe(allow);
  });

  test('allows a preflight only from a configured origin', async () => {
    const preflight = (from: string) =>
      send(service.url, 'OPTIONS', address, {
        headers: {
          Origin: from,
          'Access-Control-Request-Method': 'PATCH',
          'Access-Control-Request-Headers': 'authorization,content-type',
        },
      });
    const allowed = await preflight(origin);
    expect(allowed.headers['access-control-allow-origin']).toBe(origin);
    expect(allowed.headers['access-control-allow-methods']).toContain('PATCH');
    expect(allowed.headers['access-control-allow-headers']).toContain('Authorization');
    for (const other of ['https://evil.example.com', 'http://app.example.com', 'null']) {
      expect((await preflight(other)).headers).not.toHaveProperty('access-control-allow-origin');
    }
  });
});

test('HEAD has the response of GET without the body', async () => {
  for (const path of ['/livez', '/readyz', '/openapi.json', '/docs', '/api/ada/tasks?include_total=true']) {
    // The test's client accepts codings in `GET` only; `compression.test.ts` has these.
    const headers = { 'Accept-Encoding': 'identity' };
    const get = await send(service.url, 'GET', path, { token, headers });
    const head = await send(service.url, 'HEAD', path, { token, headers });
    expect(head.status).toBe(200);
    expect(head.body).toBeUndefined();
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    expect(head.headers['content-type']).toBe(get.headers['content-type']);
  }
  expect((await send(service.url, 'HEAD', '/api/ada/tasks')).status).toBe(401);
});

describe('malformed HTTP', () => {
  test.each([
    ['headers over the limit', `GET /livez HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['an address over the limit', `GET /livez?${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ['a bad request line', 'Good morning\r\n\r\n', 400],
    ['a control character in a header', 'GET /livez HTTP/1.1\r\nHost: x\r\nX: a\u0001b\r\n\r\n', 400],
    ['no Host header', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    [
      'two Content-Length headers',
      'POST /api/ada/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
      400,
    ],
    [
      'a Content-Length with a chunked body',
      'POST /api/ada/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
  ])('%s', async (_what, text, status) => {
    const response = await sendRaw(service.url, text);
    expect(response.status).toBe(status);
    assertDescribed('GET', '/unrouted', response);
  });
});

describe('the request id', () => {
  const idOf = async (headers: Record<string, string>) =>
    (await send(service.url, 'GET', '/livez', { headers })).headers['x-request-id'];

  test('is the well-formed id from the request', async () => {
    expect(await idOf({ 'X-Request-Id': 'a1.B2_c:3-d' })).toBe('a1.B2_c:3-d');
  });

  test('is otherwise the trace id from traceparent', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
    expect(await idOf({ traceparent })).toBe(trace);
    expect(await idOf({ traceparent, 'X-Request-Id': 'not good' })).toBe(trace);
  });

  test.each([
    [{ 'X-Request-Id': 'x'.repeat(129) }],
    [{ 'X-Request-Id': 'a b' }],
    [{ 'X-Request-Id': '{"a":1}' }],
    [{ traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` }],
    [{}],
  ])('is new for %j', async (headers) => {
    expect(await idOf(headers)).toMatch(/^[0-9a-f]{32}$/);
  });

  test('is in the log with the operation, the status and a hash of the user id, and with no other data of the user', async () => {
    await send(service.url, 'POST', '/api/private-user/tasks?q=private-query', {
      token: await tokenOf('private-user'),
      headers: { 'X-Request-Id': 'logged-once', Cookie: 'session=private-cookie' },
      body: { title: 'private-title' },
    });
    const lines = service.logged.filter((line) => line.request_id === 'logged-once');
    expect(lines).toEqual([
      {
        level: 30,
        time: expect.any(String),
        request_id: 'logged-once',
        method: 'POST',
        operation: 'createTask',
        status: 422,
        duration_ms: expect.any(Number),
        user: expect.stringMatching(/^[0-9a-f]{16}$/),
        msg: 'request',
      },
    ]);
    const text = JSON.stringify(service.logged);
    expect(text.includes('private') || text.includes('eyJ')).toBe(false);
  });
});

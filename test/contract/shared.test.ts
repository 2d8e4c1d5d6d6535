/** Tests the statuses that operations share, on every operation that has them. */
import { randomUUID } from 'node:crypto';
import type { Operation } from '../../src/platform/contract/document/contract';
import { type ApiResponse, type RequestOptions, send } from '../support/api';
import { query } from '../support/database';
import { examplePath, exampleRequest, operations, statusesOf } from '../support/operations';
import { sendRaw } from '../support/raw';
import { assertDescribed } from '../support/response-check';
import { tokenOf, useTestService } from '../support/service';

const userId = randomUUID();
let token: string;

const service = useTestService({
  RATE_LIMIT: 'off',
  MAX_BODY_BYTES: '2000',
  IMPORT_MAX_BYTES: '2000',
});
beforeAll(async () => {
  token = await tokenOf(userId);
});

function having(status: string): [string, Operation][] {
  return operations
    .filter((operation) => statusesOf(operation).includes(status))
    .map((operation) => [operation.id, operation]);
}

function sendTo(
  operation: Operation,
  options: RequestOptions & { path?: string } = {},
): Promise<ApiResponse> {
  const path = options.path ?? examplePath(operation, userId);
  return send(service.url, operation.method.toUpperCase(), path, { token, ...options });
}

/** The request line and the Host header of a request to the operation, as text; and its path. */
function rawHead(operation: Operation): { head: string; path: string } {
  const path = examplePath(operation, userId);
  return { head: `${operation.method.toUpperCase()} ${path} HTTP/1.1\r\nHost: x\r\n`, path };
}

async function rowCount(): Promise<number> {
  const [row] = await query<{ count: string }>(
    service.database.url,
    'select (select count(*) from tasklane.tasks) + (select count(*) from tasklane.changes) as count',
  );
  return Number(row?.count);
}

afterEach(async () => {
  // None of these requests may change anything.
  expect(await rowCount()).toBe(0);
});

test.each(having('400'))('%s refuses a malformed address', async (_id, operation) => {
  const path = `${operation.path.replace(/\{[^}]+\}/g, '%E0%A4')}?%E0%A4`;
  const response = await sendTo(operation, { path });
  expect(response).toMatchObject({ status: 400, body: { code: 'malformed-url' } });
});

describe.each(having('400').filter(([, operation]) => operation.mediaTypes.length > 0))(
  '%s refuses a body',
  (_id, operation) => {
    const [type = ''] = operation.mediaTypes;
    const notJson = type.endsWith('json') ? ['{"title":', '{]', 'nul'] : [];
    test.each([...notJson, Buffer.from([0x22, 0xff, 0x22])])('%p', async (body) => {
      const headers = { 'Content-Type': type };
      const response = await sendTo(operation, { body, headers });
      expect(response).toMatchObject({ status: 400, body: { code: 'malformed-body' } });
    });
  },
);

test.each(having('405'))('%s has an address that refuses other methods', async (_id, operation) => {
  const path = examplePath(operation, userId);
  const response = await send(service.url, 'TRACE', path);
  expect(response).toMatchObject({ status: 405, body: { code: 'method-not-allowed' } });
  expect(response.headers.allow).toContain(operation.method.toUpperCase());
  assertDescribed(operation.method, path, response);
});

test.each(having('431'))('%s refuses large headers', async (_id, operation) => {
  const { head, path } = rawHead(operation);
  const response = await sendRaw(service.url, `${head}X: ${'x'.repeat(20_000)}\r\n\r\n`);
  expect(response).toMatchObject({ status: 431, body: { code: 'headers-too-large' } });
  assertDescribed(operation.method, path, response);
});

describe('with little time for headers', () => {
  const impatient = useTestService({ HEADERS_TIMEOUT_MS: '300', REQUEST_TIMEOUT_MS: '400' });

  let responses: Map<string, ApiResponse>;
  beforeAll(async () => {
    const sent = having('408').map(async ([id, operation]) => {
      return [id, await sendRaw(impatient.url, rawHead(operation).head)] as const;
    });
    responses = new Map(await Promise.all(sent));
  });

  test.each(having('408'))('%s refuses slow headers', async (id, operation) => {
    const response = responses.get(id) as ApiResponse;
    expect(response).toMatchObject({ status: 408, body: { code: 'request-timeout' } });
    assertDescribed(operation.method, rawHead(operation).path, response);
  });
});

test.each(having('401'))('%s requires a token', async (_id, operation) => {
  const without = await sendTo(operation, { token: undefined, ...exampleRequest(operation) });
  expect(without).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
  expect(without.headers['www-authenticate']).toBe(
    `Bearer realm="tasklane", resource_metadata="${service.url}/.well-known/oauth-protected-resource"`,
  );

  const wrong = await sendTo(operation, { token: `${token}x`, ...exampleRequest(operation) });
  expect(wrong).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
  expect(wrong.headers['www-authenticate']).toBe(
    `Bearer realm="tasklane", error="invalid_token", resource_metadata="${service.url}/.well-known/oauth-protected-resource"`,
  );
});

test.each(having('403'))('%s is 403 with the path of another user', async (_id, operation) => {
  const path = examplePath(operation, randomUUID());
  const response = await sendTo(operation, { path, ...exampleRequest(operation) });
  expect(response).toMatchObject({ status: 403, body: { code: 'forbidden' } });
});

test.each(having('413'))('%s refuses a large body', async (_id, operation) => {
  const headers = { 'Content-Type': operation.mediaTypes[0] as string };
  const response = await sendTo(operation, { body: { title: 'x'.repeat(3000) }, headers });
  expect(response).toMatchObject({ status: 413, body: { code: 'content-too-large' } });
});

describe.each(having('415'))('%s refuses the media type', (_id, operation) => {
  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=utf-16',
    'nonsense',
  ])('%s', async (type) => {
    const response = await sendTo(operation, { body: '{}', headers: { 'Content-Type': type } });
    expect(response).toMatchObject({ status: 415, body: { code: 'unsupported-media-type' } });
  });
});

test.each(having('422'))('%s rejects unknown query parameters and lists them all', async (_id, operation) => {
  const example = examplePath(operation, userId);
  const path = `${example}${example.includes('?') ? '&' : '?'}nonsense=1&__proto__=2&a~b/c=3`;
  const response = await sendTo(operation, { path, ...exampleRequest(operation) });
  expect(response).toMatchObject({ status: 422, body: { code: 'validation-failed' } });
  expect(response.body.errors.map((each: { pointer: string }) => each.pointer)).toEqual([
    '/query/nonsense',
    '/query/__proto__',
    '/query/a~0b~1c',
  ]);
});

test.each(having('422').filter(([, operation]) => operation.bodyRequired))(
  '%s requires its body',
  async (_id, operation) => {
    const response = await sendTo(operation);
    expect(response.status).toBe(422);
    expect(response.body.errors).toEqual([{ pointer: '/body', code: 'required', detail: 'is required' }]);
  },
);

describe('over the rate limit', () => {
  const limited = useTestService({
    RATE_LIMIT_READS: '1',
    RATE_LIMIT_WRITES: '1',
    RATE_LIMIT_FAILED_AUTH: '1',
  });
  beforeAll(async () => {
    await send(limited.url, 'GET', `/api/${userId}/profile`, { token });
    await send(limited.url, 'DELETE', `/api/${userId}/trash`, { token });
    await send(limited.url, 'GET', '/calendar/x.ics');
  });

  test.each(having('429'))('%s answers 429', async (_id, operation) => {
    const response = await send(limited.url, operation.method.toUpperCase(), examplePath(operation, userId), {
      token,
      ...exampleRequest(operation),
    });
    expect(response).toMatchObject({ status: 429, body: { code: 'rate-limited' } });
  });
});

describe('without a database', () => {
  const cut = useTestService();
  beforeAll(async () => {
    await cut.database.drop();
  });

  test.each(having('5XX').filter(([, operation]) => operation.scope !== null))(
    '%s answers 503',
    async (_id, operation) => {
      const response = await send(cut.url, operation.method.toUpperCase(), examplePath(operation, userId), {
        token,
        ...exampleRequest(operation),
      });
      expect(response).toMatchObject({ status: 503, body: { code: 'service-unavailable' } });
      expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
    },
  );
});

/** Content codings of replies. Requests are raw, because clients decompress what they get. */
import { request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { send } from '../support/api';
import { tokenOf, useTestService } from '../support/service';
import { seedTasks } from '../support/tasks';

const service = useTestService({ RATE_LIMIT: 'off' });
const lane = '/api/ada';
const browser = { 'Accept-Encoding': 'gzip, deflate, br, zstd' };

interface Raw {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

let token = '';
beforeAll(async () => {
  token = await tokenOf('ada');
  await seedTasks(
    service.database.url,
    'ada',
    Array.from({ length: 50 }, (_, n) => ({ title: `Task ${n}` })),
  );
});

function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const sending = request(service.url + path, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...headers },
    });
    sending.on('error', reject);
    sending.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          headers: response.headers as Raw['headers'],
          body: Buffer.concat(chunks),
        }),
      );
    });
    sending.end();
  });
}

const decoders: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  br: brotliDecompressSync,
  gzip: gunzipSync,
};

/** Headers that differ from one request to the next. */
const changing = [
  'date',
  'x-request-id',
  'ratelimit',
  'content-length',
  'transfer-encoding',
  'content-encoding',
];
const lasting = ({ headers }: Raw) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !changing.includes(name)));

describe.each([
  ['a list', `${lane}/tasks`],
  ['an export as JSON', `${lane}/export`],
  ['an export as CSV', `${lane}/export.csv`],
  ['the contract', '/openapi.json'],
  ['the contract as YAML', '/openapi.yaml'],
])('%s', (_, path) => {
  test.each([
    ['br', 'br'],
    ['gzip', 'gzip'],
    ['br', browser['Accept-Encoding']],
    ['br', 'br;q=0.5, gzip'],
    ['gzip', 'br;q=0, *'],
  ])('is sent in %s to a client that accepts %s', async (coding, accepted) => {
    const plain = await ask('GET', path);
    const compressed = await ask('GET', path, { 'Accept-Encoding': accepted });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(compressed.headers['content-encoding']).toBe(coding);
    expect(lasting(compressed)).toEqual(lasting(plain));
    expect(plain.headers.vary).toBe('Origin, Accept-Encoding');
    expect(compressed.body.length).toBeLessThan(plain.body.length / 2);
    const decoded = decoders[coding]?.(compressed.body).toString();
    // The time of the export differs.
    const withoutTime = (text = '') => text.replace(/"exported_at":"[^"]+"/, '');
    expect(withoutTime(decoded)).toBe(withoutTime(plain.body.toString()));
  });

  test.each(['identity', 'deflate, zstd', 'br;q=0, gzip;q=0', ''])(
    'is not compressed for a client that accepts "%s"',
    async (accepted) => {
      const { status, headers } = await ask('GET', path, { 'Accept-Encoding': accepted });
      expect({ status, coding: headers['content-encoding'] }).toEqual({ status: 200, coding: undefined });
    },
  );

  test('HEAD has the headers of GET and no body', async () => {
    const [get, head] = [await ask('GET', path, browser), await ask('HEAD', path, browser)];
    expect(head.body).toHaveLength(0);
    expect(head.headers['content-encoding']).toBe('br');
    expect(lasting(head)).toEqual(lasting(get));
  });
});

test('a short reply is not compressed', async () => {
  const { headers, body } = await ask('GET', `${lane}/tasks?limit=1`, browser);
  expect(body.length).toBeLessThan(2048);
  expect(headers['content-encoding']).toBeUndefined();
});

test('an entity with a strong entity tag is not compressed, and its conditions hold', async () => {
  const description = 'A long description. '.repeat(400);
  const created = await send(service.url, 'POST', `${lane}/tasks`, {
    token,
    body: { title: 'Long', description },
  });
  const path = `${lane}/tasks/${created.body.id}`;
  const got = await ask('GET', path, browser);
  const tag = got.headers.etag as string;
  expect(got.headers['content-encoding']).toBeUndefined();
  expect(JSON.parse(got.body.toString()).description).toHaveLength(description.length);
  expect(tag).toMatch(/^"/);
  const known = await ask('GET', path, { ...browser, 'If-None-Match': tag });
  expect({ status: known.status, tag: known.headers.etag, bytes: known.body.length }).toEqual({
    status: 304,
    tag,
    bytes: 0,
  });
  expect((await ask('DELETE', path, { ...browser, 'If-Match': tag })).status).toBe(204);
});

test('a calendar feed is compressed, and its weak entity tag holds for each coding', async () => {
  const { body } = await send(service.url, 'POST', `${lane}/calendar-feed`, { token });
  await send(service.url, 'POST', `${lane}/batch`, {
    token,
    body: {
      operations: Array.from({ length: 20 }, (_, n) => ({
        op: 'create_task',
        task: { title: `Due ${n}`, due_date: '2099-01-01' },
      })),
    },
  });
  const path = new URL(body.url).pathname;
  const [plain, compressed] = [await ask('GET', path), await ask('GET', path, browser)];
  expect(compressed.headers['content-encoding']).toBe('br');
  expect(brotliDecompressSync(compressed.body).toString()).toBe(plain.body.toString());
  expect(compressed.headers.etag).toBe(plain.headers.etag);
  expect(compressed.headers.etag).toMatch(/^W\//);
  for (const headers of [{}, browser]) {
    const known = await ask('GET', path, { ...headers, 'If-None-Match': compressed.headers.etag as string });
    expect(known.status).toBe(304);
  }
});

test('a problem, which repeats parts of the request, is not compressed', async () => {
  const filters = Array.from({ length: 60 }, (_, n) => `unknown_${n}=1`).join('&');
  const { status, headers, body } = await ask('GET', `${lane}/tasks?${filters}`, browser);
  expect({ status, coding: headers['content-encoding'] }).toEqual({ status: 422, coding: undefined });
  expect(body.length).toBeGreaterThan(2048);
});

test('a reply with a secret is not compressed, also if it is long', async () => {
  const description = 'x'.repeat(200);
  const created = await send(service.url, 'POST', `${lane}/webhooks`, {
    token,
    headers: browser,
    body: { url: `https://hooks.example.com/${'a'.repeat(1900)}`, description, events: ['task.created'] },
  });
  expect(created.status).toBe(201);
  expect(JSON.stringify(created.body).length).toBeGreaterThan(2048);
  expect(created.headers['content-encoding']).toBeUndefined();
});

test('an event stream is not compressed', async () => {
  const { headers } = await send(service.url, 'GET', `${lane}/events`, { token, headers: browser });
  expect(headers['content-type']).toMatch(/^text\/event-stream/);
  expect(headers['content-encoding']).toBeUndefined();
});

test('the headers of another origin name both', async () => {
  const { headers } = await ask('GET', `${lane}/tasks`, { ...browser, Origin: 'http://localhost:3000' });
  expect(headers.vary?.split(', ').sort()).toEqual(['Accept-Encoding', 'Origin']);
});

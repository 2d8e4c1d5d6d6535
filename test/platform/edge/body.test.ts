import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { send } from '../../support/api';
import { sendRaw } from '../../support/raw';
import { assertDescribed } from '../../support/response-check';
import { tokenOf, useTestService } from '../../support/service';

let token: string;
const service = useTestService({ HEADERS_TIMEOUT_MS: '300', REQUEST_TIMEOUT_MS: '400' });
beforeAll(async () => {
  token = await tokenOf('ada');
});

const create = (body: unknown, headers: Record<string, string> = {}) =>
  send(service.url, 'POST', '/api/ada/tasks', {
    token,
    body,
    headers: { 'Content-Type': 'application/json', ...headers },
  });

describe('a client that is too slow gets 408', () => {
  test.each([
    ['with its headers', 'GET /livez HTTP/1.1\r\nHost: x\r\n'],
    ['with its first line', 'GET /liv'],
  ])('%s', async (_what, text) => {
    const response = await sendRaw(service.url, text);
    expect(response).toMatchObject({ status: 408, body: { code: 'request-timeout' } });
    assertDescribed('GET', '/unrouted', response);
  });

  test('with its body, and nothing is created', async () => {
    const response = await sendRaw(
      service.url,
      `POST /api/ada/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n{"title":"Half of a t`,
    );
    expect(response).toMatchObject({ status: 408, body: { code: 'request-timeout' } });
    expect((await send(service.url, 'GET', '/api/ada/tasks', { token })).body.items).toEqual([]);
  });
});

describe('a body in a content coding', () => {
  const json = JSON.stringify({ title: 'Packed' });

  test.each([
    ['gzip', gzipSync(json)],
    ['deflate', deflateSync(json)],
    ['br', brotliCompressSync(json)],
  ])('%s is read', async (coding, body) => {
    const response = await create(body, { 'Content-Encoding': coding });
    expect(response).toMatchObject({ status: 201, body: { title: 'Packed' } });
  });

  test('is measured after decompression', async () => {
    const bomb = gzipSync(JSON.stringify({ title: 'x'.repeat(10_000_000) }));
    expect(bomb.length).toBeLessThan(100_000);
    expect(await create(bomb, { 'Content-Encoding': 'gzip' })).toMatchObject({
      status: 413,
      body: { code: 'content-too-large' },
    });
  });

  test('gets 400 if it is not in that coding, and 415 if the coding is unknown', async () => {
    expect(await create(Buffer.from(json), { 'Content-Encoding': 'gzip' })).toMatchObject({
      status: 400,
      body: { code: 'malformed-body' },
    });
    expect(await create(Buffer.from(json), { 'Content-Encoding': 'zip' })).toMatchObject({
      status: 415,
      body: { code: 'unsupported-media-type' },
    });
  });
});

describe('nesting', () => {
  const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

  test('of more than 64 levels is refused before the body is validated', async () => {
    expect(await create(nested(65))).toMatchObject({ status: 400, body: { code: 'malformed-body' } });
    expect(await create(nested(50_000))).toMatchObject({ status: 400, body: { code: 'malformed-body' } });
    expect(await create(nested(64))).toMatchObject({ status: 422 });
  });

  test('of thousands of empty objects is refused before it takes memory', async () => {
    const emptyObjects = (count: number) => `[${Array.from({ length: count }, () => '{}').join()}]`;
    expect(await create(emptyObjects(25_000))).toMatchObject({
      status: 400,
      body: { code: 'malformed-body' },
    });
    expect(await create(emptyObjects(15_000))).toMatchObject({ status: 422 });
  });

  test('inside of a string is not counted', async () => {
    const title = `${'['.repeat(90)}\\"${'{'.repeat(90)}`;
    expect(await create({ title })).toMatchObject({ status: 201, body: { title } });
  });
});

test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
  'a field named %s is an unknown field',
  async (name) => {
    const response = await create(`{"title":"x","${name}":{"polluted":true}}`);
    expect(response.status).toBe(422);
    expect(response.body.errors).toEqual([
      { pointer: `/body/${name}`, code: 'unknown', detail: expect.any(String) },
    ]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  },
);

test('the name of an unknown field is escaped in the pointer', async () => {
  const response = await create('{"title":"x","a~b/c":1,"":2,"d/e":{"f":1}}');
  expect(response.body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
    '/body/',
    '/body/a~0b~1c',
    '/body/d~1e',
  ]);
});

describe('a body in chunks', () => {
  const head = () =>
    `POST /api/ada/tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n` +
    'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
  const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

  test('is read as one text, also where a chunk ends within a character', async () => {
    const bytes = Buffer.from('{"title":"Zürich"}');
    const at = bytes.indexOf(0xc3) + 1;
    const parts = [bytes.subarray(0, at), bytes.subarray(at)].map((part) => part.toString('latin1'));
    const text = parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
    const response = await sendRaw(service.url, Buffer.from(`${head()}${text}0\r\n\r\n`, 'latin1'));
    expect(response).toMatchObject({ status: 201, body: { title: 'Zürich' } });
  });

  test('without content counts as an empty object', async () => {
    const response = await sendRaw(service.url, `${head()}0\r\n\r\n`);
    expect(response).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/body/title', code: 'required' }] },
    });
  });

  test('may begin with a byte order mark', async () => {
    const text = chunk('\uFEFF{"title":"Marked"}');
    expect(await sendRaw(service.url, `${head()}${text}0\r\n\r\n`)).toMatchObject({
      status: 201,
      body: { title: 'Marked' },
    });
  });

  test('is 413 if it grows beyond the limit', async () => {
    const text = chunk(JSON.stringify({ title: 'x'.repeat(2_000_000) }));
    expect(await sendRaw(service.url, `${head()}${text}0\r\n\r\n`)).toMatchObject({
      status: 413,
      body: { code: 'content-too-large' },
    });
  });
});

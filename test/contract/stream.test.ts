import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Response } from 'express';
import { sendStream } from '../../src/platform/contract/http/stream';
import { until } from '../support/until';

let server: Server;
/** The result of the last `sendStream`. */
let sent: Promise<void>;

/** Serves one body on a free port. */
async function serve(body: object): Promise<string> {
  server = createServer((_request, response: ServerResponse) => {
    sent = sendStream(response as Response, body);
    sent.catch(() => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A response whose body is not read yet. */
async function open(url: string, method = 'GET'): Promise<IncomingMessage> {
  const [response] = (await once(get(url, { method }), 'response')) as [IncomingMessage];
  return response;
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
}

async function* pages<I>(...items: I[][]): AsyncGenerator<I[]> {
  yield* items;
}

test.each<[string, () => object, object]>([
  ['nothing', () => ({}), {}],
  ['no lists', () => ({ a: 1, b: null, c: { d: [] } }), { a: 1, b: null, c: { d: [] } }],
  ['no pages', () => ({ a: pages() }), { a: [] }],
  ['empty pages', () => ({ a: pages([], [1], [], [2, 3], []), b: pages([]) }), { a: [1, 2, 3], b: [] }],
  ['a list together with pages', () => ({ a: [1], b: pages([2]), c: [3] }), { a: [1], b: [2], c: [3] }],
  ['text that JSON escapes', () => ({ 'a"\n': pages(['"\\\u2028😀']) }), { 'a"\n': ['"\\\u2028😀'] }],
])('a body with %s arrives complete', async (_what, body, expected) => {
  const response = await open(await serve(body()));
  expect(JSON.parse(await textOf(response))).toEqual(expected);
  await sent;
});

test('HEAD gets no body and reads no page', async () => {
  let read = false;
  async function* watched(): AsyncGenerator<number[]> {
    read = true;
    yield [];
  }
  const response = await open(await serve({ a: watched() }), 'HEAD');
  expect(await textOf(response)).toBe('');
  await sent;
  expect(read).toBe(false);
});

describe('many pages', () => {
  const page = ['x'.repeat(100_000)];
  let read: number;
  let finished: boolean;

  /** A thousand pages, or fewer if the reader stops. */
  async function* many(): AsyncGenerator<string[]> {
    try {
      for (read = 1; read <= 1000; read++) {
        await new Promise(setImmediate);
        yield page;
      }
    } finally {
      finished = true;
    }
  }
  beforeEach(() => {
    read = 0;
    finished = false;
  });

  test('are read no faster than the client reads them', async () => {
    const url = await serve({ a: many() });
    const response = await open(url);
    await once(response, 'readable');
    // More turns of the event loop than reading all pages takes.
    for (let turn = 0; turn < 5000; turn++) await new Promise(setImmediate);
    expect(read).toBeLessThan(500);
    expect(JSON.parse(await textOf(response)).a).toHaveLength(1000);
  });

  test('are not read any more when the client disconnects', async () => {
    const response = await open(await serve({ a: many() }));
    await once(response, 'readable');
    response.destroy();
    await until(() => finished);
    expect(read).toBeLessThan(500);
    await expect(sent).resolves.toBeUndefined();
  });

  test('close the connection if one fails', async () => {
    const error = new Error('an error of the third page');
    async function* failing(): AsyncGenerator<string[]> {
      yield page;
      yield page;
      throw error;
    }
    const response = await open(await serve({ a: failing() }));
    await expect(textOf(response)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(response.complete).toBe(false);
    await expect(sent).rejects.toBe(error);
  });
});

test('text arrives in order, and the connection is closed if its source fails', async () => {
  async function* text(): AsyncGenerator<string> {
    yield 'é';
    yield '\r\n';
    yield '😀';
  }
  expect(await textOf(await open(await serve(text())))).toBe('é\r\n😀');
  server.closeAllConnections();
  server.close();

  async function* failing(): AsyncGenerator<string> {
    yield 'x'.repeat(100_000);
    throw new Error('an error after the first piece');
  }
  const response = await open(await serve(failing()));
  await expect(textOf(response)).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(response.complete).toBe(false);
});

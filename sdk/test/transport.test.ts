/** Tests how the client handles tokens, responses of other servers, and network errors. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createTasklane, type TasklaneOptions, TransportError, unwrap } from '../src/index';

interface Received {
  method: string | undefined;
  url: string | undefined;
  authorization: string | undefined;
  contentType: string | undefined;
  body: string;
}

type Answer = (response: ServerResponse, received: Received) => void;

let server: Server;
let baseUrl: string;
let received: Received[];
let answer: Answer;

beforeEach(async () => {
  received = [];
  server = createServer(async (request: IncomingMessage, response) => {
    const { method, url, headers } = request;
    const contentType = headers['content-type'];
    const body = await text(request);
    const each = { method, url, authorization: headers.authorization, contentType, body };
    received.push(each);
    answer(response, each);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

const stop = () =>
  new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });

afterEach(async () => {
  if (server.listening) await stop();
});

const send = (status: number, type: string, body: string): Answer => {
  return (response) => response.writeHead(status, { 'Content-Type': type }).end(body);
};
const json = (body: unknown): Answer => send(200, 'application/json', JSON.stringify(body));
const unauthorized = send(
  401,
  'application/problem+json',
  JSON.stringify({ code: 'unauthorized', status: 401, request_id: 'r1' }),
);
const endlessList = json({ items: [{ id: '1' }, { id: '2' }], next_cursor: 'more', total: null });

const clientWith = (token: TasklaneOptions['token']) => createTasklane({ baseUrl, token }).raw;
const laneWith = (token: TasklaneOptions['token']) => createTasklane({ baseUrl, token }).lane('ada');
const params = { path: { user_id: 'ada' } };
const create = (token: TasklaneOptions['token']) =>
  clientWith(token).POST('/api/{user_id}/tasks', { params, body: { title: 'Once' } });
const list = (options: object = {}) => clientWith('t').GET('/api/{user_id}/tasks', { params, ...options });
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => error,
  );
const authorizations = () => received.map(({ authorization }) => authorization);

describe('a token', () => {
  test('is requested from a function before every request', async () => {
    answer = json({
      items: [],
      next_cursor: null,
      total: null,
      subtask_counts: null,
      highlights: null,
      search: null,
    });
    let count = 0;
    const client = clientWith(() => {
      count += 1;
      return `t${count}`;
    });
    await client.GET('/api/{user_id}/tasks', { params });
    await client.GET('/api/{user_id}/tasks', { params });
    expect(authorizations()).toEqual(['Bearer t1', 'Bearer t2']);
  });

  test('is renewed after a 401, and the same request is sent once more', async () => {
    answer = (response, { authorization }) =>
      (authorization === 'Bearer new' ? json({ id: '1' }) : unauthorized)(response, received[0] as Received);
    const { data } = await create(async ({ refresh }) => (refresh ? 'new' : 'old'));
    expect(data).toEqual({ id: '1' });
    expect(authorizations()).toEqual(['Bearer old', 'Bearer new']);
    const [first, second] = received;
    expect(first).toMatchObject({ contentType: 'application/json', body: '{"title":"Once"}' });
    expect({ ...second, authorization: '' }).toEqual({ ...first, authorization: '' });
  });

  test('is not renewed after a second 401', async () => {
    answer = unauthorized;
    const { error } = await create(({ refresh }) => (refresh ? 'new' : 'old'));
    expect(error?.code).toBe('unauthorized');
    expect(received).toHaveLength(2);
  });

  test.each<[string, TasklaneOptions['token'], string | undefined]>([
    ['is a string', 'same', 'Bearer same'],
    ['stays the same', () => 'same', 'Bearer same'],
    ['is missing after the renewal', ({ refresh }) => (refresh ? null : 'old'), 'Bearer old'],
  ])('is not renewed if it %s', async (_name, token, authorization) => {
    answer = unauthorized;
    const { error } = await create(token);
    expect(error?.code).toBe('unauthorized');
    expect(authorizations()).toEqual([authorization]);
  });

  test('fails the call if its function throws', async () => {
    answer = unauthorized;
    const error = new TypeError('Sign in first.');
    const noToken = { name: 'NoTokenError', cause: error };
    expect(await rejection(create(() => Promise.reject(error)))).toMatchObject(noToken);
    expect(received).toHaveLength(0);
    const late = create(({ refresh }) => {
      if (refresh) throw error;
      return 'old';
    });
    expect(await rejection(late)).toMatchObject(noToken);
  });

  test('that was missing fails a call that needs one', async () => {
    answer = unauthorized;
    expect(await rejection(create(() => undefined))).toMatchObject({ name: 'NoTokenError' });
    expect(authorizations()).toEqual([undefined]);
  });

  test('does not replace the header of a call', async () => {
    answer = unauthorized;
    await clientWith(() => 'mine').GET('/livez', { headers: { Authorization: 'Bearer theirs' } });
    expect(authorizations()).toEqual(['Bearer theirs']);
  });
});

describe('requests', () => {
  test('have lists separated by commas, with each value percent-encoded once', async () => {
    answer = json({
      items: [],
      next_cursor: null,
      total: null,
      subtask_counts: null,
      highlights: null,
      search: null,
    });
    await list({ params: { path: { user_id: 'a b/%é' }, query: { status: ['pending', 'cancelled'] } } });
    expect(received[0]?.url).toBe('/api/a%20b%2F%25%C3%A9/tasks?status=pending,cancelled');
  });

  test.each(['', '.', '..', undefined, null])('are not sent to another address for the id %p', async (id) => {
    answer = json({});
    const path = { user_id: 'ada', task_id: id as string };
    const call = clientWith('t').DELETE('/api/{user_id}/tasks/{task_id}', { params: { path } });
    expect(await rejection(call)).toMatchObject({
      name: 'TypeError',
      message: `The path parameter task_id must not be "${id ?? ''}".`,
    });
    expect(received).toHaveLength(0);
  });

  test('use the given fetch', async () => {
    const urls: string[] = [];
    const { raw } = createTasklane({
      baseUrl: 'https://tasks.example.com/v1/',
      fetch: async (request) => {
        urls.push(request.url);
        return Response.json({ status: 'alive' });
      },
    });
    expect(await unwrap(raw.GET('/livez'))).toEqual({ status: 'alive' });
    expect(urls).toEqual(['https://tasks.example.com/v1/livez']);
  });
});

describe('responses of other servers', () => {
  const page = '<!doctype html><title>Bad gateway</title>';

  test.each<[number, string, string]>([
    [502, 'text/html', page],
    [200, 'text/html', page],
    [200, 'application/json', '{"items": ['],
    [200, 'application/json', ''],
    [500, 'application/json', '{"message":"Internal server error"}'],
    [500, 'application/problem+json', 'null'],
    [401, 'text/plain', 'No.'],
    [404, 'application/json', ''],
  ])('give an error: %p %s %p', async (status, type, body) => {
    answer = send(status, type, body);
    const thrown = await rejection(list());
    expect(thrown).toBeInstanceOf(TransportError);
    expect(thrown).toMatchObject({
      name: 'TransportError',
      message: `GET ${baseUrl}/api/ada/tasks: the response (${status}, ${type}) is not from Tasklane`,
      response: { status },
      body,
    });
    expect(await rejection(unwrap(list()))).toBeInstanceOf(TransportError);
  });

  test('pass as text if text is expected', async () => {
    answer = send(200, 'text/html', page);
    expect(await unwrap(clientWith('t').GET('/docs', { parseAs: 'text' }))).toBe(page);
    answer = send(502, 'text/html', page);
    expect(await rejection(clientWith('t').GET('/docs', { parseAs: 'text' }))).toBeInstanceOf(TransportError);
  });
});

describe('a network error', () => {
  test('is thrown for a port where nothing listens', async () => {
    await stop();
    const thrown = await rejection(list());
    expect(thrown).toMatchObject({
      name: 'TransportError',
      message: `GET ${baseUrl}/api/ada/tasks: fetch failed`,
      cause: { name: 'TypeError', cause: { code: 'ECONNREFUSED' } },
    });
    expect((thrown as TransportError).response).toBeUndefined();
  });

  test('is thrown for a connection that breaks during the response', async () => {
    answer = (response) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' });
      response.write('{"items": [', () => response.destroy());
    };
    expect(await rejection(list())).toMatchObject({ name: 'TransportError', cause: { name: 'TypeError' } });
  });

  test('is an abort error if the call is aborted before the response', async () => {
    const controller = new AbortController();
    answer = () => controller.abort();
    expect(await rejection(list({ signal: controller.signal }))).toMatchObject({ name: 'AbortError' });
    expect(await rejection(list({ signal: controller.signal }))).toMatchObject({ name: 'AbortError' });
    expect(received).toHaveLength(1);
  });

  test('is an abort error if the call is aborted during the response', async () => {
    const controller = new AbortController();
    const reason = new Error('The page was left.');
    answer = (response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.write('{"items": [', () => controller.abort(reason));
    };
    expect(await rejection(list({ signal: controller.signal }))).toBe(reason);
  });
});

describe('pages', () => {
  test('are requested only when they are needed', async () => {
    answer = endlessList;
    const ids: string[] = [];
    for await (const { id } of laneWith('t').tasks.list()) {
      ids.push(id);
      if (ids.length === 3) break;
    }
    expect(ids).toEqual(['1', '2', '1']);
    expect(received.map(({ url }) => url)).toEqual(['/api/ada/tasks', '/api/ada/tasks?cursor=more']);
  });

  test('end when the call is aborted', async () => {
    answer = endlessList;
    const controller = new AbortController();
    const { signal } = controller;
    let pages = 0;
    const reading = (async () => {
      for await (const _page of laneWith('t').tasks.list({}, { signal }).pages()) {
        pages += 1;
        if (pages === 2) controller.abort();
      }
    })();
    expect(await rejection(reading)).toMatchObject({ name: 'AbortError' });
    expect(received).toHaveLength(2);
  });
});

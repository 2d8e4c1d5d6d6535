/** Checks docs/webhooks.md: its receivers run and verify messages, and its defaults are right. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { newSecret, signedHeaders } from '../../src/features/webhooks/signature';
import { projectPath } from '../../src/platform/paths';
import { startTestService, type TestService, testConfig } from '../support/service';
import { makeUser, type TestUser } from '../support/user';

const document = readFileSync(projectPath('docs', 'webhooks.md'), 'utf8');
/** The `ts` blocks by the path in their first line. */
const files = new Map(
  [...document.matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)].map(([, path = '', text = '']) => [
    path,
    text,
  ]),
);

/** The response of a receiver's module to a request. */
type Receive = (request: Request) => Promise<Response>;

let directory: string;
let service: TestService;
const servers: Server[] = [];

beforeAll(async () => {
  service = await startTestService({ WEBHOOK_ALLOWED_HOSTS: '127.0.0.1' });
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'tasklane-receivers-')));
  symlinkSync(projectPath('node_modules'), join(directory, 'node_modules'));
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await service.stop();
});
afterEach(async () => {
  jest.restoreAllMocks();
  delete process.env.TASKLANE_WEBHOOK_SECRET;
  for (const server of servers.splice(0)) {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
});

/** Loads a receiver as its project would, with its own secret. */
function load(path: string, secret: string): Record<string, unknown> {
  const file = join(directory, randomUUID(), path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, files.get(path) ?? '');
  process.env.TASKLANE_WEBHOOK_SECRET = secret;
  return require(file);
}

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Serves a route handler like Next.js: with Web requests and responses. */
function serveRoute(receive: Receive): RequestListener {
  return async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = await receive(
      new Request(`http://localhost${request.url}`, {
        method: String(request.method),
        headers: request.headers as Record<string, string>,
        body: Buffer.concat(chunks),
      }),
    );
    response.writeHead(answer.status).end(await answer.text());
  };
}

const receivers: [string, (secret: string) => RequestListener][] = [
  ['server.ts', (secret) => load('server.ts', secret).app as RequestListener],
  [
    'app/api/tasklane/route.ts',
    (secret) => serveRoute(load('app/api/tasklane/route.ts', secret).POST as Receive),
  ],
];

test('every code block has a test', () => {
  expect([...files.keys()]).toEqual(receivers.map(([path]) => path));
});

describe.each(receivers)('the receiver %s', (_path, start) => {
  const body = JSON.stringify({ type: 'task.created', timestamp: '', data: { task: { title: 'Bäume' } } });
  const message = () => ({ id: randomUUID(), timestamp: Math.floor(Date.now() / 1000), body });

  async function post(url: string, headers: Record<string, string>, text = body): Promise<number> {
    const type = { 'content-type': 'application/json' };
    const sent = { method: 'POST', headers: { ...type, ...headers }, body: text };
    return (await fetch(`${url}/api/tasklane`, sent)).status;
  }

  test('accepts signed messages, and handles each message once', async () => {
    const said = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    const [current, former] = [newSecret(), newSecret()];
    const url = await listen(start(former));
    const headers = signedHeaders(message(), [current, former]);
    expect([await post(url, headers), await post(url, headers)]).toEqual([204, 204]);
    expect(said.mock.calls).toEqual([['New:', 'Bäume']]);
  });

  test('refuses messages that are unsigned, old or changed', async () => {
    const said = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    const secret = newSecret();
    const url = await listen(start(secret));
    const headers = signedHeaders(message(), [secret]);
    const old = { ...message(), timestamp: message().timestamp - 3_600 };
    expect([
      await post(url, {}),
      await post(url, signedHeaders(message(), [newSecret()])),
      await post(url, signedHeaders(old, [secret])),
      await post(url, headers, body.replace('Bäume', 'Baeume')),
      await post(url, { ...headers, 'webhook-id': randomUUID() }),
    ]).toEqual(Array(5).fill(400));
    expect(said).not.toHaveBeenCalled();
  });

  test('accepts the messages of the service', async () => {
    const said = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    let receive: RequestListener | undefined;
    const url = await listen((request, response) => receive?.(request, response));
    const user: TestUser = await makeUser(service.url);
    const made = await user.send('POST', '/webhooks', { body: { url: `${url}/api/tasklane` } });
    receive = start(made.body.secret);
    await user.send('POST', '/tasks', { body: { title: 'Water the plants' } });
    await user.send('POST', `/webhooks/${made.body.id}/test`);
    await service.runJob('webhooks');
    const { body: deliveries } = await user.send('GET', `/webhooks/${made.body.id}/deliveries`);
    expect(deliveries.items.map((each: { state: string }) => each.state)).toEqual(Array(3).fill('delivered'));
    expect(said.mock.calls).toEqual([['New:', 'Water the plants']]);
  });
});

test('its defaults match the configuration', () => {
  const { webhooks } = testConfig({});
  const rowOf = (name: string) => document.split('\n').find((line) => line.startsWith(`| \`${name}\``));
  expect(rowOf('WEBHOOK_INTERVAL_MS')).toContain(`${webhooks.intervalMs / 1000} second by default`);
  expect(rowOf('WEBHOOK_TIMEOUT_MS')).toContain(`${webhooks.timeoutMs / 1000} seconds by default`);
  expect(rowOf('WEBHOOK_HOST_RATE')).toContain(`${webhooks.hostRate} by default`);
  expect(rowOf('WEBHOOK_CONCURRENCY')).toContain(`${webhooks.concurrency} by default`);
});

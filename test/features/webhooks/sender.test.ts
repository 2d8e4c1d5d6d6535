/** Tests one request to a webhook, with every kind of answer. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createEgressPolicy, createResolve } from '../../../src/features/webhooks/egress-policy';
import { createSender, type Send } from '../../../src/features/webhooks/sender';
import { openNameServer } from '../../support/name-server';
import { type Answer, breakOff, hang, openReceiver, type Receiver } from '../../support/receiver';

let receiver: Receiver;
let send: Send;

beforeEach(async () => {
  receiver = await openReceiver();
  send = createSender(createEgressPolicy([receiver.host]), 10_000);
});
afterEach(() => receiver.close());

const post = (answer: Answer, path = '/hook') => {
  receiver.answers = [answer];
  return send(receiver.url + path, { 'webhook-id': 'one', 'content-length': '2' }, '{}');
};

test('a request arrives unchanged, and its answer is returned', async () => {
  const { attempt, retryAfterMs } = await post(
    (response) => response.writeHead(200).end('Thanks'),
    '/hook?a=b',
  );
  expect(receiver.received).toEqual([
    { path: '/hook?a=b', headers: expect.objectContaining({ 'webhook-id': 'one' }), body: '{}' },
  ]);
  expect(attempt).toEqual({
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    duration_ms: expect.any(Number),
    status: 200,
    error: null,
    response: 'Thanks',
  });
  expect(retryAfterMs).toBeNull();
});

test.each([301, 302, 307, 308])('a redirect (%i) is an answer and is not followed', async (status) => {
  const { attempt } = await post((response) => {
    response.writeHead(status, { location: `${receiver.url}/elsewhere` }).end();
  });
  expect(attempt).toMatchObject({ status, error: null, response: '' });
  expect(receiver.received).toHaveLength(1);
});

test('the result has the Retry-After of the receiver', async () => {
  const answer: Answer = (response) => response.writeHead(429, { 'retry-after': '7' }).end();
  expect(await post(answer)).toMatchObject({ attempt: { status: 429 }, retryAfterMs: 7_000 });
});

describe('the body of the answer', () => {
  test('is read up to 1 KiB, and nothing waits for the rest', async () => {
    const { attempt } = await post((response) => {
      // Never ends.
      response.writeHead(200).write('x'.repeat(5_000));
    });
    expect(attempt).toMatchObject({ status: 200, error: null, response: 'x'.repeat(1_024) });
  });

  test('ends without an incomplete character', async () => {
    const { attempt } = await post((response) => response.end(`x${'€'.repeat(1_000)}`));
    expect(attempt.response).toBe(`x${'€'.repeat(341)}`);
  });

  test('has U+FFFD in place of control characters and invalid bytes', async () => {
    const bytes = Buffer.from([0x61, 0x00, 0x1b, 0x5b, 0x0a, 0x09, 0xff, 0xc2, 0x85, 0x62]);
    const { attempt } = await post((response) => response.end(bytes));
    expect(attempt.response).toBe('a\ufffd\ufffd[\n\t\ufffd\ufffdb');
  });

  test('can be incomplete without losing the answer', async () => {
    const { attempt } = await post((response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.socket?.destroy());
    });
    expect(attempt).toMatchObject({ status: 200, error: null, response: 'half' });
  });
});

describe('there is no answer', () => {
  test('from a receiver that closes the connection first', async () => {
    const { attempt } = await post(breakOff);
    expect(attempt).toMatchObject({ status: null, error: 'broken-off', response: null });
  });

  test.each<[string, Answer]>([
    ['sends no answer', hang],
    ['sends its headers byte by byte', (response) => void response.socket?.write('HTTP/1.1 200 OK\r\nX:')],
  ])('after the time limit from a receiver that %s', async (_what, answer) => {
    send = createSender(createEgressPolicy([receiver.host]), 200);
    const { attempt } = await post(answer);
    expect(attempt).toMatchObject({ status: null, error: 'timeout', response: null });
    expect(attempt.duration_ms).toBeGreaterThanOrEqual(190);
    expect(attempt.duration_ms).toBeLessThan(2_000);
  });

  test('from a receiver that sends too many headers', async () => {
    const { attempt } = await post((response) => {
      response.socket?.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`);
    });
    expect(attempt).toMatchObject({ status: null, error: 'too-large' });
  });

  test('if nothing listens', async () => {
    await receiver.close();
    const { attempt } = await post(204);
    expect(attempt).toMatchObject({ status: null, error: 'unreachable', response: null });
    receiver = await openReceiver();
  });

  test('if the receiver does not use TLS', async () => {
    const url = receiver.url.replace('http:', 'https:');
    expect(await send(url, {}, '{}')).toMatchObject({ attempt: { status: null, error: 'tls' } });
    expect(receiver.received).toEqual([]);
  });
});

describe('no connection is made to a forbidden address', () => {
  let server: Server;
  let connected: number;
  const sockets: Socket[] = [];
  let port: number;

  beforeEach(async () => {
    connected = 0;
    server = createServer((socket) => {
      connected++;
      sockets.push(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as { port: number }).port;
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    const closed = once(server, 'close');
    server.close();
    await closed;
  });

  const refused = { attempt: { status: null, error: 'refused-address', response: null } };

  test.each(['127.0.0.1', '127.1', '0x7f000001', '2130706433', '[::ffff:127.0.0.1]', 'localhost'])(
    'to %s, on any port',
    async (host) => {
      const blind = createSender(createEgressPolicy([]), 5_000);
      for (const url of [`https://${host}/`, `http://${host}:${port}/`, `https://${host}:${port}/`]) {
        expect(await blind(url, {}, '{}')).toMatchObject(refused);
      }
      expect(connected).toBe(0);
    },
  );

  test('to a name that resolves to one', async () => {
    const names = await openNameServer((_name, type) => (type === 'A' ? ['127.0.0.1'] : []));
    const blind = createSender(createEgressPolicy([], createResolve([names.address])), 5_000);
    expect(await blind('https://inside.example.com/', {}, '{}')).toMatchObject(refused);
    await names.close();
    expect(connected).toBe(0);
  });
});

/** Receivers that try to cost the service time, memory or a slot: each cost is bounded. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { createEgressPolicy } from '../../../src/features/webhooks/egress-policy';
import { createSender, type Sent } from '../../../src/features/webhooks/sender';
import { until } from '../../support/until';

// A certificate for 127.0.0.1, valid until 2126, used only by these tests.
const tls = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBOXG4ZgZ0yHOjCow
uc4pfjb01iwewrg07liVTwLHUwuhRANCAAQbSKmmw4uXYXns4q0XA0a6xbALhADk
aYcF8J/BXk2c/FPj9ryCQUIUqSXSdQBjTI4vgofovQBQmvCnnfAkcgz+
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBjzCCATagAwIBAgIUY4vvRuPa4cY4AI7I5rFmgg8nU4EwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyNjAyNDUwN1oYDzIxMjYxMTAy
MDI0NTA3WjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQbSKmmw4uXYXns4q0XA0a6xbALhADkaYcF8J/BXk2c/FPj9ryCQUIU
qSXSdQBjTI4vgofovQBQmvCnnfAkcgz+o2QwYjAdBgNVHQ4EFgQUvZyci9Nwh8fH
4sWM7b2hFUbEF9owHwYDVR0jBBgwFoAUvZyci9Nwh8fH4sWM7b2hFUbEF9owDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0cAMEQC
IGrrI/yKhG7sGNZnWbr0Y6K7nHzoEAZq1tlGskSzALedAiAKG+4jbaNKOd/wgngw
tGstSYPR3zQKHRo5qCaVGLab1w==
-----END CERTIFICATE-----`,
};

/** The behaviour of a receiver on a connection after it has read something. */
type Behaviour = (socket: Socket) => void;

let server: Server | undefined;
const sockets = new Set<Socket>();
const authorities = getCACertificates('default');

beforeEach(() => setDefaultCACertificates([...authorities, tls.cert]));
afterAll(() => setDefaultCACertificates(authorities));
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  const closed = server?.listening ? once(server, 'close') : undefined;
  server?.close();
  await closed;
});

/** Sends a webhook to such a receiver; `overTls` says whether the receiver uses TLS, or only the URL does. */
async function sendTo(
  behaviour: Behaviour,
  { timeoutMs = 10_000, protocol = 'http', overTls = false } = {},
): Promise<Sent & { cpuMs: number; sockets: Socket[] }> {
  const accept = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    socket.once('data', () => behaviour(socket)).resume();
  };
  server = overTls ? createTlsServer(tls, accept) : createServer(accept);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const before = process.cpuUsage();
  const sent = await createSender(createEgressPolicy([host]), timeoutMs)(
    `${protocol}://${host}/hook`,
    {},
    '{}',
  );
  const { user, system } = process.cpuUsage(before);
  return { ...sent, cpuMs: (user + system) / 1_000, sockets: [...sockets] };
}

/** Repeats the text as long as the other side reads it. */
const endless =
  (text: string, first = ''): Behaviour =>
  (socket) => {
    if (first) socket.write(first);
    const block = text.repeat(Math.ceil(16_384 / text.length));
    const write = (): void => {
      while (!socket.destroyed && socket.write(block));
      socket.once('drain', write);
    };
    write();
  };

/** Writes the text now, and every few milliseconds. */
const dripping =
  (text: string, first = ''): Behaviour =>
  (socket) => {
    socket.write(first + text);
    const again = setInterval(() => socket.write(text), 5);
    socket.once('close', () => clearInterval(again));
  };

const ok = 'HTTP/1.1 200 OK\r\n';
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`;
const tooLarge = { status: null, error: 'too-large', response: null };

describe('an attempt fails if the receiver sends without end', () => {
  test.each<[string, Behaviour]>([
    ['103 responses', endless('HTTP/1.1 103 Early Hints\r\n\r\n')],
    ['100 responses', endless('HTTP/1.1 100 Continue\r\n\r\n')],
    ['102 responses with headers', endless(`HTTP/1.1 102 Processing\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`)],
    ['headers', endless('X: y\r\n', ok)],
    ['a header', endless('xxxxxxxxxxxxxxxx', `${ok}X: `)],
    ['a reason phrase', endless('xxxxxxxxxxxxxxxx', 'HTTP/1.1 200 ')],
  ])('%s', async (_what, behaviour) => {
    const { attempt, cpuMs } = await sendTo(behaviour);
    expect(attempt).toMatchObject(tooLarge);
    expect(attempt.duration_ms).toBeLessThan(2_000);
    expect(cpuMs).toBeLessThan(500);
  });

  test.each<[string, string]>([
    ['line breaks', '\r\n'],
    ['data that is not HTTP', '0123456789abcdef'],
  ])('%s', async (_what, text) => {
    const { attempt, cpuMs } = await sendTo(endless(text));
    expect(attempt.status).toBeNull();
    expect(['too-large', 'broken-off']).toContain(attempt.error);
    expect(attempt.duration_ms).toBeLessThan(2_000);
    expect(cpuMs).toBeLessThan(500);
  });

  test.each([
    ['http', false],
    ['https', true],
  ])('small responses that are large together, by %s', async (protocol, overTls) => {
    const header = `X: ${'x'.repeat(16_000)}\r\n\r\n`;
    const text = `HTTP/1.1 103 Early Hints\r\n${header}`.repeat(8);
    const { attempt } = await sendTo((socket) => socket.write(text + ok + header.repeat(1).slice(0, -4)), {
      protocol,
      overTls,
      timeoutMs: 5_000,
    });
    expect(attempt).toMatchObject(tooLarge);
  });
});

test('eight informational responses before an answer are accepted, but not nine', async () => {
  const hints = (count: number) => 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(count);
  const answer = 'HTTP/1.1 204 No Content\r\n\r\n';
  const few = await sendTo((socket) => socket.write(hints(8) + answer));
  expect(few.attempt).toMatchObject({ status: 204, error: null });
  server?.close();
  const many = await sendTo((socket) => socket.write(hints(9) + answer));
  expect(many.attempt).toMatchObject(tooLarge);
});

describe('an answer counts, and its connection is closed, even if its status is followed by', () => {
  test.each<[string, Behaviour, string]>([
    ['a body without end', endless('x', `${ok}\r\n`), 'x'.repeat(1_024)],
    ['a chunk extension without end', endless('xxxxxxxxxxxxxxxx', `${chunked}1;`), ''],
    [
      'chunks with extensions without end',
      endless(`1;${'x'.repeat(1_000)}\r\ny\r\n`, chunked),
      expect.stringMatching(/^y+$/),
    ],
    ['a trailer without end', endless('xxxxxxxxxxxxxxxx', `${chunked}0\r\nX: `), ''],
    ['trailers without end', endless('X: y\r\n', `${chunked}0\r\n`), ''],
    [
      'more answers without end',
      endless(`${ok}Content-Length: 0\r\n\r\n`, `${ok}Content-Length: 2\r\n\r\nok`),
      'ok',
    ],
    [
      'a new protocol',
      endless(
        'xxxxxxxxxxxxxxxx',
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
      ),
      '',
    ],
  ])('%s', async (what, behaviour, response) => {
    const { attempt, cpuMs } = await sendTo(behaviour);
    expect(attempt).toMatchObject({ status: what === 'a new protocol' ? 101 : 200, error: null, response });
    expect(attempt.duration_ms).toBeLessThan(2_000);
    expect(cpuMs).toBeLessThan(500);
    await until(() => sockets.size === 0);
  });

  test('no more data and keeps the connection open', async () => {
    const { attempt } = await sendTo((socket) =>
      socket.write(`${ok}Connection: keep-alive\r\nKeep-Alive: timeout=999999\r\nContent-Length: 0\r\n\r\n`),
    );
    expect(attempt).toMatchObject({ status: 200, error: null, response: '' });
    await until(() => sockets.size === 0);
  });

  test('a small gzip body, which is not decompressed', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const { attempt, cpuMs } = await sendTo((socket) => {
      socket.write(`${ok}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
      socket.write(bomb);
    });
    expect(attempt).toMatchObject({ status: 200, error: null });
    expect(Buffer.byteLength(attempt.response ?? '')).toBeLessThan(4_096);
    expect(cpuMs).toBeLessThan(500);
  });
});

describe('the time limit ends an attempt if the receiver sends', () => {
  const timeoutMs = 300;

  test.each<[string, Behaviour, object]>([
    [
      'a byte of the status line at a time',
      dripping('x', 'HTTP/1.1 200 '),
      { status: null, error: 'timeout' },
    ],
    ['a byte of a header at a time', dripping('x', `${ok}X: `), { status: null, error: 'timeout' }],
    ['a byte of a chunk extension at a time', dripping('x', `${chunked}1;`), { status: 200, error: null }],
    ['a byte of a trailer at a time', dripping('x', `${chunked}0\r\nX: `), { status: 200, error: null }],
    ['a byte of the body at a time', dripping('x', `${ok}\r\n`), { status: 200, error: null }],
  ])('%s', async (_what, behaviour, expected) => {
    const { attempt } = await sendTo(behaviour, { timeoutMs });
    expect(attempt).toMatchObject(expected);
    expect(attempt.duration_ms).toBeGreaterThanOrEqual(timeoutMs - 20);
    expect(attempt.duration_ms).toBeLessThan(2_000);
    await until(() => sockets.size === 0);
  });

  test('an incomplete TLS handshake', async () => {
    const { attempt } = await sendTo(() => undefined, { timeoutMs, protocol: 'https' });
    expect(attempt).toMatchObject({ status: null, error: 'timeout' });
    await until(() => sockets.size === 0);
  });
});

describe('TLS fails at once if the receiver sends', () => {
  const record = (type: number, body: Buffer) => {
    const head = Buffer.from([type, 3, 3, 0, 0]);
    head.writeUInt16BE(body.length, 3);
    return Buffer.concat([head, body]).toString('latin1');
  };
  const handshake = Buffer.concat([Buffer.from([2, 0xff, 0xff, 0xff]), Buffer.alloc(16_000)]);

  test.each<[string, string]>([
    ['a handshake message of 16 MB', record(22, handshake)],
    ['warnings without end', record(21, Buffer.from([1, 90]))],
    ['empty records without end', record(22, Buffer.alloc(0))],
  ])('%s', async (_what, text) => {
    const bytes = (socket: Socket) => {
      socket.setDefaultEncoding('latin1');
      endless(text)(socket);
    };
    const { attempt, cpuMs } = await sendTo(bytes, { protocol: 'https' });
    expect(attempt).toMatchObject({ status: null, error: 'tls' });
    expect(attempt.duration_ms).toBeLessThan(2_000);
    expect(cpuMs).toBeLessThan(500);
    await until(() => sockets.size === 0);
  });

  test('a certificate that no authority has signed', async () => {
    setDefaultCACertificates(authorities);
    const { attempt } = await sendTo((socket) => socket.end(), { protocol: 'https', overTls: true });
    expect(attempt).toMatchObject({ status: null, error: 'tls' });
  });
});

test('an answer over TLS is read', async () => {
  const { attempt } = await sendTo((socket) => socket.write(`${ok}Content-Length: 2\r\n\r\nok`), {
    protocol: 'https',
    overTls: true,
  });
  expect(attempt).toMatchObject({ status: 200, error: null, response: 'ok' });
  await until(() => sockets.size === 0);
});

/** Clients that do not read their responses: buffers are bounded, and other clients are served. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { createServer, type ServerLimits } from '../../../src/platform/contract/http/server';
import { send } from '../../support/api';
import { createTestDatabase } from '../../support/database';
import { makeDataDir, removeDataDir, startProcess } from '../../support/process';
import { testSecret } from '../../support/service';
import { until } from '../../support/until';

jest.setTimeout(60_000);

const megabyte = 1024 * 1024;
// More than the kernel's buffers, which grow to about 10 MB on loopback.
const large = Buffer.alloc(16 * megabyte, 'x');

const sockets: Socket[] = [];
/** Opens a connection that reads nothing, and writes `text` to it. */
function writeOnly(port: number, text: string): Socket {
  const socket = connect(port, '127.0.0.1').pause();
  socket.on('error', () => undefined);
  socket.write(text);
  sockets.push(socket);
  return socket;
}
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

describe('a server', () => {
  let server: Server;
  let logged: Record<string, unknown>[];

  async function serve(listener: RequestListener, limits: Partial<ServerLimits['writes']>): Promise<number> {
    logged = [];
    server = createServer(
      listener,
      {
        headersTimeoutMs: 10_000,
        requestTimeoutMs: 60_000,
        writes: {
          writeTimeoutMs: 30_000,
          maxWaitingBytes: 64 * megabyte,
          maxTotalWaitingBytes: 256 * megabyte,
          ...limits,
        },
      },
      pino({ base: null }, { write: (line) => void logged.push(JSON.parse(line)) }),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const connections = () =>
    new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));

  test.each([
    ['in one piece', (response: Parameters<RequestListener>[1]) => void response.end(large)],
    [
      'in many pieces',
      (response: Parameters<RequestListener>[1]) => {
        for (let sent = 0; sent < large.length; sent += 16_384) response.write(large.subarray(0, 16_384));
        response.end();
      },
    ],
  ])('disconnects a client that reads nothing of an answer %s', async (_what, answer) => {
    let closed = 0;
    const port = await serve(
      (_request, response) => {
        response.once('close', () => closed++);
        answer(response);
      },
      { writeTimeoutMs: 500 },
    );
    const began = performance.now();
    writeOnly(port, get('/'));
    await until(() => closed === 1);
    expect(performance.now() - began).toBeGreaterThan(400);
    await until(async () => (await connections()) === 0);
    expect(logged).toEqual([expect.objectContaining({ connections: 1, stalled: 1 })]);
  });

  test('keeps a slow client that makes progress, even beyond the time limit', async () => {
    const port = await serve((_request, response) => void response.end(large), { writeTimeoutMs: 1_000 });
    const socket = writeOnly(port, get('/').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    let received = 0;
    socket.on('data', (chunk) => {
      received += chunk.length;
    });
    socket.pause();
    const began = performance.now();
    const closed = once(socket, 'close');
    const reading = setInterval(() => {
      socket.resume();
      setTimeout(() => socket.pause(), 1);
    }, 100);
    await until(() => performance.now() - began > 2_500);
    clearInterval(reading);
    await sleep(2);
    socket.resume();
    await closed;
    expect(received).toBeGreaterThan(large.length);
    expect(logged).toEqual([]);
  });

  test('disconnects a client that sends but does not read', async () => {
    let closed = 0;
    const port = await serve(
      (_request, response) => {
        response.once('close', () => closed++);
        response.end(large);
      },
      { writeTimeoutMs: 500 },
    );
    const socket = writeOnly(port, get('/'));
    // The next request, as slow as the headers timeout allows.
    socket.write('GET /');
    const dripping = setInterval(() => socket.write('a'), 20);
    const began = performance.now();
    await until(() => closed === 1, 5_000);
    expect(performance.now() - began).toBeGreaterThan(400);
    clearInterval(dripping);
    await until(async () => (await connections()) === 0);
  });

  test('disconnects a client at once if too many bytes wait for it', async () => {
    const port = await serve((_request, response) => void response.end(large), {
      maxWaitingBytes: megabyte,
    });
    writeOnly(port, get('/'));
    await until(() => logged.some((line) => line.connection === 1), 5_000);
    await until(async () => (await connections()) === 0);
  });

  test('disconnects only the slowest clients if too many bytes wait in total', async () => {
    const [count, answer] = [8, Buffer.concat([large, large])];
    const responses: Parameters<RequestListener>[1][] = [];
    const port = await serve(
      (_request, response) => {
        // A busy machine may accept the last connection after bytes of the first one wait.
        if (responses.push(response) === count) for (const each of responses) each.end(answer);
      },
      { maxTotalWaitingBytes: 100 * megabyte },
    );
    for (let opened = 0; opened < count; opened++) writeOnly(port, get('/'));
    await until(() => logged.length > 0);
    const cut = logged.reduce((sum, line) => sum + Number(line.total), 0);
    expect(cut).toBeGreaterThan(0);
    expect(cut).toBeLessThan(count);
    await until(async () => (await connections()) === count - cut);
  });

  test('handles pipelined requests one at a time, in order', async () => {
    let active = 0;
    let most = 0;
    const port = await serve(async (request, response) => {
      most = Math.max(most, ++active);
      await new Promise(setImmediate);
      response.end(request.url, () => active--);
    }, {});
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    const paths = Array.from({ length: 20 }, (_, n) => `/${n}`);
    socket.write(paths.map(get).join(''));
    await until(() => text.endsWith('/19'));
    expect([...text.matchAll(/\r\n\r\n(\/\d+)/g)].map(([, path]) => path)).toEqual(paths);
    expect(most).toBe(1);
    socket.destroy();
  });

  test('handles no pipelined request after the last answer of a connection', async () => {
    const handled: (string | undefined)[] = [];
    const port = await serve((request, response) => {
      handled.push(request.url);
      response.setHeader('Connection', 'close').end();
    }, {});
    const socket = connect(port, '127.0.0.1').resume();
    socket.write(get('/first') + get('/second'));
    await once(socket, 'close');
    expect(handled).toEqual(['/first']);
  });

  test('disconnects a client that pipelines too many requests, after one request', async () => {
    let handled = 0;
    const port = await serve(() => void handled++, {});
    writeOnly(port, get('/').repeat(1_000));
    await until(async () => handled > 0 && (await connections()) === 0);
    expect(handled).toBe(1);
  });

  test('never writes an error response into another response', async () => {
    const port = await serve((_request, response) => {
      response.setHeader('Content-Length', '10').write('12345');
    }, {});
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => undefined);
    socket.write(get('/'));
    await until(() => text.endsWith('12345'));
    socket.write('no request\r\n\r\n');
    await once(socket, 'close');
    expect(text.match(/HTTP\/1\.1/g) ?? []).toHaveLength(1);
    expect(text).not.toContain('400');
  });
});

test('thirty clients that read nothing cost the service little memory, and others are served', async () => {
  const database = await createTestDatabase();
  const dataDir = await makeDataDir();
  const service = startProcess({
    DATABASE_URL: database.url,
    BETTER_AUTH_SECRET: testSecret,
    DATA_DIR: dataDir,
    RATE_LIMIT: 'off',
    WRITE_TIMEOUT_MS: '1500',
  });
  try {
    const url = await service.url;
    const port = Number(new URL(url).port);
    const residentMegabytes = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.child.pid}/status`, 'utf8'))?.[1]) / 1024;
    // The largest response. Memory of the first request is not counted.
    const path = '/docs/redoc.js';
    await fetch(`${url}${path}`).then((response) => response.text());
    const before = residentMegabytes();
    let most = 0;
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 30; n++) writeOnly(port, get(path).repeat(n % 2 ? 30 : 1_000));
      for (let turn = 0; turn < 10; turn++) {
        expect((await send(url, 'GET', '/livez')).status).toBe(200);
        most = Math.max(most, residentMegabytes());
        await sleep(20);
      }
    }
    expect(most - before).toBeLessThan(400);
    await until(() => service.output.stdout.includes('disconnected clients that do not read'), 15_000);
  } finally {
    service.child.kill('SIGKILL');
    await service.ended;
    await removeDataDir(dataDir);
    await database.drop();
  }
});

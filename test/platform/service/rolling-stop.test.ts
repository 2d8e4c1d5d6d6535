/** Replaces instances one after the other behind a load balancer that checks `/readyz`. */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { logOf, makeDataDir, removeDataDir, type ServiceProcess, startProcess } from '../../support/process';
import { testSecret, tokenOf } from '../../support/service';
import { until } from '../../support/until';

jest.setTimeout(60_000);

const delayMs = 1_500;

let database: TestDatabase;
let dataDir: string;
let token: string;
const running: ServiceProcess[] = [];
beforeEach(async () => {
  database = await createTestDatabase();
  dataDir = await makeDataDir();
  token = await tokenOf('ada');
});
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  await removeDataDir(dataDir);
  await database.drop();
});

function start(configuration: Record<string, string> = {}) {
  const started = startProcess({
    DATABASE_URL: database.url,
    BETTER_AUTH_SECRET: testSecret,
    RATE_LIMIT: 'off',
    DATA_DIR: dataDir,
    SHUTDOWN_DELAY_MS: String(delayMs),
    ...configuration,
  });
  running.push(started);
  return started;
}

const stopping = (service: ServiceProcess) => logOf(service).some((line) => line.msg === 'stopping');

/** Creates a task through the agent; returns the status, or the error's code. */
function create(url: string, agent: Agent): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const sending = request(`${url}/api/ada/tasks`, { agent, method: 'POST', headers }, (response) => {
      response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      response.on('end', () => resolve(response.statusCode));
      response.resume();
    });
    sending.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    sending.end('{"title":"A task"}');
  });
}

test.each([true, false])('no request fails, keep-alive: %s', async (keepAlive) => {
  const old = start();
  const next = start();
  const urls = [await old.url, await next.url];
  const ready = new Set(urls);
  let done = false;
  const balancer = (async () => {
    while (!done) {
      for (const url of urls) {
        const status = await send(url, 'GET', '/readyz').then(
          (response) => response.status,
          () => 0,
        );
        if (status === 200) ready.add(url);
        else ready.delete(url);
      }
      await sleep(50);
    }
  })();
  const agent = new Agent({ keepAlive, maxSockets: 10 });
  const seen: (number | string | undefined)[] = [];
  let turn = 0;
  const clients = Array.from({ length: 8 }, async () => {
    while (!done) {
      const choice = [...ready];
      seen.push(await create(choice[turn++ % choice.length] as string, agent));
    }
  });
  await until(() => seen.length >= 100);
  old.child.kill('SIGTERM');
  expect(await old.ended).toEqual({ code: 0, signal: null });
  const atEnd = seen.length;
  await until(() => seen.length >= atEnd + 20);
  done = true;
  await Promise.all([balancer, ...clients]);
  agent.destroy();
  expect(new Set(seen)).toEqual(new Set([201]));
});

test('during SHUTDOWN_DELAY_MS, requests and streams still work, and /readyz answers 503', async () => {
  const service = start();
  const url = await service.url;
  const stream = await fetch(`${url}/api/ada/events`, { headers: { Authorization: `Bearer ${token}` } });
  expect(stream.status).toBe(200);
  const began = performance.now();
  service.child.kill('SIGTERM');
  await until(() => stopping(service));
  expect(await send(url, 'GET', '/readyz')).toMatchObject({
    status: 503,
    body: { detail: 'The service is shutting down.' },
  });
  expect((await send(url, 'GET', '/livez')).status).toBe(200);
  expect((await send(url, 'POST', '/api/ada/tasks', { token, body: { title: 'Late' } })).status).toBe(201);
  const text = await stream.text();
  expect(performance.now() - began).toBeGreaterThan(delayMs * 0.9);
  expect(text).toMatch(/event: change\n/);
  expect(text).toMatch(/retry: \d+\nevent: reconnect\ndata: \{"reason":"shutdown"\}\n\n$/);
  expect(await service.ended).toEqual({ code: 0, signal: null });
});

test('during SHUTDOWN_DELAY_MS, a second signal ends the process', async () => {
  const service = start({ SHUTDOWN_DELAY_MS: '600000' });
  await service.url;
  service.child.kill('SIGTERM');
  await until(() => stopping(service));
  // Longer than the time in which a repeated signal is ignored.
  await sleep(350);
  service.child.kill('SIGTERM');
  expect(await service.ended).toEqual({ code: 1, signal: null });
});

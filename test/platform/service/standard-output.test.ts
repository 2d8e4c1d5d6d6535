/** Tests a reader of the service's standard output that stalls or closes it. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { logOf, makeDataDir, removeDataDir, type ServiceProcess, startProcess } from '../../support/process';
import { testSecret } from '../../support/service';
import { until } from '../../support/until';

jest.setTimeout(120_000);

let database: TestDatabase;
let dataDir: string;
let service: ServiceProcess & { url: Promise<string> };
let url: string;
beforeEach(async () => {
  database = await createTestDatabase();
  dataDir = await makeDataDir();
  service = startProcess({
    DATABASE_URL: database.url,
    BETTER_AUTH_SECRET: testSecret,
    DATA_DIR: dataDir,
    RATE_LIMIT: 'off',
    // Health checks write their lines at this level.
    LOG_LEVEL: 'debug',
  });
  url = await service.url;
});
afterEach(async () => {
  service.child.kill('SIGKILL');
  service.child.stdout?.resume();
  await service.ended;
  await removeDataDir(dataDir);
  await database.drop();
});

const residentMegabytes = () =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.child.pid}/status`, 'utf8'))?.[1]) / 1024;

/** Sends requests with the longest possible log lines. */
async function request(count: number): Promise<void> {
  const headers = { 'X-Request-Id': 'x'.repeat(128) };
  const one = async () => {
    for (let n = 0; n < count / 50; n++)
      expect((await send(url, 'GET', '/livez', { headers })).status).toBe(200);
  };
  await Promise.all(Array.from({ length: 50 }, one));
}

test('a stalled reader loses lines, which are counted, and costs neither memory nor requests', async () => {
  service.child.stdout?.pause();
  // More than 4 MiB of lines, plus the buffers of pipe and reader.
  await request(16_000);
  const full = residentMegabytes();
  await request(6_000);
  expect(residentMegabytes() - full).toBeLessThan(40);
  service.child.stdout?.resume();
  await until(async () => {
    await send(url, 'GET', '/livez');
    return logOf(service).some((line) => String(line.msg).startsWith('log lines were dropped'));
  });
  // Each lost line is counted.
  await until(() => {
    const lines = logOf(service);
    const written = lines.filter((line) => line.request_id === 'x'.repeat(128)).length;
    const dropped = lines.reduce((sum, line) => sum + (typeof line.lines === 'number' ? line.lines : 0), 0);
    return dropped > 1_000 && written + dropped >= 22_000;
  }, 20_000);
});

test('a stalled reader does not keep the process from ending', async () => {
  service.child.stdout?.pause();
  await request(2_000);
  const gone = new Promise((resolve) => service.child.once('exit', (code) => resolve(code)));
  const began = performance.now();
  service.child.kill('SIGTERM');
  expect(await gone).toBe(0);
  expect(performance.now() - began).toBeLessThan(5_000);
});

test('a reader that closes the pipe does not end the process', async () => {
  service.child.stdout?.destroy();
  service.child.stderr?.destroy();
  for (let n = 0; n < 20; n++) {
    await request(50);
    await sleep(10);
  }
  const gone = new Promise((resolve) => service.child.once('exit', (code) => resolve(code)));
  service.child.kill('SIGTERM');
  expect(await gone).toBe(0);
});

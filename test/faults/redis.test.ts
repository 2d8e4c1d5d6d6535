/** Tests that writes continue while Redis hangs or is stopped, and after it is available again. */

import { freePort } from '../../src/platform/database/embedded/server';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { startRedis } from '../support/redis';
import { until } from '../support/until';
import { createCleanUp, kill, startInstance } from './support';
import { startWriter, type Writer } from './writer';

jest.setTimeout(60_000);

const cleanUp = createCleanUp();
let database: TestDatabase;
let port: number;

beforeEach(async () => {
  database = await createTestDatabase();
  cleanUp.add(() => database.drop());
  port = await freePort();
});
afterEach(() => cleanUp.run());

// The writer must never reach them.
const limits = { RATE_LIMIT: 'on', RATE_LIMIT_WRITES: '1000000', RATE_LIMIT_ADDRESS: '1000000' };

async function startWriting(): Promise<Writer> {
  const instance = await startInstance({
    DATABASE_URL: database.url,
    REDIS_URL: `redis://127.0.0.1:${port}`,
    ...limits,
  });
  cleanUp.add(() => kill(instance));
  const writer = await startWriter(() => instance.url);
  cleanUp.add(() => writer.stop());
  await writer.progress(20);
  return writer;
}

/** Expects that every write succeeded, and that none waited for Redis longer than the deadline. */
async function verify(writer: Writer): Promise<void> {
  await writer.stopAndVerify(database.url);
  expect(writer.attempts.filter(({ status }) => status !== 200 && status !== 201)).toEqual([]);
  expect(writer.attempts.filter(({ took }) => took > 2_000)).toEqual([]);
}

test('writes work while Redis hangs, and when it answers again', async () => {
  const redis = await startRedis(port);
  cleanUp.add(() => redis.stop());
  const writer = await startWriting();
  redis.hang();
  await writer.progress(200);
  redis.resume();
  await writer.progress(200);
  await verify(writer);
});

test('writes work while Redis is stopped, and when it is back', async () => {
  let redis = await startRedis(port);
  cleanUp.add(() => redis.stop());
  const writer = await startWriting();
  await redis.stop();
  await writer.progress(200);
  redis = await startRedis(port);
  await writer.progress(200);
  await verify(writer);
});

test('the service starts, serves and stops without Redis', async () => {
  const instance = await startInstance({
    DATABASE_URL: database.url,
    REDIS_URL: `redis://127.0.0.1:${port}`,
    ...limits,
  });
  cleanUp.add(() => kill(instance));
  const writer = await startWriter(() => instance.url);
  cleanUp.add(() => writer.stop());
  await writer.progress(50);
  await verify(writer);
  instance.child.kill('SIGTERM');
  await until(() => instance.child.exitCode !== null, 5_000);
  expect(instance.child.exitCode).toBe(0);
});

/** Tests failures of Postgres and of the network to it while a client writes all the time. */
import { openProxy } from '../support/proxy';
import { until } from '../support/until';
import {
  hangPostgres,
  killPostmaster,
  makeReadOnly,
  type Repair,
  takeConnections,
  terminateBackends,
} from './database-faults';
import { createCleanUp, kill, type OwnPostgres, startInstance, startOwnPostgres } from './support';
import { expectBounded, startWriter, summaryOf, type Writer } from './writer';

jest.setTimeout(120_000);

// The maximum duration of a request while the database does not answer: the timeouts below, and a margin.
const timeouts = {
  DATABASE_ACQUIRE_TIMEOUT_MS: '2000',
  DATABASE_STATEMENT_TIMEOUT_MS: '2000',
};
const boundMs = 8_000;

const cleanUp = createCleanUp();
let postgres: OwnPostgres;

beforeEach(async () => {
  postgres = await startOwnPostgres();
  cleanUp.add(() => postgres.stop());
});
afterEach(() => cleanUp.run());

async function startWriting(configuration: Record<string, string> = {}): Promise<[Writer, string]> {
  const instance = await startInstance({ DATABASE_URL: postgres.url, ...timeouts, ...configuration });
  cleanUp.add(() => kill(instance));
  const writer = await startWriter(() => instance.url);
  cleanUp.add(() => writer.stop());
  await writer.progress(50);
  return [writer, instance.url];
}

const statusOf = async (url: string) => (await fetch(url)).status;

/** Waits until a write fails and `isSeen` resolves, repairs the fault, and waits until writes succeed again. */
async function failAndRepair(
  writer: Writer,
  fail: () => Promise<Repair>,
  isSeen: () => Promise<unknown> = async () => undefined,
) {
  const before = writer.attempts.length;
  const repair = await fail();
  try {
    await until(() => writer.attempts.slice(before).some(({ status }) => status === 503), 20_000);
    await isSeen();
  } finally {
    await repair();
  }
  await writer.progress(50);
}

test('terminated backends cost at most a retry', async () => {
  const [writer] = await startWriting();
  for (let round = 0; round < 10; round += 1) {
    await terminateBackends(postgres.url);
    await writer.progress(20);
  }
  await writer.stopAndVerify(postgres.url);
  expectBounded(writer, boundMs);
});

test('a postmaster that is killed and started again keeps acknowledged writes', async () => {
  const [writer] = await startWriting();
  await failAndRepair(writer, () => killPostmaster(postgres));
  await writer.stopAndVerify(postgres.url);
  expectBounded(writer, boundMs);
});

test('a hanging database gives 503 in bounded time', async () => {
  const [writer, url] = await startWriting();
  await failAndRepair(
    writer,
    () => hangPostgres(postgres),
    async () => {
      expect(await statusOf(`${url}/livez`)).toBe(200);
      expect(await statusOf(`${url}/readyz`)).toBe(503);
    },
  );
  await until(async () => (await statusOf(`${url}/readyz`)) === 200);
  await writer.stopAndVerify(postgres.url);
  expectBounded(writer, boundMs);
});

test('a network that loses all packets gives 503 in bounded time', async () => {
  const proxy = await openProxy(postgres.url);
  cleanUp.add(() => proxy.close());
  const [writer] = await startWriting({ DATABASE_URL: proxy.url });
  await failAndRepair(writer, async () => {
    proxy.silence();
    return async () => undefined;
  });
  await writer.stopAndVerify(postgres.url);
  expectBounded(writer, boundMs);
});

test('a database that was read-only accepts writes again without a restart of the service', async () => {
  const [writer, url] = await startWriting();
  await failAndRepair(
    writer,
    () => makeReadOnly(postgres.url),
    () => until(async () => (await statusOf(`${url}/readyz`)) === 503),
  );
  await until(async () => (await statusOf(`${url}/readyz`)) === 200);
  await writer.stopAndVerify(postgres.url);
  expectBounded(writer, boundMs);
});

test('requests use existing connections when Postgres accepts no more', async () => {
  const [writer, url] = await startWriting();
  const leave = await takeConnections(postgres.url);
  cleanUp.add(leave);
  const before = writer.attempts.length;
  await writer.progress(100);
  expect(writer.attempts.slice(before).filter(({ status }) => status === 503)).toEqual([]);
  expect(await statusOf(`${url}/readyz`)).toBe(200);
  await leave();
  await writer.stopAndVerify(postgres.url);
  expect(summaryOf(writer).slowest).toBeLessThan(boundMs);
});

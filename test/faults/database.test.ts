/** Tests failures of Postgres and of the network to it while a client writes all the time. */
import { Client } from 'pg';
import { query } from '../support/database';
import { openProxy } from '../support/proxy';
import { until } from '../support/until';
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

/** Waits until a write fails, runs `repair`, and waits until writes succeed again. */
async function failAndRepair(writer: Writer, fail: () => Promise<unknown>, repair: () => Promise<unknown>) {
  const before = writer.attempts.length;
  await fail();
  await until(() => writer.attempts.slice(before).some(({ status }) => status === 503), 20_000);
  await repair();
  await writer.progress(50);
}

test('terminated backends cost at most a retry', async () => {
  const [writer] = await startWriting();
  for (let round = 0; round < 10; round += 1) {
    await query(
      postgres.url,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where pid <> pg_backend_pid() and datname = current_database()`,
    ).catch(() => undefined);
    await writer.progress(20);
  }
  await writer.stopAndVerify(postgres.url);
  expectBounded(writer, boundMs);
});

test('a postmaster that is killed and started again keeps acknowledged writes', async () => {
  const [writer] = await startWriting();
  const { postmaster } = await postgres.pids();
  await failAndRepair(
    writer,
    async () => process.kill(postmaster, 'SIGKILL'),
    () => postgres.start(),
  );
  await writer.stopAndVerify(postgres.url);
  expectBounded(writer, boundMs);
});

test('a hanging database gives 503 in bounded time', async () => {
  const [writer, url] = await startWriting();
  const { postmaster, others } = await postgres.pids();
  const all = [postmaster, ...others];
  const signal = (name: NodeJS.Signals) => {
    for (const pid of all) {
      try {
        process.kill(pid, name);
      } catch {
        // It has ended since it was listed.
      }
    }
  };
  cleanUp.add(async () => signal('SIGCONT'));
  await failAndRepair(
    writer,
    async () => signal('SIGSTOP'),
    async () => {
      expect(await statusOf(`${url}/livez`)).toBe(200);
      expect(await statusOf(`${url}/readyz`)).toBe(503);
      signal('SIGCONT');
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
  await failAndRepair(
    writer,
    async () => proxy.silence(),
    async () => undefined,
  );
  await writer.stopAndVerify(postgres.url);
  expectBounded(writer, boundMs);
});

test('a database that was read-only accepts writes again without a restart of the service', async () => {
  const [writer, url] = await startWriting();
  const administer = (sql: string) => query(postgres.url, sql);
  await failAndRepair(
    writer,
    async () => {
      await administer('alter database tasklane set default_transaction_read_only = on');
      // The service still has connections to a server that was demoted.
      await administer(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where pid <> pg_backend_pid() and datname = current_database()`,
      );
    },
    async () => {
      await until(async () => (await statusOf(`${url}/readyz`)) === 503);
      // The setting of the session takes precedence over that of the database.
      const writable = new URL(postgres.url);
      writable.searchParams.set('options', '-c default_transaction_read_only=off');
      await query(writable.href, 'alter database tasklane reset default_transaction_read_only');
    },
  );
  await until(async () => (await statusOf(`${url}/readyz`)) === 200);
  await writer.stopAndVerify(postgres.url);
  expectBounded(writer, boundMs);
});

test('requests use existing connections when Postgres accepts no more', async () => {
  const [writer, url] = await startWriting();
  const clients: Client[] = [];
  const leave = () => Promise.all(clients.splice(0).map((client) => client.end()));
  cleanUp.add(leave);
  for (;;) {
    const client = new Client({ connectionString: postgres.url });
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch {
      break;
    }
    clients.push(client);
  }
  const before = writer.attempts.length;
  await writer.progress(100);
  expect(writer.attempts.slice(before).filter(({ status }) => status === 503)).toEqual([]);
  expect(await statusOf(`${url}/readyz`)).toBe(200);
  await leave();
  await writer.stopAndVerify(postgres.url);
  expect(summaryOf(writer).slowest).toBeLessThan(boundMs);
});

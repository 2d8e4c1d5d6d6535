import pino from 'pino';
import {
  type Connection,
  createPool,
  type Pool,
  type PoolOptions,
} from '../../../src/platform/database/pool';
import { createTestDatabase, query, type TestDatabase } from '../../support/database';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
});
afterAll(() => database.drop());
afterEach(() => pool.close());

function open(options: Partial<PoolOptions> = {}): void {
  pool = createPool(
    {
      url: database.url,
      max: 2,
      acquireTimeoutMs: 10_000,
      statementTimeoutMs: 10_000,
      preparedStatements: true,
      ...options,
    },
    pino({ level: 'silent' }),
  );
}

/** Uses a connection once. Returns it, and the process of Postgres that serves it. */
async function use(): Promise<{ connection: Connection; pid: number }> {
  const { connection, release } = await pool.acquire('ada');
  const { rows } = await connection.query('select pg_backend_pid() as pid');
  release();
  return { connection, pid: rows[0].pid };
}

test('uses a connection again after its release', async () => {
  open();
  const { pid } = await use();
  expect(await use()).toMatchObject({ pid });
});

test('gives a released connection to queries outside of requests', async () => {
  open({ max: 1 });
  const { pid } = await use();
  const { rows } = await pool.knex.raw('select pg_backend_pid() as pid');
  expect(rows).toEqual([{ pid }]);
});

test('replaces a connection at the end of its lifetime, even if it is never idle', async () => {
  open({ connectionLifetimeMs: 100 });
  const { pid } = await use();
  let current = pid;
  const deadline = performance.now() + 10_000;
  while (current === pid && performance.now() < deadline) ({ pid: current } = await use());
  expect(current).not.toBe(pid);
});

test('does not use a connection again that Postgres has closed since its release', async () => {
  open();
  const { connection, pid } = await use();
  const ended = new Promise<void>((resolve) => connection.on('end', resolve));
  await query(database.url, `select pg_terminate_backend(${pid})`);
  await ended;
  expect((await use()).pid).not.toBe(pid);
});

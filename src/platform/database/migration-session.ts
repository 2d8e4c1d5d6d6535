/** The migration lock, which lets only one process change the schema, and how changes run under it. */
import { setTimeout as sleep } from 'node:timers/promises';
import knex, { type Knex } from 'knex';
import type { Client } from 'pg';
import { connectionProvider, openClient, toolConnection } from './connection';
import {
  advisoryLockHolders,
  defaultPatience,
  describeBlockers,
  type LockPatience,
  retryLocks,
} from './lock-retries';
import { refuseTransactionPooler } from './transaction-pooler';

/** What can be done under the migration lock. */
export interface MigrationSession {
  /** For statements outside transactions. They must leave no settings in their session. */
  readonly database: Knex;
  /**
   * Runs `work` in a transaction with a short lock timeout. A read that row-level security would limit fails. If a
   * lock is not available, the transaction is rolled back and runs again, so `work` must only use the database.
   * @param what the name of the work in messages for the operator
   */
  change<T>(what: string, work: (transaction: Knex.Transaction) => Promise<T>): Promise<T>;
  /** Like `change`, for work that opens its own transactions and calls `prepareTransaction` in each. */
  retry<T>(what: string, work: () => Promise<T>): Promise<T>;
  /** Applies the settings of `change` to an open transaction. */
  prepareTransaction(transaction: Knex): Promise<void>;
}

export interface MigrationSessionOptions {
  /** Gets hints for the operator. */
  readonly notice?: (text: string) => void;
  readonly patience?: LockPatience;
  /** Milliseconds between notices about the session that holds the migration lock. */
  readonly reportEveryMs?: number;
}

// An arbitrary number. It identifies the lock among the database's advisory locks.
const advisoryLock = 7_236_147_911;
const lookEveryMs = 250;

/**
 * Takes the lock until the client's transaction ends. A session lock would stay on a server connection that a pooler
 * gives to another client.
 */
async function takeLock(
  client: Client,
  notice: (text: string) => void,
  reportEveryMs: number,
): Promise<void> {
  // `create index concurrently` waits for all transactions with a snapshot. In read committed, a snapshot ends with
  // its statement. A statement with parameters is an exception: its portal keeps the snapshot until the next
  // statement.
  await client.query('begin isolation level read committed read only');
  await client.query(
    `select set_config(name, '0', true) from pg_settings
     where name in ('idle_in_transaction_session_timeout', 'transaction_timeout')`,
  );
  for (let reportAt = performance.now(); ; ) {
    const { rows } = await client.query<{ taken: boolean }>(
      `select pg_try_advisory_xact_lock(${advisoryLock}) as taken`,
    );
    if (rows[0]?.taken) return;
    if (performance.now() >= reportAt) {
      const holders = await client.query(advisoryLockHolders(advisoryLock));
      notice(`Waiting for another migration: ${describeBlockers(holders.rows)}.`);
      reportAt = performance.now() + reportEveryMs;
    }
    await sleep(lookEveryMs);
  }
}

type PooledClient = Client & { readonly processID: number };

/** Makes a pool, and a function that returns the process ids of its server connections. */
function openPool(url: string): { database: Knex; pids(): readonly number[] } {
  const pids = new Set<number>();
  const database = knex({
    client: 'pg',
    connection: connectionProvider(url, toolConnection),
    pool: {
      min: 0,
      // One for the work, one for its queries outside the transaction, and one for checks of blocking sessions.
      max: 3,
      afterCreate(connection: PooledClient, done: (error: null, connection: PooledClient) => void) {
        pids.add(connection.processID);
        connection.once('end', () => pids.delete(connection.processID));
        done(null, connection);
      },
    },
    // Knex throws an error for each warning too, so the warning is not printed.
    log: { warn: () => undefined },
  });
  return { database, pids: () => [...pids] };
}

/** Sets two things for the open transaction: reads that row-level security would limit fail, and the lock timeout. */
export async function prepareTransaction(
  transaction: Knex,
  { timeoutMs }: LockPatience = defaultPatience,
): Promise<void> {
  await transaction.raw(
    `select set_config('row_security', 'off', true), set_config('lock_timeout', ?, true)`,
    [String(timeoutMs)],
  );
}

/**
 * Runs `work` under the migration lock of this database. While another process holds it, waits and reports that process. The
 * lock ends with the process, unlike Knex's lock row.
 * @param url a direct connection to the database
 * @throws Error if the URL leads through a pooler in transaction mode, or the lock is lost
 */
export async function withMigrationLock<T>(
  url: string,
  work: (session: MigrationSession) => Promise<T>,
  {
    notice = () => undefined,
    patience = defaultPatience,
    reportEveryMs = 15_000,
  }: MigrationSessionOptions = {},
): Promise<T> {
  await refuseTransactionPooler(url);
  let lose: (error: Error) => void;
  // The lock ends with its transaction. Then another process could start.
  const lost = new Promise<never>((_resolve, reject) => {
    lose = reject;
  });
  lost.catch(() => undefined);
  const lock = await openClient(url, (cause) => lose(new Error('The migration lock was lost.', { cause })));
  const { database, pids } = openPool(url);
  const prepare = (transaction: Knex) => prepareTransaction(transaction, patience);
  const retry = <R>(what: string, run: () => Promise<R>) =>
    retryLocks({ database, pids, patience, notice }, what, run);
  const session: MigrationSession = {
    database,
    retry,
    prepareTransaction: prepare,
    change: (what, run) =>
      retry(what, () =>
        database.transaction(async (transaction) => {
          await prepare(transaction);
          return run(transaction);
        }),
      ),
  };
  try {
    return await Promise.race([takeLock(lock, notice, reportEveryMs).then(() => work(session)), lost]);
  } finally {
    await database.destroy();
    await lock.end();
  }
}

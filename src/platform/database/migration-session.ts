/** The one process that may change the schema, and how it does so. */
import { setTimeout as sleep } from 'node:timers/promises';
import knex, { type Knex } from 'knex';
import type { Client } from 'pg';
import { besideService, connectionProvider, openClient } from './connection';
import {
  advisoryLockHolders,
  defaultPatience,
  describeBlockers,
  type LockPatience,
  retryLocks,
} from './lock-retries';
import { refuseTransactionPooler } from './transaction-pooler';

/** What works under the migration lock. */
export interface MigrationSession {
  /** Statements outside of transactions; they must leave nothing in their session. */
  readonly database: Knex;
  /**
   * Runs `work` in a transaction in which a read that row-level security would narrow fails, and which waits for locks
   * only for a moment; where it gets none, it is rolled back and run again, so that it must be about the database alone.
   * @param what names the work, for people
   */
  change<T>(what: string, work: (transaction: Knex.Transaction) => Promise<T>): Promise<T>;
  /** The same for work that opens transactions by itself and prepares each by `prepareTransaction`. */
  retry<T>(what: string, work: () => Promise<T>): Promise<T>;
  /** Sets what `change` promises, for the transaction that is open. */
  prepareTransaction(transaction: Knex): Promise<void>;
}

export interface MigrationSessionOptions {
  /** Takes what the operator should know, though nothing is wrong. */
  readonly notice?: (text: string) => void;
  readonly patience?: LockPatience;
  /** Milliseconds between two notices that say who holds the migration lock. */
  readonly reportEveryMs?: number;
}

// Any constant will do; it names the lock among the database's advisory locks.
const advisoryLock = 7_236_147_911;
const lookEveryMs = 250;

/**
 * Takes the lock for as long as the client's transaction is open. A lock of the session would stay on the server's
 * connection where a pooler gives that to somebody else.
 */
async function takeLock(
  client: Client,
  notice: (text: string) => void,
  reportEveryMs: number,
): Promise<void> {
  // `create index concurrently` waits for every transaction that keeps a snapshot. In read committed a statement's ends
  // with the statement, but for one that has parameters: its portal keeps it until the next one.
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

/** A pool whose server processes are known. */
function openPool(url: string): { database: Knex; pids(): readonly number[] } {
  const pids = new Set<number>();
  const database = knex({
    client: 'pg',
    connection: connectionProvider(url, besideService),
    pool: {
      min: 0,
      // One for the work, one for what it looks up beside its transaction, one for looks at who blocks it.
      max: 3,
      afterCreate(connection: PooledClient, done: (error: null, connection: PooledClient) => void) {
        pids.add(connection.processID);
        connection.once('end', () => pids.delete(connection.processID));
        done(null, connection);
      },
    },
    // What it warns of is thrown as well.
    log: { warn: () => undefined },
  });
  return { database, pids: () => [...pids] };
}

/** Sets, for the transaction that is open, that reads which row-level security would narrow fail, and how long to wait for locks. */
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
 * Runs `work` while no other process migrates this database; where another does, it waits, and says for whom. The lock
 * ends with the process, unlike the row that Knex keeps.
 * @param url a direct connection to the database
 * @throws Error when the URL leads through a pooler in transaction mode; when the lock is lost
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
  // Without its transaction there is no lock, and whoever waits for it goes ahead.
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

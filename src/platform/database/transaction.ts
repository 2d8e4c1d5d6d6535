/**
 * Transactions with few round trips. The connections are in node-postgres' pipeline mode: statements that are sent
 * without awaiting results share a round trip, and Postgres runs them in order.
 */
import type { QueryResult, QueryResultRow } from 'pg';
import { Unavailable } from './errors';
import type { AcquiredConnection, Connection, Pool } from './pool';
import type { Owner } from './shares';

export type { Connection } from './pool';

/** A statement for node-postgres. If it has a `name`, each connection prepares it once. */
export interface Statement {
  readonly text: string;
  readonly values?: unknown[];
  readonly name?: string;
  /** Milliseconds to wait for its result, if longer than the pool's timeout. */
  readonly query_timeout?: number;
}

export interface Transaction<T> {
  readonly readOnly: boolean;
  /** Runs first and is awaited. If it returns a value, the transaction is rolled back and has that value. */
  before?(connection: Connection): Promise<{ readonly value: T } | undefined>;
  /** The statements that begin the transaction, sent in the same round trip as the first statement of the work. */
  readonly opening: readonly Statement[];
  /** Does the work. `opened` resolves with the results of the opening statements, which arrive while the work runs. */
  work(connection: Connection, opened: Promise<readonly QueryResult<QueryResultRow>[]>): Promise<T>;
  /**
   * Checks the results of the opening statements. It throws to roll the transaction back. `connection` is null if the
   * work has failed, because then the transaction is aborted.
   */
  check?(
    results: readonly QueryResult<QueryResultRow>[],
    connection: Connection | null,
  ): void | Promise<void>;
  /**
   * Returns statements to send after the work, in the same round trip as the commit. Null rolls back; the value is
   * still returned.
   */
  closing?(value: T): readonly Statement[] | null;
}

async function all<T>(promises: Promise<T>[]): Promise<T[]> {
  // Waits for all results before it rejects, so that no statement is still running during the rollback.
  const settled = await Promise.allSettled(promises);
  return settled.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
}

/** Sends statements in one round trip. Rejects with the first error, after all statements have ended. */
export function sendAll(
  connection: Connection,
  statements: readonly Statement[],
): Promise<QueryResult<QueryResultRow>[]> {
  return all(statements.map((each) => connection.query(each)));
}

async function commit(connection: Connection, closing: readonly Statement[]): Promise<void> {
  const results = await sendAll(connection, [...closing, { text: 'commit' }]);
  // Postgres answers COMMIT of an aborted transaction with ROLLBACK, without an error.
  if (results.at(-1)?.command !== 'COMMIT') throw new Error('The transaction was rolled back.');
}

/** Begins and does the work. Rejects with the first error, after all statements have ended. */
async function begin<T>(connection: Connection, { opening, work, check }: Transaction<T>): Promise<T> {
  const opened = sendAll(connection, opening);
  const [openingResult, workResult] = await Promise.allSettled([opened, work(connection, opened)]);
  if (openingResult.status === 'rejected') throw openingResult.reason;
  await check?.(openingResult.value, workResult.status === 'fulfilled' ? connection : null);
  if (workResult.status === 'rejected') throw workResult.reason;
  return workResult.value;
}

/**
 * An SQL expression that sets Postgres' own transaction timeout, from version 17 on; `value` is an SQL expression of
 * milliseconds, as text. For older versions the service's timer applies, and a running statement ends by its own
 * timeout.
 */
export function setTransactionTimeout(value: string): string {
  return `case when current_setting('server_version_num')::int >= 170000
      then set_config('transaction_timeout', ${value}, true) end`;
}

const ignore = () => undefined;

/** Runs a transaction on an acquired connection and releases it. Rejects with the first error, after a rollback. */
async function runOn<T>(
  { connection, release, classifyError }: AcquiredConnection,
  transaction: Transaction<T>,
): Promise<T> {
  const undo = () =>
    connection
      .query('rollback')
      .catch(ignore)
      .then(() => release());
  let value: T;
  let closing: readonly Statement[] | null;
  try {
    const early = await transaction.before?.(connection);
    value = early ? early.value : await begin(connection, transaction);
    closing = early ? null : transaction.closing ? transaction.closing(value) : [];
  } catch (error) {
    const classified = classifyError(error);
    await undo();
    throw classified;
  }
  if (closing === null) {
    await undo();
    return value;
  }
  const committed = commit(connection, closing).then(
    () => release(),
    (error) => {
      const classified = classifyError(error);
      release();
      throw classified;
    },
  );
  // A read already has its result, and has nothing to commit.
  if (transaction.readOnly) committed.catch(ignore);
  else await committed;
  return value;
}

/** The transaction took too long. Its connection is closed, and Postgres rolls it back. */
export class TransactionTimeout extends Unavailable {}

/**
 * Runs a transaction on a connection of the pool. Rejects with the first error, after a rollback.
 * @throws TransactionTimeout after the pool's `transactionTimeoutMs`
 */
export async function transact<T>(pool: Pool, owner: Owner, transaction: Transaction<T>): Promise<T> {
  const acquired = await pool.acquire(owner);
  return new Promise<T>((resolve, reject) => {
    let isReleased = false;
    const release = (isBusy?: boolean) => {
      if (!isReleased) acquired.release(isBusy);
      isReleased = true;
      clearTimeout(timer);
    };
    // Work that waits for something other than the connection would not end with the connection.
    const timer = setTimeout(() => {
      release(true);
      reject(new TransactionTimeout(`The transaction took longer than ${pool.transactionTimeoutMs} ms.`));
    }, pool.transactionTimeoutMs);
    runOn({ ...acquired, release }, transaction).then(resolve, reject);
  });
}

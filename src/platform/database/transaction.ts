/**
 * Transactions whose control statements travel with the work. The connections are in node-postgres' pipeline mode:
 * statements that are sent without waiting share a round trip, and Postgres runs them in order.
 */
import type { QueryResult, QueryResultRow } from 'pg';
import { Unavailable } from './errors';
import type { AcquiredConnection, Connection, Pool } from './pool';
import type { Owner } from './shares';

export type { Connection } from './pool';

/** A statement for node-postgres; one with a `name` is prepared once a connection. */
export interface Statement {
  readonly text: string;
  readonly values?: unknown[];
  readonly name?: string;
  /** Milliseconds to wait for its result, where that is longer than the pool's. */
  readonly query_timeout?: number;
}

export interface Transaction<T> {
  readonly readOnly: boolean;
  /** Goes first and is waited for. Where it gives a value the transaction ends there, undone, and comes to that. */
  before?(connection: Connection): Promise<{ readonly value: T } | undefined>;
  /** Begins the transaction and prepares it; sent in the same round trip as the first statement of the work. */
  readonly opening: readonly Statement[];
  /** Gets what the opening statements return, which is on its way when the work begins. */
  work(connection: Connection, opened: Promise<readonly QueryResult<QueryResultRow>[]>): Promise<T>;
  /**
   * Looks at what the opening statements returned, and undoes the transaction by throwing. Gets no connection where the
   * work has failed, and the transaction with it.
   */
  check?(
    results: readonly QueryResult<QueryResultRow>[],
    connection: Connection | null,
  ): void | Promise<void>;
  /** Sent after the work, in the same round trip as the commit; null undoes what was done, and the value remains. */
  closing?(value: T): readonly Statement[] | null;
}

async function all<T>(promises: Promise<T>[]): Promise<T[]> {
  // Everything settles before the first failure is told, or statements would still be under way during the rollback.
  const settled = await Promise.allSettled(promises);
  return settled.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
}

/** Sends statements in one round trip; rejects with the first error, with nothing under way any more. */
export function sendAll(
  connection: Connection,
  statements: readonly Statement[],
): Promise<QueryResult<QueryResultRow>[]> {
  return all(statements.map((each) => connection.query(each)));
}

async function commit(connection: Connection, closing: readonly Statement[]): Promise<void> {
  const results = await sendAll(connection, [...closing, { text: 'commit' }]);
  // An aborted transaction answers COMMIT with ROLLBACK, and no error.
  if (results.at(-1)?.command !== 'COMMIT') throw new Error('The transaction was rolled back.');
}

/** Begins and does the work; rejects with the first error, with nothing under way any more. */
async function begin<T>(connection: Connection, { opening, work, check }: Transaction<T>): Promise<T> {
  const opened = sendAll(connection, opening);
  const [openingResult, workResult] = await Promise.allSettled([opened, work(connection, opened)]);
  if (openingResult.status === 'rejected') throw openingResult.reason;
  await check?.(openingResult.value, workResult.status === 'fulfilled' ? connection : null);
  if (workResult.status === 'rejected') throw workResult.reason;
  return workResult.value;
}

/**
 * A column that has Postgres bound its transaction, from 17 on; `value` is an expression of milliseconds, as text. The
 * service's own timer holds for older ones, where a statement that is under way ends by its own timeout.
 */
export function setTransactionTimeout(value: string): string {
  return `case when current_setting('server_version_num')::int >= 170000
      then set_config('transaction_timeout', ${value}, true) end`;
}

const ignore = () => undefined;

/** Runs a transaction on a leased connection, which it releases; rejects with the first error, after a rollback. */
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
  // A read has its answer, and nothing that could still be lost.
  if (transaction.readOnly) committed.catch(ignore);
  else await committed;
  return value;
}

/** The transaction took too long. The connection is destroyed, and Postgres rolls it back. */
export class TransactionTimeout extends Unavailable {}

/**
 * Runs a transaction on a connection of the pool; rejects with the first error, after a rollback.
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
    // Work that waits for something else than the connection would not end with it.
    const timer = setTimeout(() => {
      release(true);
      reject(new TransactionTimeout(`The transaction took longer than ${pool.transactionTimeoutMs} ms.`));
    }, pool.transactionTimeoutMs);
    runOn({ ...acquired, release }, transaction).then(resolve, reject);
  });
}

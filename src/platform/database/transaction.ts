/** Transactions with few round trips: statements that are sent without awaiting results share a flight. */
import type { QueryResult, QueryResultRow } from 'pg';
import { Unavailable } from './errors';
import { endFlightWith, reopen, type Statement, sendAll } from './flight';
import type { AcquiredConnection, Connection, Pool } from './pool';
import type { Owner } from './shares';

export type { Statement } from './flight';
export type { Connection } from './pool';

/**
 * Ends the transaction with the next flight: the statements of `closing`, which is called when the flight is sent, and the
 * commit come after the statements of the work. The work can send nothing after that flight.
 */
export type EndWith = (closing: () => readonly Statement[]) => void;

export interface Transaction<T> {
  readonly readOnly: boolean;
  /** Runs first and is awaited. If it returns a value, the transaction is rolled back and has that value. */
  before?(connection: Connection): Promise<{ readonly value: T } | undefined>;
  /**
   * The statements that begin the transaction, sent in the same round trip as the first statement of the work. They can
   * depend on the connection.
   */
  readonly opening: readonly Statement[] | ((connection: Connection) => readonly Statement[]);
  /**
   * Does the work. `opened` resolves with the results of the opening statements, which arrive while the work runs.
   * `endWith` makes the commit part of the next flight of the work.
   */
  work(
    connection: Connection,
    opened: Promise<readonly QueryResult<QueryResultRow>[]>,
    endWith: EndWith,
  ): Promise<T>;
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

const commit: Statement = { name: 'commit', text: 'commit' };

function assertCommitted(results: readonly Pick<QueryResult, 'command'>[]): void {
  // Postgres answers COMMIT of an aborted transaction with ROLLBACK, without an error.
  if (results.at(-1)?.command !== 'COMMIT') throw new Error('The transaction was rolled back.');
}

/** Begins and does the work. Rejects with the first error, after all statements have ended. */
async function begin<T>(
  connection: Connection,
  { opening, work, check }: Transaction<T>,
  endWith: EndWith,
): Promise<T> {
  const statements = typeof opening === 'function' ? opening(connection) : opening;
  const opened = sendAll(connection, statements);
  const [openingResult, workResult] = await Promise.allSettled([opened, work(connection, opened, endWith)]);
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
  const undo = () => {
    reopen(connection);
    return connection
      .query('rollback')
      .catch(ignore)
      .then(() => release());
  };
  const fail = async (error: unknown) => {
    const classified = classifyError(error);
    await undo();
    throw classified;
  };
  let ended: Promise<void> | null = null;
  const endWith: EndWith = (closing) => {
    ended = endFlightWith(connection, () => [...closing(), commit]).then(assertCommitted);
    ended.catch(ignore);
  };
  let value: T;
  let closing: readonly Statement[] | null = null;
  try {
    const early = await transaction.before?.(connection);
    value = early ? early.value : await begin(connection, transaction, endWith);
    if (ended) await ended;
    else if (!early) closing = transaction.closing ? transaction.closing(value) : [];
  } catch (error) {
    return fail(error);
  }
  if (ended) {
    reopen(connection);
    release();
    return value;
  }
  if (closing === null) {
    await undo();
    return value;
  }
  const committed = sendAll(connection, [...closing, commit])
    .then(assertCommitted)
    .then(() => release(), fail);
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

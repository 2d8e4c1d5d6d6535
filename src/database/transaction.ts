/**
 * Transactions whose control statements travel with the work. The connections are in node-postgres' pipeline mode:
 * statements that are sent without waiting share a round trip, and Postgres runs them in order.
 */
import type { Knex } from 'knex';
import type { PoolClient, QueryResult, QueryResultRow } from 'pg';

export type Connection = PoolClient;

/** A statement for node-postgres; one with a `name` is prepared once a connection. */
export interface Statement {
  readonly text: string;
  readonly values?: unknown[];
  readonly name?: string;
}

export interface Transaction<T> {
  /** Sent before the work, in the same round trip as its first statement. */
  readonly opening: readonly Statement[];
  work(connection: Connection): Promise<T>;
  /** Looks at what the opening statements returned; what it throws undoes the transaction. */
  check?(results: readonly QueryResult<QueryResultRow>[]): void;
  /** Sent after the work, in the same round trip as the commit. */
  closing?(): readonly Statement[];
}

async function all<T>(promises: Promise<T>[]): Promise<T[]> {
  // Everything settles before the first failure is told, or statements would still be under way during the rollback.
  const settled = await Promise.allSettled(promises);
  return settled.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
}

async function commit(connection: Connection, closing: readonly Statement[]): Promise<void> {
  const results = await all([...closing.map((each) => connection.query(each)), connection.query('commit')]);
  // An aborted transaction answers COMMIT with ROLLBACK, and no error.
  if (results.at(-1)?.command !== 'COMMIT') throw new Error('The transaction was rolled back.');
}

/** Runs a transaction on a connection of the pool; rejects with the first error, after a rollback. */
export async function transact<T>(knex: Knex, begin: string, transaction: Transaction<T>): Promise<T> {
  const connection: Connection = await knex.client.acquireConnection();
  try {
    const opening = all([
      connection.query(begin),
      ...transaction.opening.map((each) => connection.query(each)),
    ]);
    const [opened, worked] = await Promise.allSettled([opening, transaction.work(connection)]);
    if (opened.status === 'rejected') throw opened.reason;
    transaction.check?.(opened.value.slice(1));
    if (worked.status === 'rejected') throw worked.reason;
    await commit(connection, transaction.closing?.() ?? []);
    return worked.value;
  } catch (error) {
    await connection.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    await knex.client.releaseConnection(connection);
  }
}

/**
 * The door for work that crosses lanes: transactions as a role of their own, which sees the columns that
 * `system-grants.ts` lists, of all lanes. It is for jobs and out of handlers' reach.
 */
import type { Knex } from 'knex';
import type { Pool } from './pool';
import { schema } from './rows';
import { jobsOwner, type Owner } from './shares';
import type { SystemRow, SystemTable } from './system-grants';
import { type Connection, type Statement, setTransactionTimeout, transact } from './transaction';

/** A transaction across lanes. */
export interface System {
  /** The rows of a table, of all lanes: a query to narrow and order. */
  rows<T extends SystemTable>(table: T): Knex.QueryBuilder<SystemRow<T>, SystemRow<T>[]>;
  /** Runs a statement, with `$1` and so on for its values. */
  query<R extends object>(text: string, values?: readonly unknown[]): Promise<R[]>;
}

/** Opens transactions across lanes. */
export interface WithSystem {
  /** Runs a read; what it finds may have changed when it returns. */
  read<T>(work: (system: System) => Promise<T>): Promise<T>;
  /** Runs a write, all or nothing. */
  write<T>(work: (system: System) => Promise<T>): Promise<T>;
}

export interface SystemOptions {
  /** The role that these transactions run as. */
  readonly systemRole: string;
  /** Milliseconds after which Postgres gives a statement up, and a transaction that sends none. */
  readonly statementTimeoutMs: number;
}

// Runs as the login role, for it is what makes the transaction the system role's. Whoever holds locks in many lanes
// must not keep them while it waits for something else.
const openSystem = `
  select set_config('role', $1, true), set_config('statement_timeout', $2, true),
    set_config('idle_in_transaction_session_timeout', $2, true), ${setTransactionTimeout('$3')}`;

function systemOn(knex: Knex, connection: Connection): System {
  return {
    rows: (table) => knex(`${schema}.${table} as ${table}`).connection(connection) as never,
    query: async (text, values = []) => (await connection.query(text, [...values])).rows as never,
  };
}

/** Makes the door for work that crosses lanes; `owner` is who its connections are for. */
export function createSystem(pool: Pool, options: SystemOptions, owner: Owner = jobsOwner): WithSystem {
  const scope: Statement = {
    text: openSystem,
    values: [options.systemRole, String(options.statementTimeoutMs), String(pool.transactionTimeoutMs)],
  };
  const run = <T>(readOnly: boolean, work: (system: System) => Promise<T>): Promise<T> =>
    transact(pool, owner, {
      readOnly,
      opening: [{ text: readOnly ? 'begin read only' : 'begin' }, scope],
      work: (connection) => work(systemOn(pool.knex, connection)),
    });
  return { read: (work) => run(true, work), write: (work) => run(false, work) };
}

/**
 * Work across lanes: transactions with a database role of its own, which sees the columns in `system-grants.ts` of
 * all lanes. Jobs use it; handlers cannot reach it.
 */
import type { Knex } from 'knex';
import type { LaneKey } from './lane';
import type { Pool } from './pool';
import { findLanes } from './registry';
import { schema } from './rows';
import { jobsOwner, type Owner } from './shares';
import type { SystemRow, SystemTable } from './system-grants';
import { type Connection, type Statement, setTransactionTimeout, transact } from './transaction';

/** A transaction across lanes. */
export interface System {
  /** Starts a query of the rows of a table, of all lanes. */
  rows<T extends SystemTable>(table: T): Knex.QueryBuilder<SystemRow<T>, SystemRow<T>[]>;
  /** The lanes with these ids, by id. Lanes that were erased are left out. */
  lanes(ids: Iterable<string>): Promise<ReadonlyMap<string, LaneKey>>;
  /** Runs a statement with the placeholders `$1`, `$2` and so on. */
  query<R extends object>(text: string, values?: readonly unknown[]): Promise<R[]>;
}

/** Opens transactions across lanes. */
export interface WithSystem {
  /** Runs a read. Its result may be outdated when it returns. */
  read<T>(work: (system: System) => Promise<T>): Promise<T>;
  /** Runs a write as one transaction. */
  write<T>(work: (system: System) => Promise<T>): Promise<T>;
}

export interface SystemOptions {
  /** The role of these transactions. */
  readonly systemRole: string;
  /** Postgres cancels a statement, or an idle transaction, after this many milliseconds. */
  readonly statementTimeoutMs: number;
}

// The login role runs this statement, which sets the system role for the transaction. A transaction with locks in many
// lanes must not stay idle, so it has an idle timeout. Jobs read the first rows of an index. A plan that
// sorts reads all rows that match, or even the whole table.
const openSystem = `
  select set_config('role', $1, true), set_config('statement_timeout', $2, true),
    set_config('idle_in_transaction_session_timeout', $2, true), set_config('enable_sort', 'off', true),
    ${setTransactionTimeout('$3')}`;

function systemOn(knex: Knex, connection: Connection): System {
  const query: System['query'] = async (text, values = []) =>
    (await connection.query(text, [...values])).rows as never;
  return {
    async lanes(ids) {
      const wanted = [...new Set(ids)];
      const lanes = wanted.length > 0 ? await query<LaneKey>(findLanes, [wanted]) : [];
      return new Map(lanes.map((lane) => [lane.id, lane]));
    },
    rows: (table) => knex(`${schema}.${table} as ${table}`).connection(connection) as never,
    query,
  };
}

/** Makes the functions for work across lanes. `owner` is the owner of their connections. */
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

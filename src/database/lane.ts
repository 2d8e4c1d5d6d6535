/**
 * A user's lane: the only way to users' rows. A repository gets a `Lane`, and every query that it can build there is
 * bound to the lane's user and to the lane's transaction.
 */
import type { Knex } from 'knex';
import { isTransient } from './faults';
import { type LaneTables, schema } from './rows';
import { type Connection, type Statement, transact } from './transaction';

type Table = keyof LaneTables;

/** A lane as a reader sees it. */
export interface Lane {
  readonly userId: string;
  /** The lane's rows of a table: a query to narrow, order, update or delete. */
  rows<T extends Table>(table: T): Knex.QueryBuilder<LaneTables[T], LaneTables[T][]>;
}

/** One entry of the lane's history. */
export interface Change {
  readonly type: 'profile' | 'task';
  /** Null for the profile, of which a lane has one. */
  readonly id: string | null;
  readonly action: 'created' | 'updated' | 'deleted';
  /** The fields that changed, as the contract spells them, each with what it was and what it is. */
  readonly fields: Readonly<Record<string, { from: unknown; to: unknown }>>;
}

/** The fields that `wanted` changes: a change's `fields`. */
export function differences<R extends object>(
  current: R,
  wanted: { [F in keyof R]?: R[F] | undefined },
): Change['fields'] {
  const changed = (Object.keys(wanted) as (keyof R)[]).filter(
    (field) => wanted[field] !== undefined && wanted[field] !== current[field],
  );
  return Object.fromEntries(changed.map((field) => [field, { from: current[field], to: wanted[field] }]));
}

/** A row to write: columns that are left out take their defaults. */
export type RowToWrite<T extends Table> = {
  [C in Exclude<keyof LaneTables[T], 'user_id'>]?: LaneTables[T][C] | Knex.Raw | Knex.QueryBuilder;
};

/** A lane inside a write. */
export interface WritableLane extends Lane {
  /** The transaction's time by the database's clock, the one clock that all instances share. */
  readonly now: Knex.Raw;
  /** Inserts a row into the lane. */
  insert<T extends Table>(table: T, row: RowToWrite<T>): Knex.QueryBuilder<LaneTables[T], LaneTables[T][]>;
  /** Leaves a change; it gets the lane's next sequence number when the write commits. */
  changed(change: Change): void;
}

/** What a user's requests can do with the database. */
export interface UserScope {
  /** Runs a read on one snapshot of the lane. */
  read<T>(work: (lane: Lane) => Promise<T>): Promise<T>;
  /**
   * Runs a write, all or nothing. Writes of one lane run one after another: the first statement locks the lane's
   * counter, to commit. `work` may be run again after a deadlock, so it must have no effect of its own.
   */
  write<T>(work: (lane: WritableLane) => Promise<T>): Promise<T>;
}

export interface LaneOptions {
  /** The role that lanes run as: row-level security holds it, whatever the login role is. */
  readonly appRole: string;
  /** Milliseconds after which Postgres gives a statement up. */
  readonly statementTimeoutMs: number;
  /** Whether statements may be named (prepared once a connection); not every pooler keeps them apart. */
  readonly preparedStatements: boolean;
}

// The counter's row is made by the first write. `for update` and the unique index leave one writer at a time; of two
// first writes at once, the second finds neither row and is run again.
const lockCounter = `
  with held as (
    select change_seq from ${schema}.profiles where user_id = $1 for update
  ), made as (
    insert into ${schema}.profiles (user_id)
    select $1 where not exists (select from held)
    on conflict (user_id) do nothing
    returning change_seq
  )
  select change_seq from held union all select change_seq from made`;

// Numbers the changes in order and moves the counter once, whatever their count.
const recordChanges = `
  with counter as (
    update ${schema}.profiles set change_seq = change_seq + cardinality($2::text[])
    where user_id = $1
    returning change_seq - cardinality($2::text[]) as before
  )
  insert into ${schema}.changes (user_id, seq, type, entity_id, action, fields)
  select $1, counter.before + change.n, change.type, change.entity_id, change.action, change.fields::jsonb
  from counter,
    unnest($2::text[], $3::uuid[], $4::text[], $5::text[])
      with ordinality as change(type, entity_id, action, fields, n)`;

const laneNotHeld = new Error('The lane was made by another writer at the same moment.');
const maxAttempts = 5;

function laneOn(knex: Knex, connection: Connection, userId: string): Lane {
  return {
    userId,
    rows: (table) =>
      knex(`${schema}.${table} as ${table}`)
        .connection(connection)
        .where(`${table}.user_id`, userId) as never,
  };
}

function writableLaneOn(knex: Knex, connection: Connection, userId: string, changes: Change[]): WritableLane {
  return {
    ...laneOn(knex, connection, userId),
    now: knex.raw('now()'),
    insert: (table, row) =>
      knex(`${schema}.${table}`)
        .connection(connection)
        .insert({ ...row, user_id: userId }) as never,
    changed: (change) => changes.push(change),
  };
}

/** Makes the lanes of a database; `withUser` opens one. */
export function createLanes(knex: Knex, options: LaneOptions): { withUser(userId: string): UserScope } {
  const named = (name: string, text: string, values: unknown[]): Statement =>
    options.preparedStatements ? { name, text, values } : { text, values };

  const scopeTo = (userId: string): Statement =>
    named(
      'lane-scope',
      `select set_config('role', $1, true), set_config('app.user_id', $2, true), set_config('statement_timeout', $3, true)`,
      [options.appRole, userId, String(options.statementTimeoutMs)],
    );

  const record = (userId: string, changes: Change[]): Statement =>
    named('lane-record', recordChanges, [
      userId,
      changes.map((change) => change.type),
      changes.map((change) => change.id),
      changes.map((change) => change.action),
      changes.map((change) => JSON.stringify(change.fields)),
    ]);

  function read<T>(userId: string, work: (lane: Lane) => Promise<T>): Promise<T> {
    return transact(knex, {
      readOnly: true,
      opening: [{ text: 'begin isolation level repeatable read read only' }, scopeTo(userId)],
      work: (connection) => work(laneOn(knex, connection, userId)),
    });
  }

  function writeOnce<T>(userId: string, work: (lane: WritableLane) => Promise<T>): Promise<T> {
    const changes: Change[] = [];
    return transact(knex, {
      readOnly: false,
      opening: [{ text: 'begin' }, scopeTo(userId), named('lane-lock', lockCounter, [userId])],
      check: ([, , locked]) => {
        if (locked?.rowCount !== 1) throw laneNotHeld;
      },
      work: (connection) => work(writableLaneOn(knex, connection, userId, changes)),
      closing: () => (changes.length > 0 ? [record(userId, changes)] : []),
    });
  }

  async function write<T>(userId: string, work: (lane: WritableLane) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await writeOnce(userId, work);
      } catch (error) {
        if (attempt === maxAttempts || !(error === laneNotHeld || isTransient(error))) throw error;
      }
    }
  }

  return {
    withUser: (userId) => ({
      read: (work) => read(userId, work),
      write: (work) => write(userId, work),
    }),
  };
}

/** Parts of the definition of tables with users' rows, for migrations. A released function never changes its SQL. */
import type { Knex } from 'knex';
import { schema } from './rows';

// After the first transaction that set it, a session reads '' outside of a transaction, not NULL.
const currentSetting = (name: string) => `nullif(current_setting('${name}', true), '')`;

/** The id of the transaction's user, as SQL. */
export const currentUser = currentSetting('app.user_id');

/** The SHA-256 of the transaction's user id, as SQL. */
export const currentUserHash = `sha256(convert_to(${currentUser}, 'UTF8'))`;

// A fractional index whose integer part is a time in microseconds, with the 13 hexadecimal digits that its first character
// announces.
const positionAt = (time: string) =>
  `'m' || lpad(to_hex((extract(epoch from ${time}) * 1000000)::bigint), 13, '0')`;

/** A default for positions, as SQL: after all earlier ones. */
export const lastPosition = positionAt('clock_timestamp()');

/** `lastPosition` for a statement with one row. It is not volatile, which `INSERT … SELECT` on a shard requires. */
export const lastPositionOfStatement = positionAt('statement_timestamp()');

/**
 * The storage parameter of tables whose rows come and go. Jobs read the first entries of their indexes, and Postgres skips
 * dead entries one by one until it has vacuumed the table. By default it waits until a fifth of the rows are dead.
 */
export const vacuumEarly = 'autovacuum_vacuum_scale_factor = 0.05';

/** Row-level security for a table: it shows and accepts only rows of the transaction's lane, even for its owner. */
export async function protectLaneTable(knex: Knex, table: string): Promise<void> {
  const own = `lane_id = ${currentSetting('app.lane_id')}::bigint`;
  await knex.raw(`create policy lane on ${schema}.?? using (${own}) with check (${own})`, [table]);
  await forceRowSecurity(knex, table);
}

/** Switches row-level security on for a table whose policies the migration creates itself. */
export async function forceRowSecurity(knex: Knex, table: string): Promise<void> {
  await knex.raw(`alter table ${schema}.?? enable row level security, force row level security`, [table]);
}

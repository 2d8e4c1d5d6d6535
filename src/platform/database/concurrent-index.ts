import type { Knex } from 'knex';
import { sqlState } from './errors';
import { schema } from './rows';

/** An index on a table of the schema. */
export interface ConcurrentIndex {
  readonly name: string;
  readonly unique?: boolean;
  /** The part of the SQL after `on` and the schema: `tasks (user_id, title) where deleted_at is null`. */
  readonly on: string;
}

// PostgreSQL, appendix A: deadlock, lock not available, statement cancelled. Another attempt can succeed.
const passing = new Set(['40P01', '55P03', '57014']);
const tries = 3;

/** Whether an index of that name exists, and whether it is valid. */
async function stateOf(knex: Knex, name: string): Promise<'absent' | 'invalid' | 'valid'> {
  const { rows } = await knex.raw(
    'select indisvalid as valid from pg_index where indexrelid = to_regclass(?)',
    [`${schema}.${name}`],
  );
  return rows.length === 0 ? 'absent' : rows[0].valid ? 'valid' : 'invalid';
}

/** Drops an index without blocking reads and writes of its table. Does nothing if it does not exist. */
export async function dropIndexConcurrently(knex: Knex, name: string): Promise<void> {
  await knex.raw(`drop index concurrently if exists ${schema}.??`, [name]);
}

/**
 * Creates an index without blocking reads and writes of its table, for a migration with `config = { transaction:
 * false }`. An invalid index, which a failed attempt or a killed process left, is dropped and created again. A valid
 * index stays.
 * @throws the last error after three attempts, or an error that another attempt cannot avoid; no index is left
 */
export async function createIndexConcurrently(
  knex: Knex,
  { name, unique = false, on }: ConcurrentIndex,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const state = await stateOf(knex, name);
    if (state === 'valid') return;
    if (state === 'invalid') await dropIndexConcurrently(knex, name);
    try {
      await knex.raw(`create ${unique ? 'unique ' : ''}index concurrently ?? on ${schema}.${on}`, [name]);
      return;
    } catch (error) {
      if (attempt < tries && passing.has(sqlState(error) ?? '')) continue;
      await dropIndexConcurrently(knex, name);
      throw error;
    }
  }
}

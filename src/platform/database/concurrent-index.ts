import type { Knex } from 'knex';
import { sqlState } from './errors';
import { schema } from './rows';

/** An index of a table of the schema. */
export interface ConcurrentIndex {
  readonly name: string;
  readonly unique?: boolean;
  /** What follows `on` and the schema: `tasks (user_id, title) where deleted_at is null`. */
  readonly on: string;
}

// PostgreSQL, appendix A: a deadlock, a lock that was not available, a statement that was cancelled. Each passes.
const passing = new Set(['40P01', '55P03', '57014']);
const tries = 3;

/** Whether there is an index of that name, and whether it is whole. */
async function stateOf(knex: Knex, name: string): Promise<'absent' | 'invalid' | 'valid'> {
  const { rows } = await knex.raw(
    'select indisvalid as valid from pg_index where indexrelid = to_regclass(?)',
    [`${schema}.${name}`],
  );
  return rows.length === 0 ? 'absent' : rows[0].valid ? 'valid' : 'invalid';
}

/** Drops an index while others read and write its table; where there is none, nothing happens. */
export async function dropIndexConcurrently(knex: Knex, name: string): Promise<void> {
  await knex.raw(`drop index concurrently if exists ${schema}.??`, [name]);
}

/**
 * Makes an index while others read and write its table, for a migration with `config = { transaction: false }`. What a
 * try that failed, or a process that was killed, left invalid is dropped and made anew; an index that is whole stays.
 * @throws the last error, when three tries have failed, or an error that would come again, with no index left
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

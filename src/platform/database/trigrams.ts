/** The extension pg_trgm, which measures the similarity of words. Search works with and without it. */
import type { Knex } from 'knex';
import { escapeIdentifier } from 'pg';
import { isRefused, sqlState } from './errors';
import { schema } from './rows';

const findSchema = `
  select quote_ident(nspname) as name, has_schema_privilege($1, pg_namespace.oid, 'usage') as usable
  from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
  where extname = 'pg_trgm'`;

type LookUp = (text: string, values: readonly unknown[]) => Promise<{ rows: Record<string, unknown>[] }>;

const cacheMs = 60_000;

/**
 * Makes a function that returns the schema of the extension, quoted for SQL; null if the role cannot use it. The
 * result is cached for a minute.
 */
export function createTrigramLookUp(lookUp: LookUp, role: string): () => Promise<string | null> {
  let known: { schema: string | null; until: number } | undefined;
  return async () => {
    if (!known || known.until < performance.now()) {
      const [found] = (await lookUp(findSchema, [role])).rows;
      known = {
        schema: found?.usable ? (found.name as string) : null,
        until: performance.now() + cacheMs,
      };
    }
    return known.schema;
  };
}

// PostgreSQL, appendix A: the server does not have the extension (undefined_file, feature_not_supported), or another
// session creates it at the same time (duplicate_object, unique_violation).
const tolerable = new Set(['58P01', '0A000', '42710', '23505']);

/**
 * Creates the extension if it is missing, and lets a role use it.
 * @returns whether the role can use it now
 */
export async function ensureTrigrams(database: Knex, role: string): Promise<boolean> {
  const attempt = async (sql: string) => {
    try {
      await database.raw(sql);
    } catch (error) {
      if (!isRefused(error) && !tolerable.has(sqlState(error) ?? '')) throw error;
    }
  };
  await attempt(`create extension if not exists pg_trgm with schema ${schema}`);
  const find = async (): Promise<{ name: string; usable: boolean } | undefined> =>
    (await database.raw(findSchema.replace('$1', '?'), [role])).rows[0];
  const found = await find();
  if (found && !found.usable) {
    await attempt(`grant usage on schema ${found.name} to ${escapeIdentifier(role)}`);
  }
  return (await find())?.usable ?? false;
}

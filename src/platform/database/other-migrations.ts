/**
 * Recognises a database that was set up by other migrations than these: by a development version from before the first release,
 * when migrations were still edited. Its tables differ, and errors about missing columns or existing tables would not say why.
 */
import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { SetupError } from './errors';
import { schema } from './rows';

/** A migration with its name and its module. */
export interface NamedMigration {
  readonly name: string;
  readonly migration: Knex.Migration;
}

/** The database cannot be migrated. The message says what to do. */
export class OtherMigrations extends SetupError {
  constructor(names: readonly string[]) {
    super(
      [
        `The database was set up by a development version of Tasklane with other migrations: ${names.join(', ')}.`,
        'This version cannot upgrade it. If you do not need its data, delete DATA_DIR (the embedded Postgres), or drop the',
        `schema ${schema} in your own Postgres, and start again. If you need it, start the version that made it, export each`,
        'lane (GET /api/{user_id}/export), and import the files into an empty database of this version (POST …/import.json).',
      ].join('\n'),
    );
  }
}

/**
 * A hash of the statements of a migration; null if they cannot be told without a database. A migration that reads sees no rows.
 */
export async function hashOf({ up }: Knex.Migration): Promise<string | null> {
  const hash = createHash('sha256');
  const recorder = {
    async raw(sql: string, bindings: unknown[] = []) {
      hash.update(JSON.stringify([sql.replace(/\s+/g, ' ').trim(), bindings]));
      return { rows: [] };
    },
  };
  try {
    await up(recorder as unknown as Knex);
    return hash.digest('base64url');
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** Stores the hashes of migrations that were just applied. The table is Knex's own, with one more column. */
export async function storeHashes(database: Knex, migrations: readonly NamedMigration[]): Promise<void> {
  const { rows } = await database.raw(
    `select exists (select from pg_attribute where attrelid = oid and attname = 'hash') as prepared
     from pg_class where oid = to_regclass('${schema}.migrations')`,
  );
  // The last migration that is reverted removes the table.
  if (rows.length === 0) return;
  if (!rows[0].prepared) await database.raw(`alter table ${schema}.migrations add hash text`);
  for (const { name, migration } of migrations) {
    await database(`${schema}.migrations`)
      .where({ name })
      .update({ hash: await hashOf(migration) });
  }
}

/**
 * The applied migrations that are not those of this version: their statements differ, or this version does not have them although
 * it has later ones.
 */
export async function findOtherMigrations(
  database: Knex,
  known: readonly NamedMigration[],
): Promise<string[]> {
  const { rows: tables } = await database.raw(
    `select from pg_class where oid = to_regclass('${schema}.migrations')`,
  );
  if (tables.length === 0) return [];
  // Without the column, the hash is null.
  const { rows } = await database.raw<{ rows: { name: string; hash: string | null }[] }>(
    `select name, to_jsonb(applied) ->> 'hash' as hash from ${schema}.migrations applied order by id`,
  );
  const hashes = new Map(
    await Promise.all(known.map(async ({ name, migration }) => [name, await hashOf(migration)] as const)),
  );
  const newest = known.at(-1)?.name ?? '';
  const isOther = ({ name, hash }: { name: string; hash: string | null }) => {
    const expected = hashes.get(name);
    if (expected === undefined) return name < newest;
    return expected !== null && hash !== expected;
  };
  return rows.filter(isOther).map(({ name }) => name);
}

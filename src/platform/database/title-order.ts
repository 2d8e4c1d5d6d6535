/** The collation for sorts by title: the order of all languages, by Unicode's root collation (CLDR) in ICU. */
import type { Knex } from 'knex';
import { schema } from './rows';

/**
 * Creates the collation. It compares letters, then accents, then case; numbers by value (`kn`). No index and no stored value
 * uses it, so that nothing breaks if another version of ICU orders texts differently. A Postgres without ICU sorts by
 * code point.
 */
export async function createTitleOrder(knex: Knex): Promise<void> {
  const { rows } = await knex.raw(`select from pg_collation where collname = 'und-x-icu'`);
  await knex.raw(
    rows.length > 0
      ? `create collation ${schema}.title_order (provider = icu, locale = 'und-u-kn-true')`
      : `create collation ${schema}.title_order from pg_catalog."C"`,
  );
}

const findOldVersion = `
  select from pg_collation
  where oid = to_regcollation('${schema}.title_order') and collversion <> pg_collation_actual_version(oid)`;

/**
 * Records the version of ICU that the server has now, if it was updated. Postgres otherwise warns in each session that
 * indexes with the collation may be wrong; there are none.
 */
export async function acceptTitleOrder(database: Knex): Promise<void> {
  const { rows } = await database.raw(findOldVersion);
  if (rows.length > 0) await database.raw(`alter collation ${schema}.title_order refresh version`);
}

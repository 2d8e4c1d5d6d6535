import type { Knex } from 'knex';

/** One entity's history is found without that of its lane. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('create index changes_by_entity on tasklane.changes (user_id, entity_id, seq)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index tasklane.changes_by_entity');
}

import type { Knex } from 'knex';

/**
 * The words of tasks, for searches. The service makes them, by rules of its own that `search_version` numbers; 0 is for
 * tasks whose words are still to be made, which a job does.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table tasklane.tasks
      add search tsvector,
      add search_version integer not null default 0,
      add constraint tasks_search check ((search is null) = (search_version = 0))`);
  await knex.raw('create index tasks_to_index on tasklane.tasks (user_id, id) where search_version < 1');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table tasklane.tasks drop search, drop search_version');
}

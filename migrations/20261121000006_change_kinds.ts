import type { Knex } from 'knex';

const kinds = `'profile', 'project', 'tag', 'task', 'completion', 'calendar_feed', 'webhook'`;
const actions = `'created', 'updated', 'deleted', 'restored', 'purged', 'reminded'`;

/** What changes can be of, and what can have happened to it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table tasklane.changes
      drop constraint changes_type_check,
      drop constraint changes_action_check,
      add constraint changes_type_check check (type in (${kinds})),
      add constraint changes_action_check check (action in (${actions}))`);
}

export async function down(knex: Knex): Promise<void> {
  // Forced, the policies would hide the rows from the owner too.
  await knex.raw('alter table tasklane.changes no force row level security');
  await knex.raw(`
    delete from tasklane.changes
    where type not in ('profile', 'task') or action not in ('created', 'updated', 'deleted')`);
  await knex.raw('alter table tasklane.changes force row level security');
  await knex.raw(`
    alter table tasklane.changes
      drop constraint changes_type_check,
      drop constraint changes_action_check,
      add constraint changes_type_check check (type in ('profile', 'task')),
      add constraint changes_action_check check (action in ('created', 'updated', 'deleted'))`);
}

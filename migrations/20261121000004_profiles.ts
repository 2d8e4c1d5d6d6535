import type { Knex } from 'knex';

/** The user's settings on the tenant row, and changes of it, which are of the lane itself and have no entity's id. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table tasklane.profiles
      add time_zone text not null default 'UTC' check (char_length(time_zone) between 1 and 64),
      add week_start text not null default 'monday' check (week_start in ('monday', 'saturday', 'sunday')),
      add default_priority text not null default 'medium'
        check (default_priority in ('low', 'medium', 'high', 'urgent')),
      add version integer not null default 1 check (version > 0),
      add updated_at timestamptz(3),
      add constraint profiles_updated_at check ((version > 1) = (updated_at is not null))`);
  await knex.raw(`
    alter table tasklane.changes
      drop constraint changes_type_check,
      alter entity_id drop not null,
      add constraint changes_type_check check (type in ('profile', 'task')),
      add constraint changes_entity_id_check check ((entity_id is null) = (type = 'profile'))`);
}

export async function down(knex: Knex): Promise<void> {
  // Forced, the policies would hide the rows from the owner too.
  await knex.raw('alter table tasklane.changes no force row level security');
  await knex.raw(`delete from tasklane.changes where type = 'profile'`);
  await knex.raw('alter table tasklane.changes force row level security');
  await knex.raw(`
    alter table tasklane.changes
      drop constraint changes_entity_id_check,
      drop constraint changes_type_check,
      alter entity_id set not null,
      add constraint changes_type_check check (type in ('task'))`);
  await knex.raw(`
    alter table tasklane.profiles
      drop updated_at,
      drop version,
      drop default_priority,
      drop week_start,
      drop time_zone`);
}

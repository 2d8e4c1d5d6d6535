import type { Knex } from 'knex';

/** The bytes of each lane: what writes add, and the correction by the job that measures lanes. */
export async function up(knex: Knex): Promise<void> {
  // Existing lanes have no count yet, so the job measures all of them once.
  await knex.raw(`
    alter table tasklane.profiles
      add storage_written bigint not null default 0,
      add storage_correction bigint not null default 0,
      add storage_check_at timestamptz default now()`);
  await knex.raw('alter table tasklane.profiles alter storage_check_at drop default');
  await knex.raw(`
    create index profiles_to_measure on tasklane.profiles (storage_check_at) where storage_check_at is not null`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table tasklane.profiles drop storage_written, drop storage_correction, drop storage_check_at`);
}

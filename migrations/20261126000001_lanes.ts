import type { Knex } from 'knex';
import { currentUserHash, forceRowSecurity, protectLaneTable } from '../src/platform/database/lane-table';

/** The row of each lane, which each write updates (settings, counters, the change counter); and the record of erased lanes. */
export async function up(knex: Knex): Promise<void> {
  // Half-empty pages keep new versions of a row on its page, and the log gets less when it copies a page.
  await knex.raw(`
    create table tasklane.profiles (
      user_id text primary key check (char_length(user_id) between 1 and 255),
      epoch uuid not null default gen_random_uuid(),
      change_seq bigint not null default 0 check (change_seq >= 0),
      task_count integer not null default 0,
      project_count integer not null default 0,
      tag_count integer not null default 0,
      webhook_count integer not null default 0,
      storage_written bigint not null default 0,
      storage_correction bigint not null default 0,
      storage_check_at timestamptz,
      delivers boolean not null default false,
      require_if_match boolean not null default false,
      time_zone text not null default 'UTC' check (char_length(time_zone) between 1 and 64),
      week_start text not null default 'monday' check (week_start in ('monday', 'saturday', 'sunday')),
      default_priority text not null default 'medium'
        check (default_priority in ('low', 'medium', 'high', 'urgent')),
      version integer not null default 1 check (version > 0),
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3),
      constraint profiles_updated_at check ((version > 1) = (updated_at is not null))
    ) with (fillfactor = 40)`);
  // For the job that measures the storage of lanes, which reads across lanes.
  await knex.raw(`
    create index profiles_to_measure on tasklane.profiles (storage_check_at) where storage_check_at is not null`);
  await protectLaneTable(knex, 'profiles');

  // The key is the SHA-256 of the user's id, so that the table does not say who the users were.
  await knex.raw(`
    create table tasklane.erased (
      user_hash bytea primary key check (octet_length(user_hash) = 32),
      at timestamptz(3) not null
    )`);
  const own = `user_hash = ${currentUserHash}`;
  // The scope statement reads it before the transaction has a user.
  await knex.raw('create policy lookup on tasklane.erased for select using (true)');
  await knex.raw(`create policy leave on tasklane.erased for insert with check (${own})`);
  await knex.raw(`create policy renew on tasklane.erased for update using (${own}) with check (${own})`);
  await forceRowSecurity(knex, 'erased');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.erased');
  await knex.raw('drop table tasklane.profiles');
}

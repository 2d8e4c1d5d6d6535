import type { Knex } from 'knex';
import {
  currentUser,
  currentUserHash,
  forceRowSecurity,
  protectLaneTable,
} from '../src/platform/database/lane-table';

/**
 * The registry of lanes, which gives each user a number; the profile of each lane, which each write updates (settings,
 * counters, the change counter); the record of erased lanes; and the functions that set what a transaction's statements
 * read: its lane, and the time of its write.
 */
export async function up(knex: Knex): Promise<void> {
  // The number is the first column of all keys and indexes, where the id of a user would take several times its bytes.
  await knex.raw(`
    create table tasklane.lanes (
      id bigint generated always as identity primary key,
      owner_kind text not null default 'user' check (owner_kind = 'user'),
      user_id text not null constraint lanes_user_id_key unique check (char_length(user_id) between 1 and 255)
    )`);
  const ownLane = `user_id = ${currentUser}`;
  await knex.raw(`create policy lane on tasklane.lanes using (${ownLane}) with check (${ownLane})`);
  await forceRowSecurity(knex, 'lanes');

  // Half-empty pages keep new versions of a row on its page, and the log gets less when it copies a page.
  await knex.raw(`
    create table tasklane.profiles (
      lane_id bigint primary key constraint profiles_lane references tasklane.lanes on delete cascade,
      epoch uuid not null default gen_random_uuid(),
      change_seq bigint not null default 0 check (change_seq >= 0),
      purged_seq bigint not null default 0 check (purged_seq >= 0),
      oldest_change_at timestamptz(3),
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
  // For the jobs that measure the storage of lanes and purge their changes, which read across lanes.
  await knex.raw(`
    create index profiles_to_purge on tasklane.profiles (oldest_change_at) where oldest_change_at is not null`);
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
  await knex.raw(`create policy look_up on tasklane.erased for select using (${own})`);
  await knex.raw(`create policy leave on tasklane.erased for insert with check (${own})`);
  await knex.raw(`create policy renew on tasklane.erased for update using (${own}) with check (${own})`);
  await forceRowSecurity(knex, 'erased');

  // SET LOCAL, unlike set_config, also reaches the workers of Citus. The login role runs the function: it has no right to
  // the tables of lanes. `erased` is read after `lanes`: if a lane is gone, its erasure is seen. `clients` is a table of
  // lanes, so the app role reads it.
  await knex.raw(`
    create function tasklane.open_scope(
      app_role text, owner text, token_issued_at float8, statement_timeout text, transaction_timeout text,
      client_ids text[], out lane_id bigint, out stale boolean, out cut_off boolean, out use_is_due boolean
    ) language plpgsql as $$
    begin
      execute format('set local app.user_id = %L', owner);
      select lanes.id into lane_id from tasklane.lanes where lanes.user_id = owner;
      select exists (
        select from tasklane.erased
        where user_hash = sha256(convert_to(owner, 'UTF8'))
          and (token_issued_at is null or extract(epoch from at) >= token_issued_at)
      ) into stale;
      execute format('set local app.lane_id = %L', coalesce(lane_id::text, ''));
      perform set_config('statement_timeout', statement_timeout, true);
      if current_setting('server_version_num')::integer >= 170000 then
        perform set_config('transaction_timeout', transaction_timeout, true);
      end if;
      perform set_config('role', app_role, true);
      cut_off := false;
      use_is_due := false;
      if client_ids is not null and lane_id is not null then
        select count(cut_off_at) > 0,
          count(*) filter (where last_used_at > clock_timestamp() - interval '1 hour') < cardinality(client_ids)
        into cut_off, use_is_due
        from tasklane.clients
        where clients.lane_id = open_scope.lane_id and client_id = any (client_ids);
      end if;
    end $$`);
  await knex.raw(`
    create function tasklane.set_write_time() returns void language plpgsql as $$
    begin
      execute format('set local app.now = %L', clock_timestamp());
    end $$`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop function tasklane.set_write_time()');
  await knex.raw('drop function tasklane.open_scope(text, text, float8, text, text, text[])');
  await knex.raw('drop table tasklane.erased');
  await knex.raw('drop table tasklane.profiles');
  await knex.raw('drop table tasklane.lanes');
}

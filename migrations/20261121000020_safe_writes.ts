import type { Knex } from 'knex';

const ownRow = `user_id = nullif(current_setting('app.user_id', true), '')`;

/** The replies that are kept under clients' keys, and the setting that asks every change for its If-Match. */
export async function up(knex: Knex): Promise<void> {
  // Without headers, the reply was too large to keep: only that there was one is known.
  await knex.raw(`
    create table tasklane.idempotency_keys (
      user_id text not null references tasklane.profiles on delete cascade,
      operation text collate "C" not null,
      key_hash bytea not null check (octet_length(key_hash) = 32),
      fingerprint bytea not null check (octet_length(fingerprint) = 32),
      status smallint not null check (status between 200 and 299),
      headers jsonb,
      body text check (octet_length(body) <= 1048576),
      created_at timestamptz(3) not null default now(),
      primary key (user_id, operation, key_hash)
    )`);
  // What is purged is found by its age alone.
  await knex.raw('create index idempotency_keys_by_age on tasklane.idempotency_keys (created_at)');
  await knex.raw(`create policy lane on tasklane.idempotency_keys using (${ownRow}) with check (${ownRow})`);
  await knex.raw('alter table tasklane.idempotency_keys enable row level security, force row level security');
  await knex.raw('alter table tasklane.profiles add require_if_match boolean not null default false');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table tasklane.profiles drop require_if_match');
  await knex.raw('drop table tasklane.idempotency_keys');
}

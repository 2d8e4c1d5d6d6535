import type { Knex } from 'knex';

/** The tenant row with its change counter, and the changes that it numbers. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.profiles (
      user_id text primary key check (char_length(user_id) between 1 and 255),
      epoch uuid not null default gen_random_uuid(),
      change_seq bigint not null default 0 check (change_seq >= 0),
      created_at timestamptz(3) not null default now()
    )`);
  await knex.raw(`
    create table tasklane.changes (
      user_id text not null references tasklane.profiles on delete cascade,
      seq bigint not null check (seq > 0),
      type text not null check (type in ('task')),
      entity_id uuid not null,
      action text not null check (action in ('created', 'updated', 'deleted')),
      fields jsonb not null,
      at timestamptz(3) not null default now(),
      primary key (user_id, seq)
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.changes');
  await knex.raw('drop table tasklane.profiles');
}

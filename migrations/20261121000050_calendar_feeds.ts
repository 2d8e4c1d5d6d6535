import type { Knex } from 'knex';

const ownRow = `user_id = nullif(current_setting('app.user_id', true), '')`;

/** Calendar feeds, one a lane: of the secret in a feed's address, the SHA-256. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.calendar_feeds (
      user_id text not null references tasklane.profiles on delete cascade,
      id uuid not null,
      secret_hash bytea not null check (octet_length(secret_hash) = 32),
      created_at timestamptz(3) not null default now(),
      primary key (user_id)
    )`);
  await knex.raw('create index calendar_feeds_by_secret on tasklane.calendar_feeds (secret_hash)');
  await knex.raw(`create policy lane on tasklane.calendar_feeds using (${ownRow}) with check (${ownRow})`);
  await knex.raw('alter table tasklane.calendar_feeds enable row level security, force row level security');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.calendar_feeds');
}

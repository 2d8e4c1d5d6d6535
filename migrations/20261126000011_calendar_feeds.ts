import type { Knex } from 'knex';
import { protectLaneTable } from '../src/platform/database/lane-table';

/** The calendar feed of each lane, with the SHA-256 of the secret in its address. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.calendar_feeds (
      lane_id bigint not null references tasklane.profiles on delete cascade,
      id uuid not null,
      secret_hash bytea not null check (octet_length(secret_hash) = 32),
      created_at timestamptz(3) not null default now(),
      primary key (lane_id)
    )`);
  await knex.raw('create index calendar_feeds_by_secret on tasklane.calendar_feeds (secret_hash)');
  await protectLaneTable(knex, 'calendar_feeds');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.calendar_feeds');
}

import type { Knex } from 'knex';
import { protectLaneTable, vacuumEarly } from '../src/platform/database/lane-table';

/** Idempotency records. Without headers, the reply is not stored (any more), and the record only says that there was one. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.idempotency_keys (
      lane_id bigint not null references tasklane.profiles on delete cascade,
      operation text collate "C" not null,
      key_hash bytea not null check (octet_length(key_hash) = 32),
      fingerprint bytea not null check (octet_length(fingerprint) = 32),
      status smallint not null check (status between 200 and 299),
      headers jsonb,
      body text check (octet_length(body) <= 1048576),
      kept boolean not null generated always as (headers is not null) stored,
      created_at timestamptz(3) not null default now(),
      primary key (lane_id, operation, key_hash)
    ) with (${vacuumEarly})`);
  // The job that deletes old replies and old records reads across lanes.
  await knex.raw('create index idempotency_keys_by_age on tasklane.idempotency_keys (kept, created_at)');
  await protectLaneTable(knex, 'idempotency_keys');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.idempotency_keys');
}

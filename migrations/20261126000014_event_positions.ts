import type { Knex } from 'knex';
import { protectLaneTable } from '../src/platform/database/lane-table';

/**
 * Up to which change the events of a lane are stored by the broker, and since when newer ones wait; and the leases of the
 * instances that publish. Each lane belongs to one of 16 parts, and each part has a lease. Both are used only with a broker.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.event_positions (
      lane_id bigint primary key references tasklane.profiles on delete cascade,
      part smallint generated always as ((lane_id % 16)::smallint) stored,
      epoch uuid not null,
      published bigint not null check (published >= 0),
      due_at timestamptz(3)
    ) with (fillfactor = 70)`);
  await protectLaneTable(knex, 'event_positions');
  await knex.raw(`
    create index event_positions_due on tasklane.event_positions (part, due_at) where due_at is not null`);

  await knex.raw('create table tasklane.event_leases (part smallint primary key, leased_until timestamptz)');
  await knex.raw('insert into tasklane.event_leases (part) select generate_series(0, 15)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.event_leases');
  await knex.raw('drop table tasklane.event_positions');
}

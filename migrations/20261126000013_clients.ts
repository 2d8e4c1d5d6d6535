import type { Knex } from 'knex';
import { protectLaneTable } from '../src/platform/database/lane-table';

/** The clients that act for the user, by the id in their tokens, and whether the user has cut them off. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.clients (
      lane_id bigint not null references tasklane.profiles on delete cascade,
      id uuid not null,
      client_id text not null check (char_length(client_id) between 1 and 255),
      name text check (char_length(name) between 1 and 200),
      scopes text[] not null,
      first_used_at timestamptz(3) not null default now(),
      last_used_at timestamptz(3) not null default now(),
      cut_off_at timestamptz(3),
      primary key (lane_id, id),
      constraint clients_client_id_key unique (lane_id, client_id)
    )`);
  await protectLaneTable(knex, 'clients');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.clients');
}

import type { Knex } from 'knex';
import { protectLaneTable, vacuumEarly } from '../src/platform/database/lane-table';

/**
 * The history of each lane. A change of the profile has no entity's id. A change of the service itself has no request, and
 * only a change that a client made for the user has a client's id.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.changes (
      lane_id bigint not null references tasklane.profiles on delete cascade,
      seq bigint not null check (seq > 0),
      type text not null
        check (type in ('profile', 'project', 'tag', 'task', 'completion', 'calendar_feed', 'webhook', 'client')),
      entity_id uuid,
      action text not null check (action in ('created', 'updated', 'deleted', 'restored', 'purged', 'reminded', 'overdue')),
      fields jsonb not null,
      at timestamptz(3) not null default now(),
      request uuid,
      client_id text,
      primary key (lane_id, seq),
      constraint changes_entity_id_check check ((entity_id is null) = (type = 'profile'))
    ) with (${vacuumEarly})`);
  await knex.raw('create index changes_by_entity on tasklane.changes (lane_id, entity_id, seq)');
  await protectLaneTable(knex, 'changes');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.changes');
}

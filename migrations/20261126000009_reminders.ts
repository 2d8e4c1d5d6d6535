import type { Knex } from 'knex';
import { protectLaneTable, vacuumEarly } from '../src/platform/database/lane-table';

/**
 * The times of the tasks' reminders, and when each has fired. `identity` says which reminder it is, and for which due date.
 * The job that fires them reads across lanes.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.reminders (
      lane_id bigint not null,
      task_id uuid not null,
      fire_at timestamptz(3) not null,
      fired_at timestamptz(3),
      identity text collate "C" not null,
      primary key (lane_id, task_id, identity),
      foreign key (lane_id, task_id) references tasklane.tasks on delete cascade
    ) with (${vacuumEarly})`);
  await knex.raw('create index reminders_by_time on tasklane.reminders (fire_at) where fired_at is null');
  await protectLaneTable(knex, 'reminders');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.reminders');
}

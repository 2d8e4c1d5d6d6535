import type { Knex } from 'knex';
import { protectLaneTable } from '../src/platform/database/lane-table';

/** The future times of the tasks' reminders. The job that sends them reads across lanes. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.reminders (
      lane_id bigint not null,
      task_id uuid not null,
      fire_at timestamptz(3) not null,
      primary key (lane_id, task_id, fire_at),
      foreign key (lane_id, task_id) references tasklane.tasks on delete cascade
    )`);
  await knex.raw('create index reminders_by_time on tasklane.reminders (fire_at)');
  await protectLaneTable(knex, 'reminders');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.reminders');
}

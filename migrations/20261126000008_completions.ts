import type { Knex } from 'knex';
import { protectLaneTable } from '../src/platform/database/lane-table';

/**
 * The completed occurrences of recurring tasks, and what remains of completions when their tasks are purged: statistics
 * count them. The instant is exact, so that the day is right in every time zone. With the id of the task, a completion counts
 * once, also if a backup brings the task back.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.completions (
      lane_id bigint not null,
      id uuid not null,
      task_id uuid not null,
      title text collate "C" not null,
      due_date date not null,
      due_time text collate "C",
      time_zone text,
      start_date date,
      start_time text collate "C",
      completed_at timestamptz(3) not null,
      next_due_date date,
      next_due_time text collate "C",
      rrule text not null,
      status text not null,
      reopened jsonb not null,
      moved uuid[] not null default '{}',
      advanced boolean not null default true,
      recorded_at timestamptz(3) not null default now(),
      primary key (lane_id, id),
      foreign key (lane_id, task_id) references tasklane.tasks on delete cascade
    )`);
  await knex.raw('create index completions_by_time on tasklane.completions (lane_id, completed_at, id)');
  await knex.raw(
    'create index completions_by_task on tasklane.completions (lane_id, task_id, completed_at, id)',
  );
  await protectLaneTable(knex, 'completions');
  await knex.raw(`
    create table tasklane.purged_completions (
      lane_id bigint not null references tasklane.profiles on delete cascade,
      task_id uuid not null,
      completed_at timestamptz(3) not null,
      count integer not null check (count > 0),
      primary key (lane_id, task_id, completed_at)
    )`);
  await protectLaneTable(knex, 'purged_completions');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.purged_completions');
  await knex.raw('drop table tasklane.completions');
}

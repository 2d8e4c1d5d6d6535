import type { Knex } from 'knex';
import { lastPosition, protectLaneTable, vacuumEarly } from '../src/platform/database/lane-table';
import { createTitleOrder } from '../src/platform/database/title-order';

// Text with a rank instead of an enum: an enum's comparisons are not leakproof, and under row-level security only a
// leakproof condition can use an index.
const statuses = `'{pending,in_progress,completed,cancelled}'::text[]`;
const priorities = `'{low,medium,high,urgent}'::text[]`;

const dueTime = `make_time(left(due_time, 2)::integer, right(due_time, 2)::integer, 0)`;
// On the same day, all-day tasks come after tasks with a time.
const due = `due_date + coalesce(${dueTime}, time '23:59:59.999')`;

const startTime = `make_time(left(start_time, 2)::integer, right(start_time, 2)::integer, 0)`;
const start = `start_date + coalesce(${startTime}, time '00:00')`;

/**
 * Tasks. `search` has the words of the task; the service computes it by rules with the version `search_version`, and
 * a job computes it for tasks with version 0. `overdue_at` is the instant at which the due date has passed, and a job
 * copies it to `overdue_told` when it has recorded that the task is overdue.
 */
export async function up(knex: Knex): Promise<void> {
  await createTitleOrder(knex);
  // An update logs one range of bytes, from the first changed byte to the last. So the columns that each edit changes
  // are last, and wide columns that few edits change are before them. The free space keeps new versions of a row on its
  // page, which HOT requires.
  await knex.raw(`
    create table tasklane.tasks (
      lane_id bigint not null references tasklane.profiles on delete cascade,
      created_at timestamptz(3) not null default now(),
      due_at timestamptz(3),
      start_at timestamptz(3),
      deleted_at timestamptz(3),
      overdue_at timestamptz(3),
      overdue_told timestamptz(3),
      due_local timestamp(3) generated always as (${due}) stored,
      start_local timestamp(3) generated always as (${start}) stored,
      due_date date,
      start_date date,
      recurrence_start date,
      recurrence_due date,
      completion_count integer not null default 0 check (completion_count >= 0),
      id uuid not null,
      project_id uuid,
      parent_id uuid,
      deleted_with uuid,
      position text collate "C" not null default ${lastPosition},
      due_time text collate "C",
      time_zone text,
      start_time text collate "C",
      rrule text check (char_length(rrule) between 1 and 500),
      repeat_from text not null default 'schedule' check (repeat_from in ('schedule', 'completion')),
      recurrence_start_time text collate "C",
      excluded_dates text[] not null default '{}' check (cardinality(excluded_dates) <= 500),
      reminders jsonb not null default '[]' check (jsonb_array_length(reminders) <= 10),
      links jsonb not null default '[]' check (jsonb_array_length(links) <= 20),
      tags text[] not null default '{}',
      description text,
      priority text collate "C" not null default 'medium',
      status text collate "C" not null default 'pending',
      search_version smallint not null default 0,
      priority_rank smallint generated always as (array_position(${priorities}, priority)) stored,
      status_rank smallint generated always as (array_position(${statuses}, status)) stored,
      completed_at timestamptz(3),
      updated_at timestamptz(3) not null default now(),
      version integer not null default 1 check (version > 0),
      title text collate "C" not null,
      search tsvector,
      primary key (lane_id, id),
      constraint tasks_project foreign key (lane_id, project_id) references tasklane.projects,
      constraint tasks_parent foreign key (lane_id, parent_id) references tasklane.tasks,
      constraint tasks_own_parent check (parent_id <> id),
      constraint tasks_status check (status = any (${statuses})),
      constraint tasks_priority check (priority = any (${priorities})),
      constraint tasks_title_length check (char_length(title) between 1 and 200),
      constraint tasks_title_trimmed check (title = btrim(title)),
      constraint tasks_title_controls check (title !~ '[\\u0001-\\u001f\\u007f-\\u009f]'),
      constraint tasks_description_length check (char_length(description) <= 10000),
      constraint tasks_tags check (cardinality(tags) <= 50),
      constraint tasks_completed_at check ((status = 'completed') = (completed_at is not null)),
      constraint tasks_due_time
        check (due_time is null or (due_date is not null and due_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$')),
      constraint tasks_time_zone
        check (time_zone is null
          or (coalesce(due_date, start_date) is not null and char_length(time_zone) between 1 and 64)),
      constraint tasks_due_at check ((due_at is not null) = (due_time is not null and time_zone is not null)),
      constraint tasks_start_time
        check (start_time is null or (start_date is not null and start_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$')),
      constraint tasks_start_at check ((start_at is not null) = (start_time is not null and time_zone is not null)),
      constraint tasks_recurrence
        check ((rrule is null) = (recurrence_start is null) and (rrule is null) = (recurrence_due is null)
          and (rrule is null or due_date is not null) and (rrule is not null or excluded_dates = '{}')),
      constraint tasks_deleted check ((deleted_at is null) = (deleted_with is null)),
      constraint tasks_search check ((search is null) = (search_version = 0))
    ) with (fillfactor = 85, ${vacuumEarly})`);
  // Each index costs space and time with every task. An edit of a column without an index is HOT: it writes to no index.
  // So lists in another order than these read and sort the tasks of their own lane.
  for (const column of ['position', 'created_at']) {
    await knex.raw('create index ?? on tasklane.tasks (lane_id, ??, id) where deleted_at is null', [
      `tasks_by_${column}`,
      column,
    ]);
  }
  await knex.raw(`
    create index tasks_by_due on tasklane.tasks (lane_id, due_local, id)
      where deleted_at is null and due_local is not null`);
  // For the views, which combine it with the index by due date. Few tasks have a start.
  await knex.raw(`
    create index tasks_by_start on tasklane.tasks (lane_id, start_local, id)
      where deleted_at is null and start_local is not null`);
  await knex.raw(`
    create index tasks_by_project on tasklane.tasks (lane_id, project_id, position, id) where project_id is not null`);
  await knex.raw(`
    create index tasks_by_parent on tasklane.tasks (lane_id, parent_id, position, id) where parent_id is not null`);
  await knex.raw(`
    create index tasks_in_trash on tasklane.tasks (lane_id, deleted_at, id) where id = deleted_with`);
  await knex.raw(`
    create index tasks_deleted_with on tasklane.tasks (lane_id, deleted_with) where deleted_with is not null`);
  // For jobs, which read across lanes.
  await knex.raw('create index tasks_to_purge on tasklane.tasks (deleted_at) where deleted_at is not null');
  await knex.raw(`
    create index tasks_to_tell_overdue on tasklane.tasks (overdue_at) where overdue_told is distinct from overdue_at`);
  await knex.raw('create index tasks_to_index on tasklane.tasks (lane_id, id) where search_version < 3');
  await protectLaneTable(knex, 'tasks');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.tasks');
  await knex.raw('drop collation tasklane.title_order');
}

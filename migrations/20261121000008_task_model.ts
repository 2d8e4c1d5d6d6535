import type { Knex } from 'knex';

const ownRow = `user_id = nullif(current_setting('app.user_id', true), '')`;
const sorted = ['created_at', 'updated_at', 'title', 'priority_rank', 'status_rank'];
const newlySorted = ['position', 'due_asc', 'due_desc', 'completed_asc', 'completed_desc'];

// A fractional index after all earlier ones: its integer part, 13 digits long as its head says, is the time in
// microseconds.
const last = `'m' || lpad(to_hex((extract(epoch from clock_timestamp()) * 1000000)::bigint), 13, '0')`;

/**
 * Tasks with their place (project, parent, position), tags, due date and trash. What can be null has two columns to sort
 * by, so that it comes last in either direction; an all-day task comes after those that have a time on its day.
 */
export async function up(knex: Knex): Promise<void> {
  const time = `make_time(left(due_time, 2)::integer, right(due_time, 2)::integer, 0)`;
  const due = `due_date + coalesce(${time}, time '23:59:59.999')`;
  // Forced, the policies would hide from the owner the rows that the new references are checked with.
  for (const table of ['projects', 'tasks'])
    await knex.raw('alter table tasklane.?? no force row level security', [table]);
  await knex.raw(`
    alter table tasklane.tasks
      add project_id uuid,
      add parent_id uuid,
      add position text collate "C" not null default ${last},
      add tags text[] not null default '{}',
      add due_date date,
      add due_time text collate "C",
      add time_zone text,
      add due_at timestamptz(3),
      add deleted_at timestamptz(3),
      add deleted_with uuid,
      add due_asc timestamp(3) not null generated always as (coalesce(${due}, timestamp 'infinity')) stored,
      add due_desc timestamp(3) not null generated always as (coalesce(${due}, timestamp '-infinity')) stored,
      add completed_asc timestamptz(3) not null
        generated always as (coalesce(completed_at, timestamptz 'infinity')) stored,
      add completed_desc timestamptz(3) not null
        generated always as (coalesce(completed_at, timestamptz '-infinity')) stored,
      add constraint tasks_project foreign key (user_id, project_id) references tasklane.projects,
      add constraint tasks_parent foreign key (user_id, parent_id) references tasklane.tasks,
      add constraint tasks_own_parent check (parent_id <> id),
      add constraint tasks_tags check (cardinality(tags) <= 50),
      add constraint tasks_due_time
        check (due_time is null or (due_date is not null and due_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$')),
      add constraint tasks_time_zone
        check (time_zone is null or (due_date is not null and char_length(time_zone) between 1 and 64)),
      add constraint tasks_due_at
        check ((due_at is not null) = (due_time is not null and time_zone is not null)),
      add constraint tasks_deleted check ((deleted_at is null) = (deleted_with is null))`);
  for (const table of ['projects', 'tasks'])
    await knex.raw('alter table tasklane.?? force row level security', [table]);
  await knex.raw(`
    create table tasklane.task_tags (
      user_id text not null,
      task_id uuid not null,
      tag_id uuid not null,
      primary key (user_id, tag_id, task_id),
      foreign key (user_id, task_id) references tasklane.tasks on delete cascade,
      foreign key (user_id, tag_id) references tasklane.tags on delete cascade
    )`);
  await knex.raw('create index task_tags_by_task on tasklane.task_tags (user_id, task_id)');
  await knex.raw(`create policy lane on tasklane.task_tags using (${ownRow}) with check (${ownRow})`);
  await knex.raw('alter table tasklane.task_tags enable row level security, force row level security');

  for (const column of sorted) await knex.raw('drop index tasklane.??', [`tasks_by_${column}`]);
  for (const column of [...sorted, ...newlySorted]) {
    await knex.raw('create index ?? on tasklane.tasks (user_id, ??, id) where deleted_at is null', [
      `tasks_by_${column}`,
      column,
    ]);
  }
  await knex.raw(`
    create index tasks_by_project on tasklane.tasks (user_id, project_id, position, id) where project_id is not null`);
  await knex.raw(`
    create index tasks_by_parent on tasklane.tasks (user_id, parent_id, position, id) where parent_id is not null`);
  await knex.raw(`
    create index tasks_in_trash on tasklane.tasks (user_id, deleted_at, id) where id = deleted_with`);
  await knex.raw(`
    create index tasks_deleted_with on tasklane.tasks (user_id, deleted_with) where deleted_with is not null`);
  await knex.raw('create index tasks_to_purge on tasklane.tasks (deleted_at) where deleted_at is not null');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table tasklane.tasks no force row level security');
  await knex.raw('delete from tasklane.tasks where deleted_at is not null');
  await knex.raw('alter table tasklane.tasks force row level security');
  await knex.raw('drop table tasklane.task_tags');
  await knex.raw(`
    alter table tasklane.tasks
      drop project_id, drop parent_id, drop position, drop tags, drop due_asc, drop due_desc, drop completed_asc,
      drop completed_desc, drop due_date, drop due_time, drop time_zone, drop due_at, drop deleted_at,
      drop deleted_with`);
  for (const column of sorted) {
    await knex.raw('drop index if exists tasklane.??', [`tasks_by_${column}`]);
    await knex.raw('create index ?? on tasklane.tasks (user_id, ??, id)', [`tasks_by_${column}`, column]);
  }
}

import type { Knex } from 'knex';

const ownRow = `user_id = nullif(current_setting('app.user_id', true), '')`;

/**
 * Recurring tasks with the records of their completed occurrences, and reminders: on the task as the user set them, in
 * `reminders` each time that has still to come.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table tasklane.tasks
      add rrule text check (char_length(rrule) between 1 and 500),
      add repeat_from text not null default 'schedule' check (repeat_from in ('schedule', 'completion')),
      add recurrence_start date,
      add completion_count integer not null default 0 check (completion_count >= 0),
      add reminders jsonb not null default '[]' check (jsonb_array_length(reminders) <= 10),
      add constraint tasks_recurrence
        check ((rrule is null) = (recurrence_start is null) and (rrule is null or due_date is not null))`);
  await knex.raw(`
    create table tasklane.completions (
      user_id text not null,
      id uuid not null,
      task_id uuid not null,
      title text collate "C" not null,
      due_date date not null,
      due_time text collate "C",
      time_zone text,
      completed_at timestamptz(3) not null,
      next_due_date date,
      rrule text not null,
      status text not null,
      reopened jsonb not null,
      primary key (user_id, id),
      foreign key (user_id, task_id) references tasklane.tasks on delete cascade
    )`);
  await knex.raw('create index completions_by_time on tasklane.completions (user_id, completed_at, id)');
  await knex.raw(
    'create index completions_by_task on tasklane.completions (user_id, task_id, completed_at, id)',
  );
  await knex.raw(`
    create table tasklane.reminders (
      user_id text not null,
      task_id uuid not null,
      fire_at timestamptz(3) not null,
      primary key (user_id, task_id, fire_at),
      foreign key (user_id, task_id) references tasklane.tasks on delete cascade
    )`);
  await knex.raw('create index reminders_by_time on tasklane.reminders (fire_at)');
  for (const table of ['completions', 'reminders']) {
    await knex.raw(`create policy lane on tasklane.?? using (${ownRow}) with check (${ownRow})`, [table]);
    await knex.raw('alter table tasklane.?? enable row level security, force row level security', [table]);
  }
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.reminders');
  await knex.raw('drop table tasklane.completions');
  await knex.raw(`
    alter table tasklane.tasks
      drop reminders, drop completion_count, drop recurrence_start, drop repeat_from, drop rrule`);
}

import type { Knex } from 'knex';

/** Tasks, with every rule that the contract states and an index for every sort that it offers. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(
    `create type tasklane.task_status as enum ('pending', 'in_progress', 'completed', 'cancelled')`,
  );
  await knex.raw(`create type tasklane.task_priority as enum ('low', 'medium', 'high', 'urgent')`);
  await knex.raw(`
    create table tasklane.tasks (
      user_id text not null references tasklane.profiles on delete cascade,
      id uuid not null,
      title text collate "C" not null,
      description text,
      status tasklane.task_status not null default 'pending',
      priority tasklane.task_priority not null default 'medium',
      completed_at timestamptz(3),
      version integer not null default 1 check (version > 0),
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (user_id, id),
      constraint tasks_title_length check (char_length(title) between 1 and 200),
      constraint tasks_title_trimmed check (title = btrim(title)),
      constraint tasks_title_controls check (title !~ '[\\u0001-\\u001f\\u007f-\\u009f]'),
      constraint tasks_description_length check (char_length(description) <= 10000),
      constraint tasks_completed_at check ((status = 'completed') = (completed_at is not null))
    )`);
  for (const column of ['created_at', 'updated_at', 'title', 'priority', 'status']) {
    await knex.raw('create index ?? on tasklane.tasks (user_id, ??, id)', [`tasks_by_${column}`, column]);
  }
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.tasks');
  await knex.raw('drop type tasklane.task_priority');
  await knex.raw('drop type tasklane.task_status');
}

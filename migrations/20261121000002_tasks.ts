import type { Knex } from 'knex';

// Text with a rank rather than an enum: an enum's comparisons are not leakproof, and under row-level security a
// condition that might leak can't use an index.
const statuses = `'{pending,in_progress,completed,cancelled}'::text[]`;
const priorities = `'{low,medium,high,urgent}'::text[]`;

/** Tasks, with every rule that the contract states and an index for every sort that it offers. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.tasks (
      user_id text not null references tasklane.profiles on delete cascade,
      id uuid not null,
      title text collate "C" not null,
      description text,
      status text collate "C" not null default 'pending',
      priority text collate "C" not null default 'medium',
      status_rank integer generated always as (array_position(${statuses}, status)) stored,
      priority_rank integer generated always as (array_position(${priorities}, priority)) stored,
      completed_at timestamptz(3),
      version integer not null default 1 check (version > 0),
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (user_id, id),
      constraint tasks_status check (status = any (${statuses})),
      constraint tasks_priority check (priority = any (${priorities})),
      constraint tasks_title_length check (char_length(title) between 1 and 200),
      constraint tasks_title_trimmed check (title = btrim(title)),
      constraint tasks_title_controls check (title !~ '[\\u0001-\\u001f\\u007f-\\u009f]'),
      constraint tasks_description_length check (char_length(description) <= 10000),
      constraint tasks_completed_at check ((status = 'completed') = (completed_at is not null))
    )`);
  for (const column of ['created_at', 'updated_at', 'title', 'priority_rank', 'status_rank']) {
    await knex.raw('create index ?? on tasklane.tasks (user_id, ??, id)', [`tasks_by_${column}`, column]);
  }
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.tasks');
}

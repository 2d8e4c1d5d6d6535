import type { Knex } from 'knex';
import { protectLaneTable } from '../src/platform/database/lane-table';

/**
 * Tags, and which tasks have them. `name_key` is the name with case folded by the service: how Postgres folds case
 * depends on its locale.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.tags (
      lane_id bigint not null references tasklane.profiles on delete cascade,
      id uuid not null,
      name text collate "C" not null constraint tags_name
        check (char_length(name) between 1 and 50 and name = btrim(name)
          and name !~ '[\\u0001-\\u001f\\u007f-\\u009f]'),
      name_key text collate "C" not null,
      color text check (color ~ '^#[0-9a-f]{6}$'),
      version integer not null default 1 check (version > 0),
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (lane_id, id),
      constraint tags_name_key unique (lane_id, name_key)
    )`);
  await protectLaneTable(knex, 'tags');

  await knex.raw(`
    create table tasklane.task_tags (
      lane_id bigint not null,
      task_id uuid not null,
      tag_id uuid not null,
      primary key (lane_id, tag_id, task_id),
      foreign key (lane_id, task_id) references tasklane.tasks on delete cascade,
      foreign key (lane_id, tag_id) references tasklane.tags on delete cascade
    )`);
  await knex.raw('create index task_tags_by_task on tasklane.task_tags (lane_id, task_id)');
  await protectLaneTable(knex, 'task_tags');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.task_tags');
  await knex.raw('drop table tasklane.tags');
}

import type { Knex } from 'knex';
import { lastPosition, protectLaneTable } from '../src/platform/database/lane-table';

/**
 * Projects, and the projects in the trash. `roots` has the tasks that went to the trash with the project, without their
 * subtasks.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.projects (
      lane_id bigint not null references tasklane.profiles on delete cascade,
      id uuid not null,
      name text collate "C" not null constraint projects_name
        check (char_length(name) between 1 and 100 and name = btrim(name)
          and name !~ '[\\u0001-\\u001f\\u007f-\\u009f]'),
      color text check (color ~ '^#[0-9a-f]{6}$'),
      archived boolean not null default false,
      position text collate "C" not null default ${lastPosition},
      version integer not null default 1 check (version > 0),
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (lane_id, id)
    )`);
  await knex.raw(`
    create table tasklane.deleted_projects (
      lane_id bigint not null references tasklane.profiles on delete cascade,
      id uuid not null,
      name text collate "C" not null,
      color text,
      archived boolean not null,
      position text collate "C" not null default ${lastPosition},
      version integer not null,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      deleted_at timestamptz(3) not null,
      roots uuid[] not null,
      primary key (lane_id, id)
    )`);
  await knex.raw(
    'create index deleted_projects_by_time on tasklane.deleted_projects (lane_id, deleted_at, id)',
  );
  // For the job, which reads across lanes.
  await knex.raw('create index deleted_projects_to_purge on tasklane.deleted_projects (deleted_at)');
  await protectLaneTable(knex, 'deleted_projects');
  await knex.raw('create index projects_by_position on tasklane.projects (lane_id, position, id)');
  await knex.raw('create index projects_archived on tasklane.projects (lane_id, id) where archived');
  await protectLaneTable(knex, 'projects');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.deleted_projects');
  await knex.raw('drop table tasklane.projects');
}

import type { Knex } from 'knex';

const tables = ['projects', 'tags'];
const ownRow = `user_id = nullif(current_setting('app.user_id', true), '')`;

const name = (column: string, length: number) => `
  check (char_length(${column}) between 1 and ${length} and ${column} = btrim(${column})
    and ${column} !~ '[\\u0001-\\u001f\\u007f-\\u009f]')`;
const color = `color text check (color ~ '^#[0-9a-f]{6}$')`;

// A fractional index after all earlier ones: its integer part, 13 digits long as its head says, is the time in
// microseconds.
const last = `'m' || lpad(to_hex((extract(epoch from clock_timestamp()) * 1000000)::bigint), 13, '0')`;

/** Projects and tags. A tag's `name_key` is its name with case folded by the service: Postgres folds as its locale does. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.projects (
      user_id text not null references tasklane.profiles on delete cascade,
      id uuid not null,
      name text collate "C" not null constraint projects_name ${name('name', 100)},
      ${color},
      archived boolean not null default false,
      position text collate "C" not null default ${last},
      version integer not null default 1 check (version > 0),
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (user_id, id)
    )`);
  await knex.raw('create index projects_by_position on tasklane.projects (user_id, position, id)');
  await knex.raw(`
    create table tasklane.tags (
      user_id text not null references tasklane.profiles on delete cascade,
      id uuid not null,
      name text collate "C" not null constraint tags_name ${name('name', 50)},
      name_key text collate "C" not null,
      ${color},
      version integer not null default 1 check (version > 0),
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (user_id, id),
      constraint tags_name_key unique (user_id, name_key)
    )`);
  for (const table of tables) {
    await knex.raw(`create policy lane on tasklane.?? using (${ownRow}) with check (${ownRow})`, [table]);
    await knex.raw('alter table tasklane.?? enable row level security, force row level security', [table]);
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const table of tables) await knex.raw('drop table tasklane.??', [table]);
}

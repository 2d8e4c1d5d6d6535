import type { Knex } from 'knex';

const counted = ['task', 'project', 'tag', 'webhook'];
const tables = ['profiles', ...counted.map((name) => `${name}s`)];

/** How many rows of each kind a lane holds: kept on the row that each write locks, so that quotas cost no counting. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(
    `alter table tasklane.profiles ${counted.map((name) => `add ${name}_count integer not null default 0`).join(', ')}`,
  );
  // Forced, the policies would hide the rows from the owner too.
  for (const table of tables) await knex.raw('alter table tasklane.?? no force row level security', [table]);
  for (const name of counted) {
    await knex.raw(`
      update tasklane.profiles set ${name}_count = counted.total
      from (select user_id, count(*) as total from tasklane.${name}s group by user_id) as counted
      where profiles.user_id = counted.user_id`);
  }
  for (const table of tables) await knex.raw('alter table tasklane.?? force row level security', [table]);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`alter table tasklane.profiles ${counted.map((name) => `drop ${name}_count`).join(', ')}`);
}

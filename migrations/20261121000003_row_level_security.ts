import type { Knex } from 'knex';

const tables = ['profiles', 'changes', 'tasks'];

// After the first transaction that set it, a session reads '' outside of one, not NULL.
const ownRow = `user_id = nullif(current_setting('app.user_id', true), '')`;

/** Shows and takes only the rows of the user that the transaction names, whoever owns the tables. */
export async function up(knex: Knex): Promise<void> {
  for (const table of tables) {
    await knex.raw(`create policy lane on tasklane.?? using (${ownRow}) with check (${ownRow})`, [table]);
    await knex.raw('alter table tasklane.?? enable row level security, force row level security', [table]);
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const table of tables) {
    await knex.raw('alter table tasklane.?? disable row level security, no force row level security', [
      table,
    ]);
    await knex.raw('drop policy lane on tasklane.??', [table]);
  }
}

import type { Knex } from 'knex';

// SHA-256 of the user's id: the list says nothing of who was here.
const own = `user_hash = sha256(convert_to(nullif(current_setting('app.user_id', true), ''), 'UTF8'))`;

/** Which lanes were erased, and when: tokens issued before do not open them again. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.erased (
      user_hash bytea primary key check (octet_length(user_hash) = 32),
      at timestamptz(3) not null
    )`);
  // Looked up before the transaction is anyone's.
  await knex.raw('create policy lookup on tasklane.erased for select using (true)');
  await knex.raw(`create policy leave on tasklane.erased for insert with check (${own})`);
  await knex.raw(`create policy renew on tasklane.erased for update using (${own}) with check (${own})`);
  await knex.raw('alter table tasklane.erased enable row level security, force row level security');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.erased');
}

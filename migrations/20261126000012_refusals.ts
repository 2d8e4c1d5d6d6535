import type { Knex } from 'knex';

/**
 * `refuse(reason)` fails, unless there is no reason. A statement calls it where a condition does not hold, so that the statements which were sent
 * together with it do not run. `TL` is a class that Postgres does not use.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function tasklane.refuse(reason text) returns boolean stable language plpgsql as $$
    begin
      if reason is null then return true; end if;
      raise exception using errcode = 'TL001', message = reason;
    end $$`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop function tasklane.refuse(text)');
}

import type { Knex } from 'knex';

/** The server and the database that contain the lanes, as last seen. A restore is recognised by it. One row. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tasklane.installation (
      singleton boolean primary key default true check (singleton),
      system_identifier text,
      database_oid bigint,
      table_oid bigint,
      neon_timeline text,
      recovery_target text,
      timeline integer,
      seen_at timestamptz(3),
      behind_at timestamptz(3),
      renewing_on text,
      renewed_to bigint,
      renewed_at timestamptz(3)
    )`);
  await knex.raw('insert into tasklane.installation default values');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table tasklane.installation');
}

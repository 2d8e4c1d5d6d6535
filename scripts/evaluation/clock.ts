/** The clock of the evaluation. It stands still, in the process and in the database. */

/** The time at which everything happens: a Thursday, 10:00 in Berlin. */
export const now = '2026-11-26T09:00:00Z';

/** Sets the time of a user's writes. Null is `now`. */
export type SetTime = (at: string | null) => Promise<unknown>;

/** Lets all writes of a database happen at `now`, or at the time that a user has in the table. */
export const clockStatements = `
  create table tasklane.evaluation_clock (user_id text primary key, at timestamptz not null);
  grant select on tasklane.evaluation_clock to public;
  create or replace function tasklane.set_write_time() returns void language plpgsql as $$
  begin
    execute format('set local app.now = %L', coalesce(
      (select at from tasklane.evaluation_clock where user_id = current_setting('app.user_id')),
      timestamptz '${now}'));
  end $$`;

/** Makes the function that sets the time of a user's writes. @param query runs a statement in the database of the service */
export function timeSetter(
  query: (sql: string, values: unknown[]) => Promise<unknown>,
  userId: string,
): SetTime {
  return (at) =>
    at === null
      ? query('delete from tasklane.evaluation_clock where user_id = $1', [userId])
      : query(
          `insert into tasklane.evaluation_clock values ($1, $2)
           on conflict (user_id) do update set at = excluded.at`,
          [userId, at],
        );
}

/** SQL for benchmarks, which fill the database without the service. */
import { schema } from '../../src/platform/database/rows';

/** The id of a user's lane. `user` is an SQL expression. */
export const laneOf = (user: string): string => `(select id from ${schema}.lanes where user_id = ${user})`;

/** Makes the lanes of the users in the list `$1`. */
export const makeLanes = `
  with made as (insert into ${schema}.lanes (user_id) select unnest($1::text[]) on conflict do nothing returning id)
  insert into ${schema}.profiles (lane_id) select id from made`;

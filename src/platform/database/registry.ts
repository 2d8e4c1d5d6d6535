/** The registry of lanes: the number that each user's lane has in all keys. */
import { schema } from './rows';

/** The id of no lane. A user who has written nothing has it. */
export const noLane = '0';

/** Gives a user a lane in the registry. Value: user id. */
export const makeLane = `
  insert into ${schema}.lanes (user_id) values ($1)
  on conflict (user_id) do nothing`;

/** The lanes with these ids, and their users. Lanes that were erased are left out. Value: list of ids. */
export const findLanes = `select id, user_id as "userId" from ${schema}.lanes where id = any ($1::bigint[])`;

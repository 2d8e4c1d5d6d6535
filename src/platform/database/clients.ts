/** The record of the clients that use a lane. Reads and writes that a client opens tell when it is due. */
import { v7 as uuidv7 } from 'uuid';
import type { UsingClient } from './lane';
import { schema } from './rows';
import type { Statement } from './transaction';

/** A lane remembers so many clients that are not cut off: those that were used last. */
const maxClients = 200;

/**
 * Records that a client was used, unless that was recorded within the last hour.
 * Values: lane id, the id of a new row, client id, name (or null), scopes.
 */
const recordUse = `
  insert into ${schema}.clients as clients (lane_id, id, client_id, name, scopes)
  select profile.lane_id, $2::uuid, $3::text, $4::text, $5::text[]
  from ${schema}.profiles as profile where profile.lane_id = $1
  on conflict (lane_id, client_id) do update
    set last_used_at = excluded.last_used_at, scopes = excluded.scopes, name = coalesce(excluded.name, clients.name)
    where clients.last_used_at at time zone 'UTC' < excluded.last_used_at at time zone 'UTC' - interval '1 hour'`;

/** Forgets the clients that were not used for the longest time. Values: lane id, the number of clients to keep. */
const forgetClients = `
  delete from ${schema}.clients
  where lane_id = $1 and id in (
    select id from ${schema}.clients
    where lane_id = $1 and cut_off_at is null
    order by last_used_at desc, id desc
    offset $2
  )`;

/** The statements that record the use of a client in the lane of the transaction. */
export function useStatements(laneId: string, { id, name, scopes }: UsingClient): Statement[] {
  return [
    { name: 'client-use', text: recordUse, values: [laneId, uuidv7(), id, name, [...scopes]] },
    { name: 'client-forget', text: forgetClients, values: [laneId, maxClients] },
  ];
}

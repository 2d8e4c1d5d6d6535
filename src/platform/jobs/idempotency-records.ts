import { storedHours } from '../database/lane';
import { createLaneJob } from './job';

const recordsInAWrite = 1_000;
const lanesInRound = 100;

const findLanes = `
  select distinct lane_id from (
    select lane_id from tasklane.idempotency_keys
    where created_at <= clock_timestamp() - interval '${storedHours} hours' order by created_at limit $1
  ) as expired limit $2`;

/** Deletes expired idempotency records. Lanes with the oldest ones come first. */
export const idempotencyRecordsJob = createLaneJob({
  name: 'purge-idempotency-records',
  everyMs: 600_000,
  limit: lanesInRound,
  find: (system, limit) => system.query<{ lane_id: string }>(findLanes, [limit * recordsInAWrite, limit]),
  async write(lane) {
    const expired = lane
      .rows('idempotency_keys')
      .whereRaw(`created_at <= clock_timestamp() - interval '${storedHours} hours'`)
      .limit(recordsInAWrite)
      .select('operation', 'key_hash');
    const gone = await lane.rows('idempotency_keys').whereIn(['operation', 'key_hash'], expired).delete();
    return gone === recordsInAWrite;
  },
});

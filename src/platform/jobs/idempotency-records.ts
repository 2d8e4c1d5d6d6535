import { replyHours } from '../database/lane';
import { update } from '../database/update';
import { createLaneJob } from './job';

const recordsInAWrite = 1_000;
const lanesInRound = 100;

const hasOldReply = `kept and created_at <= clock_timestamp() - interval '${replyHours} hours'`;
const isOld = "not kept and created_at <= clock_timestamp() - ? * interval '1 day'";

const findLanes = `
  select distinct lane_id from (
    (select lane_id from tasklane.idempotency_keys where ${hasOldReply} order by created_at limit $1)
    union all
    (select lane_id from tasklane.idempotency_keys where ${isOld.replace('?', '$2::int')} order by created_at limit $1)
  ) as old limit $3`;

/**
 * Creates the job that deletes replies after 24 hours, and idempotency records after `days`. Lanes with the oldest ones come
 * first.
 */
export function createIdempotencyRecordsJob(days: number) {
  return createLaneJob({
    name: 'purge-idempotency-records',
    everyMs: 600_000,
    limit: lanesInRound,
    find: (system, limit) =>
      system.query<{ lane_id: string }>(findLanes, [limit * recordsInAWrite, days, limit]),
    async write(lane) {
      const first = (condition: string, values: readonly number[] = []) =>
        lane
          .rows('idempotency_keys')
          .whereRaw(condition, values)
          .limit(recordsInAWrite)
          .select('operation', 'key_hash');
      const records = (chosen: ReturnType<typeof first>) =>
        lane.rows('idempotency_keys').whereIn(['operation', 'key_hash'], chosen);
      const dropped = await update(records(first(hasOldReply)), { headers: null, body: null }).returning(
        'operation',
      );
      const gone = await records(first(isOld, [days])).delete();
      return Math.max(dropped.length, gone) === recordsInAWrite;
    },
  });
}

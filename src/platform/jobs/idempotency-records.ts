import { replyHours } from '../database/lane';
import { update } from '../database/update';
import { createLaneJob } from './job';
import { createLowerBound } from './lower-bound';

interface OldRecord {
  readonly lane_id: string;
  readonly created_at: Date;
  /** Whether its reply is still stored. */
  readonly kept: boolean;
  /** Whether the record is deleted, and not only its reply. */
  readonly outlived: boolean;
}

const findOld = `
  select lane_id, created_at, kept, created_at <= now() - $2::int * interval '1 day' as outlived
  from (
    (select lane_id, created_at, kept from tasklane.idempotency_keys
     where kept and created_at >= $3 and created_at <= now() - interval '${replyHours} hours' order by created_at limit $1)
    union all
    (select lane_id, created_at, kept from tasklane.idempotency_keys
     where not kept and created_at >= $4 and created_at <= now() - $2::int * interval '1 day' order by created_at limit $1)
  ) as old limit $1`;

/**
 * Creates the job that deletes replies after 24 hours, and idempotency records after `days`. Lanes with the oldest ones come
 * first.
 */
export function createIdempotencyRecordsJob(days: number) {
  const [replies, records] = [createLowerBound(), createLowerBound()];
  return createLaneJob<OldRecord>({
    name: 'purge-idempotency-records',
    everyMs: 600_000,
    limit: 1_000,
    // A reply can have a megabyte.
    rowsInAWrite: 200,
    async find(system, limit) {
      const values = [limit, days, replies.value(), records.value()];
      const found = await system.query<OldRecord>(findOld, values);
      const isLast = found.length < limit;
      replies.found(found.findLast(({ kept }) => kept)?.created_at, isLast);
      records.found(found.findLast(({ kept }) => !kept)?.created_at, isLast);
      return found;
    },
    async write(lane, old) {
      // Their times find them in the index by age. No index has the old records of one lane.
      const records = (outlived: boolean, kept: string) =>
        lane
          .rows('idempotency_keys')
          .whereRaw(`kept in (${kept}) and created_at = any(?::timestamptz[])`, [
            old.filter((each) => each.outlived === outlived).map((each) => each.created_at) as never,
          ]);
      await Promise.all([
        update(records(false, 'true'), { headers: null, body: null }),
        records(true, 'true, false').delete(),
      ]);
      return false;
    },
  });
}

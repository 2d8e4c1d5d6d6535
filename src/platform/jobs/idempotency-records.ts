import { storedHours } from '../database/lane';
import type { Job } from './job';

const recordsInRound = 1_000;

// Idempotency records are the platform's own rows without changes, so the job deletes them across lanes at once.
const purgeOldest = `
  delete from tasklane.idempotency_keys where (lane_id, operation, key_hash) in (
    select lane_id, operation, key_hash from tasklane.idempotency_keys
    where created_at <= clock_timestamp() - interval '${storedHours} hours' order by created_at limit $1
  )
  returning 1`;

/** Deletes expired idempotency records, the oldest first. */
export const idempotencyRecordsJob: Job = {
  name: 'purge-idempotency-records',
  everyMs: 600_000,
  async run({ withSystem }) {
    const gone = await withSystem.write((system) => system.query(purgeOldest, [recordsInRound]));
    return { more: gone.length === recordsInRound };
  },
};

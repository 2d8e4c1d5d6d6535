import { storedHours } from '../database/lane';
import type { Job } from './job';

const recordsInRound = 1_000;

// The platform's own books, in which no change is to be left: not through the lanes, one by one.
const purgeOldest = `
  delete from tasklane.idempotency_keys where (user_id, operation, key_hash) in (
    select user_id, operation, key_hash from tasklane.idempotency_keys
    where created_at <= clock_timestamp() - interval '${storedHours} hours' order by created_at limit $1
  )
  returning 1`;

/** Purges the replies that were kept under `Idempotency-Key`, the oldest first. */
export const keptRepliesJob: Job = {
  name: 'purge-kept-replies',
  everyMs: 600_000,
  async run({ withSystem }) {
    const gone = await withSystem.write((system) => system.query(purgeOldest, [recordsInRound]));
    return { more: gone.length === recordsInRound };
  },
};

import { replyHours } from '../database/lane';
import type { Job } from './job';

const recordsInRound = 1_000;

// Idempotency records are the platform's own rows without changes, so the job writes them across lanes at once.
const oldest = (condition: string) => `
  select lane_id, operation, key_hash from tasklane.idempotency_keys
  where ${condition} order by created_at limit $1 for update skip locked`;

const dropReplies = `
  update tasklane.idempotency_keys set headers = null, body = null
  where (lane_id, operation, key_hash) in (${oldest(
    `kept and created_at <= clock_timestamp() - interval '${replyHours} hours'`,
  )})
  returning 1`;

const purgeRecords = `
  delete from tasklane.idempotency_keys
  where (lane_id, operation, key_hash) in (${oldest(
    'not kept and created_at <= clock_timestamp() - make_interval(days => $2)',
  )})
  returning 1`;

/**
 * Creates the job that deletes replies after 24 hours, and idempotency records after `days`. Each round writes at most 1,000
 * of each, the oldest first.
 */
export function createIdempotencyRecordsJob(days: number): Job {
  return {
    name: 'purge-idempotency-records',
    everyMs: 600_000,
    async run({ withSystem }) {
      const dropped = await withSystem.write((system) => system.query(dropReplies, [recordsInRound]));
      const purged = await withSystem.write((system) => system.query(purgeRecords, [recordsInRound, days]));
      return { more: Math.max(dropped.length, purged.length) === recordsInRound };
    },
  };
}

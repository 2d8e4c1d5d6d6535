/** The only query of a request that reads other lanes: the lookup of a calendar feed's secret. */
import type { WithSystem } from './system';

/**
 * Returns the user of the calendar feed whose secret has this SHA-256, and when the feed was created; undefined if
 * there is none.
 */
export async function findLaneOfCalendarFeed(
  withSystem: WithSystem,
  secretHash: Buffer,
): Promise<{ userId: string; since: Date } | undefined> {
  const row = await withSystem.read(async (system) =>
    system.rows('calendar_feeds').where('secret_hash', secretHash).first('user_id', 'created_at'),
  );
  return row && { userId: row.user_id, since: row.created_at };
}

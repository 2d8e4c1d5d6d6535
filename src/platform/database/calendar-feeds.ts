/** The one look across lanes that a request may cause: whose calendar feed has this secret. */
import type { WithSystem } from './system';

/** Whose feed has a secret with this SHA-256, and since when; undefined if none has. */
export async function findLaneOfCalendarFeed(
  withSystem: WithSystem,
  secretHash: Buffer,
): Promise<{ userId: string; since: Date } | undefined> {
  const row = await withSystem.read(async (system) =>
    system.rows('calendar_feeds').where('secret_hash', secretHash).first('user_id', 'created_at'),
  );
  return row && { userId: row.user_id, since: row.created_at };
}

/** The only query of a request that reads other lanes: the lookup of a calendar feed's secret. */
import { schema } from './rows';
import type { WithSystem } from './system';

const feedOfSecret = `
  select lane.user_id as "userId", feed.created_at as since
  from ${schema}.calendar_feeds as feed join ${schema}.lanes as lane on lane.id = feed.lane_id
  where feed.secret_hash = $1`;

/**
 * Returns the user of the calendar feed whose secret has this SHA-256, and when the feed was created; undefined if
 * there is none.
 */
export async function findLaneOfCalendarFeed(
  withSystem: WithSystem,
  secretHash: Buffer,
): Promise<{ userId: string; since: Date } | undefined> {
  const [found] = await withSystem.read((system) =>
    system.query<{ userId: string; since: Date }>(feedOfSecret, [secretHash]),
  );
  return found;
}

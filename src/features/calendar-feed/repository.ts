import type { Lane, WritableLane } from '../../platform/database/lane';
import type { CalendarFeedRow } from '../../platform/database/rows';

/** The lane's calendar feed; undefined if it has none. */
export async function findFeed(lane: Lane): Promise<CalendarFeedRow | undefined> {
  return lane.rows('calendar_feeds').first();
}

/** Removes the lane's calendar feed, if there is one. */
export async function removeFeed(lane: WritableLane): Promise<void> {
  const rows: { id: string }[] = await lane.rows('calendar_feeds').delete().returning('id');
  for (const { id } of rows) lane.changed({ type: 'calendar_feed', id, action: 'deleted', fields: {} });
}

/** Creates a calendar feed for the lane and removes the previous one. */
export async function putFeed(
  lane: WritableLane,
  feed: Pick<CalendarFeedRow, 'id' | 'secret_hash'>,
): Promise<CalendarFeedRow> {
  await removeFeed(lane);
  const [row] = await lane.insert('calendar_feeds', { ...feed, created_at: lane.now }).returning('*');
  lane.changed({ type: 'calendar_feed', id: feed.id, action: 'created', fields: {} });
  return row as CalendarFeedRow;
}

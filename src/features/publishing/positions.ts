/** The positions of lanes: up to which change the broker has stored their events. */
import type { LanePosition, WritableLane } from '../../platform/database/lane';
import { update } from '../../platform/database/update';
import { readHistory } from '../changes/repository';

/**
 * Notes that a lane waits. A lane without a position gets one: before its oldest change.
 */
export async function queueLane(lane: WritableLane): Promise<void> {
  const [waiting, history] = await Promise.all([
    update(lane.rows('event_positions').whereNull('due_at'), { due_at: lane.now as never }),
    readHistory(lane),
  ]);
  if (Number(waiting) > 0 || history.epoch === null) return;
  if (await lane.rows('event_positions').first('lane_id')) return;
  await lane.insert('event_positions', {
    epoch: history.epoch,
    published: String(history.floor),
    due_at: lane.now,
  });
}

/**
 * Moves the position of a lane from `from` to `to`: the broker has stored all events until there. It does nothing if
 * the position is already further, or in another epoch. So the write of an instance that lost its lease does no harm: what
 * it says is true, and a position never goes back.
 *
 * If the lane has no more changes, it waits no longer. The lane's lock excludes a write that adds one at this moment.
 */
export async function movePosition(lane: WritableLane, from: LanePosition, to: LanePosition): Promise<void> {
  const isSameEpoch = from.epoch === to.epoch;
  const epoch = to.epoch as string;
  const published = String(to.seq);
  const behind = (comparison: '<' | '<=') => {
    const rows = lane.rows('event_positions').where('epoch', from.epoch as string);
    return isSameEpoch ? rows.where('published', comparison, published) : rows;
  };
  const lastChange = lane.rows('profiles').where('epoch', epoch).select('change_seq');
  await Promise.all([
    update(behind('<=').where(lane.expression('?::bigint', [published]), 'in', lastChange as never), {
      epoch,
      published,
      due_at: null,
    }),
    update(behind('<'), { epoch, published }),
  ]);
}

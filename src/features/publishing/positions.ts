/** The positions of lanes: up to which change the broker has stored their events. */
import {
  type LanePosition,
  type Statement,
  type WritableLane,
  writeTime,
} from '../../platform/database/lane';
import { schema } from '../../platform/database/rows';
import { update } from '../../platform/database/update';
import { readHistory } from '../changes/repository';

// A lane that already waits costs no write.
const markWaiting = `
  with marked as (
    update ${schema}.event_positions set due_at = ${writeTime} where lane_id = $1 and due_at is null
  )
  insert into ${schema}.event_positions (lane_id, epoch, published, due_at)
  select lane_id, epoch, change_seq - $2::bigint, ${writeTime} from ${schema}.profiles
  where lane_id = $1 and not exists (select from ${schema}.event_positions where lane_id = $1)`;

/** Makes the statement that notes, in the transaction of a write, that the last `count` changes of the lane wait. */
export function queueEvents(laneId: string, count: number): Statement[] {
  return [{ name: 'lane-publish', text: markWaiting, values: [laneId, count] }];
}

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

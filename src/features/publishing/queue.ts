/** Notes that a lane has events for the broker, in the transaction that records its changes. */
import { type Statement, writeTime } from '../../platform/database/lane';
import { schema } from '../../platform/database/rows';

// A lane that already waits costs no write.
const markWaiting = `
  insert into ${schema}.event_positions as queued (lane_id, epoch, published, due_at)
  select lane_id, epoch, change_seq - $2::bigint, ${writeTime} from ${schema}.profiles
  where lane_id = $1 and not exists (
    select from ${schema}.event_positions as position where position.lane_id = $1 and position.due_at is not null
  )
  on conflict (lane_id) do update set due_at = excluded.due_at`;

/** Makes the statement that notes, in the transaction of a write, that the last `count` changes of the lane wait. */
export function queueEvents(laneId: string, count: number): Statement[] {
  return [{ name: 'lane-publish', text: markWaiting, values: [laneId, count] }];
}

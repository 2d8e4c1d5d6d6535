import { schema } from './rows';
import type { WithSystem } from './system';

/** The state of a lane when it was last read. `epoch` is null if the lane did not exist. */
export interface LaneState {
  readonly userId: string;
  readonly epoch: string | null;
  readonly seq: number;
}

const changedLanes = `
  select known.user_id
  from unnest($1::text[], $2::uuid[], $3::bigint[]) as known(user_id, epoch, seq)
    left join ${schema}.lanes as lane on lane.user_id = known.user_id
    left join ${schema}.profiles as profile on profile.lane_id = lane.id
  where profile.epoch is distinct from known.epoch or coalesce(profile.change_seq, 0) <> known.seq`;

/**
 * Returns the users of the lanes that have new changes, have another epoch, or no longer exist. One query checks all
 * lanes.
 */
export async function findChangedLanes(
  withSystem: WithSystem,
  lanes: readonly LaneState[],
): Promise<string[]> {
  const rows = await withSystem.read((system) =>
    system.query<{ user_id: string }>(changedLanes, [
      lanes.map((lane) => lane.userId),
      lanes.map((lane) => lane.epoch),
      lanes.map((lane) => lane.seq),
    ]),
  );
  return rows.map((row) => row.user_id);
}

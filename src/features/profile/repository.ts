import { differences, type Lane, type WritableLane } from '../../platform/database/lane';
import type { ProfileRow } from '../../platform/database/rows';
import { update } from '../../platform/database/update';
import { settingsOf } from './settings';

/** The settings that a user can change. */
export type Settings = Pick<ProfileRow, 'time_zone' | 'week_start' | 'default_priority' | 'require_if_match'>;

/** The lane's profile; undefined if the lane was never written to. */
export async function findProfile(lane: Lane): Promise<ProfileRow | undefined> {
  return lane.rows('profiles').first();
}

/** The time zone of the lane's user. */
export async function findTimeZone(lane: Lane): Promise<string> {
  return settingsOf(await findProfile(lane)).time_zone;
}

/** True if Postgres knows a time zone with exactly this name. */
export async function knowsTimeZone(lane: WritableLane, name: string): Promise<boolean> {
  const row = await lane
    .rows('profiles')
    .whereRaw('exists (select from pg_timezone_names where name = ?)', [name])
    .first('lane_id');
  return row !== undefined;
}

/** Updates the settings of the profile and raises its version. Returns the profile unchanged if no setting differs. */
export async function updateProfile(
  lane: WritableLane,
  wanted: { [S in keyof Settings]?: Settings[S] | undefined },
): Promise<ProfileRow> {
  const current = await findProfile(lane);
  if (!current) throw new Error('The lane of the write has no profile.');
  const fields = differences(current, wanted);
  if (Object.keys(fields).length === 0) return current;
  const [row] = await update(lane.rows('profiles'), {
    ...wanted,
    version: current.version + 1,
    updated_at: lane.now,
  }).returning('*');
  lane.changed({ type: 'profile', id: null, action: 'updated', fields });
  return row as ProfileRow;
}

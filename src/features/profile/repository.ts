import { differences, type Lane, type WritableLane } from '../../platform/database/lane';
import type { ProfileRow } from '../../platform/database/rows';

/** What a user may choose. */
export type Settings = Pick<ProfileRow, 'time_zone' | 'week_start' | 'default_priority' | 'require_if_match'>;

/** The lane's profile, or undefined before its first write. */
export async function findProfile(lane: Lane): Promise<ProfileRow | undefined> {
  return lane.rows('profiles').first();
}

/** Whether Postgres can reckon with a time zone under this very spelling. */
export async function knowsTimeZone(lane: WritableLane, name: string): Promise<boolean> {
  const row = await lane
    .rows('profiles')
    .whereRaw('exists (select from pg_timezone_names where name = ?)', [name])
    .first('user_id');
  return row !== undefined;
}

/** Writes settings over the profile, which then has a new version; the profile as it is if none of them differs. */
export async function updateProfile(
  lane: WritableLane,
  wanted: { [S in keyof Settings]?: Settings[S] | undefined },
): Promise<ProfileRow> {
  const current = await findProfile(lane);
  if (!current) throw new Error('A write has no profile under it.');
  const fields = differences(current, wanted);
  if (Object.keys(fields).length === 0) return current;
  const [row] = await lane
    .rows('profiles')
    .update({ ...wanted, version: current.version + 1, updated_at: lane.now } as object)
    .returning('*');
  lane.changed({ type: 'profile', id: null, action: 'updated', fields });
  return row as ProfileRow;
}

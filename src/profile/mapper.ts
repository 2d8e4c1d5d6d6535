import type { Schemas } from '../contract/operations';
import type { ProfileRow } from '../database/rows';

// What the columns default to: the settings of a lane that nothing was written to yet.
const unwritten: Pick<
  ProfileRow,
  'time_zone' | 'week_start' | 'default_priority' | 'version' | 'updated_at'
> = { time_zone: 'UTC', week_start: 'monday', default_priority: 'medium', version: 1, updated_at: null };

/** A profile as the contract has it; that of a lane without a row has the defaults. */
export function toProfile(userId: string, row: ProfileRow | undefined): Schemas['Profile'] {
  const { time_zone, week_start, default_priority, version, updated_at } = row ?? unwritten;
  return {
    user_id: userId,
    time_zone,
    week_start,
    default_priority,
    version,
    updated_at: updated_at?.toISOString() ?? null,
  };
}

import type { Schemas } from '../../platform/contract/document/operations';
import type { ProfileRow } from '../../platform/database/rows';
import { settingsOf } from './settings';

/** Maps a profile to the schema `Profile`. A lane without a row has the defaults. */
export function toProfile(userId: string, row: ProfileRow | undefined): Schemas['Profile'] {
  const { time_zone, week_start, default_priority, require_if_match, version, updated_at } = settingsOf(row);
  return {
    user_id: userId,
    time_zone,
    week_start,
    default_priority,
    require_if_match,
    version,
    updated_at: updated_at?.toISOString() ?? null,
  };
}

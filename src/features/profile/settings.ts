import type { ProfileRow } from '../../platform/database/rows';

type Written = Pick<
  ProfileRow,
  'time_zone' | 'week_start' | 'default_priority' | 'require_if_match' | 'version' | 'updated_at'
>;

// What the columns default to: the settings of a lane that nothing was written to yet.
const unwritten: Written = {
  time_zone: 'UTC',
  week_start: 'monday',
  default_priority: 'medium',
  require_if_match: false,
  version: 1,
  updated_at: null,
};

/** The settings of a lane; the defaults where it has no row yet. */
export function settingsOf(row: ProfileRow | undefined): Written {
  return row ?? unwritten;
}

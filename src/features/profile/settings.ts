import type { ProfileRow } from '../../platform/database/rows';

type Written = Pick<
  ProfileRow,
  'time_zone' | 'week_start' | 'default_priority' | 'require_if_match' | 'version' | 'updated_at'
>;

// The defaults of the columns. They are the settings of a lane that was never written to.
const unwritten: Written = {
  time_zone: 'UTC',
  week_start: 'monday',
  default_priority: 'medium',
  require_if_match: false,
  version: 1,
  updated_at: null,
};

/** The settings of a lane; the defaults if it has no row yet. */
export function settingsOf(row: ProfileRow | undefined): Written {
  return row ?? unwritten;
}

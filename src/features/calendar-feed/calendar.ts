/** What a calendar feed holds. */

import { beginCalendar, endCalendar, type Property } from '../../domain/icalendar/document';
import { withTimeZones } from '../../domain/icalendar/due';
import { eventLines } from '../../domain/icalendar/event';
import { todoLines } from '../../domain/icalendar/todo';
import type { Schemas } from '../../platform/contract/document/operations';
import type { Call } from '../../platform/contract/http/call';
import { settingsOf } from '../profile/settings';
import { listTasks, type TaskFilter } from '../tasks/repository';
import { toTaskAlone } from '../transfer/mapper';
import { byId, type LongRead, mapped, rowsById } from '../transfer/pages';

/** Whether tasks come as events or as to-dos. */
export type Components = Call<'readCalendarFeed'>['query']['components'];

// Calendar programs decide themselves; these are what they may go by.
const name: Property[] = [
  ['x-wr-calname', {}, 'unknown', 'Tasks'],
  ['refresh-interval', {}, 'duration', 'PT1H'],
  ['x-published-ttl', {}, 'unknown', 'PT1H'],
];

const filters: Readonly<Record<Components, TaskFilter>> = {
  events: { status: ['pending', 'in_progress'], has: ['due_date'] },
  todos: { status: ['pending', 'in_progress'] },
};

/** The text of a feed with these tasks, in pieces; `timeZone` is that of the lane's profile. */
export async function* feedText(
  pages: AsyncIterable<Schemas['Task'][]>,
  components: Components,
  timeZone: string,
): AsyncGenerator<string> {
  // For programs that take a time that floats to be of some zone.
  yield beginCalendar([...name, ['x-wr-timezone', {}, 'unknown', timeZone]]);
  yield* withTimeZones(pages, components === 'events' ? eventLines : todoLines);
  yield endCalendar;
}

/** A lane's feed as text, in pieces. */
export function feedOf(read: LongRead, components: Components): AsyncGenerator<string> {
  const rows = rowsById(read, (lane, after, limit) =>
    listTasks(lane, { filter: filters[components], order: byId, after, limit }),
  );
  return feedText(mapped(rows, toTaskAlone), components, settingsOf(read.profile).time_zone);
}

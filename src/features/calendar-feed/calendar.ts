/** The content of a calendar feed. */

import { beginCalendar, endCalendar, type Property } from '../../domain/icalendar/document';
import { withTimeZones } from '../../domain/icalendar/due';
import { eventLines } from '../../domain/icalendar/event';
import type { CalendarTask } from '../../domain/icalendar/task';
import { todoLines } from '../../domain/icalendar/todo';
import { openStatuses } from '../../domain/tasks/status';
import type { Call } from '../../platform/contract/http/call';
import { settingsOf } from '../profile/settings';
import type { TaskFilter } from '../tasks/repository';
import { type LongRead, mapped, rowsById } from '../transfer/pages';
import { listTasksAlone, toTaskAlone } from '../transfer/tasks-alone';

/** The components for tasks: events or to-dos. */
export type Components = Call<'readCalendarFeed'>['query']['components'];

// Hints for calendar programs: the name, and how often to refresh the feed.
const name: Property[] = [
  ['x-wr-calname', {}, 'unknown', 'Tasks'],
  ['refresh-interval', {}, 'duration', 'PT1H'],
  ['x-published-ttl', {}, 'unknown', 'PT1H'],
];

/** What a calendar feed shows. */
export interface FeedContent {
  readonly components: Components;
  /** Whether it has the tasks of archived projects. */
  readonly include_archived: boolean;
}

const filters: Readonly<Record<Components, TaskFilter>> = {
  events: { status: openStatuses, has: ['due_date'] },
  todos: { status: openStatuses },
};

/** The text of a calendar feed with these tasks, in pieces. `timeZone` is the time zone of the profile. */
export async function* feedText(
  pages: AsyncIterable<readonly CalendarTask[]>,
  components: Components,
  timeZone: string,
): AsyncGenerator<string> {
  // Some programs read floating times in this zone.
  yield beginCalendar([...name, ['x-wr-timezone', {}, 'unknown', timeZone]]);
  yield* withTimeZones(pages, components === 'events' ? eventLines : todoLines);
  yield endCalendar;
}

/** The text of a lane's calendar feed, in pieces. */
export function feedOf(
  userId: string,
  read: LongRead,
  { components, include_archived }: FeedContent,
): AsyncGenerator<string> {
  const filter = { ...filters[components], outsideArchived: !include_archived };
  const rows = rowsById(read, (lane, after, limit) => listTasksAlone(lane, filter, after, limit));
  return feedText(
    mapped(rows, (row) => toTaskAlone(userId, row)),
    components,
    settingsOf(read.profile).time_zone,
  );
}

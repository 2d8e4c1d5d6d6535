import type { CalendarTask } from '../../domain/icalendar/task';
import { weakTagOf } from '../../platform/contract/http/entity-tags';
import type { ProfileRow } from '../../platform/database/rows';
import { type Components, type FeedContent, feedText } from './calendar';

// A task with all fields. Its time zone has had no clock changes since 2000, because changes take long to compute.
const sample: CalendarTask = {
  id: '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e',
  parent_id: '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4f',
  title: 'A; title, \\ with\nall',
  description: 'More than a line has room for. '.repeat(5),
  status: 'in_progress',
  priority: 'urgent',
  completed_at: null,
  tags: ['one', 'an,other'],
  due_date: '2026-01-31',
  due_time: '18:00',
  time_zone: 'Asia/Kolkata',
  start_date: null,
  start_time: null,
  rrule: 'FREQ=MONTHLY;COUNT=3',
  repeat_from: 'schedule',
  recurrence_start: '2026-01-31',
  recurrence_start_time: null,
  recurrence_due: '2026-01-31',
  excluded_dates: ['2026-02-28'],
  reminders: [{ at: null, minutes_before_due: 5, days_before_due: null, time: null }],
  links: [{ url: 'https://example.com/plan', title: 'A plan' }],
  version: 1,
  created_at: '2026-11-21T09:30:00.000Z',
  updated_at: '2026-11-21T09:30:00.000Z',
};

async function writeSample(components: Components): Promise<string> {
  async function* pages() {
    yield [
      sample,
      { ...sample, due_time: null, time_zone: null },
      { ...sample, start_date: '2026-01-30', start_time: '20:00' },
    ];
  }
  let text = '';
  for await (const piece of feedText(pages(), components, 'UTC')) text += piece;
  return text;
}

let written: Promise<string[]> | undefined;

/**
 * The entity tag of a lane's calendar feed. The text of the feed depends on the state of the lane, on the format of
 * this release (represented by a sample), and on the time zone data of the process. The tag is weak: the feed can
 * already contain a write that happens while it is read. The tag is then the older one, so the next request gets the
 * feed again.
 */
export async function feedTag(
  { epoch, change_seq }: ProfileRow,
  { components, include_archived }: FeedContent,
): Promise<string> {
  written ??= Promise.all([writeSample('events'), writeSample('todos')]);
  const content = [components, String(include_archived)];
  return weakTagOf([epoch, change_seq, ...content, process.versions.tz ?? '', ...(await written)]);
}

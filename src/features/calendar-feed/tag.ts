import type { Schemas } from '../../platform/contract/document/operations';
import { weakTagOf } from '../../platform/contract/http/entity-tags';
import type { ProfileRow } from '../../platform/database/rows';
import { type Components, feedText } from './calendar';

// Something of everything, in a zone whose clocks have not changed since 2000: any other takes a while to reckon.
const sample: Schemas['Task'] = {
  id: '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e',
  user_id: 'sample',
  project_id: null,
  parent_id: '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4f',
  title: 'A; title, \\ with\nall',
  description: 'More than a line has room for. '.repeat(5),
  status: 'in_progress',
  priority: 'urgent',
  completed: false,
  completed_at: null,
  tags: ['one', 'an,other'],
  due_date: '2026-01-31',
  due_time: '18:00',
  time_zone: 'Asia/Kolkata',
  due_at: '2026-01-31T12:30:00.000Z',
  rrule: 'FREQ=MONTHLY;COUNT=3',
  repeat_from: 'schedule',
  recurrence_start: '2026-01-31',
  reminders: [{ at: null, minutes_before_due: 5 }],
  position: 'a0',
  version: 1,
  created_at: '2026-11-21T09:30:00.000Z',
  updated_at: '2026-11-21T09:30:00.000Z',
};

async function writeSample(components: Components): Promise<string> {
  async function* pages() {
    yield [sample, { ...sample, due_time: null, time_zone: null }];
  }
  let text = '';
  for await (const piece of feedText(pages(), components, 'UTC')) text += piece;
  return text;
}

let written: Promise<string[]> | undefined;

/**
 * The tag of a lane's feed: what it says follows from the lane's state, from how this release writes that, and from the
 * time zones that the process knows. It is weak, for what is written while a feed is read may be in it already; the tag
 * is then that of before, and the next request gets the feed again.
 */
export async function feedTag({ epoch, change_seq }: ProfileRow, components: Components): Promise<string> {
  written ??= Promise.all([writeSample('events'), writeSample('todos')]);
  return weakTagOf([epoch, change_seq, components, process.versions.tz ?? '', ...(await written)]);
}

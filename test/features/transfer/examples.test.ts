/** Compares the contract's examples of exports with the service's exports of the same task. */

import { beginCalendar, endCalendar } from '../../../src/domain/icalendar/document';
import { todoLines } from '../../../src/domain/icalendar/todo';
import { type CsvTask, csvOf } from '../../../src/features/transfer/csv';
import { contractDocument } from '../../../src/platform/contract/document/contract';
import type { Schemas } from '../../../src/platform/contract/document/operations';

function example(path: string, type: string): unknown {
  const paths = contractDocument.paths as unknown as Record<
    string,
    { get: { responses: Record<string, { content: Record<string, { example: unknown }> }> } }
  >;
  return paths[path]?.get.responses['200']?.content[type]?.example;
}

const [task] = (example('/api/{user_id}/export', 'application/json') as Schemas['LaneExport']).tasks;
const crlf = (text: unknown) => String(text).replaceAll('\n', '\r\n');

test('CSV', async () => {
  async function* page(): AsyncGenerator<CsvTask[]> {
    yield [{ ...(task as Schemas['Task']), project: null }];
  }
  let text = '';
  for await (const part of csvOf(page())) text += part;
  expect(text).toBe(crlf(example('/api/{user_id}/export.csv', 'text/csv')));
});

test('iCalendar, of an all-day task', () => {
  const allDay = { due_time: null, time_zone: null, due_at: null, rrule: null, recurrence_start: null };
  const todo = todoLines({ ...(task as Schemas['Task']), ...allDay, reminders: [] });
  expect(beginCalendar() + todo + endCalendar).toBe(
    crlf(example('/api/{user_id}/export.ics', 'text/calendar')),
  );
});

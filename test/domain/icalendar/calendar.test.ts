/** Reads the iCalendar text that we write with another library. */
import fc from 'fast-check';
import ICAL from 'ical.js';
import ical from 'node-ical';
import { beginCalendar, endCalendar } from '../../../src/domain/icalendar/document';
import { withTimeZones } from '../../../src/domain/icalendar/due';
import type { CalendarTask } from '../../../src/domain/icalendar/task';
import { timeZoneLines } from '../../../src/domain/icalendar/time-zone';
import { todoLines } from '../../../src/domain/icalendar/todo';
import { toInstant } from '../../../src/domain/time/calendar';

const plain: CalendarTask = {
  id: '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e',
  parent_id: null,
  title: 'A task',
  description: null,
  status: 'pending',
  priority: 'medium',
  completed_at: null,
  tags: [],
  due_date: null,
  due_time: null,
  time_zone: null,
  start_date: null,
  start_time: null,
  rrule: null,
  repeat_from: 'schedule',
  recurrence_start: null,
  recurrence_start_time: null,
  recurrence_due: null,
  excluded_dates: [],
  reminders: [],
  links: [],
  version: 1,
  created_at: '2026-11-21T09:30:00.123Z',
  updated_at: '2026-11-21T10:30:00.456Z',
};

async function calendarOf(tasks: CalendarTask[]): Promise<string> {
  async function* pages() {
    yield tasks;
  }
  let text = beginCalendar();
  for await (const lines of withTimeZones(pages(), todoLines)) text += lines;
  return text + endCalendar;
}

interface Todo {
  type: string;
  summary: string;
  description?: string;
  categories?: string[];
  due?: Date & { dateOnly?: boolean; tz?: string };
  completed?: Date;
  status: string;
}

async function readTodo(task: CalendarTask): Promise<Todo> {
  const read = ical.sync.parseICS(await calendarOf([task]));
  return Object.values(read).find((each) => (each as { type?: string })?.type === 'VTODO') as unknown as Todo;
}

describe('another library finds', () => {
  test.each([
    'Europe/Zurich',
    'America/New_York',
    'Asia/Kathmandu',
    'Australia/Lord_Howe',
    'Europe/Dublin',
    'UTC',
  ])('the instant of a due time in %s', async (time_zone) => {
    for (const due_date of ['2026-01-15', '2026-07-15', '2026-03-29', '2026-10-25', '2039-07-01']) {
      const { due } = await readTodo({ ...plain, due_date, due_time: '18:05', time_zone });
      expect(due?.toISOString()).toBe(toInstant(due_date, '18:05', time_zone).toISOString());
    }
  });

  test('a date, if a due date has no time', async () => {
    const { due } = await readTodo({ ...plain, due_date: '2026-11-28', time_zone: 'Europe/Zurich' });
    expect(due?.dateOnly).toBe(true);
    expect([due?.getFullYear(), due?.getMonth(), due?.getDate()]).toEqual([2026, 10, 28]);
  });

  test('a floating time with the same clock time', async () => {
    const { due } = await readTodo({ ...plain, due_date: '2026-11-28', due_time: '18:05' });
    expect([due?.getHours(), due?.getMinutes()]).toEqual([18, 5]);
  });

  test('the time at which a task was completed', async () => {
    const todo = await readTodo({
      ...plain,
      status: 'completed',
      completed_at: '2026-11-21T10:00:00.000Z',
    });
    expect(todo.status).toBe('COMPLETED');
    expect(todo.completed?.toISOString()).toBe('2026-11-21T10:00:00.000Z');
  });
});

/** Text that iCalendar escapes and folds; the other library reads an escaped `\\` before `n` as a line break. */
const oddText = (...more: string[]) =>
  fc
    .array(fc.constantFrom('a', ' ', ',', ';', ':', '"', 'é', '😀', '👩‍👩‍👧', '\ufeff', ...more), {
      minLength: 1,
      maxLength: 120,
    })
    .map((parts) => `x${parts.join('')}x`);

test('another library reads unusual text unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(oddText(), fc.array(oddText(), { maxLength: 4 }), async (title, lines) => {
      const description = lines.join('\n') || null;
      const todo = await readTodo({ ...plain, title, description });
      expect([todo.summary, todo.description ?? null]).toEqual([title, description]);
    }),
    { numRuns: 200 },
  );
});

test('unusual text is folded to lines of at most 75 octets, and can be read again', async () => {
  const odd = oddText('\\', '\\n', '\\,', '\\;', '\t');
  await fc.assert(
    fc.asyncProperty(odd, fc.array(odd, { maxLength: 4 }), async (title, lines) => {
      const description = lines.join('\n') || null;
      const text = await calendarOf([{ ...plain, title, description }]);
      for (const line of text.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
      expect(text).not.toMatch(/(?<!\r)\n|\r(?!\n)/);
      const todo = new ICAL.Component(ICAL.parse(text) as never).getFirstSubcomponent('vtodo');
      expect(todo?.getFirstPropertyValue('summary')).toBe(title);
      expect(todo?.getFirstPropertyValue('description')).toBe(description);
    }),
    { numRuns: 200 },
  );
});

test('control characters are removed', async () => {
  const text = await calendarOf([{ ...plain, description: 'a\u0007b\rc\r\nd\u007fe\tf\u000bg\u2028h' }]);
  expect(text).toContain('DESCRIPTION:ab\\nc\\nde\tfg\\nh\r\n');
});

test('a time zone is defined once, before it is used', async () => {
  const zoned = { ...plain, due_date: '2026-11-28', due_time: '18:05', time_zone: 'Europe/Zurich' };
  const text = await calendarOf([plain, zoned, zoned, { ...zoned, time_zone: 'UTC' }]);
  expect(text.match(/BEGIN:VTIMEZONE/g)).toHaveLength(1);
  expect(text.indexOf('BEGIN:VTIMEZONE')).toBeLessThan(
    text.indexOf('DUE;TZID=Europe/Zurich:20261128T180500'),
  );
  expect(text).toContain('DUE:20261128T180500Z');
});

test.each(['Asia/Kolkata', 'Europe/London', 'Africa/Casablanca', 'America/Caracas'])(
  'the VTIMEZONE of %s gives the right offsets',
  async (zone) => {
    const timezone = new ICAL.Timezone(new ICAL.Component(ICAL.parse(timeZoneLines(zone)) as never));
    for (let year = 2000; year < 2040; year += 3) {
      for (const day of ['01-10', '04-20', '07-10', '10-05']) {
        const local = ICAL.Time.fromString(`${year}-${day}T12:00:00`, null as never);
        local.zone = timezone;
        const expected = toInstant(`${year}-${day}`, '12:00', zone);
        expect([year, day, local.toUnixTime() * 1000]).toEqual([year, day, expected.getTime()]);
      }
    }
  },
);

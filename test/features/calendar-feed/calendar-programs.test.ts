/** Tests what calendar programs show of a feed and of an export, and that they notice changes and the feed's deletion. */
import { toInstant } from '../../../src/domain/time/calendar';
import type { Body } from '../../support/api';
import {
  type CalendarPrograms,
  missingPrograms,
  openCalendarPrograms,
  type Program,
} from '../../support/calendar-programs';
import { startTestService, type TestService } from '../../support/service';
import { makeUser, type TestUser } from '../../support/user';

const missing = missingPrograms();

// Jest shows no message for a skipped test.
const title =
  missing.length === 0
    ? 'calendar programs'
    : `calendar programs, of which some are not installed (apt-get install ${missing.join(' ')}), so this is skipped`;

const zurich = 'Europe/Zurich';
const newYork = 'America/New_York';
type Zone = typeof zurich | typeof newYork;

const first = '2026-10-20';
const days = 180;

/** A task, and when it is due for someone in Zurich and someone in New York. */
interface Example {
  readonly task: Body;
  readonly [zurich]: readonly string[];
  readonly [newYork]: readonly string[];
  /** The programs that show a task wrongly because of their own bugs. */
  readonly faulty?: readonly Program[];
}

const everywhere = (...due: string[]) => ({ [zurich]: due, [newYork]: due });
const at = (time: string, ...dates: string[]) => dates.map((date) => `${date} ${time}`);
const inZurich = (due_time: string) => ({ due_time, time_zone: zurich });

const longTitle = `Ünïcödé 漢字 שלום 🎉👩‍👩‍👧 e\u0301 ${'äöü漢🎉'.repeat(30)}`;
const oddTitle = 'Comma, semi; back\\slash "quoted": 50% of {braces}';
const oddDescription =
  'One line,\nanother; with a \\ in it 🎉\n\n\tand the last: https://example.com/?a=b;c,d';

const examples: readonly Example[] = [
  { task: { title: 'All day', due_date: '2026-11-28' }, ...everywhere('2026-11-28') },
  { task: { title: longTitle, due_date: '2026-11-28', priority: 'high' }, ...everywhere('2026-11-28') },
  {
    task: { title: oddTitle, description: oddDescription, due_date: '2026-11-28', tags: ['ho;me', 'b\\s'] },
    ...everywhere('2026-11-28'),
  },
  {
    // Before version 6, the icalendar package of khal and todoman reads an escaped backslash and an n as a line break.
    task: { title: 'C:\\new', due_date: '2026-11-28' },
    ...everywhere('2026-11-28'),
    faulty: ['khal', 'todoman'],
  },
  {
    task: { title: 'In progress', status: 'in_progress', priority: 'urgent', due_date: '2026-11-29' },
    ...everywhere('2026-11-29'),
  },
  {
    task: {
      title: 'Evening',
      due_date: '2026-11-28',
      ...inZurich('18:00'),
      reminders: [{ minutes_before_due: 15 }],
    },
    [zurich]: ['2026-11-28 18:00'],
    [newYork]: ['2026-11-28 12:00'],
  },
  {
    task: { title: 'Midnight', due_date: '2026-11-28', ...inZurich('00:00') },
    [zurich]: ['2026-11-28 00:00'],
    [newYork]: ['2026-11-27 18:00'],
  },
  {
    task: { title: 'Past midnight', due_date: '2026-11-28', ...inZurich('23:45') },
    [zurich]: ['2026-11-28 23:45'],
    [newYork]: ['2026-11-28 17:45'],
  },
  {
    task: { title: 'Late', due_date: '2026-11-28', due_time: '22:30', time_zone: newYork },
    [zurich]: ['2026-11-29 04:30'],
    [newYork]: ['2026-11-28 22:30'],
  },
  {
    task: { title: 'Quarters', due_date: '2026-11-28', due_time: '06:00', time_zone: 'Asia/Kathmandu' },
    [zurich]: ['2026-11-28 01:15'],
    [newYork]: ['2026-11-27 19:15'],
  },
  {
    task: { title: 'Noon', due_date: '2026-11-28', due_time: '12:00', time_zone: 'UTC' },
    [zurich]: ['2026-11-28 13:00'],
    [newYork]: ['2026-11-28 07:00'],
  },
  {
    task: { title: 'Floats', due_date: '2026-11-28', due_time: '09:15' },
    ...everywhere('2026-11-28 09:15'),
  },
  {
    task: { title: 'Weekly', due_date: '2026-11-21', rrule: 'FREQ=WEEKLY;COUNT=3' },
    ...everywhere('2026-11-21', '2026-11-28', '2026-12-05'),
  },
  {
    task: { title: 'Second Tuesday', due_date: '2026-11-10', rrule: 'FREQ=MONTHLY;BYDAY=2TU;COUNT=3' },
    ...everywhere('2026-11-10', '2026-12-08', '2027-01-12'),
  },
  {
    task: { title: 'Last day of the month', due_date: '2026-10-31', rrule: 'FREQ=MONTHLY;COUNT=5' },
    ...everywhere('2026-10-31', '2026-11-30', '2026-12-31', '2027-01-31', '2027-02-28'),
  },
  {
    task: { title: 'Thirtieth or last', due_date: '2026-11-30', rrule: 'FREQ=MONTHLY;COUNT=4' },
    ...everywhere('2026-11-30', '2026-12-30', '2027-01-30', '2027-02-28'),
    // calcurse does not support BYSETPOS.
    faulty: ['calcurse'],
  },
  {
    task: {
      title: 'Mornings until an instant',
      due_date: '2026-11-27',
      ...inZurich('07:00'),
      rrule: 'FREQ=DAILY;UNTIL=20261129T230000Z',
    },
    [zurich]: at('07:00', '2026-11-27', '2026-11-28', '2026-11-29'),
    [newYork]: at('01:00', '2026-11-27', '2026-11-28', '2026-11-29'),
  },
  {
    task: {
      title: 'Three days a week until a date',
      due_date: '2026-11-23',
      ...inZurich('10:00'),
      rrule: 'FREQ=WEEKLY;BYDAY=MO,WE,FR;UNTIL=20261204',
    },
    [zurich]: at('10:00', '2026-11-23', '2026-11-25', '2026-11-27', '2026-11-30', '2026-12-02', '2026-12-04'),
    [newYork]: at(
      '04:00',
      '2026-11-23',
      '2026-11-25',
      '2026-11-27',
      '2026-11-30',
      '2026-12-02',
      '2026-12-04',
    ),
  },
  {
    task: {
      title: 'Daily, floating',
      due_date: '2026-11-26',
      due_time: '08:00',
      rrule: 'FREQ=DAILY;COUNT=4',
    },
    ...everywhere(...at('08:00', '2026-11-26', '2026-11-27', '2026-11-28', '2026-11-29')),
  },
  {
    task: { title: 'Whenever', due_date: '2026-11-28', rrule: 'FREQ=DAILY', repeat_from: 'completion' },
    ...everywhere('2026-11-28'),
  },
  {
    task: {
      title: 'Saturday nights',
      due_date: '2026-11-14',
      due_time: '23:30',
      time_zone: newYork,
      rrule: 'FREQ=WEEKLY;BYDAY=SA;COUNT=3',
    },
    [zurich]: at('05:30', '2026-11-15', '2026-11-22', '2026-11-29'),
    [newYork]: at('23:30', '2026-11-14', '2026-11-21', '2026-11-28'),
    // calcurse evaluates rules in its own time zone, and rejects a rule that does not match its start there.
    faulty: ['calcurse'],
  },
  {
    task: {
      title: 'While summer time ends',
      due_date: '2026-10-24',
      ...inZurich('02:30'),
      rrule: 'FREQ=DAILY;COUNT=3',
    },
    [zurich]: at('02:30', '2026-10-24', '2026-10-25', '2026-10-26'),
    [newYork]: ['2026-10-23 20:30', '2026-10-24 20:30', '2026-10-25 21:30'],
    // khal uses the second of two equal local times; RFC 5545, section 3.3.5, requires the first.
    faulty: ['calcurse', 'khal'],
  },
  {
    task: {
      title: 'While summer time begins',
      due_date: '2027-03-27',
      ...inZurich('02:30'),
      rrule: 'FREQ=DAILY;COUNT=3',
    },
    [zurich]: ['2027-03-27 02:30', '2027-03-28 03:30', '2027-03-29 02:30'],
    [newYork]: ['2027-03-26 21:30', '2027-03-27 21:30', '2027-03-28 20:30'],
    faulty: ['calcurse'],
  },
];

// Its third occurrence is due.
const underwayFile =
  'title,due_date,rrule,recurrence_start\nUnder way,2026-11-26,FREQ=DAILY;COUNT=5,2026-11-24\n';
const underway: Example = {
  task: { title: 'Under way' },
  ...everywhere('2026-11-26', '2026-11-27', '2026-11-28'),
};

const undated = { title: 'Some day', description: 'Or never', priority: 'low' };
const done = { title: 'Done', due_date: '2026-11-28', status: 'completed' };
const given_up = { title: 'Given up', due_date: '2026-11-28', status: 'cancelled' };

function sorted<T>(values: Iterable<T>): T[] {
  const key = (value: T) => JSON.stringify(value);
  return [...values].sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

const all: readonly Example[] = [...examples, underway];

/** The tasks that a program shows correctly. */
const rightIn = (program: Program) => all.filter(({ faulty = [] }) => !faulty.includes(program));

/** The titles that a program shows wrongly, or the tasks that it shows at another due date. */
function wrongIn(program: Program): (title: string) => boolean {
  const wrong = all.filter(({ faulty = [] }) => faulty.includes(program)).map(({ task }) => task.title);
  return (shown) => wrong.some((each) => shown === each || shown === each.replace('\\n', '\n'));
}

/** The start times (in the zone) and titles of the tasks that a program must show. */
function due(zone: Zone, program: Program): string[][] {
  return sorted(rightIn(program).flatMap((each) => each[zone].map((start) => [start, each.task.title])));
}

/** A calendar without the events that a program rejects or shows wrongly. */
function withoutWrong(calendar: string, program: Program): string {
  const isWrong = wrongIn(program);
  return calendar.replace(/BEGIN:VEVENT.*?END:VEVENT\r\n/gs, (event) =>
    isWrong(/^SUMMARY:(.*)\r$/m.exec(event)?.[1] ?? '') ? '' : event,
  );
}

(missing.length === 0 ? describe : describe.skip)(title, () => {
  let service: TestService;
  let ada: TestUser;
  let url: string;

  beforeAll(async () => {
    service = await startTestService({ RATE_LIMIT: 'off' });
    ada = await makeUser(service.url);
    await ada.send('PATCH', '/profile', { body: { time_zone: zurich } });
    for (const body of [...examples.map(({ task }) => task), undated, done, given_up]) {
      expect(await ada.send('POST', '/tasks', { body })).toMatchObject({ status: 201 });
    }
    const csv = { body: underwayFile, headers: { 'Content-Type': 'text/csv' } };
    expect(await ada.send('POST', '/import.csv', csv)).toMatchObject({ status: 200 });
    url = (await ada.send('POST', '/calendar-feed')).body.url;
  });
  afterAll(() => service?.stop());

  describe.each([zurich, newYork] as const)('in %s', (zone) => {
    let programs: CalendarPrograms;
    beforeEach(async () => {
      programs = await openCalendarPrograms(zone);
    });
    afterEach(() => programs?.close());

    test('khal shows the due tasks of each day of the feed', async () => {
      await programs.subscribe(url);
      const events = await programs.khal(first, days);
      const right = events.filter((event) => !wrongIn('khal')(event.title));
      expect(sorted(right.map((event) => [event.start, event.title]))).toEqual(due(zone, 'khal'));
      expect(events.find((event) => event.title === oddTitle)?.description).toBe(oddDescription);
    });

    test('calcurse shows the due tasks of each day of the feed', async () => {
      const calendar = withoutWrong(await (await fetch(url)).text(), 'calcurse');
      expect(sorted(await programs.calcurse(calendar, first, days))).toEqual(due(zone, 'calcurse'));
    });

    /** The first due time of a task, for todoman. */
    function dueFirst(example: Example): number {
      const [date = '', time = '00:00'] = (example[zone][0] as string).split(' ');
      return toInstant(date, time, zone).getTime();
    }
    const priorities: Record<string, number> = { urgent: 1, high: 3, low: 9 };
    const todoOf = (task: Body, dueAt: number | null) => ({
      title: task.title,
      description: task.description ?? '',
      due: dueAt,
      priority: priorities[task.priority] ?? 5,
    });
    const open = () =>
      rightIn('todoman').map((each) => ({
        ...todoOf(each.task, dueFirst(each)),
        completed: false,
        completedAt: null,
      }));
    const right = (todos: Awaited<ReturnType<CalendarPrograms['todoman']>>) =>
      sorted(todos.filter((todo) => !wrongIn('todoman')(todo.title)));

    test('todoman shows the to-dos of the feed', async () => {
      await programs.subscribe(`${url}?components=todos`);
      const todos = [...open(), { ...todoOf(undated, null), completed: false, completedAt: null }];
      expect(right(await programs.todoman())).toEqual(sorted(todos));
    });

    test('todoman shows every task of an export', async () => {
      await programs.takeFile((await ada.send('GET', '/export.ics')).body);
      const { items } = (await ada.send('GET', '/tasks?status=completed')).body;
      const day = toInstant('2026-11-28', '00:00', zone).getTime();
      const completedAt = Math.floor(Date.parse(items[0].completed_at) / 1000) * 1000;
      const todos = [
        ...open(),
        { ...todoOf(undated, null), completed: false, completedAt: null },
        { ...todoOf(done, day), completed: true, completedAt },
        // Its word for completed and cancelled to-dos.
        { ...todoOf(given_up, day), completed: true, completedAt: null },
      ];
      expect(right(await programs.todoman())).toEqual(sorted(todos));
    });
  });

  test('calcurse reads every to-do of the feed and of an export', async () => {
    const programs = await openCalendarPrograms(zurich);
    try {
      const open = [...all.map(({ task }) => task), undated];
      const titles = (tasks: Body[]) => sorted(tasks.map((task) => task.title));
      const todos = await (await fetch(`${url}?components=todos`)).text();
      expect(sorted((await programs.calcurseTodos(todos)).map(([, name]) => name))).toEqual(titles(open));
      const exported = await programs.calcurseTodos((await ada.send('GET', '/export.ics')).body);
      expect(sorted(exported.map(([, name]) => name))).toEqual(titles([...open, done, given_up]));
    } finally {
      await programs.close();
    }
  });

  test('a subscriber sees changes until the feed is deleted', async () => {
    const bob = await makeUser(service.url);
    const make = async (body: object) => (await bob.send('POST', '/tasks', { body })).body.id as string;
    const moved = await make({ title: 'Moved', due_date: '2026-11-28' });
    const renamed = await make({ title: 'Old name', due_date: '2026-11-28', ...inZurich('18:00') });
    const closed = await make({ title: 'Closed', due_date: '2026-11-28' });
    const thrown = await make({ title: 'Thrown away', due_date: '2026-11-28' });
    const address = (await bob.send('POST', '/calendar-feed')).body.url;
    const [calendar, list] = [await openCalendarPrograms(zurich), await openCalendarPrograms(zurich)];
    const look = async () => {
      const [events, todos] = await Promise.all([calendar.khal('2026-11-28', 7), list.todoman()]);
      return {
        events: sorted(events.map((event) => `${event.start} ${event.title}`)),
        todos: sorted(todos.map((todo) => todo.title)),
      };
    };
    const sync = () =>
      Promise.all([calendar.subscribe(address), list.subscribe(`${address}?components=todos`)]);
    try {
      await sync();
      expect(await look()).toEqual({
        events: [
          '2026-11-28 18:00 Old name',
          '2026-11-28 Closed',
          '2026-11-28 Moved',
          '2026-11-28 Thrown away',
        ],
        todos: ['Closed', 'Moved', 'Old name', 'Thrown away'],
      });

      await bob.send('PATCH', `/tasks/${moved}`, { body: { due_date: '2026-11-30', due_time: '09:00' } });
      await bob.send('PATCH', `/tasks/${renamed}`, { body: { title: 'New name' } });
      await bob.send('PATCH', `/tasks/${closed}/complete`);
      await bob.send('DELETE', `/tasks/${thrown}`);
      await make({ title: 'New', due_date: '2026-11-29' });
      await sync();
      const now = {
        events: ['2026-11-28 18:00 New name', '2026-11-29 New', '2026-11-30 09:00 Moved'],
        todos: ['Moved', 'New name', 'New'],
      };
      expect(await look()).toEqual(now);

      await bob.send('DELETE', '/calendar-feed');
      for (const programs of [calendar, list]) {
        await expect(programs.subscribe(address)).rejects.toMatchObject({
          code: 1,
          stderr: expect.stringContaining('Not Found'),
        });
      }
      expect(await look()).toEqual(now);
    } finally {
      await Promise.all([calendar.close(), list.close()]);
    }
  });
});

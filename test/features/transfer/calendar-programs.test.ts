/** Reads to-dos as other programs write them: each row says what the import changed or left out. */
import type { ApiResponse, Body } from '../../support/api';
import { useTestService } from '../../support/service';
import { useUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
const ada = useUser(service);

const calendar = (...lines: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', ''].join('\r\n');
const todo = (...lines: string[]) => ['BEGIN:VTODO', ...lines, 'END:VTODO'];
const titled = (...lines: string[]) => todo('SUMMARY:A task', ...lines);
const alarm = (...lines: string[]) => ['BEGIN:VALARM', ...lines, 'END:VALARM'];

const importCalendar = (ics: string, query = ''): Promise<ApiResponse> =>
  ada.send('POST', `/import.ics${query}`, { body: ics, headers: { 'Content-Type': 'text/calendar' } });
const tasks = async (): Promise<Body[]> => (await ada.send('GET', '/tasks?sort=position')).body.items;

/** The warnings of a report: the field, what the file has, and what was made of it. */
const warningsIn = ({ body }: ApiResponse) =>
  body.rows.flatMap((row: Body) => row.warnings.map(({ field, found, used }: Body) => [field, found, used]));

type Warnings = [field: string, found: string | null, used: string | null][];

/** A VTIMEZONE as Exchange writes it. */
const zone = (id: string, standard: [to: string, day: string], daylight?: [to: string, day: string]) => [
  ...['BEGIN:VTIMEZONE', `TZID:${id}`, 'BEGIN:STANDARD', 'DTSTART:16010101T030000'],
  ...[`TZOFFSETFROM:${(daylight ?? standard)[0]}`, `TZOFFSETTO:${standard[0]}`],
  ...(daylight ? [`RRULE:FREQ=YEARLY;INTERVAL=1;${standard[1]}`] : []),
  'END:STANDARD',
  ...(daylight
    ? [
        ...['BEGIN:DAYLIGHT', 'DTSTART:16010101T020000', `TZOFFSETFROM:${standard[0]}`],
        ...[`TZOFFSETTO:${daylight[0]}`, `RRULE:FREQ=YEARLY;INTERVAL=1;${daylight[1]}`, 'END:DAYLIGHT'],
      ]
    : []),
  'END:VTIMEZONE',
];
const european: [[string, string], [string, string]] = [
  ['+0100', 'BYDAY=-1SU;BYMONTH=10'],
  ['+0200', 'BYDAY=-1SU;BYMONTH=3'],
];
const american: [[string, string], [string, string]] = [
  ['-0500', 'BYDAY=1SU;BYMONTH=11'],
  ['-0400', 'BYDAY=2SU;BYMONTH=3'],
];
const southern: [[string, string], [string, string]] = [
  ['+1000', 'BYDAY=1SU;BYMONTH=4'],
  ['+1100', 'BYDAY=1SU;BYMONTH=10'],
];

beforeEach(async () => {
  await ada.send('PATCH', '/profile', { body: { time_zone: 'Europe/Zurich' } });
});

describe('a to-do of another program', () => {
  test.each<[string, string[], object, Warnings]>([
    [
      'CREATED and COMPLETED without a time zone, as Nextcloud and Synology write them',
      titled('STATUS:COMPLETED', 'CREATED:20260701T120000', 'COMPLETED:20261121T100000'),
      { created_at: '2026-07-01T10:00:00.000Z', completed_at: '2026-11-21T09:00:00.000Z' },
      [
        ['completed', '20261121T100000', '2026-11-21T09:00:00.000Z'],
        ['created', '20260701T120000', '2026-07-01T10:00:00.000Z'],
      ],
    ],
    [
      'CREATED with a TZID and COMPLETED as a date',
      titled('CREATED;TZID=America/New_York:20260701T120000', 'COMPLETED;VALUE=DATE:20261121'),
      {
        status: 'completed',
        created_at: '2026-07-01T16:00:00.000Z',
        completed_at: '2026-11-20T23:00:00.000Z',
      },
      [
        ['completed', '20261121', '2026-11-20T23:00:00.000Z'],
        ['created', '20260701T120000', '2026-07-01T16:00:00.000Z'],
      ],
    ],
    [
      'CREATED that is no time',
      titled('CREATED:00000000T000000Z', 'COMPLETED:'),
      { status: 'pending' },
      [['created', '00000000T000000Z', null]],
    ],
    [
      'a TRIGGER without a time zone, with a TZID, as a date, and without VALUE',
      titled(
        'DUE;TZID=America/New_York:20301128T180500',
        ...alarm('ACTION:DISPLAY', 'TRIGGER;VALUE=DATE-TIME:20301127T080000'),
        ...alarm('ACTION:DISPLAY', 'TRIGGER;VALUE=DATE-TIME;TZID=Europe/Zurich:20301126T080000'),
        ...alarm('ACTION:DISPLAY', 'TRIGGER;VALUE=DATE:20301125'),
        ...alarm('ACTION:DISPLAY', 'TRIGGER:20301124T080000Z'),
      ),
      {
        reminders: [
          { at: '2030-11-27T13:00:00.000Z', minutes_before_due: null },
          { at: '2030-11-26T07:00:00.000Z', minutes_before_due: null },
          { at: '2030-11-25T05:00:00.000Z', minutes_before_due: null },
          { at: '2030-11-24T08:00:00.000Z', minutes_before_due: null },
        ],
      },
      [
        ['valarm', '20301127T080000', '2030-11-27T13:00:00.000Z'],
        ['valarm', '20301126T080000', '2030-11-26T07:00:00.000Z'],
        ['valarm', '20301125', '2030-11-25T05:00:00.000Z'],
      ],
    ],
    [
      'RELATED-TO itself',
      titled('UID:a', 'RELATED-TO:a'),
      { parent_id: null },
      [['related-to', expect.any(String) as never, null]],
    ],
    [
      'RELATED-TO a missing parent',
      titled('RELATED-TO:nobody@example.com'),
      { parent_id: null },
      [['related-to', expect.any(String) as never, null]],
    ],
    [
      'a relation that tasks do not have',
      titled('RELATED-TO;RELTYPE=SIBLING:b'),
      { parent_id: null },
      [['related-to', 'b', null]],
    ],
    ['no SUMMARY', todo('DUE:20301128'), { title: 'Untitled' }, [['summary', null, 'Untitled']]],
    [
      'an empty SUMMARY and a description',
      todo('SUMMARY:', 'DESCRIPTION:\\nBuy milk\\nand bread'),
      { title: 'Buy milk', description: '\nBuy milk\nand bread' },
      [['summary', '', 'Buy milk']],
    ],
    [
      'a SUMMARY that is too long',
      todo(`SUMMARY:${'😀'.repeat(201)}`, 'DESCRIPTION:More'),
      { title: `${'😀'.repeat(199)}…`, description: `${'😀'.repeat(201)}\n\nMore` },
      [['summary', `${'😀'.repeat(99)}…`, `${'😀'.repeat(99)}…`]],
    ],
    [
      'a SUMMARY of several lines with control characters',
      todo('SUMMARY:One\\n\\n two\u0007three'),
      { title: 'One two three' },
      [],
    ],
    ['an empty STATUS and DUE', titled('STATUS:', 'DUE:'), { status: 'pending', due_date: null }, []],
    [
      'an unknown STATUS',
      titled('STATUS:TENTATIVE'),
      { status: 'pending' },
      [['status', 'TENTATIVE', 'pending']],
    ],
    [
      'an unknown STATUS and COMPLETED',
      titled('STATUS:DONE', 'COMPLETED:20261121T100000Z'),
      { status: 'completed', completed_at: '2026-11-21T10:00:00.000Z' },
      [['status', 'DONE', 'completed']],
    ],
    [
      'COMPLETED and another STATUS',
      titled('STATUS:NEEDS-ACTION', 'COMPLETED:20261121T100000Z'),
      { status: 'pending', completed_at: null },
      [['completed', '2026-11-21T10:00:00.000Z', null]],
    ],
    [
      'a rule in lower case',
      titled('DUE;VALUE=DATE:20261128', 'RRULE:freq=weekly;byday=sa,sa;'),
      { rrule: 'FREQ=WEEKLY;BYDAY=SA' },
      [],
    ],
    [
      'a rule with BYHOUR and BYMINUTE of the due time',
      titled('DUE:20301128T090500Z', 'RRULE:FREQ=DAILY;BYHOUR=9;BYMINUTE=5;BYSECOND=0'),
      { rrule: 'FREQ=DAILY', due_time: '09:05' },
      [['rrule', 'FREQ=DAILY;BYHOUR=9;BYMINUTE=5;BYSECOND=0', 'FREQ=DAILY']],
    ],
    ['a rule without a date', titled('RRULE:FREQ=DAILY'), { rrule: null }, [['rrule', 'FREQ=DAILY', null]]],
    [
      'commas in categories',
      titled('CATEGORIES:Home\\,Garden,Work'),
      { tags: ['Garden', 'Home', 'Work'] },
      [['categories', 'Home,Garden', 'Home, Garden']],
    ],
    [
      'a category that is too long',
      titled(`CATEGORIES:${'x'.repeat(51)}`),
      { tags: [`${'x'.repeat(49)}…`] },
      [['categories', 'x'.repeat(51), `${'x'.repeat(49)}…`]],
    ],
    [
      'a PRIORITY that is no number',
      titled('PRIORITY:HIGH'),
      { priority: 'medium' },
      [['priority', 'HIGH', null]],
    ],
    [
      'PERCENT-COMPLETE',
      titled('PERCENT-COMPLETE:40', 'DESCRIPTION:Text'),
      { status: 'in_progress', description: 'Text\n\nPercent complete: 40' },
      [['percent-complete', '40', 'Percent complete: 40']],
    ],
    [
      'PERCENT-COMPLETE of 100',
      titled('PERCENT-COMPLETE:100'),
      { status: 'completed', description: null },
      [],
    ],
    [
      'LOCATION, URL, COMMENT and ATTACH',
      titled(
        ...[
          'LOCATION:Kitchen\\, left',
          'URL:https://example.com/a;b',
          'URL:tel:+41441234567',
          'COMMENT:Note',
        ],
        'ATTACH;FMTTYPE=text/plain;FILENAME=Plan.txt:https://example.com/file.txt',
        'ATTACH;FILENAME=a.png;ENCODING=BASE64;VALUE=BINARY:AAAA',
      ),
      {
        description: 'Location: Kitchen, left\nURL: tel:+41441234567\nComment: Note',
        links: [
          { url: 'https://example.com/a;b', title: null },
          { url: 'https://example.com/file.txt', title: 'Plan.txt' },
        ],
      },
      [
        ['attach', 'a.png', null],
        ['location', 'Kitchen, left', 'Location: Kitchen, left'],
        ['url', 'tel:+41441234567', 'URL: tel:+41441234567'],
        ['comment', 'Note', 'Comment: Note'],
      ],
    ],
    [
      'people',
      titled('ORGANIZER:mailto:ada@example.com'),
      { description: null },
      [['organizer', 'mailto:ada@example.com', null]],
    ],
    [
      'alarms that are no reminders, as Apple writes them',
      titled(
        'DUE:20301128T090500Z',
        ...alarm('ACTION:NONE', 'TRIGGER;VALUE=DATE-TIME:19760401T005545Z'),
        ...alarm('ACTION:DISPLAY', 'X-APPLE-PROXIMITY:ARRIVE', 'TRIGGER;VALUE=DATE-TIME:19760401T005545Z'),
        ...alarm('ACTION:DISPLAY', 'TRIGGER;RELATED=END:PT5M'),
      ),
      { reminders: [] },
      [
        ['valarm', '19760401T005545Z', null],
        ['valarm', '19760401T005545Z', null],
        ['valarm', 'PT5M', null],
      ],
    ],
    [
      'the same alarm twice',
      titled('DUE:20301128T090500Z', ...alarm('TRIGGER:-PT5M'), ...alarm('TRIGGER:-PT5M')),
      { reminders: [{ at: null, minutes_before_due: 5 }] },
      [],
    ],
  ])('with %s is imported', async (_what, lines, expected, warnings) => {
    const report = await importCalendar(calendar(...lines));
    expect(report).toMatchObject({ status: 200, body: { created: 1, errors: 0 } });
    expect(await tasks()).toMatchObject([expected]);
    expect(warningsIn(report)).toEqual(warnings);
    expect(report.body).toMatchObject({ warnings: warnings.length > 0 ? 1 : 0, warnings_omitted: 0 });
  });

  test.each<[string, string, string[], string, Warnings]>([
    [
      'a name of Exchange',
      '(UTC+01:00) Amsterdam, Berlin, Bern',
      [],
      'Europe/Amsterdam',
      [['due', '(UTC+01:00) Amsterdam, Berlin, Bern', 'Europe/Amsterdam']],
    ],
    [
      'rules of Europe',
      'Customized Time Zone',
      zone('Customized Time Zone', ...european),
      'Europe/Berlin',
      [['due', 'Customized Time Zone', 'Europe/Berlin']],
    ],
    [
      'rules of America',
      'tzone://Microsoft/Custom',
      zone('tzone://Microsoft/Custom', ...american),
      'America/New_York',
      [['due', 'tzone://Microsoft/Custom', 'America/New_York']],
    ],
    [
      'rules of Australia',
      'Here',
      zone('Here', ...southern),
      'Australia/Sydney',
      [['due', 'Here', 'Australia/Sydney']],
    ],
    ['one offset', 'India', zone('India', ['+0530', '']), 'Asia/Kolkata', [['due', 'India', 'Asia/Kolkata']]],
    [
      'a number after its name',
      'W. Europe Standard Time 1',
      zone('W. Europe Standard Time 1', ...european),
      'Europe/Berlin',
      [['due', 'W. Europe Standard Time 1', 'Europe/Berlin']],
    ],
    ['the UTC of Microsoft', 'tzone://Microsoft/Utc', [], 'UTC', []],
    ['its IANA name', 'Europe/Paris', zone('Europe/Paris', ...american), 'Europe/Paris', []],
  ])('gets its time zone from %s', async (_what, id, lines, time_zone, warnings) => {
    const ics = calendar(...lines, ...titled(`DUE;TZID="${id}":20301128T180500`));
    const report = await importCalendar(ics);
    expect(report).toMatchObject({ status: 200, body: { created: 1 } });
    expect(await tasks()).toMatchObject([{ due_date: '2030-11-28', due_time: '18:05', time_zone }]);
    expect(warningsIn(report)).toEqual(warnings);
  });

  test('with rules that no time zone follows is rejected', async () => {
    const ics = calendar(...zone('Mars', ['+0037', '']), ...titled('DUE;TZID=Mars:20301128T180500'));
    expect(await importCalendar(ics)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/body/1/due', code: 'not-allowed' }] },
    });
  });

  test('keeps the first of more alarms and tags than a task has', async () => {
    const alarms = Array.from({ length: 12 }, (_, n) => alarm(`TRIGGER:-PT${n}M`)).flat();
    const names = Array.from({ length: 52 }, (_, n) => `t${String(n).padStart(2, '0')}`);
    const report = await importCalendar(
      calendar(...titled('DUE:20301128T090500Z', `CATEGORIES:${names}`, ...alarms)),
    );
    const [task] = await tasks();
    expect(task?.tags).toEqual(names.slice(0, 50));
    expect(task?.reminders.map((each: Body) => each.minutes_before_due)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    expect(warningsIn(report)).toEqual([
      ['valarm', '12 alarms', '10 reminders'],
      ['categories', 't50', null],
    ]);
  });
});

describe('to-dos that refer to each other', () => {
  test('can name the subtask with RELTYPE=CHILD', async () => {
    const ics = calendar(
      ...todo('UID:parent', 'SUMMARY:Parent', 'RELATED-TO;RELTYPE=CHILD:child'),
      ...todo('UID:child', 'SUMMARY:Child'),
    );
    const report = await importCalendar(ics);
    const [parent, child] = await tasks();
    expect([parent?.parent_id, child?.parent_id]).toEqual([null, parent?.id]);
    expect(warningsIn(report)).toEqual([]);
  });

  test('in a cycle lose one relation', async () => {
    const ics = calendar(
      ...todo('UID:a', 'SUMMARY:A', 'RELATED-TO:b'),
      ...todo('UID:b', 'SUMMARY:B', 'RELATED-TO:c'),
      ...todo('UID:c', 'SUMMARY:C', 'RELATED-TO:a'),
    );
    const report = await importCalendar(ics);
    const [a, b, c] = await tasks();
    expect([a?.parent_id, b?.parent_id, c?.parent_id]).toEqual([b?.id, c?.id, null]);
    expect(report.body.rows.map((row: Body) => row.warnings.length)).toEqual([0, 0, 1]);
  });

  test('on more levels than the lane has stay below the same task', async () => {
    const lines = Array.from({ length: 7 }, (_, n) =>
      todo(`UID:${n}`, `SUMMARY:${n}`, `RELATED-TO:${n - 1}`),
    );
    const report = await importCalendar(calendar(...lines.flat()));
    const all = await tasks();
    const titleOf = (id: string) => all.find((task) => task.id === id)?.title;
    expect(all.map((task) => [task.title, titleOf(task.parent_id)])).toEqual([
      ['0', undefined],
      ['1', '0'],
      ['2', '1'],
      ['3', '2'],
      ['4', '3'],
      ['5', '3'],
      ['6', '3'],
    ]);
    const details = report.body.rows.map((row: Body) => row.warnings.map((each: Body) => each.field));
    expect(details).toEqual([['related-to'], [], [], [], [], ['related-to'], ['related-to']]);
  });

  test('below a task in the trash get no parent', async () => {
    await importCalendar(calendar(...todo('UID:parent', 'SUMMARY:Parent')));
    const [parent] = await tasks();
    await ada.send('DELETE', `/tasks/${parent?.id}`);
    const report = await importCalendar(calendar(...todo('UID:child', 'SUMMARY:Child', 'RELATED-TO:parent')));
    expect(await tasks()).toMatchObject([{ title: 'Child', parent_id: null }]);
    expect(warningsIn(report)).toEqual([['related-to', parent?.id, null]]);
  });
});

describe('to-dos with the same UID', () => {
  test('and the same title are one task in its newest version', async () => {
    const version = (sequence: number, changed: string, text: string) =>
      titled('UID:a', `SEQUENCE:${sequence}`, `LAST-MODIFIED:${changed}`, `DESCRIPTION:${text}`);
    const ics = calendar(
      ...version(1, '20260101T000000Z', 'Old'),
      ...version(10, '20260101T000000Z', 'New'),
      ...version(2, '20260301T000000Z', 'Other'),
      ...version(10, '20260102T000000Z', 'Newest'),
    );
    const report = await importCalendar(ics);
    expect(report.body).toMatchObject({ created: 1, skipped: 3, errors: 0, warnings: 3 });
    expect(report.body.rows.map((row: Body) => row.action)).toEqual(['skip', 'skip', 'skip', 'create']);
    expect(await tasks()).toMatchObject([{ description: 'Newest' }]);
  });

  test('and different titles are different tasks, also if the file is imported again', async () => {
    const ics = calendar(...todo('UID:a', 'SUMMARY:One'), ...todo('UID:a', 'SUMMARY:Two'));
    const report = await importCalendar(ics);
    expect(report.body).toMatchObject({ created: 2, warnings: 1 });
    expect((await tasks()).map((task) => task.title)).toEqual(['One', 'Two']);
    expect((await importCalendar(ics)).body).toMatchObject({ created: 0, skipped: 2 });
  });
});

test('a report has a bounded number of warnings, and counts all of them', async () => {
  const each = titled(...Array.from({ length: 30 }, (_, n) => `COMMENT:${'x'.repeat(200)} ${n}`));
  const ics = calendar(...Array.from({ length: 40 }, () => each).flat());
  const { body } = await importCalendar(ics, '?dry_run=true');
  expect(body).toMatchObject({
    created: 40,
    warnings: 40,
    warnings_omitted: 40 * 30 - 500,
    rows_omitted: 15,
  });
  expect(body.rows.flatMap((row: Body) => row.warnings)).toHaveLength(500);
  expect(Math.max(...body.rows.map((row: Body) => row.warnings.length))).toBe(20);
});

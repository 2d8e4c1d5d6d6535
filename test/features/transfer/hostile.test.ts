/** Files that try to be expensive: their cost is bounded by their size, and other requests do not wait long. */
import { once } from 'node:events';
import { request } from 'node:http';
import fc from 'fast-check';
import { readCalendar } from '../../../src/features/transfer/calendar-file';
import { readCsv } from '../../../src/features/transfer/csv-file';
import { collect, type ReadRow } from '../../../src/features/transfer/file';
import { openJson } from '../../../src/features/transfer/json-file';
import type { Notes } from '../../../src/features/transfer/notes';
import { readItems, splitDocument } from '../../../src/platform/contract/bodies/json-items';
import { readParts } from '../../../src/platform/contract/bodies/json-parts';
import type { SpooledBody } from '../../../src/platform/contract/bodies/spool';
import type { Body } from '../../support/api';
import { type Blocking, measureBlocking } from '../../support/event-loop';
import { importPaths } from '../../support/imports';
import { useTestService } from '../../support/service';
import { makeUser, type TestUser } from '../../support/user';

const pieceSize = 64 * 1024;
const mib = 1024 * 1024;

async function* piecesOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceSize) yield bytes.subarray(at, at + pieceSize);
}

const noNotes: Notes = { write: async () => ({ position: 0, length: 0 }), read: async () => [] };

const context = { timeZone: 'UTC' };

const readers: Record<string, (bytes: Buffer) => Promise<AsyncIterable<ReadRow | 'ignored'>>> = {
  csv: async (bytes) => readCsv({ pieces: () => piecesOf(bytes), sha256: '' }, context),
  ics: async (bytes) => readCalendar({ pieces: () => piecesOf(bytes), sha256: '' }, context),
  async json(bytes): Promise<AsyncIterable<ReadRow | 'ignored'>> {
    const { document, lists } = await splitDocument(piecesOf(bytes));
    const extentOf = (list: string) => lists.get(list) ?? { start: 0, end: 0 };
    const items = (list: string) =>
      readItems(piecesOf(bytes.subarray(extentOf(list).start, extentOf(list).end)));
    const parts = () => readParts((start, end) => piecesOf(bytes.subarray(start, end)), bytes.length);
    const file = { document, items, parts, sha256: '' };
    const read = await openJson(file);
    if (Array.isArray(read)) throw new Error('The document is of no known shape.');
    return read(file as SpooledBody, context);
  },
};

/** Measures reading a file, valid or not. */
function costOf(type: string, text: string): Promise<Blocking> {
  const read = async () => {
    const rows = await readers[type]?.(Buffer.from(text));
    await collect(rows as AsyncIterable<ReadRow>, noNotes);
  };
  return measureBlocking(() => read().catch(() => undefined));
}

const calendar = (...lines: string[]) =>
  ['BEGIN:VCALENDAR', 'BEGIN:VTODO', ...lines, 'END:VTODO', 'END:VCALENDAR', ''].join('\r\n');
const document = (task: string) =>
  `{"format":"tasklane-export","version":2,"tasks":[{"id":"019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e",${task}}]}`;

// Texts that made patterns, parsers or loops slow.
const units = [
  ...['a', ' ', '\t', '0', '9', '-', '+', '\\', '\\,', ',', ';', ':', '"', '=', ';A=', ';A="', '";A="', '^n'],
  ...[
    '\u0001',
    '\u00a0',
    'é',
    '\u2028',
    '😀',
    "'",
    '/',
    'P',
    'PT1',
    'W',
    '1W',
    'T1H',
    'Europe/',
    '%',
    '[',
    '{',
  ],
  ...['MO,', '1MO,', ';BYDAY=MO', 'FREQ=DAILY;', '0x', '1e9', '\r\n ', '2026', '2026-01-01,', '5,'],
];
const properties = [
  ...[
    'SUMMARY',
    'DESCRIPTION',
    'UID',
    'STATUS',
    'COMPLETED',
    'CREATED',
    'PRIORITY',
    'DTSTART',
    'DUE',
    'DURATION',
  ],
  ...[
    'RRULE',
    'CATEGORIES',
    'RELATED-TO',
    'RDATE',
    'EXDATE',
    'TRIGGER',
    'REPEAT',
    'SEQUENCE',
    'PERCENT-COMPLETE',
  ],
  ...['X-TASKLANE-REPEAT-FROM', 'RECURRENCE-ID', 'ATTACH', 'X-OTHER'],
];
const starts = [
  '',
  'P1',
  '-P',
  'FREQ=DAILY;COUNT=',
  'FREQ=YEARLY;INTERVAL=',
  '20260101T000000',
  '"',
  '\\',
  '-',
];
const columns = [
  'title',
  'description',
  'status',
  'tags',
  'due_date',
  'due_time',
  'time_zone',
  'rrule',
  'reminders',
];

const todoistColumns = [
  'CONTENT',
  'DESCRIPTION',
  'PRIORITY',
  'DATE',
  'DATE_LANG',
  'TIMEZONE',
  'DEADLINE',
  'MOOD',
];
const tickTickColumns = [
  'Title',
  'Tags',
  'Content',
  'Due Date',
  'Reminder',
  'Repeat',
  'Priority',
  'Timezone',
  'taskId',
];
/** Documents of other products, with a hostile value as a field of a task. */
const productTasks: Record<string, (fields: string) => string> = {
  google: (fields) => `{"kind":"tasks#tasks","title":"x","items":[{"id":"x",${fields}}]}`,
  microsoft: (fields) => `{"value":[{"displayName":"x","tasks":[{"id":"x",${fields}}]}]}`,
  trello: (fields) => `{"name":"x","lists":[],"cards":[{"id":"x",${fields}}],"checklists":[]}`,
  superProductivity: (fields) =>
    `{"data":{"project":{"entities":{}},"task":{"entities":{"x":{"id":"x",${fields}}}}}}`,
  vikunja: (fields) => `[{"title":"x","is_archived":false,"tasks":[{"id":1,${fields}}]}]`,
};
const productFields = [
  ...[
    'title',
    'name',
    'notes',
    'desc',
    'description',
    'due',
    'status',
    'priority',
    'created',
    'repeat_after',
  ],
  ...[
    'recurrence',
    'related_tasks',
    'labels',
    'tagIds',
    'attachments',
    'links',
    'checklistItems',
    'reminders',
  ],
];
const items = ['0,', '{},', '[],', '"\\u0001",', '{"at":0},', '"a",', '{"a":1,"b":2},'];
const length = 100_000;

const repeated = (unit: string) => unit.repeat(length / unit.length);

/** Kinds of files, by name. Each file has a hostile value in one place: a property, a parameter or a column. */
const shapes: Record<string, [type: string, of: (place: string, value: string) => string, places: string[]]> =
  {
    value: ['ics', (name, value) => calendar(`${name}:${value}`), properties],
    parameter: [
      'ics',
      (name, value) => calendar('DTSTART:20260101T000000', `${name};${value}:20260101`),
      properties,
    ],
    alarm: ['ics', (name, value) => calendar('BEGIN:VALARM', `${name}:${value}`, 'END:VALARM'), properties],
    line: [
      'ics',
      (line) => calendar(repeated(line)),
      ['A:\n', 'CATEGORIES:\n', 'SUMMARY:x\n', '\n', ' \n', 'BEGIN:X\nEND:X\n'],
    ],
    component: [
      'ics',
      (name) => `BEGIN:VCALENDAR\n${repeated(`BEGIN:${name}\nEND:${name}\n`)}END:VCALENDAR\n`,
      ['VTIMEZONE', 'X'],
    ],
    cell: [
      'csv',
      (name, value) =>
        `id,${name === 'title' ? '' : 'title,'}${name}\n,${name === 'title' ? '' : 'x,'}"${value}"`,
      columns,
    ],
    text: ['csv', (head, value) => head + value, ['', 'title\n', 'title\nx']],
    item: [
      'json',
      (item, value) => document(`"title":"x",${JSON.stringify(value.slice(-9))}:[${repeated(item)}0]`),
      items,
    ],
    list: [
      'json',
      (item) => document(`"title":"x","tags":[${repeated(item)}0],"reminders":[${repeated(item)}0]`),
      items,
    ],
    string: ['json', (name, value) => document(`"title":"x","${name}":${JSON.stringify(value)}`), columns],
    todoist: [
      'csv',
      (name, value) => `TYPE,CONTENT,PRIORITY,INDENT,${name}2,${name}\ntask,x,4,1,,"${value}"`,
      todoistColumns,
    ],
    tickTick: [
      'csv',
      (name, value) => `List Name,Title,Is Check list,Status,${name}2,${name}\nx,x,N,0,,"${value}"`,
      tickTickColumns,
    ],
    ...Object.fromEntries(
      Object.entries(productTasks).flatMap(([product, of]) => [
        [
          `${product} string`,
          ['json', (name, value) => of(`"${name}":${JSON.stringify(value)}`), productFields],
        ],
        [
          `${product} list`,
          [
            'json',
            (name, value) => of(`"${name}":[${repeated(items[value.length % items.length] as string)}0]`),
            productFields,
          ],
        ],
      ]) as [string, (typeof shapes)[string]][],
    ),
    names: [
      'json',
      (value) => document(Array.from({ length: length / 10 }, (_, n) => `"k${n}":${value}`).join()),
      ['0', '[]'],
    ],
  };

const hostile = fc.constantFrom(...Object.keys(shapes)).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    place: fc.constantFrom(...(shapes[shape] as (typeof shapes)[string])[2]),
    start: fc.constantFrom(...starts),
    unit: fc.constantFrom(...units),
    end: fc.constantFrom('', '\u0001', '"', ':x', 'W', 'Z', '\\'),
  }),
);

// CPU milliseconds for a file of 100 KB; a cost that grows faster than the file would take seconds.
const maxMs = 400;

test('a file of 100 KB costs little, with any content', async () => {
  // The first use compiles patterns, so that it is not measured.
  await costOf('json', document('"title":"x"'));
  await costOf('csv', 'title\nx');
  await costOf('ics', calendar('SUMMARY:x', 'DUE:20260101', 'RRULE:FREQ=DAILY'));
  await fc.assert(
    fc.asyncProperty(hostile, async ({ shape, place, start, unit, end }) => {
      const [type, of] = shapes[shape] as (typeof shapes)[string];
      const text = of(place, start + repeated(unit) + end);
      // The garbage collector may run once in between.
      const costs = [await costOf(type, text)];
      if ((costs[0] as Blocking).total >= maxMs) costs.push(await costOf(type, text));
      expect(Math.min(...costs.map(({ total }) => total))).toBeLessThan(maxMs);
    }),
    {
      numRuns: Number(process.env.FUZZ_RUNS ?? 200),
      seed: Number(process.env.FUZZ_SEED ?? 1),
      endOnFailure: true,
    },
  );
}, 600_000);

describe('the service', () => {
  let ada: TestUser;

  const service = useTestService({ RATE_LIMIT: 'off' });
  beforeAll(async () => {
    ada = await makeUser(service.url);
    await importInto('text/csv', 'title\nx\n');
  });

  /** Imports a file; returns the response, its size and the cost. */
  async function importInto(type: string, body: string, query = '') {
    const headers = { Authorization: `Bearer ${ada.token}`, 'Content-Type': type };
    let [status, text] = [0, ''];
    const held = await measureBlocking(async () => {
      const sending = request(`${service.url}${ada.lane}${importPaths[type]}${query}`, {
        method: 'POST',
        headers,
      });
      sending.end(body);
      const [response] = await once(sending, 'response');
      status = response.statusCode;
      for await (const piece of response) text += piece;
    });
    return { status, body: JSON.parse(text) as Body, size: text.length, ...held };
  }

  const deep = ['BEGIN:VALARM', 'TRIGGER:-PT5M', 'END:VALARM'];
  test.each<[string, string[], string | undefined, string | undefined]>([
    [
      'a duration of 1,000,000,000 weeks',
      ['DTSTART:20260101T000000', 'DURATION:P1000000000W'],
      'duration',
      'too-large',
    ],
    [
      'a duration with many digits',
      ['DTSTART:20260101', `DURATION:P${'9'.repeat(400)}D`],
      'duration',
      'too-large',
    ],
    ['a duration beyond the year 9999', ['DTSTART:20260101', 'DURATION:P3000000D'], 'duration', 'too-large'],
    ['a malformed duration', ['DTSTART:20260101', 'DURATION:1W'], 'duration', 'wrong-format'],
    [
      'an alarm of 1,000,000,000 weeks',
      ['DUE:20260101', 'BEGIN:VALARM', 'TRIGGER:-P1000000000W', 'END:VALARM'],
      'valarm',
      'too-large',
    ],
    ['a property of 200,000 parameters', [`DUE${';A=b'.repeat(200_000)}:20260101`], 'due', 'too-long'],
    ['a property of 51 parameters', [`DUE${';A=b'.repeat(51)}:20260101`], 'due', 'wrong-format'],
    ['150,000 bad tags', [`CATEGORIES:${'\u0001,'.repeat(150_000)}`], 'categories', 'too-long'],
    [
      'a rule of 60,000 characters',
      ['DUE:20260101', `RRULE:FREQ=DAILY;BYDAY=${'MO,'.repeat(20_000)}MO`],
      'rrule',
      'too-long',
    ],
    [
      'a count that JavaScript reads as infinite',
      ['DUE:20260101', `RRULE:FREQ=DAILY;COUNT=${'9'.repeat(400)}`],
      'rrule',
      undefined,
    ],
    ['more than 1,000 properties', Array(1_001).fill('COMMENT:x'), undefined, 'too-long'],
    ['101 alarms', Array(101).fill(deep).flat(), 'valarm', 'too-long'],
    [
      'a summary of 70,000 characters in folded lines',
      [`SUMMARY:${'x'.repeat(70)}`, ...Array(1_000).fill(` ${'x'.repeat(70)}`)],
      'summary',
      'too-long',
    ],
    ['an impossible year', ['DUE:00000101T000000Z'], 'due', 'wrong-format'],
    [
      'a zone of 60,000 characters',
      [`DUE;TZID=${'/a'.repeat(30_000)}:20260101T000000`],
      'due',
      'not-allowed',
    ],
  ])('refuses %s', async (_what, lines, property, code) => {
    const summary = lines.some((line) => line.startsWith('SUMMARY')) ? [] : ['SUMMARY:x'];
    const { status, body, size, longest } = await importInto('text/calendar', calendar(...summary, ...lines));
    expect(status).toBe(422);
    const pointer = property === undefined ? '/body/1' : `/body/1/${property}`;
    expect(body.errors).toContainEqual(
      expect.objectContaining({
        pointer: expect.stringMatching(new RegExp(`^${pointer}(/|$)`)),
        ...(code && { code }),
      }),
    );
    expect(size).toBeLessThan(50_000);
    expect(longest).toBeLessThan(100);
  });

  test.each<[string, string[]]>([
    [
      '1,000 rules of a zone, 9,000 years away',
      [
        'BEGIN:VTIMEZONE',
        'TZID:X',
        ...Array(1_000)
          .fill([
            'BEGIN:STANDARD',
            'DTSTART:00010101T000000',
            'RRULE:FREQ=SECONDLY;UNTIL=99991231T235959Z',
            'END:STANDARD',
          ])
          .flat(),
        'END:VTIMEZONE',
      ],
    ],
    [
      'an event with a duration and a rule',
      [
        'BEGIN:VEVENT',
        'DTSTART:20260101',
        'DURATION:P1000000000W',
        'RRULE:FREQ=SECONDLY;COUNT=1000000000',
        'END:VEVENT',
      ],
    ],
    [
      'numbers that a task does not have',
      [
        'BEGIN:VTODO',
        'SUMMARY:x',
        `SEQUENCE:${'9'.repeat(60_000)}`,
        `PRIORITY:${'1'.repeat(60_000)}`,
        `LOCATION:${'x'.repeat(60_000)}`,
        `CATEGORIES:${'x\\,'.repeat(20_000)}`,
        `CATEGORIES:${Array.from({ length: 10_000 }, (_, n) => n)}`,
        ...Array.from({ length: 900 }, (_, n) => `COMMENT:${n}`),
        'PERCENT-COMPLETE:1e400',
        'BEGIN:VALARM',
        'TRIGGER:-PT5M',
        'REPEAT:1000000000',
        'DURATION:PT1S',
        'END:VALARM',
        'END:VTODO',
      ],
    ],
  ])('ignores %s', async (_what, lines) => {
    const text = ['BEGIN:VCALENDAR', ...lines, 'END:VCALENDAR', ''].join('\r\n');
    const { status, body, longest } = await importInto('text/calendar', text, '?dry_run=true');
    expect([status, body.errors]).toEqual([200, 0]);
    expect(longest).toBeLessThan(100);
  });

  // Includes the collection of garbage. Most of these files take 0.5 to 4 seconds in all, in turns of 30 to 130 ms.
  const longestForLargeFiles = 300;

  const bad = 199_000;
  test('answers a dry run of 199,000 invalid rows with a bounded report, and serves other requests meanwhile', async () => {
    const { status, body, size, longest } = await importInto(
      'text/csv',
      `title,due_date\n${',x\n'.repeat(bad)}`,
      '?dry_run=true',
    );
    expect([status, body.errors, body.rows.length + body.rows_omitted]).toEqual([200, bad, bad]);
    expect(body.rows.flatMap((row: Body) => row.errors)).toHaveLength(100);
    expect(body.errors_omitted).toBeGreaterThanOrEqual(2 * bad - 100);
    expect(size).toBeLessThan(100_000);
    expect(longest).toBeLessThan(longestForLargeFiles);
  }, 120_000);

  test.each<[string, string, () => string]>([
    [
      'text/calendar',
      'to-dos',
      () => `BEGIN:VCALENDAR\n${'BEGIN:VTODO\nSUMMARY:\u0001\nEND:VTODO\n'.repeat(60_000)}END:VCALENDAR\n`,
    ],
    [
      'text/calendar',
      'one line a megabyte long',
      () => calendar(`DESCRIPTION:${'\\,'.repeat(mib / 2 - 100)}`),
    ],
    [
      'text/calendar',
      'ignored components',
      () => `BEGIN:VCALENDAR\n${'BEGIN:X\nEND:X\n'.repeat(200_000)}END:VCALENDAR\n`,
    ],
    [
      'application/json',
      'items that are not objects',
      () => `{"format":"tasklane-export","version":2,"tasks":[${'0,'.repeat(199_000)}0]}`,
    ],
    [
      'text/csv',
      'recurrences in words',
      () => `TYPE,CONTENT,PRIORITY,INDENT,DATE\n${'task,x,4,1,every feb 29\n'.repeat(6_000)}`,
    ],
    [
      'application/json',
      'steps of one task',
      () => `{"value":[{"title":"x","checklistItems":[${'{"displayName":7},'.repeat(10_000)}{"id":1}]}]}`,
    ],
    ['text/csv', 'a record of 500,000 cells', () => `title\n${','.repeat(500_000)}`],
    [
      'text/csv',
      'subtasks of each other',
      () =>
        `id,parent_id,title\n${Array.from({ length: 60_000 }, (_, n) => `${idOf(n)},${idOf(n + 1)},x\n`).join('')}`,
    ],
  ])(
    'serves other requests while it reads %s of %s',
    async (type, _what, text) => {
      const { status, size, longest } = await importInto(type, text(), '?dry_run=true');
      expect(status).toBe(200);
      expect(size).toBeLessThan(400_000);
      expect(longest).toBeLessThan(longestForLargeFiles);
    },
    120_000,
  );
});

const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

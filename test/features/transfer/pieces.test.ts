/** Reading files in chunks gives the same rows wherever the chunks end. */
import { createHash } from 'node:crypto';
import { readCalendar } from '../../../src/features/transfer/calendar-file';
import { readCsv } from '../../../src/features/transfer/csv-file';
import type { ReadContext, ReadRow } from '../../../src/features/transfer/file';
import { readJson } from '../../../src/features/transfer/json-file';
import { readItems, splitDocument } from '../../../src/platform/contract/bodies/json-items';

type Piece = AsyncGenerator<Buffer>;

/** Splits bytes at these offsets. */
async function* cutAt(bytes: Buffer, offsets: readonly number[]): Piece {
  let start = 0;
  for (const end of [...offsets, bytes.length]) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

/** Ways to split bytes: not at all, at each offset, and into chunks of one to three bytes. */
function cutsOf(length: number): number[][] {
  const every = (size: number) =>
    Array.from({ length: Math.ceil(length / size) - 1 }, (_, n) => (n + 1) * size);
  return [[], ...Array.from({ length: length - 1 }, (_, n) => [n + 1]), every(1), every(2), every(3)];
}

async function rowsOf(rows: AsyncIterable<ReadRow | 'ignored'>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Reads a text split in every way, and compares with the unsplit text. */
async function readInPieces(
  text: string,
  read: (
    file: { pieces(): Piece; sha256: string },
    context: ReadContext,
  ) => AsyncIterable<ReadRow | 'ignored'>,
): Promise<unknown[]> {
  const bytes = Buffer.from(text);
  const readCut = (offsets: number[]) =>
    rowsOf(read({ pieces: () => cutAt(bytes, offsets), sha256: sha256(bytes) }, { timeZone: 'UTC' }));
  const whole = await readCut([]);
  for (const offsets of cutsOf(bytes.length)) expect(await readCut(offsets)).toEqual(whole);
  return whole;
}

const task = (line: number, fields: object) =>
  expect.objectContaining({ line, read: expect.objectContaining(fields) });

test.each<[string, string, unknown[]]>([
  [
    'CRLF, quotes, characters of many bytes and empty lines',
    '\r\ntitle,description,tags\r\n"A ""ä"" 😀","one\r\ntwo\n\n€","a, B"\r\n\r\n\r\nLast,,\r\n',
    [
      task(3, { title: 'A "ä" 😀', description: 'one\r\ntwo\n\n€', tags: ['a', 'B'] }),
      task(9, { title: 'Last', description: null }),
    ],
  ],
  ['LF and no end', 'title\nOne\n"Two\n"""', [task(2, { title: 'One' }), expect.anything()]],
  ['CR', 'title,status\rOne,pending\rTwo,', [task(1, { title: 'One' }), task(1, { title: 'Two' })]],
  [
    'a quote out of place',
    'title,status\r\nx,\r\n"ä"z,\r\nw,',
    [task(2, { title: 'x' }), expect.objectContaining({ row: 2, line: 3, read: [expect.anything()] })],
  ],
  ['a quote that is not closed', 'title\n"x\n', [expect.objectContaining({ row: 1, line: 2 })]],
  ['an unknown column', 'title,😀\nx,y', [expect.objectContaining({ row: 0, type: 'file' })]],
  ['missing cells', 'title,status\nx\ny,', [expect.objectContaining({ line: 2 }), task(3, { title: 'y' })]],
])('CSV with %s', async (_what, text, rows) => {
  expect(await readInPieces(text, readCsv)).toEqual(rows);
});

test('iCalendar with folded lines, escapes, zones after their use and characters of many bytes', async () => {
  const text = [
    '\uFEFFBEGIN:VCALENDAR',
    'BEGIN:VTODO',
    'UID:x@example.com',
    'SUMMARY:ä 😀\\, fol',
    ' ded\\nover',
    '\t lines',
    'DUE;TZID=Here:20261128T180500',
    'END:VTODO',
    'BEGIN:VEVENT',
    'END:VEVENT',
    'BEGIN:VTIMEZONE',
    'TZID:Here',
    'X-LIC-LOCATION:Europe/',
    ' Zurich',
    'END:VTIMEZONE',
    'begin:vtodo',
    'SUMMARY:Last €',
    'END:VTODO',
    'END:VCALENDAR',
    '',
  ];
  for (const lineBreak of ['\r\n', '\n']) {
    expect(await readInPieces(text.join(lineBreak), readCalendar)).toEqual([
      task(2, { title: 'ä 😀, folded over lines', time_zone: 'Europe/Zurich' }),
      'ignored',
      task(16, { title: 'Last €' }),
    ]);
  }
});

test.each([
  ['BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nSUMMARY:ä', 3, 'has no END of VTODO'],
  ['Good\r\nmorning', 1, 'has a line outside of VCALENDAR'],
  ['BEGIN:VCALENDAR\nEND:VTODO', 2, 'has an END of VTODO without a BEGIN'],
  [`BEGIN:VCALENDAR\n${'BEGIN:X\n'.repeat(64)}`, 65, 'must have at most 64 levels of components'],
])('broken iCalendar, %j', async (text, line, detail) => {
  expect(await readInPieces(text, readCalendar)).toEqual([
    expect.objectContaining({ type: 'file', line, read: [expect.objectContaining({ detail })] }),
  ]);
});

test('JSON with escapes and characters of many bytes, with its lists in another order', async () => {
  const id = '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e';
  const completion = {
    ...{ id, user_id: 'x', task_id: id, title: 'x', due_date: '2026-01-01', due_time: null, time_zone: null },
    ...{ completed_at: '2026-01-01T00:00:00Z', rrule: 'FREQ=DAILY', status: 'pending', next_due_date: null },
  };
  const text = JSON.stringify({
    completions: [completion, completion],
    trash: [7],
    tasks: [{ id, title: 'ä 😀 "\\ \u2028 [{,', rrule: 'FREQ=DAILY', due_date: '2026-01-01' }, null],
    tags: [{ name: 'é' }],
    profile: { week_start: 'sunday' },
    version: 2,
  }).replace('é', '\\u00e9');
  const bytes = Buffer.from(text);
  for (const offsets of cutsOf(bytes.length)) {
    const { document, lists } = await splitDocument(cutAt(bytes, offsets));
    const items = (list: string) => {
      const { start, end } = lists.get(list) ?? { start: 0, end: 0 };
      const within = offsets.filter((each) => each > start && each < end).map((each) => each - start);
      return readItems(cutAt(bytes.subarray(start, end), within));
    };
    expect(await rowsOf(readJson({ document, items }, { timeZone: 'UTC' }))).toEqual([
      expect.objectContaining({ row: 1, type: 'profile', read: { week_start: 'sunday' } }),
      expect.objectContaining({ row: 2, type: 'tag', read: expect.objectContaining({ name: 'é' }) }),
      expect.objectContaining({
        row: 3,
        id,
        read: expect.objectContaining({ title: 'ä 😀 "\\ \u2028 [{,', completion_count: 2 }),
      }),
      expect.objectContaining({ row: 4, within: '/body/tasks', index: 1, read: [expect.anything()] }),
      expect.objectContaining({ row: 5, within: '/body/trash', index: 0, read: [expect.anything()] }),
      expect.objectContaining({ row: 6, type: 'completion' }),
      expect.objectContaining({ row: 7, type: 'completion' }),
    ]);
  }
});

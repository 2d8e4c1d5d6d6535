/** Reads CSV as spreadsheets write it, and the other spellings of a task's fields. */
import { randomUUID } from 'node:crypto';
import { orderOf, readSheetDate, readSheetTime } from '../../../src/domain/foreign/sheet';
import type { ApiResponse, Body } from '../../support/api';
import { useTestService } from '../../support/service';
import { useUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
const ada = useUser(service);

const importCsv = (body: string, query = ''): Promise<ApiResponse> =>
  ada.send('POST', `/import.csv${query}`, { body, headers: { 'Content-Type': 'text/csv' } });
const importTask = (task: object): Promise<ApiResponse> =>
  ada.send('POST', '/import.json', {
    body: { format: 'tasklane-export', version: 2, tasks: [{ id: randomUUID(), title: 'A task', ...task }] },
  });
const tasks = async (): Promise<Body[]> => (await ada.send('GET', '/tasks?sort=position')).body.items;
const warningsIn = ({ body }: ApiResponse) =>
  body.rows.flatMap((row: Body) => row.warnings.map(({ field, found, used }: Body) => [field, found, used]));
const errorsIn = ({ body }: ApiResponse) => body.errors.map(({ pointer, code }: Body) => [pointer, code]);

beforeEach(async () => {
  await ada.send('PATCH', '/profile', { body: { time_zone: 'Europe/Zurich' } });
});

describe('a CSV file', () => {
  test.each([
    ['semicolons', 'title;tags;description\nOne;"a, b";x, y\n'],
    ['tabs', 'title\ttags\tdescription\nOne\ta, b\tx, y\n'],
    ['a line that names the separator', 'sep=;\r\ntitle;tags;description\r\nOne;a, b;x, y\r\n'],
    ['commas, and semicolons in quotes', '"title",tags,"description"\nOne,"a, b","x, y"\n'],
    ['a byte order mark and names in any case', '\uFEFFTitle;TAGS;Description\r\nOne;a, b;x, y\r\n'],
    ['empty columns and rows at the end', 'title,tags,description,,\nOne,"a, b","x, y",,,\n,,,,\n,\n\n'],
    ['an empty row before the header', ',,\ntitle,tags,description\nOne,"a, b","x, y"\n'],
  ])('can have %s', async (_what, csv) => {
    const report = await importCsv(csv);
    expect(report).toMatchObject({ status: 200, body: { created: 1, warnings: 0 } });
    expect(await tasks()).toMatchObject([{ title: 'One', tags: ['a', 'b'], description: 'x, y' }]);
  });

  test('can lack empty cells at the end of a row', async () => {
    expect((await importCsv('title,tags,status\nOne\nTwo,a\n')).body).toMatchObject({ created: 2 });
    expect(await tasks()).toMatchObject([{ title: 'One' }, { title: 'Two', tags: ['a'] }]);
  });

  test('has the lines of its records after a line that names the separator, and after empty rows', async () => {
    const { body } = await importCsv('sep=;\r\ntitle;status\r\n;\r\nOne;\r\n\r\nTwo;\r\n');
    expect(body.rows.map(({ row, line }: Body) => [row, line])).toEqual([
      [1, 4],
      [2, 6],
    ]);
  });

  test('is refused with a value in a column without a name', async () => {
    expect(errorsIn(await importCsv('title,,\nOne,,x\n'))).toEqual([['/body/1', 'wrong-format']]);
    expect(errorsIn(await importCsv('title\nOne,x\n'))).toEqual([['/body/1', 'wrong-format']]);
  });

  test('accepts words in any case', async () => {
    const csv = 'Title,Status,Priority,Due Date,RRULE\nOne,In Progress,HIGH,2030-11-28,freq=daily\n';
    expect((await importCsv(csv)).body).toMatchObject({ created: 1, warnings: 0 });
    const expected = { status: 'in_progress', priority: 'high', due_date: '2030-11-28', rrule: 'FREQ=DAILY' };
    expect(await tasks()).toMatchObject([expected]);
  });

  test('names the columns that it leaves out, once', async () => {
    const report = await importCsv('title,user_id,version\nOne,ada,7\nTwo,ada,8\n');
    expect(report.body).toMatchObject({ created: 2, skipped: 0, warnings: 1 });
    expect(report.body.rows[0]).toMatchObject({ row: 0, line: 1, type: 'file', action: 'skip', errors: [] });
    expect(warningsIn(report)).toEqual([
      ['user_id', null, null],
      ['version', null, null],
    ]);
  });
});

describe('dates of spreadsheets', () => {
  test.each<[string, string, object, [string, string, string][]]>([
    [
      'with points',
      'due_date\n28.11.2030',
      { due_date: '2030-11-28' },
      [['due_date', '28.11.2030', '2030-11-28']],
    ],
    [
      'with a serial number',
      'due_date\n47815',
      { due_date: '2030-11-28' },
      [['due_date', '47815', '2030-11-28']],
    ],
    [
      'with a serial number and a fraction',
      'due_date\n47815.75',
      { due_date: '2030-11-28', due_time: '18:00' },
      [['due_date', '47815.75', '2030-11-28 18:00']],
    ],
    [
      'with a name',
      'due_date\n8-Nov-30',
      { due_date: '2030-11-08' },
      [['due_date', '8-Nov-30', '2030-11-08']],
    ],
    [
      'with midnight',
      'due_date\n2030/11/28 0:00',
      { due_date: '2030-11-28', due_time: null },
      [['due_date', '2030/11/28 0:00', '2030-11-28']],
    ],
    [
      'and times',
      'due_date,due_time\n2030-11-28,6:05:00 PM',
      { due_date: '2030-11-28', due_time: '18:05' },
      [['due_time', '6:05:00 PM', '18:05']],
    ],
    [
      'of instants',
      'created_at,status,completed_at\n01.02.2026 10:30,completed,2026-07-01 10:30:15',
      { created_at: '2026-02-01T09:30:00.000Z', completed_at: '2026-07-01T08:30:15.000Z' },
      [
        ['created_at', '01.02.2026 10:30', '2026-02-01T09:30:00.000Z'],
        ['completed_at', '2026-07-01 10:30:15', '2026-07-01T08:30:15.000Z'],
      ],
    ],
  ])('%s are read', async (_what, text, expected, warnings) => {
    const [header, cells] = text.split('\n');
    const report = await importCsv(`title,${header}\nOne,${cells}\n`);
    expect(report).toMatchObject({ status: 200, body: { created: 1 } });
    expect(await tasks()).toMatchObject([expected]);
    expect(warningsIn(report)).toEqual(warnings);
  });

  test.each([
    ['day', '01/02/2030', '25/02/2030', '2030-02-01'],
    ['month', '01/02/2030', '02/25/2030', '2030-01-02'],
  ])(
    'with slashes are read with the %s first, if a later row shows that',
    async (_which, one, other, date) => {
      expect((await importCsv(`title,due_date\nOne,${one}\nTwo,${other}\n`)).body).toMatchObject({
        created: 2,
      });
      expect((await tasks()).map((task) => task.due_date)).toEqual([date, '2030-02-25']);
    },
  );

  test('with slashes are refused if no row shows the order', async () => {
    const refused = await importCsv('title,due_date\nOne,01/02/2030\nTwo,03/03/2030\n');
    expect(errorsIn(refused)).toEqual([['/body/1/due_date', 'wrong-format']]);
  });

  test.each(['31.02.2030', '2030-13-01', '0', '99999999', 'soon', '28.11.2030 25:00', '1/2/3/4'])(
    'are refused if they do not exist: %s',
    async (cell) => {
      expect(errorsIn(await importCsv(`title,due_date\nOne,${cell}\n`))).toEqual([
        ['/body/1/due_date', 'wrong-format'],
      ]);
    },
  );

  test('of the last century, and the limits of times', () => {
    expect(readSheetDate('1.2.70', undefined)).toEqual({ date: '1970-02-01', time: null });
    expect(readSheetDate('1.2.69', undefined)).toEqual({ date: '2069-02-01', time: null });
    expect(readSheetDate('2958465', undefined)).toEqual({ date: '9999-12-31', time: null });
    expect(readSheetDate('2958466', undefined)).toBeUndefined();
    expect(['12:00 AM', '12:30 pm', '0.999999', '24:00', '13:00 PM', '1:60'].map(readSheetTime)).toEqual([
      ...['00:00:00', '12:30:00', '23:59:59', undefined, undefined, undefined],
    ]);
    expect([orderOf('13/1/2030'), orderOf('1/13/2030'), orderOf('1/1/2030')]).toEqual([
      'day',
      'month',
      undefined,
    ]);
  });
});

describe('other spellings', () => {
  test.each<[object, object, [string, string, string | null][]]>([
    [{ completed: true }, { status: 'completed' }, []],
    [{ completed: false }, { status: 'pending' }, []],
    [{ completed: true, status: 'completed' }, { status: 'completed' }, []],
    [
      { completed_at: '2026-11-21T10:00:00Z' },
      { status: 'completed', completed_at: '2026-11-21T10:00:00.000Z' },
      [],
    ],
    [
      { due_at: '2030-11-28T17:00:00Z' },
      {
        due_date: '2030-11-28',
        due_time: '18:00',
        time_zone: 'Europe/Zurich',
        due_at: '2030-11-28T17:00:00.000Z',
      },
      [['due_at', '2030-11-28T17:00:00Z', '2030-11-28 18:00 Europe/Zurich']],
    ],
    [
      { due_at: '2030-11-28T17:00:00Z', time_zone: 'Asia/Tokyo' },
      { due_date: '2030-11-29', due_time: '02:00', time_zone: 'Asia/Tokyo' },
      [['due_at', '2030-11-28T17:00:00Z', '2030-11-29 02:00 Asia/Tokyo']],
    ],
    [
      {
        due_at: '2030-11-28T17:00:00Z',
        due_date: '2030-11-28',
        due_time: '18:00',
        time_zone: 'Europe/Zurich',
      },
      { due_date: '2030-11-28' },
      [],
    ],
    [
      { due_at: '2030-11-28T17:00:00Z', due_date: '2030-12-01' },
      { due_date: '2030-12-01', due_time: null },
      [['due_at', '2030-11-28T17:00:00Z', null]],
    ],
  ])('%j is used in CSV and JSON', async (fields, expected, warnings) => {
    const csv = `title,${Object.keys(fields)}\nA task,${Object.values(fields)}\n`;
    for (const report of [await importCsv(csv), await importTask(fields)]) {
      expect(report).toMatchObject({ status: 200, body: { created: 1 } });
      expect(warningsIn(report)).toEqual(warnings);
    }
    expect(await tasks()).toMatchObject([expected, expected]);
  });

  test.each([
    [{ completed: true, status: 'pending' }, 'completed', 'contradiction'],
    [{ completed: false, completed_at: '2026-11-21T10:00:00Z' }, 'completed_at', 'contradiction'],
    [{ completed: 'perhaps' }, 'completed', 'wrong-type'],
    [{ due_at: 'perhaps' }, 'due_at', 'wrong-format'],
  ])('%j is refused in CSV and JSON', async (fields, field, code) => {
    const csv = `title,${Object.keys(fields)}\nA task,${Object.values(fields)}\n`;
    expect(errorsIn(await importCsv(csv))).toEqual([[`/body/1/${field}`, code]]);
    expect(errorsIn(await importTask(fields))).toEqual([[`/body/tasks/0/${field}`, code]]);
  });

  test.each(['yes', 'X', '1', 'TRUE'])('the cell %s means completed', async (cell) => {
    expect((await importCsv(`title,Completed\nOne,${cell}\n`)).status).toBe(200);
    expect(await tasks()).toMatchObject([{ status: 'completed' }]);
  });
});

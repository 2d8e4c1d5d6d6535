/** Instants that cannot be written in UTC with a four-digit year are rejected everywhere in the contract. */
import { randomUUID } from 'node:crypto';
import { formats } from '../../src/platform/contract/validation/formats';
import type { Body } from '../support/api';
import { importPaths } from '../support/imports';
import { operations } from '../support/operations';
import { useTestService } from '../support/service';
import { useUser } from '../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
const ada = useUser(service);

const late = '9999-12-31T23:59:59-12:00';
const early = '0001-01-01T00:00:00+00:01';
const unwritable = [late, early, '0000-06-01T00:00:00Z', '9999-12-31T23:59:59.999-00:01'];
const detail = 'must be a date and time that exists, in the years 0001 to 9999 in UTC';

async function expectNothingWritten(): Promise<void> {
  const { status, body } = await ada.send('GET', '/export');
  expect(status).toBe(200);
  expect(body).toMatchObject({ tasks: [], trash: [], projects: [], tags: [], completions: [], changes: [] });
}

test.each(unwritable)('a reminder at %s is rejected, and nothing is written', async (at) => {
  const made = await ada.send('POST', '/tasks', { body: { title: 'x', reminders: [{ at }] } });
  expect(made).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: '/body/reminders/0/at', code: 'wrong-format', detail }] },
  });
  expect(made.body.errors).toHaveLength(1);
  await expectNothingWritten();
});

test('the first and the last valid instant are accepted and returned', async () => {
  const ends = ['0001-01-01T01:00:00+01:00', '9999-12-31T22:59:59.999-01:00'];
  const reminders = ends.map((at) => ({ at }));
  const made = await ada.send('POST', '/tasks', { body: { title: 'x', reminders } });
  expect(made.status).toBe(201);
  const id = randomUUID();
  const tasks = [{ id, title: 'y', status: 'completed', created_at: ends[1], completed_at: ends[0] }];
  const body = { format: 'tasklane-export', version: 2, tasks };
  expect((await ada.send('POST', '/import.json', { body })).status).toBe(200);
  const [first, last] = ['0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'];
  expect((await ada.send('GET', `/tasks/${made.body.id}`)).body.reminders).toMatchObject([
    { at: first },
    { at: last },
  ]);
  expect((await ada.send('GET', `/tasks/${id}`)).body).toMatchObject({
    created_at: last,
    completed_at: first,
  });
  for (const path of ['/tasks', '/sync', '/export', '/export.csv', '/export.ics']) {
    expect((await ada.send('GET', path)).status).toBe(200);
  }
});

const task = (fields: object) => ({ id: randomUUID(), title: 'x', ...fields });
const completion = {
  ...{ id: randomUUID(), user_id: 'ada', task_id: randomUUID(), title: 'x', due_date: '2026-01-01' },
  ...{ due_time: null, time_zone: null, rrule: 'FREQ=DAILY', status: 'pending', next_due_date: null },
};
const vtodo = (...lines: string[]) =>
  ['BEGIN:VCALENDAR', 'BEGIN:VTODO', 'SUMMARY:x', ...lines, 'END:VTODO', 'END:VCALENDAR', ''].join('\r\n');
const json = (parts: object) => ({ format: 'tasklane-export', version: 2, ...parts });

test.each<[string, string, unknown]>([
  ['tasks/0/created_at', 'application/json', json({ tasks: [task({ created_at: late })] })],
  [
    'tasks/0/completed_at',
    'application/json',
    json({ tasks: [task({ status: 'completed', completed_at: late })] }),
  ],
  ['tasks/0/reminders/0/at', 'application/json', json({ tasks: [task({ reminders: [{ at: early }] })] })],
  [
    'trash/0/deleted_at',
    'application/json',
    json({ trash: [task({ deleted_at: late, deleted_with: randomUUID() })] }),
  ],
  [
    'projects/0/created_at',
    'application/json',
    json({ projects: [{ id: randomUUID(), name: 'x', created_at: late }] }),
  ],
  ['tags/0/created_at', 'application/json', json({ tags: [{ name: 'x', created_at: late }] })],
  [
    'completions/0/completed_at',
    'application/json',
    json({ completions: [{ ...completion, completed_at: late }] }),
  ],
  ['1/created_at', 'text/csv', `title,created_at\nx,${late}\n`],
  ['1/completed_at', 'text/csv', `title,status,completed_at\nx,completed,${late}\n`],
  ['1/reminders/0/at', 'text/csv', `title,reminders\nx,${early}\n`],
])('/body/%s of an import (%s) is a validation error of its row', async (pointer, type, body) => {
  const headers = { 'Content-Type': type };
  const path = importPaths[type] as string;
  const dry = await ada.send('POST', `${path}?dry_run=true`, { body, headers });
  expect(dry.body.rows.flatMap((row: Body) => row.errors)).toEqual([
    {
      pointer: `/body/${pointer}`,
      code: 'wrong-format',
      detail: expect.stringContaining(detail),
    },
  ]);
  expect((await ada.send('POST', path, { body, headers })).status).toBe(422);
  await expectNothingWritten();
});

test.each([
  ['created', vtodo('CREATED:00000101T000000Z')],
  ['completed', vtodo('COMPLETED:00000101T000000Z')],
  ['valarm', vtodo('BEGIN:VALARM', 'TRIGGER;VALUE=DATE-TIME:00000101T000000Z', 'END:VALARM')],
])('%s of an iCalendar import before the year 1 is left out with a warning', async (field, body) => {
  const path = `${importPaths['text/calendar']}?dry_run=true`;
  const dry = await ada.send('POST', path, { body, headers: { 'Content-Type': 'text/calendar' } });
  expect(dry).toMatchObject({ status: 200, body: { created: 1 } });
  expect(dry.body.rows[0].warnings).toMatchObject([{ field, used: null }]);
});

const instants = operations.flatMap((operation) =>
  [...operation.queryNames]
    .filter((name) => /^(created|updated|completed)_(after|before)$/.test(name))
    .map((name): [string, string] => [operation.path.replace('/api/{user_id}', ''), name]),
);

test.each(instants)('%s rejects an instant after the year 9999 in %s', async (path, name) => {
  const refused = await ada.send('GET', `${path}?${name}=${encodeURIComponent(late)}`);
  expect(refused).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: `/query/${name}`, code: 'wrong-format', detail }] },
  });
});

test.each([
  ['2027-01-28T23:59:59.999Z', true],
  ['2027-01-31T00:00:00.000Z', true],
  ['2027-02-29T00:00:00.000Z', false],
  ['2028-02-29T00:00:00.000Z', true],
  ['2027-04-31T00:00:00.000Z', false],
  ['2027-00-01T00:00:00.000Z', false],
  ['2027-13-01T00:00:00.000Z', false],
  ['2027-01-00T00:00:00.000Z', false],
  ['2027-01-01T24:00:00.000Z', false],
  ['2027-01-01T00:60:00.000Z', false],
  ['2027-01-01T00:00:61.000Z', false],
  ['0000-01-01T00:00:00.000Z', false],
  ['0001-01-01T00:00:00.000Z', true],
  ['2027-01-01T00:00:00.0x0Z', false],
  ['2027-01-01T00:00:00.00xZ', false],
  ['2027-0x-01T00:00:00.000Z', false],
  ['2027-01-01x00:00:00.000Z', false],
  ['2027/01/01T00:00:00.000Z', false],
  ['20-7-01-01T00:00:00.000Z', false],
])('the instant %s is valid: %s', (text, valid) => {
  expect(formats['date-time']?.(text)).toBe(valid);
});

/** Tests named occurrences together with start dates, hourly rules, excluded dates and subtasks. */
import type { ApiResponse, Body } from '../../support/api';
import { stopClock } from '../../support/clock';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeUser, type TestUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });

let ada: TestUser;
beforeEach(async () => {
  ada = await makeUser(service.url);
});
afterEach(() => jest.useRealTimers());

async function create(body: object): Promise<Body> {
  const response = await ada.send('POST', '/tasks', { body: { title: 'A task', ...body } });
  expect([response.status, response.body]).toEqual([201, expect.anything()]);
  return response.body;
}

const read = async (id: string): Promise<Body> => (await ada.send('GET', `/tasks/${id}`)).body;
const patch = (id: string, body: object) => ada.send('PATCH', `/tasks/${id}`, { body });
const complete = (id: string, body: object = {}) =>
  ada.send('PATCH', `/tasks/${id}/complete`, { body: { completed: true, ...body } });
const undo = (id: string, body: object = {}) => complete(id, { completed: false, ...body });
const skip = (id: string, body: object) => ada.send('POST', `/tasks/${id}/skip`, { body });

type Dates = Pick<Body, 'due_date' | 'due_time' | 'start_date' | 'start_time'>;

const textOf = ({ start_date, start_time, due_date, due_time }: Dates) =>
  [start_date, start_date && start_time, due_date, due_time].filter(Boolean).join(' ');

/** The dates of a task's completions, in order. */
async function completions(id: string): Promise<string[]> {
  const { items } = (await ada.send('GET', `/completions?task_id=${id}`)).body;
  return items.map(textOf).toSorted();
}

async function coming(id: string, limit = 3): Promise<string[]> {
  const { items } = (await ada.send('GET', `/tasks/${id}/occurrences?limit=${limit}`)).body;
  return items.map(textOf);
}

function errorsOf({ status, body }: ApiResponse): string[] {
  expect(status).toBe(422);
  return body.errors.map((each: Body) => `${each.pointer} ${each.code}`);
}

async function waiting(id: string): Promise<string[]> {
  const rows = await query<{ fire_at: Date }>(
    service.database.url,
    `select fire_at from tasklane.reminders
     where lane_id = lane_of($1) and task_id = $2 and fired_at is null order by 1`,
    [ada.id, id],
  );
  return rows.map(({ fire_at }) => fire_at.toISOString());
}

const notAllowed = ['/body/occurrence not-allowed'];

describe('a named occurrence of a task with a start date', () => {
  const week = { start_date: '2094-01-04', due_date: '2094-01-08', rrule: 'FREQ=WEEKLY;BYDAY=MO' };
  const ticks = ['2094-01-08', '2094-01-15', '2094-01-22'];

  test.each([
    ['in order', ticks],
    ['in reverse', ticks.toReversed()],
    ['repeated', [...ticks.toReversed(), ...ticks]],
  ])('is completed once by its due date, %s', async (_order, occurrences) => {
    const { id } = await create(week);
    for (const occurrence of occurrences) expect((await complete(id, { occurrence })).status).toBe(200);
    expect(textOf(await read(id))).toBe('2094-01-25 2094-01-29');
    expect(await completions(id)).toEqual([
      '2094-01-04 2094-01-08',
      '2094-01-11 2094-01-15',
      '2094-01-18 2094-01-22',
    ]);
  });

  test.each(['2094-01-04', '2094-01-11', '2094-01-01', '2094-01-16'])(
    'is not %s, which is no due date',
    async (occurrence) => {
      const { id } = await create(week);
      expect(errorsOf(await complete(id, { occurrence }))).toEqual(notAllowed);
    },
  );

  test('can be completed after the task passed it, with the dates that it had', async () => {
    stopClock('2094-01-20T12:00:00Z');
    ada = await makeUser(service.url);
    const { id } = await create({ ...week, time_zone: 'Asia/Tokyo', start_time: '20:00', due_time: '02:00' });
    expect((await skip(id, { occurrence: '2094-01-08' })).body).toMatchObject({ due_date: '2094-01-22' });
    const late = { occurrence: '2094-01-15', completed_at: '2094-01-14T16:00:00.000Z' };
    expect((await complete(id, late)).body).toMatchObject({ due_date: '2094-01-22' });
    expect(await completions(id)).toEqual(['2094-01-11 20:00 2094-01-15 02:00']);
    expect((await complete(id, { occurrence: '2094-01-22' })).body).toMatchObject({ due_date: '2094-01-29' });
    expect((await undo(id)).body).toMatchObject({ start_date: '2094-01-18', due_date: '2094-01-22' });
  });

  test('with an earlier time of completion leads to the occurrence that was due next then', async () => {
    stopClock('2094-01-20T12:00:00Z');
    ada = await makeUser(service.url);
    const body = { occurrence: '2094-01-08', completed_at: '2094-01-08T18:00:00Z' };
    const [late, now] = [await create(week), await create(week)];
    expect((await complete(late.id, body)).body).toMatchObject({ start_date: '2094-01-11' });
    expect((await complete(now.id, { occurrence: '2094-01-08' })).body).toMatchObject({
      start_date: '2094-01-18',
    });
  });

  test('is skipped once', async () => {
    const { id } = await create(week);
    for (let each = 0; each < 2; each++) {
      expect((await skip(id, { occurrence: '2094-01-08' })).body).toMatchObject({ start_date: '2094-01-11' });
    }
    expect(errorsOf(await skip(id, { occurrence: '2094-01-22' }))).toEqual(notAllowed);
  });
});

describe('a named occurrence of an hourly rule', () => {
  const pills = { due_date: '2099-01-04', due_time: '14:00', rrule: 'FREQ=HOURLY;INTERVAL=8' };
  const at = (occurrence: string, occurrence_time: string) => ({ occurrence, occurrence_time });
  const ticks = [at('2099-01-04', '14:00'), at('2099-01-04', '22:00'), at('2099-01-05', '06:00')];

  test.each([
    ['in order', ticks],
    ['in reverse', ticks.toReversed()],
    ['repeated', [...ticks.toReversed(), ...ticks]],
  ])('is completed once by its date and time, %s', async (_order, bodies) => {
    const { id } = await create(pills);
    for (const body of bodies) expect((await complete(id, body)).status).toBe(200);
    expect(textOf(await read(id))).toBe('2099-01-05 14:00');
    expect(await completions(id)).toEqual(['2099-01-04 14:00', '2099-01-04 22:00', '2099-01-05 06:00']);
  });

  test('can have a start', async () => {
    const { id } = await create({ ...pills, start_date: '2099-01-04', start_time: '13:30' });
    await complete(id, at('2099-01-05', '06:00'));
    await complete(id, at('2099-01-04', '22:00'));
    expect(await completions(id)).toEqual([
      '2099-01-04 21:30 2099-01-04 22:00',
      '2099-01-05 05:30 2099-01-05 06:00',
    ]);
    expect(await coming(id, 2)).toEqual([
      '2099-01-04 13:30 2099-01-04 14:00',
      '2099-01-05 13:30 2099-01-05 14:00',
    ]);
    expect(errorsOf(await complete(id, at('2099-01-05', '05:30')))).toEqual(notAllowed);
  });

  test('is undone by its date and time', async () => {
    const { id } = await create(pills);
    for (const body of ticks.toReversed()) await complete(id, body);
    expect(textOf((await undo(id, at('2099-01-04', '22:00'))).body)).toBe('2099-01-05 14:00');
    expect(textOf((await undo(id, at('2099-01-04', '14:00'))).body)).toBe('2099-01-04 14:00');
    expect(await completions(id)).toEqual(['2099-01-05 06:00']);
    expect(await coming(id)).toEqual(['2099-01-04 14:00', '2099-01-04 22:00', '2099-01-05 14:00']);
  });

  test('is skipped once', async () => {
    const { id } = await create(pills);
    for (let each = 0; each < 2; each++) {
      expect(textOf((await skip(id, at('2099-01-04', '14:00'))).body)).toBe('2099-01-04 22:00');
    }
    expect((await complete(id, at('2099-01-04', '14:00'))).body).toMatchObject({ due_time: '22:00' });
    expect(errorsOf(await skip(id, at('2099-01-05', '06:00')))).toEqual(notAllowed);
    expect(errorsOf(await skip(id, { occurrence_time: '22:00' }))).toEqual([
      '/body/occurrence_time contradiction',
    ]);
  });

  test('needs its time if it is not the current one, and none that the rule lacks', async () => {
    const { id } = await create(pills);
    for (const body of [{ occurrence: '2099-01-05' }, at('2099-01-05', '07:00'), at('2099-01-04', '06:00')]) {
      expect(errorsOf(await complete(id, body))).toEqual(notAllowed);
    }
    const batch = (occurrence_time: string) => [
      { op: 'complete_task', id, ...at('2099-01-04', occurrence_time) },
      { op: 'skip_occurrence', id, ...at('2099-01-04', '14:00') },
    ];
    const { results } = (await ada.send('POST', '/batch', { body: { operations: batch('22:00') } })).body;
    expect(results.map((each: Body) => textOf(each.body))).toEqual(['2099-01-04 14:00', '2099-01-05 06:00']);
  });

  test('is counted only as far as the rule is hourly', async () => {
    const { id } = await create({ due_date: '2099-01-04', rrule: 'FREQ=DAILY' });
    await complete(id, { occurrence: '2099-01-05' });
    await patch(id, { due_time: '14:00', rrule: 'FREQ=HOURLY;INTERVAL=12' });
    expect(await coming(id)).toEqual(['2099-01-04 14:00', '2099-01-05 02:00', '2099-01-05 14:00']);
  });
});

describe('excluded dates', () => {
  test('are respected by completions of later dates', async () => {
    const { id } = await create({
      ...{ due_date: '2094-01-04', rrule: 'FREQ=WEEKLY;COUNT=6' },
      excluded_dates: ['2094-01-11', '2094-01-25'],
    });
    expect(errorsOf(await complete(id, { occurrence: '2094-01-11' }))).toEqual(notAllowed);
    await complete(id, { occurrence: '2094-01-18' });
    expect(await coming(id)).toEqual(['2094-01-04', '2094-02-01', '2094-02-08']);
    expect((await complete(id)).body).toMatchObject({ due_date: '2094-02-01' });
    expect((await undo(id, { occurrence: '2094-01-18' })).body).toMatchObject({ due_date: '2094-02-01' });
    expect((await undo(id)).body).toMatchObject({ due_date: '2094-01-04' });
    expect(await coming(id)).toEqual(['2094-01-04', '2094-01-18', '2094-02-01']);
  });

  test('are start dates if the task has one', async () => {
    const { id } = await create({
      ...{ start_date: '2094-01-04', due_date: '2094-01-08', rrule: 'FREQ=WEEKLY' },
      excluded_dates: ['2094-01-11'],
    });
    expect(errorsOf(await complete(id, { occurrence: '2094-01-15' }))).toEqual(notAllowed);
    await complete(id, { occurrence: '2094-01-22' });
    expect((await complete(id, { occurrence: '2094-01-08' })).body).toMatchObject({
      ...{ start_date: '2094-01-25', due_date: '2094-01-29' },
    });
  });

  test('keep the former day of a moved occurrence away, also between completions', async () => {
    const { id } = await create({ due_date: '2094-01-04', rrule: 'FREQ=WEEKLY' });
    await complete(id);
    await patch(id, { due_date: '2094-01-09' });
    expect(errorsOf(await complete(id, { occurrence: '2094-01-11' }))).toEqual(notAllowed);
    expect((await complete(id, { occurrence: '2094-01-09' })).body).toMatchObject({ due_date: '2094-01-18' });
    expect((await complete(id, { occurrence: '2094-01-09' })).body).toMatchObject({ due_date: '2094-01-18' });
  });
});

describe('subtasks', () => {
  const weekly = { due_date: '2099-01-05', rrule: 'FREQ=WEEKLY' };

  test('move over completed and excluded occurrences, and back, with their reminders', async () => {
    const parent = await create({ ...weekly, excluded_dates: ['2099-01-12'] });
    const reminders = [{ at: '2099-01-04T08:00:00.000Z' }, { days_before_due: 1, time: '18:00' }];
    const child = await create({ parent_id: parent.id, due_date: '2099-01-04', reminders });
    await complete(parent.id, { occurrence: '2099-01-19' });
    expect(await read(child.id)).toMatchObject({ due_date: '2099-01-04', version: 1 });
    await complete(parent.id, { occurrence: '2099-01-05' });
    expect(await read(child.id)).toMatchObject({
      ...{ due_date: '2099-01-25', version: 2 },
      reminders: [{ at: '2099-01-25T08:00:00.000Z' }, { days_before_due: 1 }],
    });
    expect(await waiting(child.id)).toEqual(['2099-01-24T18:00:00.000Z', '2099-01-25T08:00:00.000Z']);
    await undo(parent.id, { occurrence: '2099-01-05' });
    expect(await read(child.id)).toMatchObject({ due_date: '2099-01-04', reminders });
    expect(await waiting(child.id)).toEqual(['2099-01-03T18:00:00.000Z', '2099-01-04T08:00:00.000Z']);
  });

  test('move when an occurrence is skipped by its date, once', async () => {
    const parent = await create({ ...weekly, start_date: '2099-01-01' });
    const child = await create({ parent_id: parent.id, start_date: '2099-01-02', due_date: '2099-01-03' });
    for (let each = 0; each < 2; each++) await skip(parent.id, { occurrence: '2099-01-05' });
    expect(await read(child.id)).toMatchObject({ start_date: '2099-01-09', due_date: '2099-01-10' });
  });

  test('get no reminder again when they move back to a past date', async () => {
    stopClock('2099-01-04T12:00:00Z');
    ada = await makeUser(service.url);
    const parent = await create(weekly);
    const reminders = [{ days_before_due: 0, time: '09:00' }];
    const child = await create({ parent_id: parent.id, due_date: '2099-01-04', reminders });
    await complete(parent.id);
    expect(await waiting(child.id)).toEqual(['2099-01-11T09:00:00.000Z']);
    await undo(parent.id);
    expect(await waiting(child.id)).toEqual([]);
  });

  test('leave from and to of every field in the changes', async () => {
    const parent = await create(weekly);
    const at = '2026-03-03T20:00:00.000Z';
    const done = { status: 'completed', completed_at: at, due_date: '2099-01-04' };
    const child = await create({ parent_id: parent.id, ...done });
    await complete(parent.id);
    await undo(parent.id);
    const rows = await query<{ fields: Body }>(
      service.database.url,
      `select fields from tasklane.changes
       where lane_id = lane_of($1) and entity_id = $2 and action = 'updated' order by seq`,
      [ada.id, child.id],
    );
    const [forth, back] = [
      [done, { status: 'pending', completed_at: null, due_date: '2099-01-11' }],
      [{ status: 'pending', completed_at: null, due_date: '2099-01-11' }, done],
    ].map(([from, to]) =>
      Object.fromEntries(
        Object.keys(done).map((key) => [key, { from: (from as Body)[key], to: (to as Body)[key] }]),
      ),
    );
    expect(rows.map(({ fields }) => fields)).toEqual([forth, back]);
  });
});

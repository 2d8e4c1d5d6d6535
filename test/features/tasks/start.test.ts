/** Tests start dates, excluded dates, hourly rules and the dates of subtasks over HTTP. */
import { addDays, todayIn } from '../../../src/domain/time/calendar';
import type { ApiResponse, Body } from '../../support/api';
import { useTestService } from '../../support/service';
import { useUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
const ada = useUser(service);

async function create(body: object = {}): Promise<Body> {
  const response = await ada.send('POST', '/tasks', { body: { title: 'A task', ...body } });
  expect([response.status, response.body]).toEqual([201, expect.anything()]);
  return response.body;
}

async function change(id: string, body: object): Promise<Body> {
  const response = await ada.send('PATCH', `/tasks/${id}`, { body });
  expect([response.status, response.body]).toEqual([200, expect.anything()]);
  return response.body;
}

const complete = (id: string, body?: object): Promise<ApiResponse> =>
  ada.send('PATCH', `/tasks/${id}/complete`, { body });

async function occurrences(id: string, limit = 3): Promise<Body[]> {
  return (await ada.send('GET', `/tasks/${id}/occurrences?limit=${limit}`)).body.items;
}

const read = async (id: string): Promise<Body> => (await ada.send('GET', `/tasks/${id}`)).body;

async function ids(query: string): Promise<string[]> {
  const { status, body } = await ada.send('GET', `/tasks?${query}`);
  expect([status, body.code]).toEqual([200, undefined]);
  return body.items.map((each: Body) => each.id).sort();
}

const errorsOf = ({ status, body }: ApiResponse) => {
  expect(status).toBe(422);
  return body.errors.map((each: Body) => `${each.pointer} ${each.code}`);
};

const post = (body: object) => ada.send('POST', '/tasks', { body: { title: 'A task', ...body } });

describe('a start date', () => {
  test('has its instant in the time zone of the task', async () => {
    const task = await create({
      start_date: '2094-01-04',
      start_time: '20:00',
      time_zone: 'America/New_York',
    });
    expect(task).toMatchObject({ due_date: null, due_at: null, start_at: '2094-01-05T01:00:00.000Z' });
  });

  test.each([
    ['2027-03-14', '02:30', 'America/New_York', '2027-03-14T07:30:00.000Z'],
    ['2027-03-28', '02:30', 'Europe/Zurich', '2027-03-28T01:30:00.000Z'],
    ['2027-10-31', '02:30', 'Europe/Zurich', '2027-10-31T00:30:00.000Z'],
    ['2027-10-03', '02:15', 'Australia/Lord_Howe', '2027-10-02T15:45:00.000Z'],
    ['2011-12-30', '12:00', 'Pacific/Apia', '2011-12-30T22:00:00.000Z'],
    ['2094-01-01', '00:00', 'Asia/Kathmandu', '2093-12-31T18:15:00.000Z'],
  ])('at %s %s in %s is at %s', async (start_date, start_time, time_zone, start_at) => {
    expect(await create({ start_date, start_time, time_zone })).toMatchObject({ start_at });
  });

  test.each([
    [{ start_time: '20:00' }, ['/body/start_time contradiction']],
    [{ time_zone: 'UTC' }, ['/body/time_zone contradiction']],
    [{ start_date: '2094-01-05', due_date: '2094-01-04' }, ['/body/start_date contradiction']],
    [
      { start_date: '2094-01-04', start_time: '20:01', due_date: '2094-01-04', due_time: '20:00' },
      ['/body/start_date contradiction'],
    ],
    [{ start_date: '2027-02-30' }, ['/body/start_date wrong-format']],
    [{ start_date: '2094-01-01', start_time: '24:00' }, ['/body/start_time wrong-format']],
    [{ start_date: '2094-01-01', rrule: 'FREQ=DAILY' }, ['/body/rrule contradiction']],
    [{ excluded_dates: ['2094-01-01'] }, ['/body/excluded_dates contradiction']],
    [
      { due_date: '2094-01-01', rrule: 'FREQ=DAILY', excluded_dates: ['2027-02-30'] },
      ['/body/excluded_dates/0 wrong-format'],
    ],
  ])('is rejected in %j', async (body, errors) => {
    expect(errorsOf(await post(body))).toEqual(errors);
  });

  test('stays at the latest on the due date, if only the due date moves', async () => {
    const { id } = await create({ start_date: '2094-01-04', start_time: '20:00', due_date: '2094-01-08' });
    expect(await change(id, { due_date: '2094-01-05' })).toMatchObject({
      start_date: '2094-01-04',
      start_time: '20:00',
    });
    expect(await change(id, { due_date: '2094-01-02' })).toMatchObject({
      start_date: '2094-01-02',
      start_time: null,
    });
  });

  test('keeps the time zone when the due date is removed, and the last date takes it away', async () => {
    const { id } = await create({
      start_date: '2094-01-04',
      start_time: '20:00',
      due_date: '2094-01-08',
      time_zone: 'UTC',
    });
    expect(await change(id, { due_date: null })).toMatchObject({ time_zone: 'UTC', start_time: '20:00' });
    expect(await change(id, { start_date: null })).toMatchObject({
      time_zone: null,
      start_time: null,
      start_at: null,
    });
  });

  test('is filtered and sorted', async () => {
    const first = (await create({ start_date: '2094-01-04', start_time: '09:00' })).id;
    const second = (await create({ start_date: '2094-01-05' })).id;
    const none = (await create({ due_date: '2094-01-01' })).id;
    expect(await ids('start_from=2094-01-05')).toEqual([second]);
    expect(await ids('start_until=2094-01-04')).toEqual([first]);
    expect(await ids('has=start_date')).toEqual([first, second].sort());
    expect(await ids('has=start_time')).toEqual([first]);
    expect(await ids('has_not=start_date')).toEqual([none]);
    expect(await ids('started=true')).toEqual([none]);
    expect(await ids('started=false')).toEqual([first, second].sort());
    const sorted = await ada.send('GET', '/tasks?sort=-start&limit=2');
    expect(sorted.body.items.map((each: Body) => each.id)).toEqual([second, first]);
    const last = await ada.send('GET', `/tasks?sort=-start&limit=2&cursor=${sorted.body.next_cursor}`);
    expect(last.body.items.map((each: Body) => each.id)).toEqual([none]);
  });

  test.each(['UTC', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Asia/Kathmandu'])(
    'puts tasks into views in %s',
    async (zone) => {
      const today = todayIn(zone, new Date());
      const day = (days: number) => addDays(today, days);
      const task = async (body: object) => (await create(body)).id;
      const dueToday = await task({ due_date: today });
      const started = await task({ start_date: day(-5) });
      const startsToday = await task({ start_date: today, due_date: day(3) });
      const timed = await task({ start_date: today, start_time: '00:00', time_zone: zone });
      const startsLater = await task({ start_date: day(1), due_date: day(3) });
      const startsLaterAlone = await task({ start_date: day(1), start_time: '00:00', time_zone: zone });
      const late = await task({ start_date: day(-5), due_date: day(-1) });
      const undated = await task({});
      expect(await ids(`view=today&tz=${zone}`)).toEqual([dueToday, started, startsToday, timed].sort());
      expect(await ids(`view=upcoming&tz=${zone}`)).toEqual(
        [startsToday, startsLater, startsLaterAlone].sort(),
      );
      expect(await ids(`view=overdue&tz=${zone}`)).toEqual([late]);
      expect(await ids(`view=no_date&tz=${zone}`)).toEqual([undated]);
      expect(await ids(`started=false&tz=${zone}`)).toEqual([startsLater, startsLaterAlone].sort());
      const page = await ada.send('GET', `/tasks?view=today&tz=${zone}&sort=due&limit=3`);
      const rest = await ada.send(
        'GET',
        `/tasks?view=today&tz=${zone}&sort=due&limit=3&cursor=${page.body.next_cursor}`,
      );
      expect([...page.body.items, ...rest.body.items].map((each: Body) => each.id)).toHaveLength(4);
    },
  );
});

describe('a recurrence with a start date', () => {
  const week = { start_date: '2094-01-04', due_date: '2094-01-08', rrule: 'FREQ=WEEKLY;BYDAY=MO' };

  const monday = { start_date: '2027-01-04', rrule: 'FREQ=WEEKLY;BYDAY=MO' };

  test.each<[string, object, string[]]>([
    ['a start', { ...monday, due_date: '2027-01-08' }, ['2027-01-08', '2027-01-15', '2027-01-22']],
    [
      'a start with a time',
      {
        ...{ ...monday, start_time: '20:00', due_date: '2027-01-05', due_time: '02:00' },
        time_zone: 'America/New_York',
      },
      ['2027-01-05', '2027-01-12', '2027-01-19'],
    ],
    [
      'no start',
      { due_date: '2027-01-08', rrule: 'FREQ=WEEKLY;BYDAY=MO' },
      ['2027-01-08', '2027-01-11', '2027-01-18'],
    ],
  ])('with %s has these due dates', async (_what, body, dates) => {
    const { id } = await create(body);
    expect((await occurrences(id)).map((each) => each.due_date)).toEqual(dates);
  });

  test('is counted from the start, and the due date keeps its distance', async () => {
    const { id, ...task } = await create(week);
    expect(task).toMatchObject({ recurrence_start: '2094-01-04', recurrence_due: '2094-01-08' });
    expect(await occurrences(id)).toMatchObject([
      { due_date: '2094-01-08', start_date: '2094-01-04' },
      { due_date: '2094-01-15', start_date: '2094-01-11' },
      { due_date: '2094-01-22', start_date: '2094-01-18' },
    ]);
    for (const due_date of ['2094-01-15', '2094-01-22'])
      expect((await complete(id)).body).toMatchObject({ due_date });
    const undone = await complete(id, { completed: false });
    expect(undone.body).toMatchObject({ start_date: '2094-01-11', due_date: '2094-01-15' });
  });

  test('keeps its times when the task starts in the evening and is due at night', async () => {
    const { id } = await create({
      ...{ start_date: '2094-01-04', start_time: '20:00', due_date: '2094-01-05', due_time: '02:00' },
      ...{ time_zone: 'America/New_York', rrule: 'FREQ=WEEKLY;BYDAY=MO' },
    });
    expect(await occurrences(id)).toMatchObject([
      { due_date: '2094-01-05', due_time: '02:00', due_at: '2094-01-05T07:00:00.000Z' },
      { due_date: '2094-01-12', due_time: '02:00', due_at: '2094-01-12T07:00:00.000Z', start_time: '20:00' },
      {
        due_date: '2094-01-19',
        due_time: '02:00',
        due_at: '2094-01-19T07:00:00.000Z',
        start_date: '2094-01-18',
      },
    ]);
  });

  test.each([
    ['America/New_York', '2027-03-13', ['2027-03-14T06:00:00.000Z', '2027-03-15T05:00:00.000Z']],
    ['Europe/Zurich', '2027-03-27', ['2027-03-28T00:00:00.000Z', '2027-03-28T23:00:00.000Z']],
    ['Europe/Zurich', '2027-10-30', ['2027-10-30T23:00:00.000Z', '2027-11-01T00:00:00.000Z']],
    ['Australia/Lord_Howe', '2027-04-03', ['2027-04-03T14:00:00.000Z', '2027-04-04T14:30:00.000Z']],
  ])('keeps the wall clock over a clock change in %s', async (time_zone, start_date, instants) => {
    const { id } = await create({
      ...{ start_date, start_time: '22:00', due_date: addDays(start_date, 1), due_time: '01:00' },
      ...{ time_zone, rrule: 'FREQ=DAILY' },
    });
    expect((await occurrences(id, 2)).map((each) => each.due_at)).toEqual(instants);
  });

  test('moves only the current occurrence when its due date changes later', async () => {
    const { id } = await create(week);
    await complete(id);
    await change(id, { due_date: '2094-01-16' });
    expect((await complete(id)).body).toMatchObject({ start_date: '2094-01-18', due_date: '2094-01-22' });
  });

  test('is counted anew when a start date is added', async () => {
    const { id } = await create({ due_date: '2094-01-08', rrule: 'FREQ=WEEKLY' });
    await complete(id);
    expect(await change(id, { start_date: '2094-01-13' })).toMatchObject({
      recurrence_start: '2094-01-13',
      recurrence_due: '2094-01-15',
    });
    expect((await complete(id)).body).toMatchObject({ start_date: '2094-01-20', due_date: '2094-01-22' });
  });
});

describe('excluded dates', () => {
  test('are left out and count for COUNT', async () => {
    const { id } = await create({
      due_date: '2094-01-04',
      rrule: 'FREQ=WEEKLY;COUNT=4',
      excluded_dates: ['2094-01-18', '2094-01-11', '2094-01-11'],
    });
    expect(await read(id)).toMatchObject({ excluded_dates: ['2094-01-11', '2094-01-18'] });
    expect((await occurrences(id)).map((each) => each.due_date)).toEqual(['2094-01-04', '2094-01-25']);
    expect((await complete(id)).body).toMatchObject({ due_date: '2094-01-25' });
    expect((await complete(id)).body).toMatchObject({ status: 'completed' });
    expect(await change(id, { rrule: null })).toMatchObject({ excluded_dates: [] });
  });

  test('get the former day of an occurrence that moves to an earlier day', async () => {
    const { id } = await create({ due_date: '2094-01-01', rrule: 'FREQ=WEEKLY' });
    await complete(id);
    expect(await change(id, { due_date: '2094-01-05' })).toMatchObject({ excluded_dates: ['2094-01-08'] });
    expect((await occurrences(id)).map((each) => each.due_date)).toEqual([
      '2094-01-05',
      '2094-01-15',
      '2094-01-22',
    ]);
    expect(await change(id, { due_date: '2094-01-08' })).toMatchObject({ excluded_dates: [] });
    expect(await change(id, { due_date: '2094-01-16' })).toMatchObject({ excluded_dates: [] });
    expect((await complete(id)).body).toMatchObject({ due_date: '2094-01-22' });
  });
});

describe('an hourly rule', () => {
  const pills = { due_date: '2099-01-04', due_time: '06:00', rrule: 'FREQ=HOURLY;INTERVAL=8' };
  const slots = async (id: string, limit = 4) =>
    (await occurrences(id, limit)).map((each) => `${each.due_date} ${each.due_time}`);

  test('moves the due time', async () => {
    const { id, ...task } = await create(pills);
    expect(task).toMatchObject({ recurrence_start: '2099-01-04', recurrence_start_time: '06:00' });
    expect(await slots(id)).toEqual([
      '2099-01-04 06:00',
      '2099-01-04 14:00',
      '2099-01-04 22:00',
      '2099-01-05 06:00',
    ]);
    const body = { completed: true, occurrence: '2099-01-04', occurrence_time: '06:00' };
    const first = await complete(id, body);
    expect(first.body).toMatchObject({ due_date: '2099-01-04', due_time: '14:00' });
    expect((await complete(id, body)).body).toEqual(first.body);
    expect((await complete(id)).body).toMatchObject({ due_time: '22:00' });
    expect((await complete(id, { completed: false })).body).toMatchObject({ due_time: '14:00' });
    expect((await complete(id, { completed: false })).body).toMatchObject({ due_time: '06:00' });
    expect(errorsOf(await complete(id, { ...body, occurrence_time: '07:00' }))).toEqual([
      '/body/occurrence not-allowed',
    ]);
    expect(errorsOf(await complete(id, { completed: true, occurrence_time: '06:00' }))).toEqual([
      '/body/occurrence_time contradiction',
    ]);
  });

  test('counts, and leaves out hours and dates', async () => {
    const rrule = 'FREQ=HOURLY;INTERVAL=2;BYHOUR=8,10,12;COUNT=4';
    const { id } = await create({ ...pills, due_time: '08:30', rrule, excluded_dates: ['2099-01-04T10:30'] });
    expect(await slots(id)).toEqual(['2099-01-04 08:30', '2099-01-04 12:30', '2099-01-05 08:30']);
    await change(id, { excluded_dates: ['2099-01-04'] });
    expect(await slots(id)).toEqual(['2099-01-04 08:30', '2099-01-05 08:30']);
  });

  test.each([
    ['Europe/Zurich', '2027-03-28', ['01:30', '03:30', '04:30']],
    ['America/New_York', '2027-03-14', ['01:30', '03:30', '04:30']],
    ['Europe/Zurich', '2027-10-31', ['01:30', '02:30', '03:30']],
    [null, '2027-03-28', ['01:30', '02:30', '03:30']],
  ])('leaves out the hours that clocks skip in %s on %s', async (time_zone, due_date, times) => {
    const { id } = await create({ due_date, due_time: '01:30', time_zone, rrule: 'FREQ=HOURLY' });
    expect((await occurrences(id)).map((each) => each.due_time)).toEqual(times);
  });

  test('keeps the distance from the start', async () => {
    const { id } = await create({
      ...{ start_date: '2099-01-04', start_time: '22:00', due_date: '2099-01-05', due_time: '00:30' },
      rrule: 'FREQ=HOURLY;INTERVAL=24',
    });
    expect((await occurrences(id, 2))[1]).toMatchObject({
      ...{ start_date: '2099-01-05', start_time: '22:00', due_date: '2099-01-06', due_time: '00:30' },
    });
  });

  test.each([
    [{ due_date: '2099-01-04', rrule: 'FREQ=HOURLY' }, 'contradiction'],
    [{ ...pills, start_date: '2099-01-01' }, 'contradiction'],
    [{ ...pills, rrule: 'FREQ=HOURLY;BYHOUR=24' }, 'wrong-format'],
    [{ ...pills, rrule: 'FREQ=DAILY;BYHOUR=8' }, 'not-allowed'],
    [{ ...pills, rrule: 'FREQ=HOURLY;BYDAY=MO;BYSETPOS=1' }, 'not-allowed'],
  ])('is rejected in %j', async (body, code) => {
    expect(errorsOf(await post(body))).toEqual([`/body/rrule ${code}`]);
  });
});

describe('subtasks of a recurring task', () => {
  test('move by the step of their parent, and move back when the completion is undone', async () => {
    const parent = await create({ due_date: '2099-01-05', rrule: 'FREQ=WEEKLY' });
    const child = await create({
      ...{ parent_id: parent.id, start_date: '2099-01-01', due_date: '2099-01-04', due_time: '18:00' },
      ...{ time_zone: 'Europe/Zurich', status: 'completed', reminders: [{ minutes_before_due: 10 }] },
    });
    const grandchild = await create({ parent_id: child.id, due_date: '2099-01-03' });
    const undated = await create({ parent_id: parent.id });
    const own = await create({ parent_id: parent.id, due_date: '2099-01-02', rrule: 'FREQ=DAILY' });
    await complete(parent.id);
    expect(await read(child.id)).toMatchObject({
      ...{
        start_date: '2099-01-08',
        due_date: '2099-01-11',
        due_time: '18:00',
        status: 'pending',
        version: 2,
      },
      due_at: '2099-01-11T17:00:00.000Z',
    });
    expect(await read(grandchild.id)).toMatchObject({ due_date: '2099-01-10', version: 2 });
    expect(await read(undated.id)).toMatchObject({ due_date: null, version: 1 });
    expect(await read(own.id)).toMatchObject({ due_date: '2099-01-02', version: 1 });
    await change(grandchild.id, { due_date: '2099-01-11' });
    await complete(parent.id, { completed: false });
    expect(await read(child.id)).toMatchObject({
      ...{
        start_date: '2099-01-01',
        due_date: '2099-01-04',
        status: 'completed',
        due_at: '2099-01-04T17:00:00.000Z',
      },
      completed_at: child.completed_at,
    });
    expect(await read(grandchild.id)).toMatchObject({ due_date: '2099-01-04' });
  });

  test('move the instants of their reminders, also without a due date and without any date', async () => {
    await ada.send('PATCH', '/profile', { body: { time_zone: 'Europe/Zurich' } });
    // Clocks go forward on 2099-03-29.
    const parent = await create({ due_date: '2099-03-24', rrule: 'FREQ=WEEKLY' });
    const reminders = [{ at: '2099-03-23T08:00:00Z' }];
    const children = [
      await create({ parent_id: parent.id, due_date: '2099-03-24', reminders }),
      await create({ parent_id: parent.id, start_date: '2099-03-24', reminders }),
      await create({ parent_id: parent.id, reminders }),
    ];
    const instants = () =>
      Promise.all(children.map(async ({ id }) => (await read(id)).reminders.map(({ at }: Body) => at)));
    const before = await instants();
    await complete(parent.id);
    expect(await instants()).toEqual(children.map(() => ['2099-03-30T07:00:00.000Z']));
    await complete(parent.id, { completed: false });
    expect(await instants()).toEqual(before);
  });

  test('move by the hours of an hourly parent, and by a skip', async () => {
    const parent = await create({
      due_date: '2099-01-04',
      due_time: '20:00',
      rrule: 'FREQ=HOURLY;INTERVAL=8',
    });
    const timed = await create({ parent_id: parent.id, due_date: '2099-01-04', due_time: '19:30' });
    const allDay = await create({ parent_id: parent.id, due_date: '2099-01-04' });
    await ada.send('POST', `/tasks/${parent.id}/skip`);
    expect(await read(timed.id)).toMatchObject({ due_date: '2099-01-05', due_time: '03:30' });
    expect(await read(allDay.id)).toMatchObject({ due_date: '2099-01-05', due_time: null });
  });
});

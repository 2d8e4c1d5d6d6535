/** Tests reminders: their times, and that each fires once. */
import type { Body } from '../../support/api';
import { query } from '../../support/database';
import { startTestService, useTestService } from '../../support/service';
import { useUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
const ada = useUser(service);

async function create(body: object): Promise<Body> {
  const response = await ada.send('POST', '/tasks', { body: { title: 'A task', ...body } });
  expect(response.status).toBe(201);
  return response.body;
}

async function waiting(id: string): Promise<string[]> {
  const rows = await query<{ fire_at: Date }>(
    service.database.url,
    'select fire_at from tasklane.reminders where lane_id = lane_of($1) and task_id = $2 and fired_at is null order by 1',
    [ada.id, id],
  );
  return rows.map((row) => row.fire_at.toISOString());
}

async function reminded(id: string): Promise<string[]> {
  const rows = await query<{ fields: Body }>(
    service.database.url,
    `select fields from tasklane.changes where lane_id = lane_of($1) and entity_id = $2 and action = 'reminded' order by seq`,
    [ada.id, id],
  );
  return rows.map((row) => row.fields.reminder.to);
}

const past = { at: '2020-01-01T10:00:00.000Z' };
const future = { at: '2099-01-01T10:00:00.000Z' };
const halfAnHour = { minutes_before_due: 30 };
const zoned = { due_date: '2099-01-31', due_time: '18:00', time_zone: 'Europe/Zurich' };

test.each([
  [{ ...zoned }, '2099-01-31T16:30:00.000Z'],
  [{ due_date: '2099-01-31', due_time: '18:00' }, '2099-01-31T22:30:00.000Z'],
  [{ due_date: '2099-01-31' }, '2099-01-31T04:30:00.000Z'],
  [{ due_date: '2099-01-31', time_zone: 'Europe/Zurich' }, '2099-01-30T22:30:00.000Z'],
])('a reminder fires half an hour before %j', async (due, expected) => {
  await ada.send('PATCH', '/profile', { body: { time_zone: 'America/New_York' } });
  const { id, reminders } = await create({ ...due, reminders: [halfAnHour] });
  expect(reminders).toEqual([{ at: null, minutes_before_due: 30, days_before_due: null, time: null }]);
  expect(await waiting(id)).toEqual([expected]);
});

test.each([
  [[{}], '/body/reminders/0 too-short'],
  [[{ at: null, minutes_before_due: null }], '/body/reminders/0 contradiction'],
  [[{ ...future, ...halfAnHour }], '/body/reminders/0 contradiction'],
  [[{ days_before_due: 1 }], '/body/reminders/0 contradiction'],
  [[{ time: '09:00' }], '/body/reminders/0 contradiction'],
  [[{ ...future, time: '09:00' }], '/body/reminders/0 contradiction'],
  [[{ ...halfAnHour, days_before_due: 1, time: '09:00' }], '/body/reminders/0 contradiction'],
  [[{ days_before_due: 0, time: '09:00' }], '/body/reminders/0/days_before_due contradiction'],
  [[{ days_before_due: 29, time: '09:00' }], '/body/reminders/0/days_before_due too-large'],
  [[future, halfAnHour], '/body/reminders/1/minutes_before_due contradiction'],
  [[{ minutes_before_due: -1 }], '/body/reminders/0/minutes_before_due too-small'],
  [[{ at: 'tomorrow' }], '/body/reminders/0/at wrong-format'],
  [Array(11).fill(future), '/body/reminders too-long'],
])('rejects the reminders %j', async (reminders, error) => {
  const { status, body } = await ada.send('POST', '/tasks', { body: { title: 'A task', reminders } });
  expect(status).toBe(422);
  expect(body.errors.map((each: Body) => `${each.pointer} ${each.code}`)).toContain(error);
});

test('each due reminder fires once, and the others wait', async () => {
  const { id, version } = await create({ ...zoned, reminders: [past, future, halfAnHour] });
  await service.runJob('reminders');
  await service.runJob('reminders');
  expect(await reminded(id)).toEqual([past.at]);
  expect(await waiting(id)).toEqual([future.at, '2099-01-31T16:30:00.000Z']);
  const task = (await ada.send('GET', `/tasks/${id}`)).body;
  expect(task).toMatchObject({ version, reminders: [{ at: past.at }, { at: future.at }, halfAnHour] });
});

test('a fired reminder does not fire again after other changes, but does with a new time', async () => {
  const { id } = await create({ ...zoned, reminders: [past] });
  await service.runJob('reminders');
  const other = '2020-01-01T12:00:00.000Z';
  for (const body of [
    { title: 'Renamed' },
    { due_time: '19:00' },
    { reminders: [past, future] },
    { reminders: [past, { at: other }] },
  ]) {
    expect((await ada.send('PATCH', `/tasks/${id}`, { body })).status).toBe(200);
    await service.runJob('reminders');
  }
  expect(await reminded(id)).toEqual([past.at, other]);
});

test('reminders of closed and deleted tasks do not fire', async () => {
  const closed = await create({ reminders: [past], status: 'completed' });
  const deleted = await create({ reminders: [past] });
  await ada.send('DELETE', `/tasks/${deleted.id}`);
  await service.runJob('reminders');
  expect([await reminded(closed.id), await reminded(deleted.id)]).toEqual([[], []]);
});

test('reminders follow the due date, the next occurrence, and the profile’s time zone', async () => {
  const { id } = await create({ ...zoned, rrule: 'FREQ=MONTHLY', reminders: [halfAnHour] });
  await ada.send('PATCH', `/tasks/${id}`, { body: { due_time: '19:00' } });
  expect(await waiting(id)).toEqual(['2099-01-31T17:30:00.000Z']);
  await ada.send('PATCH', `/tasks/${id}/complete`);
  expect(await waiting(id)).toEqual(['2099-02-28T17:30:00.000Z']);
  await ada.send('PATCH', `/tasks/${id}`, { body: { time_zone: null } });
  expect(await waiting(id)).toEqual(['2099-02-28T18:30:00.000Z']);
  await ada.send('PATCH', '/profile', { body: { time_zone: 'Asia/Tokyo' } });
  expect(await waiting(id)).toEqual(['2099-02-28T09:30:00.000Z']);
});

test('relative reminders are removed with the due date, and the task can be written as it was read', async () => {
  const { id, version } = await create({ ...zoned, reminders: [halfAnHour, future] });
  const { status, body: task } = await ada.send('PATCH', `/tasks/${id}`, { body: { due_date: null } });
  expect(status).toBe(200);
  expect(task).toMatchObject({ version: version + 1, reminders: [{ ...future, minutes_before_due: null }] });
  expect(await waiting(id)).toEqual([future.at]);
  const own = await ada.send('PATCH', `/tasks/${id}`, { body: { reminders: task.reminders } });
  expect(own).toMatchObject({ status: 200, body: { version: task.version } });

  const { reminders } = await create({ ...zoned, reminders: [halfAnHour] });
  const replaced = await ada.send('PUT', `/tasks/${id}`, { body: { reminders } });
  expect(replaced).toMatchObject({ status: 422 });
});

test('several services at once fire each reminder once', async () => {
  const other = await startTestService({ RATE_LIMIT: 'off', DATABASE_URL: service.database.url });
  try {
    const tasks = await Promise.all(Array.from({ length: 20 }, () => create({ reminders: [past] })));
    await Promise.all([service.runJob('reminders'), other.runJob('reminders'), service.runJob('reminders')]);
    for (const { id } of tasks) expect(await reminded(id)).toEqual([past.at]);
  } finally {
    await other.stop();
  }
});

describe('a time of day on a day before the due date', () => {
  const onTheDay = { days_before_due: 0, time: '09:00' };
  const theDayBefore = { days_before_due: 1, time: '18:00' };

  test.each([
    ['Europe/Zurich', '2027-03-28', ['2027-03-27T17:00:00.000Z', '2027-03-28T07:00:00.000Z']],
    ['Europe/Zurich', '2027-10-31', ['2027-10-30T16:00:00.000Z', '2027-10-31T08:00:00.000Z']],
    ['Asia/Tokyo', '2027-03-01', ['2027-02-28T09:00:00.000Z', '2027-03-01T00:00:00.000Z']],
    ['America/St_Johns', '2028-03-01', ['2028-02-29T21:30:00.000Z', '2028-03-01T12:30:00.000Z']],
  ])('is in the profile’s zone %s, for a task that is due on %s', async (time_zone, due_date, expected) => {
    await ada.send('PATCH', '/profile', { body: { time_zone } });
    const { id, reminders } = await create({ due_date, reminders: [onTheDay, theDayBefore] });
    expect(reminders).toEqual(
      [onTheDay, theDayBefore].map((each) => ({ at: null, minutes_before_due: null, ...each })),
    );
    expect(await waiting(id)).toEqual(expected);
  });

  test('follows a recurring task across a clock change, and is in the zone of the task if it has one', async () => {
    await ada.send('PATCH', '/profile', { body: { time_zone: 'Europe/Zurich' } });
    const { id } = await create({ due_date: '2099-03-27', rrule: 'FREQ=WEEKLY', reminders: [theDayBefore] });
    expect(await waiting(id)).toEqual(['2099-03-26T17:00:00.000Z']);
    await ada.send('PATCH', `/tasks/${id}/complete`);
    expect(await waiting(id)).toEqual(['2099-04-02T16:00:00.000Z']);
    await ada.send('PATCH', '/profile', { body: { time_zone: 'Asia/Tokyo' } });
    expect(await waiting(id)).toEqual(['2099-04-02T09:00:00.000Z']);
    await ada.send('PATCH', `/tasks/${id}`, { body: { time_zone: 'America/New_York' } });
    expect(await waiting(id)).toEqual(['2099-04-02T22:00:00.000Z']);
    await ada.send('PATCH', `/tasks/${id}`, { body: { due_time: '08:00' } });
    expect(await waiting(id)).toEqual(['2099-04-02T22:00:00.000Z']);
  });
});

test.each([
  [{ start_date: '2099-03-31' }, '2099-03-30T16:00:00.000Z'],
  [{ start_date: '2099-03-28', start_time: '10:30' }, '2099-03-27T18:30:00.000Z'],
  [{ due_date: '2099-05-01' }, '2099-03-26T17:00:00.000Z'],
  [{ start_date: null }, '2099-03-26T17:00:00.000Z'],
])('an instant of a task without a due date follows its start if %j is changed', async (body, expected) => {
  const start = { start_date: '2099-03-27', start_time: '09:00', time_zone: 'Europe/Zurich' };
  const { id } = await create({ ...start, reminders: [{ at: '2099-03-26T17:00:00.000Z' }] });
  await ada.send('PATCH', `/tasks/${id}`, { body });
  expect(await waiting(id)).toEqual([expected]);
});

describe('an instant', () => {
  const evening = { at: '2099-03-26T17:00:00.000Z' };
  const instants = async (id: string) =>
    (await ada.send('GET', `/tasks/${id}`)).body.reminders.map((each: Body) => each.at);

  test.each([
    [{ due_date: '2099-03-31' }, '2099-03-30T16:00:00.000Z'],
    [{ due_date: '2099-03-26' }, '2099-03-25T17:00:00.000Z'],
    [{ due_date: '2099-03-28', due_time: '10:30' }, '2099-03-27T18:30:00.000Z'],
    [{ due_time: null }, evening.at],
    [{ time_zone: 'Asia/Tokyo' }, '2099-03-26T09:00:00.000Z'],
    [{ due_date: '9999-12-31' }, '9999-12-30T17:00:00.000Z'],
    [{ due_date: null }, evening.at],
    [{ title: 'Renamed' }, evening.at],
  ])('keeps its distance by the wall clock to the due date if %j is changed', async (body, expected) => {
    const zoned = { due_date: '2099-03-27', due_time: '09:00', time_zone: 'Europe/Zurich' };
    const { id } = await create({ ...zoned, reminders: [evening] });
    const response = await ada.send('PATCH', `/tasks/${id}`, { body });
    expect(response.body.reminders).toMatchObject([{ at: expected }]);
    expect(await waiting(id)).toEqual([expected]);
    const given = await ada.send('PATCH', `/tasks/${id}`, {
      body: { due_date: '2099-05-01', reminders: [evening] },
    });
    expect(given.body.reminders).toMatchObject([evening]);
  });

  test('moves with the occurrences, and returns when a completion is undone', async () => {
    await ada.send('PATCH', '/profile', { body: { time_zone: 'Europe/Zurich' } });
    const { id } = await create({ due_date: '2099-03-27', rrule: 'FREQ=WEEKLY', reminders: [evening] });
    await ada.send('PATCH', `/tasks/${id}/complete`);
    expect(await instants(id)).toEqual(['2099-04-02T16:00:00.000Z']);
    await ada.send('POST', `/tasks/${id}/skip`);
    expect(await instants(id)).toEqual(['2099-04-09T16:00:00.000Z']);
    await ada.send('PATCH', `/tasks/${id}`, { body: { due_date: '2099-04-03' } });
    await ada.send('PATCH', `/tasks/${id}/complete`, { body: { completed: false } });
    expect(await instants(id)).toEqual([evening.at]);
    expect(await waiting(id)).toEqual([evening.at]);
    const [change] = await query<{ fields: Body }>(
      service.database.url,
      `select fields from tasklane.changes where entity_id = $1 and type = 'task' order by seq desc limit 1`,
      [id],
    );
    expect(change?.fields.reminders).toMatchObject({
      from: [{ at: '2099-04-02T16:00:00.000Z' }],
      to: [evening],
    });
  });
});

describe('a reminder that has fired', () => {
  const now = '2026-06-10T12:00:00.000Z';
  beforeEach(async () => {
    await ada.send('PATCH', '/profile', { body: { time_zone: 'UTC' } });
  });

  // The job compares with the clock of the database, so the task is due long ago.
  const longAgo = { due_date: '2020-06-10', due_time: '12:00', reminders: [{ minutes_before_due: 30 }] };

  test('does not fire again when the profile’s zone goes back and forth', async () => {
    const { id } = await create({ ...longAgo, rrule: 'FREQ=YEARLY' });
    await service.runJob('reminders');
    const fired = await reminded(id);
    expect(fired).toEqual(['2020-06-10T11:30:00.000Z']);
    for (const time_zone of ['America/Los_Angeles', 'Asia/Tokyo', 'Europe/Zurich', 'UTC']) {
      await ada.send('PATCH', '/profile', { body: { time_zone } });
      expect(await waiting(id)).toEqual([]);
      await service.runJob('reminders');
    }
    expect(await reminded(id)).toEqual(fired);
  });

  test('does not fire again when the due date goes back and forth, but in the future', async () => {
    const { id } = await create(longAgo);
    await service.runJob('reminders');
    for (const due_date of ['2020-06-11', '2099-06-10', '2020-06-10', '2020-06-12', '2020-06-10']) {
      await ada.send('PATCH', `/tasks/${id}`, { body: { due_date } });
      expect(await waiting(id)).toEqual(due_date > now ? ['2099-06-10T11:30:00.000Z'] : []);
      await service.runJob('reminders');
    }
    expect(await reminded(id)).toHaveLength(1);
  });

  test('was in an imported file, and does not fire after a change of the zone', async () => {
    const id = '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e';
    const file = { format: 'tasklane-export', version: 2, tasks: [{ id, title: 'Imported', ...longAgo }] };
    expect((await ada.send('POST', '/import.json', { body: file })).status).toBe(200);
    await ada.send('PATCH', '/profile', { body: { time_zone: 'Asia/Tokyo' } });
    await service.runJob('reminders');
    expect([await waiting(id), await reminded(id)]).toEqual([[], []]);
  });

  test('fires once for two reminders at the same instant', async () => {
    const { id } = await create({
      ...longAgo,
      reminders: [{ minutes_before_due: 30 }, { at: '2020-06-10T11:30:00Z' }],
    });
    await service.runJob('reminders');
    expect(await reminded(id)).toEqual(['2020-06-10T11:30:00.000Z']);
  });
});

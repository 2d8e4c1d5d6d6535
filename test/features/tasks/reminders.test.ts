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
    'select fire_at from tasklane.reminders where lane_id = lane_of($1) and task_id = $2 order by 1',
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
  expect(reminders).toEqual([{ at: null, minutes_before_due: 30 }]);
  expect(await waiting(id)).toEqual([expected]);
});

test.each([
  [[{}], '/body/reminders/0 too-short'],
  [[{ at: null, minutes_before_due: null }], '/body/reminders/0 contradiction'],
  [[{ ...future, ...halfAnHour }], '/body/reminders/0 contradiction'],
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
  const other = '2020-01-01T11:00:00.000Z';
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

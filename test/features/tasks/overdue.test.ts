/** Tests the change that tells that a task is overdue. */
import { randomUUID } from 'node:crypto';
import { query } from '../../support/database';
import { readEvents } from '../../support/event-reader';
import { openReceiver } from '../../support/receiver';
import { startTestService, useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';
import { until } from '../../support/until';
import { makeUser } from '../../support/user';
import { eventIn, makeVerified, openInstance } from '../webhooks/support';

const service = useTestService({ RATE_LIMIT: 'off' });
let ada: TaskClient;
beforeEach(async () => {
  ada = await makeTaskClient(service);
});

/** The instants of the changes with the action `overdue`. */
async function told(id: string): Promise<unknown[]> {
  await service.runJob('overdue');
  const { items } = await ada.ok('GET', `/activity?entity_id=${id}&action=overdue`);
  return items.map(({ fields }: { fields: { overdue: { to: string } } }) => fields.overdue.to);
}

async function overdueAt(id: string): Promise<string | undefined> {
  const [row] = await query<{ overdue_at: Date | null }>(
    service.database.url,
    'select overdue_at from tasklane.tasks where id = $1',
    [id],
  );
  return row?.overdue_at?.toISOString();
}

const past = { due_date: '2020-02-29', due_time: '12:00', time_zone: 'Europe/Zurich' };

test('an open task is overdue once, and its version stays', async () => {
  const task = await ada.create(past);
  expect(await told(task.id)).toEqual(['2020-02-29T11:00:00.000Z']);
  expect(await told(task.id)).toHaveLength(1);
  expect(await ada.read(task.id)).toEqual(task);
  await ada.ok('PATCH', `/tasks/${task.id}`, { title: 'Other', due_date: past.due_date });
  expect(await told(task.id)).toHaveLength(1);
});

test('another due date and the next occurrence can be overdue again', async () => {
  const task = await ada.create({ ...past, rrule: 'FREQ=YEARLY' });
  expect(await told(task.id)).toHaveLength(1);
  await ada.ok('PATCH', `/tasks/${task.id}/complete`);
  expect(await told(task.id)).toHaveLength(1);
  await ada.ok('PATCH', `/tasks/${task.id}/complete`, { completed: false });
  expect(await told(task.id)).toHaveLength(1);
  await ada.ok('PATCH', `/tasks/${task.id}`, { due_date: '2021-03-01' });
  expect(await told(task.id)).toHaveLength(2);
});

test.each([
  [{ due_date: '2099-01-05' }, '2099-01-06T08:00:00.000Z'],
  [{ due_date: '2099-01-05', due_time: '18:00' }, '2099-01-06T02:00:00.000Z'],
  [{ due_date: '2099-01-05', due_time: '18:00', time_zone: 'Asia/Tokyo' }, '2099-01-05T09:00:00.000Z'],
  [{ due_date: '2099-01-05', time_zone: 'Asia/Tokyo' }, '2099-01-06T08:00:00.000Z'],
  [{ due_date: '9999-12-31' }, '+010000-01-01T08:00:00.000Z'],
  [{}, undefined],
])('%j in the time zone of the profile is overdue at %s', async (due, instant) => {
  await ada.ok('PATCH', '/profile', { time_zone: 'America/Los_Angeles' });
  const created = await ada.create(due);
  const changed = await ada.create({ due_date: '2020-02-29' });
  await ada.ok('PATCH', `/tasks/${changed.id}`, { due_date: null, ...due });
  const imported = randomUUID();
  const file = { format: 'tasklane-export', version: 2, tasks: [{ ...due, id: imported, title: 'A task' }] };
  await ada.ok('POST', '/import.json', file);
  expect(await Promise.all([created.id, changed.id, imported].map(overdueAt))).toEqual([
    instant,
    instant,
    instant,
  ]);
  expect(await told(created.id)).toEqual([]);
});

test('a new time zone of the profile moves tasks without an instant, and tells nothing twice', async () => {
  const [day, floating, old] = await Promise.all([
    ada.create({ due_date: '2099-01-05' }),
    ada.create({ due_date: '2099-01-05', due_time: '18:00' }),
    ada.create({ due_date: '2020-02-29' }),
  ]);
  expect(await told(old.id)).toEqual(['2020-03-01T00:00:00.000Z']);
  await ada.ok('PATCH', '/profile', { time_zone: 'Asia/Tokyo' });
  expect(await overdueAt(day.id)).toBe('2099-01-05T15:00:00.000Z');
  expect(await overdueAt(floating.id)).toBe('2099-01-05T09:00:00.000Z');
  expect(await told(old.id)).toHaveLength(1);
});

test('closed tasks, tasks in the trash or an archived project, and imported due dates that have passed are not told', async () => {
  const closed = await ada.create({ ...past, status: 'completed' });
  const gone = await ada.create(past);
  await ada.ok('DELETE', `/tasks/${gone.id}`);
  const project = await ada.project();
  const away = await ada.create({ ...past, project_id: project.id });
  await ada.ok('PATCH', `/projects/${project.id}`, { archived: true });
  const tasks = [{ ...past, id: randomUUID(), title: 'Imported' }];
  await ada.ok('POST', '/import.json', { format: 'tasklane-export', version: 2, tasks });
  for (const { id } of [closed, gone, away, ...tasks]) expect(await told(id)).toEqual([]);
});

test('subtasks that move with their parent can be overdue again', async () => {
  const parent = await ada.create({ due_date: '2099-01-05', rrule: 'FREQ=WEEKLY' });
  const child = await ada.create({ parent_id: parent.id, due_date: '2099-01-04' });
  await ada.ok('PATCH', `/tasks/${parent.id}/complete`);
  expect((await ada.read(child.id)).due_date).toBe('2099-01-11');
  expect(await overdueAt(child.id)).toBe('2099-01-12T00:00:00.000Z');
});

test('several services at once tell each task once, in batches', async () => {
  const other = await startTestService({ RATE_LIMIT: 'off', DATABASE_URL: service.database.url });
  try {
    const operations = Array.from({ length: 100 }, () => ({
      op: 'create_task',
      task: { title: 'A task', ...past },
    }));
    for (let n = 0; n < 3; n++) await ada.ok('POST', '/batch', { operations });
    await Promise.all([service.runJob('overdue'), other.runJob('overdue'), service.runJob('overdue')]);
    const all = await ada.all('/activity?action=overdue');
    expect([all.length, new Set(all.map(({ entity_id }) => entity_id)).size]).toEqual([300, 300]);
  } finally {
    await other.stop();
  }
});

test('webhooks and event streams get each once, also across restarts and changes of the time zone', async () => {
  const receiver = await openReceiver();
  const settings = {
    DATABASE_URL: service.database.url,
    WEBHOOK_ALLOWED_HOSTS: receiver.host,
    EVENTS_POLL_MS: '20',
  };
  const start = () => startTestService({ RATE_LIMIT: 'off', ...settings });
  // In Kiritimati, this day has always ended; in Pago Pago, it has not.
  const today = new Intl.DateTimeFormat('en-CA', { timeZone: 'Pacific/Pago_Pago' }).format(new Date());
  await ada.ok('PATCH', '/profile', { time_zone: 'Pacific/Pago_Pago' });
  const first = await start();
  const user = await makeUser(first.url, ada.id);
  const { secret } = await makeVerified(service.database.url, user, receiver, { events: ['task.overdue'] });
  await first.stop();
  const tasks = [
    await ada.create(past),
    await ada.create({ due_date: '2020-02-29' }),
    await ada.create({ due_date: today }),
  ];
  const ids = tasks.map(({ id }) => id).toSorted();
  const seen: string[] = [];
  let lastEventId: string | undefined;
  // Each round has another zone, another instance, and a stream that continues after the last one.
  for (const time_zone of [
    'Pacific/Pago_Pago',
    'Pacific/Kiritimati',
    'Pacific/Pago_Pago',
    'Pacific/Kiritimati',
    'UTC',
  ]) {
    await ada.ok('PATCH', '/profile', { time_zone });
    const [instance, sender] = [await start(), openInstance(service.database.url, [receiver])];
    const reader = await readEvents(`${instance.url}${ada.lane}/events`, { token: ada.token, lastEventId });
    try {
      await instance.runJob('overdue');
      await sender.deliver();
      const last = await ada.create();
      const changes = () => reader.events.flatMap((each) => (each.event === 'change' ? [each.data] : []));
      await until(() => changes().some(({ entity_id }) => entity_id === last.id));
      for (const { action, entity_id } of changes()) if (action === 'overdue') seen.push(String(entity_id));
      lastEventId = reader.lastId();
    } finally {
      reader.close();
      await Promise.all([instance.stop(), sender.close()]);
    }
  }
  expect(seen.toSorted()).toEqual(ids);
  const events = receiver.received.map((each) => eventIn(each, secret));
  expect(events.map(({ type }) => type)).toEqual(ids.map(() => 'task.overdue'));
  expect(events.map(({ data }) => data.change.entity_id).toSorted()).toEqual(ids);
  await receiver.close();
});

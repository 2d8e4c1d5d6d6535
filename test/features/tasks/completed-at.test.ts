/** Tests completions whose time a client gives, and completions of other occurrences than the current one. */
import type { ApiResponse, Body } from '../../support/api';
import { stopClock } from '../../support/clock';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeUser, type TestUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
const hourMs = 3_600_000;

let ada: TestUser;
beforeEach(async () => {
  ada = await makeUser(service.url);
});
afterEach(() => jest.useRealTimers());

async function create(body: object = {}): Promise<Body> {
  const response = await ada.send('POST', '/tasks', { body: { title: 'A task', ...body } });
  expect(response.status).toBe(201);
  return response.body;
}

const read = async (id: string): Promise<Body> => (await ada.send('GET', `/tasks/${id}`)).body;
const patch = (id: string, body: object) => ada.send('PATCH', `/tasks/${id}`, { body });
const complete = (id: string, body: object) =>
  ada.send('PATCH', `/tasks/${id}/complete`, { body: { completed: true, ...body } });
const skip = (id: string, body?: object) => ada.send('POST', `/tasks/${id}/skip`, { body });

/** The due dates of a task's completions with their times, by due date. */
async function completions(id: string): Promise<string[]> {
  const { items } = (await ada.send('GET', `/completions?task_id=${id}`)).body;
  return items.map((each: Body) => `${each.due_date} ${each.completed_at}`).toSorted();
}

async function taskChanges(id: string): Promise<Body[]> {
  const rows = await query<{ fields: Body }>(
    service.database.url,
    `select fields from tasklane.changes where lane_id = lane_of($1) and entity_id = $2 and action = 'updated' order by seq`,
    [ada.id, id],
  );
  return rows.map(({ fields }) => fields);
}

function validationErrors({ status, body }: ApiResponse): string[] {
  expect(status).toBe(422);
  return body.errors.map((each: Body) => `${each.pointer} ${each.code}`);
}

const earlier = '2026-03-03T20:00:00.000Z';
const ahead = (hours: number) => new Date(Date.now() + hours * hourMs).toISOString();

const put = { title: 'A task', status: 'completed' };

describe('the time of a completion', () => {
  test.each([
    ['complete', (id: string, completed_at: string) => complete(id, { completed_at })],
    ['PATCH', (id: string, completed_at: string) => patch(id, { status: 'completed', completed_at })],
    [
      'PUT',
      (id: string, completed_at: string) =>
        ada.send('PUT', `/tasks/${id}`, { body: { ...put, completed_at } }),
    ],
  ])('is given by %s, and counts as now if it is up to 24 hours ahead', async (_name, send) => {
    const { id } = await create();
    const { body } = await send(id, '2026-03-03T21:00:00.000+01:00');
    expect(body).toMatchObject({ status: 'completed', completed_at: earlier });
    expect((await taskChanges(id))[0]).toMatchObject({ completed_at: { from: null, to: earlier } });

    const soon = await create();
    const present = (await send(soon.id, ahead(23.9))).body;
    expect(present.completed_at).toBe(present.updated_at);
    const late = await create();
    expect(validationErrors(await send(late.id, ahead(24.1)))).toEqual(['/body/completed_at too-large']);
    expect(await read(late.id)).toEqual(late);
  });

  test('is given by POST, also for the first occurrence of a recurring task', async () => {
    const task = await create({ status: 'completed', completed_at: earlier });
    expect(task).toMatchObject({ status: 'completed', completed_at: earlier });
    const daily = { due_date: '2026-03-03', rrule: 'FREQ=DAILY', status: 'completed', completed_at: earlier };
    const recurring = await create(daily);
    expect(recurring).toMatchObject({ status: 'pending', due_date: '2026-03-04', completed_at: null });
    expect(await completions(recurring.id)).toEqual([`2026-03-03 ${earlier}`]);
    for (const body of [{ completed_at: earlier }, { status: 'completed', completed_at: ahead(25) }]) {
      const response = await ada.send('POST', '/tasks', { body: { title: 'A task', ...body } });
      expect(validationErrors(response)).toHaveLength(1);
    }
  });

  test('is given in a batch', async () => {
    const [first, second, daily] = [
      await create(),
      await create(),
      await create({ due_date: '2026-03-03', rrule: 'FREQ=DAILY' }),
    ];
    const operations = [
      { op: 'complete_task', id: first.id, completed_at: earlier },
      { op: 'update_task', id: second.id, task: { status: 'completed', completed_at: earlier } },
      { op: 'create_task', task: { title: 'A task', status: 'completed', completed_at: earlier } },
      { op: 'complete_task', id: daily.id, occurrence: '2026-03-03', completed_at: earlier },
      { op: 'skip_occurrence', id: daily.id, occurrence: '2026-03-03' },
    ];
    const { results } = (await ada.send('POST', '/batch', { body: { operations } })).body;
    expect(results.map((each: Body) => each.body?.completed_at)).toEqual([
      earlier,
      earlier,
      earlier,
      null,
      null,
    ]);
    expect((await read(daily.id)).due_date).toBe('2026-03-04');
    const wrong = { op: 'complete_task', id: first.id, completed: false, completed_at: earlier };
    const failed = (await ada.send('POST', '/batch', { body: { atomic: false, operations: [wrong] } })).body;
    expect(failed.results[0].problem.errors).toMatchObject([
      { pointer: '/body/operations/0/completed_at', code: 'contradiction' },
    ]);
  });

  test('can be corrected, and is kept by a second completion', async () => {
    const { id } = await create();
    const { completed_at, version } = (await complete(id, {})).body;
    expect((await complete(id, { completed_at: earlier })).body).toMatchObject({ completed_at, version });
    expect((await patch(id, { completed_at: earlier })).body).toMatchObject({ completed_at: earlier });
    expect((await taskChanges(id)).at(-1)).toEqual({ completed_at: { from: completed_at, to: earlier } });
  });

  test('of a closed recurring task is corrected in its record too', async () => {
    const { id } = await create({ due_date: '2099-01-01', rrule: 'FREQ=DAILY;COUNT=1' });
    await complete(id, {});
    await patch(id, { completed_at: earlier });
    expect(await completions(id)).toEqual([`2099-01-01 ${earlier}`]);
    expect((await patch(id, { status: 'pending' })).body).toMatchObject({ due_date: '2099-01-01' });
    expect(await completions(id)).toEqual([]);
  });

  test('can be sent back as it was read, with another status', async () => {
    const { id } = await create({ status: 'completed', completed_at: earlier });
    const opened = await patch(id, { status: 'pending', completed_at: earlier });
    expect(opened.body).toMatchObject({ status: 'pending', completed_at: null });
    expect((await taskChanges(id)).at(-1)).toMatchObject({ completed_at: { from: earlier, to: null } });
    const closed = await patch(id, { status: 'completed', completed_at: null });
    expect(closed.body).toMatchObject({ status: 'completed', completed_at: closed.body.updated_at });
    expect((await taskChanges(id)).at(-1)).toMatchObject({ completed_at: { to: closed.body.completed_at } });
  });

  test.each([
    [{ completed_at: earlier }, 'contradiction'],
    [{ status: 'cancelled', completed_at: earlier }, 'contradiction'],
    [{ status: 'completed', completed_at: 'yesterday' }, 'wrong-format'],
    [{ status: 'completed', completed_at: '9999-01-01T00:00:00Z' }, 'too-large'],
  ])('is refused in %j', async (body, code) => {
    const { id } = await create();
    expect(validationErrors(await patch(id, body))).toContain(`/body/completed_at ${code}`);
  });

  test('is not cleared while the status is completed, and contradicts an undo', async () => {
    const { id } = await create({ status: 'completed' });
    expect(validationErrors(await patch(id, { completed_at: null }))).toEqual([
      '/body/completed_at contradiction',
    ]);
    const undo = await complete(id, { completed: false, completed_at: earlier });
    expect(validationErrors(undo)).toEqual(['/body/completed_at contradiction']);
  });

  test('is the change’s time if none is given, also for texts that look like its placeholder', async () => {
    const titles = ['\\u0000now', '"\\u0000now"'];
    for (const title of titles) {
      const { id } = await create();
      const { body } = await patch(id, { title, status: 'completed' });
      expect((await taskChanges(id))[0]).toMatchObject({
        title: { to: title },
        completed_at: { from: null, to: body.updated_at },
      });
    }
  });
});

describe('the next due date follows the time of the completion', () => {
  // It is Friday 6 March in all of these zones.
  beforeEach(async () => {
    stopClock('2026-03-06T12:00:00Z');
    ada = await makeUser(service.url);
  });

  test.each([
    ['schedule', 'UTC', '2026-03-03T20:00:00Z', '2026-03-04'],
    ['schedule', 'Asia/Tokyo', '2026-03-03T20:00:00Z', '2026-03-05'],
    ['schedule', 'America/Los_Angeles', '2026-03-04T07:59:00Z', '2026-03-04'],
    ['schedule', 'UTC', undefined, '2026-03-07'],
    ['completion', 'UTC', '2026-03-03T20:00:00Z', '2026-03-04'],
    ['completion', 'Asia/Tokyo', '2026-03-03T20:00:00Z', '2026-03-05'],
    ['completion', 'UTC', '2026-03-02T20:00:00Z', '2026-03-04'],
  ])(
    'with repeat_from %s in %s, completed at %s: %s',
    async (repeat_from, time_zone, completed_at, expected) => {
      const { id } = await create({ due_date: '2026-03-03', time_zone, rrule: 'FREQ=DAILY', repeat_from });
      expect((await complete(id, { completed_at })).body).toMatchObject({ due_date: expected });
    },
  );

  test('uses the day of the completion in the profile’s zone across a clock change', async () => {
    stopClock('2026-03-31T12:00:00Z');
    ada = await makeUser(service.url);
    await ada.send('PATCH', '/profile', { body: { time_zone: 'Europe/Zurich' } });
    const weekly = { due_date: '2026-03-22', rrule: 'FREQ=WEEKLY', repeat_from: 'completion' };
    const before = await create(weekly);
    const after = await create(weekly);
    const results = [
      await complete(before.id, { completed_at: '2026-03-28T22:59:00Z' }),
      await complete(after.id, { completed_at: '2026-03-29T22:01:00Z' }),
    ];
    expect(results.map(({ body }) => body.due_date)).toEqual(['2026-04-04', '2026-04-06']);
  });
});

describe('completions of several occurrences', () => {
  const tuesday = { occurrence: '2026-03-03', completed_at: '2026-03-03T20:00:00.000Z' };
  const wednesday = { occurrence: '2026-03-04', completed_at: '2026-03-04T20:00:00.000Z' };

  test.each([
    ['in order', [tuesday, wednesday]],
    ['in reverse', [wednesday, tuesday]],
    ['repeated', [wednesday, tuesday, tuesday, wednesday]],
  ])('have the same effect %s', async (_name, ticks) => {
    const { id } = await create({ due_date: '2026-03-03', rrule: 'FREQ=DAILY' });
    for (const tick of ticks) expect((await complete(id, tick)).status).toBe(200);
    expect(await read(id)).toMatchObject({ status: 'pending', due_date: '2026-03-05' });
    expect(await completions(id)).toEqual([
      `2026-03-03 ${tuesday.completed_at}`,
      `2026-03-04 ${wednesday.completed_at}`,
    ]);
  });

  test('keep an earlier occurrence open, and a passed one can be completed', async () => {
    const { id } = await create({ due_date: '2026-03-03', rrule: 'FREQ=DAILY' });
    const { body } = await complete(id, wednesday);
    expect(body).toMatchObject({ due_date: '2026-03-03', status: 'pending', version: 2 });
    expect((await skip(id, { occurrence: '2026-03-03' })).body.due_date > '2026-03-04').toBe(true);
    const { due_date } = await read(id);
    expect((await complete(id, tuesday)).body).toMatchObject({ due_date, status: 'pending' });
    expect(await completions(id)).toHaveLength(2);
  });

  test('are undone one by one; only the current one moves the task back', async () => {
    const { id } = await create({ due_date: '2026-03-03', rrule: 'FREQ=DAILY' });
    for (const tick of [wednesday, tuesday]) await complete(id, tick);
    const back = (occurrence?: string) => complete(id, { completed: false, occurrence });
    expect((await back('2026-03-04')).body).toMatchObject({ due_date: '2026-03-05' });
    expect((await back('2026-03-04')).body).toMatchObject({ due_date: '2026-03-05' });
    expect(await completions(id)).toHaveLength(1);
    expect((await back('2026-03-03')).body).toMatchObject({ due_date: '2026-03-03' });
    await complete(id, wednesday);
    expect((await back()).body).toMatchObject({ due_date: '2026-03-03', status: 'pending' });
    expect(await completions(id)).toEqual([]);
  });

  test('the last recorded one is undone, not the one with the latest time', async () => {
    const { id } = await create({ due_date: '2026-03-03', rrule: 'FREQ=DAILY' });
    await complete(id, { ...tuesday, completed_at: '2026-03-05T20:00:00.000Z' });
    const { due_date } = await read(id);
    await complete(id, { occurrence: due_date, completed_at: '2026-03-05T08:00:00.000Z' });
    expect((await complete(id, { completed: false })).body).toMatchObject({ due_date });
    expect((await complete(id, { completed: false })).body).toMatchObject({ due_date: '2026-03-03' });
  });

  test('can follow the end of the rule; reopening the task undoes the completion that closed it', async () => {
    const { id } = await create({ due_date: '2099-01-01', rrule: 'FREQ=DAILY;COUNT=2' });
    await skip(id);
    await complete(id, { occurrence: '2099-01-02' });
    expect((await complete(id, { occurrence: '2099-01-01' })).body).toMatchObject({ status: 'completed' });
    expect(await completions(id)).toHaveLength(2);
    expect((await patch(id, { status: 'pending' })).body).toMatchObject({ due_date: '2099-01-02' });
    expect(await completions(id)).toHaveLength(1);
  });

  test.each([
    ['2026-03-05', 'schedule'],
    ['2026-03-01', 'schedule'],
    ['2027-03-09', 'completion'],
    ['2026-03-01', 'completion'],
  ])('are refused for %s, which is no due date with repeat_from %s', async (occurrence, repeat_from) => {
    const { id } = await create({ due_date: '2026-03-03', rrule: 'FREQ=WEEKLY', repeat_from });
    expect(validationErrors(await complete(id, { occurrence }))).toEqual(['/body/occurrence not-allowed']);
    const single = await create({ due_date: '2026-03-03' });
    expect(validationErrors(await complete(single.id, { occurrence }))).toHaveLength(1);
  });

  test('of a task that follows its completions can be recorded after a skip', async () => {
    const { id } = await create({ due_date: '2026-03-03', rrule: 'FREQ=DAILY', repeat_from: 'completion' });
    const { due_date } = (await skip(id)).body;
    expect((await complete(id, tuesday)).body).toMatchObject({ due_date });
    expect(await completions(id)).toEqual([`2026-03-03 ${tuesday.completed_at}`]);
  });
});

describe('a skip with an occurrence', () => {
  test('has an effect only once, also by many clients at once', async () => {
    const { id } = await create({ due_date: '2099-01-01', rrule: 'FREQ=WEEKLY' });
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => skip(id, { occurrence: '2099-01-01' })),
    );
    expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(await read(id)).toMatchObject({ due_date: '2099-01-08', version: 2 });
  });

  test('changes nothing if the task is past it, was moved by hand, completed it, or is closed', async () => {
    const { id } = await create({ due_date: '2099-01-01', rrule: 'FREQ=WEEKLY;COUNT=3' });
    await patch(id, { due_date: '2099-01-05' });
    for (let each = 0; each < 2; each++) {
      expect((await skip(id, { occurrence: '2099-01-05' })).body.due_date).toBe('2099-01-12');
    }
    await complete(id, { occurrence: '2099-01-12' });
    expect((await skip(id, { occurrence: '2099-01-12' })).body.due_date).toBe('2099-01-19');
    for (let each = 0; each < 2; each++) {
      expect((await skip(id, { occurrence: '2099-01-19' })).body).toMatchObject({ status: 'cancelled' });
    }
    expect((await skip(id)).status).toBe(409);
  });

  test('is refused for a later date, and for a task that does not recur', async () => {
    const { id } = await create({ due_date: '2099-01-01', rrule: 'FREQ=WEEKLY' });
    expect(validationErrors(await skip(id, { occurrence: '2099-01-08' }))).toEqual([
      '/body/occurrence not-allowed',
    ]);
    const operations = [{ op: 'skip_occurrence', id, occurrence: '2099-01-08' }];
    const failed = await ada.send('POST', '/batch', { body: { operations, atomic: false } });
    expect(failed.body.results[0].problem.errors[0].pointer).toBe('/body/operations/0/occurrence');
    const single = await create({ due_date: '2099-01-01' });
    expect((await skip(single.id, { occurrence: '2099-01-01' })).status).toBe(409);
  });
});

test('of an imported task is at most 24 hours ahead', async () => {
  const tasks = [23.9, 24.1].map((hours, index) => ({
    id: `019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4${index}`,
    title: 'Imported',
    status: 'completed',
    completed_at: ahead(hours),
  }));
  const send = (some: object[]) =>
    ada.send('POST', '/import.json', { body: { format: 'tasklane-export', version: 2, tasks: some } });
  expect(validationErrors(await send(tasks))).toEqual(['/body/tasks/1/completed_at too-large']);
  expect((await send(tasks.slice(0, 1))).status).toBe(200);
  const imported = await read(tasks[0]?.id as string);
  expect(imported.completed_at).toBe(imported.updated_at);
});

test('streaks and days follow the given times, also in other zones', async () => {
  stopClock('2026-03-06T12:00:00Z');
  ada = await makeUser(service.url);
  const { id } = await create({ due_date: '2026-03-03', rrule: 'FREQ=DAILY' });
  // They arrive in another order than they were made.
  for (const day of ['05', '03', '04']) {
    const tick = { occurrence: `2026-03-${day}`, completed_at: `2026-03-${day}T23:30:00Z` };
    expect((await complete(id, tick)).status).toBe(200);
  }
  const stats = async (tz: string) => (await ada.send('GET', `/stats?tz=${tz}&from=2026-03-01`)).body;
  const utc = await stats('UTC');
  expect(utc.streaks).toEqual({ current: 3, longest: 3 });
  expect(utc.completions.days.filter((each: Body) => each.count > 0)).toEqual([
    { date: '2026-03-03', count: 1 },
    { date: '2026-03-04', count: 1 },
    { date: '2026-03-05', count: 1 },
  ]);
  const tokyo = await stats('Asia/Tokyo');
  expect(tokyo.completions.days.at(-1)).toEqual({ date: '2026-03-06', count: 1 });
});

/** Tests recurring tasks over HTTP: completions, undoing them, and skips. */
import { todayIn } from '../../../src/domain/time/calendar';
import type { ApiResponse, Body } from '../../support/api';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { useUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
const ada = useUser(service);

async function create(body: object = {}): Promise<Body> {
  const response = await ada.send('POST', '/tasks', { body: { title: 'A task', ...body } });
  expect(response.status).toBe(201);
  return response.body;
}

const weekly = { due_date: '2099-01-01', rrule: 'FREQ=WEEKLY' };

function complete(id: string, body?: object): Promise<ApiResponse> {
  return ada.send('PATCH', `/tasks/${id}/complete`, { body });
}

async function completions(id: string): Promise<Body[]> {
  return (await ada.send('GET', `/completions?task_id=${id}`)).body.items;
}

const read = async (id: string): Promise<Body> => (await ada.send('GET', `/tasks/${id}`)).body;

function validationErrors({ status, body }: ApiResponse): string[] {
  expect(status).toBe(422);
  return body.errors.map((each: Body) => `${each.pointer} ${each.code}`);
}

describe('a recurrence rule', () => {
  test('starts at the due date that is set with it', async () => {
    const task = await create({ ...weekly, repeat_from: 'completion' });
    expect(task).toMatchObject({ ...weekly, repeat_from: 'completion', recurrence_start: '2099-01-01' });
  });

  test.each([
    [{ rrule: 'FREQ=WEEKLY' }, ['/body/rrule contradiction']],
    [{ rrule: 'FREQ=SECONDLY', due_date: '2099-01-01' }, ['/body/rrule not-allowed']],
    [{ rrule: 'every week', due_date: '2099-01-01' }, ['/body/rrule wrong-format']],
    [{ rrule: 'FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30', due_date: '2099-01-01' }, ['/body/rrule not-allowed']],
    [{ rrule: '', due_date: '2099-01-01' }, ['/body/rrule too-short']],
    [{ repeat_from: 'now', due_date: '2099-01-01' }, ['/body/repeat_from not-allowed']],
  ])('is rejected in %j', async (body, expected) => {
    const response = await ada.send('POST', '/tasks', { body: { title: 'A task', ...body } });
    for (const error of expected) {
      const [pointer, code] = error.split(' ') as [string, string];
      expect(validationErrors(response).some((each) => each.startsWith(pointer))).toBe(true);
      if (code !== 'wrong-format') expect(validationErrors(response)).toContain(error);
    }
    expect((await ada.send('GET', '/tasks')).body.items).toEqual([]);
  });

  test('is cleared with the due date; its start follows the due date until the first completion', async () => {
    const { id } = await create(weekly);
    const moved = await ada.send('PATCH', `/tasks/${id}`, { body: { due_date: '2099-01-03' } });
    expect(moved.body).toMatchObject({ due_date: '2099-01-03', recurrence_start: '2099-01-03' });
    await complete(id);
    const later = await ada.send('PATCH', `/tasks/${id}`, { body: { due_date: '2099-01-11' } });
    expect(later.body).toMatchObject({ due_date: '2099-01-11', recurrence_start: '2099-01-03' });
    expect((await complete(id)).body.due_date).toBe('2099-01-17');
    for (const due_date of ['2099-01-03', '2099-01-05']) {
      const back = await ada.send('PATCH', `/tasks/${id}`, { body: { due_date } });
      expect(back.body).toMatchObject({ due_date, recurrence_start: '2099-01-03' });
    }
    const cleared = await ada.send('PATCH', `/tasks/${id}`, { body: { due_date: null } });
    expect(cleared.body).toMatchObject({ due_date: null, rrule: null, recurrence_start: null });
    const bare = await ada.send('PATCH', `/tasks/${id}`, { body: { due_date: null, rrule: 'FREQ=DAILY' } });
    expect(validationErrors(bare)).toEqual(['/body/rrule contradiction']);
  });
});

describe('a completion', () => {
  test.each([
    ['without a body', undefined],
    ['with true', { completed: true }],
  ])('%s moves the task to its next occurrence and stores a record', async (_what, body) => {
    const task = await create({
      ...weekly,
      due_time: '18:00',
      time_zone: 'Europe/Zurich',
      status: 'in_progress',
    });
    const response = await complete(task.id, body);
    expect(response.body).toEqual({
      ...task,
      status: 'pending',
      due_date: '2099-01-08',
      due_at: '2099-01-08T17:00:00.000Z',
      version: 2,
      updated_at: response.body.updated_at,
    });
    const [record, ...others] = await completions(task.id);
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      due_date: '2099-01-01',
      due_time: '18:00',
      completed_at: response.body.updated_at,
    });
  });

  test.each([
    ['PATCH', { status: 'completed' }],
    ['PUT', { title: 'A task', ...weekly, status: 'completed' }],
  ])('has the same effect through the status of a %s', async (method, body) => {
    const { id } = await create(weekly);
    const response = await ada.send(method, `/tasks/${id}`, { body });
    expect(response.body).toMatchObject({ status: 'pending', due_date: '2099-01-08' });
    expect(await completions(id)).toHaveLength(1);
  });

  test('applies the other fields of the same patch', async () => {
    const { id } = await create(weekly);
    const body = { status: 'completed', title: 'Renamed', rrule: 'FREQ=DAILY' };
    const response = await ada.send('PATCH', `/tasks/${id}`, { body });
    expect(response.body).toMatchObject({ status: 'pending', due_date: '2099-01-02', title: 'Renamed' });
  });

  test('completes the first occurrence of a task that is created with the status completed', async () => {
    const task = await create({ ...weekly, status: 'completed' });
    expect(task).toMatchObject({ status: 'pending', due_date: '2099-01-08' });
    expect(await completions(task.id)).toHaveLength(1);
  });

  test('skips missed occurrences; today is a day in the task’s time zone', async () => {
    const zone = 'Pacific/Kiritimati';
    const { id } = await create({
      due_date: '2020-01-01',
      rrule: 'FREQ=DAILY',
      due_time: '09:00',
      time_zone: zone,
    });
    const before = todayIn(zone, new Date());
    const { body } = await complete(id);
    const next = (day: string) => new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
    expect([next(before), next(todayIn(zone, new Date()))]).toContain(body.due_date);
  });

  test('of a completed occurrence changes nothing, and an unknown occurrence is rejected', async () => {
    const { id } = await create(weekly);
    const first = await complete(id, { completed: true, occurrence: '2099-01-01' });
    expect(first.body.due_date).toBe('2099-01-08');
    const again = await complete(id, { completed: true, occurrence: '2099-01-01' });
    expect(again.body).toEqual(first.body);
    expect(await completions(id)).toHaveLength(1);
    expect(validationErrors(await complete(id, { completed: true, occurrence: '2099-01-02' }))).toEqual([
      '/body/occurrence not-allowed',
    ]);
  });

  test('of one occurrence by 20 clients at once is recorded once', async () => {
    const { id } = await create(weekly);
    const body = { completed: true, occurrence: '2099-01-01' };
    const responses = await Promise.all(Array.from({ length: 20 }, () => complete(id, body)));
    expect(new Set(responses.map((response) => response.status))).toEqual(new Set([200]));
    expect(await read(id)).toMatchObject({ due_date: '2099-01-08', version: 2 });
    expect(await completions(id)).toHaveLength(1);
  });

  test('of the last occurrence completes the task', async () => {
    const { id } = await create({ ...weekly, rrule: 'FREQ=WEEKLY;COUNT=2' });
    expect((await complete(id)).body).toMatchObject({ status: 'pending', due_date: '2099-01-08' });
    expect((await complete(id)).body).toMatchObject({ status: 'completed', due_date: '2099-01-08' });
    expect((await complete(id, { completed: true })).body.version).toBe(3);
    expect(await completions(id)).toHaveLength(2);
    expect((await complete(id)).body).toMatchObject({ status: 'pending', due_date: '2099-01-08' });
    expect(await completions(id)).toHaveLength(1);
  });

  test('computes the next due date from its own day if repeat_from is completion', async () => {
    const today = todayIn('UTC', new Date());
    const { id } = await create({
      due_date: '2020-01-01',
      rrule: 'FREQ=DAILY;INTERVAL=3;COUNT=2',
      repeat_from: 'completion',
    });
    const { body } = await complete(id);
    const days = (Date.parse(body.due_date) - Date.parse(today)) / 86_400_000;
    expect([3, 4]).toContain(days);
    expect((await complete(id)).body.status).toBe('completed');
  });

  test.each(['schedule', 'completion'])(
    'moves a due date in the future forward, like a skip, if repeat_from is %s',
    async (repeat_from) => {
      const { id } = await create({
        due_date: '2099-01-02',
        rrule: 'FREQ=DAILY;INTERVAL=3;COUNT=9',
        repeat_from,
      });
      const first = { completed: true, occurrence: '2099-01-02' };
      const { body } = await complete(id, first);
      expect(body.due_date > '2099-01-02').toBe(true);
      expect((await complete(id, first)).body).toEqual(body);
      const skipped = await ada.send('POST', `/tasks/${id}/skip`);
      expect(skipped.body.due_date > body.due_date).toBe(true);
      expect(await completions(id)).toHaveLength(1);
    },
  );

  test('counts towards COUNT and a skip does not, if repeat_from is completion', async () => {
    const { id } = await create({ ...weekly, rrule: 'FREQ=WEEKLY;COUNT=2', repeat_from: 'completion' });
    await complete(id);
    expect((await ada.send('POST', `/tasks/${id}/skip`)).body.status).toBe('pending');
    expect((await complete(id)).body.status).toBe('completed');
  });

  test('reopens a cancelled task', async () => {
    const { id } = await create(weekly);
    const cancel = () => ada.send('PATCH', `/tasks/${id}`, { body: { status: 'cancelled' } });
    await cancel();
    expect((await ada.send('POST', `/tasks/${id}/skip`)).status).toBe(409);
    expect((await complete(id)).body).toMatchObject({ status: 'pending', due_date: '2099-01-08' });
    expect((await complete(id, { completed: false })).body).toMatchObject({
      status: 'cancelled',
      due_date: '2099-01-01',
    });
    const patched = await ada.send('PATCH', `/tasks/${id}`, { body: { status: 'completed' } });
    expect(patched.body).toMatchObject({ status: 'pending', due_date: '2099-01-08' });
    expect(await completions(id)).toHaveLength(1);
  });

  test('by the same PUT a second time completes the new occurrence only once', async () => {
    const { id } = await create(weekly);
    const body = { title: 'Done', ...weekly, status: 'completed' };
    const first = await ada.send('PUT', `/tasks/${id}`, { body });
    expect(first.body).toMatchObject({ title: 'Done', status: 'pending', due_date: '2099-01-08' });
    await complete(id);
    const again = await ada.send('PUT', `/tasks/${id}`, { body: { ...body, title: 'Done late' } });
    expect(again.body).toMatchObject({ title: 'Done late', status: 'pending', due_date: '2099-01-15' });
    expect(await completions(id)).toHaveLength(2);
  });

  test('reopens closed subtasks of all levels', async () => {
    const { id } = await create(weekly);
    const child = await create({ parent_id: id, status: 'completed' });
    const grandchild = await create({ parent_id: child.id, status: 'cancelled' });
    await complete(id);
    expect([await read(child.id), await read(grandchild.id)]).toMatchObject([
      { status: 'pending', version: 2 },
      { status: 'pending', version: 2 },
    ]);
    await ada.send('PATCH', `/tasks/${grandchild.id}`, { body: { title: 'Changed since' } });
    await complete(id, { completed: false });
    expect([await read(child.id), await read(grandchild.id)]).toMatchObject([
      { status: 'completed', completed_at: child.completed_at },
      { status: 'cancelled', title: 'Changed since' },
    ]);
    await complete(id);
    await ada.send('PATCH', `/tasks/${child.id}`, { body: { status: 'in_progress' } });
    await complete(id, { completed: false });
    expect([await read(child.id), await read(grandchild.id)]).toMatchObject([
      { status: 'in_progress' },
      { status: 'cancelled' },
    ]);
  });
});

describe('undoing a completion', () => {
  test('restores the due date and the status, one completion at a time', async () => {
    const { id } = await create({ ...weekly, status: 'in_progress' });
    await complete(id);
    await complete(id);
    expect((await complete(id, { completed: false })).body).toMatchObject({
      due_date: '2099-01-08',
      status: 'pending',
    });
    const first = await complete(id, { completed: false });
    expect(first.body).toMatchObject({ due_date: '2099-01-01', status: 'in_progress' });
    expect(await completions(id)).toEqual([]);
    expect((await complete(id, { completed: false })).body).toEqual(first.body);
  });

  test('works for the last occurrence only, and changes nothing the second time', async () => {
    const { id } = await create(weekly);
    for (let each = 0; each < 3; each++) await complete(id);
    const back = (occurrence: string) => complete(id, { completed: false, occurrence });
    expect((await back('2099-01-01')).status).toBe(409);
    const taken = await back('2099-01-15');
    expect(taken.body.due_date).toBe('2099-01-15');
    expect((await back('2099-01-15')).body).toEqual(taken.body);
    expect(await completions(id)).toHaveLength(2);
    expect(validationErrors(await back('2099-03-01'))).toEqual(['/body/occurrence not-allowed']);
  });

  test('also happens when a finished task is reopened', async () => {
    const { id } = await create({ ...weekly, rrule: 'FREQ=WEEKLY;COUNT=1' });
    for (const body of [{ status: 'pending' }, { status: 'in_progress', title: 'Once more' }]) {
      expect((await complete(id)).body.status).toBe('completed');
      const opened = await ada.send('PATCH', `/tasks/${id}`, { body });
      expect([opened.status, opened.body]).toEqual([200, expect.objectContaining(body)]);
      expect(await completions(id)).toEqual([]);
    }
  });

  test('does not fire reminders again', async () => {
    const { id } = await create({
      ...weekly,
      due_date: '2020-01-01',
      reminders: [{ minutes_before_due: 30 }],
    });
    const waiting = () =>
      query(
        service.database.url,
        'select fire_at from tasklane.reminders where task_id = $1 and fired_at is null',
        [id],
      );
    await service.runJob('reminders');
    await complete(id);
    expect(await waiting()).toHaveLength(1);
    await complete(id, { completed: false });
    expect(await waiting()).toEqual([]);
  });

  test('works after other changes, but is 409 if the due date, the rule or the status was changed', async () => {
    for (const [body, status] of [
      [{ title: 'Renamed' }, 200],
      [{ due_date: '2099-02-01' }, 409],
      [{ due_time: '10:00' }, 409],
      [{ rrule: 'FREQ=DAILY' }, 409],
      [{ status: 'cancelled' }, 409],
    ] as const) {
      const { id } = await create(weekly);
      await complete(id);
      await ada.send('PATCH', `/tasks/${id}`, { body });
      const before = await read(id);
      const response = await complete(id, { completed: false });
      expect([body, response.status]).toEqual([body, status]);
      if (status === 409) expect(await read(id)).toEqual(before);
    }
  });
});

describe('skipping', () => {
  test('moves on without a record and cancels the task after the last occurrence', async () => {
    const { id } = await create({ ...weekly, rrule: 'FREQ=WEEKLY;COUNT=2' });
    expect((await ada.send('POST', `/tasks/${id}/skip`)).body).toMatchObject({ due_date: '2099-01-08' });
    expect((await ada.send('POST', `/tasks/${id}/skip`)).body).toMatchObject({ status: 'cancelled' });
    expect((await ada.send('POST', `/tasks/${id}/skip`)).status).toBe(409);
    expect(await completions(id)).toEqual([]);
  });
});

test('the preview lists the due dates that completions in time lead to', async () => {
  const { id } = await create({ due_date: '2099-01-31', rrule: 'FREQ=MONTHLY;COUNT=6' });
  const { body } = await ada.send('GET', `/tasks/${id}/occurrences?limit=100`);
  const previewed = body.items.map((each: Body) => each.due_date);
  const passed = [];
  for (let task = await read(id); task.status === 'pending'; task = (await complete(id)).body)
    passed.push(task.due_date);
  expect(previewed).toEqual(passed);
  expect(previewed).toEqual([
    '2099-01-31',
    '2099-02-28',
    '2099-03-31',
    '2099-04-30',
    '2099-05-31',
    '2099-06-30',
  ]);
  expect((await ada.send('GET', `/tasks/${id}/occurrences`)).body.items).toEqual([]);
});

test('a completion and its undoing record their changes', async () => {
  const { id } = await create(weekly);
  await complete(id);
  await complete(id, { completed: false });
  const changes = await query<{ type: string; action: string; fields: Body }>(
    service.database.url,
    'select type, action, fields from tasklane.changes where lane_id = lane_of($1) order by seq',
    [ada.id],
  );
  const forth = (from: unknown, to: unknown) => ({ from, to });
  const at = expect.stringMatching(/Z$/);
  expect(changes).toEqual([
    { type: 'task', action: 'created', fields: {} },
    { type: 'completion', action: 'created', fields: {} },
    {
      type: 'task',
      action: 'updated',
      fields: { due_date: forth('2099-01-01', '2099-01-08'), completion_count: forth(0, 1) },
    },
    {
      type: 'completion',
      action: 'deleted',
      fields: {
        task_id: forth(id, null),
        title: forth('A task', null),
        due_date: forth('2099-01-01', null),
        rrule: forth('FREQ=WEEKLY', null),
        status: forth('pending', null),
        completed_at: forth(at, null),
        next_due_date: forth('2099-01-08', null),
        reopened: forth([], null),
        moved: forth([], null),
        advanced: forth(true, null),
        recorded_at: forth(at, null),
      },
    },
    {
      type: 'task',
      action: 'updated',
      fields: { due_date: forth('2099-01-08', '2099-01-01'), completion_count: forth(1, 0) },
    },
  ]);
});

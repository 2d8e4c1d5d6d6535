/** Tests requests on one task beyond the contract's cases. */
import { randomUUID } from 'node:crypto';
import { type TaskStatus, taskStatuses } from '../../../src/platform/database/rows';
import type { ApiResponse, Body } from '../../support/api';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeUser, type TestUser } from '../../support/user';

let ada: TestUser;

const service = useTestService({ RATE_LIMIT: 'off' });
beforeAll(async () => {
  ada = await makeUser(service.url);
});

async function create(body: object = {}): Promise<Body> {
  const response = await ada.send('POST', '/tasks', { body: { title: 'A task', ...body } });
  expect(response.status).toBe(201);
  return response.body;
}

async function read(id: string): Promise<Body> {
  const response = await ada.send('GET', `/tasks/${id}`);
  expect(response.status).toBe(200);
  return response.body;
}

/** Sends a change of a task, and expects that a read gives the same response. */
async function change(method: 'PATCH' | 'PUT', path: string, body?: unknown): Promise<Body> {
  const response = await ada.send(method, `/tasks/${path}`, { body });
  expect(response.status).toBe(200);
  expect(await read(response.body.id)).toEqual(response.body);
  return response.body;
}

function validationErrors(response: ApiResponse): string[] {
  expect(response).toMatchObject({ status: 422, body: { code: 'validation-failed' } });
  return response.body.errors.map((each: Body) => `${each.pointer} ${each.code}`).toSorted();
}

async function changesOf(id: string): Promise<{ action: string; fields: Body }[]> {
  return query(
    service.database.url,
    'select action, fields from tasklane.changes where lane_id = lane_of($1) and entity_id = $2 order by seq',
    [ada.id, id],
  );
}

/** The time of the database's clock, in milliseconds. */
async function instant(): Promise<number> {
  const [row] = await query<{ at: Date }>(service.database.url, 'select clock_timestamp() as at');
  return (row as { at: Date }).at.getTime();
}

const full = { title: 'Full', description: 'All of it', status: 'in_progress', priority: 'urgent' };

describe('a patch', () => {
  test.each([
    { title: 'Other' },
    { description: 'Other' },
    { description: null },
    { description: '' },
    { status: 'pending' },
    { priority: 'low' },
    { title: 'Other', priority: 'low' },
    { title: 'Other', description: null, status: 'cancelled', priority: 'low' },
  ])('changes only the fields that it names: %j', async (patch) => {
    const task = await create(full);
    const changed = await change('PATCH', task.id, patch);
    expect(changed).toEqual({ ...task, ...patch, version: 2, updated_at: changed.updated_at });
    expect(Date.parse(changed.updated_at)).toBeGreaterThanOrEqual(Date.parse(task.updated_at));
    const before = task as Record<string, unknown>;
    const fields = Object.entries(patch).map(([field, to]) => [field, { from: before[field], to }]);
    expect(await changesOf(task.id)).toEqual([
      { action: 'created', fields: {} },
      { action: 'updated', fields: Object.fromEntries(fields) },
    ]);
  });

  test.each([
    {},
    { title: 'Full' },
    { title: ' Full\u00a0' },
    { description: 'All of it' },
    { status: 'in_progress' },
    { priority: 'urgent' },
    full,
  ])('leaves the task unchanged if it has the same values: %j', async (patch) => {
    const task = await create(full);
    expect(await change('PATCH', task.id, patch)).toEqual(task);
    expect(await changesOf(task.id)).toHaveLength(1);
  });

  test.each([
    { due_date: '2099-01-01', due_time: '10:00', time_zone: 'Europe/Zurich' },
    {
      due_date: '2099-01-01',
      reminders: [{ minutes_before_due: 5 }],
      tags: ['one', 'two'],
      rrule: 'FREQ=DAILY',
    },
  ])('changes nothing if it repeats the due date, its reminders and its rule: %j', async (due) => {
    const task = await create({ title: 'A task', ...due });
    for (const [method, body] of [
      ['PATCH', {}],
      ['PATCH', due],
      ['PUT', { title: 'A task', ...due }],
    ] as const) {
      expect(await change(method, task.id, body)).toEqual(task);
    }
  });

  test('records only the changed fields in the change', async () => {
    const task = await create(full);
    await change('PATCH', task.id, { ...full, priority: 'low' });
    const [, changed] = await changesOf(task.id);
    expect(changed?.fields).toEqual({ priority: { from: 'urgent', to: 'low' } });
  });

  test.each(['title', 'status', 'priority'])('cannot clear %s', async (field) => {
    const task = await create(full);
    const response = await ada.send('PATCH', `/tasks/${task.id}`, {
      body: { [field]: null, description: null },
    });
    expect(new Set(validationErrors(response).map((each) => each.split(' ')[0]))).toEqual(
      new Set([`/body/${field}`]),
    );
    expect(await read(task.id)).toEqual(task);
  });

  test('raises the version each time', async () => {
    const task = await create();
    for (let n = 1; n <= 5; n++) {
      expect((await change('PATCH', task.id, { title: `Task ${n}` })).version).toBe(n + 1);
    }
  });

  test('is not lost when twenty clients change the task at the same time', async () => {
    const task = await create();
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        ada.send('PATCH', `/tasks/${task.id}`, { body: { title: `Task ${n}` } }),
      ),
    );
    expect(responses.map((each) => each.body.version).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 2),
    );
    const last = responses.find((each) => each.body.version === 21);
    expect(await read(task.id)).toEqual(last?.body);
  });
});

describe('a PUT', () => {
  const everything = {
    ...full,
    tags: ['garden', 'home'],
    due_date: '2099-01-05',
    due_time: '18:00',
    time_zone: 'Europe/Zurich',
    rrule: 'FREQ=WEEKLY',
    repeat_from: 'completion',
    reminders: [{ minutes_before_due: 30 }, { at: '2099-01-01T00:00:00.000Z' }],
  };

  test.each([{ title: 'New' }, { priority: 'low' }, { description: null }, { status: 'pending' }])(
    'keeps the fields that it does not name: %j',
    async (body) => {
      const parent = await create();
      const task = await create({ ...everything, parent_id: parent.id });
      const changed = await change('PUT', task.id, body);
      expect(changed).toEqual({ ...task, ...body, version: 2, updated_at: changed.updated_at });
    },
  );

  test('keeps a completed task completed', async () => {
    const task = await create({ status: 'completed' });
    const { completed_at } = task;
    expect(await change('PUT', task.id, { title: 'New' })).toMatchObject({ completed: true, completed_at });
  });

  test('clears a field with null', async () => {
    const task = await create(everything);
    const cleared = await change('PUT', task.id, { description: null, due_date: null, tags: [] });
    expect(cleared).toMatchObject({
      description: null,
      due_date: null,
      due_time: null,
      rrule: null,
      tags: [],
    });
  });

  test('leaves the task unchanged if it has the same values', async () => {
    const task = await create(everything);
    expect(await change('PUT', task.id, everything)).toEqual(task);
    expect(await change('PUT', task.id, {})).toEqual(task);
  });
});

describe('a task that a client got', () => {
  const got = {
    ...full,
    due_date: '2099-01-05',
    due_time: '18:00',
    time_zone: 'Europe/Zurich',
    tags: ['home'],
  };

  describe.each(['PUT', 'PATCH'] as const)('and sends with %s', (method) => {
    test('changes nothing', async () => {
      const task = await create({ ...got, rrule: 'FREQ=DAILY', reminders: [{ minutes_before_due: 5 }] });
      expect(await change(method, task.id, task)).toEqual(task);
    });

    test('changes the fields that the client changed, and what depends on them', async () => {
      const task = await create({ ...got, rrule: 'FREQ=DAILY' });
      expect(await change(method, task.id, { ...task, due_date: '2099-02-05', title: 'New' })).toMatchObject({
        title: 'New',
        due_at: '2099-02-05T17:00:00.000Z',
        recurrence_start: '2099-02-05',
        version: 2,
      });
    });

    test.each([{ status: 'completed' }, { completed: true }, { status: 'completed', completed: true }])(
      'completes the task with %j',
      async (wanted) => {
        const task = await create(got);
        expect(await change(method, task.id, { ...task, ...wanted })).toMatchObject({ status: 'completed' });
      },
    );

    test.each([{ status: 'pending' }, { completed: false }, { status: 'in_progress', completed: false }])(
      'reopens the task with %j',
      async (wanted) => {
        const task = await create({ ...got, status: 'completed' });
        const status = wanted.status ?? 'pending';
        const reopened = await change(method, task.id, { ...task, ...wanted });
        expect(reopened).toMatchObject({ status, completed_at: null });
      },
    );

    test('completes an occurrence once, also if it is sent twice', async () => {
      const task = await create({ due_date: '2099-01-05', rrule: 'FREQ=WEEKLY' });
      const body = { due_date: task.due_date, completed: true };
      expect(await change(method, task.id, body)).toMatchObject({ due_date: '2099-01-12', completed: false });
      expect(await change(method, task.id, body)).toMatchObject({ due_date: '2099-01-12', version: 2 });
    });

    test('is accepted with instants in another spelling', async () => {
      const task = await create(got);
      const body = {
        created_at: task.created_at.replace('Z', '+00:00'),
        due_at: '2099-01-05T18:00:00+01:00',
      };
      expect(await change(method, task.id, body)).toEqual(task);
    });

    test.each([
      ['id', randomUUID()],
      ['user_id', 'bob'],
      ['due_at', null],
      ['recurrence_start', '2099-01-05'],
      ['position', 'zz'],
      ['version', 7],
      ['created_at', '2020-02-29T12:00:00Z'],
      ['updated_at', '2020-02-29T12:00:00Z'],
    ])('is refused if %s is not its present value', async (field, value) => {
      const task = await create(got);
      const response = await ada.send(method, `/tasks/${task.id}`, { body: { ...task, [field]: value } });
      expect(validationErrors(response)).toEqual([`/body/${field} read-only`]);
      expect(await read(task.id)).toEqual(task);
    });

    test('is refused with all errors at once', async () => {
      const task = await create();
      const body = {
        version: 2,
        status: 'cancelled',
        completed: true,
        due_time: '10:00',
        parent_id: task.id,
      };
      expect(validationErrors(await ada.send(method, `/tasks/${task.id}`, { body }))).toEqual([
        '/body/completed contradiction',
        '/body/due_time contradiction',
        '/body/parent_id cycle',
        '/body/version read-only',
      ]);
    });
  });
});

describe('completed as another spelling of the status', () => {
  test.each([
    [{ completed: true }, 'completed'],
    [{ completed: false }, 'pending'],
    [{ completed: true, status: 'completed' }, 'completed'],
    [{ completed: false, status: 'in_progress' }, 'in_progress'],
  ])('creates a task: %j', async (body, status) => {
    expect(await create(body)).toMatchObject({ status, completed: status === 'completed' });
  });

  test.each([
    { completed: true, status: 'pending' },
    { completed: true, status: 'cancelled' },
    { completed: false, status: 'completed' },
  ])('is refused if the two contradict each other: %j', async (body) => {
    const task = await create({ status: 'in_progress' });
    const refused = ['/body/completed contradiction'];
    const title = 'A task';
    expect(validationErrors(await ada.send('POST', '/tasks', { body: { title, ...body } }))).toEqual(refused);
    for (const method of ['PUT', 'PATCH']) {
      expect(validationErrors(await ada.send(method, `/tasks/${task.id}`, { body }))).toEqual(refused);
    }
  });

  test('is refused with the other errors of a new task', async () => {
    const body = { title: 'A task', completed: true, status: 'pending', due_time: '10:00' };
    expect(validationErrors(await ada.send('POST', '/tasks', { body }))).toEqual([
      '/body/completed contradiction',
      '/body/due_time contradiction',
    ]);
  });

  test.each(['pending', 'in_progress', 'cancelled'])('as false keeps the status %s', async (status) => {
    const task = await create({ status });
    expect(await change('PATCH', task.id, { completed: false })).toEqual(task);
  });

  test('completes the first occurrence of a new recurring task', async () => {
    const task = await create({ due_date: '2099-01-05', rrule: 'FREQ=WEEKLY', completed: true });
    expect(task).toMatchObject({ due_date: '2099-01-12', completed: false });
  });
});

describe('completion', () => {
  const transitions: Record<string, (id: string) => Promise<Body>> = {
    'PATCH status: completed': (id) => change('PATCH', id, { status: 'completed' }),
    'PUT status: completed': (id) => change('PUT', id, { title: 'A task', status: 'completed' }),
    'PATCH completed: true': (id) => change('PATCH', id, { completed: true }),
    'PUT completed: true': (id) => change('PUT', id, { completed: true }),
    '/complete {completed: true}': (id) => change('PATCH', `${id}/complete`, { completed: true }),
  };

  describe.each(taskStatuses)('from %s', (from) => {
    test.each(Object.entries(transitions))('is done by %s', async (_what, complete) => {
      const task = await create({ status: from });
      const earliest = await instant();
      const completed = await complete(task.id);
      const latest = await instant();
      const changes = from !== 'completed';
      expect(completed).toEqual({
        ...task,
        status: 'completed',
        completed: true,
        completed_at: completed.completed_at,
        version: changes ? 2 : 1,
        updated_at: completed.updated_at,
      });
      if (changes) {
        // The database rounds to the nearest millisecond.
        expect(Date.parse(completed.completed_at)).toBeGreaterThanOrEqual(earliest - 1);
        expect(Date.parse(completed.completed_at)).toBeLessThanOrEqual(latest + 1);
        expect(completed.updated_at).toBe(completed.completed_at);
      } else {
        expect(completed).toEqual(task);
      }
    });

    test.each([
      ['without a body', undefined],
      ['with a body of null', null],
    ])('is toggled by /complete %s', async (_what, body) => {
      const task = await create({ status: from });
      const toggled = await change('PATCH', `${task.id}/complete`, body);
      expect(toggled).toMatchObject(
        from === 'completed'
          ? { status: 'pending', completed: false, completed_at: null, version: 2 }
          : { status: 'completed', completed: true, version: 2 },
      );
      const back = await change('PATCH', `${task.id}/complete`, body);
      expect(back).toMatchObject({ status: from === 'completed' ? 'completed' : 'pending', version: 3 });
      expect(back.completed_at === null).toBe(from !== 'completed');
    });

    test('is undone by /complete {completed: false}, which changes only completed tasks', async () => {
      const task = await create({ status: from });
      const reopened = await change('PATCH', `${task.id}/complete`, { completed: false });
      expect(reopened).toEqual(
        from === 'completed'
          ? {
              ...task,
              status: 'pending',
              completed: false,
              completed_at: null,
              version: 2,
              updated_at: reopened.updated_at,
            }
          : task,
      );
    });

    test.each(taskStatuses.filter((to) => to !== 'completed'))(
      'is undone by the status %s, which clears completed_at',
      async (to) => {
        for (const method of ['PATCH', 'PUT'] as const) {
          const task = await create({ status: from });
          const body = method === 'PUT' ? { title: task.title, status: to } : { status: to };
          const changed = await change(method, task.id, body);
          expect(changed).toMatchObject({ status: to, completed: false, completed_at: null });
          expect(changed.version).toBe(from === to ? 1 : 2);
        }
      },
    );
  });

  test('of a new task has the time of its creation', async () => {
    const task = await create({ status: 'completed' });
    expect(task).toMatchObject({ completed: true, completed_at: task.created_at, version: 1 });
  });

  test('keeps its time through other changes and gets a new time when it is repeated', async () => {
    const task = await create({ status: 'completed' });
    // Long ago, so that two times cannot be equal.
    const completed_at = '2020-02-29T12:00:00.000Z';
    await query(service.database.url, 'update tasklane.tasks set completed_at = $2 where id = $1', [
      task.id,
      completed_at,
    ]);
    expect(await change('PATCH', task.id, { title: 'Renamed' })).toMatchObject({ completed_at, version: 2 });
    expect(await change('PUT', task.id, { title: 'Replaced', status: 'completed' })).toMatchObject({
      completed_at,
    });
    expect(await change('PATCH', `${task.id}/complete`, { completed: true })).toMatchObject({
      completed_at,
      version: 3,
    });
    await change('PATCH', `${task.id}/complete`, { completed: false });
    const again = await change('PATCH', `${task.id}/complete`, { completed: true });
    expect(again).toMatchObject({ version: 5, completed_at: again.updated_at });
    expect(again.completed_at).not.toBe(completed_at);
  });

  test.each([{}, { completed: null }, { completed: 'true' }, { completed: 1 }, [], 'true'])(
    'rejects the body %j',
    async (body) => {
      const task = await create();
      const response = await ada.send('PATCH', `/tasks/${task.id}/complete`, {
        body: JSON.stringify(body),
        headers: { 'Content-Type': 'application/json' },
      });
      expect(response.status).toBe(422);
      expect(await read(task.id)).toEqual(task);
    },
  );

  test('ends in the first status when two clients toggle it at once', async () => {
    const task = await create();
    const responses = await Promise.all([1, 2].map(() => ada.send('PATCH', `/tasks/${task.id}/complete`)));
    expect(responses.map((each) => each.body.completed).toSorted()).toEqual([false, true]);
    expect(await read(task.id)).toMatchObject({ status: 'pending', version: 3 });
  });
});

describe('an id', () => {
  test.each([
    ['version 7', () => '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e'],
    ['version 4', () => randomUUID()],
    ['version 1', () => 'c232ab00-9414-11ec-b3c8-9f6bdeced846'],
    ['nil', () => '00000000-0000-0000-0000-000000000000'],
    ['max', () => 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  ])('can be of the form %s', async (_what, make) => {
    const id = make();
    expect((await create({ id })).id).toBe(id);
    expect((await read(id)).id).toBe(id);
  });

  test('is a UUID of version 7 if the service makes it, and later ids sort after earlier ones', async () => {
    const made = [await create(), await create(), await create()].map((task) => task.id);
    expect(
      made.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
    ).toBe(true);
    expect(made).toEqual(made.toSorted());
  });

  test.each([
    '019A9C2E-5B00-7C3A-9D51-7F6A2B1C0D4E',
    'urn:uuid:019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e',
    '{019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e}',
    '019a9c2e5b007c3a9d517f6a2b1c0d4e',
    '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e\n',
    ' 019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e',
    '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4',
    '٠19a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e',
    '',
  ])('cannot be %j, neither in a body nor in a path', async (id) => {
    expect(validationErrors(await ada.send('POST', '/tasks', { body: { id, title: 'A task' } }))).toEqual([
      '/body/id wrong-format',
    ]);
    if (id === '') return;
    for (const [method, suffix] of [
      ['GET', ''],
      ['PUT', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['PATCH', '/complete'],
    ] as const) {
      const body =
        method === 'PUT' ? { title: 'A task' } : method === 'PATCH' && suffix === '' ? {} : undefined;
      const response = await ada.send(method, `/tasks/${encodeURIComponent(id)}${suffix}`, { body });
      expect(validationErrors(response)).toEqual(['/path/task_id wrong-format']);
    }
  });

  test.each([null, 1, ['019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4f'], {}])(
    'cannot be of another JSON type: %j',
    async (id) => {
      const [error] = validationErrors(await ada.send('POST', '/tasks', { body: { id, title: 'A task' } }));
      expect(error).toBe('/body/id wrong-type');
    },
  );

  test('is unique in its lane, and another lane can use it too', async () => {
    const task = await create({ title: 'Mine' });
    const again = await ada.send('POST', '/tasks', {
      body: { id: task.id, title: 'Again', priority: 'low' },
    });
    const entity = { type: 'task', version: task.version, in_trash: false };
    expect(again).toMatchObject({ status: 409, body: { code: 'id-taken', entity } });
    expect(await read(task.id)).toEqual(task);
    expect(await changesOf(task.id)).toHaveLength(1);

    const bob = await makeUser(service.url);
    const theirs = await bob.send('POST', '/tasks', { body: { id: task.id, title: 'Theirs' } });
    expect(theirs).toMatchObject({ status: 201, body: { id: task.id, user_id: bob.id, title: 'Theirs' } });
    expect(await read(task.id)).toEqual(task);
  });

  test('goes to only one of ten tasks that are created with it at the same time', async () => {
    const bob = await makeUser(service.url);
    const id = randomUUID();
    const responses = await Promise.all(
      Array.from({ length: 10 }, (_, n) => bob.send('POST', '/tasks', { body: { id, title: `Task ${n}` } })),
    );
    expect(responses.map((each) => each.status).toSorted()).toEqual([201, ...Array(9).fill(409)]);
    const made = responses.find((each) => each.status === 201);
    expect((await bob.send('GET', `/tasks/${id}`)).body).toEqual(made?.body);
  });

  test('can be used again only after its task is purged', async () => {
    const { id } = await create();
    expect((await ada.send('DELETE', `/tasks/${id}`)).status).toBe(204);
    expect((await ada.send('DELETE', `/tasks/${id}`)).status).toBe(404);
    const retried = await ada.send('POST', '/tasks', { body: { id, title: 'Again' } });
    const entity = { type: 'task', version: 2, in_trash: true };
    expect(retried).toMatchObject({ status: 409, body: { code: 'id-taken', entity } });
    expect((await ada.send('DELETE', `/trash/${id}`)).status).toBe(204);
    expect(await create({ id, title: 'Again' })).toMatchObject({ id, version: 1 });
    const actions = (await changesOf(id)).map((each) => each.action);
    expect(actions).toEqual(['created', 'deleted', 'purged', 'created']);
  });
});

describe('a title', () => {
  test.each([
    [' Water ', 'Water'],
    ['\u00a0Water\u00a0the\u00a0plants\u00a0', 'Water\u00a0the\u00a0plants'],
    ['\u3000\u2003\ufeffWater\u2028\u2029', 'Water'],
    ['a', 'a'],
    ['0', '0'],
    ['😀', '😀'],
    ['\u200b', '\u200b'],
    ['__proto__', '__proto__'],
    ["Robert'); DROP TABLE tasks;--", "Robert'); DROP TABLE tasks;--"],
    ['? ?? :name $1 %s \\', '? ?? :name $1 %s \\'],
    ['e\u0301', 'e\u0301'],
    ['\ufffe\uffff\u{10ffff}', '\ufffe\uffff\u{10ffff}'],
    ['x'.repeat(200), 'x'.repeat(200)],
    ['😀'.repeat(200), '😀'.repeat(200)],
    ['👩‍👩‍👧‍👦'.repeat(28), '👩‍👩‍👧‍👦'.repeat(28)],
  ])('is stored trimmed: %j becomes %j', async (given, kept) => {
    expect((await create({ title: given })).title).toBe(kept);
    const { id } = await create({ title: 'Other' });
    expect((await change('PATCH', id, { title: given })).title).toBe(kept);
    expect((await change('PUT', id, { title: given })).title).toBe(kept);
  });

  test.each([
    ['empty', '', '/body/title too-short'],
    ['spaces', '   ', '/body/title wrong-format'],
    ['a no-break space', '\u00a0', '/body/title wrong-format'],
    ['a byte order mark', '\ufeff', '/body/title wrong-format'],
    ['a line separator', '\u2028', '/body/title wrong-format'],
    ['201 characters', 'x'.repeat(201), '/body/title too-long'],
    ['201 astral characters', '😀'.repeat(201), '/body/title too-long'],
    ['a tab in front', '\tWater', '/body/title wrong-format'],
    ['a line break behind', 'Water\n', '/body/title wrong-format'],
    ['a line break within', 'Water\r\nplants', '/body/title wrong-format'],
    ['U+0000', 'a\0b', '/body/title wrong-format'],
    ['U+001F', 'a\u001fb', '/body/title wrong-format'],
    ['U+007F', 'a\u007fb', '/body/title wrong-format'],
    ['U+0085', '\u0085a', '/body/title wrong-format'],
    ['U+009F', 'a\u009f', '/body/title wrong-format'],
    ['a high surrogate alone', 'a\ud83d', '/body/title wrong-format'],
    ['a low surrogate alone', '\ude00a', '/body/title wrong-format'],
    ['a number', 1, '/body/title wrong-type'],
    ['a boolean', true, '/body/title wrong-type'],
    ['a list', ['Water'], '/body/title wrong-type'],
    ['an object', { toString: 'Water' }, '/body/title wrong-type'],
    ['null', null, '/body/title wrong-type'],
  ])('is rejected: %s', async (_what, title, error) => {
    const { id } = await create();
    for (const [method, path] of [
      ['POST', ''],
      ['PUT', `/${id}`],
      ['PATCH', `/${id}`],
    ] as const) {
      expect(validationErrors(await ada.send(method, `/tasks${path}`, { body: { title } }))).toContain(error);
    }
  });
});

describe('a description', () => {
  const astral = '😀'.repeat(10_000);

  test.each([
    ['10,000 astral characters', astral],
    ['10,000 letters', 'x'.repeat(10_000)],
    ['nothing', ''],
    ['white space and control characters', ' \t\r\n\u0001\u007f\u0085 '],
  ])('is stored unchanged: %s', async (_what, description) => {
    const { id } = await create({ description });
    expect((await read(id)).description).toBe(description);
  });

  test('can have the maximum length even if every character is escaped in JSON', async () => {
    const escaped = (text: string) =>
      [...Array(text.length).keys()]
        .map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`)
        .join('');
    const title = '😀'.repeat(200);
    const response = await ada.send('POST', '/tasks', {
      body: `{"title":"${escaped(title)}","description":"${escaped(astral)}","status":"in_progress","priority":"medium","id":"${randomUUID()}"}`,
      headers: { 'Content-Type': 'application/json' },
    });
    expect(response.status).toBe(201);
    expect(response.body).toMatchObject({ title, description: astral });
  });

  test.each([
    ['10,001 letters', 'x'.repeat(10_001), 'too-long'],
    ['10,001 astral characters', `${astral}😀`, 'too-long'],
    ['NUL', 'a\0b', 'wrong-format'],
    ['half a surrogate pair', '\ud83d', 'wrong-format'],
    ['a number', 1, 'wrong-type'],
    ['a list', ['a'], 'wrong-type'],
  ])('is rejected: %s', async (_what, description, code) => {
    const response = await ada.send('POST', '/tasks', { body: { title: 'A task', description } });
    expect(validationErrors(response)).toEqual([`/body/description ${code}`]);
  });
});

describe('a body', () => {
  const json = { headers: { 'Content-Type': 'application/json' } };

  test('gets all its validation errors in one response', async () => {
    const response = await ada.send('POST', '/tasks', {
      body: { id: 'X', title: '', description: 5, status: 'done', priority: null, due: 'now', done: 1 },
    });
    expect(new Set(validationErrors(response))).toEqual(
      new Set([
        '/body/id wrong-format',
        '/body/title too-short',
        '/body/description wrong-type',
        '/body/status not-allowed',
        '/body/priority not-allowed',
        '/body/due unknown',
        '/body/done unknown',
      ]),
    );
  });

  test('gets its validation errors together with those of the path and the query', async () => {
    const response = await ada.send('PATCH', '/tasks/nonsense?dry_run=1', { body: { title: 1, colour: 2 } });
    expect(validationErrors(response)).toEqual([
      '/body/colour unknown',
      '/body/title wrong-type',
      '/path/task_id wrong-format',
      '/query/dry_run unknown',
    ]);
  });

  test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'cannot have the property %j, which every object inherits',
    async (name) => {
      const { id } = await create();
      for (const [method, path] of [
        ['POST', ''],
        ['PUT', `/${id}`],
        ['PATCH', `/${id}`],
      ] as const) {
        const body = `{"title": "A task", ${JSON.stringify(name)}: {"priority": "urgent"}}`;
        const response = await ada.send(method, `/tasks${path}`, { body, ...json });
        expect(validationErrors(response)).toEqual([`/body/${name} unknown`]);
      }
      expect(({} as Record<string, unknown>).priority).toBeUndefined();
    },
  );

  test.each(['[]', '[{"title":"A task"}]', 'null', '"title"', '1', 'true'])(
    'is rejected if it is not an object: %s',
    async (body) => {
      const { id } = await create();
      for (const [method, path] of [
        ['POST', ''],
        ['PUT', `/${id}`],
        ['PATCH', `/${id}`],
      ] as const) {
        const response = await ada.send(method, `/tasks${path}`, { body, ...json });
        expect([method, validationErrors(response)]).toEqual([method, ['/body wrong-type']]);
      }
    },
  );

  test.each([
    { status: 'done' },
    { status: 'Pending' },
    { status: '' },
    { status: 0 },
    { priority: 'asap' },
    { priority: [] },
  ])('is rejected if it is not JSON: %j', async (fields) => {
    const [field] = Object.keys(fields);
    const pointers = validationErrors(
      await ada.send('POST', '/tasks', { body: { title: 'A task', ...fields } }),
    );
    expect(new Set(pointers.map((each) => each.split(' ')[0]))).toEqual(new Set([`/body/${field}`]));
  });

  test('stores nothing if it is rejected', async () => {
    const eve = await makeUser(service.url);
    await eve.send('POST', '/tasks', { body: { title: '' } });
    expect(
      await query(service.database.url, 'select from tasklane.profiles where lane_id = lane_of($1)', [
        eve.id,
      ]),
    ).toEqual([]);
  });
});

test('a read does not create a lane', async () => {
  const eve = await makeUser(service.url);
  expect((await eve.send('GET', '/tasks')).body).toEqual({
    items: [],
    next_cursor: null,
    total: null,
    subtask_counts: null,
    highlights: null,
    search: null,
  });
  expect((await eve.send('GET', `/tasks/${randomUUID()}`)).status).toBe(404);
  expect(
    await query(service.database.url, 'select from tasklane.profiles where lane_id = lane_of($1)', [eve.id]),
  ).toEqual([]);
});

test('the Location of a new task is the address of the task', async () => {
  const { body, headers } = await ada.send('POST', '/tasks', { body: { title: 'A task' } });
  expect(headers.location).toBe(`${ada.lane}/tasks/${body.id}`);
  expect(await read(body.id)).toEqual(body);
});

test.each<TaskStatus>(['pending', 'completed'])(
  'a new %s task has the same time in all its timestamps',
  async (status) => {
    const task = await create({ status });
    expect(task.updated_at).toBe(task.created_at);
    expect(task.completed_at).toBe(status === 'completed' ? task.created_at : null);
  },
);

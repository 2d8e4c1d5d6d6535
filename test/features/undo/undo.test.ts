/** Tests which changes an undo takes back, and what it leaves. */
import type { ApiResponse, Body } from '../../support/api';
import { tokenOfClient } from '../../support/clients';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeUser, useUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
const ada = useUser(service);

const requestOf = ({ headers }: ApiResponse): string => headers['tasklane-request'] as string;
const patch = (id: string, body: object, token?: string) =>
  ada.send('PATCH', `/tasks/${id}`, { body, ...(token && { token }) });
const create = async (fields: object = {}): Promise<Body> =>
  (await ada.send('POST', '/tasks', { body: { title: 'A task', ...fields } })).body;
const read = async (id: string): Promise<Body> => (await ada.send('GET', `/tasks/${id}`)).body;
const undo = (body: object, headers: Record<string, string> = {}) =>
  ada.send('POST', '/undo', { body, headers });
const undoRequest = async (response: ApiResponse): Promise<Body[]> => {
  const { status, body } = await undo({ request: requestOf(response) });
  expect(status).toBe(200);
  return body.entities;
};

describe('changes', () => {
  test('have the user or the client as their actor', async () => {
    const { id } = await create();
    await patch(id, { priority: 'high' }, await tokenOfClient(ada.id, 'agent'));
    const { items } = (await ada.send('GET', '/activity')).body;
    expect(items.map((each: Body) => each.actor)).toEqual([
      { type: 'client', id: 'agent' },
      { type: 'user', id: ada.id },
    ]);
  });

  test('of jobs have the service as their actor, and no request', async () => {
    await create({ due_date: '2020-01-01', reminders: [{ at: '2020-01-01T00:00:00.000Z' }] });
    await service.runJob('reminders');
    const { items } = (await ada.send('GET', '/activity?action=reminded')).body;
    expect(items).toMatchObject([{ actor: { type: 'service', id: null }, request: null }]);
  });

  test('of one batch have one request, and the client cannot choose it', async () => {
    const headers = { 'X-Request-Id': 'chosen-by-the-client' };
    const operations = [1, 2].map((n) => ({ op: 'create_task', task: { title: `Task ${n}` } }));
    const [one, two] = [
      await ada.send('POST', '/batch', { headers, body: { operations } }),
      await ada.send('POST', '/batch', { headers, body: { operations } }),
    ];
    expect(one.headers['x-request-id']).toBe(two.headers['x-request-id']);
    const { items } = (await ada.send('GET', '/activity')).body;
    expect(items.map((each: Body) => each.request)).toEqual([two, two, one, one].map(requestOf));
    expect(requestOf(one)).not.toBe(requestOf(two));
  });

  test('of writes that share a commit have their own requests', async () => {
    await create();
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => ada.send('POST', '/tasks', { body: { title: 'At once' } })),
    );
    const { items } = (await ada.send('GET', '/activity?limit=10')).body;
    expect(items.map((each: Body) => `${each.entity_id} ${each.request}`).toSorted()).toEqual(
      responses.map((each) => `${each.body.id} ${requestOf(each)}`).toSorted(),
    );
  });

  test('of a repeated request keep the id of the first', async () => {
    const again = { headers: { 'Idempotency-Key': 'a-key' }, body: { title: 'Once' } };
    const [one, two] = [await ada.send('POST', '/tasks', again), await ada.send('POST', '/tasks', again)];
    expect(requestOf(two)).toBe(requestOf(one));
  });
});

describe('an undo leaves', () => {
  test('a field that was changed since, and takes back the others', async () => {
    const { id } = await create();
    const changed = await patch(id, { title: 'By the client', priority: 'high' });
    await patch(id, { title: 'By the user' });
    expect(await undoRequest(changed)).toEqual([
      {
        type: 'task',
        entity_id: id,
        action: 'updated',
        undone: ['priority'],
        left: [{ field: 'title', reason: 'changed' }],
      },
    ]);
    expect(await read(id)).toMatchObject({ title: 'By the user', priority: 'medium' });
  });

  test('all dates if one of them was changed since', async () => {
    const { id } = await create({ due_date: '2030-01-01' });
    const changed = await patch(id, { due_date: '2030-02-01', due_time: '09:00' });
    await patch(id, { due_time: '10:00' });
    const [entity] = await undoRequest(changed);
    expect(entity).toMatchObject({ action: null, undone: [] });
    expect(await read(id)).toMatchObject({ due_date: '2030-02-01', due_time: '10:00' });
  });

  test('a completion whose task went on since', async () => {
    const { id } = await create({ due_date: '2030-01-01', rrule: 'FREQ=WEEKLY' });
    const completed = await ada.send('PATCH', `/tasks/${id}/complete`);
    await ada.send('PATCH', `/tasks/${id}/complete`);
    const entities = await undoRequest(completed);
    expect(entities.map(({ type, action }) => [type, action])).toEqual([
      ['completion', null],
      ['task', null],
    ]);
    expect(await read(id)).toMatchObject({ due_date: '2030-01-15' });
    expect((await ada.send('GET', '/completions')).body.items).toHaveLength(2);
  });

  test('a created task that was changed since', async () => {
    const created = await ada.send('POST', '/tasks', { body: { title: 'A task' } });
    await patch(created.body.id, { title: 'Changed' });
    const [entity] = await undoRequest(created);
    expect(entity).toMatchObject({ action: null, left: [{ field: null, reason: 'changed' }] });
    expect(await read(created.body.id)).toMatchObject({ title: 'Changed' });
  });

  test('a created task with a subtask of another request', async () => {
    const created = await ada.send('POST', '/tasks', { body: { title: 'A task' } });
    await create({ parent_id: created.body.id });
    const [entity] = await undoRequest(created);
    expect(entity).toMatchObject({ action: null, left: [{ field: null, reason: 'in-use' }] });
  });

  test('a created project with tasks of another request', async () => {
    const created = await ada.send('POST', '/projects', { body: { name: 'Garden' } });
    await create({ project_id: created.body.id });
    const [entity] = await undoRequest(created);
    expect(entity).toMatchObject({ action: null, left: [{ field: null, reason: 'in-use' }] });
  });

  test('a created tag that another task has', async () => {
    const created = await ada.send('POST', '/tasks', { body: { title: 'A task', tags: ['home'] } });
    await create({ tags: ['home'] });
    const entities = await undoRequest(created);
    expect(entities).toMatchObject([
      { type: 'tag', action: null, left: [{ field: null, reason: 'in-use' }] },
      { type: 'task', action: 'deleted', left: [] },
    ]);
  });

  test('a task that was purged since', async () => {
    const { id } = await create();
    const deleted = await ada.send('DELETE', `/tasks/${id}`);
    await ada.send('DELETE', `/trash/${id}`);
    const [entity] = await undoRequest(deleted);
    expect(entity).toMatchObject({ action: null, left: [{ field: null, reason: 'gone' }] });
  });

  test('a former name of a tag that is taken since', async () => {
    await create({ tags: ['home'] });
    const { items } = (await ada.send('GET', '/tags')).body;
    const renamed = await ada.send('PATCH', `/tags/${items[0].id}`, { body: { name: 'house' } });
    await create({ tags: ['Home'] });
    const [entity] = (await undoRequest(renamed)).filter(({ type }) => type === 'tag');
    expect(entity).toMatchObject({ action: null, left: [{ field: 'name', reason: 'conflict' }] });
    const { items: now } = (await ada.send('GET', '/tags')).body;
    expect(now.map((each: Body) => each.name)).toEqual(['Home', 'house']);
  });

  test('a former parent that became a subtask since', async () => {
    const parent = await create();
    const child = await create({ parent_id: parent.id });
    const moved = await ada.send('POST', `/tasks/${child.id}/move`, { body: { parent_id: null } });
    await ada.send('POST', `/tasks/${parent.id}/move`, { body: { parent_id: child.id } });
    const [entity] = await undoRequest(moved);
    expect(entity.left).toContainEqual({ field: 'parent_id', reason: 'conflict' });
    expect(await read(child.id)).toMatchObject({ parent_id: null });
  });

  test('former reminders that need a due date', async () => {
    const { id } = await create({ due_date: '2030-01-01', reminders: [{ minutes_before_due: 5 }] });
    const changed = await patch(id, { reminders: [] });
    await patch(id, { due_date: null });
    const [entity] = await undoRequest(changed);
    expect(entity).toMatchObject({ action: null, left: [{ field: 'reminders', reason: 'conflict' }] });
  });

  test('a purge, and a webhook', async () => {
    const { id } = await create();
    await ada.send('DELETE', `/tasks/${id}`);
    const purged = await ada.send('DELETE', `/trash/${id}`);
    const webhook = await ada.send('POST', '/webhooks', { body: { url: 'https://hooks.example.com/' } });
    for (const response of [purged, webhook]) {
      const [entity] = await undoRequest(response);
      expect(entity).toMatchObject({ action: null, left: [{ field: null, reason: 'not-undoable' }] });
    }
  });
});

test('a subtask that was added since moves along with its parent', async () => {
  const [one, two] = [
    (await ada.send('POST', '/projects', { body: { name: 'One' } })).body,
    (await ada.send('POST', '/projects', { body: { name: 'Two' } })).body,
  ];
  const { id } = await create({ project_id: one.id });
  const moved = await patch(id, { project_id: two.id });
  const child = await create({ parent_id: id });
  await undoRequest(moved);
  expect(await read(child.id)).toMatchObject({ project_id: one.id });
});

test('past reminders do not fire after an undo', async () => {
  const { id } = await create({ due_date: '2020-01-01', reminders: [{ minutes_before_due: 0 }] });
  const changed = await patch(id, { reminders: [] });
  await undoRequest(changed);
  expect((await read(id)).reminders).toHaveLength(1);
  await service.runJob('reminders');
  expect((await ada.send('GET', '/activity?action=reminded')).body.items).toEqual([]);
});

describe('the last requests', () => {
  test('are those of the user, or of a client', async () => {
    const { id } = await create();
    const token = await tokenOfClient(ada.id, 'agent');
    await patch(id, { title: 'By the agent' }, token);
    await patch(id, { priority: 'high' });
    await patch(id, { description: 'By another' }, await tokenOfClient(ada.id, 'other'));
    const { body } = await undo({ last: { client_id: 'agent' } });
    expect(body.entities).toMatchObject([{ entity_id: id, undone: ['title'], left: [] }]);
    await patch(id, { links: [{ url: 'https://a.example/' }] }, token);
    await undo({ last: { requests: 2 } });
    expect(await read(id)).toMatchObject({
      title: 'By the agent',
      priority: 'medium',
      description: 'By another',
      links: [{ url: 'https://a.example/' }],
    });
  });

  test('are taken back together, the latest first', async () => {
    const { id } = await create();
    const token = await tokenOfClient(ada.id, 'agent');
    const responses = [
      await patch(id, { title: 'One' }, token),
      await patch(id, { title: 'Two' }, token),
      await patch(id, { title: 'Three' }, token),
    ];
    const { body } = await undo({ last: { client_id: 'agent', requests: 2 } });
    expect(body.requests).toEqual([responses[2], responses[1]].map((each) => requestOf(each as ApiResponse)));
    expect(await read(id)).toMatchObject({ title: 'One' });
  });

  test('of an actor without changes are none', async () => {
    await create();
    expect(await undo({ last: { client_id: 'agent' } })).toMatchObject({
      status: 200,
      body: { requests: [], entities: [] },
    });
  });
});

test.each([
  ['neither `request` nor `last`', {}, '/body'],
  ['both', { request: '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e', last: {} }, '/body/last'],
  ['more than 100 requests', { last: { requests: 101 } }, '/body/last/requests'],
])('%s is refused', async (_, body, pointer) => {
  expect(await undo(body)).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
});

test('the request of another user is refused, and nothing changes', async () => {
  const other = await makeUser(service.url);
  const created = await other.send('POST', '/tasks', { body: { title: 'Mine' } });
  expect(await undo({ request: requestOf(created) })).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: '/body/request', code: 'not-in-lane' }] },
  });
  expect((await other.send('GET', `/tasks/${created.body.id}`)).status).toBe(200);
});

test('at most 1,000 changes are taken back', async () => {
  const { id } = await create();
  const changed = await patch(id, { title: 'Changed' });
  const addChanges = (count: number) =>
    query(
      service.database.url,
      `insert into tasklane.changes (lane_id, seq, type, entity_id, action, fields, request)
       select lane_of($1), seq, 'task', $2, 'updated', '{}', $3::uuid from generate_series(1001, 1000 + $4::int) as seq`,
      [ada.id, id, requestOf(changed), count],
    );
  await addChanges(1_000);
  expect(await undo({ request: requestOf(changed) })).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: '/body/request', code: 'too-large' }] },
  });
  await query(
    service.database.url,
    'delete from tasklane.changes where lane_id = lane_of($1) and seq = 2000',
    [ada.id],
  );
  expect(await undoRequest(changed)).toMatchObject([{ undone: ['title'], left: [] }]);
});

test('a repeated undo with the same key takes back once', async () => {
  const { id } = await create();
  const changed = await patch(id, { title: 'Changed' });
  const [one, two] = [
    await undo({ request: requestOf(changed) }, { 'Idempotency-Key': 'undo' }),
    await undo({ request: requestOf(changed) }, { 'Idempotency-Key': 'undo' }),
  ];
  expect(two).toMatchObject({ body: one.body, headers: { 'idempotency-replayed': 'true' } });
  expect(await read(id)).toMatchObject({ title: 'A task', version: 3 });
});

test('undos at the same time take back once', async () => {
  const { id } = await create({ due_date: '2030-01-01', rrule: 'FREQ=WEEKLY' });
  const completed = await ada.send('PATCH', `/tasks/${id}/complete`);
  const undone = await Promise.all([1, 2, 3].map(() => undo({ request: requestOf(completed) })));
  expect(undone.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(await read(id)).toMatchObject({ due_date: '2030-01-01', version: 3 });
  expect((await ada.send('GET', '/completions')).body.items).toEqual([]);
});

test('an undo of edits at the same time leaves no field between two values', async () => {
  const { id } = await create();
  const changed = await patch(id, { title: 'By the client' });
  const [undone] = await Promise.all([
    undo({ request: requestOf(changed) }),
    patch(id, { title: 'By the user' }),
  ]);
  expect(undone.status).toBe(200);
  // Whichever came first, the user's edit stays.
  expect(await read(id)).toMatchObject({ title: 'By the user' });
});

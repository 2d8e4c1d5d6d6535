/** Tests the `fetch` for existing frontends with the shapes that hand-written task backends have, and a running service. */
import { randomUUID } from 'node:crypto';
import { tokenOf, useTestService } from '../../test/support/service';
import { compatFetch } from '../src/compat';
import { createTasklane, type Lane } from '../src/index';

const service = useTestService({ RATE_LIMIT: 'off' });

// biome-ignore lint/suspicious/noExplicitAny: frontends read untyped JSON.
type Json = any;
interface Frontend {
  readonly lane: Lane;
  readonly tasks: string;
  send(method: string, path: string, body?: object): Promise<Response>;
  json(method: string, path: string, body?: object): Promise<Json>;
}

async function makeFrontend(list?: 'array' | 'tasks' | 'data'): Promise<Frontend> {
  const userId = randomUUID();
  const token = await tokenOf(userId);
  const call = compatFetch(fetch, { baseUrl: service.url, list });
  const tasks = `${service.url}/api/${userId}/tasks`;
  const send = (method: string, path: string, body?: object) =>
    call(`/api/${userId}/tasks${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
  const lane = createTasklane({ baseUrl: service.url, token }).lane(userId);
  return { lane, tasks, send, json: async (...request) => (await send(...request)).json() };
}

const titles = (list: Json) => list.map((each: Json) => each.title);

describe('answers', () => {
  test('are an array, {tasks, total} and {data: {tasks, total}} at once', async () => {
    const { lane, json } = await makeFrontend();
    const task = await lane.tasks.create({ title: 'A' });
    const list = await json('GET', '');
    expect(Array.isArray(list)).toBe(true);
    for (const each of [list, list.tasks, list.data, list.data.tasks]) expect(each[0].id).toBe(task.id);
    expect([list.length, list.total, list.data.total, list.success]).toEqual([1, 1, 1, true]);
  });

  test.each([
    ['array', (body: Json) => body],
    ['tasks', (body: Json) => body.tasks],
    ['data', (body: Json) => body.data.tasks],
  ] as const)('have the text that list: %s says', async (list, read) => {
    const { lane, send } = await makeFrontend(list);
    await lane.tasks.create({ title: 'A' });
    expect(titles(read(JSON.parse(await (await send('GET', '/')).text())))).toEqual(['A']);
  });

  test('have the names of camel case, is_completed and category', async () => {
    const { json } = await makeFrontend();
    const task = await json('POST', '', { title: 'A', tags: ['home'], dueDate: '2099-01-31' });
    for (const each of [task, task.task, task.data, task.data.task]) {
      expect(each).toMatchObject({ title: 'A', due_date: '2099-01-31', dueDate: '2099-01-31' });
      expect(each).toMatchObject({ completed: false, isCompleted: false, is_completed: false });
      expect(each).toMatchObject({ category: 'home', userId: each.user_id, createdAt: each.created_at });
    }
    expect(await json('GET', `/${task.id}`)).toMatchObject({ task: { id: task.id } });
  });

  test('have a body after a deletion, and texts in a problem', async () => {
    const { json, send } = await makeFrontend();
    const { id } = await json('POST', '', { title: 'A' });
    const deleted = await send('DELETE', `/${id}`);
    expect([deleted.status, await deleted.json()]).toEqual([200, { success: true, id }]);
    const missing = await send('GET', `/${id}`);
    const problem = await missing.json();
    expect([missing.status, problem.code]).toEqual([404, 'task-not-found']);
    expect([problem.message, problem.error]).toEqual([problem.detail, problem.detail]);
  });
});

describe('bodies', () => {
  test.each([
    [{ priority: 'none' }, { priority: 'low' }],
    [{ priority: 'Medium' }, { priority: 'medium' }],
    [{ priority: 'MEDIUM' }, { priority: 'medium' }],
    [{ priority: 'critical' }, { priority: 'urgent' }],
    [{ status: 'TO_DO' }, { status: 'pending' }],
    [{ status: 'In Progress' }, { status: 'in_progress' }],
    [{ status: 'done' }, { status: 'completed' }],
    [{ completed: true }, { status: 'completed' }],
    [{ isCompleted: true }, { status: 'completed' }],
    [{ is_completed: false }, { status: 'pending' }],
    [{ category: 'work' }, { tags: ['work'] }],
    [{ category: null }, { tags: [] }],
    [{ tags: 'home, garden' }, { tags: ['garden', 'home'] }],
    [{ description: '' }, { description: null }],
    [{ dueDate: '' }, { due_date: null }],
    [{ due_date: '2099-01-31T00:00:00.000Z' }, { due_date: '2099-01-31', due_time: null }],
    [{ due_date: '2099-01-31T10:30:00.000Z' }, { due_at: '2099-01-31T10:30:00.000Z' }],
    [{ dueDate: '2099-01-31T10:30:00+02:00' }, { due_at: '2099-01-31T08:30:00.000Z' }],
    [{ id: 7, user_id: 'eve', createdAt: '2020-01-01', updatedAt: 'now' }, { version: 1 }],
  ])('%j become %j', async (body, expected) => {
    const { json } = await makeFrontend();
    const task = await json('POST', '', { title: 'A', ...body });
    expect({ ...task, tags: task.tags.sort() }).toMatchObject(expected);
  });

  test('of a whole task change only what the frontend changed', async () => {
    const { lane, json } = await makeFrontend();
    const { id } = await lane.tasks.create({ title: 'A', tags: ['home'], due_date: '2099-01-31' });
    const read = await json('GET', `/${id}`);
    await lane.tasks.update(id, { priority: 'high' });
    const now = new Date().toISOString();
    const done = await json('PUT', `/${id}`, { ...read.task, completed: true, updatedAt: now });
    expect(done).toMatchObject({ status: 'completed', priority: 'high', tags: ['home'] });
    const [listed] = await json('GET', '');
    const open = await json('PUT', `/${id}`, { ...listed, isCompleted: false, dueDate: '2099-02-01' });
    expect(open).toMatchObject({ status: 'pending', due_date: '2099-02-01', tags: ['home'] });
    expect(await json('PUT', `/${id}`, { ...open })).toMatchObject({ version: open.version });
  });

  test('of PUT keep the fields that they do not name', async () => {
    const { json } = await makeFrontend();
    const { id } = await json('POST', '', { title: 'A', priority: 'high' });
    expect(await json('PUT', `/${id}`, { title: 'B' })).toMatchObject({ title: 'B', priority: 'high' });
  });
});

describe('completions', () => {
  test.each([
    ['PATCH', 'complete', { completed: true }, [true, true]],
    ['PUT', 'complete', { isCompleted: true }, [true, true]],
    ['POST', 'complete', undefined, [true, false]],
    ['PATCH', 'toggle', undefined, [true, false]],
    ['POST', 'uncomplete', undefined, [false, false]],
    ['PATCH', 'incomplete', undefined, [false, false]],
  ])('%s /%s %j', async (method, action, body, expected) => {
    const { json } = await makeFrontend();
    const { id } = await json('POST', '', { title: 'A' });
    const first = await json(method, `/${id}/${action}`, body);
    const second = await json(method, `/${id}/${action}/`, body);
    expect([first.completed, second.completed]).toEqual(expected);
  });
});

test.each([
  ['?sort_by=due_date&order=asc', ['B', 'C', 'A']],
  ['?sortBy=title&sortOrder=desc', ['C', 'B', 'A']],
  ['?sort=title&order=asc&limit=2', ['A', 'B']],
  ['?sort=title&limit=1&offset=1', ['B']],
  ['?sort=title&limit=2&page=2', ['C']],
  ['?sort=created', ['A', 'B', 'C']],
  ['?search=b', ['B']],
  ['?status_filter=completed', ['C']],
  ['?status=DONE', ['C']],
  ['?status=all&search=&sort=title', ['A', 'B', 'C']],
  ['?completed=true', ['C']],
  ['?is_completed=false&sort=title', ['A', 'B']],
  ['?priority=HIGH', ['B']],
  ['?tags=home&tags=garden', ['A']],
  ['?category=garden&sort=title', ['A', 'B']],
])('lists %s', async (query, expected) => {
  const { json } = await makeFrontend();
  await json('POST', '', { title: 'A', tags: ['home', 'garden'] });
  await json('POST', '', { title: 'B', category: 'garden', priority: 'High', due_date: '2099-01-30' });
  await json('POST', '', { title: 'C', status: 'DONE', due_date: '2099-01-31' });
  const list = await json('GET', query);
  expect(titles(list)).toEqual(expected);
});

test('sends requests to other addresses unchanged', async () => {
  const sent: unknown[] = [];
  const call = compatFetch(
    async (...args) => {
      sent.push(args);
      return Response.json({});
    },
    { baseUrl: 'https://tasks.test/lane' },
  );
  const request = new Request('https://tasks.test/api/ada/tasks', { method: 'POST', body: '{}' });
  const init = { method: 'POST', body: 'x' };
  await call('/api/auth/session', init);
  await call(request);
  expect(sent).toEqual([
    ['/api/auth/session', init],
    [request, undefined],
  ]);
  expect(request.bodyUsed).toBe(false);
  await call('https://tasks.test/lane/api/ada/tasks/1/complete', { method: 'POST' });
  expect(sent[2]).toMatchObject(['https://tasks.test/lane/api/ada/tasks/1/complete', { method: 'PATCH' }]);
});

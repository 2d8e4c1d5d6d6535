/** Tests the client against a running service. */
import { signDevelopmentToken } from '../../src/platform/auth/development-token';
import { startTestService, type TestService, testSecret, tokenOf } from '../../test/support/service';
import {
  createTasklane,
  etagOf,
  isProblem,
  type Lane,
  type RawClient,
  TasklaneProblem,
  unwrap,
} from '../src/index';

const absentId = '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

const clientOf = async (userId: string): Promise<RawClient> =>
  createTasklane({ baseUrl: service.url, token: await tokenOf(userId) }).raw;

const laneOf = async (userId: string): Promise<Lane> =>
  createTasklane({ baseUrl: service.url, token: await tokenOf(userId) }).lane();

/** Creates tasks one after the other; resolves to their titles. */
async function makeTasks(client: RawClient, user_id: string, titles: string[]): Promise<string[]> {
  for (const title of titles) {
    await unwrap(client.POST('/api/{user_id}/tasks', { params: { path: { user_id } }, body: { title } }));
  }
  return titles;
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `Task ${index}`);

test('creates, lists, gets, updates, puts, completes and deletes a task', async () => {
  const client = await clientOf('ada');
  const user = { user_id: 'ada' };

  const { data: made, response } = await client.POST('/api/{user_id}/tasks', {
    params: { path: user },
    body: { title: 'Water the plants', description: 'The fern twice.', priority: 'high' },
  });
  expect(response.status).toBe(201);
  expect(made).toMatchObject({ user_id: 'ada', title: 'Water the plants', status: 'pending', version: 1 });
  if (!made) throw new Error('No task.');
  const one = { params: { path: { ...user, task_id: made.id } } };

  const list = await unwrap(client.GET('/api/{user_id}/tasks', { params: { path: user } }));
  expect(list).toEqual({
    items: [made],
    next_cursor: null,
    total: null,
    subtask_counts: null,
    highlights: null,
    search: null,
  });
  expect(await unwrap(client.GET('/api/{user_id}/tasks/{task_id}', one))).toEqual(made);

  const patched = await unwrap(
    client.PATCH('/api/{user_id}/tasks/{task_id}', { ...one, body: { description: null } }),
  );
  expect(patched).toMatchObject({ title: 'Water the plants', description: null, priority: 'high' });

  const put = await unwrap(
    client.PUT('/api/{user_id}/tasks/{task_id}', { ...one, body: { title: 'Water the fern' } }),
  );
  expect(put).toMatchObject({ title: 'Water the fern', priority: 'high' });

  const toggled = await unwrap(client.PATCH('/api/{user_id}/tasks/{task_id}/complete', one));
  expect(toggled).toMatchObject({ status: 'completed', completed: true });
  const reopened = await unwrap(
    client.PATCH('/api/{user_id}/tasks/{task_id}/complete', { ...one, body: { completed: false } }),
  );
  expect(reopened).toMatchObject({ status: 'pending', completed: false });

  const deleted = await client.DELETE('/api/{user_id}/tasks/{task_id}', one);
  expect(deleted.response.status).toBe(204);
  expect(deleted).not.toHaveProperty('error');
  const { error } = await client.GET('/api/{user_id}/tasks/{task_id}', one);
  expect(error?.code).toBe('task-not-found');
});

test('a problem is returned as a value, and unwrap throws it as an error', async () => {
  const client = await clientOf('ada');
  const get = () =>
    client.GET('/api/{user_id}/tasks/{task_id}', {
      params: { path: { user_id: 'ada', task_id: absentId } },
    });

  const { data, error, response } = await get();
  expect(data).toBeUndefined();
  expect(error).toMatchObject({
    code: 'task-not-found',
    status: 404,
    request_id: response.headers.get('X-Request-Id'),
  });

  const thrown = await unwrap(get()).catch((caught: unknown) => caught);
  expect(thrown).toBeInstanceOf(TasklaneProblem);
  expect(isProblem(thrown, 'task-not-found')).toBe(true);
  expect(isProblem(thrown, 'id-taken', 'task-not-found')).toBe(true);
  expect(isProblem(thrown)).toBe(true);
  expect(isProblem(thrown, 'id-taken')).toBe(false);
  if (!isProblem(thrown)) throw thrown;
  expect(thrown).toMatchObject({
    name: 'TasklaneProblem',
    message: 'task-not-found: The lane has no task with this id.',
    code: 'task-not-found',
    status: 404,
    problem: { title: 'Task not found' },
  });
  expect(thrown.requestId).toBe(thrown.response.headers.get('X-Request-Id'));
});

test.each([undefined, null, 'task-not-found', new Error('x'), { code: 'task-not-found' }])(
  'isProblem is false for %p',
  (value) => {
    expect(isProblem(value)).toBe(false);
    expect(isProblem(value, 'task-not-found')).toBe(false);
  },
);

test('a failed validation lists every validation error', async () => {
  const client = await clientOf('ada');
  const { error } = await client.POST('/api/{user_id}/tasks', {
    params: { path: { user_id: 'ada' } },
    body: { title: 'x'.repeat(201), id: 'x' },
  });
  if (error?.code !== 'validation-failed') throw new Error(`Not what was expected: ${error?.code}`);
  expect(error.errors.map(({ pointer }) => pointer).sort()).toEqual(['/body/id', '/body/title']);
});

describe('an entity tag', () => {
  test('equals that of the service, for an entity from any response', async () => {
    const client = await clientOf('tagger');
    const path = { user_id: 'tagger' };
    const { data, response } = await client.POST('/api/{user_id}/tasks', {
      params: { path },
      body: { title: 'A' },
    });
    if (!data) throw new Error('No task.');
    expect(etagOf(data)).toBe(response.headers.get('ETag'));
    const { items } = await unwrap(client.GET('/api/{user_id}/tasks', { params: { path } }));
    expect(items.map(etagOf)).toEqual([etagOf(data)]);
    const profile = await client.GET('/api/{user_id}/profile', { params: { path } });
    expect(etagOf(profile.data ?? data)).toBe(profile.response.headers.get('ETag'));
  });

  test('keeps an update from overwriting another one', async () => {
    const client = await clientOf('careful');
    const path = { user_id: 'careful' };
    const task = await unwrap(
      client.POST('/api/{user_id}/tasks', { params: { path }, body: { title: 'A' } }),
    );
    const change = (title: string) =>
      client.PATCH('/api/{user_id}/tasks/{task_id}', {
        params: { path: { ...path, task_id: task.id }, header: { 'If-Match': etagOf(task) } },
        body: { title },
      });
    const changed = await unwrap(change('B'));
    const { error, response } = await change('C');
    if (error?.code !== 'precondition-failed') throw new Error(`Not what was expected: ${error?.code}`);
    expect(error.current).toEqual(changed);
    expect(response.headers.get('ETag')).toBe(etagOf(changed));
  });

  test('shows whether the entity has changed', async () => {
    const client = await clientOf('curious');
    const path = { user_id: 'curious' };
    const task = await unwrap(
      client.POST('/api/{user_id}/tasks', { params: { path }, body: { title: 'A' } }),
    );
    const get = (tag: string) =>
      client.GET('/api/{user_id}/tasks/{task_id}', {
        params: { path: { ...path, task_id: task.id }, header: { 'If-None-Match': tag } },
      });
    const same = await get(etagOf(task));
    expect([same.response.status, same.data, Boolean(same.error)]).toEqual([304, undefined, false]);
    expect(same.response.headers.get('ETag')).toBe(etagOf(task));
    expect((await get('"0-0"')).data).toEqual(task);
    await expect(unwrap(get(etagOf(task)))).rejects.toThrow('Not Modified');
  });
});

test('a request that is sent twice with the same key is carried out once', async () => {
  const client = await clientOf('retrier');
  const path = { user_id: 'retrier' };
  const create = () =>
    client.POST('/api/{user_id}/tasks', {
      params: { path, header: { 'Idempotency-Key': 'a-key' } },
      body: { title: 'Once' },
    });
  const [first, again] = [await create(), await create()];
  expect(again.data).toEqual(first.data);
  expect(again.response.headers.get('Idempotency-Replayed')).toBe('true');
  const { items } = await unwrap(client.GET('/api/{user_id}/tasks', { params: { path } }));
  expect(items).toEqual([first.data]);
});

test('a token of another user and a missing token give problems', async () => {
  const params = { path: { user_id: 'ada' } };
  const mallory = await clientOf('mallory');
  expect((await mallory.GET('/api/{user_id}/tasks', { params })).error?.code).toBe('forbidden');
  const nobody = createTasklane({ baseUrl: service.url }).raw;
  expect((await nobody.GET('/api/{user_id}/tasks', { params })).error?.code).toBe('unauthorized');
  expect((await nobody.GET('/livez')).data).toEqual({ status: 'alive' });
});

test('an expired token is replaced, and the request is repeated with its body', async () => {
  const calls: boolean[] = [];
  const client = createTasklane({
    baseUrl: `${service.url}/`,
    token({ refresh }) {
      calls.push(refresh);
      return signDevelopmentToken(testSecret, { userId: 'eve', lifetimeSeconds: refresh ? 60 : -3600 });
    },
  }).raw;
  await makeTasks(client, 'eve', ['Renewed']);
  expect(calls).toEqual([false, true]);
  const titles = (await unwrap(client.GET('/api/{user_id}/tasks', { params: { path: { user_id: 'eve' } } })))
    .items;
  expect(titles.map(({ title }) => title)).toEqual(['Renewed']);
});

test('filters and sorts with several values', async () => {
  const client = await clientOf('grace');
  const params = { path: { user_id: 'grace' } };
  for (const body of [
    { title: 'Low', priority: 'low' },
    { title: 'Urgent', priority: 'urgent', status: 'in_progress' },
    { title: 'Cancelled', status: 'cancelled' },
  ] as const) {
    await unwrap(client.POST('/api/{user_id}/tasks', { params, body }));
  }
  const query = { status: ['pending', 'in_progress'], sort: ['-priority', 'created_at'] } as const;
  const { items } = await unwrap(
    client.GET('/api/{user_id}/tasks', {
      params: { ...params, query: { status: [...query.status], sort: [...query.sort] } },
    }),
  );
  expect(items.map(({ title }) => title)).toEqual(['Urgent', 'Low']);
});

describe('all pages of a list', () => {
  test.each(['created_at', '-created_at'] as const)(
    'sorted by %s, contain each earlier task once although new tasks are created meanwhile',
    async (sort) => {
      const user_id = `lister${sort}`;
      const client = await clientOf(user_id);
      const titles = await makeTasks(client, user_id, numbered(10));

      const listed: string[] = [];
      let pages = 0;
      for await (const page of (await laneOf(user_id)).tasks.list({ sort, limit: 2 }).pages()) {
        listed.push(...page.items.map(({ title }) => title));
        pages += 1;
        if (pages <= 4) await makeTasks(client, user_id, [`Made after page ${pages}`]);
      }

      const before = listed.filter((title) => titles.includes(title));
      expect(before).toEqual(sort === 'created_at' ? titles : titles.toReversed());
      // Sorted by newest first, new tasks come before the first page; otherwise after the last page.
      expect(listed.length).toBe(sort === 'created_at' ? 14 : 10);
      expect(pages).toBe(sort === 'created_at' ? 7 : 5);
    },
  );

  test('can be read item by item, from a cursor, with the same filters', async () => {
    const titles = await makeTasks(await clientOf('lin'), 'lin', numbered(5));
    const { tasks } = await laneOf('lin');
    await tasks.create({ title: 'No', status: 'cancelled' });

    const query = { sort: 'title', status: 'pending', limit: 2 } as const;
    const { next_cursor } = await tasks.list(query);
    const listed: string[] = [];
    for await (const { title } of tasks.list({ ...query, cursor: next_cursor ?? '' })) listed.push(title);
    expect(listed).toEqual(titles.slice(2));
  });

  test('end with the problem of a failed page', async () => {
    const list = (await laneOf('ada')).tasks.list({ limit: 201 });
    const thrown = await list[Symbol.asyncIterator]()
      .next()
      .catch((caught: unknown) => caught);
    if (!isProblem(thrown, 'validation-failed')) throw thrown;
    expect(thrown.problem.errors).toMatchObject([{ pointer: '/query/limit', code: 'too-large' }]);
  });
});

test.each([
  'a b',
  'é',
  'e\u0301',
  '日本🦊',
  'a%2Fb',
  '%',
  '%2e',
  '...',
  '.a',
  "o'hara",
  'x?y#z&a=b;c,d+e',
  'google|1@example.com',
  '$&$1',
  '{task_id}',
])('the user id %p is encoded in the path', async (user_id) => {
  const client = await clientOf(user_id);
  const task = await unwrap(
    client.POST('/api/{user_id}/tasks', { params: { path: { user_id } }, body: { title: 'Mine' } }),
  );
  expect(task.user_id).toBe(user_id);
  const path = { user_id, task_id: task.id };
  expect(await unwrap(client.GET('/api/{user_id}/tasks/{task_id}', { params: { path } }))).toEqual(task);
});

/** Tests the quotas of a lane: every operation that has them, and what counts. */
import { randomUUID } from 'node:crypto';
import type { Body } from '../support/api';
import { query } from '../support/database';
import { operationsWithProblem } from '../support/operations';
import { useTestService } from '../support/service';
import { makeUser, type TestUser } from '../support/user';

const quotas = { QUOTA_TASKS: '4', QUOTA_PROJECTS: '2', QUOTA_TAGS: '3', QUOTA_WEBHOOKS: '1' };
const limits: Record<string, number> = { tasks: 4, projects: 2, tags: 3, webhooks: 1 };

let user: TestUser;
const service = useTestService({ RATE_LIMIT: 'off', ...quotas });
beforeEach(async () => {
  user = await makeUser(service.url);
});

/** Expects the counts of each profile to match its tables. */
async function expectTrueCounts(): Promise<void> {
  const rows = await query<Record<string, number>>(
    service.database.url,
    `select task_count, project_count, tag_count, webhook_count,
       (select count(*)::int from tasklane.tasks where lane_id = p.lane_id) as tasks,
       (select count(*)::int from tasklane.projects where lane_id = p.lane_id) as projects,
       (select count(*)::int from tasklane.tags where lane_id = p.lane_id) as tags,
       (select count(*)::int from tasklane.webhooks where lane_id = p.lane_id) as webhooks
     from tasklane.profiles as p`,
  );
  for (const { tasks, projects, tags, webhooks, ...counts } of rows) {
    expect(counts).toEqual({
      task_count: tasks,
      project_count: projects,
      tag_count: tags,
      webhook_count: webhooks,
    });
  }
}
afterEach(expectTrueCounts);

const exceeded = (quota: string) => ({
  status: 409,
  body: {
    code: 'quota-exceeded',
    quota,
    limit: limits[quota],
    detail: `The lane can have at most ${limits[quota]} ${quota}.`,
  },
});

const create = (path: string, body: object) => user.send('POST', path, { body });
const task = (fields: object = {}) => create('/tasks', { title: 'A task', ...fields });
const tags = (...names: string[]) => ({ tags: names });
const importOf = (tasks: number, query = '', tag?: string) =>
  user.send('POST', `/import.csv${query}`, {
    headers: { 'Content-Type': 'text/csv' },
    body: ['title,tags', ...Array.from({ length: tasks }, (_, n) => `Task ${n},${tag ? tag + n : ''}`)].join(
      '\n',
    ),
  });

/** Fills the lane up to each quota. */
async function fill(): Promise<Body> {
  await create('/projects', { name: 'One' });
  await create('/projects', { name: 'Two' });
  await create('/webhooks', { url: 'https://hooks.example.com/' });
  await task(tags('a', 'b'));
  await task(tags('c'));
  await task();
  const { status, body } = await task();
  expect(status).toBe(201);
  return body;
}

/** A request that exceeds a quota in a full lane, for each operation that can. */
const growing: Record<string, (id: string) => Promise<unknown>> = {
  createTask: () => task(),
  createQuickTask: () => create('/tasks/quick', { text: 'A task' }),
  putTask: (id) => user.send('PUT', `/tasks/${id}`, { body: { title: 'A task', ...tags('d') } }),
  updateTask: (id) => user.send('PATCH', `/tasks/${id}`, { body: tags('d') }),
  duplicateTask: (id) => create(`/tasks/${id}/duplicate`, {}),
  createProject: () => create('/projects', { name: 'Three' }),
  createWebhook: () => create('/webhooks', { url: 'https://hooks.example.com/other' }),
  importLane: () =>
    user.send('POST', '/import.json', {
      body: { format: 'tasklane-export', version: 2, tasks: [{ id: randomUUID(), title: 'A task' }] },
    }),
  importCsv: () => importOf(1),
  importCalendar: () =>
    user.send('POST', '/import.ics', {
      headers: { 'Content-Type': 'text/calendar' },
      body: 'BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nSUMMARY:A task\r\nEND:VTODO\r\nEND:VCALENDAR\r\n',
    }),
};

test('the contract declares the problem for each of these operations', () => {
  expect(operationsWithProblem(409, 'QuotaExceededProblem')).toEqual(
    expect.arrayContaining(Object.keys(growing)),
  );
});

test.each(Object.keys(growing))('%s answers quota-exceeded, and changes nothing', async (id) => {
  const { id: taskId } = await fill();
  const before = await user.send('GET', '/sync');
  const quota = /Webhook/.test(id)
    ? 'webhooks'
    : /Project/.test(id)
      ? 'projects'
      : /put|update/.test(id)
        ? 'tags'
        : 'tasks';
  expect(await growing[id]?.(taskId)).toMatchObject(exceeded(quota));
  expect((await user.send('GET', '/sync')).body.items).toEqual(before.body.items);
});

test('tasks in a full lane can still be changed', async () => {
  const { id } = await fill();
  expect(
    (await user.send('PATCH', `/tasks/${id}`, { body: { title: 'New', ...tags('a', 'c') } })).status,
  ).toBe(200);
  expect((await user.send('PATCH', `/tasks/${id}/complete`)).status).toBe(200);
  expect((await user.send('DELETE', `/tasks/${id}`)).status).toBe(204);
});

test('tasks in the trash count until they are purged', async () => {
  const { id } = await fill();
  await user.send('DELETE', `/tasks/${id}`);
  expect(await task()).toMatchObject(exceeded('tasks'));
  expect((await user.send('POST', `/tasks/${id}/restore`)).status).toBe(200);
  await user.send('DELETE', `/tasks/${id}`);
  expect((await user.send('DELETE', '/trash')).status).toBe(204);
  expect((await task()).status).toBe(201);
});

test('projects in the trash do not count, and can be restored within the quota', async () => {
  await fill();
  const [{ id }] = (await user.send('GET', '/projects')).body.items;
  await user.send('DELETE', `/projects/${id}?tasks=delete`);
  const { body: another } = await create('/projects', { name: 'Three' });
  expect(await user.send('POST', `/projects/${id}/restore`)).toMatchObject(exceeded('projects'));
  await user.send('DELETE', `/projects/${another.id}?tasks=move`);
  expect((await user.send('POST', `/projects/${id}/restore`)).status).toBe(200);
});

test('after a deletion, new entities can be created', async () => {
  await fill();
  const [{ id: project }] = (await user.send('GET', '/projects')).body.items;
  const [{ id: tag }, { id: other }] = (await user.send('GET', '/tags')).body.items;
  const [{ id: webhook }] = (await user.send('GET', '/webhooks')).body.items;
  await user.send('DELETE', `/projects/${project}?tasks=move`);
  await user.send('DELETE', `/tags/${tag}`);
  // Two tags become one.
  await user.send('PATCH', `/tags/${other}`, { body: { name: 'c' } });
  await user.send('DELETE', `/webhooks/${webhook}`);
  expect((await create('/projects', { name: 'Three' })).status).toBe(201);
  expect((await create('/webhooks', { url: 'https://hooks.example.com/' })).status).toBe(201);
  const { items } = (await user.send('GET', '/tasks')).body;
  expect((await user.send('PATCH', `/tasks/${items[0].id}`, { body: tags('d', 'e') })).status).toBe(200);
  expect(await user.send('PATCH', `/tasks/${items[0].id}`, { body: tags('d', 'e', 'f') })).toMatchObject(
    exceeded('tags'),
  );
});

describe('a batch', () => {
  const operation = (n: number) => ({ op: 'create_task', task: { title: `Task ${n}` } });
  const apply = (count: number, atomic: boolean) =>
    create('/batch', { atomic, operations: Array.from({ length: count }, (_, n) => operation(n)) });

  test('fails at the operation that exceeds a quota if it is atomic', async () => {
    const { status, body } = await apply(6, true);
    expect(status).toBe(422);
    expect(body.results.map((each: Body) => each.problem.code)).toEqual([
      ...Array.from({ length: 4 }, () => 'not-applied'),
      'quota-exceeded',
      'not-applied',
    ]);
    expect(body.results[4].problem).toMatchObject(exceeded('tasks').body);
    expect((await user.send('GET', '/tasks')).body.items).toEqual([]);
  });

  test('applies the operations that fit if it is not atomic', async () => {
    const { status, body } = await apply(6, false);
    expect(status).toBe(200);
    expect(body.results.map((each: Body) => each.status)).toEqual([201, 201, 201, 201, 409, 409]);
  });

  test('can delete entities so that its later operations do not exceed the quota', async () => {
    const { id } = await fill();
    await user.send('PATCH', `/tasks/${id}`, { body: tags('a') });
    const [{ id: project }] = (await user.send('GET', '/projects')).body.items;
    const { status } = await create('/batch', {
      operations: [
        { op: 'delete_project', id: project, tasks: 'move' },
        { op: 'create_project', project: { name: 'Three' } },
      ],
    });
    expect(status).toBe(200);
  });
});

describe('an import', () => {
  test.each(['', '?dry_run=true'])('writes nothing if its rows exceed a quota%s', async (query) => {
    expect(await importOf(5, query)).toMatchObject(exceeded('tasks'));
    expect((await user.send('GET', '/tasks')).body.items).toEqual([]);
    expect((await importOf(4, query)).status).toBe(200);
  });

  test('is rejected if its tasks have too many tags', async () => {
    expect(await importOf(4, '', 'tag')).toMatchObject(exceeded('tags'));
  });
});

test('the quota of a lane does not affect other lanes', async () => {
  await fill();
  user = await makeUser(service.url);
  expect((await task()).status).toBe(201);
});

test('a rejected request with a key can be sent again', async () => {
  const { id } = await fill();
  const headers = { 'Idempotency-Key': randomUUID() };
  const send = () => user.send('POST', '/tasks', { headers, body: { title: 'Again' } });
  expect(await send()).toMatchObject(exceeded('tasks'));
  await user.send('DELETE', `/tasks/${id}`);
  await user.send('DELETE', '/trash');
  expect((await send()).status).toBe(201);
});

test('concurrent writers do not exceed a quota together', async () => {
  const statuses = (await Promise.all(Array.from({ length: 10 }, () => task()))).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual([201, 201, 201, 201, 409, 409, 409, 409, 409, 409]);
});

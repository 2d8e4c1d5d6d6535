/** Tests the storage quota: which requests are refused, which bytes count, and when deleted data no longer counts. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Body, RequestOptions } from '../support/api';
import { query } from '../support/database';
import { operations, operationsWithProblem } from '../support/operations';
import { useTestService } from '../support/service';
import { makeUser, useUser } from '../support/user';

const limit = 1_000_000;
const service = useTestService({ RATE_LIMIT: 'off', QUOTA_STORAGE_BYTES: String(limit) });
const ada = useUser(service);

const sql = <R extends object>(text: string) => query<R>(service.database.url, text, [ada.id]);

const exceeded = {
  status: 409,
  body: {
    code: 'quota-exceeded',
    quota: 'storage',
    limit,
    detail: 'The lane can have at most 1000000 bytes.',
  },
};

/** Makes the profile count `bytes` for the lane. */
async function pretend(bytes: number): Promise<void> {
  await sql(
    `update tasklane.profiles set storage_correction = ${bytes} - storage_written, storage_check_at = null
     where lane_id = lane_of($1)`,
  );
}

const create = async (path: string, body: object): Promise<Body> => {
  const response = await ada.send('POST', path, { body });
  expect(response.status).toBe(201);
  return response.body;
};
const task = (fields: object = {}) => create('/tasks', { title: 'A task', ...fields });

/** A text of `length` characters that cannot be compressed much. */
const text = (length: number) => randomBytes(length).toString('base64url').slice(0, length);

/** Fills a lane with rows in all tables. */
async function fill() {
  const project = await create('/projects', { name: 'A project' });
  const other = await create('/projects', { name: 'Another project' });
  const plain = await task({ tags: ['a', 'b'], project_id: project.id, description: text(1_000) });
  const recurring = await task({
    due_date: '2030-01-01',
    due_time: '09:00',
    time_zone: 'Europe/Zurich',
    rrule: 'FREQ=DAILY',
    reminders: [{ minutes_before_due: 10 }],
  });
  await ada.send('PATCH', `/tasks/${recurring.id}/complete`);
  const trashed = await task();
  await ada.send('DELETE', `/tasks/${trashed.id}`);
  const trashedProject = await create('/projects', { name: 'A deleted project' });
  await ada.send('DELETE', `/projects/${trashedProject.id}?tasks=delete`);
  const webhook = await create('/webhooks', { url: 'https://hooks.example.com/' });
  const { body: delivery } = await ada.send('POST', `/webhooks/${webhook.id}/test`);
  await ada.send('POST', '/tasks', {
    headers: { 'Idempotency-Key': 'a-key' },
    body: { title: 'With a key' },
  });
  const { items: tags } = (await ada.send('GET', '/tags')).body;
  return { project, other, plain, recurring, trashed, trashedProject, webhook, delivery, tag: tags[0] };
}
type Filled = Awaited<ReturnType<typeof fill>>;

const patch = (path: string, body?: object): [string, string, RequestOptions] => ['PATCH', path, { body }];
const post = (path: string, body?: object): [string, string, RequestOptions] => ['POST', path, { body }];

const exported = { format: 'tasklane-export', version: 1 };
const calendar = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//EN
BEGIN:VTODO
UID:1
DTSTAMP:20270101T000000Z
SUMMARY:A task
END:VTODO
END:VCALENDAR
`;

/** A request that adds bytes, for each operation that can be refused. */
const growing: Record<string, (lane: Filled) => [string, string, RequestOptions]> = {
  createTask: () => post('/tasks', { title: 'A task' }),
  createQuickTask: () => post('/tasks/quick', { text: 'A task' }),
  putTask: ({ plain }) => ['PUT', `/tasks/${plain.id}`, { body: { title: 'Another' } }],
  updateTask: ({ plain }) => patch(`/tasks/${plain.id}`, { title: 'Another' }),
  completeTask: ({ plain }) => patch(`/tasks/${plain.id}/complete`),
  skipOccurrence: ({ recurring }) => post(`/tasks/${recurring.id}/skip`),
  duplicateTask: ({ plain }) => post(`/tasks/${plain.id}/duplicate`),
  moveTask: ({ plain, recurring }) => post(`/tasks/${plain.id}/move`, { after: recurring.id }),
  restoreTask: ({ trashed }) => post(`/tasks/${trashed.id}/restore`),
  restoreProject: ({ trashedProject }) => post(`/projects/${trashedProject.id}/restore`),
  createProject: () => post('/projects', { name: 'Another' }),
  updateProject: ({ project }) => patch(`/projects/${project.id}`, { name: 'Another' }),
  moveProject: ({ project, other }) => post(`/projects/${project.id}/move`, { after: other.id }),
  updateTag: ({ tag }) => patch(`/tags/${tag.id}`, { name: 'other' }),
  deleteTag: ({ tag }) => ['DELETE', `/tags/${tag.id}`, {}],
  applyBatch: () =>
    post('/batch', { atomic: false, operations: [{ op: 'create_task', task: { title: 'A task' } }] }),
  updateProfile: () => patch('/profile', { week_start: 'sunday' }),
  createWebhook: () => post('/webhooks', { url: 'https://hooks.example.com/other' }),
  updateWebhook: ({ webhook }) => patch(`/webhooks/${webhook.id}`, { description: 'Another' }),
  rotateWebhookSecret: ({ webhook }) => post(`/webhooks/${webhook.id}/rotate-secret`),
  testWebhook: ({ webhook }) => post(`/webhooks/${webhook.id}/test`),
  replayWebhook: ({ webhook }) => post(`/webhooks/${webhook.id}/replay`, { since: '2020-01-01T00:00:00Z' }),
  redeliverWebhook: ({ webhook, delivery }) =>
    post(`/webhooks/${webhook.id}/deliveries/${delivery.id}/redeliver`),
  createCalendarFeed: () => post('/calendar-feed'),
  importLane: () => post('/import.json', { ...exported, tasks: [{ id: randomUUID(), title: 'A task' }] }),
  importCsv: () => [
    'POST',
    '/import.csv',
    { headers: { 'Content-Type': 'text/csv' }, body: 'title\nA task' },
  ],
  importCalendar: () => [
    'POST',
    '/import.ics',
    { headers: { 'Content-Type': 'text/calendar' }, body: calendar },
  ],
};

test('every operation that can be refused has a case', () => {
  expect(operationsWithProblem(409, 'QuotaExceededProblem').toSorted()).toEqual(
    Object.keys(growing).toSorted(),
  );
});

describe('in a lane that exceeds the quota by more than a tenth', () => {
  let lane: Filled;
  beforeEach(async () => {
    lane = await fill();
    await pretend(1.2 * limit);
  });

  test.each(Object.entries(growing))('%s is refused and changes nothing', async (id, requestOf) => {
    const before = (await ada.send('GET', '/sync')).body.items;
    const [method, path, options] = requestOf(lane);
    const { takesKey } = operations.find((each) => each.id === id) as (typeof operations)[number];
    const headers = { ...options.headers, ...(takesKey && { 'Idempotency-Key': 'another-key' }) };
    expect(await ada.send(method, path, { ...options, headers })).toMatchObject(exceeded);
    expect((await ada.send('GET', '/sync')).body.items).toEqual(before);
  });

  test.each<[string, (lane: Filled) => [string, string, RequestOptions?], number]>([
    ['reads', () => ['GET', '/tasks'], 200],
    [
      'an edit that sets a field to null',
      ({ plain }) => patch(`/tasks/${plain.id}`, { description: null }),
      200,
    ],
    ['deleting a task', ({ plain }) => ['DELETE', `/tasks/${plain.id}`], 204],
    [
      'deleting a project and keeping its tasks',
      ({ project }) => ['DELETE', `/projects/${project.id}?tasks=move`],
      204,
    ],
    [
      'deleting a project with its tasks',
      ({ project }) => ['DELETE', `/projects/${project.id}?tasks=delete`],
      204,
    ],
    ['purging a task', ({ trashed }) => ['DELETE', `/trash/${trashed.id}`], 204],
    ['emptying the trash', () => ['DELETE', '/trash'], 204],
    ['deleting a webhook', ({ webhook }) => ['DELETE', `/webhooks/${webhook.id}`], 204],
    ['erasing the lane', () => ['DELETE', `?confirm=${ada.id}`], 204],
  ])('allows %s', async (_, requestOf, status) => {
    const [method, path, options] = requestOf(lane);
    expect((await ada.send(method, path, options)).status).toBe(status);
  });
});

test('a lane that has reached the quota can still be edited, but nothing can be created', async () => {
  const { plain, recurring } = await fill();
  await pretend(limit);
  expect(await ada.send(...post('/tasks', { title: 'A task' }))).toMatchObject(exceeded);
  expect(await ada.send(...patch(`/tasks/${plain.id}`, { tags: ['new'] }))).toMatchObject(exceeded);
  for (const body of [{ description: 'Short' }, { title: 'Another' }, { tags: [] }]) {
    expect((await ada.send(...patch(`/tasks/${plain.id}`, body))).status).toBe(200);
  }
  for (const { id } of [plain, recurring]) {
    expect((await ada.send('PATCH', `/tasks/${id}/complete`)).status).toBe(200);
  }
});

test('a user who replaces large texts again and again is refused near the quota', async () => {
  const { id } = await task();
  let edits = 0;
  while ((await ada.send(...patch(`/tasks/${id}`, { description: text(10_000) }))).status === 200) edits++;
  expect(await ada.send(...patch(`/tasks/${id}`, { description: text(10_000) }))).toMatchObject(exceeded);
  const [row] = await sql<{ bytes: number }>(
    `select sum(pg_column_size(fields))::int as bytes from tasklane.changes where lane_id = lane_of($1)`,
  );
  // Every edit stores the old and the new text.
  expect(row?.bytes).toBeGreaterThan(0.4 * limit);
  expect(row?.bytes).toBeLessThan(1.1 * limit);
  expect(edits).toBeLessThan(1.1 * (limit / 20_000));
  expect((await ada.send(...patch(`/tasks/${id}`, { description: null }))).status).toBe(200);
});

test('a batch that is not atomic applies the operations that fit', async () => {
  await task();
  await pretend(limit - 30_000);
  const large = { op: 'create_task', task: { title: 'Large', description: text(10_000) } };
  const { status, body } = await ada.send(
    ...post('/batch', { atomic: false, operations: [large, large, large, large] }),
  );
  expect(status).toBe(200);
  const results = body.results.map((each: Body) => each.problem?.code ?? each.status);
  expect(results).toEqual([201, 'quota-exceeded', 'quota-exceeded', 'quota-exceeded']);
  expect(body.results[1].problem).toMatchObject(exceeded.body);
});

test.each(['', '?dry_run=true'])('an import that does not fit writes nothing%s', async (parameters) => {
  await task();
  await pretend(limit - 30_000);
  const rows = Array.from({ length: 4 }, (_, n) => `Task ${n},${text(10_000)}`);
  const file = ['title,description', ...rows].join('\n');
  const response = await ada.send('POST', `/import.csv${parameters}`, {
    headers: { 'Content-Type': 'text/csv' },
    body: file,
  });
  expect(response).toMatchObject(exceeded);
  expect((await ada.send('GET', '/tasks')).body.items).toHaveLength(1);
});

test('a full lane does not limit another lane', async () => {
  await task();
  await pretend(2 * limit);
  const bob = await makeUser(service.url);
  expect((await bob.send('POST', '/tasks', { body: { title: 'A task' } })).status).toBe(201);
});

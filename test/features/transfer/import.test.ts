/** Tests imports beyond the contract's cases: what is restored, what is rejected, and repeated imports. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { contractDocument } from '../../../src/platform/contract/document/contract';
import type { ApiResponse, Body } from '../../support/api';
import { query } from '../../support/database';
import { exampleBody, operations } from '../../support/operations';
import { useTestService } from '../../support/service';
import { makeUser, type TestUser, useUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
const ada = useUser(service);

const types = { json: 'application/json', csv: 'text/csv', ics: 'text/calendar' };

function importInto(
  user: TestUser,
  type: keyof typeof types,
  body: unknown,
  dryRun = false,
): Promise<ApiResponse> {
  const headers = { 'Content-Type': types[type] };
  return user.send('POST', `/import.${type}${dryRun ? '?dry_run=true' : ''}`, { body, headers });
}

const document = (parts: object) => ({ format: 'tasklane-export', version: 2, ...parts });
const exported = async (user: TestUser, extension = ''): Promise<Body> =>
  (await user.send('GET', `/export${extension}`)).body;
const make = async (path: string, body: object): Promise<Body> =>
  (await ada.send('POST', path, { body })).body;

/** Fills a lane with every type of entity. */
async function fillLane(): Promise<void> {
  await ada.send('PATCH', '/profile', { body: { time_zone: 'Europe/Zurich', week_start: 'sunday' } });
  const garden = await make('/projects', { name: 'Garden', color: '#2f855a' });
  await make('/projects', { name: 'Put away', archived: true });
  const parent = await make('/tasks', { title: 'Parent', project_id: garden.id, tags: ['Home', 'ä'] });
  const child = await make('/tasks', { title: 'Child', parent_id: parent.id, priority: 'urgent' });
  await make('/tasks', { title: 'Grandchild', parent_id: child.id, description: 'a\r\n"b", c; \\ 😀' });
  await make('/tasks', {
    title: "'=1+1",
    description: '',
    due_date: '2030-01-31',
    due_time: '18:00',
    time_zone: 'Europe/Zurich',
    rrule: 'FREQ=MONTHLY',
    reminders: [{ minutes_before_due: 30 }, { at: '2030-01-01T10:00:00Z' }],
    links: [
      { url: 'https://example.com/a,b;c?d=e:f', title: 'A "plan"; ^a, b' },
      { url: 'mailto:ada@example.com' },
    ],
  });
  const weekly = await make('/tasks', {
    title: 'Weekly',
    due_date: '2026-01-02',
    rrule: 'FREQ=WEEKLY;COUNT=90',
  });
  await ada.send('PATCH', `/tasks/${weekly.id}/complete`);
  const done = await make('/tasks', { title: 'Done' });
  await ada.send('PATCH', `/tasks/${done.id}/complete`);
  await ada.send('POST', `/tasks/${done.id}/move`, { body: { before: parent.id } });
  const trashed = await make('/tasks', { title: 'Trashed', tags: ['home'] });
  await make('/tasks', { title: 'Trashed along', parent_id: trashed.id });
  await ada.send('DELETE', `/tasks/${trashed.id}`);
  const below = await make('/tasks', { title: 'Trashed below', parent_id: parent.id });
  await ada.send('DELETE', `/tasks/${below.id}`);
  const tags = (await ada.send('GET', '/tags')).body.items;
  await ada.send('PATCH', `/tags/${tags[0].id}`, { body: { color: '#123456' } });
}

/** An export without the values that an import replaces. */
function comparable(body: Body): string {
  const renewed = new Set(['exported_at', 'user_id', 'version', 'updated_at']);
  const { changes: _changes, ...rest } = body;
  return JSON.stringify(rest, (key, value) => (renewed.has(key) ? undefined : value));
}

/** A completion in the form of an export. */
const completion = (id: string | undefined, task_id: string | undefined, reopened: object[] = []) => ({
  ...{ id, user_id: 'x', task_id, title: 'x', due_date: '2026-01-01', due_time: null, time_zone: null },
  ...{ completed_at: '2026-01-01T00:00:00Z', rrule: 'FREQ=DAILY', status: 'pending', next_due_date: null },
  reopened,
});

const imports = operations.filter(({ isSpooled }) => isSpooled);

describe.each(imports.map((operation) => [operation.id, operation] as const))('%s', (_id, operation) => {
  const [type = ''] = operation.mediaTypes;
  const path = operation.path.replace('/api/{user_id}', '');
  const body = exampleBody(operation);

  test('answers the file of its example with the report of its example', async () => {
    const { status, body: report } = await ada.send('POST', `${path}?dry_run=true`, {
      body,
      headers: { 'Content-Type': type },
    });
    expect(status).toBe(200);
    const { responses } = contractDocument.paths?.[operation.path]?.post ?? {};
    expect(responses).toMatchObject({ 200: { content: { 'application/json': { example: report } } } });
  });

  test('has a former address, which redirects by the media type', async () => {
    const redirect = await ada.send('POST', '/import?dry_run=true', {
      body,
      headers: { 'Content-Type': `${type}; charset=utf-8` },
    });
    expect(redirect).toMatchObject({ status: 308, body: undefined });
    expect(redirect.headers.location).toBe(`${ada.lane}${path}?dry_run=true`);
    const followed = await fetch(`${service.url}${ada.lane}/import?dry_run=true`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${ada.token}`, 'Content-Type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    expect(await followed.json()).toMatchObject({ dry_run: true, errors: 0 });
  });

  test('accepts no other media type', async () => {
    for (const other of Object.values(types)) {
      if (other === type) continue;
      expect(await ada.send('POST', path, { body, headers: { 'Content-Type': other } })).toMatchObject({
        status: 415,
        body: { detail: `The operation supports ${type}, in UTF-8.` },
      });
    }
  });
});

test('the former address of imports answers 415, 404 and 405 like any other', async () => {
  const send = (method: string, type: string) =>
    ada.send(method, '/import', { body: '{}', headers: { 'Content-Type': type } });
  expect(await send('POST', 'application/xml')).toMatchObject({
    status: 415,
    body: {
      code: 'unsupported-media-type',
      detail: 'The operation supports application/json or text/csv or text/calendar, in UTF-8.',
    },
  });
  const other = await send('PUT', 'application/json');
  expect(other).toMatchObject({ status: 405, body: { code: 'method-not-allowed' } });
  expect(other.headers.allow).toBe('POST, OPTIONS');
  expect((await ada.send('POST', '/import/', { body: '' })).status).toBe(404);
});

test('a redirect stays below the path of the lane', async () => {
  const response = await fetch(`${service.url}/api/%2F%2Fevil.example.com%3F/import`, {
    method: 'POST',
    headers: { 'Content-Type': 'text/csv' },
    redirect: 'manual',
  });
  expect(response.status).toBe(308);
  expect(response.headers.get('Location')).toBe('/api/%2F%2Fevil.example.com%3F/import.csv');
});

describe('an export of Tasklane', () => {
  test('gives the same export after an import into another lane, and a second import changes nothing', async () => {
    await fillLane();
    const before = await exported(ada);
    expect(before.trash).toHaveLength(3);
    expect(before.completions).toHaveLength(1);

    const bob = await makeUser(service.url);
    const response = await importInto(bob, 'json', before);
    expect(response).toMatchObject({ status: 200, body: { skipped: 0, errors: 0, ignored: 0 } });
    const after = await exported(bob);
    expect(comparable(after)).toBe(comparable(before));
    expect(after.tasks.every((task: Body) => task.version === 1 && task.user_id === bob.id)).toBe(true);
    const created = after.changes.filter((change: Body) => change.action === 'created');
    expect(created).toHaveLength(response.body.created - 1);
    expect(after.changes.filter((change: Body) => change.action === 'deleted')).toHaveLength(3);

    const again = await importInto(bob, 'json', before);
    expect(again.body).toMatchObject({ created: 0, skipped: response.body.created });
    expect((await exported(bob)).changes).toEqual(after.changes);
    expect((await importInto(ada, 'json', before)).body).toMatchObject({ created: 0, errors: 0 });
  });

  test('keeps later actions possible: the trash can be restored, completions undone, reminders fire', async () => {
    await fillLane();
    const bob = await makeUser(service.url);
    await importInto(bob, 'json', await exported(ada));
    const { trash, tasks } = await exported(bob);
    const root = trash.find((task: Body) => task.title === 'Trashed');
    expect((await bob.send('POST', `/tasks/${root.id}/restore`)).status).toBe(200);
    expect((await exported(bob)).trash).toHaveLength(1);
    const weekly = tasks.find((task: Body) => task.title === 'Weekly');
    const back = await bob.send('PATCH', `/tasks/${weekly.id}/complete`, { body: { completed: false } });
    expect(back).toMatchObject({ status: 200, body: { due_date: '2026-01-02' } });
    const reminders = await query(
      service.database.url,
      'select fire_at from tasklane.reminders where lane_id = lane_of($1) order by 1',
      [bob.id],
    );
    expect(reminders).toEqual([
      { fire_at: new Date('2030-01-01T10:00:00Z') },
      { fire_at: new Date('2030-01-31T16:30:00Z') },
    ]);
  });

  test('keeps which subtasks a completion reopened, so that it can be undone', async () => {
    const parent = await make('/tasks', { title: 'x', due_date: '2099-01-31', rrule: 'FREQ=MONTHLY' });
    const [done, dropped, open] = await Promise.all(
      ['completed', 'cancelled', 'in_progress'].map((status) =>
        make('/tasks', { title: status, parent_id: parent.id, status }),
      ),
    );
    await ada.send('PATCH', `/tasks/${parent.id}/complete`);
    const file = await exported(ada);
    expect(file.completions[0].reopened).toHaveLength(2);
    const bob = await makeUser(service.url);
    expect((await importInto(bob, 'json', file)).status).toBe(200);
    expect(comparable(await exported(bob))).toBe(comparable(file));
    const back = await bob.send('PATCH', `/tasks/${parent.id}/complete`, { body: { completed: false } });
    expect(back).toMatchObject({ status: 200, body: { due_date: '2099-01-31' } });
    for (const { id, status, completed_at } of [done, dropped, open] as Body[]) {
      expect((await bob.send('GET', `/tasks/${id}`)).body).toMatchObject({ status, completed_at });
    }
  });

  test('of an earlier release has completions without subtasks', async () => {
    const parent = await make('/tasks', { title: 'x', due_date: '2099-01-31', rrule: 'FREQ=MONTHLY' });
    await ada.send('PATCH', `/tasks/${parent.id}/complete`);
    const file = await exported(ada);
    for (const each of file.completions) delete each.reopened;
    const bob = await makeUser(service.url);
    expect((await importInto(bob, 'json', file)).status).toBe(200);
    expect((await exported(bob)).completions).toMatchObject([{ reopened: [] }]);
  });

  test('reads null as an omitted value', async () => {
    const schemas = contractDocument.components?.schemas as Record<string, { properties: object }>;
    const properties = schemas.TaskImport?.properties ?? {};
    const ids = [randomUUID(), randomUUID()];
    const given = new Set(['id', 'title', 'project']);
    const nulls = Object.fromEntries(
      Object.keys(properties)
        .filter((name) => !given.has(name))
        .map((name) => [name, null]),
    );
    const tasks = [
      { id: ids[0], title: 'x' },
      { ...nulls, id: ids[1], title: 'x' },
    ];
    expect(await importInto(ada, 'json', document({ tasks }))).toMatchObject({ status: 200 });
    const [one, other] = (await ada.send('GET', '/tasks?sort=position')).body.items;
    expect({ ...other, id: one.id, position: one.position }).toEqual(one);
    expect([one.id, other.id]).toEqual(ids);
  });

  test('does not change a profile that the user has written', async () => {
    await ada.send('PATCH', '/profile', { body: { week_start: 'saturday' } });
    const body = document({ profile: { week_start: 'sunday', version: 7 } });
    expect((await importInto(ada, 'json', body)).body.rows).toMatchObject([
      { type: 'profile', action: 'skip' },
    ]);
    expect((await ada.send('GET', '/profile')).body.week_start).toBe('saturday');
  });

  test('can have subtasks before their parents', async () => {
    const ids = Array.from({ length: 5 }, () => randomUUID());
    const tasks = ids.map((id, index) => ({
      id,
      title: `Level ${index + 1}`,
      parent_id: ids[index - 1] ?? null,
    }));
    expect((await importInto(ada, 'json', document({ tasks: tasks.toReversed() }))).body.created).toBe(5);
    expect(comparable(await exported(ada))).toContain('Level 5');
  });

  test.each<[string, (ids: string[]) => object, [string, string][]]>([
    [
      'an unknown project',
      ([id]) => ({ tasks: [{ id, title: 'x', project_id: randomUUID() }] }),
      [['/body/tasks/0/project_id', 'not-in-lane']],
    ],
    [
      'an unknown parent',
      ([id]) => ({ tasks: [{ id, title: 'x', parent_id: randomUUID() }] }),
      [['/body/tasks/0/parent_id', 'not-in-lane']],
    ],
    [
      'itself as its parent',
      ([id]) => ({ tasks: [{ id, title: 'x', parent_id: id }] }),
      [['/body/tasks/0/parent_id', 'cycle']],
    ],
    [
      'a cycle',
      ([a, b]) => ({
        tasks: [
          { id: a, title: 'x', parent_id: b },
          { id: b, title: 'y', parent_id: a },
        ],
      }),
      [
        ['/body/tasks/0/parent_id', 'cycle'],
        ['/body/tasks/1/parent_id', 'cycle'],
      ],
    ],
    [
      'a sixth level',
      (ids) => ({ tasks: ids.map((id, n) => ({ id, title: 'x', parent_id: ids[n - 1] ?? null })) }),
      [['/body/tasks/5/parent_id', 'too-deep']],
    ],
    [
      'a repeated id',
      ([id]) => ({
        tasks: [
          { id, title: 'x' },
          { id, title: 'y' },
        ],
      }),
      [['/body/tasks/1/id', 'duplicate']],
    ],
    [
      'a project by its name',
      ([id]) => ({ tasks: [{ id, title: 'x', project: 'Garden' }] }),
      [['/body/tasks/0/project', 'unknown']],
    ],
    [
      'no id',
      () => ({ tasks: [{ title: 'x' }, { id: null, title: 'x' }] }),
      [
        ['/body/tasks/0/id', 'required'],
        ['/body/tasks/1/id', 'required'],
      ],
    ],
    [
      'a malformed position',
      ([id]) => ({ tasks: [{ id, title: 'x', position: '!' }] }),
      [['/body/tasks/0/position', 'wrong-format']],
    ],
    [
      'a time without a date',
      ([id]) => ({ tasks: [{ id, title: 'x', due_time: '10:00' }] }),
      [['/body/tasks/0/due_time', 'contradiction']],
    ],
    [
      'an unsupported rule',
      ([id]) => ({ tasks: [{ id, title: 'x', due_date: '2026-11-28', rrule: 'FREQ=SECONDLY' }] }),
      [['/body/tasks/0/rrule', 'not-allowed']],
    ],
    [
      'several validation errors',
      ([id]) => ({ tasks: [{ id, title: '', status: 'done', colour: 'red' }] }),
      [
        ['/body/tasks/0/colour', 'unknown'],
        ['/body/tasks/0/title', 'too-short'],
        ['/body/tasks/0/status', 'not-allowed'],
      ],
    ],
    [
      'items that are not objects',
      () => ({ tasks: [null, 7] }),
      [
        ['/body/tasks/0', 'wrong-type'],
        ['/body/tasks/1', 'wrong-type'],
      ],
    ],
    [
      'a live task below the trash',
      ([a, b]) => ({
        tasks: [{ id: a, title: 'x', parent_id: b }],
        trash: [{ id: b, title: 'y', deleted_at: '2026-01-01T00:00:00Z', deleted_with: b }],
      }),
      [['/body/tasks/0/parent_id', 'not-in-lane']],
    ],
    [
      'a deletion of another task',
      ([a, b]) => ({ trash: [{ id: a, title: 'x', deleted_at: '2026-01-01T00:00:00Z', deleted_with: b }] }),
      [['/body/trash/0/deleted_with', 'contradiction']],
    ],
    [
      'subtasks that a completion cannot have reopened',
      ([a, b, c]) => ({
        tasks: [{ id: b, title: 'x' }],
        completions: [
          completion(a, b, [
            { id: a, status: 'completed', completed_at: null },
            { id: a, status: 'cancelled', completed_at: '2026-01-01T00:00:00Z' },
          ]),
          completion(b, b, [{ id: a, status: 'pending', completed_at: '9999-12-31T23:59:59-12:00' }]),
          completion(c, b, [{ id: 'x', status: 'cancelled' }]),
        ],
      }),
      [
        ['/body/completions/0/reopened/0/completed_at', 'contradiction'],
        ['/body/completions/0/reopened/1/completed_at', 'contradiction'],
        ['/body/completions/1/reopened/0/status', 'not-allowed'],
        ['/body/completions/1/reopened/0/completed_at', 'wrong-format'],
        ['/body/completions/2/reopened/0/completed_at', 'required'],
        ['/body/completions/2/reopened/0/id', 'wrong-format'],
      ],
    ],
    [
      'a completion of a missing task',
      ([a, b]) => ({
        completions: [completion(a, b)],
      }),
      [['/body/completions/0/task_id', 'not-in-lane']],
    ],
  ])('with %s is rejected, and nothing is written', async (_what, parts, errors) => {
    const ids = Array.from({ length: 6 }, () => randomUUID());
    const good = { id: randomUUID(), name: 'A project' };
    const body = document({ projects: [good], ...parts(ids) });
    const refused = await importInto(ada, 'json', body);
    expect(refused.status).toBe(422);
    expect(refused.body.errors.map((each: Body) => [each.pointer, each.code])).toEqual(errors);
    const dry = await importInto(ada, 'json', body, true);
    expect(dry.body.rows[0]).toMatchObject({ type: 'project', action: 'create', id: good.id });
    expect(dry.body.rows.flatMap((row: Body) => row.errors)).toEqual(refused.body.errors);
    expect((await exported(ada)).changes).toEqual([]);
  });

  test('that violates its schema is rejected', async () => {
    for (const body of [{ format: 'tasklane-export', version: 3 }, document({ surplus: [] }), {}]) {
      expect((await importInto(ada, 'json', body)).status).toBe(422);
    }
  });
});

describe('CSV', () => {
  test('gives the same tasks after an export and an import', async () => {
    await fillLane();
    const csv = await exported(ada, '.csv');
    const bob = await makeUser(service.url);
    const { body } = await importInto(bob, 'csv', csv);
    expect(body).toMatchObject({ errors: 0, created: 7 });
    const fields = ({ user_id: _u, version: _v, updated_at: _t, description, ...rest }: Body) => ({
      ...rest,
      // An empty text and null look the same in a cell.
      description: description || null,
    });
    expect((await exported(bob)).tasks.map(fields)).toEqual((await exported(ada)).tasks.map(fields));
    const [{ id, name }] = (await exported(ada)).projects.filter((each: Body) => !each.archived);
    expect((await exported(bob)).projects).toMatchObject([{ id, name, color: null }]);
    expect(body.rows.filter((row: Body) => row.type === 'project')).toMatchObject([{ id, action: 'create' }]);
    expect((await importInto(bob, 'csv', csv)).body).toMatchObject({ created: 0, skipped: 7 });
    expect((await importInto(ada, 'csv', csv)).body).toMatchObject({ created: 0, skipped: 7 });
  });

  test('that names projects without ids uses the existing projects, and creates the missing ones', async () => {
    await make('/projects', { name: 'Garden', archived: true });
    const garden = await make('/projects', { name: 'Garden' });
    const parent = await make('/tasks', { title: 'Old' });
    const csv = `title,project,parent_id\nOne, Garden ,\nTwo,=House,\nThree,"'=House",\nFour,,${parent.id}\n`;
    const report = await importInto(ada, 'csv', csv);
    expect(report).toMatchObject({ status: 200, body: { created: 5, skipped: 1, errors: 0 } });
    const { projects, tasks } = await exported(ada);
    const house = projects.find((each: Body) => each.name === '=House');
    expect(projects).toHaveLength(3);
    const places = tasks.map((task: Body) => [task.title, task.project_id]).toSorted();
    expect(places).toEqual([
      ['Four', null],
      ['Old', null],
      ['One', garden.id],
      ['Three', house.id],
      ['Two', house.id],
    ]);
    expect(report.body.rows).toMatchObject([
      { row: 1, line: 2, type: 'project', action: 'skip', id: garden.id },
      { row: 1, line: 2, type: 'task', action: 'create' },
      { row: 2, line: 3, type: 'project', action: 'create', id: house.id },
      { row: 2, type: 'task' },
      { row: 3, type: 'task' },
      { row: 4, type: 'task' },
    ]);
    expect((await importInto(ada, 'csv', csv)).body).toMatchObject({ created: 0, errors: 0 });
  });

  test.each(['csv', 'ics'] as const)(
    'with COUNT keeps the number of remaining occurrences: %s',
    async (type) => {
      const rule = { rrule: 'COUNT=3;FREQ=DAILY', repeat_from: 'completion', due_date: '2026-01-01' };
      const begun = await make('/tasks', { title: 'Begun', ...rule });
      const done = await make('/tasks', { title: 'Done', ...rule });
      const complete = (user: TestUser, { id }: Body) => user.send('PATCH', `/tasks/${id}/complete`);
      for (const each of [begun, begun, done, done, done]) await complete(ada, each);
      const bob = await makeUser(service.url);
      const file = await exported(ada, `.${type}`);
      expect((await importInto(bob, type, file)).status).toBe(200);
      const { tasks } = await exported(bob);
      const counts = tasks.map((task: Body) => [task.title, task.status, /COUNT=\d/.exec(task.rrule)?.[0]]);
      expect(counts.toSorted()).toEqual([
        ['Begun', 'pending', 'COUNT=1'],
        ['Done', 'completed', 'COUNT=1'],
      ]);
      expect((await complete(bob, begun)).body).toMatchObject({ status: 'completed' });
    },
  );

  test('without ids creates nothing twice', async () => {
    const csv = 'title\nOne\nOne\n';
    expect((await importInto(ada, 'csv', csv)).body).toMatchObject({ created: 2 });
    expect((await importInto(ada, 'csv', csv)).body).toMatchObject({ created: 0, skipped: 2 });
    expect((await importInto(ada, 'csv', `${csv}Two\n`)).body).toMatchObject({ created: 3 });
  });

  test('can have a byte order mark, any line breaks, quotes, and defaults', async () => {
    await ada.send('PATCH', '/profile', { body: { default_priority: 'high' } });
    const csv = '\uFEFFtags,title,description\r\n"a, B,a ","A ""task""","one\r\ntwo\nthree"\r\n\r\n,Last,';
    const { body } = await importInto(ada, 'csv', csv);
    expect(body.rows).toMatchObject([
      { row: 1, line: 2 },
      { row: 2, line: 6 },
    ]);
    const { items } = (await ada.send('GET', '/tasks?sort=position')).body;
    expect(items).toMatchObject([
      {
        title: 'A "task"',
        description: 'one\r\ntwo\nthree',
        tags: ['a', 'B'],
        priority: 'high',
        status: 'pending',
      },
      { title: 'Last', description: null, tags: [] },
    ]);
  });

  test.each<[string, string, object[]]>([
    [
      'an unknown column',
      'title,colour\nx,y',
      [{ row: 0, line: 1, type: 'file', errors: [{ pointer: '/body/0/colour', code: 'unknown' }] }],
    ],
    [
      'a column twice',
      'title,title\nx,y',
      [{ row: 0, errors: [{ pointer: '/body/0/title', code: 'duplicate' }] }],
    ],
    ['no title', 'status\npending', [{ row: 0, errors: [{ pointer: '/body/0/title', code: 'required' }] }]],
    [
      'an empty title',
      'title,status\n,pending',
      [{ row: 1, line: 2, errors: [{ pointer: '/body/1/title', code: 'required' }] }],
    ],
    [
      'a date that does not exist',
      'title,due_date\n"a\nb",\nx,2026-02-30',
      [
        { row: 1, line: 2, errors: [{ pointer: '/body/1/title', code: 'wrong-format' }] },
        { row: 2, line: 4, errors: [{ pointer: '/body/2/due_date', code: 'wrong-format' }] },
      ],
    ],
    [
      'a quote out of place',
      'title,status\nx,pending\n"y"z,\nw,',
      [
        { row: 1, action: 'create' },
        {
          row: 2,
          line: 3,
          id: null,
          errors: [
            {
              pointer: '/body/2/title',
              code: 'wrong-format',
              detail: 'has a quote in the wrong location (line 3)',
            },
          ],
        },
      ],
    ],
    [
      'a quote that is not closed',
      'title,status\nx,"pending',
      [
        {
          row: 1,
          line: 2,
          errors: [
            {
              pointer: '/body/1/status',
              code: 'wrong-format',
              detail: 'has a quote that is not closed (line 2)',
            },
          ],
        },
      ],
    ],
    ['nothing', '\n', [{ row: 0, errors: [{ code: 'required' }] }]],
  ])('with %s gets a validation error with its row', async (_what, csv, rows) => {
    const dry = await importInto(ada, 'csv', csv, true);
    expect(dry.body.rows).toMatchObject(rows);
    expect(dry.body.rows).toHaveLength(rows.length);
    expect((await importInto(ada, 'csv', csv)).status).toBe(422);
    expect((await exported(ada)).tasks).toEqual([]);
  });

  test('has an apostrophe before a formula, and before text that looks like such a cell', async () => {
    const titles = ['=1+1', '+1', '-1', '@a', '＝1', "'=1", "''-1", "'quoted'", '1=1'];
    const tasks = titles.map((title) => ({ id: randomUUID(), title }));
    await importInto(ada, 'json', document({ tasks }));
    const lines: string[] = (await exported(ada, '.csv')).split('\r\n').slice(1, -1);
    const guarded = ["'=1+1", "'+1", "'-1", "'@a", "'＝1", "''=1", "'''-1", "'quoted'", '1=1'];
    expect(lines.map((line) => line.split(',')[5]).toSorted()).toEqual(guarded.toSorted());
  });

  test('in another encoding is rejected', async () => {
    expect(await importInto(ada, 'csv', Buffer.from('title\nGr\xfcn', 'latin1'))).toMatchObject({
      status: 400,
      body: { code: 'malformed-body', detail: 'The body cannot be read as text in UTF-8.' },
    });
    expect(await importInto(ada, 'json', Buffer.from('{"a":"\xfc"}', 'latin1'))).toMatchObject({
      status: 400,
      body: { code: 'malformed-body', detail: 'The body cannot be read as JSON in UTF-8.' },
    });
    expect((await importInto(ada, 'csv', Buffer.from('title\nGrün', 'utf16le'))).status).not.toBe(200);
    const headers = { 'Content-Type': 'text/csv; charset=iso-8859-1' };
    expect((await ada.send('POST', '/import.csv', { body: 'title\nx', headers })).status).toBe(415);
  });

  test('keeps every text unchanged in an export and an import', async () => {
    const piece = fc.constantFrom('a', ' ', ',', ';', '"', "'", '=', '+', '-', '@', '＝', 'é', '😀');
    const text = fc.array(piece, { minLength: 1, maxLength: 30 }).map((parts) => `${parts.join('')}x`);
    const lines = fc.array(fc.oneof(text, fc.constantFrom('\n', '\r\n', '\r', '\t')), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(text, lines), { minLength: 1, maxLength: 20 }), async (texts) => {
        const [from, to] = [await makeUser(service.url), await makeUser(service.url)];
        const tasks = texts.map(([title, description]) => ({
          id: randomUUID(),
          title,
          description: description.join(''),
        }));
        await importInto(from, 'json', document({ tasks }));
        await importInto(to, 'csv', await exported(from, '.csv'));
        const read = async (user: TestUser) =>
          (await exported(user)).tasks.map((task: Body) => [task.id, task.title, task.description]);
        expect(await read(to)).toEqual(await read(from));
      }),
      { numRuns: 20 },
    );
  });
});

describe('iCalendar', () => {
  const calendar = (...lines: string[]) =>
    ['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', ''].join('\r\n');
  const todo = (...lines: string[]) => ['BEGIN:VTODO', 'SUMMARY:A task', ...lines, 'END:VTODO'];
  const tasks = async () => (await ada.send('GET', '/tasks?sort=position')).body.items;

  test('keeps what iCalendar can express after an export and an import', async () => {
    await fillLane();
    const bob = await makeUser(service.url);
    const ics = await exported(ada, '.ics');
    expect((await importInto(bob, 'ics', ics)).body).toMatchObject({ errors: 0, created: 6 });
    const fields = (task: Body) => ({
      ...task,
      user_id: undefined,
      version: undefined,
      updated_at: undefined,
      project_id: undefined,
      position: undefined,
      rrule: undefined,
      recurrence_start: undefined,
      recurrence_due: undefined,
      description: (task.description || null)?.replace(/\r\n/g, '\n') ?? null,
      created_at: task.created_at.slice(0, 19),
      completed_at: task.completed_at?.slice(0, 19),
      tags: task.tags.length,
    });
    const [of, to] = [(await exported(ada)).tasks, (await exported(bob)).tasks];
    expect(to.map(fields)).toEqual(of.map(fields));
    const weekly = to.find((task: Body) => task.title === 'Weekly');
    expect(weekly.rrule).toBe('FREQ=WEEKLY;BYDAY=FR;UNTIL=20270917');
    expect((await importInto(bob, 'ics', ics)).body).toMatchObject({ created: 0, skipped: 6 });
  });

  test.each<[string, string[], object]>([
    ['a day', ['DUE;VALUE=DATE:20261128'], { due_date: '2026-11-28', due_time: null, time_zone: null }],
    [
      'a time in UTC',
      ['DUE:20261128T180500Z'],
      { due_date: '2026-11-28', due_time: '18:05', time_zone: 'UTC' },
    ],
    [
      'a floating time',
      ['DUE:20261128T180559'],
      { due_date: '2026-11-28', due_time: '18:05', time_zone: null },
    ],
    [
      'an IANA zone',
      ['DUE;TZID=Europe/Zurich:20261128T180500'],
      { time_zone: 'Europe/Zurich', due_at: '2026-11-28T17:05:00.000Z' },
    ],
    [
      'a zone in a path',
      ['DUE;TZID=/mozilla.org/20070129_1/America/Argentina/Ushuaia:20261128T180500'],
      { time_zone: 'America/Argentina/Ushuaia' },
    ],
    [
      'a zone of Windows',
      ['DUE;TZID="W. Europe Standard Time":20261128T180500'],
      { time_zone: 'Europe/Berlin' },
    ],
    [
      'a start and a duration',
      ['DTSTART:20261128T230000Z', 'DURATION:PT2H'],
      { due_date: '2026-11-29', due_time: '01:00' },
    ],
    ['a status', ['STATUS:IN-PROCESS', 'PRIORITY:2'], { status: 'in_progress', priority: 'high' }],
    [
      'only COMPLETED',
      ['COMPLETED:20261121T100000Z'],
      { status: 'completed', completed_at: '2026-11-21T10:00:00.000Z' },
    ],
    [
      'folds and escapes',
      ['DESCRIPTION:a\\nb\\, c', ' \\; d\\\\ne', 'CATEGORIES:x,y', 'CATEGORIES:z'],
      { description: 'a\nb, c; d\\ne', tags: ['x', 'y', 'z'] },
    ],
    [
      'a rule',
      ['DUE;VALUE=DATE:20261128', 'RRULE:FREQ=WEEKLY;BYDAY=SA'],
      { rrule: 'FREQ=WEEKLY;BYDAY=SA', recurrence_start: '2026-11-28' },
    ],
    [
      'an alarm',
      ['DUE:20301128T180500Z', 'BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:-PT1H30M', 'END:VALARM'],
      { reminders: [{ at: null, minutes_before_due: 90 }] },
    ],
    [
      'an alarm before the start',
      ['DTSTART:20301128T093000Z', 'DUE:20301128T103000Z', 'BEGIN:VALARM', 'TRIGGER:-PT15M', 'END:VALARM'],
      { reminders: [{ at: null, minutes_before_due: 75 }] },
    ],
    [
      'an alarm with an explicit relation',
      [
        'DTSTART:20301128T093000Z',
        'DUE:20301128T103000Z',
        'BEGIN:VALARM',
        'TRIGGER;RELATED=START:PT15M',
        'END:VALARM',
      ],
      { reminders: [{ at: null, minutes_before_due: 45 }] },
    ],
    [
      'an alarm before the end',
      [
        'DTSTART:20301128T093000Z',
        'DUE:20301128T103000Z',
        'BEGIN:VALARM',
        'TRIGGER;RELATED=END:-PT15M',
        'END:VALARM',
      ],
      { reminders: [{ at: null, minutes_before_due: 15 }] },
    ],
    [
      'an alarm before the start on a day of 25 hours',
      [
        'DTSTART;TZID=Europe/Zurich:20301026T120000',
        'DUE;TZID=Europe/Zurich:20301027T120000',
        'BEGIN:VALARM',
        'TRIGGER:PT0M',
        'END:VALARM',
      ],
      { reminders: [{ at: null, minutes_before_due: 1500 }] },
    ],
    [
      'an alarm before the first of several days',
      [
        'DTSTART;VALUE=DATE:20301126',
        'DUE;VALUE=DATE:20301128',
        'BEGIN:VALARM',
        'TRIGGER:-PT30M',
        'END:VALARM',
      ],
      { reminders: [{ at: null, minutes_before_due: 2910 }] },
    ],
    [
      'an alarm before a start with a duration',
      ['DTSTART:20301128T093000', 'DURATION:PT1H', 'BEGIN:VALARM', 'TRIGGER:-PT15M', 'END:VALARM'],
      { reminders: [{ at: null, minutes_before_due: 75 }] },
    ],
    [
      'an alarm before a start long before the due date',
      ['DTSTART:20300128T093000Z', 'DUE:20301128T103000Z', 'BEGIN:VALARM', 'TRIGGER:-PT15M', 'END:VALARM'],
      { reminders: [{ at: '2030-01-28T09:15:00.000Z', minutes_before_due: null }] },
    ],
    [
      'an alarm before a start without a due date',
      ['DTSTART;TZID=Europe/Zurich:20300128T093000', 'BEGIN:VALARM', 'TRIGGER:-PT15M', 'END:VALARM'],
      { reminders: [{ at: '2030-01-28T08:15:00.000Z', minutes_before_due: null }] },
    ],
    [
      'no alarm after the due date',
      ['DTSTART:20301128T093000Z', 'DUE:20301128T103000Z', 'BEGIN:VALARM', 'TRIGGER:PT2H', 'END:VALARM'],
      { reminders: [] },
    ],
    [
      'no alarm before a floating start',
      ['DTSTART:20301128T093000', 'BEGIN:VALARM', 'TRIGGER:-PT2H', 'END:VALARM'],
      { reminders: [] },
    ],
  ])('reads %s', async (_what, lines, expected) => {
    const report = await importInto(ada, 'ics', calendar(...todo(...lines)));
    expect(report).toMatchObject({ status: 200, body: { created: 1 } });
    expect(await tasks()).toMatchObject([{ title: 'A task', ...expected }]);
  });

  test('keeps a rule that repeats from completions, even if its start matches none of its days', async () => {
    const clock = { due_date: '2026-01-01', due_time: '23:30', time_zone: 'America/New_York' };
    const rules = ['FREQ=WEEKLY', 'FREQ=WEEKLY;COUNT=3;BYDAY=MO,TU', 'FREQ=MONTHLY;UNTIL=20990131'];
    for (const rrule of rules)
      await make('/tasks', { title: rrule, rrule, repeat_from: 'completion', ...clock });
    const bob = await makeUser(service.url);
    const ics = await exported(ada, '.ics');
    expect(ics).toContain('UNTIL=20990201T043000Z');
    expect((await importInto(bob, 'ics', ics)).body).toMatchObject({ created: 3 });
    const upcoming = async (user: TestUser) => {
      const { items } = (await user.send('GET', '/tasks?sort=title')).body;
      const paths = items.map(({ id }: Body) => `/tasks/${id}/occurrences?limit=4`);
      const lists = await Promise.all(paths.map((path: string) => user.send('GET', path)));
      return lists.map(({ body }) => body.items.map((each: Body) => each.due_date));
    };
    expect(await upcoming(bob)).toEqual(await upcoming(ada));
    const rrules = (await bob.send('GET', '/tasks?sort=title')).body.items.map((task: Body) => task.rrule);
    expect(rrules[1]).toBe('FREQ=WEEKLY');
    expect(rrules[2]).toContain('COUNT=3');
  });

  test.each<[string, string[], object]>([
    [
      'a start in another zone',
      ['DTSTART:20270104T190000Z', 'DUE;TZID=Europe/Zurich:20270108T180000'],
      { start_date: '2027-01-04', start_time: '20:00', time_zone: 'Europe/Zurich' },
    ],
    [
      'a start alone',
      ['DTSTART;TZID=Europe/Zurich:20270104T200000'],
      { start_at: '2027-01-04T19:00:00.000Z', due_date: null },
    ],
    [
      'a start on the due date',
      ['DTSTART;VALUE=DATE:20270104', 'DUE;VALUE=DATE:20270104'],
      { start_date: null },
    ],
    ['a start after the due date', ['DTSTART:20270105T000000', 'DUE:20270104T100000'], { start_date: null }],
    [
      'a series from its start',
      ['DTSTART;VALUE=DATE:20270104', 'DUE;VALUE=DATE:20270108', 'RRULE:FREQ=WEEKLY;BYDAY=MO'],
      { start_date: '2027-01-04', recurrence_start: '2027-01-04', recurrence_due: '2027-01-08' },
    ],
    [
      'excluded dates in several forms',
      [
        ...['DTSTART;TZID=America/New_York:20270104T200000', 'RRULE:FREQ=DAILY'],
        ...['EXDATE:20270108T010000Z,20270109T010000Z', 'EXDATE;VALUE=DATE:20270105'],
      ],
      { excluded_dates: ['2027-01-05', '2027-01-07', '2027-01-08'] },
    ],
    [
      'an hourly rule with an excluded hour',
      ['DUE:20270104T200000', 'RRULE:FREQ=HOURLY;INTERVAL=6', 'EXDATE:20270105T020000'],
      { recurrence_start_time: '20:00', excluded_dates: ['2027-01-05T02:00'] },
    ],
  ])('reads %s', async (_what, lines, expected) => {
    expect((await importInto(ada, 'ics', calendar(...todo(...lines)))).body).toMatchObject({ created: 1 });
    expect(await tasks()).toMatchObject([expected]);
  });

  test('writes times of day of reminders so that they come back, and so that other programs can use them', async () => {
    const theDayBefore = { days_before_due: 1, time: '18:00' };
    await make('/tasks', { title: 'a', due_date: '2094-01-04', reminders: [theDayBefore] });
    await make('/tasks', {
      ...{ title: 'b', due_date: '2094-01-04', due_time: '20:30', time_zone: 'Europe/Zurich' },
      reminders: [theDayBefore, { days_before_due: 0, time: '21:00' }],
    });
    // Such a VTODO ends in the last second of its day.
    await make('/tasks', {
      ...{ title: 'c', start_date: '2094-01-03', start_time: '08:00', due_date: '2094-01-04' },
      reminders: [theDayBefore, { minutes_before_due: 0 }],
    });
    const ics: string = await exported(ada, '.ics');
    const triggers = [...ics.matchAll(/TRIGGER;RELATED=END:(.*)\r/g)].map(([, value]) => value);
    expect(triggers).toEqual(['-PT360M', '-PT1590M', 'PT30M', '-PT1799M59S', '-PT1439M59S']);
    const of = async (user: TestUser) => (await exported(user)).tasks.map(({ reminders }: Body) => reminders);
    const bob = await makeUser(service.url);
    expect((await importInto(bob, 'ics', ics)).body).toMatchObject({ created: 3, warnings: 0 });
    expect(await of(bob)).toEqual(await of(ada));
    // Another program keeps properties that it does not know, and writes its own triggers.
    const eve = await makeUser(service.url);
    await importInto(eve, 'ics', ics.replaceAll(/TRIGGER;RELATED=END:.*\r/g, 'TRIGGER;RELATED=END:-PT15M\r'));
    const [one, other] = await of(eve);
    expect([one, other]).toMatchObject([[{ minutes_before_due: 15 }], [{ minutes_before_due: 15 }]]);
  });

  test('keeps the start of a series, unless another program has changed the rule', async () => {
    const { id } = await make('/tasks', {
      title: 'x',
      due_date: '2094-01-04',
      rrule: 'FREQ=DAILY;INTERVAL=3',
    });
    await ada.send('PATCH', `/tasks/${id}/complete`, { body: { completed: true } });
    await ada.send('PATCH', `/tasks/${id}`, { body: { due_date: '2094-01-08' } });
    const ics: string = await exported(ada, '.ics');
    expect(ics).toContain('X-TASKLANE-SERIES:2094-01-04/2094-01-04/FREQ=DAILY;INTERVAL=3');
    const startOf = async (file: string) => {
      const user = await makeUser(service.url);
      expect((await importInto(user, 'ics', file)).body).toMatchObject({ created: 1, warnings: 0 });
      return (await exported(user)).tasks[0].recurrence_start;
    };
    expect(await startOf(ics)).toBe('2094-01-04');
    expect(await startOf(ics.replace('RRULE:FREQ=DAILY', 'RRULE:FREQ=WEEKLY'))).toBe('2094-01-08');
    expect(await startOf(ics.replaceAll('20940108', '20940102'))).toBe('2094-01-04');
    expect(await startOf(ics.replace('SERIES:', 'SERIES:x/'))).toBe('2094-01-08');
  });

  test('keeps starts, excluded dates and hourly rules after an export and an import', async () => {
    const zone = { time_zone: 'America/New_York' };
    await make('/tasks', {
      title: '1',
      start_date: '2027-01-04',
      due_date: '2027-01-08',
      rrule: 'FREQ=WEEKLY;BYDAY=MO',
    });
    await make('/tasks', {
      ...{
        title: '2',
        start_date: '2027-01-04',
        start_time: '20:00',
        due_date: '2027-01-05',
        due_time: '02:00',
        ...zone,
      },
      ...{ rrule: 'FREQ=WEEKLY;BYDAY=MO', excluded_dates: ['2027-01-11'] },
    });
    await make('/tasks', {
      title: '3',
      start_date: '2027-01-04',
      due_date: '2027-01-05',
      due_time: '02:00',
      ...zone,
    });
    await make('/tasks', {
      title: '4',
      start_date: '2027-01-04',
      start_time: '20:00',
      due_date: '2027-01-05',
      ...zone,
    });
    await make('/tasks', { title: '5', start_date: '2027-01-04', start_time: '20:00' });
    await make('/tasks', {
      ...{ title: '6', due_date: '2027-01-04', due_time: '08:00', ...zone },
      ...{ rrule: 'FREQ=HOURLY;INTERVAL=6', excluded_dates: ['2027-01-04T14:00'] },
    });
    const of = (await exported(ada)).tasks;
    for (const [format, ending] of [
      ['ics', '.ics'],
      ['csv', '.csv'],
    ] as const) {
      const bob = await makeUser(service.url);
      const report = await importInto(bob, format, await exported(ada, ending));
      expect(report.body).toMatchObject({ created: 6, errors: 0 });
      const fields = ({
        title,
        start_date,
        start_time,
        start_at,
        due_date,
        due_time,
        time_zone,
        excluded_dates,
      }: Body) => ({
        title,
        start_date,
        start_time,
        start_at,
        due_date,
        due_time,
        time_zone,
        excluded_dates,
      });
      expect((await exported(bob)).tasks.map(fields)).toEqual(of.map(fields));
      for (const { id } of of.filter((each: Body) => each.rrule)) {
        const coming = async (user: TestUser) =>
          (await user.send('GET', `/tasks/${id}/occurrences?limit=6`)).body;
        expect(await coming(bob)).toEqual(await coming(ada));
      }
    }
  });

  describe('of changed occurrences', () => {
    const series = ['UID:s', 'DTSTART;VALUE=DATE:20940104', 'DUE;VALUE=DATE:20940108', 'RRULE:FREQ=WEEKLY'];
    const changed = (day: string, ...lines: string[]) =>
      todo('UID:s', `RECURRENCE-ID;VALUE=DATE:${day}`, ...lines);
    const done = ['STATUS:COMPLETED', 'COMPLETED:20260109T100000Z'];

    test('makes the first open occurrence current and leaves completions', async () => {
      const ics = calendar(
        ...changed('20940104', ...done),
        ...todo(...series),
        ...changed('20940111', 'STATUS:COMPLETED'),
        ...changed('20940125', 'STATUS:CANCELLED'),
        ...changed('20940201', ...done),
        ...changed('20940208', 'DUE;VALUE=DATE:20940214'),
      );
      const report = (await importInto(ada, 'ics', ics)).body;
      expect(report).toMatchObject({ created: 5, ignored: 0, errors: 0, warnings: 1 });
      const [task, moved] = await tasks();
      expect(task).toMatchObject({
        ...{ status: 'pending', start_date: '2094-01-18', due_date: '2094-01-22' },
        excluded_dates: ['2094-01-25', '2094-02-08'],
      });
      expect(moved).toMatchObject({ title: 'A task', due_date: '2094-02-14', rrule: null });
      expect(report.rows.flatMap(({ warnings }: Body) => warnings)).toMatchObject([
        { field: 'recurrence-id', found: '2094-02-08', used: moved.id },
      ]);
      const { items } = (await ada.send('GET', `/completions?task_id=${task.id}`)).body;
      expect(items.map((each: Body) => [each.start_date, each.due_date]).sort()).toEqual([
        ['2094-01-04', '2094-01-08'],
        ['2094-01-11', '2094-01-15'],
        ['2094-02-01', '2094-02-05'],
      ]);
      const next = await ada.send('PATCH', `/tasks/${task.id}/complete`, { body: { completed: true } });
      expect(next.body).toMatchObject({ start_date: '2094-02-15' });
      expect((await importInto(ada, 'ics', ics)).body).toMatchObject({ created: 0, skipped: 5 });
      for (const due_date of ['2094-01-22', '2094-01-15', '2094-01-08']) {
        const body = { completed: false, occurrence: due_date };
        const undone = await ada.send('PATCH', `/tasks/${task.id}/complete`, { body });
        expect(undone.body).toMatchObject({ due_date });
      }
    });

    test('moves the current occurrence, which does not come again on its former day', async () => {
      const ics = calendar(
        ...todo(...series),
        ...changed(
          '20940104',
          ...['DTSTART;VALUE=DATE:20940102', 'DUE;VALUE=DATE:20940105', 'DESCRIPTION:Early'],
        ),
      );
      const { rows } = (await importInto(ada, 'ics', ics)).body;
      expect(rows[0].warnings).toMatchObject([{ field: 'description', found: 'Early', used: null }]);
      const [task] = await tasks();
      expect(task).toMatchObject({ start_date: '2094-01-02', due_date: '2094-01-05', description: null });
      const next = await ada.send('PATCH', `/tasks/${task.id}/complete`, { body: { completed: true } });
      expect(next.body).toMatchObject({ start_date: '2094-01-11', due_date: '2094-01-15' });
    });

    test('makes tasks of occurrences without their series, and warns of those that are no dates of it', async () => {
      const ics = calendar(
        ...todo(...series, 'RELATED-TO:p'),
        ...changed('20940112', 'STATUS:IN-PROCESS'),
        ...changed('20940118', 'STATUS:IN-PROCESS', 'RRULE:FREQ=DAILY'),
        ...todo('UID:lost', 'RECURRENCE-ID:20940104T100000Z', 'DUE:20940105T100000Z'),
        ...todo('UID:p'),
        ...todo('UID:c', 'X-TASKLANE-REPEAT-FROM:COMPLETION', 'DUE:20940104T100000Z', 'RRULE:FREQ=DAILY'),
        ...todo('UID:c', 'RECURRENCE-ID:20940105T100000Z', 'DUE:20940106T100000Z'),
      );
      const report = (await importInto(ada, 'ics', ics)).body;
      expect(report).toMatchObject({ created: 5, ignored: 2, errors: 0, warnings: 4 });
      const warnings = report.rows.flatMap(({ warnings }: Body) =>
        warnings.map(({ field, found, used }: Body) => [field, found, used !== null]),
      );
      expect(warnings).toEqual([
        ['recurrence-id', '2094-01-12', false],
        ['recurrence-id', '2094-01-18', true],
        ['recurrence-id', '2094-01-05T10:00', false],
        ['recurrence-id', '2094-01-04T10:00', true],
      ]);
      const found = await tasks();
      const parent = found.find((each: Body) => found.some(({ parent_id }: Body) => parent_id === each.id));
      const own = found.find(({ status }: Body) => status === 'in_progress');
      expect(own).toMatchObject({ rrule: null, parent_id: parent.id });
      expect(own).toMatchObject({ start_date: '2094-01-18', due_date: '2094-01-22' });
      expect(found.find(({ due_date }: Body) => due_date === '2094-01-05')).toMatchObject({ rrule: null });
      expect((await importInto(ada, 'ics', ics)).body).toMatchObject({ created: 0, skipped: 5 });
    });

    test('warns of a change of all later occurrences', async () => {
      const ics = calendar(
        ...todo(...series),
        ...todo('UID:s', 'RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20940104', 'DUE;VALUE=DATE:20940109'),
      );
      const { rows } = (await importInto(ada, 'ics', ics)).body;
      expect(rows[0].warnings).toMatchObject([{ field: 'recurrence-id', found: 'RANGE', used: null }]);
      expect(await tasks()).toMatchObject([{ due_date: '2094-01-09' }]);
    });

    test('takes no time of a completion in the future', async () => {
      const ics = calendar(
        ...todo(...series),
        ...changed('20940104', 'STATUS:COMPLETED', 'COMPLETED:29990101T000000Z'),
      );
      expect((await importInto(ada, 'ics', ics)).status).toBe(200);
      const { items } = (await ada.send('GET', '/completions')).body;
      expect(items).toMatchObject([{ due_date: '2094-01-08' }]);
      expect(Date.parse(items[0].completed_at)).toBeLessThan(Date.parse('2999-01-01'));
    });

    test('takes the due date of the current occurrence, and completes a series without an open one', async () => {
      const ics = calendar(
        ...todo(...series),
        ...changed('20940104', 'DUE;VALUE=DATE:20940109'),
        ...todo('UID:t', 'DUE:20940104T100000Z', 'RRULE:FREQ=DAILY;COUNT=2'),
        ...todo('UID:t', 'RECURRENCE-ID:20940104T100000Z', ...done),
        ...todo('UID:t', 'RECURRENCE-ID;TZID=Asia/Tokyo:20940105T190000', ...done),
      );
      expect((await importInto(ada, 'ics', ics)).body).toMatchObject({ created: 4, ignored: 0, errors: 0 });
      const found = await tasks();
      expect(found.find((each: Body) => each.rrule === 'FREQ=WEEKLY')).toMatchObject({
        due_date: '2094-01-09',
      });
      expect(found.find((each: Body) => each.rrule !== 'FREQ=WEEKLY')).toMatchObject({
        ...{ status: 'completed', due_date: '2094-01-05', completed_at: '2026-01-09T10:00:00.000Z' },
      });
    });
  });

  test('finds parents by UIDs of any form, before or after their subtasks', async () => {
    const ics = calendar(
      ...todo('UID:child@example.com', 'RELATED-TO:parent@example.com'),
      ...todo('UID:parent@example.com'),
    );
    await importInto(ada, 'ics', ics);
    const [one, other] = await tasks();
    expect([one.parent_id, other.parent_id]).toEqual([other.id, null]);
    expect((await importInto(ada, 'ics', ics)).body).toMatchObject({ created: 0, skipped: 2 });
  });

  test('counts components that it does not import', async () => {
    const event = ['BEGIN:VEVENT', 'UID:e', 'SUMMARY:An event', 'DTSTART:20261128T180500Z', 'END:VEVENT'];
    const zone = ['BEGIN:VTIMEZONE', 'TZID:Here', 'X-LIC-LOCATION:Europe/Zurich', 'END:VTIMEZONE'];
    const ics = calendar(...event, ...todo('DUE;TZID=Here:20261128T180500'), ...event, ...zone);
    expect((await importInto(ada, 'ics', ics)).body).toMatchObject({ created: 1, ignored: 2 });
    expect(await tasks()).toMatchObject([{ time_zone: 'Europe/Zurich' }]);
  });

  test.each<[string, string, object]>([
    [
      'an unknown time zone',
      calendar(...todo('DUE;TZID=Middle-earth:20261128T180500')),
      { row: 1, line: 3, errors: [{ pointer: '/body/1/due', code: 'not-allowed' }] },
    ],
    [
      'a day that does not exist',
      calendar(...todo('DUE;VALUE=DATE:20260230')),
      { errors: [{ pointer: '/body/1/due', code: 'wrong-format' }] },
    ],
    [
      'an alarm before a day that does not exist',
      calendar(...todo('DUE;VALUE=DATE:20260230', 'BEGIN:VALARM', 'TRIGGER:-PT5M', 'END:VALARM')),
      { errors: [{ pointer: '/body/1/due', code: 'wrong-format' }] },
    ],
    [
      'a rule that tasks cannot have',
      calendar(...todo('DUE;VALUE=DATE:20261128', 'RRULE:FREQ=SECONDLY')),
      { errors: [{ pointer: '/body/1/rrule' }] },
    ],
    [
      'a malformed line',
      calendar(...todo('what is this')),
      { line: 3, errors: [{ pointer: '/body/1', code: 'wrong-format' }] },
    ],
    [
      'no end',
      'BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:x\n',
      { row: 0, type: 'file', errors: [{ pointer: '/body', code: 'wrong-format' }] },
    ],
    [
      'text of another format',
      'Good morning',
      { row: 0, line: 1, errors: [{ pointer: '/body', code: 'wrong-format' }] },
    ],
  ])('with %s is rejected', async (_what, ics, row) => {
    expect((await importInto(ada, 'ics', ics, true)).body.rows).toMatchObject([row]);
    expect((await importInto(ada, 'ics', ics)).status).toBe(422);
    expect(await tasks()).toEqual([]);
  });
});

test.each(['json', 'csv', 'ics'] as const)(
  'relative reminders without a due date are left out of %s',
  async (type) => {
    const reminders = [{ minutes_before_due: 5 }, { at: '2099-01-01T10:00:00.000Z' }];
    const task = await make('/tasks', { title: 'x', due_date: '2099-01-31', reminders });
    // Earlier releases could store such a task.
    const sql = 'update tasklane.tasks set due_date = null where lane_id = lane_of($1) and id = $2';
    await query(service.database.url, sql, [ada.id, task.id]);
    const bob = await makeUser(service.url);
    const file = await exported(ada, type === 'json' ? '' : `.${type}`);
    expect(await importInto(bob, type, file)).toMatchObject({ status: 200, body: { errors: 0 } });
    expect((await exported(bob)).tasks).toMatchObject([
      { due_date: null, reminders: [{ at: '2099-01-01T10:00:00.000Z', minutes_before_due: null }] },
    ]);
  },
);

describe('many rows', () => {
  const count = 1_700;
  const csv = [
    'title,tags',
    ...Array.from({ length: count }, (_, n) => `Task ${n},"t${n % 7}, t${n % 11}"`),
  ].join('\n');
  const seqs = async () => {
    const sql =
      'select at, count(*)::int as count from tasklane.changes where lane_id = lane_of($1) group by at order by at';
    return (await query<{ count: number }>(service.database.url, sql, [ada.id])).map((row) => row.count);
  };

  test('are written in chunks in their order, and a repeated import continues after the last chunk', async () => {
    // A database error in the middle.
    await query(
      service.database.url,
      'alter table tasklane.tasks add constraint no_more check (title <> $$Task 1234$$)',
    );
    try {
      expect((await importInto(ada, 'csv', csv)).status).toBe(500);
    } finally {
      await query(service.database.url, 'alter table tasklane.tasks drop constraint no_more');
    }
    const written = (await ada.send('GET', '/tasks?include_total=true')).body.total;
    expect([written > 0, written < count]).toEqual([true, true]);

    const rest = await importInto(ada, 'csv', csv);
    expect(rest.body).toMatchObject({ created: count - written, skipped: written });
    expect(Math.max(...(await seqs()))).toBeLessThanOrEqual(1_000);
    const { tasks, tags } = await exported(ada);
    expect([tasks.length, tags.length]).toEqual([count, 11]);
    const titles = tasks
      .toSorted((a: Body, b: Body) => (a.position < b.position ? -1 : 1))
      .map((task: Body) => task.title);
    expect(titles).toEqual(Array.from({ length: count }, (_, n) => `Task ${n}`));
  });

  test('with validation errors are listed up to a limit, and counted', async () => {
    const bad = csv.replaceAll(/^Task/gm, '\u0007');
    const refused = await importInto(ada, 'csv', bad);
    expect(refused.body.errors).toHaveLength(100);
    expect(refused.body.detail).toContain(`${count} of ${count} rows have errors`);
    const dry = await importInto(ada, 'csv', bad, true);
    const omitted = { rows_omitted: count - 100, errors_omitted: count - 100 };
    expect(dry.body).toMatchObject({ errors: count, created: 0, ...omitted });
    expect(dry.body.rows).toHaveLength(100);
  });

  test('have a report of the first rows with errors, and of the first rows without errors', async () => {
    const mixed = csv.replace(/^Task 150,/m, ',').replace(/^Task 1699,/m, ',');
    const { body } = await importInto(ada, 'csv', mixed, true);
    const counts = { errors: 2, created: count - 2, rows_omitted: count - 1_000, errors_omitted: 0 };
    expect(body).toMatchObject(counts);
    const rows = body.rows.map(({ row }: Body) => row);
    expect(rows).toEqual([...Array.from({ length: 999 }, (_, n) => n + 1), count]);
    const faulty = body.rows.filter(({ errors }: Body) => errors.length > 0);
    expect(faulty.map(({ row, action }: Body) => [row, action])).toEqual([
      [151, 'error'],
      [count, 'error'],
    ]);
  });
});

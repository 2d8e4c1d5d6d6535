/** Imports that leave out rows with errors, and imports of tasks that are in the trash. */
import { randomUUID } from 'node:crypto';
import type { ApiResponse, Body } from '../../support/api';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeUser, type TestUser, useUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
const ada = useUser(service);

const types = { json: 'application/json', csv: 'text/csv', ics: 'text/calendar' };

function importInto(
  user: TestUser,
  type: keyof typeof types,
  body: unknown,
  search = '',
): Promise<ApiResponse> {
  return user.send('POST', `/import.${type}${search}`, { body, headers: { 'Content-Type': types[type] } });
}

const skipping = '?on_error=skip';
const document = (parts: object) => ({ format: 'tasklane-export', version: 2, ...parts });
const exported = async (user: TestUser): Promise<Body> => (await user.send('GET', '/export')).body;
const make = async (body: object): Promise<Body> => (await ada.send('POST', '/tasks', { body })).body;
const titles = async () => (await exported(ada)).tasks.map((task: Body) => task.title).toSorted();
const actions = ({ body }: ApiResponse) => body.rows.map((row: Body) => row.action);

describe('on_error=skip', () => {
  test('imports the rows without errors, and reports the others', async () => {
    const csv = 'title,due_date\nOne,2026-11-28\nTwo,soon\nThree,\n';
    expect(await importInto(ada, 'csv', csv)).toMatchObject({ status: 422 });
    expect(await importInto(ada, 'csv', csv, '?on_error=fail')).toMatchObject({ status: 422 });
    expect(await titles()).toEqual([]);
    const dry = await importInto(ada, 'csv', csv, `${skipping}&dry_run=true`);
    const report = await importInto(ada, 'csv', csv, skipping);
    expect(report).toMatchObject({ status: 200, body: { created: 2, errors: 1 } });
    expect(report.body).toEqual({ ...dry.body, dry_run: false });
    expect(actions(report)).toEqual(['create', 'error', 'create']);
    expect(report.body.rows[1].errors).toMatchObject([{ pointer: '/body/2/due_date', code: 'wrong-format' }]);
    expect(await titles()).toEqual(['One', 'Three']);
  });

  test('leaves out what refers to a row with errors', async () => {
    const [project, parent, child, trashed, below, lowest] = Array.from({ length: 6 }, () => randomUUID());
    const deleted = { deleted_at: '2026-11-01T00:00:00Z', deleted_with: randomUUID() };
    const done = {
      ...{
        id: randomUUID(),
        user_id: 'x',
        task_id: parent,
        title: 'x',
        due_date: '2026-01-01',
        due_time: null,
      },
      ...{ time_zone: null, completed_at: '2026-01-01T00:00:00Z', rrule: 'FREQ=DAILY', status: 'pending' },
      next_due_date: null,
      reopened: [],
    };
    const body = document({
      projects: [{ id: project, name: '' }],
      tasks: [
        { id: randomUUID(), title: 'In the project', project_id: project },
        { id: child, title: 'Child', parent_id: parent },
        { id: parent, title: '' },
        { id: randomUUID(), title: 'Good' },
      ],
      trash: [
        {
          id: lowest,
          title: 'Lowest',
          parent_id: below,
          deleted_at: deleted.deleted_at,
          deleted_with: lowest,
        },
        {
          id: below,
          title: 'Below',
          parent_id: trashed,
          deleted_at: deleted.deleted_at,
          deleted_with: below,
        },
        { id: trashed, title: 'Trashed', ...deleted },
      ],
      completions: [done],
    });
    const report = await importInto(ada, 'json', body, skipping);
    expect(report).toMatchObject({ status: 200, body: { created: 1, errors: 8 } });
    expect(report.body.rows.map(({ errors }: Body) => errors.map((each: Body) => each.pointer))).toEqual([
      ['/body/projects/0/name'],
      ['/body/tasks/0/project_id'],
      ['/body/tasks/1/parent_id'],
      ['/body/tasks/2/title'],
      [],
      ['/body/trash/0/parent_id'],
      ['/body/trash/1/parent_id'],
      ['/body/trash/2/deleted_with'],
      ['/body/completions/0/task_id'],
    ]);
    expect(await titles()).toEqual(['Good']);
    expect((await exported(ada)).trash).toEqual([]);
  });

  test('imports the rows before the end of a broken file', async () => {
    const ics = 'BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:One\nEND:VTODO\nBEGIN:VTODO\nSUMMARY:Two\n';
    const report = await importInto(ada, 'ics', ics, skipping);
    expect(report).toMatchObject({ status: 200, body: { created: 1, errors: 1 } });
    expect(actions(report)).toEqual(['create', 'error']);
    const csv = 'title\nThree\n"Four"x\nFive\n';
    expect(await importInto(ada, 'csv', csv, skipping)).toMatchObject({ status: 200, body: { created: 1 } });
    expect(await titles()).toEqual(['One', 'Three']);
  });

  test.each([
    ['csv', 'colour\nred\n'],
    ['ics', 'Good morning'],
  ] as const)('is 422 for a %s file without any row', async (type, text) => {
    expect(await importInto(ada, type, text, skipping)).toMatchObject({
      status: 422,
      body: { code: 'validation-failed' },
    });
  });

  test('that is unknown is 422', async () => {
    expect(await importInto(ada, 'csv', 'title\nx\n', '?on_error=ignore')).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/query/on_error' }] },
    });
  });
});

describe('a task that is in the trash', () => {
  /** A lane with a tree of tasks. */
  async function makeTree() {
    const parent = await make({
      title: 'Parent',
      tags: ['home'],
      due_date: '2099-01-31',
      due_time: '10:00',
      time_zone: 'UTC',
      reminders: [{ minutes_before_due: 30 }],
    });
    const child = await make({ title: 'Child', parent_id: parent.id, description: 'Text' });
    const lowest = await make({ title: 'Lowest', parent_id: child.id });
    return { parent, child, lowest };
  }

  const ignored = new Set(['exported_at', 'version', 'updated_at', 'changes']);
  const comparable = (body: Body) =>
    JSON.stringify(body, (key, value) => (ignored.has(key) ? undefined : value));

  test.each(['json', 'csv', 'ics'] as const)('is restored from a backup in %s', async (type) => {
    await ada.send('PATCH', '/profile', { body: { week_start: 'sunday' } });
    const { parent, lowest } = await makeTree();
    const before = await exported(ada);
    const file = type === 'json' ? before : (await ada.send('GET', `/export.${type}`)).body;
    await ada.send('PATCH', `/tasks/${parent.id}`, {
      body: { title: 'Other', tags: ['away'], priority: 'low' },
    });
    await ada.send('DELETE', `/tasks/${lowest.id}`);
    await ada.send('DELETE', `/tasks/${parent.id}`);
    const dry = await importInto(ada, type, file, '?dry_run=true');
    const report = await importInto(ada, type, file);
    expect(report).toMatchObject({ status: 200, body: { created: 0, restored: 3, errors: 0 } });
    expect(report.body.rows).toEqual(dry.body.rows);
    expect(
      report.body.rows.filter((row: Body) => row.type === 'task').map((row: Body) => row.action),
    ).toEqual(['restore', 'restore', 'restore']);
    const after = await exported(ada);
    expect(after.trash).toEqual([]);
    expect(comparable({ tasks: after.tasks })).toBe(
      comparable({
        tasks: before.tasks.map((task: Body) =>
          type === 'ics'
            ? {
                ...task,
                position: after.tasks.find(({ id }: Body) => id === task.id).position,
                created_at: `${task.created_at.slice(0, 19)}.000Z`,
              }
            : task,
        ),
      }),
    );
    expect(after.tasks.map((task: Body) => task.version)).toEqual([4, 3, 3]);
    expect((await importInto(ada, type, file)).body).toMatchObject({ created: 0, restored: 0 });
  });

  test('is restored with its tags and reminders, and with a change that has its fields', async () => {
    const { parent } = await makeTree();
    await ada.send('DELETE', `/tasks/${parent.id}`);
    const file = document({
      tasks: [{ id: parent.id, title: 'Back', tags: ['Away'], reminders: [{ at: '2098-01-01T10:00:00Z' }] }],
    });
    expect((await importInto(ada, 'json', file)).body).toMatchObject({ restored: 1 });
    expect((await ada.send('GET', '/tasks?tags_any=away')).body.items).toMatchObject([
      { title: 'Back', due_date: null },
    ]);
    expect((await ada.send('GET', '/tasks?tags_any=home')).body.items).toEqual([]);
    const reminders = 'select fire_at from tasklane.reminders where lane_id = lane_of($1)';
    expect(await query(service.database.url, reminders, [ada.id])).toEqual([
      { fire_at: new Date('2098-01-01T10:00:00Z') },
    ]);
    const last = (await exported(ada)).changes.findLast((change: Body) => change.entity_id === parent.id);
    expect(last).toMatchObject({
      action: 'restored',
      fields: { title: { from: 'Parent', to: 'Back' }, due_date: { from: '2099-01-31', to: null } },
    });
  });

  test('is restored alone: the subtasks that the file lacks stay in the trash and can be restored', async () => {
    const { parent, child, lowest } = await makeTree();
    await ada.send('DELETE', `/tasks/${parent.id}`);
    await importInto(ada, 'json', document({ tasks: [{ id: parent.id, title: 'Parent' }] }));
    expect(await titles()).toEqual(['Parent']);
    const trash = (await ada.send('GET', '/trash')).body.items;
    expect(trash).toMatchObject([{ task: { id: child.id }, task_count: 2 }]);
    expect((await ada.send('POST', `/tasks/${child.id}/restore`)).status).toBe(200);
    const { tasks } = await exported(ada);
    expect(tasks.map((task: Body) => [task.id, task.parent_id])).toEqual([
      [parent.id, null],
      [child.id, parent.id],
      [lowest.id, child.id],
    ]);
  });

  test('can get a new parent from the file, and new subtasks', async () => {
    const task = await make({ title: 'Trashed' });
    await ada.send('DELETE', `/tasks/${task.id}`);
    const [above, below] = [randomUUID(), randomUUID()];
    const tasks = [
      { id: below, title: 'Below', parent_id: task.id },
      { id: task.id, title: 'Trashed', parent_id: above },
      { id: above, title: 'Above' },
    ];
    expect((await importInto(ada, 'json', document({ tasks }))).body).toMatchObject({
      created: 2,
      restored: 1,
    });
    expect((await ada.send('GET', `/tasks/${below}`)).body.parent_id).toBe(task.id);
    expect((await ada.send('GET', `/tasks/${task.id}`)).body.parent_id).toBe(above);
  });

  test('stays there if it is in the trash of the file too', async () => {
    await ada.send('PATCH', '/profile', { body: { week_start: 'sunday' } });
    const { parent } = await makeTree();
    await ada.send('DELETE', `/tasks/${parent.id}`);
    const before = await exported(ada);
    expect((await importInto(ada, 'json', before)).body).toMatchObject({ created: 0, restored: 0 });
    expect(await exported(ada)).toEqual({ ...before, exported_at: expect.any(String) });
  });

  test('of another user is not touched', async () => {
    const { parent } = await makeTree();
    await ada.send('DELETE', `/tasks/${parent.id}`);
    const bob = await makeUser(service.url);
    const file = document({ tasks: [{ id: parent.id, title: 'Mine' }] });
    expect((await importInto(bob, 'json', file)).body).toMatchObject({ created: 1, restored: 0 });
    expect((await exported(ada)).trash).toHaveLength(3);
    expect(await titles()).toEqual([]);
  });

  test('is restored even if there are many', async () => {
    const ids = Array.from({ length: 1_200 }, () => randomUUID());
    const deleted = (id: string) => ({ deleted_at: '2026-11-20T00:00:00Z', deleted_with: id });
    const trash = ids.map((id) => ({ id, title: 'x', ...deleted(id) }));
    expect((await importInto(ada, 'json', document({ trash }))).body).toMatchObject({ created: 1_200 });
    const csv = `id,title\n${ids.map((id) => `${id},x\n`).join('')}`;
    expect((await importInto(ada, 'csv', csv)).body).toMatchObject({ created: 0, restored: 1_200 });
    const { tasks, trash: left } = await exported(ada);
    expect([tasks.length, left.length]).toEqual([1_200, 0]);
  });
});

describe('a project in the trash', () => {
  /** A project with two tasks, and the export before it was deleted with them. */
  async function makeDeleted(): Promise<{ id: string; before: Body }> {
    await ada.send('PATCH', '/profile', { body: { week_start: 'sunday' } });
    const body = { name: 'Garden', color: '#2f855a' };
    const { id } = (await ada.send('POST', '/projects', { body })).body;
    await make({ title: 'Kept', project_id: id });
    await make({ title: 'Not in the file', project_id: id });
    const before = await exported(ada);
    await ada.send('DELETE', `/projects/${id}?tasks=delete`);
    return { id, before };
  }

  test('is restored from a backup with its tasks, and the others stay in the trash', async () => {
    const { id, before } = await makeDeleted();
    const tasks = before.tasks.filter(({ title }: Body) => title === 'Kept');
    const file = { ...before, projects: [{ ...before.projects[0], name: 'Renamed' }], tasks };
    const { seq } = (await exported(ada)).changes.at(-1);
    const dry = await importInto(ada, 'json', file, '?dry_run=true');
    const report = await importInto(ada, 'json', file);
    expect(report).toMatchObject({ status: 200, body: { restored: 2, errors: 0 } });
    expect(report.body).toEqual({ ...dry.body, dry_run: false });
    const { body: project } = await ada.send('GET', `/projects/${id}`);
    expect(project).toMatchObject({ name: 'Renamed', color: '#2f855a', version: 3 });
    expect(project).toMatchObject({ position: before.projects[0].position });
    const { changes, deleted_projects, trash } = await exported(ada);
    expect(changes.find((each: Body) => each.seq > seq && each.type === 'project')).toMatchObject({
      action: 'restored',
      fields: { name: { from: 'Garden', to: 'Renamed' } },
    });
    expect(deleted_projects).toEqual([]);
    expect(trash).toMatchObject([{ title: 'Not in the file', deleted_with_project: null }]);
    const { items } = (await ada.send('GET', `/tasks?project_id=${id}`)).body;
    expect(items.map(({ title }: Body) => title)).toEqual(['Kept']);
    expect((await importInto(ada, 'json', file)).body).toMatchObject({ created: 0, restored: 0 });
    expect((await ada.send('DELETE', `/projects/${id}?tasks=delete`)).status).toBe(204);
    expect((await ada.send('POST', `/projects/${id}/restore`)).status).toBe(200);
  });

  test('keeps the fields that a CSV file does not have', async () => {
    const { id, before } = await makeDeleted();
    const csv = `title,project_id,project\nNew,${id},Garden\n`;
    expect((await importInto(ada, 'csv', csv)).body).toMatchObject({ created: 1, restored: 1 });
    expect((await exported(ada)).projects).toMatchObject([
      { id, color: '#2f855a', position: before.projects[0].position },
    ]);
  });

  test('is skipped if it is in the trash of the file too', async () => {
    await makeDeleted();
    const file = await exported(ada);
    expect(file.deleted_projects).toHaveLength(1);
    expect((await importInto(ada, 'json', file)).body).toMatchObject({ created: 0, restored: 0, errors: 0 });
    const { deleted_projects, trash } = await exported(ada);
    expect({ deleted_projects, trash }).toEqual({
      deleted_projects: file.deleted_projects,
      trash: file.trash,
    });
  });

  test('must exist for tasks that were deleted with it, and only for them', async () => {
    const [id, other, project] = Array.from({ length: 3 }, () => randomUUID());
    const deleted_at = '2026-01-01T00:00:00Z';
    const errors = async (parts: object) =>
      (await importInto(ada, 'json', document(parts))).body.errors.map(
        ({ pointer, code }: Body) => `${pointer} ${code}`,
      );
    const root = { id, title: 'x', deleted_at, deleted_with: id, deleted_with_project: project };
    expect(await errors({ trash: [root] })).toEqual(['/body/trash/0/deleted_with_project not-in-lane']);
    const projects = { deleted_projects: [{ id: project, name: 'x', deleted_at }] };
    expect(await errors({ ...projects, trash: [root, { ...root, id: other, parent_id: id }] })).toEqual([
      '/body/trash/1/deleted_with_project contradiction',
    ]);
    expect(await errors({ ...projects, tasks: [{ id, title: 'x', deleted_with_project: project }] })).toEqual(
      ['/body/tasks/0/deleted_with_project contradiction'],
    );
    expect(await errors({ ...projects, tasks: [{ id, title: 'x', project_id: project }] })).toEqual([
      '/body/tasks/0/project_id not-in-lane',
    ]);
    expect(await errors({ deleted_projects: [{ id: project, name: 'x' }] })).toEqual([
      '/body/deleted_projects/0/deleted_at required',
    ]);
  });
});

describe('a JSON file', () => {
  const future = '2999-01-01T00:00:00Z';

  test('must not have times in the future where they cannot be', async () => {
    const id = randomUUID();
    const task = { id, title: 'x', due_date: '2026-01-01', rrule: 'FREQ=DAILY' };
    const done = {
      ...{
        id,
        user_id: 'x',
        task_id: id,
        title: 'x',
        due_date: '2026-01-01',
        due_time: null,
        time_zone: null,
      },
      ...{ rrule: 'FREQ=DAILY', status: 'pending', next_due_date: null },
      completed_at: '2026-01-01T00:00:00Z',
    };
    const reopened = [{ id, status: 'completed', completed_at: future }];
    const { body } = await importInto(
      ada,
      'json',
      document({
        deleted_projects: [{ id, name: 'x', deleted_at: future }],
        tasks: [{ ...task, status: 'completed', completed_at: future }],
        trash: [{ ...task, id: randomUUID(), deleted_at: future, deleted_with: id }],
        completions: [
          { ...done, completed_at: future },
          { ...done, id: randomUUID(), recorded_at: future, reopened },
        ],
        purged_completions: [{ task_id: id, completed_at: future, count: 1 }],
      }),
    );
    expect(body.errors.map(({ pointer, code }: Body) => `${pointer} ${code}`)).toEqual([
      '/body/deleted_projects/0/deleted_at too-large',
      '/body/tasks/0/completed_at too-large',
      '/body/trash/0/deleted_at too-large',
      '/body/completions/0/completed_at too-large',
      '/body/completions/1/recorded_at too-large',
      '/body/completions/1/reopened/0/completed_at too-large',
      '/body/purged_completions/0/completed_at too-large',
    ]);
  });

  test('gets warnings of fields that it should not have, and of webhooks', async () => {
    const id = randomUUID();
    const { body } = await importInto(
      ada,
      'json',
      document({
        exported_at: future,
        profile: { user_id: 'x', version: 3, language: 'de' },
        projects: [{ id, name: 'x', description: 'A text', version: 7 }],
        tags: [{ id, name: 'x', icon: null, updated_at: future }],
        webhooks: [{ url: 'https://example.com/' }],
        changes: [{ seq: 1 }],
      }),
      '?dry_run=true',
    );
    expect(body).toMatchObject({ errors: 0, warnings: 4 });
    const warnings = body.rows.flatMap(({ type, warnings }: Body) =>
      warnings.map(({ field, found, used }: Body) => [type, field, found, used]),
    );
    expect(warnings).toEqual([
      ['file', 'webhooks', '1', null],
      ['profile', 'language', '"de"', null],
      ['project', 'description', '"A text"', null],
      ['tag', 'icon', 'null', null],
    ]);
  });
});

/** Tests projects: their tasks, their counts and their order. */
import { randomUUID } from 'node:crypto';
import type { Body } from '../../support/api';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';

let ada: TaskClient;

const service = useTestService({ RATE_LIMIT: 'off' });
beforeEach(async () => {
  ada = await makeTaskClient(service);
});

const ids = (items: readonly { id: string }[]) => items.map((item) => item.id);

describe('a deleted project', () => {
  test('leaves its tasks without a project with tasks=move, also in the trash', async () => {
    const project = await ada.project();
    const line = await ada.chain(2, { project_id: project.id });
    const deleted = await ada.create({ project_id: project.id });
    await ada.ok('DELETE', `/tasks/${deleted.id}`);
    const aside = await ada.create();
    const seq = await ada.seq();
    await ada.ok('DELETE', `/projects/${project.id}?tasks=move`);

    for (const { id } of line) {
      expect(await ada.read(id)).toMatchObject({ project_id: null, version: 2 });
    }
    expect(await ada.read(aside.id)).toEqual(aside);
    const changes = await ada.changesAfter(seq);
    const last = changes.pop();
    expect(last).toMatchObject({ type: 'project', entity_id: project.id, action: 'deleted' });
    expect(changes.map((each) => each.entity_id).toSorted()).toEqual(ids([...line, deleted]).toSorted());
    for (const { fields } of changes) expect(fields).toEqual({ project_id: { from: project.id, to: null } });
    expect((await ada.ok('POST', `/tasks/${deleted.id}/restore`)).project_id).toBeNull();
    expect((await ada.send('GET', `/projects/${project.id}`)).status).toBe(404);
  });

  test('puts each tree into the trash separately with tasks=delete', async () => {
    const project = await ada.project();
    const line = await ada.chain(3, { project_id: project.id });
    const alone = await ada.create({ project_id: project.id });
    const aside = await ada.create();
    await ada.ok('DELETE', `/projects/${project.id}?tasks=delete`);
    expect(ids(await ada.all('/tasks'))).toEqual([aside.id]);
    const trash = await ada.all('/trash');
    expect(Object.fromEntries(trash.map((each) => [each.task.id, each.task_count]))).toEqual({
      [line[0].id]: 3,
      [alone.id]: 1,
    });
    expect(await ada.ok('POST', `/tasks/${line[0].id}/restore`)).toMatchObject({ project_id: null });
    for (const { id } of line) expect((await ada.read(id)).project_id).toBeNull();
  });

  test('comes back from the trash with the tasks that were deleted with it', async () => {
    const project = await ada.ok('POST', '/projects', { name: 'Garden', color: '#2f855a', archived: true });
    const line = await ada.chain(3, { project_id: project.id });
    const [before, single, gone, kept] = await Promise.all(
      [1, 2, 3, 4].map(() => ada.create({ project_id: project.id })),
    );
    await ada.ok('DELETE', `/tasks/${before?.id}`);
    await ada.ok('DELETE', `/projects/${project.id}?tasks=delete`);
    await ada.ok('POST', `/tasks/${single?.id}/restore`);
    await ada.ok('DELETE', `/trash/${gone?.id}`);
    const [{ task_count }] = await ada.all('/deleted-projects');
    expect(task_count).toBe(4);

    const seq = await ada.seq();
    const restored = await ada.ok('POST', `/projects/${project.id}/restore`);
    expect(restored).toEqual({ ...project, version: 3, updated_at: restored.updated_at });
    expect(await ada.ok('GET', `/projects/${project.id}`)).toEqual(restored);
    const inProject = await ada.all(`/tasks?project_id=${project.id}`);
    expect(ids(inProject).toSorted()).toEqual(ids([...line, kept as Body]).toSorted());
    for (const { id, parent_id } of line) {
      expect(await ada.read(id)).toMatchObject({ parent_id, project_id: project.id });
    }
    expect((await ada.read(single?.id)).project_id).toBeNull();
    expect((await ada.all('/trash')).map(({ task }) => task.id)).toEqual([before?.id]);
    expect(await ada.all('/deleted-projects')).toEqual([]);
    expect((await ada.send('POST', `/projects/${project.id}/restore`)).status).toBe(404);

    const changes = await ada.changesAfter(seq);
    expect(changes[0]).toMatchObject({
      type: 'project',
      entity_id: project.id,
      action: 'restored',
      fields: {},
    });
    expect(changes.slice(1).map(({ entity_id }) => entity_id)).toEqual(expect.arrayContaining(ids(line)));
    for (const { action, fields } of changes.slice(1)) {
      expect({ action, fields }).toEqual({
        action: 'restored',
        fields: { project_id: { from: null, to: project.id } },
      });
    }
  });

  test('keeps its id in the trash, and is purged with it', async () => {
    const project = await ada.project();
    await ada.ok('DELETE', `/projects/${project.id}?tasks=delete`);
    const again = await ada.send('POST', '/projects', { body: { id: project.id, name: 'Another' } });
    const entity = { type: 'project', version: 2, in_trash: true };
    expect(again).toMatchObject({ status: 409, body: { code: 'id-taken', entity } });
    await ada.ok('DELETE', '/trash');
    expect(await ada.all('/deleted-projects')).toEqual([]);
    expect((await ada.changesAfter(0)).at(-1)).toMatchObject({ type: 'project', action: 'purged' });
    await ada.ok('POST', '/projects', { id: project.id, name: 'Another' });
  });

  test('is purged by the job after its time in the trash', async () => {
    const [old, young] = [await ada.project(), await ada.project()];
    for (const { id } of [old, young]) await ada.ok('DELETE', `/projects/${id}?tasks=delete`);
    await query(
      service.database.url,
      `update tasklane.deleted_projects set deleted_at = now() - interval '31 days' where id = $1`,
      [old.id],
    );
    await service.runJob('purge');
    expect((await ada.all('/deleted-projects')).map(({ project }) => project.id)).toEqual([young.id]);
  });

  test('does not go to the trash with tasks=move', async () => {
    const project = await ada.project();
    await ada.ok('DELETE', `/projects/${project.id}?tasks=move`);
    expect(await ada.all('/deleted-projects')).toEqual([]);
  });

  test('requires the parameter tasks', async () => {
    const project = await ada.project();
    expect(await ada.validationErrors('DELETE', `/projects/${project.id}`, undefined)).toEqual([
      '/query/tasks required',
    ]);
    expect((await ada.send('DELETE', `/projects/${randomUUID()}?tasks=move`)).status).toBe(404);
  });
});

test('counts include subtasks but not the trash', async () => {
  const [project, empty] = [await ada.project(), await ada.project()];
  const [parent] = await ada.chain(2, { project_id: project.id });
  await ada.create({ project_id: project.id, status: 'completed' });
  await ada.create({ project_id: project.id, status: 'cancelled' });
  await ada.create({ parent_id: parent.id, status: 'in_progress' });
  const deleted = await ada.create({ project_id: project.id });
  await ada.ok('DELETE', `/tasks/${deleted.id}`);
  const { counts } = await ada.ok('GET', '/projects');
  expect(counts).toEqual({
    [project.id]: { open: 3, completed: 1 },
    [empty.id]: { open: 0, completed: 0 },
  });
});

test('a list by ids has the counts, and no project of another lane', async () => {
  const [one, , three] = [await ada.project(), await ada.project(), await ada.project()];
  const foreign = await (await makeTaskClient(service)).project();
  await ada.create({ project_id: three.id });
  const page = await ada.ok('GET', `/projects?id=${three.id},${one.id},${foreign.id}`);
  expect(ids(page.items)).toEqual([one.id, three.id]);
  expect(page.counts).toEqual({ [one.id]: { open: 0, completed: 0 }, [three.id]: { open: 1, completed: 0 } });
});

test('an archived project keeps its tasks and accepts new ones', async () => {
  const project = await ada.project();
  const task = await ada.create({ project_id: project.id });
  const archived = await ada.ok('PATCH', `/projects/${project.id}`, { archived: true });
  expect(archived).toEqual({
    ...project,
    archived: true,
    version: 2,
    updated_at: archived.updated_at,
  });
  expect(await ada.read(task.id)).toEqual(task);
  const other = await ada.project();
  expect(ids(await ada.all('/projects?archived=true'))).toEqual([project.id]);
  expect(ids(await ada.all('/projects?archived=false'))).toEqual([other.id]);
  expect(ids(await ada.all('/projects'))).toEqual([project.id, other.id]);
});

test('a patch records a change of the fields that it changes, and no change if it changes nothing', async () => {
  const project = await ada.ok('POST', '/projects', { name: ' Garden ', color: '#2f855a' });
  expect(project).toMatchObject({ name: 'Garden', color: '#2f855a', archived: false, version: 1 });
  const seq = await ada.seq();
  expect(await ada.ok('PATCH', `/projects/${project.id}`, { name: ' Garden', color: '#2f855a' })).toEqual(
    project,
  );
  await ada.ok('PATCH', `/projects/${project.id}`, { name: 'Yard', color: null });
  expect((await ada.changesAfter(seq)).map((each) => each.fields)).toEqual([
    { name: { from: 'Garden', to: 'Yard' }, color: { from: '#2f855a', to: null } },
  ]);
});

describe('a move', () => {
  let projects: Body[];
  const order = async () => (await ada.all('/projects', 2)).map((each) => each.name).join('');

  beforeEach(async () => {
    projects = [];
    for (const name of 'abcde') projects.push(await ada.project(name));
  });

  test.each([
    [0, 'after', 4, 'bcdea'],
    [4, 'before', 0, 'eabcd'],
    [1, 'after', 2, 'acbde'],
    [3, 'before', 1, 'adbce'],
    [1, 'before', 2, 'abcde'],
    [2, 'after', 1, 'abcde'],
  ] as const)('of project %i %s project %i gives the order %s', async (moved, side, anchor, wanted) => {
    const seq = await ada.seq();
    const path = `/projects/${projects[moved]?.id}/move`;
    await ada.ok('POST', path, { [side]: projects[anchor]?.id });
    expect(await order()).toBe(wanted);
    const changes = await ada.changesAfter(seq);
    expect(changes).toHaveLength(wanted === 'abcde' ? 0 : 1);
  });

  test('cannot be next to the project itself, or to a missing project', async () => {
    const bob = await makeTaskClient(service);
    const path = `/projects/${projects[0].id}/move`;
    expect(await ada.validationErrors('POST', path, { before: projects[0].id })).toEqual([
      '/body/before cycle',
    ]);
    for (const id of [randomUUID(), (await bob.project()).id]) {
      expect(await ada.validationErrors('POST', path, { after: id })).toEqual(['/body/after not-in-lane']);
    }
  });
});

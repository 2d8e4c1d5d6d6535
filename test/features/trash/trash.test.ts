/** Tests the trash: deletes, restores and purges. */
import type { Body } from '../../support/api';
import { useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';

let ada: TaskClient;

const service = useTestService({ RATE_LIMIT: 'off', TRASH_RETENTION_DAYS: '7' });
beforeEach(async () => {
  ada = await makeTaskClient(service);
});

const ids = (items: readonly { id: string }[]) => items.map((item) => item.id);
const remove = (task: Body) => ada.ok('DELETE', `/tasks/${task.id}`);
const restore = (task: Body) => ada.ok('POST', `/tasks/${task.id}/restore`);
const live = async () => ids(await ada.all('/tasks?sort=created_at'));
const trash = async () =>
  Object.fromEntries((await ada.all('/trash')).map((each) => [each.task.id, each.task_count]));

describe('a delete', () => {
  test('removes exactly the subtree, its root first, each task with a change', async () => {
    const line = await ada.chain(5);
    const beside = await ada.create({ parent_id: line[0].id });
    const seq = await ada.seq();
    await remove(line[1]);
    expect(await live()).toEqual(ids([line[0], beside]));
    expect(await trash()).toEqual({ [line[1].id]: 4 });
    const changes = await ada.changesAfter(seq);
    expect(changes[0]?.entity_id).toBe(line[1].id);
    expect(changes.map((each) => each.entity_id).toSorted()).toEqual(ids(line.slice(1)).toSorted());
    expect(changes.every((each) => each.action === 'deleted')).toBe(true);
    for (const { id } of line.slice(1)) {
      for (const [method, path] of [
        ['GET', `/tasks/${id}`],
        ['DELETE', `/tasks/${id}`],
        ['PATCH', `/tasks/${id}/complete`],
      ] as const) {
        expect((await ada.send(method, path)).status).toBe(404);
      }
      expect((await ada.send('PATCH', `/tasks/${id}`, { body: { title: 'No' } })).status).toBe(404);
      expect((await ada.send('PUT', `/tasks/${id}`, { body: { title: 'No' } })).status).toBe(404);
      const move = { body: { project_id: null } };
      expect((await ada.send('POST', `/tasks/${id}/move`, move)).status).toBe(404);
    }
  });

  test('does not change earlier deletes', async () => {
    const line = await ada.chain(4);
    await remove(line[2]);
    await remove(line[0]);
    expect(await trash()).toEqual({ [line[2].id]: 2, [line[0].id]: 2 });
  });

  test('gives the earliest time of the purge, by the configured days', async () => {
    await remove(await ada.create());
    const [item] = await ada.all('/trash');
    expect(Date.parse(item.purged_after) - Date.parse(item.deleted_at)).toBe(7 * 86_400_000);
  });

  test('keeps the id reserved', async () => {
    const task = await ada.create();
    await remove(task);
    const taken = await ada.send('POST', '/tasks', { body: { id: task.id, title: 'Again' } });
    expect(taken).toMatchObject({ status: 409, body: { code: 'id-taken' } });
    await ada.ok('DELETE', `/trash/${task.id}`);
    expect(await ada.create({ id: task.id, title: 'Again' })).toMatchObject({ id: task.id, version: 1 });
  });
});

describe('a restore', () => {
  test('restores exactly the tasks of that delete, each with a change', async () => {
    const line = await ada.chain(5, { tags: ['home'], due_date: '2026-11-28' });
    await remove(line[3]);
    await remove(line[1]);
    const seq = await ada.seq();
    const back = await restore(line[1]);
    expect(back).toEqual({ ...line[1], version: 3, updated_at: back.updated_at });
    expect(await live()).toEqual(ids(line.slice(0, 3)));
    expect(await trash()).toEqual({ [line[3].id]: 2 });
    const changes = await ada.changesAfter(seq);
    expect(changes.map(({ entity_id, action, fields }) => ({ entity_id, action, fields }))).toEqual(
      [line[1], line[2]].map(({ id }) => ({ entity_id: id, action: 'restored', fields: {} })),
    );
    await restore(line[3]);
    expect(await live()).toEqual(ids(line));
    expect((await ada.read(line[4].id)).parent_id).toBe(line[3].id);
  });

  test('puts the task at the root if its parent is in the trash; the parent is then restored without it', async () => {
    const line = await ada.chain(3);
    await remove(line[1]);
    await remove(line[0]);
    const seq = await ada.seq();
    expect((await restore(line[1])).parent_id).toBeNull();
    expect((await ada.changesAfter(seq))[0]?.fields).toEqual({
      parent_id: { from: line[0].id, to: null },
    });
    expect(await live()).toEqual(ids(line.slice(1)));
    await restore(line[0]);
    expect(await ada.read(line[2].id)).toMatchObject({ parent_id: line[1].id });
  });

  test('of one task of a delete restores it and its subtasks to the root', async () => {
    const line = await ada.chain(4);
    await remove(line[0]);
    await restore(line[2]);
    expect(await live()).toEqual(ids(line.slice(2)));
    expect((await ada.read(line[2].id)).parent_id).toBeNull();
    expect(await trash()).toEqual({ [line[0].id]: 2 });
    await restore(line[0]);
    expect((await ada.read(line[1].id)).parent_id).toBe(line[0].id);
    expect((await ada.read(line[2].id)).parent_id).toBeNull();
  });

  test('puts the task at the root if it would be too deep', async () => {
    const [upper, lower] = [await ada.chain(4), await ada.chain(3)];
    await remove(lower[1]);
    await ada.ok('POST', `/tasks/${lower[0].id}/move`, { parent_id: upper[2].id });
    expect((await restore(lower[1])).parent_id).toBeNull();
    expect((await ada.read(lower[2].id)).parent_id).toBe(lower[1].id);
  });

  test('can use the fifth level', async () => {
    const [upper, lower] = [await ada.chain(3), await ada.chain(3)];
    await remove(lower[1]);
    await ada.ok('POST', `/tasks/${lower[0].id}/move`, { parent_id: upper[1].id });
    expect((await restore(lower[1])).parent_id).toBe(lower[0].id);
  });

  test("uses the parent's current project, or none if the project is deleted", async () => {
    const [one, other] = [await ada.project(), await ada.project()];
    const line = await ada.chain(3, { project_id: one.id });
    await remove(line[1]);
    await ada.ok('PATCH', `/tasks/${line[0].id}`, { project_id: other.id });
    const seq = await ada.seq();
    expect((await restore(line[1])).project_id).toBe(other.id);
    expect((await ada.read(line[2].id)).project_id).toBe(other.id);
    for (const { fields } of await ada.changesAfter(seq)) {
      expect(fields).toEqual({ project_id: { from: one.id, to: other.id } });
    }
    await remove(line[0]);
    await ada.ok('DELETE', `/projects/${other.id}?tasks=move`);
    await restore(line[0]);
    for (const { id } of line) expect((await ada.read(id)).project_id).toBeNull();
  });

  test('has the new name of a tag that was merged or renamed since the delete', async () => {
    const task = await ada.create({ tags: ['home'] });
    await remove(task);
    await ada.create({ tags: ['house'] });
    const [home] = await ada.all('/tags');
    await ada.ok('PATCH', `/tags/${home.id}`, { name: 'house' });
    expect((await restore(task)).tags).toEqual(['house']);
  });
});

describe('a purge', () => {
  test('removes the tasks of that delete; earlier deletes stay, without their parent', async () => {
    const line = await ada.chain(5);
    await remove(line[3]);
    await remove(line[1]);
    const seq = await ada.seq();
    await ada.ok('DELETE', `/trash/${line[1].id}`);
    expect(await trash()).toEqual({ [line[3].id]: 2 });
    const changes = await ada.changesAfter(seq);
    expect(changes[0]).toMatchObject({
      entity_id: line[3].id,
      action: 'updated',
      fields: { parent_id: { from: line[2].id, to: null } },
    });
    expect(
      changes
        .slice(1)
        .map(({ entity_id, action }) => `${entity_id} ${action}`)
        .toSorted(),
    ).toEqual([`${line[1].id} purged`, `${line[2].id} purged`].toSorted());
    expect((await restore(line[3])).parent_id).toBeNull();
    expect(await live()).toEqual(ids([line[0], line[3], line[4]]));
    expect((await ada.send('POST', `/tasks/${line[1].id}/restore`)).status).toBe(404);
  });

  test('of one task keeps the tasks that were deleted with it', async () => {
    const line = await ada.chain(3);
    await remove(line[0]);
    await ada.ok('DELETE', `/trash/${line[1].id}`);
    expect(await trash()).toEqual({ [line[0].id]: 1 });
    await restore(line[0]);
    expect(await live()).toEqual([line[0].id]);
  });

  test('works only for tasks in the trash', async () => {
    const task = await ada.create();
    expect((await ada.send('DELETE', `/trash/${task.id}`)).status).toBe(404);
    expect(await ada.read(task.id)).toEqual(task);
  });

  test('of everything empties the trash and keeps other tasks', async () => {
    const line = await ada.chain(3);
    const kept = await ada.create({ tags: ['home'] });
    await remove(line[2]);
    await remove(line[0]);
    const seq = await ada.seq();
    await ada.ok('DELETE', '/trash');
    expect(await trash()).toEqual({});
    expect(await live()).toEqual([kept.id]);
    const changes = await ada.changesAfter(seq);
    expect(changes.every((each) => each.action === 'purged')).toBe(true);
    expect(changes.map((each) => each.entity_id).toSorted()).toEqual(ids(line).toSorted());
    await ada.ok('DELETE', '/trash');
    expect(await ada.seq()).toBe(changes.at(-1)?.seq);
  });
});

test('the list has deletes, the latest first, each once across pages', async () => {
  const roots: string[] = [];
  for (let n = 0; n < 9; n++) {
    const [root] = await ada.chain(2);
    await remove(root);
    roots.unshift(root.id);
  }
  for (const limit of [1, 4, 200]) {
    const items = await ada.all('/trash', limit);
    expect(items.map((each) => each.task.id)).toEqual(roots);
    expect(items.every((each) => each.task_count === 2)).toBe(true);
  }
});

test('the list can be filtered by the last eight characters of ids', async () => {
  const [one, two, three] = [await ada.create(), await ada.create(), await ada.create()];
  for (const task of [one, two, three]) await remove(task);
  const endings = [three, one].map((task) => task.id.slice(-8)).join();
  const { items } = await ada.ok('GET', `/trash?id_ends_with=${endings}`);
  expect(items.map((item: { task: { id: string } }) => item.task.id)).toEqual([three.id, one.id]);
});

test("another user's trash cannot be reached", async () => {
  const bob = await makeTaskClient(service);
  const task = await ada.create();
  await remove(task);
  expect((await bob.send('POST', `/tasks/${task.id}/restore`)).status).toBe(404);
  expect((await bob.send('DELETE', `/trash/${task.id}`)).status).toBe(404);
  await bob.ok('DELETE', '/trash');
  expect(await bob.all('/trash')).toEqual([]);
  expect(await trash()).toEqual({ [task.id]: 1 });
});

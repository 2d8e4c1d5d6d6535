/** Tests the duplication of tasks beyond the contract's cases. */
import { randomUUID } from 'node:crypto';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';

const service = useTestService({ RATE_LIMIT: 'off' });
let ada: TaskClient;
beforeEach(async () => {
  ada = await makeTaskClient(service);
});

const titles = async () => (await ada.all('/tasks?sort=position')).map(({ title }) => title);

test('a copy comes directly after its task, without its subtasks', async () => {
  const [task] = await ada.chain(2);
  await ada.create({ title: 'Last' });
  const copy = await ada.ok('POST', `/tasks/${task?.id}/duplicate`);
  expect(await titles()).toEqual(['Level 1', 'Level 1', 'Level 2', 'Last']);
  expect((await ada.all('/tasks?sort=position'))[1]).toEqual(copy);
});

test('a copy has all subtasks, open and at the same places, with the option', async () => {
  const project = await ada.project();
  const [root, child] = await ada.chain(3, { project_id: project.id });
  await ada.create({ title: 'Second child', parent_id: root?.id, tags: ['home'] });
  await ada.ok('PATCH', `/tasks/${child?.id}/complete`, { completed: true });
  const gone = await ada.create({ title: 'Gone', parent_id: root?.id });
  await ada.ok('DELETE', `/tasks/${gone.id}`);

  const copy = await ada.ok('POST', `/tasks/${root?.id}/duplicate`, { subtasks: true });
  const below = await ada.all(`/tasks?parent_id=${copy.id}&sort=position`);
  expect(below).toMatchObject([
    { title: 'Level 2', status: 'pending', completed_at: null, project_id: project.id },
    { title: 'Second child', tags: ['home'] },
  ]);
  expect(await ada.all(`/tasks?parent_id=${below[0]?.id}`)).toMatchObject([{ title: 'Level 3' }]);
  expect(await ada.all(`/tasks?parent_id=${root?.id}`)).toHaveLength(2);
  expect(await ada.all('/tasks')).toHaveLength(8);
});

test('a copy of a recurring task goes on from the same occurrence, without completions', async () => {
  const task = await ada.create({ due_date: '2099-01-01', rrule: 'FREQ=WEEKLY;COUNT=3' });
  await ada.ok('PATCH', `/tasks/${task.id}/complete`);
  const copy = await ada.ok('POST', `/tasks/${task.id}/duplicate`);
  expect(copy).toMatchObject({ due_date: '2099-01-08', recurrence_start: '2099-01-01' });
  expect((await ada.ok('GET', `/completions?task_id=${copy.id}`)).items).toEqual([]);
  await ada.ok('PATCH', `/tasks/${copy.id}/complete`);
  expect(await ada.ok('PATCH', `/tasks/${copy.id}/complete`)).toMatchObject({ status: 'completed' });
});

test('each copy is a change of the lane, and past reminders do not fire for copies', async () => {
  const at = ['2020-02-29T12:00:00.000Z', '2099-01-01T00:00:00.000Z'];
  const task = await ada.create({ reminders: at.map((each) => ({ at: each })) });
  const seq = await ada.seq();
  const id = randomUUID();
  await ada.ok('POST', `/tasks/${task.id}/duplicate`, { id });
  expect(await ada.changesAfter(seq)).toMatchObject([{ type: 'task', entity_id: id, action: 'created' }]);
  const waiting = await query(
    service.database.url,
    'select fire_at from tasklane.reminders where task_id = $1 and fired_at is null',
    [id],
  );
  expect(waiting).toEqual([{ fire_at: new Date(at[1] as string) }]);
});

test('a task with 1,000 subtasks cannot be copied with them', async () => {
  const root = await ada.create();
  const tasks = Array.from({ length: 1_000 }, () => ({
    id: randomUUID(),
    title: 'Below',
    parent_id: root.id,
  }));
  await ada.ok('POST', '/import.json', { format: 'tasklane-export', version: 2, tasks });
  const path = `/tasks/${root.id}/duplicate`;
  expect(await ada.validationErrors('POST', path, { subtasks: true })).toEqual(['/body/subtasks too-large']);
  await ada.ok('DELETE', `/tasks/${tasks[0]?.id}`);
  const copy = await ada.ok('POST', path, { subtasks: true });
  expect(await ada.all(`/tasks?parent_id=${copy.id}`)).toHaveLength(999);
});

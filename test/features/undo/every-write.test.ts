/**
 * Tests that every change can be taken back: for each operation that writes, an undo gives the state from before, and an
 * undo of the undo gives the state from after.
 */
import type { OperationId } from '../../../src/platform/contract/document/operations';
import type { ApiResponse, Body, RequestOptions } from '../../support/api';
import { operations } from '../../support/operations';
import { useTestService } from '../../support/service';
import { useUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
const ada = useUser(service);

async function call(method: string, path: string, options?: RequestOptions): Promise<ApiResponse> {
  const response = await ada.send(method, path, options);
  if (response.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(response.body)}`);
  return response;
}
const get = async (path: string): Promise<Body> => (await call('GET', path)).body;
const post = async (path: string, body: object = {}): Promise<Body> =>
  (await call('POST', path, { body })).body;
const task = (fields: object = {}) => post('/tasks', { title: 'A task', ...fields });

/** Which parts of the state do not come back. */
interface Except {
  /** After the undo, what was created is in the trash. */
  readonly trash?: true;
  /** After the undo of the undo, a project that was made again is in the trash. */
  readonly projects?: true;
}

/** Prepares a lane, and returns the request that is taken back. */
interface Scenario extends Except {
  prepare(): Promise<() => Promise<ApiResponse>>;
}

const calendar = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//EN
BEGIN:VTODO
UID:1
DTSTAMP:20270101T000000Z
SUMMARY:A task
CATEGORIES:imported
END:VTODO
END:VCALENDAR
`.replaceAll('\n', '\r\n');

const weekly = {
  due_date: '2030-01-01',
  due_time: '09:00',
  time_zone: 'Europe/Zurich',
  rrule: 'FREQ=WEEKLY',
  reminders: [{ minutes_before_due: 30 }, { at: '2030-01-01T07:00:00.000Z' }],
};

async function recurring(): Promise<Body> {
  const parent = await task(weekly);
  const child = await task({ parent_id: parent.id, due_date: '2029-12-31' });
  await call('PATCH', `/tasks/${child.id}/complete`);
  return parent;
}

/** Two projects, and a task with a subtask and tags in the first. */
async function filled(): Promise<{ one: Body; two: Body; parent: Body; child: Body }> {
  const one = await post('/projects', { name: 'One', color: '#2f855a' });
  const two = await post('/projects', { name: 'Two' });
  const parent = await task({ project_id: one.id, tags: ['a', 'b'] });
  const child = await task({ parent_id: parent.id, tags: ['b'] });
  return { one, two, parent, child };
}

const tagId = async (name: string) =>
  (await get('/tags')).items.find((each: Body) => each.name === name).id as string;
const update = (path: string, body: object) => () => call('PATCH', path, { body });
const create = (path: string, body: object) => () => call('POST', path, { body });
const remove = (path: string) => () => call('DELETE', path);
const scenario = (prepare: Scenario['prepare'], except: Except = {}): Scenario => ({ prepare, ...except });

type Scenarios = Readonly<Record<string, Scenario>>;

/** The scenarios of each operation, by a label; or why it has no change that can be taken back. */
const table: Partial<Record<OperationId, Scenarios | 'not undoable' | 'no change'>> = {
  createTask: {
    plain: scenario(async () => create('/tasks', { title: 'New' }), { trash: true }),
    'with new tags': scenario(
      async () => {
        await task({ tags: ['old'] });
        return create('/tasks', { title: 'New', tags: ['old', 'new'] });
      },
      { trash: true },
    ),
    'a recurring one, completed': scenario(
      async () => create('/tasks', { title: 'New', ...weekly, status: 'completed' }),
      { trash: true },
    ),
  },
  createQuickTask: {
    plain: scenario(async () => create('/tasks/quick', { text: 'Water the plants #home @new' }), {
      trash: true,
    }),
  },
  putTask: {
    plain: scenario(async () => {
      const { id } = await task();
      return () =>
        call('PUT', `/tasks/${id}`, { body: { title: 'Changed', links: [{ url: 'https://a.example/' }] } });
    }),
  },
  updateTask: {
    'many fields': scenario(async () => {
      const { id } = await task({ ...weekly, tags: ['a'] });
      return update(`/tasks/${id}`, {
        title: 'Changed',
        description: 'Text',
        priority: 'urgent',
        tags: ['b', 'c'],
        links: [{ url: 'https://a.example/', title: 'A' }],
        due_date: '2031-02-03',
        start_date: '2031-02-01',
        rrule: 'FREQ=DAILY',
        reminders: [{ days_before_due: 1, time: '08:00' }],
      });
    }),
    'dates removed': scenario(async () => {
      const { id } = await task(weekly);
      return update(`/tasks/${id}`, { due_date: null });
    }),
    completed: scenario(async () => {
      const { id } = await task();
      return update(`/tasks/${id}`, { status: 'completed', completed_at: '2026-01-02T03:04:05.000Z' });
    }),
    'another project': scenario(async () => {
      const { two, parent } = await filled();
      return update(`/tasks/${parent.id}`, { project_id: two.id });
    }),
    'an occurrence completed': scenario(async () => {
      const { id } = await recurring();
      return update(`/tasks/${id}`, { status: 'completed', title: 'Changed' });
    }),
  },
  deleteTask: {
    'with subtasks': scenario(async () => {
      const { parent } = await filled();
      return remove(`/tasks/${parent.id}`);
    }),
    'a subtask': scenario(async () => {
      const { child } = await filled();
      return remove(`/tasks/${child.id}`);
    }),
  },
  completeTask: {
    plain: scenario(async () => {
      const { id } = await task();
      return () => call('PATCH', `/tasks/${id}/complete`);
    }),
    'an occurrence, with subtasks': scenario(async () => {
      const { id } = await recurring();
      return () => call('PATCH', `/tasks/${id}/complete`);
    }),
    'a later occurrence': scenario(async () => {
      const { id } = await recurring();
      return update(`/tasks/${id}/complete`, { completed: true, occurrence: '2030-01-15' });
    }),
    'the last occurrence': scenario(async () => {
      const { id } = await task({ due_date: '2030-01-01', rrule: 'FREQ=WEEKLY;COUNT=1' });
      return () => call('PATCH', `/tasks/${id}/complete`);
    }),
    'an occurrence undone': scenario(async () => {
      const { id } = await recurring();
      await call('PATCH', `/tasks/${id}/complete`);
      return update(`/tasks/${id}/complete`, { completed: false });
    }),
  },
  duplicateTask: {
    'with subtasks': scenario(
      async () => {
        const { parent } = await filled();
        return create(`/tasks/${parent.id}/duplicate`, { subtasks: true });
      },
      { trash: true },
    ),
  },
  skipOccurrence: {
    'with subtasks': scenario(async () => {
      const { id } = await recurring();
      return create(`/tasks/${id}/skip`, {});
    }),
  },
  moveTask: {
    'next to another': scenario(async () => {
      const [one, , three] = [await task(), await task(), await task()];
      return create(`/tasks/${three.id}/move`, { before: one.id });
    }),
    'below a parent': scenario(async () => {
      const { parent } = await filled();
      const { id } = await task();
      await task({ parent_id: id });
      return create(`/tasks/${id}/move`, { parent_id: parent.id });
    }),
    'out of a parent': scenario(async () => {
      const { child, two } = await filled();
      return create(`/tasks/${child.id}/move`, { parent_id: null, project_id: two.id });
    }),
  },
  restoreTask: {
    'with subtasks': scenario(async () => {
      const { parent } = await filled();
      await call('DELETE', `/tasks/${parent.id}`);
      return create(`/tasks/${parent.id}/restore`, {});
    }),
    'without its parent': scenario(async () => {
      const { parent, child } = await filled();
      await call('DELETE', `/tasks/${child.id}`);
      await call('DELETE', `/tasks/${parent.id}`);
      return create(`/tasks/${child.id}/restore`, {});
    }),
  },
  createProject: {
    plain: scenario(async () => create('/projects', { name: 'New' }), { trash: true }),
  },
  updateProject: {
    'all fields': scenario(async () => {
      const { one } = await filled();
      return update(`/projects/${one.id}`, { name: 'Changed', color: null, archived: true });
    }),
  },
  deleteProject: {
    'tasks stay': scenario(
      async () => {
        const { one, child } = await filled();
        await call('DELETE', `/tasks/${child.id}`);
        return remove(`/projects/${one.id}?tasks=move`);
      },
      { projects: true },
    ),
    'with its tasks': scenario(async () => {
      const { one, child } = await filled();
      await call('DELETE', `/tasks/${child.id}`);
      return remove(`/projects/${one.id}?tasks=delete`);
    }),
  },
  moveProject: {
    plain: scenario(async () => {
      const { one, two } = await filled();
      return create(`/projects/${two.id}/move`, { before: one.id });
    }),
  },
  restoreProject: {
    'with its tasks': scenario(async () => {
      const { one } = await filled();
      await call('DELETE', `/projects/${one.id}?tasks=delete`);
      return create(`/projects/${one.id}/restore`, {});
    }),
  },
  updateTag: {
    renamed: scenario(async () => {
      const { child } = await filled();
      await call('DELETE', `/tasks/${child.id}`);
      return update(`/tags/${await tagId('b')}`, { name: 'z', color: '#2f855a' });
    }),
    merged: scenario(async () => {
      const { child } = await filled();
      await call('DELETE', `/tasks/${child.id}`);
      return update(`/tags/${await tagId('b')}`, { name: 'a', color: '#2f855a' });
    }),
  },
  deleteTag: {
    'in use': scenario(async () => {
      const { child } = await filled();
      await call('DELETE', `/tasks/${child.id}`);
      return remove(`/tags/${await tagId('b')}`);
    }),
  },
  applyBatch: {
    'many operations': scenario(
      async () => {
        const { one, parent, child } = await filled();
        const { id } = await recurring();
        const operations = [
          { op: 'create_project', ref: 'p', project: { name: 'New' } },
          { op: 'create_task', ref: 't', task: { title: 'New', project_id: '$p', tags: ['new'] } },
          { op: 'create_task', task: { title: 'New below', parent_id: '$t' } },
          { op: 'update_task', id: '$t', task: { title: 'Changed' } },
          { op: 'move_task', id: child.id, to: { parent_id: null, project_id: '$p' } },
          { op: 'delete_task', id: parent.id },
          { op: 'complete_task', id },
          { op: 'complete_task', id },
          { op: 'delete_project', id: one.id, tasks: 'move' },
          { op: 'update_tag', id: await tagId('a'), tag: { name: 'z' } },
        ];
        return create('/batch', { operations });
      },
      { trash: true, projects: true },
    ),
    'two tasks that change places': scenario(async () => {
      const one = await task();
      const two = await task({ parent_id: one.id });
      const operations = [
        { op: 'move_task', id: two.id, to: { parent_id: null } },
        { op: 'move_task', id: one.id, to: { parent_id: two.id } },
      ];
      return create('/batch', { operations });
    }),
  },
  updateProfile: {
    'all settings': scenario(async () => {
      await task({ due_date: '2030-01-01', reminders: [{ minutes_before_due: 0 }] });
      return update('/profile', { time_zone: 'Asia/Tokyo', week_start: 'sunday', default_priority: 'low' });
    }),
  },
  importLane: {
    'new rows, and one from the trash': scenario(
      async () => {
        const { parent } = await filled();
        const exported = await get('/export');
        await call('DELETE', `/tasks/${parent.id}`);
        const tasks = [
          { ...exported.tasks.find((each: Body) => each.id === parent.id), title: 'From the file' },
          { id: '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e', title: 'New', tags: ['imported'] },
        ];
        const body = { format: 'tasklane-export', version: 2, tasks };
        return () => call('POST', '/import.json', { body });
      },
      { trash: true },
    ),
  },
  importCsv: {
    plain: scenario(
      async () => () =>
        call('POST', '/import.csv', {
          headers: { 'Content-Type': 'text/csv' },
          body: 'title,tags\r\nNew,imported\r\n',
        }),
      { trash: true },
    ),
  },
  importCalendar: {
    plain: scenario(
      async () => () =>
        call('POST', '/import.ics', { headers: { 'Content-Type': 'text/calendar' }, body: calendar }),
      { trash: true },
    ),
  },
  undoChanges: {
    'of a deletion': scenario(async () => {
      const { parent } = await filled();
      const deleted = await call('DELETE', `/tasks/${parent.id}`);
      return create('/undo', { request: deleted.headers['tasklane-request'] });
    }),
  },
  purgeTask: 'not undoable',
  emptyTrash: 'not undoable',
  createWebhook: 'not undoable',
  updateWebhook: 'not undoable',
  deleteWebhook: 'not undoable',
  rotateWebhookSecret: 'not undoable',
  createCalendarFeed: 'not undoable',
  deleteCalendarFeed: 'not undoable',
  cutOffClient: 'not undoable',
  readmitClient: 'not undoable',
  testWebhook: 'no change',
  replayWebhook: 'no change',
  redeliverWebhook: 'no change',
  eraseLane: 'no change',
};

const writes = operations.filter(({ method, path }) => method !== 'get' && path.startsWith('/api/{user_id}'));

test('every operation that writes is in the table', () => {
  expect(Object.keys(table).sort()).toEqual(writes.map(({ id }) => id).sort());
});

const passing = ['version', 'updated_at', 'exported_at', 'deleted_at', 'purged_after', 'changes'];

function withoutPassing(value: Body): Body {
  if (Array.isArray(value)) return value.map(withoutPassing);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([name]) => !passing.includes(name));
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutPassing(each)]));
}

/** Tasks in the trash, without the projects that were deleted with them. */
const withoutProjects = (trash: Body[]): Body[] =>
  trash.map(({ deleted_with_project: _project, ...task }) => task);

/** The whole lane, without what every change changes. */
async function state({ trash: noTrash, projects: noProjects }: Except): Promise<Body> {
  const [exported, projects] = await Promise.all([get('/export'), get('/deleted-projects')]);
  const { trash, deleted_projects: _shownBelow, ...rest } = withoutPassing(exported);
  const deletedProjects = withoutPassing(projects.items);
  return {
    ...rest,
    ...(!noTrash && { trash: noProjects ? withoutProjects(trash) : trash }),
    ...(!noTrash && !noProjects && { deletedProjects }),
  };
}

async function undo(response: ApiResponse): Promise<ApiResponse> {
  const undone = await call('POST', '/undo', { body: { request: response.headers['tasklane-request'] } });
  expect(undone.body.entities.flatMap((each: Body) => each.left)).toEqual([]);
  return undone;
}

const scenarios = Object.entries(table).flatMap(([id, each]) =>
  typeof each === 'string'
    ? []
    : Object.entries(each).map(([label, one]) => [`${id}: ${label}`, one] as const),
);

test.each(scenarios)('%s', async (_name, { prepare, trash, projects }) => {
  const [without, withoutDeleted] = [trash ? { trash } : {}, projects ? { projects } : {}];
  const act = await prepare();
  const before = await state(without);
  const response = await act();
  const after = await state(withoutDeleted);
  expect(await state(without)).not.toEqual(before);
  const undone = await undo(response);
  expect(await state(without)).toEqual(before);
  await undo(undone);
  expect(await state(withoutDeleted)).toEqual(after);
});

/** Tests that the tasks of archived projects are put away, and can be included. */
import type { Body } from '../../support/api';
import { send } from '../../support/api';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';

let ada: TaskClient;
let project: Body;

const service = useTestService({ RATE_LIMIT: 'off' });
beforeEach(async () => {
  ada = await makeTaskClient(service);
  project = await ada.project();
});

const titles = (items: readonly Body[]) => items.map((item) => item.title).toSorted();
const archive = (archived = true) => ada.ok('PATCH', `/projects/${project.id}`, { archived });

describe('lists', () => {
  let parent: Body;
  beforeEach(async () => {
    const other = await ada.project('Other');
    const due = { due_date: '2020-01-31', tags: ['home'] };
    parent = await ada.create({ title: 'Put away', project_id: project.id, ...due });
    await ada.create({ title: 'Put below', parent_id: parent.id, ...due });
    await ada.create({ title: 'Put elsewhere', project_id: other.id, ...due });
    await ada.create({ title: 'Put nowhere', ...due });
    await archive();
  });
  const shown = ['Put elsewhere', 'Put nowhere'];
  const all = ['Put away', 'Put below', 'Put elsewhere', 'Put nowhere'];

  test.each([
    '',
    'sort=due',
    'sort=due,title',
    'view=overdue',
    'view=overdue&tz=UTC&sort=due',
    'q=put',
    'q=put&sort=relevance',
    'q=puttt',
    'tags_any=home',
    'has=project,due_date&has_not=subtasks&status=pending',
  ])('leave them out, and include them on request: %s', async (parameters) => {
    const wanted = parameters.startsWith('has=') ? ['Put elsewhere'] : shown;
    expect(titles(await ada.all(`/tasks?${parameters}`))).toEqual(wanted);
    const included = parameters.startsWith('has=') ? ['Put below', 'Put elsewhere'] : all;
    expect(titles(await ada.all(`/tasks?${parameters}&include_archived=true`))).toEqual(included);
  });

  test('count without them', async () => {
    expect((await ada.ok('GET', '/tasks?include_total=true')).total).toBe(2);
    expect((await ada.ok('GET', '/tasks?include_total=true&include_archived=true')).total).toBe(4);
    const { items, counts } = await ada.ok('GET', '/tags');
    expect(counts[items[0].id]).toEqual({ open: 2, total: 2 });
    expect((await ada.ok('GET', '/projects')).counts[project.id]).toEqual({ open: 2, completed: 0 });
  });

  test('have them if the request names their project, their parent or their ids', async () => {
    expect(titles(await ada.all(`/tasks?project_id=${project.id}`))).toEqual(['Put away', 'Put below']);
    expect(titles(await ada.all(`/tasks?parent_id=${parent.id}&view=overdue`))).toEqual(['Put below']);
    expect(titles(await ada.all(`/tasks?id=${parent.id}`))).toEqual(['Put away']);
    expect((await ada.read(parent.id)).title).toBe('Put away');
  });

  test('have them again after the project is no longer archived', async () => {
    await archive(false);
    expect(titles(await ada.all('/tasks'))).toEqual(all);
  });

  test('are not affected by archived projects of another user', async () => {
    const bob = await makeTaskClient(service);
    await bob.create({ title: 'Bob' });
    expect(titles(await bob.all('/tasks'))).toEqual(['Bob']);
  });

  test('reject a cursor of the list that includes them', async () => {
    const { next_cursor } = await ada.ok('GET', '/tasks?limit=1&include_archived=true');
    expect(await ada.validationErrors('GET', `/tasks?cursor=${next_cursor}`, undefined)).toEqual([
      '/query/cursor wrong-cursor',
    ]);
  });

  test('of synchronization and exports have all tasks', async () => {
    const { changes } = await ada.ok('GET', '/sync');
    expect(
      titles(changes.filter((each: Body) => each.type === 'task').map((each: Body) => each.data)),
    ).toEqual(all);
    expect(titles((await ada.ok('GET', '/export')).tasks)).toEqual(all);
  });

  test('of calendar feeds leave them out, and include them on request', async () => {
    const { url } = await ada.ok('POST', '/calendar-feed');
    const read = async (parameters: string) => send(service.url, 'GET', new URL(url).pathname + parameters);
    const summaries = ({ body }: Body) =>
      [...String(body).matchAll(/^SUMMARY:(.*)\r$/gm)].map(([, summary]) => summary).toSorted();
    const feed = await read('?components=todos');
    expect(summaries(feed)).toEqual(shown);
    const complete = await read('?components=todos&include_archived=true');
    expect(summaries(complete)).toEqual(all);
    expect(complete.headers.etag).not.toBe(feed.headers.etag);
    await archive(false);
    const later = await read('?components=todos');
    expect(summaries(later)).toEqual(all);
    expect(later.headers.etag).not.toBe(feed.headers.etag);
  });
});

test('statistics leave out the tasks, but count their completions', async () => {
  const done = await ada.create({ title: 'Done', project_id: project.id });
  await ada.ok('PATCH', `/tasks/${done.id}/complete`, { completed: true });
  await ada.create({ title: 'Open', project_id: project.id, due_date: '2020-01-31' });
  await ada.create({ title: 'Other' });
  const before = await ada.ok('GET', '/stats');
  expect(before).toMatchObject({ total: 3, overdue: 1, streaks: { current: 1 }, completions: { total: 1 } });
  await archive();
  const { total, overdue, by_project, by_status, streaks, completions } = await ada.ok('GET', '/stats');
  expect({ total, overdue, by_project }).toEqual({
    total: 1,
    overdue: 0,
    by_project: [{ project_id: null, open: 1, completed: 0 }],
  });
  expect(by_status.completed).toBe(0);
  expect({ streaks, completions }).toEqual({ streaks: before.streaks, completions: before.completions });
  expect(await ada.ok('GET', '/stats?include_archived=true')).toEqual(before);
});

test('reminders of the tasks do not fire', async () => {
  const reminders = [{ at: '2099-01-01T10:00:00.000Z' }];
  const away = await ada.create({ project_id: project.id, reminders });
  const other = await ada.create({ reminders });
  await archive();
  await query(
    service.database.url,
    'update tasklane.reminders set fire_at = now() where lane_id = lane_of($1)',
    [ada.id],
  );
  await service.runJob('reminders');
  const reminded = (await ada.changesAfter(0)).filter(({ action }) => action === 'reminded');
  expect(reminded.map(({ entity_id }) => entity_id)).toEqual([other.id]);
  expect(reminded).not.toContain(away.id);
});

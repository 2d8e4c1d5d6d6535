/** The tools of agents, through the official client. */
import { send } from '../../support/api';
import { tokenOfClient } from '../../support/clients';
import { connectMcp, type McpClient } from '../../support/mcp';
import { mcpTokenOf, tokenOf, useTestService } from '../../support/service';

const service = useTestService();
let agent: McpClient;
let user: string;
let users = 0;

beforeEach(async () => {
  user = `agent-user-${++users}`;
  agent = await connectMcp(service.url, await mcpTokenOf(service.url, user));
});
afterEach(() => agent.close());

const rest = async (method: string, path: string, body?: unknown) =>
  send(service.url, method, `/api/${user}${path}`, { token: await tokenOf(user), body });

async function add(...tasks: Record<string, unknown>[]): Promise<string[]> {
  const { data, text, isError } = await agent.call('add_tasks', { tasks });
  if (isError) throw new Error(text);
  return data.tasks.map((task: { id: string }) => task.id);
}

describe('every reply', () => {
  test('begins with now and the time zone of the profile', async () => {
    await rest('PATCH', '/profile', { time_zone: 'Asia/Kathmandu' });
    await add({ title: 'Water the plants' });
    const calls: [string, object][] = [
      ['find_tasks', {}],
      ['get_day', {}],
      ['list_projects_and_tags', {}],
      ['find_activity', {}],
      ['get_stats', {}],
    ];
    for (const [name, args] of calls) {
      const { text, data } = await agent.call(name, { ...args });
      expect(text).toMatch(/^Now (Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{4}-\d\d-\d\d \d\d:\d\d Asia\/Kathmandu\. /);
      expect(data).toMatchObject({ time_zone: 'Asia/Kathmandu', now: expect.stringMatching(/ \d\d:\d\d$/) });
    }
  });
});

describe('find_tasks', () => {
  test('says how many of all tasks it shows, and reads on with the cursor', async () => {
    await add(...Array.from({ length: 7 }, (_, index) => ({ title: `Task ${index}` })));
    const first = await agent.call('find_tasks', { limit: 5, sort: ['title'] });
    expect(first.text).toContain('5 of 7 tasks.');
    expect(first.data).toMatchObject({ shown: 5, total: 7 });
    const second = await agent.call('find_tasks', {
      limit: 5,
      sort: ['title'],
      cursor: first.data.next_cursor,
    });
    expect(second.data.tasks.map(({ title }: { title: string }) => title)).toEqual(['Task 5', 'Task 6']);
  });

  test('finds by project name, tag, day and words, and closed tasks only if asked', async () => {
    await agent.call('save_project', { name: 'Home' });
    const [id] = await add(
      { title: 'Water the plants', project: 'home', tags: ['garden'], due_date: '2027-01-31' },
      { title: 'Call Ada' },
    );
    for (const args of [
      { project: 'Home' },
      { tags_all: ['Garden'] },
      { due_from: '2027-01-31', due_until: '2027-01-31' },
      { text: 'plant' },
    ]) {
      expect((await agent.call('find_tasks', args)).data.tasks).toEqual([
        { id, title: 'Water the plants', due: '2027-01-31', project: 'Home', tags: ['garden'] },
      ]);
    }
    await agent.call('complete_tasks', { ids: [id] });
    expect((await agent.call('find_tasks', { project: 'Home' })).data.total).toBe(0);
    expect((await agent.call('find_tasks', { project: 'Home', status: ['completed'] })).data.total).toBe(1);
    expect((await agent.call('find_tasks', { project: 'none' })).data.total).toBe(1);
  });

  test('shows a task as one line', async () => {
    await add({
      title: 'Water "all" plants',
      due_date: '2027-01-31',
      due_time: '18:00',
      rrule: 'FREQ=WEEKLY',
      priority: 'high',
      tags: ['two words', 'home'],
    });
    const { text, data } = await agent.call('find_tasks');
    expect(text.split('\n')[1]).toBe(
      `${data.tasks[0].id} "Water \\"all\\" plants" due Sun 2027-01-31 18:00 FREQ=WEEKLY high #home #"two words"`,
    );
  });
});

test('get_task shows the description, links, reminders and subtasks', async () => {
  const [id = ''] = await add({
    title: 'Plan the trip',
    description: 'By train',
    due_date: '2027-01-31',
    reminders: [{ minutes_before_due: 30 }],
  });
  await agent.call('update_tasks', {
    tasks: [{ id, links: [{ url: 'https://example.com/', title: 'Map' }] }],
  });
  await add({ title: 'Buy tickets', parent: id });
  const { text, data } = await agent.call('get_task', { id });
  for (const part of [
    'By train',
    'https://example.com/',
    '30 minutes before',
    'Buy tickets',
    '1 of 1 subtasks',
  ]) {
    expect(text).toContain(part);
  }
  expect(data.task).toMatchObject({ title: 'Plan the trip', subtasks: [{ title: 'Buy tickets' }] });
  expect(data.task.id).toMatch(/^[0-9a-f-]{36}$/);
});

test('get_day shows the tasks of today and the overdue ones, or those of another day', async () => {
  const now = new Date();
  const today = now.toISOString().slice(0, 10);
  await add(
    { title: 'Old', due_date: '2020-01-01' },
    { title: 'Now', due_date: today },
    { title: 'Later', due_date: '2099-01-01' },
  );
  const day = await agent.call('get_day');
  // At midnight, "Now" becomes overdue.
  expect([...day.data.overdue, ...day.data.tasks].map(({ title }) => title)).toEqual(['Old', 'Now']);
  expect(day.data.total).toBe(2);
  expect((await agent.call('get_day', { date: '2099-01-01' })).data.tasks).toMatchObject([
    { title: 'Later' },
  ]);
});

test('find_activity shows old and new values', async () => {
  const [id = ''] = await add({ title: 'Old title' });
  await agent.call('update_tasks', { tasks: [{ id, title: 'New title' }] });
  const { text } = await agent.call('find_activity', { task: id });
  expect(text).toContain('2 of 2 changes, the newest first.');
  expect(text).toMatch(/ by user: task \S{8} "New title" updated: title "Old title" → "New title"/);
  const client = await connectMcp(
    service.url,
    await tokenOfClient(user, 'https://agent.example.com/client.json', { url: service.url }),
  );
  await client.call('update_tasks', { tasks: [{ id, title: 'By a client' }] });
  const found = await agent.call('find_activity', { task: id, actor_type: ['client'], limit: 1 });
  expect(found.text).toContain('1 of 1 changes');
  expect(found.text).toContain('by client "https://agent.example.com/client.json": task');
  await client.close();
});

test('find_activity and the trash show the titles of deleted tasks', async () => {
  const [id = ''] = await add({ title: 'Old bike' }, { title: 'New bike' });
  await agent.call('delete_tasks', { ids: [id] });
  const { text } = await agent.call('find_activity', { action: ['deleted'] });
  expect(text).toContain(`task ${id} "Old bike" deleted`);
  const trash = await agent.call('find_tasks', { deleted: true });
  expect(trash).toMatchObject({
    text: expect.stringMatching(
      / 1 deletion, the latest first\. restore_tasks brings tasks back\.\n\w{8} "Old bike"$/,
    ),
    data: { shown: 1, tasks: [{ id, title: 'Old bike' }] },
  });
  expect((await agent.call('find_tasks', { deleted: true, text: 'BIKE old' })).data.tasks).toMatchObject([
    { id },
  ]);
  expect((await agent.call('find_tasks', { deleted: true, text: 'car' })).text).toContain('0 of 0 deletions');
  expect((await agent.call('find_tasks', { deleted: true, project: 'Home' })).text).toContain(
    'deleted: can be combined with limit, and text or cursor, and not with project.',
  );
  expect((await agent.call('find_tasks', { deleted: false })).data.total).toBe(1);
});

test('save_project says how many open tasks an archived project hides', async () => {
  const { id } = (await agent.call('save_project', { name: 'Garden' })).data.project;
  await add({ title: 'One', project: 'Garden' }, { title: 'Two', project: 'Garden' });
  const { text } = await agent.call('save_project', { id, archived: true });
  expect(text).toContain('2 open tasks in it no longer shown');
  expect((await agent.call('find_tasks')).data.total).toBe(0);
});

test('update_tasks adds and removes tags, and keeps the others', async () => {
  const [id = ''] = await add({ title: 'One', tags: ['home', 'garden'] });
  const { data } = await agent.call('update_tasks', {
    tasks: [{ id, add_tags: ['Home', 'later'], remove_tags: ['GARDEN'] }],
  });
  expect(data.tasks[0].tags).toEqual(['home', 'later']);
});

test('update_tasks appends to a description, and shows it', async () => {
  const [one = '', two = ''] = await add({ title: 'One', description: 'First "line"' }, { title: 'Two' });
  const { text, data } = await agent.call('update_tasks', {
    tasks: [
      { id: one, append_description: 'Second line' },
      { id: two, append_description: 'Only line', priority: 'high' },
    ],
  });
  expect(text).toContain('description "First \\"line\\"\\nSecond line"');
  expect(data.tasks).toMatchObject([
    { description: 'First "line"\nSecond line' },
    { description: 'Only line', priority: 'high' },
  ]);
  const again = await agent.call('update_tasks', { tasks: [{ id: two, priority: 'low' }] });
  expect(again.data.tasks[0]).not.toHaveProperty('description');
});

test('undo_changes shows the values that fields have again', async () => {
  const [id = ''] = await add({ title: 'Former title', due_date: '2099-01-05' });
  await agent.call('update_tasks', { tasks: [{ id, title: 'New title', priority: 'high' }] });
  const { text } = await agent.call('undo_changes', { last: 1 });
  expect(text).toMatch(
    /former (title "Former title", priority "medium"|priority "medium", title "Former title")/,
  );
});

test('a completed task shows when', async () => {
  await add({ title: 'One' });
  const [{ id }] = (await rest('GET', '/tasks')).body.items;
  await rest('PATCH', `/tasks/${id}/complete`, { completed: true, completed_at: '2020-01-31T12:30:00Z' });
  const done = await agent.call('find_tasks', { status: ['completed'] });
  expect(done.text).toContain('"One" completed 2020-01-31 12:30');
  expect(done.data.tasks[0]).toMatchObject({ completed: '2020-01-31 12:30' });
});

describe('later occurrences of repeating tasks', () => {
  const weekly = {
    title: 'Stand-up',
    due_date: '2099-01-05',
    due_time: '09:00',
    rrule: 'FREQ=WEEKLY;BYDAY=MO',
  };

  test('are listed in a range of days, also if the current one is before it', async () => {
    const [id = '', daily] = await add(
      weekly,
      { title: 'Stretch', due_date: '2099-01-10', rrule: 'FREQ=DAILY' },
      { title: 'Once', due_date: '2099-01-13' },
      { title: 'Rare', due_date: '2099-01-01', rrule: 'FREQ=YEARLY' },
    );
    const { text, data } = await agent.call('find_tasks', {
      due_from: '2099-01-12',
      due_until: '2099-01-25',
    });
    expect(text).toContain('1 of 1 task. Later occurrences of 2 repeating tasks follow.');
    expect(text).toContain(`\n${id} "Stand-up" Mon 2099-01-12 09:00, Mon 2099-01-19 09:00`);
    expect(data).toMatchObject({
      total: 1,
      later_occurrences: [
        { id, due: ['2099-01-12 09:00', '2099-01-19 09:00'] },
        { id: daily, due: Array.from({ length: 10 }, (_, index) => `2099-01-${12 + index}`), more: true },
      ],
    });
  });

  test('are filtered like tasks, and left out of lists of closed tasks and further pages', async () => {
    await agent.call('save_project', { name: 'Work' });
    await add({ ...weekly, project: 'Work' }, { ...weekly, title: 'Walk' });
    const range = { due_from: '2099-01-12', due_until: '2099-01-12' };
    const titles = async (more: object) =>
      ((await agent.call('find_tasks', { ...range, ...more })).data.later_occurrences ?? []).map(
        ({ title }: { title: string }) => title,
      );
    expect(await titles({ project: 'Work' })).toEqual(['Stand-up']);
    expect(await titles({ text: 'walk' })).toEqual(['Walk']);
    expect(await titles({ status: ['completed'] })).toEqual([]);
    expect(await titles({ due_from: '2000-01-01', due_until: '2000-12-31' })).toEqual([]);
    expect((await agent.call('find_tasks', { due_from: '2099-01-12' })).text).toContain(
      'with due_until also',
    );
  });

  test('are shown by get_day', async () => {
    await add(weekly, { title: 'Once', due_date: '2099-01-12' });
    const { text, data } = await agent.call('get_day', { date: '2099-01-12' });
    expect(text).toContain('1 of 1 open task. Later occurrences of 1 repeating task follow.');
    expect(data.later_occurrences).toMatchObject([{ title: 'Stand-up', due: ['2099-01-12 09:00'] }]);
    expect((await agent.call('get_day', { date: '2099-01-13' })).data).not.toHaveProperty(
      'later_occurrences',
    );
  });

  test('leave out excluded dates, the end of the series, and what is completed ahead', async () => {
    const [id = ''] = await add({ ...weekly, rrule: 'FREQ=WEEKLY;BYDAY=MO;COUNT=5' });
    const [{ id: whole }] = (await rest('GET', '/tasks')).body.items;
    await rest('PATCH', `/tasks/${whole}`, { excluded_dates: ['2099-01-12'] });
    await agent.call('complete_tasks', { ids: [id], occurrence: '2099-01-19' });
    const { data } = await agent.call('find_tasks', { due_until: '2099-12-31' });
    expect(data.later_occurrences).toMatchObject([{ due: ['2099-01-26 09:00', '2099-02-02 09:00'] }]);
  });

  test('count from the completion if the rule does', async () => {
    await add({
      title: 'Filter',
      due_date: '2020-01-01',
      rrule: 'FREQ=DAILY;INTERVAL=7',
      repeat_from: 'completion',
    });
    const { data } = await agent.call('find_tasks', { due_until: '2099-12-31' });
    const [first, second] = data.later_occurrences[0].due.map(
      (date: string) => Date.parse(date) / 86_400_000,
    );
    expect(second - first).toBe(7);
    const days = first - Math.floor(Date.now() / 86_400_000);
    expect(days === 7 || days === 6).toBe(true);
  });

  test('keep the distance from the start, and have the times of an hourly rule', async () => {
    await add(
      { title: 'Essay', start_date: '2099-01-03', due_date: '2099-01-05', rrule: 'FREQ=WEEKLY' },
      { title: 'Drops', due_date: '2099-01-05', due_time: '06:00', rrule: 'FREQ=HOURLY;INTERVAL=8' },
    );
    const { data } = await agent.call('find_tasks', { due_from: '2099-01-12', due_until: '2099-01-12' });
    expect(data.later_occurrences).toMatchObject([
      { title: 'Drops', due: ['2099-01-12 06:00', '2099-01-12 14:00', '2099-01-12 22:00'] },
      { title: 'Essay', due: ['2099-01-12'] },
    ]);
  });

  test('follow the current one in the replies of writes', async () => {
    const added = await agent.call('add_tasks', {
      tasks: [weekly, { title: 'Once', due_date: '2099-01-05' }],
    });
    expect(added.data.tasks).toMatchObject([{ next: '2099-01-12 09:00' }, {}]);
    expect(added.data.tasks[1]).not.toHaveProperty('next');
    const [{ id }] = added.data.tasks;
    const moved = await agent.call('reschedule_tasks', { tasks: [{ id, due_date: '2099-01-06' }] });
    expect(moved.text).toMatch(/due Tue 2099-01-06 09:00 FREQ=WEEKLY;BYDAY=MO next Mon 2099-01-12 09:00$/);
    const skipped = await agent.call('skip_occurrences', { ids: [id] });
    expect(skipped.data.tasks).toMatchObject([{ due: '2099-01-12 09:00', next: '2099-01-19 09:00' }]);
    const done = await agent.call('complete_tasks', { ids: [id] });
    expect(done.data.tasks).toMatchObject([{ due: '2099-01-19 09:00', next: '2099-01-26 09:00' }]);
    const changed = await agent.call('update_tasks', { tasks: [{ id, rrule: 'FREQ=DAILY' }] });
    expect(changed.data.tasks).toMatchObject([{ next: '2099-01-20 09:00' }]);
  });
});

describe('a parent together with its subtask', () => {
  let parent: string;
  let child: string;
  const open = async () =>
    (await agent.call('find_tasks', { sort: ['title'] })).data.tasks.map(
      ({ title }: { title: string }) => title,
    );
  const build = async (fields: object = {}) => {
    parent = (await add({ title: 'A parent', ...fields }))[0] as string;
    child = (await add({ title: 'B child', parent }))[0] as string;
  };

  test.each([0, 1])('is completed and reopened (order %i)', async (first) => {
    await build();
    const ids = first === 0 ? [parent, child] : [child, parent];
    const done = await agent.call('complete_tasks', { ids });
    expect(done.text).toContain('2 of 2 tasks completed.');
    expect(await open()).toEqual([]);
    expect((await agent.call('reopen_tasks', { ids })).text).toContain('2 of 2 tasks reopened.');
    expect(await open()).toEqual(['A parent', 'B child']);
  });

  test.each([0, 1])('is completed if it repeats, and its subtask is open again (order %i)', async (first) => {
    await build({ due_date: '2099-01-05', rrule: 'FREQ=WEEKLY' });
    const ids = first === 0 ? [parent, child] : [child, parent];
    const { data } = await agent.call('complete_tasks', { ids });
    for (const task of data.tasks) expect(task).not.toHaveProperty('status');
    expect(data.tasks).toContainEqual(expect.objectContaining({ id: parent, due: '2099-01-12' }));
    const completions = await agent.call('find_activity', { type: ['completion'], action: ['created'] });
    expect(completions.data.total).toBe(1);
  });

  test('is moved to a project or another parent, and stays together', async () => {
    await build();
    await agent.call('save_project', { name: 'Home' });
    const moved = await agent.call('move_tasks', { ids: [child, parent], project: 'Home' });
    expect(moved.text).toContain('2 of 2 tasks moved, 1 of them with their parents.');
    const [other] = await add({ title: 'Other' });
    await agent.call('move_tasks', { ids: [parent, child], parent: other });
    const { tasks } = (await agent.call('find_tasks', { sort: ['title'] })).data;
    expect(tasks).toMatchObject([{ id: parent, parent: other }, { id: child, parent }, { id: other }]);
    await agent.call('move_tasks', { ids: [parent, child], parent: 'none' });
    for (const task of (await agent.call('find_tasks')).data.tasks) expect(task).not.toHaveProperty('parent');
  });

  test.each([0, 1])('is deleted and restored (order %i)', async (first) => {
    await build();
    const ids = first === 0 ? [parent, child] : [child, parent];
    const { confirm } = (await agent.call('delete_tasks', { ids })).data;
    await agent.call('delete_tasks', { ids, confirm });
    expect(await open()).toEqual([]);
    const restored = await agent.call('restore_tasks', { ids });
    expect(restored.text).toContain('2 of 2 tasks restored, 1 of them with their parents.');
    expect((await agent.call('find_tasks', { sort: ['title'] })).data.tasks).toMatchObject([
      { id: parent },
      { id: child, parent },
    ]);
  });

  test('keeps them together if they were deleted one after the other', async () => {
    await build();
    await agent.call('delete_tasks', { ids: [child] });
    await agent.call('delete_tasks', { ids: [parent] });
    expect((await agent.call('restore_tasks', { ids: [child, parent] })).text).toContain(
      '2 of 2 tasks restored.',
    );
    expect((await agent.call('find_tasks', { parent })).data.tasks).toMatchObject([{ id: child }]);
  });

  test('restores a subtask alone, and refuses one that is not in the trash', async () => {
    await build();
    const { confirm } = (await agent.call('delete_tasks', { ids: [parent] })).data;
    await agent.call('delete_tasks', { ids: [parent], confirm });
    const refused = await agent.call('restore_tasks', { ids: [parent, '2b1c0d4e'] });
    expect(refused.text).toContain('No deleted task has the id 2b1c0d4e');
    expect((await agent.call('restore_tasks', { ids: [child] })).isError).toBe(false);
    expect(await open()).toEqual(['B child']);
  });
});

test('what is cut from a reply is counted', async () => {
  const [id = ''] = await add({ title: 'One' });
  const links = Array.from({ length: 7 }, (_, index) => ({ url: `https://example.com/${index}` }));
  await agent.call('update_tasks', { tasks: [{ id, links }] });
  const task = await agent.call('get_task', { id });
  expect(task.text).toContain('5 of 7 links:');
  expect(task.data.task).toMatchObject({ link_count: 7 });
  const operations = Array.from({ length: 31 }, (_, index) => [
    { op: 'create_project', ref: `p${index}`, project: { name: `Project ${index}` } },
    { op: 'create_task', task: { title: `Task ${index}`, project_id: `$p${index}` } },
  ]);
  await rest('POST', '/batch', { operations: operations.flat() });
  expect((await agent.call('get_stats')).text).toContain('30 of 32 projects:');
});

test('get_stats and list_projects_and_tags count open tasks', async () => {
  await agent.call('save_project', { name: 'Home', color: '#2f855a' });
  await add({ title: 'One', project: 'Home', tags: ['garden'] });
  expect((await agent.call('get_stats')).text).toContain('1 of 1 tasks are open');
  expect((await agent.call('list_projects_and_tags')).data).toMatchObject({
    projects: [{ name: 'Home', open: 1 }],
    tags: [{ name: 'garden', open: 1 }],
  });
  expect((await agent.call('save_tag', { tag: 'garden', name: 'yard' })).data.tag).toMatchObject({
    name: 'yard',
  });
});

test('search and fetch answer in the form that ChatGPT expects', async () => {
  await add({ title: 'Water the plants', description: 'Twice' });
  const found = await agent.call('search', { query: 'plants' });
  expect(JSON.parse(found.text)).toEqual(found.data);
  const [result] = found.data.results;
  expect(result).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    title: 'Water the plants',
    url: `${service.url}/api/${user}/tasks/${result.id}`,
  });
  const fetched = await agent.call('fetch', { id: result.id });
  expect(JSON.parse(fetched.text)).toEqual(fetched.data);
  expect(fetched.data).toMatchObject({ id: result.id, text: expect.stringContaining('Twice') });
});

describe('writes', () => {
  test('complete, reopen, move, delete and restore several tasks at once', async () => {
    const ids = await add({ title: 'One' }, { title: 'Two' }, { title: 'Three' });
    const parent = (await add({ title: 'Parent' }))[0] as string;
    const done = await agent.call('complete_tasks', { ids });
    expect(done.text).toContain('3 of 3 tasks completed.');
    expect(done.data.tasks).toMatchObject(ids.map((id) => ({ id, status: 'completed' })));
    expect((await agent.call('reopen_tasks', { ids })).data.tasks[0]).not.toHaveProperty('status');
    const moved = await agent.call('move_tasks', { ids: ids.toReversed(), parent });
    expect(moved.data.tasks).toMatchObject(ids.map(() => ({ parent })));
    const { confirm } = (await agent.call('delete_tasks', { ids })).data;
    expect((await agent.call('delete_tasks', { ids, confirm })).text).toContain('3 of 3 tasks');
    expect((await agent.call('find_tasks')).data.total).toBe(1);
    expect((await agent.call('restore_tasks', { ids })).text).toContain('3 of 3 tasks restored.');
    expect((await agent.call('find_tasks')).data.total).toBe(4);
  });

  test('move tasks after another one in their order', async () => {
    const [a = '', b = '', c = '', d = ''] = await add(
      { title: 'A' },
      { title: 'B' },
      { title: 'C' },
      { title: 'D' },
    );
    await agent.call('move_tasks', { ids: [b, c], after: d });
    const { data } = await agent.call('find_tasks', { sort: ['position'] });
    const order = data.tasks.map(({ id }: { id: string }) => id).filter((id: string) => id !== a);
    expect(order).toEqual([d, b, c]);
  });

  test('reopen a cancelled task', async () => {
    const [id = ''] = await add({ title: 'One' });
    await agent.call('update_tasks', { tasks: [{ id, status: 'cancelled' }] });
    expect((await agent.call('reopen_tasks', { ids: [id] })).data.tasks[0]).not.toHaveProperty('status');
  });

  test('reschedule a repeating task and keep its rule; skip its occurrence', async () => {
    const [id = ''] = await add({ title: 'Pay rent', due_date: '2099-01-05', rrule: 'FREQ=WEEKLY;BYDAY=MO' });
    const moved = await agent.call('reschedule_tasks', { tasks: [{ id, due_date: '2099-01-07' }] });
    expect(moved.data.tasks).toMatchObject([{ due: '2099-01-07', rrule: 'FREQ=WEEKLY;BYDAY=MO' }]);
    const skipped = await agent.call('skip_occurrences', { ids: [id] });
    expect(skipped.data.tasks[0].due > '2099-01-07').toBe(true);
    expect(skipped.data.tasks[0].rrule).toBe('FREQ=WEEKLY;BYDAY=MO');
  });

  test('change nothing if one of the items cannot be changed', async () => {
    const ids = await add({ title: 'One' }, { title: 'Two' });
    const { isError, text } = await agent.call('skip_occurrences', { ids });
    expect(isError).toBe(true);
    expect(text).toMatch(/^ids\[0\]: .+\nNothing was changed\.$/s);
    const failed = await agent.call('add_tasks', {
      tasks: [{ title: 'Three' }, { title: 'Four', due_time: '18:00' }],
    });
    expect(failed.text).toMatch(/^tasks\[1\]\.due_time: /);
    expect((await agent.call('find_tasks')).data.total).toBe(2);
  });

  test('are carried out once with an idempotency key', async () => {
    const token = await mcpTokenOf(service.url, user);
    const keyed = await connectMcp(service.url, token, { headers: { 'Idempotency-Key': 'one-key' } });
    const once = await keyed.call('add_tasks', { tasks: [{ title: 'Once' }] });
    const again = await keyed.call('add_tasks', { tasks: [{ title: 'Once' }] });
    expect(again.data.tasks).toEqual(once.data.tasks);
    expect((await agent.call('find_tasks')).data.total).toBe(1);
    await keyed.close();
  });
});

describe('errors', () => {
  test.each([
    [
      'update_tasks',
      { tasks: [{ id: '2b1c0d4e', due_date: '2027-01-31' }] },
      /tasks\[0\]\.due_date: .*reschedule_tasks/,
    ],
    ['update_tasks', { tasks: [{ title: 'A' }] }, /tasks\[0\]\.id: is required/],
    [
      'add_tasks',
      { tasks: [{ title: 'A', priority: 'p1' }] },
      /priority: must be one of low, medium, high, urgent/,
    ],
    [
      'add_tasks',
      { tasks: [{ title: 'A', colour: 'red' }] },
      /colour: is not an argument.*title, description/,
    ],
    ['add_tasks', { tasks: [] }, /tasks: must NOT have fewer than 1 items/],
    ['add_tasks', { tasks: [{ title: 'A', project: 'Moon' }] }, /No project matches "Moon".*save_project/],
    ['complete_tasks', {}, /ids: is required/],
    ['complete_tasks', { ids: ['plants'] }, /"plants" must be an id, or its last eight characters/],
    ['complete_tasks', { ids: ['2b1c0d4e'] }, /No task has the id 2b1c0d4e.*find_tasks/],
    ['find_tasks', { due_from: 'tomorrow' }, /due_from: must be a calendar date such as 2027-01-31/],
    ['save_tag', { tag: 'nothing', name: 'more' }, /No tag has the name "nothing"/],
  ])('%s %j', async (name, args, expected) => {
    const { text, isError } = await agent.call(name, args);
    expect(isError).toBe(true);
    expect(text).toMatch(expected);
  });

  test('an ending that two ids share is refused with both ids', async () => {
    const ids = ['019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e', '019a9c2e-5b01-7c3a-9d51-7f6a2b1c0d4e'];
    for (const id of ids) await rest('POST', '/tasks', { id, title: `Task ${id}` });
    const { text } = await agent.call('complete_tasks', { ids: ['2b1c0d4e'] });
    for (const id of ids) expect(text).toContain(id);
    const shown = await agent.call('find_tasks');
    expect(shown.data.tasks.map(({ id }: { id: string }) => id).sort()).toEqual(ids);
    expect((await agent.call('complete_tasks', { ids: [ids[0]] })).isError).toBe(false);
  });

  test('a task of another user cannot be found', async () => {
    const other = await connectMcp(service.url, await mcpTokenOf(service.url, `${user}-other`));
    const [id = ''] = await add({ title: 'Mine' });
    expect((await other.call('get_task', { id })).text).toContain('No task has the id');
    await other.close();
  });
});

describe('resources', () => {
  test('show today, a task and a project', async () => {
    const project = (await agent.call('save_project', { name: 'Home' })).data.project.id;
    const [id = ''] = await add({ title: 'Water the plants', project: 'Home', due_date: '2020-01-01' });
    const { resources } = await agent.client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(['tasklane://today']);
    const { resourceTemplates } = await agent.client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      'tasklane://task/{id}',
      'tasklane://project/{id}',
    ]);
    for (const uri of ['tasklane://today', `tasklane://task/${id}`, `tasklane://project/${project}`]) {
      const { contents } = await agent.client.readResource({ uri });
      expect(contents).toMatchObject([
        { uri, mimeType: 'text/plain', text: expect.stringContaining('"Water the plants"') },
      ]);
    }
    await expect(agent.client.readResource({ uri: 'tasklane://task/2b1c0d4e' })).rejects.toThrow(
      'No task has the id',
    );
  });
});

describe('prompts', () => {
  test('are about the day, the week and a task, and name tools that exist', async () => {
    const { prompts } = await agent.client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(['plan_my_day', 'weekly_review', 'break_down_task']);
    const tools = (await agent.client.listTools()).tools.map(({ name }) => name);
    for (const { name, arguments: args = [] } of prompts) {
      const { messages } = await agent.client.getPrompt({
        name,
        arguments: Object.fromEntries(args.map((each) => [each.name, 'the trip'])),
      });
      const [message] = messages as unknown as [{ content: { text: string } }];
      const { text } = message.content;
      const named = text.match(/\b(find|get|add|reschedule)_\w+/g) as string[];
      expect(named.filter((each) => !tools.includes(each))).toEqual([]);
      expect(text).toContain('only after I agree');
    }
    await expect(agent.client.getPrompt({ name: 'break_down_task' })).rejects.toThrow('task: is required');
  });
});

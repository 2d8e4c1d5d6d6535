/** Tests tags: names without regard to case, and the effect of their changes on tasks. */
import type { Body } from '../../support/api';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';

let ada: TaskClient;

const service = useTestService({ RATE_LIMIT: 'off' });
beforeEach(async () => {
  ada = await makeTaskClient(service);
});

const names = async () => (await ada.all('/tags')).map((tag) => tag.name);
const tagNamed = async (name: string): Promise<Body> =>
  (await ada.all('/tags')).find((tag) => tag.name === name);

/** `task_tags` must match the lists of the tasks. */
async function expectLinked(): Promise<void> {
  const rows = await query(
    service.database.url,
    `select id from tasklane.tasks as task where lane_id = lane_of($1) and tags is distinct from array(
       select tag.name from tasklane.task_tags as link
         join tasklane.tags as tag on tag.lane_id = link.lane_id and tag.id = link.tag_id
       where link.lane_id = task.lane_id and link.task_id = task.id order by tag.name_key)`,
    [ada.id],
  );
  expect(rows).toEqual([]);
}
afterEach(expectLinked);

test.each([
  [['Home', 'home', ' HOME '], ['Home']],
  [['straße', 'STRASSE', 'STRAẞE'], ['straße']],
  [['ﬁn', 'FIN'], ['ﬁn']],
  [['É', 'e\u0301'], ['É']],
  [['ΣΊΣΥΦΟΣ', 'σίσυφος'], ['ΣΊΣΥΦΟΣ']],
  [
    ['İ', 'i'],
    ['i', 'İ'],
  ],
  [
    ['b', 'a', 'C'],
    ['a', 'b', 'C'],
  ],
])(
  'names that differ only in case or normal form are one tag with the first spelling: %j',
  async (tags, spelled) => {
    expect((await ada.create({ tags })).tags).toEqual(spelled);
    expect(await names()).toEqual(spelled);
  },
);

test('a later task gets the first spelling of a tag, without a change of the tag', async () => {
  const first = await ada.create({ tags: ['Home'] });
  const second = await ada.create({ tags: ['HOME', 'garden'] });
  expect(second.tags).toEqual(['garden', 'Home']);
  const seq = await ada.seq();
  expect(await ada.ok('PATCH', `/tasks/${first.id}`, { tags: ['hOME'] })).toEqual(first);
  expect(await ada.seq()).toBe(seq);
});

test('a new tag has its own change in addition to the change of the task', async () => {
  const task = await ada.create();
  const seq = await ada.seq();
  await ada.ok('PATCH', `/tasks/${task.id}`, { tags: ['home'] });
  const tag = await tagNamed('home');
  expect(await ada.changesAfter(seq)).toEqual([
    expect.objectContaining({ type: 'tag', entity_id: tag.id, action: 'created', fields: {} }),
    expect.objectContaining({
      type: 'task',
      entity_id: task.id,
      action: 'updated',
      fields: { tags: { from: [], to: ['home'] } },
    }),
  ]);
});

test('the changes of new tags come before the change of a new task', async () => {
  await ada.create();
  const seq = await ada.seq();
  const task = await ada.create({ tags: ['home'] });
  const tag = await tagNamed('home');
  expect(await ada.changesAfter(seq)).toEqual([
    expect.objectContaining({ type: 'tag', entity_id: tag.id, action: 'created' }),
    expect.objectContaining({ type: 'task', entity_id: task.id, action: 'created' }),
  ]);
});

test('a task has at most 50 tags', async () => {
  const fifty = Array.from({ length: 50 }, (_, n) => `tag ${n}`);
  const task = await ada.create({ tags: fifty });
  expect(task.tags).toHaveLength(50);
  const more = [...fifty, 'one more'];
  expect(await ada.validationErrors('POST', '/tasks', { title: 'Too many', tags: more })).toEqual([
    '/body/tags too-long',
  ]);
  expect(await ada.validationErrors('PATCH', `/tasks/${task.id}`, { tags: more })).toEqual([
    '/body/tags too-long',
  ]);
  expect(await ada.validationErrors('PUT', `/tasks/${task.id}`, { title: 'Too many', tags: more })).toEqual([
    '/body/tags too-long',
  ]);
});

test('a tag without tasks stays, and a PUT with an empty list removes all tags of the task', async () => {
  const task = await ada.create({ tags: ['home', 'garden'] });
  expect((await ada.ok('PATCH', `/tasks/${task.id}`, { tags: ['garden'] })).tags).toEqual(['garden']);
  expect((await ada.ok('PUT', `/tasks/${task.id}`, { tags: [] })).tags).toEqual([]);
  const page = await ada.ok('GET', '/tags');
  expect(page.items.map((tag: Body) => tag.name)).toEqual(['garden', 'home']);
  expect(Object.values(page.counts)).toEqual([
    { open: 0, total: 0 },
    { open: 0, total: 0 },
  ]);
});

test('counts exclude the trash and give the open tasks', async () => {
  await ada.create({ tags: ['home'] });
  await ada.create({ tags: ['home'], status: 'completed' });
  const deleted = await ada.create({ tags: ['home'] });
  await ada.ok('DELETE', `/tasks/${deleted.id}`);
  const { counts } = await ada.ok('GET', '/tags');
  expect(Object.values(counts)).toEqual([{ open: 1, total: 2 }]);
});

test('a rename applies to every task with the tag, also in the trash, each with a change', async () => {
  const tasks = [
    await ada.create({ tags: ['home', 'a', 'z'] }),
    await ada.create({ tags: ['home'] }),
    await ada.create({ tags: ['a'] }),
  ];
  await ada.ok('DELETE', `/tasks/${tasks[1].id}`);
  const tag = await tagNamed('home');
  const seq = await ada.seq();
  const renamed = await ada.ok('PATCH', `/tags/${tag.id}`, { name: ' m ' });
  expect(renamed).toEqual({ ...tag, name: 'm', version: 2, updated_at: renamed.updated_at });
  const changes = await ada.changesAfter(seq);
  expect(changes[0]).toMatchObject({ type: 'tag', fields: { name: { from: 'home', to: 'm' } } });
  expect(Object.fromEntries(changes.slice(1).map(({ entity_id, fields }) => [entity_id, fields]))).toEqual({
    [tasks[0].id]: { tags: { from: ['a', 'home', 'z'], to: ['a', 'm', 'z'] } },
    [tasks[1].id]: { tags: { from: ['home'], to: ['m'] } },
  });
  expect(await ada.read(tasks[0].id)).toMatchObject({ tags: ['a', 'm', 'z'], version: 2 });
  expect((await ada.ok('POST', `/tasks/${tasks[1].id}/restore`)).tags).toEqual(['m']);
  expect(await ada.read(tasks[2].id)).toEqual(tasks[2]);
  expect((await ada.create({ tags: ['HOME'] })).tags).toEqual(['HOME']);
});

test('a rename can change only the case', async () => {
  const task = await ada.create({ tags: ['home'] });
  const tag = await tagNamed('home');
  expect(await ada.ok('PATCH', `/tags/${tag.id}`, { name: 'Home' })).toMatchObject({
    id: tag.id,
    name: 'Home',
    version: 2,
  });
  expect(await ada.read(task.id)).toMatchObject({ tags: ['Home'], version: 2 });
});

test('a rename to the name of another tag merges the two', async () => {
  const tasks = [
    await ada.create({ tags: ['home'] }),
    await ada.create({ tags: ['house'] }),
    await ada.create({ tags: ['home', 'house', 'z'] }),
  ];
  const [home, house] = [await tagNamed('home'), await tagNamed('house')];
  const seq = await ada.seq();
  expect(await ada.ok('PATCH', `/tags/${home.id}`, { name: 'HOUSE' })).toEqual(house);
  expect(await names()).toEqual(['house', 'z']);
  expect((await ada.send('GET', `/tags/${home.id}`)).status).toBe(404);
  const changes = await ada.changesAfter(seq);
  expect(changes.filter((each) => each.type === 'tag')).toEqual([
    expect.objectContaining({ entity_id: home.id, action: 'deleted' }),
  ]);
  const fields = changes.filter((each) => each.type === 'task').map((each) => [each.entity_id, each.fields]);
  expect(Object.fromEntries(fields)).toEqual({
    [tasks[0].id]: { tags: { from: ['home'], to: ['house'] } },
    [tasks[2].id]: { tags: { from: ['home', 'house', 'z'], to: ['house', 'z'] } },
  });
  expect(await ada.read(tasks[1].id)).toEqual(tasks[1]);
  const { counts } = await ada.ok('GET', '/tags');
  expect(counts[house.id]).toEqual({ open: 3, total: 3 });
  expect((await ada.all('/tasks?tags_any=Home')).length).toBe(0);
  expect((await ada.all('/tasks?tags_any=House')).length).toBe(3);
});

test('a new colour changes only the tag', async () => {
  const task = await ada.create({ tags: ['home'] });
  const tag = await tagNamed('home');
  const seq = await ada.seq();
  expect(await ada.ok('PATCH', `/tags/${tag.id}`, { color: '#2f855a' })).toMatchObject({
    color: '#2f855a',
    version: 2,
  });
  expect(await ada.ok('PATCH', `/tags/${tag.id}`, { color: '#2f855a', name: 'home' })).toMatchObject({
    version: 2,
  });
  expect(await ada.ok('PATCH', `/tags/${tag.id}`, { color: null })).toMatchObject({ color: null });
  expect((await ada.changesAfter(seq)).map(({ type, fields }) => ({ type, fields }))).toEqual([
    { type: 'tag', fields: { color: { from: null, to: '#2f855a' } } },
    { type: 'tag', fields: { color: { from: '#2f855a', to: null } } },
  ]);
  expect(await ada.read(task.id)).toEqual(task);
});

test('a deleted tag is removed from every task, each with a change', async () => {
  const tasks = [await ada.create({ tags: ['home', 'z'] }), await ada.create({ tags: ['z'] })];
  const tag = await tagNamed('home');
  const seq = await ada.seq();
  await ada.ok('DELETE', `/tags/${tag.id}`);
  expect((await ada.changesAfter(seq)).map(({ type, action, fields }) => ({ type, action, fields }))).toEqual(
    [
      {
        type: 'tag',
        action: 'deleted',
        fields: { name: { from: 'home', to: null }, created_at: { from: tag.created_at, to: null } },
      },
      { type: 'task', action: 'updated', fields: { tags: { from: ['home', 'z'], to: ['z'] } } },
    ],
  );
  expect(await ada.read(tasks[0].id)).toMatchObject({ tags: ['z'], version: 2 });
  expect(await ada.read(tasks[1].id)).toEqual(tasks[1]);
  expect(await names()).toEqual(['z']);
});

test('the list is sorted by name, ignoring case, with each tag once across pages', async () => {
  const all = Array.from({ length: 23 }, (_, n) => `${n % 2 ? 'Tag' : 'tag'} ${(n * 7) % 23}`);
  await ada.create({ tags: all });
  const sorted = all.toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  for (const limit of [1, 7, 200]) {
    expect((await ada.all('/tags', limit)).map((tag) => tag.name)).toEqual(sorted);
  }
});

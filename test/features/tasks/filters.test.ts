/** Compares every filter and sort of the list with the same in plain JavaScript. */
import fc from 'fast-check';
import { tagKey } from '../../../src/features/tags/names';
import type { Body } from '../../support/api';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';

const seed = 20_261_121;

let ada: TaskClient;
let all: Body[];
let projects: Body[];
let parents: Body[];

const pick = <T>(values: readonly T[], n: number): T => values[n % values.length] as T;
const dayOf = (n: number) => new Date(Date.UTC(2026, 5, 1 + n)).toISOString().slice(0, 10);

const service = useTestService({ RATE_LIMIT: 'off' });
beforeAll(async () => {
  ada = await makeTaskClient(service);
  projects = [await ada.project('One'), await ada.project('Two'), await ada.project('Empty')];
  parents = [];
  for (let n = 0; n < 90; n++) {
    const due_date = pick([null, dayOf(n % 7), dayOf(n % 3), '2026-06-04'], n);
    const due_time = due_date === null ? null : pick([null, '00:00', '09:30', '23:59'], n >> 1);
    const parent = n % 3 === 2 ? pick(parents, n >> 1) : null;
    const task = await ada.create({
      title: `Task ${n}`,
      description: pick([null, '', 'Some text'], n >> 2),
      status: pick(['pending', 'in_progress', 'completed', 'completed', 'cancelled'], (n * 7) >> 1),
      priority: pick(['low', 'medium', 'high', 'urgent'], n),
      ...(parent
        ? { parent_id: parent.id }
        : { project_id: pick([null, projects[0].id, projects[1].id], n >> 1) }),
      tags: pick([[], ['Home'], ['home', 'Straße'], ['garden'], ['STRASSE', 'garden', 'z']], n),
      due_date,
      due_time,
      time_zone: due_time === null ? null : pick([null, 'Asia/Tokyo', 'America/New_York'], n >> 2),
    });
    if (n % 6 === 0) parents.push(task);
  }
  const [gone, deletedChild] = await ada.chain(2, { tags: ['home'], due_date: '2026-06-03' });
  await ada.ok('DELETE', `/tasks/${deletedChild.id}`);
  await ada.ok('DELETE', `/tasks/${gone.id}`);
  const lonely = await ada.create({ title: 'All subtasks are in the trash' });
  await ada.ok('DELETE', `/tasks/${(await ada.create({ parent_id: lonely.id })).id}`);
  // Some tasks share all of these instants, others only some or none.
  await query(
    service.database.url,
    `update tasklane.tasks set
       created_at = shifted('2026-06-01Z', (ascii(right(title, 1)) % 4) * interval '1 ms'),
       updated_at = shifted('2026-06-02Z', (ascii(right(title, 1)) % 3) * interval '1 s'),
       completed_at = case when status = 'completed'
         then shifted('2026-06-03Z', (ascii(right(title, 1)) % 3) * interval '1 ms') end
     where lane_id = lane_of($1)`,
    [ada.id],
  );
  all = await ada.all('/tasks');
  expect(all).toHaveLength(91);
});

type Filter = Record<string, string>;

const traits: Record<string, (task: Body) => boolean> = {
  description: (task) => (task.description ?? '') !== '',
  project: (task) => task.project_id !== null,
  parent: (task) => task.parent_id !== null,
  subtasks: (task) => all.some((each) => each.parent_id === task.id),
  tags: (task) => task.tags.length > 0,
  due_date: (task) => task.due_date !== null,
  due_time: (task) => task.due_time !== null,
};

const carries = (task: Body, name: string) => task.tags.some((tag: string) => tagKey(tag) === tagKey(name));

const conditions: Record<string, (task: Body, value: string) => boolean> = {
  status: (task, value) => value.split(',').includes(task.status),
  priority: (task, value) => value.split(',').includes(task.priority),
  id: (task, value) => value.split(',').includes(task.id),
  id_ends_with: (task, value) => value.split(',').includes(task.id.slice(-8)),
  project_id: (task, value) => value.split(',').includes(task.project_id),
  parent_id: (task, value) => task.parent_id === value,
  tags_any: (task, value) => value.split(',').some((name) => carries(task, name)),
  tags_all: (task, value) => value.split(',').every((name) => carries(task, name)),
  tags_none: (task, value) => !value.split(',').some((name) => carries(task, name)),
  due_from: (task, value) => task.due_date !== null && task.due_date >= value,
  due_until: (task, value) => task.due_date !== null && task.due_date <= value,
  has: (task, value) => value.split(',').every((trait) => traits[trait]?.(task)),
  has_not: (task, value) => value.split(',').every((trait) => !traits[trait]?.(task)),
  completed_after: (task, value) => task.completed_at !== null && task.completed_at > value,
  completed_before: (task, value) => task.completed_at !== null && task.completed_at < value,
  created_after: (task, value) => task.created_at > value,
  created_before: (task, value) => task.created_at < value,
  updated_after: (task, value) => task.updated_at > value,
  updated_before: (task, value) => task.updated_at < value,
  view: (task, value) =>
    ['pending', 'in_progress'].includes(task.status) && (value === 'no_date') === (task.due_date === null),
};

const some = (values: readonly string[]) =>
  fc.subarray([...values], { minLength: 1 }).map((each) => each.join());
const instants = (day: number) =>
  fc.integer({ min: -1, max: 3 }).map((ms) => new Date(Date.UTC(2026, 5, day) + ms).toISOString());

/** The values for each filter; they need the tasks' ids. */
function arbitraries(): Record<string, fc.Arbitrary<string>> {
  const names = ['home', 'HOME', 'strasse', 'garden', 'z', 'unknown'];
  const days = fc.integer({ min: -1, max: 8 }).map(dayOf);
  return {
    status: some(['pending', 'in_progress', 'completed', 'cancelled']),
    priority: some(['low', 'medium', 'high', 'urgent']),
    // The maximum of the filter.
    id: some(all.slice(0, 50).map((each) => each.id)),
    id_ends_with: some(all.slice(0, 50).map((each) => each.id.slice(-8))),
    project_id: some(projects.map((each) => each.id)),
    parent_id: fc.constantFrom(...parents.map((each) => each.id), projects[0].id),
    tags_any: some(names),
    tags_all: some(names),
    tags_none: some(names),
    due_from: days,
    due_until: days,
    has: some(Object.keys(traits)),
    has_not: some(Object.keys(traits)),
    completed_after: instants(3),
    completed_before: instants(3),
    created_after: instants(1),
    created_before: instants(1),
    updated_after: instants(2),
    updated_before: instants(2),
    view: fc.constant('no_date'),
  };
}

const ranks: Record<string, readonly string[]> = {
  priority: ['low', 'medium', 'high', 'urgent'],
  status: ['pending', 'in_progress', 'completed', 'cancelled'],
};
const byText = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const { compare: byTitle } = new Intl.Collator('und', { numeric: true });

/** The value to sort by; null comes last in both directions. */
function sortValue(task: Body, key: string): string | null {
  if (key === 'due') return task.due_date && `${task.due_date} ${task.due_time ?? '24:00'}`;
  return key in ranks ? String(ranks[key]?.indexOf(task[key])) : task[key];
}

function sorted(tasks: readonly Body[], sort: string): Body[] {
  const keys = sort.split(',');
  return tasks.toSorted((a, b) => {
    for (const key of [...keys, keys.at(-1)?.startsWith('-') ? '-id' : 'id']) {
      const [x, y] = [a, b].map((task) => sortValue(task, key.replace(/^-/, '')));
      if (x === y) continue;
      if (x === null || x === undefined) return 1;
      if (y === null || y === undefined) return -1;
      const compare = key.endsWith('title') ? byTitle : byText;
      return key.startsWith('-') ? compare(y, x) : compare(x, y);
    }
    return 0;
  });
}

const sortKeys = [
  'created_at',
  'updated_at',
  'title',
  'priority',
  'status',
  'due',
  'completed_at',
  'position',
];
const directed = sortKeys.flatMap((key) => [key, `-${key}`]);
const address = (filter: Filter, sort: string) => `/tasks?${new URLSearchParams({ ...filter, sort })}`;

async function expectSame(filter: Filter, sort: string): Promise<void> {
  const wanted = sorted(
    all.filter((task) => Object.entries(filter).every(([name, value]) => conditions[name]?.(task, value))),
    sort,
  );
  const page = await ada.ok('GET', `${address(filter, sort)}&limit=200&include_total=true`);
  expect({ filter, sort, total: page.total, items: page.items.map((each: Body) => each.title) }).toEqual({
    filter,
    sort,
    total: wanted.length,
    items: wanted.map((each) => each.title),
  });
}

test.each(Object.keys(conditions))('%s filters alone', async (name) => {
  const values = arbitraries()[name] as fc.Arbitrary<string>;
  const found = new Set<boolean>();
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      await expectSame({ [name]: value }, 'title');
      for (const task of all) found.add(conditions[name]?.(task, value) ?? false);
    }),
    { numRuns: 12, seed },
  );
  // A filter that matches all tasks or none would prove nothing.
  expect(found.size).toBe(2);
});

test('several filters combine with every sort', async () => {
  const filters = fc.record(arbitraries(), { requiredKeys: [] }).map((filter) => {
    // All filters at once would almost always match nothing.
    const names = Object.keys(filter);
    return Object.fromEntries(names.slice(0, 3).map((name) => [name, filter[name] as string]));
  });
  const sorts = fc.uniqueArray(fc.constantFrom(...directed), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(filters, sorts, (filter, sort) => expectSame(filter, sort.join())),
    { numRuns: 150, seed },
  );
});

test.each(Object.keys(traits))('has and has_not=%s split the list in two', async (trait) => {
  const [has, hasNot] = [await ada.all(`/tasks?has=${trait}`), await ada.all(`/tasks?has_not=${trait}`)];
  expect(has.length).toBeGreaterThan(0);
  expect(hasNot.length).toBeGreaterThan(0);
  expect([...has, ...hasNot].map((each) => each.id).toSorted()).toEqual(
    all.map((each) => each.id).toSorted(),
  );
});

test.each([
  ...directed,
  'due,-completed_at',
  '-due,completed_at',
  'completed_at,due,-priority',
  '-status,due',
])('sort=%s in pages returns each task once', async (sort) => {
  const wanted = sorted(all, sort).map((each) => each.id);
  for (const limit of [7, ...(/due|completed/.test(sort) ? [1] : [])]) {
    const found = await ada.all(`/tasks?sort=${sort}`, limit);
    expect(found.map((each) => each.id)).toEqual(wanted);
  }
});

test('no list has tasks in the trash', async () => {
  for (const filter of ['tags_any=home', 'due_from=2026-06-03&due_until=2026-06-03', 'has=parent']) {
    for (const task of await ada.all(`/tasks?${filter}`)) expect(all).toContainEqual(task);
  }
});

test('a cursor is rejected with another filter, view, zone or sort, and by another list', async () => {
  const path = '/tasks?has=due_date&sort=due&limit=1';
  const { next_cursor } = await ada.ok('GET', path);
  const wrong = ['/query/cursor wrong-cursor'];
  for (const other of [
    '/tasks?has_not=due_date&sort=due',
    '/tasks?has=due_date&sort=-due',
    '/tasks?has=due_date&sort=due&view=upcoming',
    '/tasks?has=due_date&sort=due&tz=UTC',
    '/tasks?has=due_date&sort=due&tags_any=home',
    '/tasks?has=due_date&sort=due&project_id=019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d50',
    '/tasks?has=due_date&sort=due&due_from=2026-06-01',
    '/projects?archived=false',
    '/tags?limit=1',
    '/trash?limit=1',
  ]) {
    expect(await ada.validationErrors('GET', `${other}&cursor=${next_cursor}`, undefined)).toEqual(wrong);
  }
  expect((await ada.ok('GET', `${path}&cursor=${next_cursor}`)).items).toHaveLength(1);
});

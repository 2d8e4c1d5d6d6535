/** Tests searches: by prefixes, best match first, with typos if no exact match is found. */
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { startService } from '../../../src/start';
import type { Body } from '../../support/api';
import { query } from '../../support/database';
import { startTestService, testConfig, useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';
import { seedTasks } from '../../support/tasks';

let ada: TaskClient;

const service = useTestService({ RATE_LIMIT: 'off' });
beforeEach(async () => {
  ada = await makeTaskClient(service);
});

async function make(title: string, description: string | null = null, more: object = {}): Promise<Body> {
  return ada.create({ title, description, ...more });
}

const search = (q: string, more: Record<string, string> = {}): Promise<Body> =>
  ada.ok('GET', `/tasks?${new URLSearchParams({ q, sort: 'relevance', ...more })}`);
const titles = (page: Body): string[] => page.items.map((task: Body) => task.title);
const found = async (q: string, more: Record<string, string> = {}) =>
  titles(await search(q, more)).toSorted();

test('finds words by their beginning, in title and description, ignoring case and accents', async () => {
  await make('Water the plants');
  await make('Crème brûlée', 'Needs WATER too');
  await make('Underwater');
  for (const q of ['water', 'WAT', 'w', 'wáter'])
    expect(await found(q)).toEqual(['Crème brûlée', 'Water the plants']);
  expect(await found('creme BRUL')).toEqual(['Crème brûlée']);
  expect(await found('brûl water')).toEqual(['Crème brûlée']);
  expect(await found('water pla')).toEqual(['Water the plants']);
  expect(await found('ater')).not.toContain('Crème brûlée and more');
});

test('finds the titles and addresses of links, also after changes and imports', async () => {
  const links = [
    { url: 'https://www.example.com/garden/Gie%C3%9Fplan?week=42', title: 'Café opening hours' },
    { url: 'mailto:nursery@plants.example' },
  ];
  const { id } = await make('Water', null, { links });
  for (const q of ['cafe', 'example garden', 'giessplan', '42', 'nursery', 'water nurs'])
    expect(await found(q)).toEqual(['Water']);
  for (const q of ['https', 'www', 'mailto']) expect(await found(q)).toEqual([]);
  await ada.ok('PATCH', `/tasks/${id}`, { links: [{ url: 'https://example.org/roses' }] });
  expect(await found('nursery')).toEqual([]);
  expect(await found('roses')).toEqual(['Water']);
  const imported = { id: randomUUID(), title: 'Imported', links: [{ url: 'https://example.net/tulips' }] };
  await ada.ok('POST', '/import.json', { format: 'tasklane-export', version: 2, tasks: [imported] });
  expect(await found('tulips')).toEqual(['Imported']);
  // As if an earlier release had indexed them.
  await query(service.database.url, 'update tasklane.tasks set search_version = 2, search = $1', ["'x':1"]);
  expect(await found('tulips')).toEqual([]);
  await service.runJob('search');
  expect(await found('tulips')).toEqual(['Imported']);
});

test('a query without words finds nothing, and search syntax has no meaning', async () => {
  await make('Water');
  for (const q of ['???', '😀', '&|!()', "'", '\\', ' ']) {
    expect(await search(q)).toMatchObject({ items: [], next_cursor: null, highlights: {} });
  }
  expect(await found('water:*|x')).toEqual([]);
  expect(await found("'water' &")).toEqual(['Water']);
});

test.each([
  ['Đà Nẵng', 'da nang'],
  ['Kraków i Łódź', 'lodz'],
  ['Smørrebrød på Ærø', 'smorrebrod aero'],
  ['Große Straße', 'strasse'],
  ['Happy 😀 day', '😀'],
  ['Call 👩‍💻 and 👍🏽', '👍'],
  ['東京タワー', 'タワー'],
  ['東京タワー', '東京タ'],
  ['北京大学', '京大'],
  ['黒猫', '猫'],
  ['서울타워', '타워'],
  ['การซื้อน้ำดื่ม', 'น้ำ'],
  ['قراءة الكتاب', 'كتاب'],
  ['كتاب', 'الكتاب'],
])('finds %s by %s', async (title, q) => {
  await make(title);
  await make('Another', 'title 東大 タ京 โรง 🎈');
  const page = await search(q);
  expect(titles(page)).toEqual([title]);
  expect(page.search).toMatchObject({ approximate: false });
});

test('finds no parts of words that are written in another order', async () => {
  await make('タワー東京');
  expect(await search('東京タワー')).toMatchObject({
    items: [],
    search: { typo_tolerance: true, approximate: false },
  });
  expect(await found('東京 タワー')).toEqual(['タワー東京']);
});

test('tolerates typos beside a phrase, which must be exact', async () => {
  await make('Meeting 東京タワー');
  await make('Meeting 京都タワー');
  expect(titles(await search('meetting 東京'))).toEqual(['Meeting 東京タワー']);
});

test('ranks matches in the title first, and then tasks with more matches', async () => {
  await make('Other', 'A garden');
  await make('Garden');
  await make('More', 'garden garden garden');
  expect(titles(await search('garden'))).toEqual(['Garden', 'More', 'Other']);
});

test('is current after every write, and ignores the trash', async () => {
  const task = await make('Water');
  await ada.ok('PATCH', `/tasks/${task.id}`, { description: 'Fern' });
  expect(await found('fern water')).toEqual(['Water']);
  await ada.ok('PATCH', `/tasks/${task.id}`, { description: null });
  expect(await found('water')).toEqual(['Water']);
  expect(await found('fern')).toEqual([]);
  await ada.ok('PUT', `/tasks/${task.id}`, { title: 'Mow' });
  expect(await found('water')).toEqual([]);
  expect(await found('mow')).toEqual(['Mow']);
  await ada.ok('DELETE', `/tasks/${task.id}`);
  expect(await found('mow')).toEqual([]);
  await ada.ok('POST', `/tasks/${task.id}/restore`);
  expect(await found('mow')).toEqual(['Mow']);
});

test("finds nothing in another user's lane", async () => {
  await make('Water');
  const bob = await makeTaskClient(service);
  await bob.create({ title: 'Waterfall' });
  expect(titles(await bob.ok('GET', '/tasks?q=water'))).toEqual(['Waterfall']);
  expect(titles(await bob.ok('GET', '/tasks?q=watre'))).toEqual(['Waterfall']);
});

test('combines with filters, sorts and counts', async () => {
  const project = await ada.project();
  await make('Water b', null, { priority: 'high', tags: ['home'], project_id: project.id });
  await make('Water a', null, { priority: 'high' });
  await make('Water c', null, { tags: ['home'] });
  await make('Other', null, { priority: 'high', tags: ['home'] });
  expect(await found('water', { priority: 'high' })).toEqual(['Water a', 'Water b']);
  expect(await found('water', { tags_any: 'HOME', has: 'project' })).toEqual(['Water b']);
  const page = await search('water', { sort: '-title', include_total: 'true', limit: '2' });
  expect([titles(page), page.total]).toEqual([['Water c', 'Water b'], 3]);
  expect(titles(await ada.ok('GET', '/tasks?q=water'))).toEqual(['Water c', 'Water a', 'Water b']);
});

test.each([1, 7])('pages of %i by relevance have each task once', async (limit) => {
  for (let each = 0; each < 30; each++) {
    await make(
      `Task ${each}`,
      Array.from({ length: 1 + (each % 4) }, () => 'garden').join(each % 3 ? ' ' : ' x '),
    );
  }
  const whole = await ada.all('/tasks?q=garden&sort=relevance');
  expect(whole).toHaveLength(30);
  expect(await ada.all('/tasks?q=garden&sort=relevance', limit)).toEqual(whole);
  const mixed = await ada.all('/tasks?q=garden&sort=relevance,title');
  expect(await ada.all('/tasks?q=garden&sort=relevance,title', limit)).toEqual(mixed);
});

describe('highlights', () => {
  test('give the positions of the words, in code units', async () => {
    const task = await make('😀 Plânts and plant', 'No such thing, but a plantain');
    await make('Other');
    const page = await search('plant');
    const { title, description } = page.highlights[task.id];
    expect(Object.keys(page.highlights)).toEqual([task.id]);
    expect(title.map(([start, end]: [number, number]) => task.title.slice(start, end))).toEqual([
      'Plânts',
      'plant',
    ]);
    expect(description.map(([start, end]: [number, number]) => task.description.slice(start, end))).toEqual([
      'plantain',
    ]);
  });

  test('are bounded, and null without a query', async () => {
    const task = await make('A', 'plant '.repeat(1_000));
    expect((await search('plant')).highlights[task.id].description).toHaveLength(20);
    expect(await ada.ok('GET', '/tasks')).toMatchObject({ highlights: null, search: null });
  });
});

describe('typos', () => {
  test('are tolerated if no exact match is found, and the response says so', async () => {
    const plants = await make('Water the plants');
    await make('Planet', 'Unrelated');
    const exact = await search('plants');
    expect(exact.search).toEqual({ typo_tolerance: true, approximate: false });
    expect(titles(exact)).toEqual(['Water the plants']);
    const near = await search('plantss watr');
    expect(near.search).toEqual({ typo_tolerance: true, approximate: true });
    expect(titles(near)).toEqual(['Water the plants']);
    const { title } = near.highlights[plants.id];
    expect(title.map(([start, end]: [number, number]) => plants.title.slice(start, end))).toEqual([
      'Water',
      'plants',
    ]);
    expect((await search('zzzzzz')).search).toEqual({ typo_tolerance: true, approximate: false });
  });

  test.each([1, 3])('are tolerated on every page of %i', async (limit) => {
    for (let each = 0; each < 8; each++) await make(`Meeting ${each}`);
    const all = await ada.all('/tasks?q=meetting&sort=relevance', limit);
    expect(all.map((task) => task.title).toSorted()).toEqual(
      Array.from({ length: 8 }, (_, each) => `Meeting ${each}`),
    );
    const newest = await ada.all('/tasks?q=meetting', limit);
    expect(newest.map((task) => task.title)).toEqual(
      Array.from({ length: 8 }, (_, each) => `Meeting ${7 - each}`),
    );
  });

  test('are corrected with words of the lane outside the trash, for any user id', async () => {
    const user = await makeTaskClient(service, `o'brien'-${randomUUID()}`);
    const task = await user.create({ title: 'Meeting' });
    expect(titles(await user.ok('GET', '/tasks?q=meetting'))).toEqual(['Meeting']);
    await user.ok('DELETE', `/tasks/${task.id}`);
    await user.create({ title: 'Meatball' });
    expect(titles(await user.ok('GET', '/tasks?q=meetting'))).toEqual([]);
  });

  test('are not tolerated without pg_trgm or the right to use it, and the rest works', async () => {
    const other = await startTestService({ RATE_LIMIT: 'off' });
    try {
      await query(other.database.url, 'drop extension pg_trgm');
      const user = await makeTaskClient(other);
      await user.create({ title: 'Meeting' });
      expect(await user.ok('GET', '/tasks?q=meetting')).toMatchObject({
        items: [],
        search: { typo_tolerance: false, approximate: false },
      });
      expect(titles(await user.ok('GET', '/tasks?q=meet'))).toEqual(['Meeting']);
    } finally {
      await other.stop();
    }
  });

  test('are tolerated with pg_trgm in any schema', async () => {
    const other = await startTestService({ RATE_LIMIT: 'off' });
    try {
      await query(other.database.url, 'drop extension pg_trgm');
      await query(other.database.url, 'create schema "Odd name"');
      await query(other.database.url, 'create extension pg_trgm with schema "Odd name"');
      await query(other.database.url, 'grant usage on schema "Odd name" to tasklane_app');
      const user = await makeTaskClient(other);
      await user.create({ title: 'Meeting' });
      expect(titles(await user.ok('GET', '/tasks?q=meetting'))).toEqual(['Meeting']);
    } finally {
      await other.stop();
    }
  });
});

describe('a request', () => {
  test.each([
    ['sort=relevance', '/query/sort contradiction'],
    ['sort=title,relevance', '/query/sort contradiction'],
    ['q=', '/query/q too-short'],
    [`q=${'x'.repeat(201)}`, '/query/q too-long'],
    ['q=a&sort=-relevance', '/query/sort/0 not-allowed'],
  ])('is rejected with %s', async (parameters, error) => {
    expect(await ada.validationErrors('GET', `/tasks?${parameters}`, undefined)).toEqual([error]);
  });

  test('is rejected with the cursor of another search', async () => {
    await make('Water one');
    await make('Water two');
    const { next_cursor } = await search('water', { limit: '1' });
    for (const other of [
      'q=wate&sort=relevance',
      'q=water',
      'sort=title',
      'q=water&sort=relevance&has=tags',
    ]) {
      expect(await ada.validationErrors('GET', `/tasks?${other}&cursor=${next_cursor}`, undefined)).toEqual([
        '/query/cursor wrong-cursor',
      ]);
    }
    expect((await search('water', { cursor: next_cursor })).items).toHaveLength(1);
  });
});

describe('tasks without search words', () => {
  test('are found after the job has added the words, in any number, by two instances at once, without a change', async () => {
    const seeds = Array.from({ length: 1_200 }, (_, each) => ({ id: randomUUID(), title: `Old ${each}` }));
    await seedTasks(service.database.url, ada.id, seeds);
    const bob = await makeTaskClient(service);
    await seedTasks(service.database.url, bob.id, [{ title: 'Old', description: 'Crème' }]);
    expect(await found('old')).toEqual([]);
    const other = await startService(
      testConfig({ DATABASE_URL: service.database.url, RATE_LIMIT: 'off' }),
      pino({ level: 'silent' }),
    );
    try {
      await Promise.all([service.runJob('search'), other.runJob('search')]);
    } finally {
      await other.stop();
    }
    expect((await search('old', { include_total: 'true' })).total).toBe(1_200);
    expect(await found('old 1199')).toEqual(['Old 1199']);
    expect(titles(await bob.ok('GET', '/tasks?q=creme'))).toEqual(['Old']);
    expect(await ada.changesAfter(0)).toEqual([]);
    expect((await ada.read(seeds[0]?.id as string)).version).toBe(1);
  });

  test('can be found after their next change', async () => {
    const [id] = await seedTasks(service.database.url, ada.id, [{ title: 'Old', description: 'Fern' }]);
    await ada.ok('PATCH', `/tasks/${id}`, { title: 'New' });
    expect(await found('new fern')).toEqual(['New']);
  });
});

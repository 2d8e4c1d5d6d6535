/** Tests the queries of a copy: filters, views, orders, searches and statistics. */
import { randomUUID } from 'node:crypto';
import { until } from '../../test/support/until';
import type { Stats, Task } from '../src/index';
import type { LiveTaskQuery } from '../src/live';
import { localAt } from '../src/live/time';
import { makeUser, offline, online, settled, titles, useService } from './live-devices';

useService();

type User = Awaited<ReturnType<typeof makeUser>>;

const zones = [
  ...['UTC', 'Pacific/Kiritimati', 'America/Los_Angeles', 'Asia/Kathmandu', 'Pacific/Pago_Pago'],
  ...['Europe/Zurich', 'America/St_Johns', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Asia/Tokyo'],
];
const pick = <T>(values: readonly T[], n: number): T => values[n % values.length] as T;
const day = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 10);

interface Data extends User {
  readonly ids: { readonly projects: string[]; readonly parents: string[]; readonly all: string[] };
}

/** A user with tasks of every kind, also some that are due within minutes of now in some zone. */
async function fill(): Promise<Data> {
  const user = await makeUser();
  const { lane, live } = user;
  const projects = [
    await lane.projects.create({ name: 'One' }),
    await lane.projects.create({ name: 'Two', archived: true }),
  ].map((each) => each.id);
  const parents: string[] = [];
  const tasks = Array.from({ length: 160 }, (_, n) => {
    const id = randomUUID();
    const zone = pick(zones, n);
    // A few minutes before or after now, on the clock of a zone.
    const { day: nearDay, time: nearTime } = localAt(zone, Date.now() + ((n % 7) - 3) * 60_000);
    const isNear = n % 4 === 3;
    const due = isNear ? nearDay : pick([null, day(0), day(1), day(-1), day(2), day(-2)], n);
    const start = isNear ? null : pick([null, day(-1), null, day(0), day(1), null, null], n >> 1);
    const isLate = due !== null && start !== null && start >= due;
    const farTime = due === null ? null : pick([null, '00:00', '09:30', '23:59'], n >> 1);
    const due_time = isNear ? nearTime.slice(0, 5) : farTime;
    const start_time = start === null || isLate ? null : pick([null, '06:15'], n);
    const farZone = due_time || start_time ? pick([null, 'Asia/Tokyo', 'America/New_York'], n >> 2) : null;
    const isSubtask = n % 5 === 4;
    const isCompleted = n % 8 === 6;
    if (n % 6 === 0 && !isSubtask) parents.push(id);
    return {
      id,
      title: pick(['Task 2', 'task 10', 'Äpfel', 'apfel', 'Zebra', 'Łódź', 'straße', 'Écrire'], n * 3),
      description: pick([null, '', 'Some Text'], n >> 2),
      status: isCompleted ? 'completed' : pick(['pending', 'in_progress', 'pending', 'cancelled'], n >> 1),
      ...(isCompleted && { completed_at: `2026-0${1 + (n % 9)}-05T10:00:00Z` }),
      priority: pick(['low', 'medium', 'high', 'urgent'], n),
      due_date: due,
      due_time,
      start_date: isLate ? null : start,
      start_time,
      time_zone: isNear ? pick([zone, null], n >> 2) : farZone,
      tags: pick([[], ['Home'], ['home', 'Straße'], ['garden']], n),
      ...(isSubtask ? { parent_id: pick(parents, n) } : { project_id: pick([null, null, ...projects], n) }),
      ...(due && !isCompleted && n % 9 === 0 && { rrule: 'FREQ=DAILY' }),
      ...(due && n % 11 === 0 && { reminders: [{ days_before_due: 1, time: '08:00' }] }),
    };
  });
  for (const part of [tasks.slice(0, 80), tasks.slice(80)]) {
    await lane.batch({ operations: part.map((task) => ({ op: 'create_task', task })) as never });
  }
  await until(() => live.tasks.list({ include_archived: true }).length === tasks.length);
  await settled(live);
  return { ...user, ids: { projects, parents, all: tasks.map((each) => each.id) } };
}

const labels = (tasks: readonly Task[]) => tasks.map((each) => each.title + each.id);

/** Compares a query with the service, at a time at which its answer does not change. */
async function compare({ lane, live }: User, query: LiveTaskQuery): Promise<number> {
  for (;;) {
    const before = live.tasks.list(query);
    const page = await lane.tasks.list({ ...query, limit: query.limit ?? 200 });
    if (live.tasks.list(query) !== before) continue;
    expect({ query, found: labels(before) }).toEqual({ query, found: labels(page.items) });
    return before.length;
  }
}

test('queries have the answers of the service, in many zones', async () => {
  const data = await fill();
  const { ids } = data;
  const views = ['today', 'overdue', 'upcoming', 'no_date'] as const;
  const traits = [
    ...(['description', 'project', 'parent', 'subtasks', 'tags', 'due_date', 'due_time'] as const),
    ...(['start_date', 'start_time', 'rrule', 'reminders'] as const),
  ];
  const sorts = [
    ...(['due', 'start', 'title', 'priority', 'status', 'position'] as const),
    ...(['completed_at', 'created_at', 'updated_at'] as const),
  ];
  const instant = '2026-05-05T10:00:00Z';
  const queries: LiveTaskQuery[] = [
    {},
    ...zones.flatMap((tz) => views.map((view): LiveTaskQuery => ({ view, tz }))),
    ...zones.flatMap((tz) => views.map((view): LiveTaskQuery => ({ view, tz, include_archived: true }))),
    ...zones.flatMap((tz) => [true, false].map((started): LiveTaskQuery => ({ started, tz }))),
    ...sorts.flatMap((sort): LiveTaskQuery[] => [{ sort: [sort] }, { sort: [`-${sort}`] }]),
    { sort: ['priority', '-due', 'title'] },
    { sort: ['status', '-start'], limit: 7 },
    { status: ['pending', 'completed'], priority: 'high' },
    { project_id: ids.projects },
    { project_id: ids.projects[1] as string },
    { include_archived: true },
    { parent_id: ids.parents[0] as string },
    { id: ids.all.slice(10, 40) },
    { tags_any: ['HOME', 'garden'] },
    { tags_all: ['home', 'STRASSE'] },
    { tags_none: 'home' },
    { due_from: day(0), due_until: day(1) },
    { start_from: day(-1), start_until: day(0) },
    ...(['completed', 'created', 'updated'] as const).flatMap((each): LiveTaskQuery[] => [
      { [`${each}_after`]: instant },
      { [`${each}_before`]: instant },
    ]),
    { completed_after: instant, completed_before: '2026-09-05T12:00:00+02:00' },
    ...traits.flatMap((trait): LiveTaskQuery[] => [{ has: [trait] }, { has_not: trait }]),
    { has: ['tags', 'due_date'], has_not: ['parent', 'description'] },
    { q: 'lodz' },
    { q: 'STRASSE' },
    { q: 'some task' },
  ];
  let found = 0;
  for (const query of queries) found += await compare(data, query);
  expect(found).toBeGreaterThan(1_000);
  // Without a zone, views have that of the profile.
  for (const time_zone of ['Pacific/Kiritimati', 'Pacific/Pago_Pago']) {
    data.live.profile.update({ time_zone });
    await settled(data.live);
    for (const query of [...views.map((view) => ({ view })), { started: true }]) await compare(data, query);
  }
});

test('lists are the same array until their tasks change', async () => {
  const { live } = await makeUser();
  const { id } = live.projects.create({ name: 'Garden' });
  const task = live.tasks.create({ title: 'A', project_id: id, tags: ['home'] }).id;
  const other = live.tasks.create({ title: 'B' }).id;
  await settled(live);
  await until(() => live.tags.list().length === 1);
  const read = () => [
    live.tasks.list({ project_id: id }),
    live.projects.list(),
    live.projects.list({ archived: false }),
    live.tags.list(),
    live.failed,
    live.status,
  ];
  const before = read();
  expect(read()).toEqual(before);
  for (const [index, each] of read().entries()) expect(each).toBe(before[index]);
  const all = live.tasks.list();
  live.tasks.update(other, { title: 'C' });
  expect(live.tasks.list()).not.toBe(all);
  expect(live.tasks.list({ project_id: id })).toBe(before[0]);
  live.tasks.update(task, { title: 'D' });
  expect(live.tasks.list({ project_id: id })).not.toBe(before[0]);
  expect(live.projects.list()).toBe(before[1]);
});

test('the service searches what is watched, and the copy when it cannot be reached', async () => {
  const user = await makeUser();
  const { live } = user;
  live.tasks.create({ title: 'Supercalifragilistic' });
  live.tasks.create({ title: 'Fragile' });
  await settled(live);
  const query = { q: 'frag' };
  expect(titles(live.tasks.list(query))).toEqual(['Fragile', 'Supercalifragilistic']);
  let seen: readonly Task[] = [];
  const stop = live.tasks.watch(query, (tasks) => {
    seen = tasks;
  });
  // The service finds only the beginnings of words.
  await until(() => seen.length === 1);
  expect(titles(live.tasks.list(query))).toEqual(['Fragile']);
  live.tasks.create({ title: 'Fragment' });
  expect(titles(seen)).toEqual(['Fragile', 'Fragment']);
  await settled(live);
  await until(() => titles(seen).join() === 'Fragile,Fragment');
  user.network = offline;
  live.wake();
  await until(() => seen.length === 3);
  user.network = online;
  live.wake();
  await until(() => seen.length === 2);
  stop();
});

test('statistics come from the service, and stay without it', async () => {
  const user = await makeUser();
  const { live } = user;
  const { id } = live.tasks.create({ title: 'A' });
  await settled(live);
  expect(live.stats()).toBeUndefined();
  let seen: Stats | undefined;
  const stop = live.subscribe(() => {
    seen = live.stats();
  });
  await until(() => seen?.by_status.pending === 1);
  live.tasks.complete(id);
  await until(() => seen?.by_status.completed === 1);
  expect(seen?.streaks.current).toBe(1);
  user.network = offline;
  live.wake();
  await until(() => live.status.connection === 'offline');
  stop();
  expect(live.stats()).toBe(seen);
  expect(live.stats({ tz: 'Asia/Tokyo' })).toBeUndefined();
});

/** Tests what statistics count, and on which day. */
import { randomUUID } from 'node:crypto';
import type { Body } from '../../support/api';
import { stopClock } from '../../support/clock';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeUser, type TestUser } from '../../support/user';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

let ada: TestUser;

const service = useTestService({ RATE_LIMIT: 'off' });
beforeEach(async () => {
  ada = await makeUser(service.url);
});
afterEach(() => jest.useRealTimers());

/** Stops the clock at noon UTC, and makes a user with a token of that day. */
async function stopAtNoon(day: string): Promise<void> {
  stopClock(`${day}T12:00:00Z`);
  ada = await makeUser(service.url);
}

async function stats(parameters: Record<string, string> = {}): Promise<Body> {
  const response = await ada.send('GET', `/stats?${new URLSearchParams(parameters)}`);
  expect(response.status).toBe(200);
  return response.body;
}

async function write(method: string, path: string, body?: object): Promise<Body> {
  const response = await ada.send(method, path, { body });
  expect(response.status).toBeLessThan(300);
  return response.body;
}

/** Inserts a completed task for each of these instants directly into the database. */
async function complete(instants: readonly (Date | string)[]): Promise<void> {
  await query(service.database.url, 'select make_lane($1)', [ada.id]);
  await query(
    service.database.url,
    `insert into tasklane.tasks (lane_id, id, title, status, completed_at)
     select lane_of($1), gen_random_uuid(), 'Done', 'completed', at from unnest($2::timestamptz[]) as at`,
    [ada.id, instants],
  );
}

/** The local date in a zone, from Intl. */
function dayIn(zone: string, instant: Date): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' }).format(instant);
}

const dayAfter = (day: string, days = 1): string =>
  new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10);

function expectedStreaks(days: ReadonlySet<string>, today: string): { current: number; longest: number } {
  const ending = (last: string): number => {
    let length = 0;
    for (let day = last; days.has(day); day = dayAfter(day, -1)) length++;
    return length;
  };
  return {
    current: ending(today) || ending(dayAfter(today, -1)),
    longest: Math.max(0, ...[...days].map(ending)),
  };
}

const zones = [
  'Pacific/Pago_Pago',
  'America/New_York',
  'America/St_Johns',
  'UTC',
  'Europe/Zurich',
  'Africa/Casablanca',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
];

test.each(zones)('a completion counts on its day in %s, also when clocks change', async (zone) => {
  await stopAtNoon('2026-11-21');
  const now = Date.now();
  // About every 7 hours for three years, with gaps, so that days of 23, 24 and 25 hours have some near both ends.
  const instants = Array.from({ length: 3_000 }, (_, n) => new Date(now - n * (7 * hourMs + 1_234_567)))
    .filter((_, n) => n % 40 < 33)
    // The last millisecond of a day and the first of the next, in zones at full hours and at halves.
    .flatMap((each) => [
      each,
      new Date(each.getTime() - (each.getTime() % (hourMs / 4))),
      new Date(each.getTime() - (each.getTime() % (hourMs / 4)) - 1),
    ]);
  await complete(instants);
  const counts = new Map<string, number>();
  for (const each of instants) {
    const day = dayIn(zone, each);
    counts.set(day, (counts.get(day) ?? 0) + 1);
  }

  const { today } = await stats({ tz: zone });
  for (const until of [today, dayAfter(today, -366), dayAfter(today, -732)]) {
    const from = dayAfter(until, -365);
    const body = await stats({ tz: zone, from, until });
    const days = Array.from({ length: 366 }, (_, n) => dayAfter(from, n));
    expect(body.completions.days).toEqual(days.map((date) => ({ date, count: counts.get(date) ?? 0 })));
    expect(body.completions).toMatchObject({
      from,
      until,
      total: days.reduce((total, day) => total + (counts.get(day) ?? 0), 0),
    });
    expect(body.streaks).toEqual(expectedStreaks(new Set(counts.keys()), today));
  }
});

test.each([
  [
    'Europe/Zurich',
    '2025-03-30',
    ['2025-03-29T23:00:00.000Z', '2025-03-30T21:59:59.999Z'],
    ['2025-03-29T22:59:59.999Z', '2025-03-30T22:00:00.000Z'],
  ],
  [
    'Europe/Zurich',
    '2025-10-26',
    ['2025-10-25T22:00:00.000Z', '2025-10-26T22:59:59.999Z'],
    ['2025-10-25T21:59:59.999Z', '2025-10-26T23:00:00.000Z'],
  ],
  [
    'Australia/Lord_Howe',
    '2025-04-06',
    ['2025-04-05T13:00:00.000Z', '2025-04-06T13:29:59.999Z'],
    ['2025-04-05T12:59:59.999Z', '2025-04-06T13:30:00.000Z'],
  ],
  // Clocks skip midnight, and the day begins at 01:00.
  [
    'Africa/Cairo',
    '2025-04-25',
    ['2025-04-24T22:00:00.000Z', '2025-04-25T20:59:59.999Z'],
    ['2025-04-24T21:59:59.999Z', '2025-04-25T21:00:00.000Z'],
  ],
  [
    'Pacific/Kiritimati',
    '2026-01-01',
    ['2025-12-31T10:00:00.000Z', '2026-01-01T09:59:59.999Z'],
    ['2025-12-31T09:59:59.999Z', '2026-01-01T10:00:00.000Z'],
  ],
  [
    'Pacific/Pago_Pago',
    '2026-01-01',
    ['2026-01-01T11:00:00.000Z', '2026-01-02T10:59:59.999Z'],
    ['2026-01-01T10:59:59.999Z', '2026-01-02T11:00:00.000Z'],
  ],
])('in %s, the day %s begins and ends correctly', async (zone, day, inside, outside) => {
  await complete([...inside, ...outside]);
  const { completions } = await stats({ tz: zone, from: dayAfter(day, -1), until: dayAfter(day) });
  expect(completions.days).toEqual([
    { date: dayAfter(day, -1), count: 1 },
    { date: day, count: 2 },
    { date: dayAfter(day), count: 1 },
  ]);
});

test('uses the profile’s time zone by default', async () => {
  await write('PATCH', '/profile', { time_zone: 'Pacific/Kiritimati' });
  await complete(['2026-01-01T10:00:00Z']);
  const range = { from: '2026-01-01', until: '2026-01-02' };
  const own = await stats(range);
  expect(own.time_zone).toBe('Pacific/Kiritimati');
  expect(own.completions.days.map((each: Body) => each.count)).toEqual([0, 1]);
  const other = await stats({ ...range, tz: 'UTC' });
  expect(other.time_zone).toBe('UTC');
  expect(other.completions.days.map((each: Body) => each.count)).toEqual([1, 0]);
});

describe('the range', () => {
  test('is the last 30 days by default', async () => {
    await stopAtNoon('2026-11-21');
    const { today, completions } = await stats();
    expect(today).toBe('2026-11-21');
    expect(completions).toMatchObject({ from: dayAfter(today, -29), until: today, total: 0 });
    expect(completions.days).toHaveLength(30);
    expect((await stats({ until: '2026-03-01' })).completions.from).toBe('2026-01-31');
    expect((await stats({ from: today })).completions.days).toEqual([{ date: today, count: 0 }]);
    expect((await stats({ until: '0001-01-05' })).completions.from).toBe('0001-01-01');
    expect((await stats({ from: '9999-12-31', until: '9999-12-31' })).completions.days).toHaveLength(1);
  });

  test.each([
    [{ from: '2026-01-02', until: '2026-01-01' }, '/query/from contradiction'],
    [{ from: '9999-01-01' }, '/query/from contradiction'],
    [{ from: '2024-01-01', until: '2025-01-01' }, '/query/from too-small'],
    [{ from: '2026-02-30', until: '2026-03-01' }, '/query/from wrong-format'],
    [{ tz: 'Mars/Olympus' }, '/query/tz wrong-format'],
  ])('is rejected: %j', async (parameters, error) => {
    const response = await ada.send('GET', `/stats?${new URLSearchParams(parameters)}`);
    expect(response).toMatchObject({ status: 422, body: { code: 'validation-failed' } });
    expect(response.body.errors.map((each: Body) => `${each.pointer} ${each.code}`)).toEqual([error]);
  });

  test('can have 366 days', async () => {
    const { completions } = await stats({ from: '2024-01-01', until: '2024-12-31' });
    expect(completions.days).toHaveLength(366);
  });
});

describe('a streak', () => {
  beforeEach(() => stopAtNoon('2026-11-21'));
  const daysAgo = (...days: number[]) => days.map((each) => new Date(Date.now() - each * dayMs));

  test.each<[string, number[], number, number]>([
    ['nothing', [], 0, 0],
    ['today', [0], 1, 1],
    ['yesterday', [1], 1, 1],
    ['the day before', [2], 0, 1],
    ['today and yesterday', [0, 1], 2, 2],
    ['today and the day before yesterday', [0, 2], 1, 1],
    ['a longer earlier streak', [0, 1, 3, 4, 5, 6], 2, 4],
    ['only a broken streak', [2, 3, 4], 0, 3],
    ['several completions on a day', [1, 1, 1, 2, 2], 2, 2],
    ['a streak from before the range', Array.from({ length: 400 }, (_, n) => n), 400, 400],
  ])('of %s', async (_what, days, current, longest) => {
    await complete(daysAgo(...days));
    expect((await stats({ tz: 'UTC' })).streaks).toEqual({ current, longest });
  });
});

describe('completions', () => {
  const total = async () => (await stats()).completions.total;

  test('count each occurrence of a recurring task, and the last one once', async () => {
    const { id } = await write('POST', '/tasks', {
      title: 'Twice',
      rrule: 'FREQ=DAILY;COUNT=2',
      due_date: '2099-01-01',
    });
    await write('PATCH', `/tasks/${id}/complete`, { completed: true });
    expect(await total()).toBe(1);
    expect((await write('PATCH', `/tasks/${id}/complete`, { completed: true })).status).toBe('completed');
    expect(await total()).toBe(2);
    await write('PATCH', `/tasks/${id}`, { rrule: null });
    expect(await total()).toBe(2);
  });

  test('do not count a completion that was undone', async () => {
    const { id } = await write('POST', '/tasks', {
      title: 'Twice',
      rrule: 'FREQ=DAILY;COUNT=2',
      due_date: '2099-01-01',
    });
    await write('PATCH', `/tasks/${id}/complete`, { completed: true });
    await write('PATCH', `/tasks/${id}/complete`, { completed: true });
    await write('PATCH', `/tasks/${id}/complete`, { completed: false });
    expect(await total()).toBe(1);
    const { id: plain } = await write('POST', '/tasks', { title: 'Plain', status: 'completed' });
    expect(await total()).toBe(2);
    await write('PATCH', `/tasks/${plain}/complete`, { completed: false });
    expect(await total()).toBe(1);
  });

  test('all count, even if they have the same time', async () => {
    const id = randomUUID();
    await write('POST', '/batch', {
      operations: [
        { op: 'create_task', task: { id, title: 'Daily', rrule: 'FREQ=DAILY', due_date: '2099-01-01' } },
        { op: 'complete_task', id },
        { op: 'complete_task', id },
      ],
    });
    expect(await total()).toBe(2);
  });

  test('of subtasks stay when the recurring parent reopens them', async () => {
    const parent = await write('POST', '/tasks', {
      title: 'Daily',
      rrule: 'FREQ=DAILY',
      due_date: '2099-01-01',
    });
    const done = await write('POST', '/tasks', { title: 'Done', parent_id: parent.id, status: 'completed' });
    await write('POST', '/tasks', { title: 'Given up', parent_id: parent.id, status: 'cancelled' });
    const finished = { title: 'Once', rrule: 'FREQ=DAILY;COUNT=1', due_date: '2099-01-01' };
    const once = await write('POST', '/tasks', { ...finished, parent_id: parent.id });
    await write('PATCH', `/tasks/${once.id}/complete`, { completed: true });
    expect(await total()).toBe(2);
    await write('PATCH', `/tasks/${parent.id}/complete`, { completed: true });
    expect((await ada.send('GET', `/tasks/${done.id}`)).body.status).toBe('pending');
    expect(await total()).toBe(3);
    await write('PATCH', `/tasks/${done.id}/complete`, { completed: true });
    expect(await total()).toBe(4);
    await write('DELETE', `/tasks/${done.id}`);
    expect(await total()).toBe(4);
  });

  test('still count when their task is in the trash, and count once when it comes back', async () => {
    const [daily, plain] = [{ id: randomUUID() }, { id: randomUUID() }];
    // In one write, and therefore on one day.
    await write('POST', '/batch', {
      operations: [
        {
          op: 'create_task',
          task: { ...daily, title: 'Daily', rrule: 'FREQ=DAILY', due_date: '2099-01-01' },
        },
        { op: 'complete_task', ...daily },
        { op: 'create_task', task: { ...plain, title: 'Plain', status: 'completed' } },
      ],
    });
    expect(await stats()).toMatchObject({ completions: { total: 2 }, streaks: { current: 1 } });
    for (const { id } of [daily, plain]) await write('DELETE', `/tasks/${id}`);
    expect(await stats()).toMatchObject({
      total: 0,
      by_status: { pending: 0, completed: 0 },
      by_project: [],
      overdue: 0,
      completions: { total: 2 },
      streaks: { current: 1, longest: 1 },
    });
    for (const { id } of [daily, plain]) await write('POST', `/tasks/${id}/restore`);
    expect(await stats()).toMatchObject({ completions: { total: 2 }, streaks: { current: 1, longest: 1 } });
  });
});

test.each(['America/St_Johns', 'Asia/Kathmandu'])(
  'streaks and days in %s stay when the tasks are deleted, also with a project',
  async (tz) => {
    const project = await write('POST', '/projects', { name: 'Garden' });
    const days = [1, 2, 3, 400].map((ago) => new Date(Date.now() - ago * dayMs).toISOString());
    const tasks = [];
    for (const completed_at of days) {
      const body = { title: 'Done', status: 'completed', completed_at, project_id: project.id };
      tasks.push(await write('POST', '/tasks', body));
    }
    const { completions, streaks } = await stats({ tz });
    expect(streaks.longest).toBe(3);
    await write('DELETE', `/tasks/${tasks[1]?.id}`);
    expect(await stats({ tz })).toMatchObject({ completions, streaks });
    await write('DELETE', `/projects/${project.id}?tasks=delete`);
    expect(await stats({ tz })).toMatchObject({ completions, streaks, total: 0 });
  },
);

describe('a purge changes neither totals nor streaks', () => {
  const zones = ['Pacific/Pago_Pago', 'America/St_Johns', 'UTC', 'Asia/Kathmandu', 'Pacific/Kiritimati'];
  const ownZone = () => write('GET', '/profile').then(({ time_zone }) => time_zone);

  /** Statistics of completions in the profile's zone and in others, also those of other days than today. */
  async function counted(): Promise<unknown> {
    const all = [];
    for (const tz of [await ownZone(), ...zones]) {
      for (const range of [{}, { from: '2024-01-01', until: '2024-12-31' }]) {
        const { completions, streaks } = await stats({ tz, ...range });
        all.push({ tz, completions, streaks });
      }
    }
    return all;
  }

  /** Completed tasks of each kind; returns the ids of those that can be deleted. */
  async function completeAll(): Promise<string[]> {
    const ids: string[] = [];
    const days = [0, 1, 2, 3, 400].map((ago) => Date.now() - ago * dayMs);
    // Near the ends of days in several zones, so that each zone has other counts.
    for (const day of days) {
      for (const hours of [1, 4.3, 9.9, 11.5, 14.2, 18.3]) {
        const completed_at = new Date(day - hours * hourMs).toISOString();
        ids.push((await write('POST', '/tasks', { title: 'Done', status: 'completed', completed_at })).id);
      }
    }
    const daily = { id: randomUUID(), title: 'Daily', rrule: 'FREQ=DAILY', due_date: '2099-01-01' };
    await write('POST', '/batch', {
      operations: [
        { op: 'create_task', task: daily },
        { op: 'complete_task', id: daily.id },
        { op: 'complete_task', id: daily.id },
      ],
    });
    const parent = await write('POST', '/tasks', { ...daily, id: undefined, title: 'Parent' });
    const child = await write('POST', '/tasks', {
      title: 'Child',
      parent_id: parent.id,
      status: 'completed',
    });
    await write('PATCH', `/tasks/${parent.id}/complete`, { completed: true });
    const once = await write('POST', '/tasks', { ...daily, id: undefined, rrule: 'FREQ=DAILY;COUNT=1' });
    await write('PATCH', `/tasks/${once.id}/complete`, { completed: true });
    return [...ids, daily.id, child.id, parent.id, once.id];
  }

  test('by the user, one task after the other', async () => {
    await write('PATCH', '/profile', { time_zone: 'America/St_Johns' });
    const ids = await completeAll();
    const before = await counted();
    for (const id of ids) {
      await write('DELETE', `/tasks/${id}`);
      await write('DELETE', `/trash/${id}`);
    }
    expect((await stats()).total).toBe(0);
    expect(await counted()).toEqual(before);
  });

  test('of the whole trash, also when the time zone of the profile changes afterwards', async () => {
    await completeAll();
    const before: unknown[] = [];
    for (const time_zone of zones) {
      await write('PATCH', '/profile', { time_zone });
      before.push(await counted());
    }
    const { items } = await write('GET', '/tasks?limit=200');
    for (const { id } of items) await ada.send('DELETE', `/tasks/${id}`);
    await write('DELETE', '/trash');
    for (const [index, time_zone] of zones.entries()) {
      await write('PATCH', '/profile', { time_zone });
      expect(await counted()).toEqual(before[index]);
    }
  });

  test('by the job', async () => {
    const ids = await completeAll();
    const before = await counted();
    for (const id of ids) await ada.send('DELETE', `/tasks/${id}`);
    await query(
      service.database.url,
      `update tasklane.tasks set deleted_at = shifted(deleted_at, '-1 year') where lane_id = lane_of($1)`,
      [ada.id],
    );
    await service.runJob('purge');
    expect(
      await query(service.database.url, 'select from tasklane.tasks where lane_id = lane_of($1)', [ada.id]),
    ).toEqual([]);
    expect(await counted()).toEqual(before);
  });

  test('after which a backup brings the tasks back, and after another one', async () => {
    const ids = await completeAll();
    const before = await counted();
    const backup = await write('GET', '/export');
    const purge = async () => {
      for (const id of ids) await ada.send('DELETE', `/tasks/${id}`);
      await write('DELETE', '/trash');
    };
    await purge();
    await write('POST', '/import.json', backup);
    expect(await counted()).toEqual(before);
    await purge();
    expect(await counted()).toEqual(before);
  });

  test('and an export carries the completions to another lane', async () => {
    await write('PATCH', '/profile', { time_zone: 'Asia/Kathmandu' });
    const ids = await completeAll();
    const before = await counted();
    for (const id of ids) await ada.send('DELETE', `/tasks/${id}`);
    await write('DELETE', '/trash');
    const file = await write('GET', '/export');
    ada = await makeUser(service.url);
    const { created } = await write('POST', '/import.json', file);
    expect(created).toBeGreaterThan(30);
    expect(await write('POST', '/import.json', file)).toMatchObject({ created: 0, skipped: created });
    expect(await counted()).toEqual(before);
    expect((await write('GET', '/export')).purged_completions).toEqual(file.purged_completions);
  });
});

test('counts tasks by their current state', async () => {
  const project = await write('POST', '/projects', { name: 'Garden' });
  await write('POST', '/projects', { name: 'Empty' });
  const tasks = [
    { status: 'pending', priority: 'low' },
    { status: 'pending', priority: 'low', project_id: project.id },
    { status: 'in_progress', priority: 'urgent', project_id: project.id },
    { status: 'completed', priority: 'urgent', project_id: project.id },
    { status: 'completed', priority: 'medium' },
    { status: 'cancelled', priority: 'high' },
  ];
  for (const task of tasks) await write('POST', '/tasks', { title: 'A task', ...task });
  const bob = await makeUser(service.url);
  await bob.send('POST', '/tasks', { body: { title: 'Of another', status: 'completed' } });
  expect(await stats()).toMatchObject({
    total: 6,
    by_status: { pending: 2, in_progress: 1, completed: 2, cancelled: 1 },
    by_priority: {
      low: { open: 2, completed: 0 },
      medium: { open: 0, completed: 1 },
      high: { open: 0, completed: 0 },
      urgent: { open: 1, completed: 1 },
    },
    by_project: [
      { project_id: null, open: 1, completed: 1 },
      { project_id: project.id, open: 2, completed: 1 },
    ],
    completions: { total: 2 },
  });
});

test.each(['Pacific/Pago_Pago', 'UTC', 'Pacific/Kiritimati'])(
  'counts the same tasks in %s as the views `today` and `overdue`',
  async (tz) => {
    await stopAtNoon('2026-11-21');
    const today = dayIn(tz, new Date());
    for (const days of [-2, -1, 0, 0, 0, 1, 2]) {
      await write('POST', '/tasks', { title: 'Due', due_date: dayAfter(today, days) });
    }
    await write('POST', '/tasks', { title: 'Closed', due_date: today, status: 'completed' });
    await write('POST', '/tasks', { title: 'Never' });
    const body = await stats({ tz });
    const listed = async (view: string) =>
      (await ada.send('GET', `/tasks?view=${view}&tz=${tz}&include_total=true`)).body.total;
    expect([body.due_today, body.overdue]).toEqual([await listed('today'), await listed('overdue')]);
    expect([body.due_today, body.overdue]).toEqual([3, 2]);
  },
);

/** Tests views at chosen instants in time zones from UTC-11 to UTC+14. */

import { orderOf } from '../../../src/features/tasks/order';
import { listTasks } from '../../../src/features/tasks/repository';
import { viewMoment } from '../../../src/features/tasks/view';
import type { Database } from '../../../src/platform/database/database';
import { openDatabase } from '../../support/open-database';
import { startTestService, type TestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';

const views = ['today', 'overdue', 'upcoming', 'no_date'] as const;
type View = (typeof views)[number];

let service: TestService;
let database: Database;
let ada: TaskClient;

beforeAll(async () => {
  service = await startTestService({ RATE_LIMIT: 'off' });
  database = openDatabase(service.database.url, { max: 4 });
  ada = await makeTaskClient(service);
});
afterAll(async () => {
  await database.close();
  await service.stop();
});

/** The titles of a view at an instant in a zone, sorted by due date. */
async function titlesIn(name: View, zone: string, now: string, user = ada): Promise<string[]> {
  const rows = await database.withUser(user.id).read((lane) =>
    listTasks(lane, {
      filter: { view: { name, at: viewMoment(zone, new Date(now)) } },
      order: orderOf(['due'], undefined),
      after: null,
      limit: 1_000,
    }),
  );
  return rows.map((row) => row.title);
}

async function make(tasks: Record<string, object>): Promise<TaskClient> {
  const user = await makeTaskClient(service);
  for (const [title, body] of Object.entries(tasks)) await user.create({ title, ...body });
  return user;
}

const zones = [
  'Pacific/Pago_Pago',
  'Pacific/Honolulu',
  'America/Los_Angeles',
  'America/St_Johns',
  'UTC',
  'Europe/Zurich',
  'Asia/Kathmandu',
  'Asia/Tokyo',
  'Pacific/Auckland',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
];

describe('an all-day task', () => {
  let user: TaskClient;
  beforeAll(async () => {
    user = await make({
      floating: { due_date: '2026-06-15' },
      zoned: { due_date: '2026-06-15', time_zone: 'Asia/Tokyo' },
    });
  });

  // The beginning and the end of 15 June, in milliseconds from its midnight in UTC.
  const offsets: Record<string, number> = {
    'Pacific/Pago_Pago': -11,
    'Pacific/Honolulu': -10,
    'America/Los_Angeles': -7,
    'America/St_Johns': -2.5,
    UTC: 0,
    'Europe/Zurich': 2,
    'Asia/Kathmandu': 5.75,
    'Asia/Tokyo': 9,
    'Pacific/Auckland': 12,
    'Pacific/Chatham': 12.75,
    'Pacific/Kiritimati': 14,
  };

  test.each(zones)('is due on its day and overdue after the end of that day, in %s', async (zone) => {
    const begins = Date.UTC(2026, 5, 15) - (offsets[zone] as number) * 3_600_000;
    const ends = begins + 86_400_000;
    const at = (ms: number) => new Date(ms).toISOString();
    for (const [moment, view] of [
      [begins - 1, 'upcoming'],
      [begins, 'today'],
      [ends - 1, 'today'],
      [ends, 'overdue'],
    ] as const) {
      for (const each of views) {
        const titles = await titlesIn(each, zone, at(moment), user);
        expect({ moment, each, titles: titles.toSorted() }).toEqual({
          moment,
          each,
          titles: each === view ? ['floating', 'zoned'] : [],
        });
      }
    }
  });
});

test('a due time with a time zone is the same instant in every time zone of a view', async () => {
  const user = await make({
    tokyo: { due_date: '2026-06-15', due_time: '08:00', time_zone: 'Asia/Tokyo' },
  });
  // It is due on 14 June at 23:00 in UTC, which is 12:00 in Pago Pago.
  const before = '2026-06-14T22:59:59.999Z';
  const then = '2026-06-14T23:00:00.000Z';
  for (const [zone, now, wanted] of [
    ['Pacific/Pago_Pago', before, ['today']],
    ['Pacific/Pago_Pago', then, ['today', 'overdue']],
    ['Pacific/Pago_Pago', '2026-06-14T10:59:59.999Z', ['upcoming']],
    ['Pacific/Pago_Pago', '2026-06-15T11:00:00.000Z', ['overdue']],
    ['UTC', '2026-06-14T00:00:00.000Z', ['today']],
    ['UTC', '2026-06-13T23:59:59.999Z', ['upcoming']],
    ['UTC', '2026-06-15T00:00:00.000Z', ['overdue']],
    ['Pacific/Kiritimati', '2026-06-14T10:00:00.000Z', ['today']],
    ['Pacific/Kiritimati', '2026-06-14T09:59:59.999Z', ['upcoming']],
    ['Pacific/Kiritimati', then, ['today', 'overdue']],
  ] as const) {
    const found: View[] = [];
    for (const view of views) {
      if ((await titlesIn(view, zone, now, user)).length > 0) found.push(view);
    }
    expect({ zone, now, found }).toEqual({ zone, now, found: wanted });
  }
});

test('a floating time is overdue when the clock in the zone of the view shows it', async () => {
  const user = await make({ nine: { due_date: '2026-06-15', due_time: '09:00' } });
  for (const [zone, nine] of [
    ['Pacific/Pago_Pago', '2026-06-15T20:00:00.000Z'],
    ['Asia/Kathmandu', '2026-06-15T03:15:00.000Z'],
    ['Pacific/Kiritimati', '2026-06-14T19:00:00.000Z'],
  ] as const) {
    expect(await titlesIn('overdue', zone, new Date(Date.parse(nine) - 1).toISOString(), user)).toEqual([]);
    expect(await titlesIn('overdue', zone, nine, user)).toEqual(['nine']);
    expect(await titlesIn('today', zone, nine, user)).toEqual(['nine']);
  }
});

test('long and short days, and days that start late, begin and end by the local clock', async () => {
  const user = await make({ day: { due_date: '2026-04-24' }, long: { due_date: '2026-10-25' } });
  // In Cairo, clocks skip from midnight to one on 24 April; in Zurich, 25 October has 25 hours.
  expect(await titlesIn('upcoming', 'Africa/Cairo', '2026-04-23T21:59:59.999Z', user)).toEqual([
    'day',
    'long',
  ]);
  expect(await titlesIn('today', 'Africa/Cairo', '2026-04-23T22:00:00.000Z', user)).toEqual(['day']);
  expect(await titlesIn('today', 'Europe/Zurich', '2026-10-24T22:00:00.000Z', user)).toEqual(['long']);
  expect(await titlesIn('today', 'Europe/Zurich', '2026-10-25T22:59:59.999Z', user)).toEqual(['long']);
  expect(await titlesIn('overdue', 'Europe/Zurich', '2026-10-25T23:00:00.000Z', user)).toEqual([
    'day',
    'long',
  ]);
});

// The definition of each view, with the zone's offset, which is constant in June.
test('every view matches its definition, for every task, zone and hour', async () => {
  const days = ['2026-06-13', '2026-06-14', '2026-06-15', '2026-06-16', '2026-06-17'];
  const times = [null, '00:00', '12:00', '23:59'];
  const taskZones = [null, 'Pacific/Pago_Pago', 'UTC', 'Pacific/Kiritimati'];
  const dues = days.flatMap((due_date) =>
    times.flatMap((due_time) => taskZones.map((time_zone) => ({ due_date, due_time, time_zone }))),
  );
  const user = await makeTaskClient(service);
  await Promise.all(dues.map((due, n) => user.create({ title: `${n}`, ...due })));
  await user.create({ title: 'none' });
  await user.create({ title: 'done', due_date: '2026-06-15', status: 'completed' });
  await user.create({ title: 'cancelled', status: 'cancelled' });
  await user.ok('DELETE', `/tasks/${(await user.create({ title: 'deleted' })).id}`);

  const hour = 3_600_000;
  for (const [zone, offset] of [
    ['Pacific/Pago_Pago', -11],
    ['UTC', 0],
    ['Pacific/Kiritimati', 14],
  ] as const) {
    for (let at = 0; at < 48; at += 3) {
      const now = Date.UTC(2026, 5, 14) + at * hour;
      const local = new Date(now + offset * hour).toISOString();
      const today = local.slice(0, 10);
      const wanted: Record<View, string[]> = { today: [], overdue: [], upcoming: [], no_date: ['none'] };
      for (const [n, { due_date, due_time, time_zone }] of dues.entries()) {
        const zoneOffset = { 'Pacific/Pago_Pago': -11, UTC: 0, 'Pacific/Kiritimati': 14 }[time_zone ?? zone];
        const instant =
          due_time === null ? null : Date.parse(`${due_date}T${due_time}Z`) - (zoneOffset as number) * hour;
        const day =
          instant === null ? due_date : new Date(instant + offset * hour).toISOString().slice(0, 10);
        if (day === today) wanted.today.push(`${n}`);
        if (day > today) wanted.upcoming.push(`${n}`);
        if (instant === null ? day < today : instant <= now) wanted.overdue.push(`${n}`);
      }
      for (const view of views) {
        const titles = await titlesIn(view, zone, new Date(now).toISOString(), user);
        expect({ zone, local, view, titles: titles.toSorted() }).toEqual({
          zone,
          local,
          view,
          titles: wanted[view].toSorted(),
        });
      }
    }
  }
});

test("a request uses its own zone or else the profile's, and the current time", async () => {
  const user = await makeTaskClient(service);
  const now = Date.now();
  const dayIn = (offset: number) => new Date(now + offset * 3_600_000).toISOString().slice(0, 10);
  // These two zones never have the same date.
  const [behind, ahead] = [dayIn(-11), dayIn(14)];
  await user.create({ title: 'behind', due_date: behind });
  await user.create({ title: 'ahead', due_date: ahead });
  const titles = async (query: string) => (await user.all(`/tasks?${query}`, 1)).map((each) => each.title);
  await user.ok('PATCH', '/profile', { time_zone: 'Pacific/Kiritimati' });
  expect(await titles('view=today')).toEqual(['ahead']);
  expect(await titles('view=overdue')).toEqual(['behind']);
  expect(await titles('view=today&tz=Pacific/Pago_Pago')).toEqual(['behind']);
  expect(await titles('view=upcoming&tz=Pacific/Pago_Pago')).toEqual(['ahead']);
});

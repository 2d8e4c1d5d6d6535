/** Tests calendar feeds: who can read them, for how long, and what they contain. */
import ical from 'node-ical';
import type { feedTag } from '../../../src/features/calendar-feed/tag';
import type { ProfileRow } from '../../../src/platform/database/rows';
import { createLogger } from '../../../src/platform/observability/logger';
import { startService } from '../../../src/start';
import { type ApiResponse, type Body, send } from '../../support/api';
import { query } from '../../support/database';
import { startTestService, testConfig, tokenOf, useTestService } from '../../support/service';
import { makeUser, type TestUser, useUser } from '../../support/user';

const service = useTestService();
const ada = useUser(service);

/** Creates or replaces the feed; returns the path of its address. */
async function makeFeed(user = ada): Promise<string> {
  const { body } = await user.send('POST', '/calendar-feed');
  return new URL(body.url).pathname;
}
const read = (path: string, query = ''): Promise<ApiResponse> => send(service.url, 'GET', path + query);

interface Component {
  type: string;
  summary: string;
  start?: Date & { dateOnly?: boolean };
  due?: Date;
  duration?: string;
  rrule?: object;
}

async function componentsAt(path: string, query = ''): Promise<Component[]> {
  const { body } = await read(path, query);
  const all = Object.values(ical.sync.parseICS(body)) as unknown as Component[];
  return all
    .filter(({ type }) => type === 'VEVENT' || type === 'VTODO')
    .sort((one, other) => (one.summary < other.summary ? -1 : 1));
}

describe('the address of a feed', () => {
  test('works until it is replaced or the feed is deleted', async () => {
    const first = await makeFeed();
    expect((await read(first)).status).toBe(200);
    const second = await makeFeed();
    expect((await read(first)).status).toBe(404);
    expect((await read(second)).status).toBe(200);
    await ada.send('DELETE', '/calendar-feed');
    expect((await read(second)).status).toBe(404);
    expect((await ada.send('DELETE', '/calendar-feed')).status).toBe(204);

    const { changes } = (await ada.send('GET', '/export')).body;
    expect(changes.map((change: Body) => [change.type, change.action])).toEqual([
      ['calendar_feed', 'created'],
      ['calendar_feed', 'deleted'],
      ['calendar_feed', 'created'],
      ['calendar_feed', 'deleted'],
    ]);
    expect(changes[1].entity_id).toBe(changes[0].entity_id);
  });

  test('stops working when its lane is erased, also after the lane is created again', async () => {
    const path = await makeFeed();
    expect((await ada.send('DELETE', `?confirm=${ada.id}`)).status).toBe(204);
    expect((await read(path)).status).toBe(404);
    expect(
      await query(service.database.url, 'select from tasklane.calendar_feeds where lane_id = lane_of($1)', [
        ada.id,
      ]),
    ).toEqual([]);
  });

  test.each(['x', `${'A'.repeat(43)}`, '%2e%2e', "'; drop table", 'é', '.ics'])(
    '%j belongs to no feed',
    async (secret) => {
      const response = await read(`/calendar/${encodeURIComponent(secret)}.ics`);
      expect(response).toMatchObject({ status: 404, body: { code: 'not-found' } });
      expect(response.headers['cache-control']).toBe('no-store');
    },
  );

  test('is neither in the log nor in the database', async () => {
    const path = await makeFeed();
    const [, secret = ''] = /\/calendar\/(.*)\.ics$/.exec(path) ?? [];
    expect(secret).toHaveLength(43);
    await read(path);
    await read(path, '?nonsense=1');
    await query(service.database.url, 'alter table tasklane.tasks rename to hidden');
    try {
      expect((await send(service.url, 'GET', path).catch(() => undefined))?.status).not.toBe(404);
    } finally {
      await query(service.database.url, 'alter table tasklane.hidden rename to tasks');
    }
    expect(service.logged.filter((line) => line.operation === 'readCalendarFeed').length).toBeGreaterThan(0);
    expect(JSON.stringify(service.logged)).not.toContain(secret);
    const rows = await query(
      service.database.url,
      'select f::text from tasklane.calendar_feeds as f union all select c::text from tasklane.changes as c',
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(secret);
  });
});

describe('a feed', () => {
  async function fill(user: TestUser, title: string): Promise<void> {
    const make = (body: object) => user.send('POST', '/tasks', { body });
    await make({ title: `${title} all day`, due_date: '2026-11-28' });
    await make({
      title: `${title} at`,
      due_date: '2026-11-28',
      due_time: '18:00',
      time_zone: 'Europe/Zurich',
    });
    await make({ title: `${title} done`, due_date: '2026-11-28', status: 'completed' });
    await make({ title: `${title} undated` });
    await make({ title: `${title} weekly`, due_date: '2026-11-28', rrule: 'FREQ=WEEKLY' });
    const { body: gone } = await make({ title: `${title} in the trash`, due_date: '2026-11-28' });
    await user.send('DELETE', `/tasks/${gone.id}`);
  }

  test('has an event for each open task of its lane with a due date', async () => {
    const bob = await makeUser(service.url);
    await Promise.all([fill(ada, 'Ada'), fill(bob, 'Bob')]);
    const events = await componentsAt(await makeFeed());
    expect(events.map(({ type, summary }) => [type, summary])).toEqual([
      ['VEVENT', 'Ada all day'],
      ['VEVENT', 'Ada at'],
      ['VEVENT', 'Ada weekly'],
    ]);
    expect(events[0]?.start?.dateOnly).toBe(true);
    expect(events[1]?.start?.toISOString()).toBe('2026-11-28T17:00:00.000Z');
    expect(events[2]?.rrule).toBeDefined();
  });

  test('has every open task if to-dos are requested', async () => {
    await fill(ada, 'Ada');
    const todos = await componentsAt(await makeFeed(), '?components=todos');
    expect(todos.map(({ type, summary }) => [type, summary])).toEqual([
      ['VTODO', 'Ada all day'],
      ['VTODO', 'Ada at'],
      ['VTODO', 'Ada undated'],
      ['VTODO', 'Ada weekly'],
    ]);
  });

  test('names the time zone for floating times', async () => {
    await ada.send('PATCH', '/profile', { body: { time_zone: 'Europe/Zurich' } });
    expect((await read(await makeFeed())).body).toContain('X-WR-TIMEZONE:Europe/Zurich\r\n');
  });

  test('answers HEAD', async () => {
    const path = await makeFeed();
    const head = await send(service.url, 'HEAD', path);
    expect(head).toMatchObject({ status: 200, body: undefined });
    expect(head.headers['content-type']).toContain('text/calendar');
    expect(head.headers.etag).toBe((await read(path)).headers.etag);
  });
});

describe('a conditional request for a feed', () => {
  const tagOf = async (path: string, query = '') => (await read(path, query)).headers.etag as string;
  const readUnless = (path: string, tag: string, method = 'GET') =>
    send(service.url, method, path, { headers: { 'If-None-Match': tag } });

  test('is 304 and reads no tasks if nothing has changed', async () => {
    await ada.send('POST', '/tasks', { body: { title: 'Due', due_date: '2026-11-28' } });
    const path = await makeFeed();
    const whole = await read(path);
    const tag = whole.headers.etag as string;
    await query(service.database.url, 'alter table tasklane.tasks rename to hidden');
    try {
      for (const value of [tag, tag.replace('W/', ''), `"other", ${tag}`, '*']) {
        const response = await readUnless(path, value);
        expect(response).toMatchObject({ status: 304, body: undefined, headers: { etag: tag } });
        expect(response.headers['cache-control']).toBe(whole.headers['cache-control']);
        expect(response.headers).not.toHaveProperty('content-type');
      }
      expect(await readUnless(path, tag, 'HEAD')).toMatchObject({ status: 304, headers: { etag: tag } });
      expect((await send(service.url, 'HEAD', path)).status).toBe(200);
    } finally {
      await query(service.database.url, 'alter table tasklane.hidden rename to tasks');
    }
    expect((await readUnless(path, 'W/"AAAAAAAAAAAAAAAAAAAAAA"')).body).toBe(whole.body);
    expect((await readUnless(path, 'nonsense')).body.code).toBe('malformed-header');
  });

  async function renameTag(): Promise<void> {
    const { items } = (await ada.send('GET', '/tags')).body;
    await ada.send('PATCH', `/tags/${items[0].id}`, { body: { name: 'house' } });
  }
  const importOfOne = { headers: { 'Content-Type': 'text/csv' }, body: 'title,due_date\nOne,2026-11-28\n' };
  const changes: [string, () => Promise<unknown>][] = [
    ['a task', () => ada.send('POST', '/tasks', { body: { title: 'Due', due_date: '2026-11-28' } })],
    ['the name of a tag', renameTag],
    ['the zone', () => ada.send('PATCH', '/profile', { body: { time_zone: 'Europe/Zurich' } })],
    ['tasks, by an import', () => ada.send('POST', '/import.csv', importOfOne)],
  ];
  test.each(changes)('gets a new feed after a change of %s', async (_what, change) => {
    await ada.send('POST', '/tasks', { body: { title: 'Tagged', due_date: '2026-11-28', tags: ['home'] } });
    const path = await makeFeed();
    const before = await read(path);
    await change();
    const after = await readUnless(path, before.headers.etag as string);
    expect(after.status).toBe(200);
    expect(after.headers.etag).not.toBe(before.headers.etag);
    expect(after.body).not.toBe(before.body);
    expect((await readUnless(path, after.headers.etag as string)).status).toBe(304);
  });

  test('has another entity tag for to-dos, for another lane, and after a restore of the database', async () => {
    const bob = await makeUser(service.url);
    const [path, theirs] = [await makeFeed(), await makeFeed(bob)];
    const tags = [await tagOf(path), await tagOf(path, '?components=todos'), await tagOf(theirs)];
    expect(await tagOf(path, '?components=events')).toBe(tags[0]);
    await query(
      service.database.url,
      'update tasklane.profiles set epoch = md5(epoch::text)::uuid where lane_id = lane_of($1)',
      [ada.id],
    );
    expect(new Set([...tags, await tagOf(path)]).size).toBe(4);
  });

  test('is 404 after the feed is deleted', async () => {
    const path = await makeFeed();
    const tag = await tagOf(path);
    await ada.send('DELETE', '/calendar-feed');
    for (const value of [tag, '*']) expect((await readUnless(path, value)).status).toBe(404);
  });

  test('gets a new feed from a release that writes feeds differently', async () => {
    const lane = { epoch: 'an epoch', change_seq: '1' } as ProfileRow;
    const tagOfRelease = async (writes?: Record<string, () => string>) => {
      let tag = '';
      await jest.isolateModulesAsync(async () => {
        if (writes) jest.doMock('../../../src/domain/icalendar/event', () => writes);
        const release = jest.requireActual<{ feedTag: typeof feedTag }>(
          '../../../src/features/calendar-feed/tag',
        );
        tag = await release.feedTag(lane, { components: 'events', include_archived: false });
        jest.dontMock('../../../src/domain/icalendar/event');
      });
      return tag;
    };
    const tag = await tagOfRelease();
    expect(await tagOfRelease()).toBe(tag);
    expect(await tagOfRelease({ eventLines: () => 'BEGIN:VEVENT\r\nEND:VEVENT\r\n' })).not.toBe(tag);
  });

  test('gets the same entity tag from all instances', async () => {
    const path = await makeFeed();
    const other = await startService(
      testConfig({ DATABASE_URL: service.database.url }),
      createLogger({ level: 'silent', pretty: false }),
    );
    try {
      expect((await send(other.url, 'GET', path)).headers.etag).toBe(await tagOf(path));
    } finally {
      await other.stop();
    }
  });
});

test("reads of a feed count towards the user's rate limit", async () => {
  const limited = await startTestService({ RATE_LIMIT_READS: '40' });
  try {
    const token = await tokenOf('subscriber');
    const { body } = await send(limited.url, 'POST', '/api/subscriber/calendar-feed', { token });
    const { pathname } = new URL(body.url);
    const statuses: number[] = [];
    for (let n = 0; n < 3; n++) statuses.push((await send(limited.url, 'GET', pathname)).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect((await send(limited.url, 'GET', '/livez')).status).toBe(200);
  } finally {
    await limited.stop();
  }
});

test('leaves out occurrences that were completed ahead of time', async () => {
  const create = async (body: object) => (await ada.send('POST', '/tasks', { body })).body;
  const complete = (id: string, body: object) =>
    ada.send('PATCH', `/tasks/${id}/complete`, { body: { completed: true, ...body } });
  const weekly = await create({
    ...{ title: 'a', start_date: '2094-01-04', due_date: '2094-01-08', rrule: 'FREQ=WEEKLY' },
    excluded_dates: ['2094-01-18'],
  });
  const hourly = await create({
    ...{ title: 'b', due_date: '2094-01-04', due_time: '08:00', time_zone: 'Europe/Zurich' },
    rrule: 'FREQ=HOURLY;INTERVAL=6',
  });
  expect((await complete(weekly.id, { occurrence: '2094-01-15' })).status).toBe(200);
  expect((await complete(hourly.id, { occurrence: '2094-01-04', occurrence_time: '20:00' })).status).toBe(
    200,
  );
  const path = await makeFeed();
  for (const query of ['', '?components=todos']) {
    const { body } = await read(path, query);
    expect(body.match(/^EXDATE.*$/gm)).toEqual([
      'EXDATE;VALUE=DATE:20940111',
      'EXDATE;VALUE=DATE:20940118',
      'EXDATE;TZID=Europe/Zurich:20940104T200000',
    ]);
  }
});

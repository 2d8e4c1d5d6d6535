import { taskPriorities, taskStatuses } from '../../../src/platform/database/rows';
import type { Body } from '../../support/api';
import { useTestService } from '../../support/service';
import { seedTasks } from '../../support/tasks';
import { makeUser, type TestUser } from '../../support/user';

type Task = Body;
type SortField = 'created_at' | 'updated_at' | 'title' | 'priority' | 'status' | 'id';

let ada: TestUser;
let all: Task[];

// In code point order, `a` is after `Z`, `é` after `z`, and `Step 10` before `Step 2`.
const titles = [
  'Zebra',
  'apple',
  'Äpfel',
  'éclair',
  'zz',
  '\ufb01n',
  '😀 smile',
  'B',
  'b',
  'b b',
  'Step 10',
  'Step 2',
  'resume',
  'Résumé',
  'résumé',
  'resumes',
  '0',
  "o'brien %_\\",
];

const instant = (second: number, ms = 0) => new Date(Date.UTC(2026, 5, 1, 12, 0, second, ms)).toISOString();

/** Picks items in different rhythms, so that few rows agree in every field. */
const pick = <T>(values: readonly T[], n: number): T => values[n % values.length] as T;

const service = useTestService({ RATE_LIMIT: 'off' });
beforeAll(async () => {
  ada = await makeUser(service.url);
  const seeds = Array.from({ length: 190 }, (_, n) => ({
    title: pick(titles, n * 7),
    status: pick(taskStatuses, (n * 5) >> 2),
    priority: pick(taskPriorities, (n * 3) >> 1),
    created_at: instant(pick([0, 1, 1, 1, 2, 59], n), pick([0, 0, 1, 999], n >> 1)),
    updated_at: instant(pick([60, 60, 61], n >> 2), pick([0, 500], n)),
  }));
  await seedTasks(service.database.url, ada.id, seeds);
  const stranger = await makeUser(service.url);
  await seedTasks(service.database.url, stranger.id, seeds.slice(0, 20));
  all = (await list()).items;
  expect(all).toHaveLength(190);
});

function search(parameters: Record<string, string | number | undefined>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return new URLSearchParams(
    given.map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
}

async function list(parameters: Record<string, string | number | undefined> = {}): Promise<Body> {
  const response = await ada.send('GET', `/tasks?${search({ limit: 200, ...parameters })}`);
  expect(response.status).toBe(200);
  return response.body;
}

async function refusal(parameters: string, user = ada): Promise<Body> {
  const response = await user.send('GET', `/tasks?${parameters}`);
  expect(response).toMatchObject({ status: 422, body: { code: 'validation-failed' } });
  return response.body.errors;
}

/** All pages of a list, by its cursors. */
async function pages(parameters: Record<string, string | number | undefined>): Promise<Task[][]> {
  const found: Task[][] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ ...parameters, cursor });
    found.push(page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

const collator = new Intl.Collator('und', { numeric: true });
const byCodePoint = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const comparisons: Record<SortField, (a: Task, b: Task) => number> = {
  created_at: (a, b) => Date.parse(a.created_at) - Date.parse(b.created_at),
  updated_at: (a, b) => Date.parse(a.updated_at) - Date.parse(b.updated_at),
  title: (a, b) => collator.compare(a.title, b.title) || byCodePoint(a.title, b.title),
  priority: (a, b) => taskPriorities.indexOf(a.priority) - taskPriorities.indexOf(b.priority),
  status: (a, b) => taskStatuses.indexOf(a.status) - taskStatuses.indexOf(b.status),
  id: (a, b) => byCodePoint(a.id, b.id),
};

/** The tasks in the order that the contract promises for `sort`. */
function sorted(tasks: readonly Task[], sort: string): Task[] {
  const keys = sort.split(',');
  const last = keys.at(-1)?.startsWith('-') ? '-id' : 'id';
  return tasks.toSorted((a, b) => {
    for (const key of [...keys, last]) {
      const descending = key.startsWith('-');
      const difference = comparisons[(descending ? key.slice(1) : key) as SortField](a, b);
      if (difference !== 0) return descending ? -difference : difference;
    }
    return 0;
  });
}

const ids = (tasks: readonly Task[]): string[] => tasks.map((task) => task.id);

const fields = ['created_at', 'updated_at', 'title', 'priority', 'status'] as const;
const keys = fields.flatMap((field) => [field, `-${field}`]);

describe('filters', () => {
  const options = {
    status: [undefined, 'pending', 'in_progress,cancelled', taskStatuses.join(',')],
    priority: [undefined, 'urgent', 'low,high'],
    created_after: [undefined, instant(1), '2026-06-01T14:00:00.001+02:00'],
    created_before: [undefined, instant(2)],
    updated_after: [undefined, instant(60, 499)],
    updated_before: [undefined, instant(61)],
  };

  function matches(task: Task, filter: Record<string, string | undefined>): boolean {
    const { status, priority, created_after, created_before, updated_after, updated_before } = filter;
    return (
      (!status || status.split(',').includes(task.status)) &&
      (!priority || priority.split(',').includes(task.priority)) &&
      (!created_after || Date.parse(task.created_at) > Date.parse(created_after)) &&
      (!created_before || Date.parse(task.created_at) < Date.parse(created_before)) &&
      (!updated_after || Date.parse(task.updated_at) > Date.parse(updated_after)) &&
      (!updated_before || Date.parse(task.updated_at) < Date.parse(updated_before))
    );
  }

  let combinations: Record<string, string | undefined>[] = [{}];
  for (const [name, values] of Object.entries(options)) {
    combinations = combinations.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  }

  test.each(options.status)('combine with status %s', async (status) => {
    for (const filter of combinations.filter((each) => each.status === status)) {
      const wanted = all.filter((task) => matches(task, filter));
      const page = await list({ ...filter, include_total: 'true' });
      expect({ filter, ids: ids(page.items), total: page.total }).toEqual({
        filter,
        ids: ids(sorted(wanted, '-created_at')),
        total: wanted.length,
      });
    }
  });

  test.each(['created', 'updated'] as const)(
    '%s_after and _before exclude their own instant',
    async (which) => {
      const field = `${which}_at`;
      const middle = sorted(all, field)[95]?.[field];
      const after = await list({ [`${which}_after`]: middle });
      const before = await list({ [`${which}_before`]: middle });
      const at = all.filter((task) => task[field] === middle);
      expect(at.length).toBeGreaterThan(1);
      expect(after.items.length + before.items.length + at.length).toBe(all.length);
      expect([...after.items, ...before.items].filter((task) => task[field] === middle)).toEqual([]);
    },
  );

  test('return nothing for an empty range', async () => {
    const page = await list({ created_after: instant(2), created_before: instant(2), include_total: 'true' });
    expect(page).toEqual({
      items: [],
      next_cursor: null,
      total: 0,
      subtask_counts: null,
      highlights: null,
      search: null,
    });
  });

  test('accept values in any order, and repeated values', async () => {
    const wanted = ids(
      sorted(
        all.filter((task) => task.status !== 'completed'),
        '-created_at',
      ),
    );
    for (const status of ['pending,in_progress,cancelled', 'cancelled,pending,in_progress,pending']) {
      expect(ids((await list({ status })).items)).toEqual(wanted);
    }
  });

  test.each([
    ['status=pending&status=cancelled', 'status=pending,cancelled'],
    ['priority=low&priority=low', 'priority=low'],
    ['sort=title&sort=-status', 'sort=title,-status'],
  ])('join a parameter that comes several times: %s', async (pieces, whole) => {
    const one = await ada.send('GET', `/tasks?${pieces}&limit=200`);
    const other = await ada.send('GET', `/tasks?${whole}&limit=200`);
    expect(one.status).toBe(200);
    expect(one.body).toEqual(other.body);
  });

  test.each([
    ['limit=1&limit=2', '/query/limit'],
    ['cursor=a&cursor=b', '/query/cursor'],
    ['include_total=true&include_total=false', '/query/include_total'],
    ['created_after=2026-01-01T00:00:00Z&created_after=2026-01-01T00:00:00Z', '/query/created_after'],
  ])('reject a repeated parameter: %s', async (parameters, pointer) => {
    const errors = await refusal(parameters);
    expect(errors.map((each: Body) => each.pointer)).toEqual([pointer]);
  });

  test.each([
    'status=',
    'status=Pending',
    'status=pending,',
    'status=pending,,cancelled',
    'status=pending%2C%20cancelled',
    'status=done',
    'status',
    'priority=',
    'priority=4',
    'sort=',
    'sort=+title',
    'sort=--title',
    'sort=id',
    'sort=user_id',
    'sort=title,title',
    'sort=description',
    'include_total=yes',
    'include_total=',
    'include_total=1',
    'limit=',
    'limit=0',
    'limit=201',
    'limit=-1',
    'limit=abc',
    'limit=1.5',
    'limit=NaN',
    'limit=999999999999999999999',
    'limit=%00',
    'created_after=',
    'created_after=yesterday',
    'created_after=1780315200',
    'created_after=2026-01-01',
    'created_after=2026-01-01T00:00:00',
    'created_after=2026-01-01%2000:00:00Z',
    'created_after=2026-01-01t00:00:00z',
    'created_after=2026-02-30T00:00:00Z',
    'created_after=2026-13-01T00:00:00Z',
    'created_after=2025-02-29T00:00:00Z',
    'created_after=2026-01-01T24:00:00Z',
    'created_after=2026-01-01T00:00:60Z',
    'created_after=2026-12-31T23:59:60Z',
    'created_after=2026-01-01T00:60:00Z',
    'created_after=2026-01-01T00:00:00.Z',
    'created_after=2026-01-01T00:00:00.1234567890Z',
    'created_after=2026-01-01T00:00:00%2B24:00',
    'created_after=2026-01-01T00:00:00%2B2:00',
    'created_after=2026-01-01T00:00:00%2B0200',
    // A plus sign in a query string means a space.
    'created_after=2026-01-01T00:00:00+02:00',
    'created_after=%2B2026-01-01T00:00:00Z',
    'created_after=-2026-01-01T00:00:00Z',
    'created_after=12026-01-01T00:00:00Z',
    'created_before=%D9%A2026-01-01T00:00:00Z',
    'updated_after=2026-01-01T00:00:00Z%00',
    'updated_before=2026-01-01T00:00:00Z%0A',
    'created_after=0000-01-01T00:00:00Z',
    'created_after=0001-01-01T00:00:00%2B23:59',
    'created_before=9999-12-31T23:59:59-23:59',
  ])('reject %s', async (parameters) => {
    const [name] = parameters.split('=');
    const pointers = (await refusal(parameters)).map((each: Body) => each.pointer);
    expect(new Set(pointers.map((each: string) => each.split('/').slice(0, 3).join('/')))).toEqual(
      new Set([`/query/${name}`]),
    );
  });

  test.each([
    ['0001-01-01T00:00:00Z', 190],
    ['0001-01-01T23:59:00+23:59', 190],
    ['2026-06-01T12:00:59.998999999Z', 7],
    ['2026-06-01T12:00:59.999Z', 0],
    ['2026-06-01T12:00:59.999999999Z', 0],
    ['2026-06-01T23:59:59.998+11:59', 7],
    ['2026-06-01T00:00:59.999-12:00', 0],
    ['9999-12-31T23:59:59.999999999Z', 0],
    ['9999-12-31T00:00:59-23:59', 0],
  ])('created_after=%s finds %s', async (created_after, count) => {
    expect((await list({ created_after })).items).toHaveLength(
      count === 7 ? all.filter((task) => task.created_at === instant(59, 999)).length : count,
    );
  });

  test('get all validation errors of a query in one response', async () => {
    const errors = await refusal('limit=0&status=done&sort=rank&created_after=now&nonsense=1&priority=none');
    const pointers = errors.map((each: Body) => each.pointer.split('/').slice(0, 3).join('/'));
    expect(new Set(pointers)).toEqual(
      new Set(
        ['limit', 'status', 'sort', 'created_after', 'nonsense', 'priority'].map((each) => `/query/${each}`),
      ),
    );
  });
});

describe('order', () => {
  const pairs = keys.flatMap((first) =>
    keys
      .filter((second) => first.replace('-', '') !== second.replace('-', ''))
      .map((second) => `${first},${second}`),
  );
  const mixes = [
    'status,-priority,title',
    '-priority,status,-updated_at,created_at,title',
    'status,priority,updated_at,created_at,title',
    '-status,-priority,-updated_at,-created_at,-title',
    // A second direction of the same key has no effect.
    'title,-title',
    '-status,status,created_at',
  ];

  test.each(keys)('is by %s, alone and with each other key', async (key) => {
    for (const sort of [key, ...pairs.filter((each) => each.startsWith(`${key},`))]) {
      expect({ sort, ids: ids((await list({ sort })).items) }).toEqual({ sort, ids: ids(sorted(all, sort)) });
    }
  });

  test.each(mixes)('is by %s', async (sort) => {
    expect(ids((await list({ sort })).items)).toEqual(ids(sorted(all, sort)));
  });

  test('is newest first by default', async () => {
    expect(ids((await list()).items)).toEqual(ids(sorted(all, '-created_at')));
  });

  test.each([...keys, ...mixes])('by %s is the same across pages of 7, with each task once', async (sort) => {
    const found = await pages({ sort, limit: 7 });
    expect(ids(found.flat())).toEqual(ids(sorted(all, sort)));
    expect(found.map((page) => page.length)).toEqual([...Array(27).fill(7), 1]);
  });

  test.each(['status,-title'])('by %s is the same across pages of one task', async (sort) => {
    const found = await pages({ sort, limit: 1 });
    expect(found).toHaveLength(190);
    expect(ids(found.flat())).toEqual(ids(sorted(all, sort)));
  });

  test('is the same across pages of a filtered list', async () => {
    const filter = { status: 'pending,completed', created_before: instant(59), sort: '-priority,created_at' };
    const wanted = all.filter(
      (task) => ['pending', 'completed'].includes(task.status) && task.created_at < filter.created_before,
    );
    const found = await pages({ ...filter, limit: 11 });
    expect(ids(found.flat())).toEqual(ids(sorted(wanted, filter.sort)));
  });
});

describe('pages', () => {
  test('hold 50 tasks by default', async () => {
    const { body } = await ada.send('GET', '/tasks');
    expect(body.items).toHaveLength(50);
    expect(body.total).toBeNull();
  });

  test('end exactly at the end of the list', async () => {
    expect(await list({ limit: 190 })).toMatchObject({ next_cursor: null });
    const short = await list({ limit: 189 });
    expect(short.next_cursor).not.toBeNull();
    expect((await list({ limit: 189, cursor: short.next_cursor })).items).toHaveLength(1);
  });

  test('can change their size from page to page, and always count the whole list', async () => {
    const first = await list({ limit: 3, sort: 'title', include_total: 'true' });
    const second = await list({ limit: 5, sort: 'title', include_total: 'true', cursor: first.next_cursor });
    expect(ids([...first.items, ...second.items])).toEqual(ids(sorted(all, 'title')).slice(0, 8));
    expect([first.total, second.total]).toEqual([190, 190]);
  });

  test('have a Link to the next page that keeps the other parameters', async () => {
    let path = `/tasks?${search({ limit: 60, status: 'pending,in_progress,completed', sort: '-priority,title', created_after: '2026-06-01T14:00:00+02:00', include_total: 'true' })}`;
    const found: Task[] = [];
    for (;;) {
      const { body, headers } = await ada.send('GET', path);
      found.push(...body.items);
      expect(body.total).toBeGreaterThan(60);
      const link = headers.link;
      if (link === undefined) {
        expect(body.next_cursor).toBeNull();
        break;
      }
      const target = /^<([^<>\s]+)>; rel="next"$/.exec(link)?.[1] as string;
      expect(new URL(target, service.url).searchParams.get('cursor')).toBe(body.next_cursor);
      expect(target.startsWith(`${ada.lane}/tasks?`)).toBe(true);
      path = target.slice(ada.lane.length);
    }
    const wanted = all.filter((task) => task.status !== 'cancelled' && task.created_at > instant(0));
    expect(ids(found)).toEqual(ids(sorted(wanted, '-priority,title')));
  });

  test('have the same headers for HEAD as for GET', async () => {
    const get = await ada.send('GET', '/tasks?limit=3');
    const head = await ada.send('HEAD', '/tasks?limit=3');
    expect(head.status).toBe(200);
    expect(head.headers.link).toBe(get.headers.link);
    expect(head.body).toBeUndefined();
  });
});

describe('a cursor', () => {
  const made = { sort: 'title', status: 'pending,completed', created_after: instant(0), limit: 2 };
  let cursor: string;
  beforeAll(async () => {
    cursor = (await list(made)).next_cursor;
  });

  const wrongCursor = [expect.objectContaining({ pointer: '/query/cursor', code: 'wrong-cursor' })];

  test.each([
    ['another sort', { sort: '-title' }],
    ['one more sort key', { sort: 'title,status' }],
    ['no sort', { sort: undefined }],
    ['another status', { status: 'pending' }],
    ['no status', { status: undefined }],
    ['another bound', { created_after: instant(0, 1) }],
    ['a bound of another field', { created_after: undefined, updated_after: instant(0) }],
    ['one more filter', { priority: 'low' }],
  ])('is rejected with %s', async (_what, change) => {
    expect(await refusal(search({ ...made, ...change, cursor }))).toEqual(wrongCursor);
  });

  test('is rejected in the lane of another user', async () => {
    const eve = await makeUser(service.url);
    expect(await refusal(search({ ...made, cursor }), eve)).toEqual(wrongCursor);
  });

  test('is accepted if only the notation of an instant or `include_total` differs', async () => {
    const created_after = '2026-06-01T14:00:00+02:00';
    expect((await list({ ...made, created_after, include_total: 'true', cursor })).items).toHaveLength(2);
  });
});

describe('a forged cursor', () => {
  const decode = (cursor: string): unknown[] => JSON.parse(Buffer.from(cursor, 'base64url').toString());
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  async function genuine(sort: string): Promise<string> {
    return (await list({ sort, limit: 1 })).next_cursor;
  }

  /** The response to a cursor, which must be a page or a rejection. */
  async function answer(sort: string, cursor: string): Promise<number> {
    const { status, body } = await ada.send('GET', `/tasks?${search({ sort, cursor, limit: 200 })}`);
    if (status === 200) {
      const known = new Set(ids(all));
      expect(ids(body.items).filter((id) => !known.has(id))).toEqual([]);
    } else {
      expect(status).toBe(422);
      expect(body.errors).toEqual([expect.objectContaining({ pointer: '/query/cursor' })]);
    }
    return status;
  }

  test.each([
    ['empty', ''],
    ['a letter', 'x'],
    ['NUL', '%00'],
    ['not base64', '😀'],
    ['a word', 'null'],
    ['null', encode(null)],
    ['an empty list', encode([])],
    ['an object', encode({})],
    ['a string', encode('text')],
    ['a number', encode(1)],
    ['only a version', encode([2])],
    ['not a list', encode([2, null])],
    ['objects', encode([2, {}, {}])],
    ['NULs', `${'A'.repeat(4096)}`],
    ['a long list', encode(Array(1000).fill(0))],
    ['bytes', Buffer.from([0xff, 0xfe, 0x00]).toString('base64url')],
    ['too long', 'x'.repeat(4097)],
  ])('is rejected: %s', async (_what, cursor) => {
    expect(await answer('title', cursor)).toBe(422);
  });

  test('is rejected if its end is missing', async () => {
    const cursor = await genuine('-updated_at');
    for (let length = 1; length < cursor.length - 1; length++) {
      expect(await answer('-updated_at', cursor.slice(0, length))).toBe(422);
    }
  });

  test('is rejected if it has another version, or too many or too few values', async () => {
    const [version, list, ...values] = decode(await genuine('title,-status'));
    for (const forged of [
      [1, list, ...values],
      [String(version), list, ...values],
      [version, `${list}x`, ...values],
      [version, list],
      [version, list, ...values.slice(1)],
      [version, list, ...values.slice(0, -1)],
      [version, list, ...values, 'more'],
      [version, list, values],
      [version, list, ...values.toReversed()],
    ]) {
      expect(await answer('title,-status', encode(forged))).toBe(422);
    }
  });

  const wrongForAll: unknown[] = [
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e308,
    2 ** 53,
    [],
    ['2026-06-01T12:00:00Z'],
    {},
    { toString: 1 },
  ];
  const strange = [
    ...[
      '',
      ' ',
      '\0',
      'a\0b',
      '\ud800',
      '\udfff\ud800',
      'x'.repeat(2900),
      '😀'.repeat(500),
      "'; drop table tasks; --",
    ],
    ...[
      'NaN',
      'Infinity',
      '-infinity',
      'infinity',
      'now',
      'today',
      'epoch',
      'null',
      'undefined',
      '0',
      '1',
      '-1',
    ],
    ...[
      '9999999-01-01T00:00:00Z',
      '+275760-09-13T00:00:00.000Z',
      '-271821-04-20T00:00:00.000Z',
      '2026',
      '12:00',
    ],
    ...['-004714-11-23T00:00:00.000Z', '0000-01-01T00:00:00Z', '+010000-01-01T00:00:00.000Z', '2026-02-30'],
    ...[
      '+294277-01-01T00:00:00.000Z',
      '2026-06-01T12:00:00.0000001Z',
      'Mon, 01 Jun 2026 12:00:00 GMT',
      '1 BC',
    ],
    ...['done', 'PENDING', 'pending ', 'constructor', '__proto__', 'toString', 'pending', 'low', 'urgent\n'],
    ...[
      '019A9C2E-5B00-7C3A-9D51-7F6A2B1C0D4E',
      'urn:uuid:019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e',
      '{019a9c2e}',
    ],
    ...[
      '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e\n',
      '019a9c2e5b007c3a9d517f6a2b1c0d4e',
      'g19a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e',
    ],
  ];

  test.each(fields.flatMap((field) => [field, `-${field}`, `${field},-${field}`]))(
    'never causes an internal error with strange values, by %s',
    async (sort) => {
      const [version, list, ...values] = decode(await genuine(sort));
      const [field] = sort.replace('-', '').split(',') as [SortField];
      for (let at = 0; at < values.length; at++) {
        for (const value of wrongForAll) {
          const forged = encode([version, list, ...values.toSpliced(at, 1, value)]);
          expect([value, await answer(sort, forged)]).toEqual([value, 422]);
        }
        for (const value of strange) {
          const status = await answer(sort, encode([version, list, ...values.toSpliced(at, 1, value)]));
          const isTitle = field === 'title' && at < values.length - 1;
          if (isTitle) expect([value, status]).toEqual([value, value.includes('\0') ? 422 : 200]);
          if (at === values.length - 1) expect([value, status]).toEqual([value, 422]);
        }
      }
    },
  );
});

describe('while others write', () => {
  /** Repeats `work` beside `meanwhile`; each can wait for the progress of the other. */
  async function beside(
    work: () => Promise<void>,
    writers: number,
    meanwhile: (progress: () => Promise<void>) => Promise<void>,
  ) {
    let rounds = 0;
    let done = false;
    let wake: () => void = () => undefined;
    const writing = Array.from({ length: writers }, async () => {
      while (!done) {
        await work();
        rounds++;
        wake();
      }
    });
    const progress = async () => {
      const wanted = rounds + writers;
      while (rounds < wanted) {
        await Promise.race([
          new Promise<void>((resolve) => {
            wake = resolve;
          }),
          ...writing,
        ]);
      }
    };
    try {
      await meanwhile(progress);
    } finally {
      done = true;
      await Promise.all(writing);
    }
  }

  test.each(['-created_at', 'created_at', 'title', '-title'])(
    'pages by %s have every task that existed all the time once',
    async (sort) => {
      const user = await makeUser(service.url);
      const steady = await seedTasks(
        service.database.url,
        user.id,
        Array.from({ length: 100 }, (_, n) => ({
          title: `Task ${pick(titles, n)} ${n % 10}`,
          created_at: instant(n % 25, n % 3),
        })),
      );
      let turn = 0;
      // Each round creates a task somewhere in the order, moves it, and sometimes deletes it.
      const write = async () => {
        const n = turn++;
        const made = await user.send('POST', '/tasks', {
          body: { title: `Task ${pick(titles, n)} ${n % 10}.` },
        });
        expect(made.status).toBe(201);
        const path = `/tasks/${made.body.id}`;
        const moved = await user.send('PATCH', path, {
          body: { title: `Task ${pick(titles, n * 5 + 3)}`, priority: 'low' },
        });
        expect(moved.status).toBe(200);
        if (n % 2 === 0) expect((await user.send('DELETE', path)).status).toBe(204);
      };
      const seen: string[] = [];
      await beside(write, 3, async (progress) => {
        let cursor: string | undefined;
        do {
          const response = await user.send('GET', `/tasks?${search({ sort, limit: 7, cursor })}`);
          expect(response.status).toBe(200);
          seen.push(...ids(response.body.items));
          cursor = response.body.next_cursor ?? undefined;
          await progress();
        } while (cursor !== undefined && seen.length < 1000);
      });
      const found = new Set(steady);
      expect(seen.filter((id) => found.has(id)).toSorted()).toEqual(steady.toSorted());
      // The creation time never changes. So in this order, the changed tasks are listed at most once, too.
      if (sort.endsWith('created_at')) expect(new Set(seen).size).toBe(seen.length);
    },
  );
});

/** Tests lanes that work offline, with a copy in memory, against a running service. */
import { randomUUID } from 'node:crypto';
import { startTestService, type TestService, tokenOf } from '../../test/support/service';
import { until } from '../../test/support/until';
import { createTasklane, type Lane, type Task, type TokenSource } from '../src/index';
import { type LiveLane, type LiveTaskQuery, openLane, UnsentWritesError } from '../src/live';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ RATE_LIMIT: 'off', EVENTS_POLL_MS: '20' });
});
afterAll(() => service.stop());

const opened: LiveLane[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
});

interface Device {
  readonly live: LiveLane;
  /** The requests that change something. */
  readonly writes: Request[];
  /** Decides about each request: the answer instead of the service's, or what happens to it. */
  network: (request: Request, send: () => Promise<Response>) => Promise<Response>;
}

const isWrite = (request: Request) => request.method !== 'GET';
const offline = () => Promise.reject(new TypeError('fetch failed'));
const online: Device['network'] = (_request, send) => send();
/** A network that treats writes differently. */
const forWrites =
  (network: Device['network']): Device['network'] =>
  (request, send) =>
    isWrite(request) ? network(request, send) : send();

const refusal = (status: number, code: string, retryAfter = '0') =>
  Response.json(
    { code, status, detail: code, request_id: 'r1', type: 'about:blank', title: code },
    { status, headers: { 'Retry-After': retryAfter } },
  );

async function openDevice(userId: string, token?: TokenSource): Promise<Device> {
  const writes: Request[] = [];
  const fetch = (request: Request) => {
    if (isWrite(request)) writes.push(request.clone());
    return device.network(request, () => globalThis.fetch(request));
  };
  const tasklane = createTasklane({ baseUrl: service.url, token: token ?? (await tokenOf(userId)), fetch });
  const device: Device = { network: online, writes, live: undefined as never };
  const live = await openLane(tasklane, userId, { storage: 'memory' });
  opened.push(live);
  Object.assign(device, { live });
  return device;
}

/** A user with a device that has everything, and the user's lane without a copy. */
async function makeUser(): Promise<Device & { lane: Lane; userId: string }> {
  const userId = randomUUID();
  const lane = createTasklane({ baseUrl: service.url, token: await tokenOf(userId) }).lane(userId);
  const device = await openDevice(userId);
  await settled(device.live);
  return Object.assign(device, { lane, userId });
}

const settled = (live: LiveLane) =>
  until(() => live.status.complete && live.status.pending === 0 && live.status.connection === 'live');
const titles = (tasks: readonly Task[]) => tasks.map((each) => each.title).sort();
const storedTitles = async (lane: Lane) => titles((await lane.tasks.list()).items);

describe('a write', () => {
  test('shows at once, is sent, and becomes what the service answered', async () => {
    const { live, lane } = await makeUser();
    const { id } = live.tasks.create({ title: 'Water the plants', due_date: '2027-01-31', tags: ['home'] });
    expect(live.tasks.list()).toMatchObject([{ id, title: 'Water the plants', tags: ['home'] }]);
    expect(live.status.pending).toBe(1);
    await settled(live);
    await until(async () => JSON.stringify(live.tasks.get(id)) === JSON.stringify(await lane.tasks.get(id)));
  });

  test('shows without interruption until the copy has it', async () => {
    const { live } = await makeUser();
    const seen: number[] = [];
    const { id } = live.tasks.create({ title: 'Steady' });
    live.subscribe(() => seen.push(live.tasks.list({ id }).length));
    await settled(live);
    live.tasks.update(id, { priority: 'urgent' });
    live.subscribe(() => expect(live.tasks.get(id)?.priority).toBe('urgent'));
    await until(() => (live.tasks.get(id)?.version ?? 0) >= 2 && live.status.pending === 0);
    expect(new Set(seen)).toEqual(new Set([1]));
  });

  test('of another device arrives', async () => {
    const { live, lane } = await makeUser();
    const tasks: (readonly Task[])[] = [];
    live.tasks.watch({ status: 'pending' }, (found) => tasks.push(found));
    await lane.tasks.create({ title: 'From the phone' });
    await until(() => tasks.at(-1)?.length === 1);
    expect(tasks).toHaveLength(2);
  });

  test('completes a recurring task, which shows as completed until the answer', async () => {
    const { live, lane } = await makeUser();
    const task = await lane.tasks.create({ title: 'Weekly', due_date: '2099-06-01', rrule: 'FREQ=WEEKLY' });
    await until(() => live.tasks.get(task.id));
    live.tasks.complete(task.id);
    expect(live.tasks.get(task.id)?.completed).toBe(true);
    await settled(live);
    expect(live.tasks.get(task.id)).toMatchObject({ completed: false, due_date: '2099-06-08' });
  });

  test('of each kind ends like the service has it', async () => {
    const { live, lane } = await makeUser();
    const project = live.projects.create({ name: 'Garden' }).id;
    const other = live.projects.create({ name: 'Other' }).id;
    live.projects.update(project, { color: '#2f855a' });
    live.projects.move(other, { before: project });
    const [one, two, three] = ['One', 'Two', 'Three'].map((title) => live.tasks.create({ title }).id) as [
      string,
      string,
      string,
    ];
    live.tasks.move(two, { before: one, project_id: project });
    const child = live.tasks.create({ title: 'Child', parent_id: two, tags: ['home'] }).id;
    live.tasks.move(three, { parent_id: two });
    live.tasks.complete(one);
    live.tasks.reopen(one);
    live.tasks.update(one, {
      status: 'in_progress',
      due_date: '2026-06-01',
      due_time: '09:00',
      time_zone: 'Asia/Tokyo',
    });
    live.profile.update({ time_zone: 'Europe/Zurich' });
    const before = {
      tasks: live.tasks.list({ sort: 'position' }),
      projects: live.projects.list().map((each) => each.name),
    };
    expect(titles(before.tasks)).toEqual(['Child', 'One', 'Three', 'Two']);
    expect(live.tasks.get(child)?.project_id).toBe(project);
    await settled(live);
    expect(live.failed).toEqual([]);
    const after = (await lane.tasks.list({ sort: 'position' })).items;
    await until(() =>
      live.tasks.list({ sort: 'position' }).every((each, index) => each.version === after[index]?.version),
    );
    expect(live.tasks.list({ sort: 'position' })).toEqual(after);
    const shape = (tasks: readonly Task[]) =>
      tasks.map(({ id, status, project_id, parent_id, due_at }) => ({
        id,
        status,
        project_id,
        parent_id,
        due_at,
      }));
    expect(shape(before.tasks)).toEqual(shape(after));
    expect(live.projects.list()).toEqual((await lane.projects.list()).items);
    expect(before.projects).toEqual(['Other', 'Garden']);
    const [tag] = live.tags.list();
    live.tags.update(tag?.id ?? '', { name: 'house' });
    expect(live.tasks.get(child)?.tags).toEqual(['house']);
    live.tasks.delete(two);
    expect(titles(live.tasks.list())).toEqual(['One']);
    await settled(live);
    live.tasks.restore(two);
    await until(() => live.tasks.get(child)?.tags[0] === 'house');
    live.projects.delete(project, { tasks: 'move' });
    expect(live.tasks.get(child)?.project_id).toBeNull();
    await settled(live);
    const { items } = await lane.tasks.list({ sort: 'position' });
    await until(() => JSON.stringify(live.tasks.list({ sort: 'position' })) === JSON.stringify(items));
  });
});

describe('the outbox', () => {
  test('of two offline devices loses nothing', async () => {
    const one = await makeUser();
    const two = await openDevice(one.userId);
    await settled(two.live);
    const { id } = one.live.tasks.create({ title: 'Both' });
    await until(() => two.live.tasks.get(id));
    await settled(one.live);
    one.network = offline;
    two.network = offline;
    one.live.tasks.update(id, { title: 'Both, changed' });
    two.live.tasks.update(id, { priority: 'high' });
    for (let n = 0; n < 3; n++) for (const each of [one, two]) each.live.tasks.create({ title: `Task ${n}` });
    await until(() => one.live.status.connection === 'offline' && two.live.status.connection === 'offline');
    for (const each of [one, two]) Object.assign(each, { network: online }).live.wake();
    await until(() =>
      [one, two].every(({ live }) => live.status.pending === 0 && live.tasks.list().length === 7),
    );
    for (const { live } of [one, two]) {
      await until(
        () => live.tasks.get(id)?.priority === 'high' && live.tasks.get(id)?.title === 'Both, changed',
      );
      expect(live.tasks.list()).toEqual((await one.lane.tasks.list()).items);
    }
  });

  test('sends again under the same key after a lost answer', async () => {
    const user = await makeUser();
    let lost = 0;
    user.network = forWrites(async (_request, send) => {
      const answer = await send();
      return lost++ === 0 ? offline() : answer;
    });
    user.live.tasks.create({ title: 'Once' });
    await settled(user.live);
    const keys = user.writes.map((each) => each.headers.get('Idempotency-Key'));
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
    expect(await storedTitles(user.lane)).toEqual(['Once']);
  });

  test.each([
    [401, 'unauthorized', 'signed-out'],
    [403, 'forbidden', 'signed-out'],
    [429, 'rate-limited', 'live'],
    [503, 'service-unavailable', 'live'],
    [409, 'request-in-flight', 'live'],
  ] as const)('waits after %d %s and fails nothing', async (status, code, connection) => {
    const user = await makeUser();
    user.network = forWrites(async () => refusal(status, code));
    const { id } = user.live.tasks.create({ title: 'Waits' });
    await until(() => user.writes.length >= 2);
    await until(() => user.live.status.connection === connection);
    expect(user.live.status).toMatchObject({ pending: 1, failed: 0 });
    expect(user.live.tasks.get(id)?.title).toBe('Waits');
    user.network = online;
    user.live.wake();
    await until(() => user.live.status.pending === 0);
    expect(await storedTitles(user.lane)).toEqual(['Waits']);
  });

  test('takes what depends on a failed creation with it, and sends it again', async () => {
    const { live, lane } = await makeUser();
    const { id } = live.tasks.create({ title: 'A', due_time: '09:00' });
    const child = live.tasks.create({ title: 'B', parent_id: id }).id;
    live.tasks.complete(child);
    live.tasks.create({ title: 'C' });
    await until(() => live.status.pending === 0);
    expect(await storedTitles(lane)).toEqual(['C']);
    expect(titles(live.tasks.list())).toEqual(['C']);
    expect(live.failed).toMatchObject([{ name: 'tasks.create', id, problem: { code: 'validation-failed' } }]);
    expect(live.failed[0]?.dependents.map((each) => each.name)).toEqual(['tasks.create', 'tasks.complete']);
    await live.failed[0]?.retry();
    await until(() => live.status.pending === 0 && live.failed.length === 1);
    await live.failed[0]?.discard();
    expect(live.status).toMatchObject({ pending: 0, failed: 0 });
  });

  test('restores and applies after a 404', async () => {
    const user = await makeUser();
    const { live, lane } = user;
    const task = await lane.tasks.create({ title: 'Deleted elsewhere' });
    await until(() => live.tasks.get(task.id));
    user.network = offline;
    live.tasks.update(task.id, { title: 'Still wanted' });
    await lane.tasks.delete(task.id);
    user.network = online;
    live.wake();
    await until(() => live.failed[0]?.problem.code === 'task-not-found');
    await live.failed[0]?.retry({ restore: true });
    await until(() => live.status.pending === 0 && live.tasks.get(task.id));
    expect(await lane.tasks.get(task.id)).toMatchObject({ title: 'Still wanted' });
  });

  test('merges unsent edits, and takes unsent writes back', async () => {
    const { userId, lane } = await makeUser();
    let isSignedIn = false;
    const { live } = await openDevice(userId, async () => (isSignedIn ? tokenOf(userId) : null));
    const { id } = live.tasks.create({ title: 'A' });
    live.tasks.update(id, { title: 'B' });
    const edit = live.tasks.update(id, { priority: 'high' });
    const other = live.tasks.create({ title: 'Other' });
    const gone = live.tasks.create({ title: 'Gone' });
    live.tasks.create({ title: 'Gone, too', parent_id: gone.id });
    const deleted = live.tasks.create({ title: 'Never sent' });
    live.tasks.delete(deleted.id);
    expect(live.status.pending).toBe(4);
    expect(await edit.undo()).toBe(true);
    expect(live.tasks.get(id)).toMatchObject({ title: 'B', priority: 'medium' });
    expect(await gone.undo()).toBe(true);
    expect(live.status.pending).toBe(2);
    isSignedIn = true;
    live.wake();
    await settled(live);
    expect(await storedTitles(lane)).toEqual(['B', 'Other']);
    expect(await other.undo()).toBe(false);
  });

  test('sends 20 or more by batch, also with one that fails', async () => {
    const user = await makeUser();
    const { live, lane } = user;
    user.network = offline;
    live.wake();
    await until(() => live.status.connection === 'offline');
    const first = live.tasks.create({ title: 'Task 0' });
    for (let n = 1; n < 130; n++)
      live.tasks.create({ title: `Task ${n}`, parent_id: n === 1 ? first.id : null });
    live.tasks.update(randomUUID(), { title: 'Nothing' });
    expect(live.status.pending).toBe(131);
    let lost = 0;
    user.writes.length = 0;
    user.network = forWrites(async (_request, send) => {
      const answer = await send();
      return lost++ === 0 ? offline() : answer;
    });
    live.wake();
    await until(() => live.status.pending === 0, 30_000);
    const paths = user.writes.map(({ url }) => new URL(url).pathname.split('/').at(-1));
    expect(paths.filter((each) => each === 'batch').length).toBeGreaterThanOrEqual(2);
    expect(paths.length).toBeLessThan(10);
    expect(live.failed).toMatchObject([{ problem: { code: 'task-not-found' } }]);
    expect((await lane.tasks.list({ limit: 1, include_total: true })).total).toBe(130);
    await until(() => live.tasks.list().length === 130);
  });

  test('is never sent with the token of another user', async () => {
    const userId = randomUUID();
    let signedIn: string | null = userId;
    const device = await openDevice(userId, async () => (signedIn === null ? null : tokenOf(signedIn)));
    await settled(device.live);
    signedIn = randomUUID();
    device.live.tasks.create({ title: 'Private' });
    await until(() => device.live.status.connection === 'signed-out');
    signedIn = null;
    device.live.wake();
    device.live.tasks.create({ title: 'Private too' });
    expect(device.live.status.pending).toBe(2);
    expect(device.writes).toHaveLength(0);
    signedIn = userId;
    device.live.wake();
    await until(() => device.live.status.pending === 0);
    expect(device.live.tasks.list()).toHaveLength(2);
  });

  test('reports a conflict only to writes with a condition', async () => {
    const { live, lane } = await makeUser();
    const task = await lane.tasks.create({ title: 'A' });
    await until(() => live.tasks.get(task.id));
    await lane.tasks.update(task.id, { title: 'B' });
    live.tasks.update(task.id, { title: 'C' }, { ifMatch: task });
    await until(() => live.failed[0]?.problem.code === 'precondition-failed');
    live.tasks.update(task.id, { priority: 'low' });
    await until(() => live.status.pending === 0);
    expect(await lane.tasks.get(task.id)).toMatchObject({ title: 'B', priority: 'low' });
  });

  test('writes for users who require conditions, too', async () => {
    const { live, lane } = await makeUser();
    await lane.profile.update({ require_if_match: true });
    const { id } = live.tasks.create({ title: 'A' });
    await settled(live);
    live.tasks.update(id, { title: 'B' });
    await until(() => live.status.pending === 0);
    expect(await lane.tasks.get(id)).toMatchObject({ title: 'B' });
  });

  test('is asked for before the copy is wiped', async () => {
    const user = await makeUser();
    user.network = offline;
    user.live.tasks.create({ title: 'Unsent' });
    await expect(user.live.close({ wipe: true })).rejects.toThrow(UnsentWritesError);
    expect(user.live.tasks.list()).toHaveLength(1);
    await user.live.close({ wipe: true, discard: true });
  });
});

test('a copy starts over under the eyes of its reader', async () => {
  const user = await makeUser();
  const { live, lane } = user;
  const [gone, kept] = [
    await lane.tasks.create({ title: 'Gone' }),
    await lane.tasks.create({ title: 'Kept' }),
  ];
  await until(() => live.tasks.list().length === 2);
  await settled(live);
  const seen: number[] = [];
  const stop = live.subscribe(() => seen.push(live.tasks.list({ id: kept.id }).length));
  let expired = false;
  user.network = async (request, send) => {
    if (!expired && new URL(request.url).searchParams.has('token')) {
      expired = true;
      return refusal(410, 'sync-token-expired');
    }
    // The snapshot does not have the task that another device deleted.
    return send();
  };
  await lane.tasks.delete(gone.id);
  await until(() => expired && live.status.complete && live.tasks.list().length === 1);
  stop();
  expect(new Set(seen)).toEqual(new Set([1]));
});

describe('queries', () => {
  const zones = ['UTC', 'Pacific/Kiritimati', 'America/Los_Angeles', 'Asia/Kathmandu', 'Pacific/Pago_Pago'];
  const pick = <T>(values: readonly T[], n: number): T => values[n % values.length] as T;
  const day = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 10);
  let user: Awaited<ReturnType<typeof makeUser>>;
  let ids: { projects: string[]; parents: string[] };

  async function fill(): Promise<void> {
    user = await makeUser();
    const { lane, live } = user;
    const projects = [
      await lane.projects.create({ name: 'One' }),
      await lane.projects.create({ name: 'Two', archived: true }),
    ];
    const parents: string[] = [];
    for (let n = 0; n < 120; n++) {
      const due = pick([null, day(0), day(1), day(-1), day(2), day(-2)], n);
      const start = pick([null, day(-1), null, day(0), day(1), null, null], n >> 1);
      const isLate = due !== null && start !== null && start >= due;
      const due_time = due === null ? null : pick([null, '00:00', '09:30', '23:59'], n >> 1);
      const start_time = start === null || isLate ? null : pick([null, '06:15'], n);
      const parent = n % 5 === 4 ? pick(parents, n) : null;
      const task = await lane.tasks.create({
        title: pick(['Task 2', 'task 10', 'Äpfel', 'apfel', 'Zebra', 'Łódź', 'straße', 'Écrire'], n * 3),
        description: pick([null, '', 'Some Text'], n >> 2),
        status: pick(['pending', 'in_progress', 'pending', 'completed', 'cancelled'] as const, n >> 1),
        priority: pick(['low', 'medium', 'high', 'urgent'] as const, n),
        due_date: due,
        due_time,
        start_date: isLate ? null : start,
        start_time,
        time_zone: due_time || start_time ? pick([null, 'Asia/Tokyo', 'America/New_York'], n >> 2) : null,
        tags: pick([[], ['Home'], ['home', 'Straße'], ['garden']], n),
        ...(parent
          ? { parent_id: parent }
          : { project_id: pick([null, null, ...projects.map((each) => each.id)], n) }),
        ...(due && n % 9 === 0 && { rrule: 'FREQ=DAILY' }),
      });
      if (n % 6 === 0 && task.parent_id === null) parents.push(task.id);
    }
    ids = { projects: projects.map((each) => each.id), parents };
    await until(() => live.tasks.list({ include_archived: true }).length === 120);
    await settled(live);
  }

  test('have the answers of the service, in many zones', async () => {
    await fill();
    const { lane, live } = user;
    const sorts = [
      'due',
      '-due',
      'start',
      '-start',
      'title',
      '-title',
      '-priority',
      'status',
      'position',
      'completed_at',
      '-updated_at',
    ];
    const queries: LiveTaskQuery[] = [
      {},
      ...zones.flatMap((tz) =>
        (['today', 'overdue', 'upcoming', 'no_date'] as const).map((view): LiveTaskQuery => ({ view, tz })),
      ),
      ...zones.flatMap((tz) => [true, false].map((started): LiveTaskQuery => ({ started, tz }))),
      ...sorts.map((sort): LiveTaskQuery => ({ sort: [sort as 'due'] })),
      { sort: ['priority', '-due', 'title'] },
      { status: ['pending', 'completed'], priority: 'high' },
      { project_id: ids.projects },
      { project_id: ids.projects[1] as string },
      { include_archived: true },
      { parent_id: ids.parents[0] as string },
      { tags_any: ['HOME', 'garden'] },
      { tags_all: ['home', 'STRASSE'] },
      { tags_none: 'home' },
      { due_from: day(0), due_until: day(1) },
      { start_from: day(-1), start_until: day(0) },
      { completed_after: '2020-01-01T00:00:00Z' },
      { created_before: '2020-01-01T00:00:00Z' },
      ...(
        [
          'description',
          'project',
          'parent',
          'subtasks',
          'tags',
          'due_date',
          'due_time',
          'start_date',
          'start_time',
          'rrule',
          'reminders',
        ] as const
      ).flatMap((trait): LiveTaskQuery[] => [{ has: [trait] }, { has_not: [trait] }]),
      { q: 'lodz' },
      { q: 'STRASSE' },
      { q: 'some task' },
    ];
    for (const query of queries) {
      const page = await lane.tasks.list({ ...query, limit: 200 });
      const expected = page.items.map((each) => each.title + each.id);
      expect({ query, found: live.tasks.list(query).map((each) => each.title + each.id) }).toEqual({
        query,
        found: expected,
      });
    }
  });
});

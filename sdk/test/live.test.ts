/** Tests lanes that work offline: their writes and their outbox. */
import { randomUUID } from 'node:crypto';
import { tokenOf } from '../../test/support/service';
import { until } from '../../test/support/until';
import type { Task } from '../src/index';
import { UnsentWritesError } from '../src/live';
import {
  forWrites,
  isWrite,
  makeUser,
  offline,
  online,
  openDevice,
  refusal,
  settled,
  storedTitles,
  titles,
  useService,
} from './live-devices';

useService();

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

  test('shows until the copy has reached its position, also if the service is behind', async () => {
    const user = await makeUser();
    const { live } = user;
    const { id: deleted } = await user.lane.tasks.create({ title: 'Deleted' });
    await until(() => live.tasks.get(deleted));
    await settled(live);
    let behind: Response | undefined;
    let isBehind = true;
    user.network = async (request, send) => {
      if (isWrite(request) || !request.url.includes('/sync') || !isBehind) return send();
      // What a replica answers that has not received the write.
      behind ??= await send();
      return behind.clone();
    };
    live.wake();
    await until(() => behind);
    const { id } = live.tasks.create({ title: 'Written' });
    live.tasks.delete(deleted);
    const seen = new Set<string>();
    live.subscribe(() => seen.add(titles(live.tasks.list()).join()));
    await settled(live);
    for (let n = 0; n < 3; n++) {
      live.wake();
      await live.tasks.update(id, { description: `${n}` }).stored;
      await settled(live);
    }
    isBehind = false;
    live.wake();
    await until(async () => live.tasks.get(id)?.version === (await user.lane.tasks.get(id)).version);
    expect([...seen]).toEqual(['Written']);
  });

  test('that completes a task counts from the moment of the tick', async () => {
    const user = await makeUser();
    const { live, lane } = user;
    const once = live.tasks.create({ title: 'Once' }).id;
    const patched = live.tasks.create({ title: 'Patched' }).id;
    const daily = live.tasks.create({ title: 'Daily', due_date: '2026-06-02', rrule: 'FREQ=DAILY' }).id;
    await settled(live);
    user.network = offline;
    const begin = new Date().toISOString();
    live.tasks.complete(once);
    live.tasks.update(patched, { status: 'completed' });
    live.tasks.complete(daily);
    const end = new Date().toISOString();
    // Another device has completed the same occurrence and the next one.
    await lane.tasks.complete(daily, { occurrence: '2026-06-02' });
    const { due_date } = await lane.tasks.get(daily);
    await lane.tasks.complete(daily, { occurrence: due_date as string });
    const expected = await lane.tasks.get(daily);
    user.network = online;
    live.wake();
    await settled(live);
    expect(live.failed).toEqual([]);
    for (const id of [once, patched]) {
      const { completed_at } = await lane.tasks.get(id);
      expect(completed_at && completed_at >= begin && completed_at <= end).toBe(true);
    }
    expect(await lane.tasks.get(daily)).toEqual(expected);
    expect((await lane.tasks.completions({ task_id: daily })).items).toHaveLength(2);
    await until(() => live.tasks.get(daily)?.due_date === expected.due_date);
  });

  test('that was made with a clock that is ahead has the time of the service', async () => {
    const { live, lane } = await makeUser();
    const ids = Array.from({ length: 25 }, (_, n) => live.tasks.create({ title: `Task ${n}` }).id);
    await settled(live);
    const completed_at = new Date(Date.now() + 10 * 86_400_000).toISOString();
    for (const id of ids) live.tasks.complete(id, { completed_at });
    await until(() => live.status.pending === 0);
    expect(live.failed).toEqual([]);
    const { items } = await lane.tasks.list({ status: 'completed' });
    expect(items).toHaveLength(25);
    for (const task of items) expect(task.completed_at && task.completed_at < completed_at).toBe(true);
  });

  test('that skips an occurrence skips no other one', async () => {
    const user = await makeUser();
    const { live, lane } = user;
    const { id } = live.tasks.create({ title: 'Weekly', due_date: '2099-06-01', rrule: 'FREQ=WEEKLY' });
    await settled(live);
    user.network = offline;
    live.tasks.skip(id);
    await lane.tasks.skip(id);
    user.network = online;
    live.wake();
    await settled(live);
    expect(await lane.tasks.get(id)).toMatchObject({ due_date: '2099-06-08' });
    live.tasks.skip(id, { occurrence: '2099-06-08' });
    await until(() => live.tasks.get(id)?.due_date === '2099-06-15');
    live.tasks.complete(id);
    live.tasks.reopen(id);
    expect(live.tasks.get(id)).toMatchObject({ completed: false, due_date: '2099-06-15' });
    await settled(live);
    expect(await lane.tasks.get(id)).toMatchObject({ status: 'pending', due_date: '2099-06-15' });
  });

  test('needs no token if cookies or a proxy authenticate the user', async () => {
    const userId = randomUUID();
    const token = await tokenOf(userId);
    let isSignedIn = true;
    const device = await openDevice(userId, {
      token: null,
      // The proxy.
      network(request, send) {
        if (isSignedIn) request.headers.set('Authorization', `Bearer ${token}`);
        return send();
      },
    });
    const { live } = device;
    await settled(live);
    live.tasks.create({ title: 'By cookie' });
    await settled(live);
    isSignedIn = false;
    live.tasks.create({ title: 'After the session' });
    await until(() => live.status.connection === 'signed-out');
    expect(live.status).toMatchObject({ pending: 1, failed: 0 });
    isSignedIn = true;
    live.wake();
    await settled(live);
    expect(titles(live.tasks.list())).toEqual(['After the session', 'By cookie']);
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
    const [tag] = await until(() => live.tags.list().length > 0 && live.tags.list());
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

  test('says what has the id of a creation that failed', async () => {
    const { live, lane } = await makeUser();
    const { id } = await lane.tasks.create({ title: 'Deleted elsewhere' });
    await lane.tasks.delete(id);
    live.tasks.create({ id, title: 'Another' });
    const problem = { code: 'id-taken', entity: { type: 'task', version: 2, in_trash: true } };
    await until(() => live.failed.length === 1);
    expect(live.failed).toMatchObject([{ id, problem }]);
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
    const { live } = await openDevice(userId, { token: async () => (isSignedIn ? tokenOf(userId) : null) });
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

  test('takes back every edit that was merged', async () => {
    const userId = randomUUID();
    let isSignedIn = true;
    const { live } = await openDevice(userId, { token: async () => (isSignedIn ? tokenOf(userId) : null) });
    const { id } = live.tasks.create({ title: 'A' });
    await settled(live);
    isSignedIn = false;
    const edits = [live.tasks.update(id, { title: 'B' }), live.tasks.update(id, { priority: 'high' })];
    const completion = live.tasks.complete(id);
    for (const each of [...edits, completion]) expect(await each.undo()).toBe(true);
    expect(live.tasks.get(id)).toMatchObject({ title: 'A', priority: 'medium', completed: false });
    expect(live.status.pending).toBe(0);
  });

  test('stores what is written at once before it closes', async () => {
    const user = await makeUser();
    user.network = offline;
    const writes = Array.from({ length: 50 }, (_, n) => user.live.tasks.create({ title: `Task ${n}` }));
    expect(user.live.status.pending).toBe(50);
    await user.live.close();
    await Promise.all(writes.map((each) => each.stored));
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

  test('sends an operation of a batch again after an internal error', async () => {
    const user = await makeUser();
    let failing = true;
    user.network = forWrites(async (request, send) => {
      if (!failing || !request.url.endsWith('/batch')) return send();
      failing = false;
      // The service carries out all operations except one.
      const { operations, ...rest } = await request.json();
      const [failed, ...others] = operations;
      const body = JSON.stringify({ ...rest, operations: others });
      const response = await fetch(
        new Request(request.url, { method: 'POST', headers: request.headers, body }),
      );
      const { results } = await response.json();
      const problem = await refusal(500, 'internal-error').json();
      results.unshift({ index: 0, op: failed.op, status: 500, body: null, problem });
      return Response.json({ results }, { headers: response.headers });
    });
    for (let n = 0; n < 20; n++) user.live.tasks.create({ title: `Task ${n}` });
    await settled(user.live);
    expect(user.live.failed).toEqual([]);
    expect(await storedTitles(user.lane)).toHaveLength(20);
  });

  test('is never sent with the token of another user', async () => {
    const userId = randomUUID();
    let signedIn: string | null = userId;
    const device = await openDevice(userId, {
      token: async () => (signedIn === null ? null : tokenOf(signedIn)),
    });
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

  test('waits while the token function fails, which is no sign-out', async () => {
    const userId = randomUUID();
    let isAway = true;
    const { live } = await openDevice(userId, {
      token: async () => {
        if (isAway) throw new Error('503');
        return tokenOf(userId);
      },
    });
    const connections = new Set<string>();
    live.subscribe(() => connections.add(live.status.connection));
    live.tasks.create({ title: 'Early' });
    await until(() => live.status.connection === 'offline');
    isAway = false;
    live.wake();
    await settled(live);
    expect(connections).not.toContain('signed-out');
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

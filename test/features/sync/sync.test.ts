/** Tests /sync: a copy gets the whole lane in pages, and becomes equal to it. */
import { randomUUID } from 'node:crypto';
import { entityTypes } from '../../../src/features/sync/entities';
import { type Body, send } from '../../support/api';
import { query } from '../../support/database';
import { copyLane, type LaneCopy, storedTasks, tasksOf } from '../../support/lane-copy';
import { tokenOf, useTestService } from '../../support/service';
import { seedTasks } from '../../support/tasks';
import { makeUser, type TestUser } from '../../support/user';

let ada: TestUser;
let copy: LaneCopy;

const service = useTestService({ RATE_LIMIT: 'off' });
beforeEach(async () => {
  ada = await makeUser(service.url);
  copy = copyLane(service.url, ada.id, ada.token);
});

const sql = (text: string, values: unknown[] = []) => query<Body>(service.database.url, text, values);

async function makeTask(title = 'A task', id?: string): Promise<Body> {
  const { status, body } = await ada.send('POST', '/tasks', { body: { title, ...(id && { id }) } });
  expect(status).toBe(201);
  return body;
}

const change = (id: string, body: object) => ada.send('PATCH', `/tasks/${id}`, { body });
const remove = (id: string) => ada.send('DELETE', `/tasks/${id}`);

/** The changes of the last page. */
const lastPage = () =>
  copy.pages.at(-1)?.changes.map(({ seq, type, id, deleted }) => ({ seq, type, id, deleted }));

async function expectConverged(): Promise<void> {
  expect(tasksOf(copy.entities())).toEqual(await storedTasks(service.database.url, ada.id));
  expect(copy.entities()['profile null']).toEqual((await ada.send('GET', '/profile')).body);
}

describe('a snapshot', () => {
  test('of an empty lane has the default profile, and continues with the first change', async () => {
    await copy.catchUp();
    expect(lastPage()).toEqual([{ seq: 0, type: 'profile', id: null, deleted: false }]);
    expect(await sql('select from tasklane.profiles where lane_id = lane_of($1)', [ada.id])).toEqual([]);
    await expectConverged();
    const task = await makeTask();
    await copy.catchUp();
    expect(lastPage()).toEqual([{ seq: 1, type: 'task', id: task.id, deleted: false }]);
    await expectConverged();
  });

  test.each([1, 2, 3, 4, 5, 6, 7])('is complete in pages of %i', async (limit) => {
    const ids = await seedTasks(
      service.database.url,
      ada.id,
      Array.from({ length: 5 }, (_, n) => ({ title: `Task ${n}` })),
    );
    const sizes: number[] = [];
    const more: boolean[] = [];
    do {
      more.push(await copy.pull(limit));
      sizes.push(copy.pages.at(-1)?.changes.length ?? 0);
    } while (more.at(-1));
    expect(sizes).toHaveLength(Math.ceil(6 / limit));
    expect(sizes.slice(0, -1).every((size) => size === limit)).toBe(true);
    const synced = copy.pages.flatMap((page) => page.changes.map((each) => each.id));
    expect(synced).toEqual([null, ...ids.sort()]);
    await copy.catchUp();
    expect(copy.pages.at(-1)).toMatchObject({ changes: [], has_more: false });
    await expectConverged();
  });

  test('includes changes made while it is read, on earlier and later pages', async () => {
    const ids = (
      await seedTasks(
        service.database.url,
        ada.id,
        Array.from({ length: 9 }, (_, n) => ({ title: `Task ${n}` })),
      )
    ).sort() as [string, ...string[]];
    expect(await copy.pull(5)).toBe(true);
    // Changes entities of the page that was read, and of later pages.
    await change(ids[0], { title: 'Changed behind' });
    await change(ids[8] as string, { title: 'Changed ahead' });
    await remove(ids[1] as string);
    await remove(ids[7] as string);
    await makeTask('New behind', '00000000-0000-4000-8000-000000000000');
    await makeTask('New ahead', 'ffffffff-ffff-4fff-bfff-ffffffffffff');
    await ada.send('PATCH', '/profile', { body: { week_start: 'sunday' } });
    await copy.catchUp(5);
    await expectConverged();
  });

  test('gives a second copy the same entities', async () => {
    await makeTask();
    await copy.catchUp();
    const again = copyLane(service.url, ada.id, ada.token);
    await again.catchUp();
    expect(again.entities()).toEqual(copy.entities());
  });
});

describe('changes', () => {
  test('of one entity are merged, in the order of the last changes', async () => {
    const [one, two] = [await makeTask('One'), await makeTask('Two')];
    await copy.catchUp();
    await change(one.id, { title: 'One, changed' });
    await change(two.id, { title: 'Two, changed' });
    await change(one.id, { priority: 'high' });
    await copy.catchUp();
    expect(lastPage()).toEqual([
      { seq: 4, type: 'task', id: two.id, deleted: false },
      { seq: 5, type: 'task', id: one.id, deleted: false },
    ]);
    expect(copy.pages).toHaveLength(2);
    await expectConverged();
  });

  test('of a deleted task become a tombstone, and of a restored task do not', async () => {
    await copy.catchUp();
    const { id } = await makeTask();
    await remove(id);
    await copy.catchUp();
    expect(lastPage()).toEqual([{ seq: 2, type: 'task', id, deleted: true }]);
    await ada.send('POST', `/tasks/${id}/restore`);
    await copy.catchUp();
    expect(lastPage()).toEqual([{ seq: 3, type: 'task', id, deleted: false }]);
    await expectConverged();
    await remove(id);
    await ada.send('DELETE', `/trash/${id}`);
    await copy.catchUp();
    expect(lastPage()).toEqual([{ seq: 5, type: 'task', id, deleted: true }]);
    await expectConverged();
  });

  test('include entities that change together with another one', async () => {
    const { body: project } = await ada.send('POST', '/projects', { body: { name: 'Garden' } });
    const task = await makeTask('Water the plants');
    const { body: child } = await ada.send('POST', '/tasks', {
      body: { title: 'The cactus', parent_id: task.id, tags: ['home'] },
    });
    await change(task.id, { project_id: project.id });
    await copy.catchUp();
    const { body: tags } = await ada.send('GET', '/tags');
    await ada.send('PATCH', `/tags/${tags.items[0].id}`, { body: { name: 'House' } });
    await copy.catchUp();
    expect(copy.entities()[`task ${child.id}`]).toMatchObject({ tags: ['House'], project_id: project.id });
    expect(copy.entities()[`tag ${tags.items[0].id}`]).toMatchObject({ name: 'House' });
    await remove(task.id);
    await copy.catchUp();
    expect(tasksOf(copy.entities())).toEqual({});
    await ada.send('POST', `/tasks/${task.id}/restore`);
    expect((await ada.send('DELETE', `/projects/${project.id}?tasks=move`)).status).toBe(204);
    await copy.catchUp();
    expect(Object.keys(copy.entities()).filter((key) => key.startsWith('project'))).toEqual([]);
    await expectConverged();
  });

  test('come in pages, and has_more is false on the last page', async () => {
    await copy.catchUp();
    for (let n = 0; n < 5; n++) await makeTask(`Task ${n}`);
    expect([await copy.pull(2), await copy.pull(2), await copy.pull(2)]).toEqual([true, true, false]);
    expect(copy.pages.slice(1).map((page) => page.changes.length)).toEqual([2, 2, 1]);
    await expectConverged();
  });

  test('that concern the same entity many times do not make pages larger than the limit', async () => {
    const [one, two, three] = [await makeTask(), await makeTask(), await makeTask()];
    await copy.catchUp();
    for (let n = 0; n < 7; n++) await change(one.id, { title: `Version ${n}` });
    await change(two.id, { title: 'Changed' });
    await change(three.id, { title: 'Changed' });
    const pages: (number | undefined)[] = [];
    while (await copy.pull(1)) pages.push(copy.pages.at(-1)?.changes.length);
    expect(pages.every((size) => size === 1)).toBe(true);
    expect(pages.length).toBeLessThan(7);
    await expectConverged();
  });

  test('of types that are not synced are skipped', async () => {
    await makeTask();
    await copy.catchUp();
    const types = entityTypes as { task: unknown };
    const { task } = types;
    try {
      // As if a type were not synced; the tokens depend on the types.
      types.task = null;
      const fresh = copyLane(service.url, ada.id, ada.token);
      await fresh.catchUp();
      expect(Object.keys(fresh.entities())).toEqual(['profile null']);
      for (let n = 0; n < 12; n++) await makeTask();
      await ada.send('PATCH', '/profile', { body: { week_start: 'saturday' } });
      expect(await fresh.pull(2)).toBe(true);
      expect(fresh.pages.at(-1)?.changes).toEqual([]);
      await fresh.catchUp(2);
      expect(fresh.pages.at(-1)?.changes).toMatchObject([{ type: 'profile', seq: 14 }]);
    } finally {
      types.task = task;
    }
  });
});

describe('a sync token', () => {
  const sync = (token: string, as = ada) => as.send('GET', `/sync?token=${encodeURIComponent(token)}`);
  const parts = (): unknown[] => JSON.parse(Buffer.from(copy.token ?? '', 'base64url').toString());
  const made = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const id = randomUUID();

  beforeEach(async () => {
    await makeTask();
    await copy.catchUp();
  });

  test('of another user is rejected', async () => {
    const bob = await makeUser(service.url);
    const response = await sync(copy.token as string, bob);
    expect(response).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/query/token', code: 'wrong-token' }] },
    });
  });

  test.each<[string, (whole: unknown[]) => string]>([
    ['nothing', () => made(null)],
    ['text', () => 'nonsense'],
    ['another version', ([, ...rest]) => made([2, ...rest])],
    ['a missing part', (whole) => made(whole.slice(0, -1))],
    ['an additional part', (whole) => made([...whole, 1])],
    ['an object', (whole) => made({ ...whole })],
    ['a negative number', (whole) => made(whole.with(4, -1))],
    ['a fraction', (whole) => made(whole.with(4, 0.5))],
    ['a number that is too large', (whole) => made(whole.with(4, 2 ** 53))],
    ['a number as text', (whole) => made(whole.with(4, '1'))],
    ['a malformed epoch', (whole) => made(whole.with(3, 'x'))],
    ['an epoch in upper case', (whole) => made(whole.with(3, String(whole[3]).toUpperCase()))],
    ['an unknown type', (whole) => made(whole.with(5, ['nothing', null, null]))],
    ['a property of every object', (whole) => made(whole.with(5, ['__proto__', null, null]))],
    ['a malformed id', (whole) => made(whole.with(5, ['task', "' or true", null]))],
    ['space', (whole) => Buffer.from(JSON.stringify(whole, null, 1)).toString('base64url')],
    ['padding', (whole) => `${made(whole)}=`],
    ['more bits', (whole) => `${made(whole)}A`],
  ])('with %s is rejected', async (_what, make) => {
    const response = await sync(make(parts()));
    expect(response).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/query/token', code: 'wrong-token' }] },
    });
  });

  test("that is forged but well-formed reads only the caller's lane", async () => {
    const response = await sync(made(parts().with(5, ['task', id, null])));
    expect(response.status).toBe(200);
  });

  test.each<[string, (whole: unknown[]) => unknown[]]>([
    ['beyond the last change', (whole) => whole.with(4, 2)],
    ['of another epoch', (whole) => whole.with(3, id)],
    ['without an epoch after the beginning', (whole) => whole.with(3, null)],
    ['of a service that syncs other types', (whole) => whole.with(2, 'x'.repeat(16))],
    ['of a snapshot of another epoch', (whole) => whole.with(3, id).with(5, ['task', null, null])],
  ])('%s has expired', async (_what, change) => {
    const response = await sync(made(change(parts())));
    expect(response).toMatchObject({ status: 410, body: { code: 'sync-token-expired' } });
  });

  test('expires only when a change after it is purged', async () => {
    const oldest = copy.token as string;
    await makeTask();
    await copy.catchUp();
    const next = copy.token as string;
    await makeTask();
    const purge = (seq: number) => sql('select purge_changes($1, $2)', [ada.id, seq]);
    await purge(1);
    expect((await sync(oldest)).status).toBe(200);
    await purge(2);
    expect((await sync(oldest)).status).toBe(410);
    expect((await sync(next)).status).toBe(200);
    // Without any stored change, only a copy that is complete can continue.
    await purge(3);
    expect((await sync(next)).status).toBe(410);
    const { body } = await ada.send('GET', '/sync');
    expect((await sync(body.next_token)).status).toBe(200);
    await copy.catchUp();
    await expectConverged();
  });

  test('of an erased lane is expired in the new lane', async () => {
    await ada.send('DELETE', `?confirm=${ada.id}`);
    await sql('delete from tasklane.erased');
    expect((await sync(copy.token as string)).status).toBe(410);
    await makeTask('In the new lane');
    expect((await sync(copy.token as string)).status).toBe(410);
    await copy.catchUp();
    await expectConverged();
  });

  test('from the time before the first write stays valid, also in a lane that was created again', async () => {
    const bob = await makeUser(service.url);
    const { body } = await bob.send('GET', '/sync');
    const { body: task } = await bob.send('POST', '/tasks', { body: { title: 'First' } });
    expect((await sync(body.next_token, bob)).body.changes).toMatchObject([{ id: task.id }]);
    await bob.send('DELETE', `?confirm=${bob.id}`);
    await sql('delete from tasklane.erased');
    const { body: other } = await bob.send('POST', '/tasks', { body: { title: 'First again' } });
    expect((await sync(body.next_token, bob)).body.changes).toMatchObject([{ id: other.id }]);
  });
});

test('a large lane is synced in a short time', async () => {
  const userId = randomUUID();
  await sql('select make_lane($1)', [userId]);
  await sql(
    `insert into tasklane.tasks (lane_id, id, title)
     select lane_of($1), gen_random_uuid(), 'Task ' || n from generate_series(1, 10000) as n`,
    [userId],
  );
  const token = await tokenOf(userId);
  const large = copyLane(service.url, userId, token);
  await large.catchUp(500);
  expect(large.pages).toHaveLength(Math.ceil(10_001 / 500));
  expect(Object.keys(large.entities())).toHaveLength(10_001);
  expect((await send(service.url, 'GET', `/api/${userId}/sync?limit=501`, { token })).status).toBe(422);
});

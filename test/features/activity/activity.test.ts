/** Tests the activity: newest first, filtered and in pages. */
import { type Body, send } from '../../support/api';
import { tokenOfClient } from '../../support/clients';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeUser, useUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
const ada = useUser(service);

async function activity(search = ''): Promise<Body> {
  const { status, body } = await ada.send('GET', `/activity${search}`);
  expect(status).toBe(200);
  return body;
}

const seqs = (body: Body): number[] => body.items.map((each: Body) => each.seq);

async function makeTask(): Promise<Body> {
  return (await ada.send('POST', '/tasks', { body: { title: 'A task' } })).body;
}

/** Makes 7 changes of two tasks and the profile. */
async function makeHistory(): Promise<{ one: string; two: string }> {
  const one = await makeTask();
  const two = await makeTask();
  await ada.send('PATCH', `/tasks/${one.id}`, { body: { title: 'Changed', priority: 'high' } });
  await ada.send('PATCH', '/profile', { body: { week_start: 'sunday' } });
  await ada.send('PATCH', `/tasks/${two.id}/complete`);
  await ada.send('DELETE', `/tasks/${one.id}`);
  await ada.send('PATCH', `/tasks/${two.id}`, { body: { description: 'More' } });
  return { one: one.id, two: two.id };
}

test('has the user, the entity, the actor, the request, and the old and new value of each field', async () => {
  const { one } = await makeHistory();
  const { items } = await activity();
  expect(seqs({ items })).toEqual([7, 6, 5, 4, 3, 2, 1]);
  expect(items.at(-3)).toEqual({
    seq: 3,
    user_id: ada.id,
    type: 'task',
    entity_id: one,
    action: 'updated',
    fields: { title: { from: 'A task', to: 'Changed' }, priority: { from: 'medium', to: 'high' } },
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    actor: { type: 'user', id: ada.id },
    request: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
});

test('the activity of an empty lane is empty', async () => {
  expect(await activity()).toEqual({ items: [], next_cursor: null, total: null });
});

test.each([
  ['?type=profile', [4]],
  ['?type=task', [7, 6, 5, 3, 2, 1]],
  ['?type=task,profile', [7, 6, 5, 4, 3, 2, 1]],
  ['?action=created', [2, 1]],
  ['?action=created,deleted', [6, 2, 1]],
  ['?type=task&action=updated', [7, 5, 3]],
])('%s filters it', async (search, expected) => {
  await makeHistory();
  expect(seqs(await activity(search))).toEqual(expected);
});

test('an actor, or a client, has its own activity', async () => {
  const one = await makeTask();
  const change = async (priority: string, clientId: string) =>
    send(service.url, 'PATCH', `/api/${ada.id}/tasks/${one.id}`, {
      token: await tokenOfClient(ada.id, clientId),
      body: { priority },
    });
  await change('high', 'an agent');
  await change('low', 'another');
  await query(
    service.database.url,
    `insert into tasklane.changes (lane_id, seq, type, entity_id, action, fields)
     values (lane_of($1), 4, 'task', $2, 'overdue', '{}')`,
    [ada.id, one.id],
  );
  const expected = {
    '?actor_type=user': [1],
    '?actor_type=client': [3, 2],
    '?actor_type=service': [4],
    '?actor_type=user,service,user': [4, 1],
    '?actor_type=user,client,service': [4, 3, 2, 1],
    '?client_id=an%20agent': [2],
    '?client_id=nobody': [],
    '?actor_type=service&client_id=another': [],
  };
  for (const [search, found] of Object.entries(expected)) {
    const page = await activity(`${search}&limit=1&include_total=true`);
    expect([search, page.total, seqs(await activity(search))]).toEqual([search, found.length, found]);
  }
  expect((await activity('?client_id=another')).items[0].actor).toEqual({ type: 'client', id: 'another' });
});

test('one entity has its own activity', async () => {
  const { one, two } = await makeHistory();
  expect(seqs(await activity(`?entity_id=${one}`))).toEqual([6, 3, 1]);
  expect(seqs(await activity(`?entity_id=${two}&action=updated`))).toEqual([7, 5]);
  expect(seqs(await activity('?entity_id=00000000-0000-4000-8000-000000000000'))).toEqual([]);
});

test('a time range includes its beginning and excludes its end', async () => {
  await makeHistory();
  await query(
    service.database.url,
    `update tasklane.changes set at = shifted('2026-01-01Z', seq * interval '1 day') where lane_id = lane_of($1)`,
    [ada.id],
  );
  expect(seqs(await activity('?since=2026-01-04T00:00:00.000Z'))).toEqual([7, 6, 5, 4, 3]);
  expect(seqs(await activity('?until=2026-01-04T00:00:00.000Z'))).toEqual([2, 1]);
  const both = '?since=2026-01-03T01:00:00%2B01:00&until=2026-01-05T00:00:00Z';
  expect(seqs(await activity(both))).toEqual([3, 2]);
});

test('pages continue correctly while new changes arrive', async () => {
  await makeHistory();
  const first = await ada.send('GET', '/activity?limit=3&type=task');
  expect(seqs(first.body)).toEqual([7, 6, 5]);
  await makeTask();
  const link = /<([^>]+)>; rel="next"/.exec(first.headers.link ?? '')?.[1] as string;
  const second = await send(service.url, 'GET', link, { token: ada.token });
  expect(seqs(second.body)).toEqual([3, 2, 1]);
  expect(second.body.next_cursor).toBeNull();
  expect(second.headers.link).toBeUndefined();
});

test('a cursor belongs to its user and filters', async () => {
  await makeHistory();
  const { next_cursor: cursor } = await activity('?limit=3');
  const bob = await makeUser(service.url);
  const made = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const parts = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  const refused = [
    ada.send('GET', `/activity?type=task&cursor=${cursor}`),
    bob.send('GET', `/activity?cursor=${cursor}`),
    ada.send('GET', `/activity?cursor=${made([...parts.slice(0, 2), 'x'])}`),
    ada.send('GET', `/activity?cursor=${made([...parts.slice(0, 2), 1.5])}`),
    ada.send('GET', `/activity?cursor=${made([...parts, 1])}`),
    ada.send('GET', '/activity?cursor=nonsense'),
  ];
  for (const response of await Promise.all(refused)) {
    expect(response).toMatchObject({ status: 422, body: { errors: [{ pointer: '/query/cursor' }] } });
  }
});

/** Tests that a client learns where its writes stand: `Tasklane-Seq` of writes, and `seq` and `epoch` of sync pages. */
import { randomUUID } from 'node:crypto';
import { type ApiResponse, send } from '../../support/api';
import { useTestService } from '../../support/service';
import { makeUser, type TestUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
let ada: TestUser;
beforeEach(async () => {
  ada = await makeUser(service.url);
});

const noPosition = '0-00000000-0000-0000-0000-000000000000';
const positionOf = ({ headers }: ApiResponse) => headers['tasklane-seq'];
const seqOf = (response: ApiResponse) => Number(String(positionOf(response)).split('-', 1)[0]);
const create = (title = 'A task', headers = {}) => ada.send('POST', '/tasks', { body: { title }, headers });

/** The page of `/sync` after `token`. */
const sync = async (query: string) => (await ada.send('GET', `/sync?${query}`)).body;
const present = async () => {
  const { seq, epoch } = await sync('limit=500');
  return `${seq}-${epoch}`;
};
/** The number of the last change of each entity, by id. */
async function changeNumbers(): Promise<Map<string, number>> {
  const { items } = (await ada.send('GET', '/activity?limit=200')).body;
  return new Map(
    items.toReversed().map((each: { entity_id: string; seq: number }) => [each.entity_id, each.seq]),
  );
}

test('a write answers the number of its last change and the epoch', async () => {
  const first = await create();
  expect([seqOf(first), positionOf(first)]).toEqual([1, await present()]);
  const path = `/tasks/${first.body.id}`;
  const writes: [method: string, path: string, body?: object, headers?: object][] = [
    ['PATCH', path, { title: 'Another title' }],
    ['PUT', path, { title: 'A third title' }],
    ['PATCH', path, { title: 'A fourth title' }, { 'If-Match': '*' }],
    ['PATCH', `${path}/complete`, { completed: true }, { 'Idempotency-Key': 'complete' }],
    ['PATCH', '/profile', { time_zone: 'Europe/Zurich' }],
    ['DELETE', path],
    ['DELETE', '/trash'],
  ];
  for (const [method, where, body, headers = {}] of writes) {
    const before = await present();
    const response = await ada.send(method, where, { body, headers: { ...headers } });
    expect(response.status).toBeLessThan(300);
    expect(positionOf(response)).not.toBe(before);
    expect(positionOf(response)).toBe(await present());
  }
});

test('a write that changes nothing answers the number of the last change of the lane', async () => {
  const { body } = await create();
  const last = await create();
  const unchanged = await ada.send('PATCH', `/tasks/${body.id}`, { body: { title: body.title } });
  expect(positionOf(unchanged)).toBe(positionOf(last));
  expect(positionOf(await ada.send('DELETE', '/trash'))).toBe(positionOf(last));
});

test('writes that share a commit answer the number of their own change', async () => {
  await create();
  const responses = await Promise.all(Array.from({ length: 60 }, (_, n) => create(`Task ${n}`)));
  const numbers = await changeNumbers();
  expect(responses.map(seqOf)).toEqual(responses.map(({ body }) => numbers.get(body.id)));
  expect(new Set(responses.map(seqOf)).size).toBe(60);
});

test('a batch answers the number of its last change, also if some of its operations fail', async () => {
  const make = { op: 'create_task', task: { title: 'A task' } };
  const remove = { op: 'delete_task', id: randomUUID() };
  const batch = (...operations: object[]) =>
    ada.send('POST', '/batch', { body: { atomic: false, operations } });
  expect(seqOf(await batch(make, make, make))).toBe(3);
  expect(seqOf(await batch(make, remove))).toBe(4);
  expect(seqOf(await batch(remove))).toBe(4);
});

test('a repeated reply has the position of the first one', async () => {
  const headers = { 'Idempotency-Key': 'once' };
  const first = await create('Once', headers);
  await create();
  const again = await create('Once', headers);
  expect(again.headers['idempotency-replayed']).toBe('true');
  expect(positionOf(again)).toBe(positionOf(first));
});

test('an import answers its last change, and a dry run the present position', async () => {
  const csv = { headers: { 'Content-Type': 'text/csv' }, body: 'title\nOne\nTwo\nThree\n' };
  expect(positionOf(await ada.send('POST', '/import.csv?dry_run=true', csv))).toBe(noPosition);
  const imported = await ada.send('POST', '/import.csv', csv);
  expect(positionOf(imported)).toBe(await present());
  expect(seqOf(imported)).toBeGreaterThanOrEqual(3);
  expect(positionOf(await ada.send('POST', '/import.csv?dry_run=true', csv))).toBe(positionOf(imported));
});

test('the erasure of a lane answers the position of a lane that does not exist', async () => {
  await create();
  expect(positionOf(await ada.send('DELETE', `?confirm=${ada.id}`))).toBe(noPosition);
});

test('a read and a problem have no position', async () => {
  const { body } = await create();
  expect(positionOf(await ada.send('GET', `/tasks/${body.id}`))).toBeUndefined();
  const refused = await ada.send('PATCH', `/tasks/${body.id}`, {
    body: {},
    headers: { 'If-Match': '"9-9"' },
  });
  expect([refused.status, positionOf(refused)]).toEqual([412, undefined]);
});

test('the pages of a snapshot have seq 0 until it is complete, and an empty page has the position', async () => {
  const last = [await create(), await create(), await create()].at(-1) as ApiResponse;
  const [lastSeq, ...epoch] = String(positionOf(last)).split('-');
  const pages = [await sync('limit=2')];
  while (pages.at(-1).has_more) pages.push(await sync(`limit=2&token=${pages.at(-1).next_token}`));
  expect(pages.map(({ seq }) => seq)).toEqual([0, Number(lastSeq)]);
  const empty = await sync(`token=${pages.at(-1).next_token}`);
  expect(empty).toMatchObject({ changes: [], seq: Number(lastSeq), epoch: epoch.join('-') });
});

test('a sync page of a lane that does not exist has the position of no lane', async () => {
  expect(await present()).toBe(noPosition);
  expect((await send(service.url, 'GET', `${ada.lane}/sync`, { token: ada.token })).body.seq).toBe(0);
});

/** Tests `/sync?closed_since=`: a small copy without the tasks that were closed before. */
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeUser, type TestUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
let ada: TestUser;
beforeEach(async () => {
  ada = await makeUser(service.url);
});

const since = '2026-01-01T00:00:00.000Z';
const before = '2025-12-31T23:59:59.999Z';

async function makeTask(title: string, fields: object = {}): Promise<string> {
  const { status, body } = await ada.send('POST', '/tasks', { body: { title, ...fields } });
  expect(status).toBe(201);
  return body.id;
}

/** Makes a task that was completed or cancelled at an instant. */
async function makeClosed(title: string, status: 'completed' | 'cancelled', at: string): Promise<string> {
  const id = await makeTask(title, { status });
  await query(
    service.database.url,
    `update tasklane.tasks set updated_at = $2, completed_at = case when status = 'completed' then $2::timestamptz end
     where id = $1`,
    [id, at],
  );
  return id;
}

/** Reads pages until the last one. @returns the titles of tasks, and the types of other entities but the profile */
async function pull(first: string, limit = 200): Promise<{ found: string[]; token: string }> {
  const found: string[] = [];
  for (let parameters = first; ; ) {
    const { status, body } = await ada.send('GET', `/sync?${parameters}&limit=${limit}`);
    expect(status).toBe(200);
    for (const { type, deleted, data } of body.changes) {
      if (type === 'task') found.push(deleted ? 'deleted' : data.title);
      else if (type !== 'profile') found.push(type);
    }
    if (!body.has_more) return { found: found.sort(), token: body.next_token };
    parameters = `token=${body.next_token}`;
  }
}
const small = (limit?: number) => pull(`closed_since=${encodeURIComponent(since)}`, limit);

test.each([1, 2, 200])('a snapshot in pages of %i leaves out what was closed before', async (limit) => {
  await makeTask('open');
  await makeTask('started', { status: 'in_progress' });
  await makeClosed('completed before', 'completed', before);
  await makeClosed('completed since', 'completed', since);
  await makeClosed('cancelled before', 'cancelled', before);
  await makeClosed('cancelled since', 'cancelled', since);
  const all = await pull('');
  expect(all.found).toHaveLength(6);
  expect((await small(limit)).found).toEqual(['cancelled since', 'completed since', 'open', 'started']);
});

test('completions before are left out too', async () => {
  const id = await makeTask('every day', { due_date: '2026-11-01', rrule: 'FREQ=DAILY' });
  for (let n = 0; n < 2; n++) await ada.send('PATCH', `/tasks/${id}/complete`);
  expect((await small()).found).toEqual(['completion', 'completion', 'every day']);
  await query(
    service.database.url,
    `update tasklane.completions set completed_at = $2 where id = (select id from tasklane.completions
     where task_id = $1 limit 1)`,
    [id, before],
  );
  expect((await small()).found).toEqual(['completion', 'every day']);
});

test('a task that was left out arrives when it is reopened, and one that is closed is not removed', async () => {
  const old = await makeClosed('old', 'completed', before);
  const open = await makeTask('open');
  const { found, token } = await small();
  expect(found).toEqual(['open']);
  await ada.send('PATCH', `/tasks/${old}`, { body: { status: 'pending' } });
  await ada.send('PATCH', `/tasks/${open}`, { body: { status: 'completed' } });
  await query(service.database.url, 'update tasklane.tasks set completed_at = $2 where id = $1', [
    open,
    before,
  ]);
  expect((await pull(`token=${token}`)).found).toEqual(['old', 'open']);
});

test('a token keeps it, so they cannot be combined', async () => {
  const { token } = await small();
  const response = await ada.send('GET', `/sync?token=${token}&closed_since=${since}`);
  expect(response).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: '/query/closed_since', code: 'contradiction' }] },
  });
});

/** Tests the profile beyond the contract's cases. */
import type { ApiResponse, Body } from '../../support/api';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeUser, type TestUser } from '../../support/user';

let ada: TestUser;

const service = useTestService();
beforeEach(async () => {
  ada = await makeUser(service.url);
});

const read = async (): Promise<Body> => (await ada.send('GET', '/profile')).body;
const patch = (body: unknown): Promise<ApiResponse> => ada.send('PATCH', '/profile', { body });
const makeTask = async (body: object = {}): Promise<Body> =>
  (await ada.send('POST', '/tasks', { body: { title: 'A task', ...body } })).body;

function changes(): Promise<object[]> {
  return query(
    service.database.url,
    'select seq::int, type, entity_id, action, fields from tasklane.changes where lane_id = lane_of($1) order by seq',
    [ada.id],
  );
}

async function rows(): Promise<number> {
  const [row] = await query<{ count: number }>(
    service.database.url,
    'select count(*)::int as count from tasklane.profiles where lane_id = lane_of($1)',
    [ada.id],
  );
  return row?.count ?? 0;
}

describe('the profile', () => {
  test('is not created by a read', async () => {
    await read();
    await ada.send('HEAD', '/profile');
    expect(await rows()).toBe(0);
  });

  test('is the same before and after the first write of something else', async () => {
    const before = await read();
    await makeTask();
    expect(await rows()).toBe(1);
    expect(await read()).toEqual(before);
  });

  test('keeps the fields that a patch omits', async () => {
    await patch({ time_zone: 'Asia/Kolkata', week_start: 'saturday' });
    const before = await read();
    const { body } = await patch({ week_start: 'sunday' });
    expect(body).toEqual({ ...before, week_start: 'sunday', version: 3, updated_at: body.updated_at });
    expect(Date.parse(body.updated_at)).toBeGreaterThanOrEqual(Date.parse(before.updated_at));
  });

  test('records a change only for a patch that changes something', async () => {
    await patch({ time_zone: 'UTC', default_priority: 'high' });
    await patch({ default_priority: 'high' });
    await patch({});
    await makeTask({ priority: 'low' });
    await patch({ default_priority: 'low', week_start: 'sunday' });
    const updated = { type: 'profile', entity_id: null, action: 'updated' };
    expect(await changes()).toEqual([
      { seq: 1, ...updated, fields: { default_priority: { from: 'medium', to: 'high' } } },
      { seq: 2, type: 'task', entity_id: expect.any(String), action: 'created', fields: {} },
      {
        seq: 3,
        ...updated,
        fields: {
          default_priority: { from: 'high', to: 'low' },
          week_start: { from: 'monday', to: 'sunday' },
        },
      },
    ]);
    expect(await read()).toMatchObject({ version: 3 });
  });
});

describe('the time zone', () => {
  // Aliases, zones without a city, and a zone that was added in 2025.
  test.each([
    'UTC',
    'Europe/Kyiv',
    'US/Pacific',
    'America/Argentina/Buenos_Aires',
    'Etc/GMT+5',
    'America/Coyhaique',
  ])('can be %s, and is stored as written', async (time_zone) => {
    const { status, body } = await patch({ time_zone });
    expect({ status, body }).toMatchObject({ status: 200, body: { time_zone } });
  });

  test.each([
    'Mars/Phobos',
    'Factory',
    '+02:00',
    'CEST',
    '../../etc/passwd',
    'Europe/Zurich ',
    'Europe/Zürich',
    "x' or '1'='1",
    '',
    'A'.repeat(65),
    1,
    null,
  ])('cannot be %j', async (time_zone) => {
    const { status, body } = await patch({ time_zone, week_start: 'noday' });
    expect(status).toBe(422);
    expect(new Set(body.errors.map((each: Body) => each.pointer))).toEqual(
      new Set(['/body/time_zone', '/body/week_start']),
    );
  });

  test('is rejected if Node or Postgres does not know it, and nothing changes', async () => {
    const before = await read();
    const response = await patch({ time_zone: 'europe/zurich', week_start: 'sunday' });
    expect(response).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/body/time_zone', code: 'not-allowed' }] },
    });
    expect(await read()).toEqual(before);
    expect(await changes()).toEqual([]);
  });
});

describe('the default priority', () => {
  test('is used for a new task without a priority', async () => {
    await patch({ default_priority: 'urgent' });
    expect(await makeTask()).toMatchObject({ priority: 'urgent' });
    expect(await makeTask({ priority: 'low' })).toMatchObject({ priority: 'low' });
  });

  test('applies only to its own user', async () => {
    await patch({ default_priority: 'urgent' });
    ada = await makeUser(service.url);
    expect(await makeTask()).toMatchObject({ priority: 'medium' });
  });
});

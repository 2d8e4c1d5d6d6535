/** Tests how the bytes of a lane are counted: by writes, and by the job that measures large lanes. */
import { randomBytes, randomUUID } from 'node:crypto';
import pino from 'pino';
import { rowsInPart, storageJob } from '../../../src/platform/jobs/storage';
import { type Service, startService } from '../../../src/start';
import type { Body } from '../../support/api';
import { tokenOfClient } from '../../support/clients';
import { query } from '../../support/database';
import { openDatabase } from '../../support/open-database';
import { testConfig, useTestService } from '../../support/service';
import { makeUser, type TestUser, useUser } from '../../support/user';

const limit = 1_000_000;
const settings = { RATE_LIMIT: 'off', QUOTA_STORAGE_BYTES: String(limit), CHANGES_RETENTION_DAYS: '30' };
const service = useTestService(settings);
const ada = useUser(service);

const sql = <R extends object>(text: string, user: Pick<TestUser, 'id'> = ada) =>
  query<R>(service.database.url, text, [user.id]);

/** The lane's bytes according to its profile, and when they are measured next. */
async function storageOf(user: Pick<TestUser, 'id'> = ada) {
  const [row] = await sql<{ bytes: number; written: number; check_at: Date | null }>(
    `select (storage_written + storage_correction)::float8 as bytes, storage_written::float8 as written,
       storage_check_at as check_at
     from tasklane.profiles where lane_id = lane_of($1)`,
    user,
  );
  return row as NonNullable<typeof row>;
}

/** The bytes of each table's rows of the lane, without tables that have at most one row for a lane. Values that are stored outside of their row count uncompressed. */
async function actual(): Promise<Record<string, number>> {
  const tables = await query<{ name: string }>(
    service.database.url,
    `select table_name as name from information_schema.columns
     where table_schema = 'tasklane' and column_name = 'lane_id'
       and table_name not in ('profiles', 'calendar_feeds', 'erased', 'event_positions') order by 1`,
  );
  const sizes = await Promise.all(
    tables.map(async ({ name }) => {
      const [row] = await sql<{ bytes: number }>(
        `select coalesce(sum(pg_column_size(t.*) + 4), 0)::float8 as bytes from tasklane."${name}" as t
         where lane_id = lane_of($1)`,
      );
      return [name, row?.bytes ?? 0];
    }),
  );
  return Object.fromEntries(sizes);
}

const total = (sizes: Record<string, number>) => Object.values(sizes).reduce((sum, each) => sum + each, 0);

/** Makes the lane due for a measurement. */
const makeDue = () =>
  sql('update tasklane.profiles set storage_check_at = now() where lane_id = lane_of($1)');

async function measure(): Promise<void> {
  await makeDue();
  await service.runJob('measure-storage');
}

const send = async (method: string, path: string, body?: object, headers = {}): Promise<Body> => {
  const response = await ada.send(method, path, { headers, ...(body && { body }) });
  expect(response.status).toBeLessThan(300);
  return response.body;
};

/** A text of `length` characters that cannot be compressed much. */
const text = (length: number) => randomBytes(length).toString('base64url').slice(0, length);

/** Writes rows into every table of the lane. */
async function fill(): Promise<void> {
  const token = await tokenOfClient(ada.id, 'an agent');
  await ada.send('POST', '/tasks', { token, body: { title: 'Of a client' } });
  const project = await send('POST', '/projects', { name: 'A project' });
  const { id: deleted } = await send('POST', '/projects', { name: 'A deleted project' });
  await send('DELETE', `/projects/${deleted}?tasks=delete`);
  const { id: purged } = await send('POST', '/tasks', { title: 'A purged task', status: 'completed' });
  await send('DELETE', `/tasks/${purged}`);
  await send('DELETE', `/trash/${purged}`);
  await send('POST', '/webhooks', { url: 'https://hooks.example.com/' });
  for (let n = 0; n < 10; n++) {
    const { id } = await send(
      'POST',
      '/tasks',
      {
        title: `Task ${n}`,
        description: text(1_500),
        tags: ['a', `tag ${n}`],
        project_id: project.id,
        due_date: '2030-01-01',
        due_time: '09:00',
        time_zone: 'Europe/Zurich',
        rrule: 'FREQ=DAILY',
        reminders: [{ minutes_before_due: 10 }],
      },
      { 'Idempotency-Key': `key-${n}` },
    );
    await send('PATCH', `/tasks/${id}`, { title: `New title ${n}`, description: text(1_500) });
    await send('PATCH', `/tasks/${id}/complete`);
  }
}

test('writes count at least the bytes that they store, in every table', async () => {
  await fill();
  const sizes = await actual();
  expect(Object.values(sizes).every((bytes) => bytes > 0)).toBe(true);
  const { bytes, check_at } = await storageOf();
  expect(bytes).toBeGreaterThan(total(sizes));
  expect(bytes).toBeLessThan(4 * total(sizes));
  expect(check_at).toBeNull();
});

// Their changes contain no fields, so only the rows have these bytes.
test.each<[string, string, object]>([
  ['a task', '/tasks', { title: 'A task', description: text(1_500) }],
  ['a webhook', '/webhooks', { url: `https://hooks.example.com/${text(1_500)}` }],
])('the values of %s are counted when it is created', async (_kind, path, body) => {
  await send('POST', '/projects', { name: 'A project' });
  const { written: before } = await storageOf();
  await send('POST', path, body);
  expect((await storageOf()).written).toBeGreaterThan(before + 1_500);
});

test('the job measures the bytes of every table', async () => {
  await fill();
  await measure();
  const wanted = total(await actual());
  const { bytes } = await storageOf();
  expect(bytes).toBeGreaterThan(0.9 * wanted);
  expect(bytes).toBeLessThan(1.1 * wanted);
});

test('the job measures a table in parts', async () => {
  await send('POST', '/projects', { name: 'A project' });
  const insert = (from: number, to: number) =>
    sql(`insert into tasklane.changes (lane_id, seq, type, entity_id, action, fields)
         select lane_of($1), seq, 'task', '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d60', 'updated', '{}'
         from generate_series(${from}, ${to}) as seq`);
  await insert(2, 1_001);
  await measure();
  const { bytes: before } = await storageOf();
  const each = (before - 500) / 1_000;
  await insert(1_002, 2 * rowsInPart + 10);
  await measure();
  const { bytes } = await storageOf();
  expect(bytes / (2 * rowsInPart * each)).toBeCloseTo(1, 1);
});

test('a small lane is never measured, and a lane above half of the quota always again', async () => {
  const { id } = await send('POST', '/tasks', { title: 'A task' });
  await service.runJob('measure-storage');
  expect(await storageOf()).toMatchObject({ check_at: null });
  while ((await storageOf()).bytes <= limit / 2) {
    expect((await storageOf()).check_at).toBeNull();
    await send('PATCH', `/tasks/${id}`, { description: text(10_000) });
  }
  expect((await storageOf()).check_at).not.toBeNull();
  // The estimate was too high, so the lane is small again.
  await service.runJob('measure-storage');
  expect(await storageOf()).toMatchObject({ check_at: null });
  while ((await storageOf()).bytes <= limit * 0.9) {
    await send('PATCH', `/tasks/${id}`, { description: text(10_000) });
    await measure();
  }
  const [due] = await sql<{ minutes: number }>(
    `select (extract(epoch from storage_check_at - now()) / 60)::float8 as minutes from tasklane.profiles
     where lane_id = lane_of($1)`,
  );
  expect(due?.minutes).toBeGreaterThan(8);
  expect(due?.minutes).toBeLessThanOrEqual(10);
});

/** Edits a task until the lane is full. */
async function fillUp(): Promise<string> {
  const { id } = await send('POST', '/tasks', { title: 'A task', description: text(10_000) });
  for (;;) {
    const edit = await ada.send('PATCH', `/tasks/${id}`, { body: { description: text(10_000) } });
    if (edit.status === 200) continue;
    const { bytes } = await storageOf();
    await measure();
    // The lane is full if its bytes, and not only their estimate, are above the quota.
    if ((await storageOf()).bytes > bytes * 0.95) return id;
  }
}

const create = async () => (await ada.send('POST', '/tasks', { body: { title: 'A task' } })).status;

test('the purge of old changes frees storage at the next measurement', async () => {
  await fillUp();
  expect(await create()).toBe(409);
  await sql(`update tasklane.changes set at = now() - interval '31 days' where lane_id = lane_of($1)`);
  await query(service.database.url, 'select note_oldest_changes()');
  await service.runJob('purge-changes');
  expect(await create()).toBe(409);
  await measure();
  expect(await create()).toBe(201);
});

test('emptying the trash frees storage at the next measurement', async () => {
  const ids: string[] = [];
  for (;;) {
    const response = await ada.send('POST', '/tasks', {
      body: { title: 'A task', description: text(10_000) },
    });
    if (response.status === 201) ids.push(response.body.id);
    else {
      const { bytes } = await storageOf();
      await measure();
      if ((await storageOf()).bytes > bytes * 0.95) break;
    }
  }
  for (const id of ids) await send('DELETE', `/tasks/${id}`);
  await measure();
  expect(await create()).toBe(409);
  await send('DELETE', '/trash');
  await measure();
  expect(await create()).toBe(201);
});

describe('with two instances', () => {
  let second: Service;
  beforeAll(async () => {
    const url = service.database.url;
    second = await startService(testConfig({ DATABASE_URL: url, ...settings }), pino({ level: 'silent' }));
    await second.ready;
  });
  afterAll(() => second.stop());

  test('writes at the same time are all counted', async () => {
    const [bob, carol] = [await makeUser(service.url), await makeUser(service.url)];
    const body = { title: 'A task', tags: [] };
    const post = (user: TestUser, base: string) =>
      makeUser(base, user.id).then((each) => each.send('POST', '/tasks', { body }));
    const urls = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? service.url : second.url));
    for (const url of urls) expect((await post(bob, url)).status).toBe(201);
    const statuses = await Promise.all(urls.map(async (url) => (await post(carol, url)).status));
    expect(new Set(statuses)).toEqual(new Set([201]));
    expect((await storageOf(carol)).written).toBe((await storageOf(bob)).written);
  });

  test('measurements during writes lose no bytes and repeat no correction', async () => {
    const { id } = await send('POST', '/tasks', { title: 'A task' });
    const edit = async () => {
      for (let n = 0; n < 5; n++) await send('PATCH', `/tasks/${id}`, { description: text(5_000) });
    };
    const jobs = async () => {
      for (let n = 0; n < 5; n++) {
        await makeDue();
        await Promise.all([service, second].map((each) => each.runJob('measure-storage')));
      }
    };
    await Promise.all([edit(), jobs()]);
    const { bytes } = await storageOf();
    await measure();
    const { bytes: measured } = await storageOf();
    // What is written during a measurement may count twice until the next one.
    expect(bytes).toBeGreaterThanOrEqual(measured);
    await measure();
    expect((await storageOf()).bytes).toBe(measured);
  });
});

/** Measures the lane, and does something else between the measurement and the correction. */
async function measureWhile(between: () => Promise<unknown>): Promise<void> {
  await makeDue();
  const database = openDatabase(service.database.url);
  await storageJob.run({
    withSystem: database.withSystem,
    log: pino({ level: 'silent' }),
    signal: new AbortController().signal,
    laneForJob: (userId) => {
      const lane = database.laneForJob(userId);
      return {
        ...lane,
        write: async (work) => {
          await between();
          return lane.write(work);
        },
      };
    },
  });
  await database.close();
}

test('a write that commits during a measurement is counted', async () => {
  const { id } = await send('POST', '/tasks', { title: 'A task' });
  const { written: before } = await storageOf();
  await measureWhile(() => send('PATCH', `/tasks/${id}`, { description: text(10_000) }));
  const { bytes, written } = await storageOf();
  expect(written).toBeGreaterThan(before + 10_000);
  // The bytes that were measured, and those of the write.
  expect(bytes).toBeGreaterThan(written - before);
});

test('a lane that is erased and created again is not corrected by a measurement of the old lane', async () => {
  await send('POST', '/tasks', { title: 'A task', description: text(10_000) });
  // When the job has measured the lane, another lane of the same user is there.
  await measureWhile(() =>
    sql(
      `update tasklane.profiles set epoch = '${randomUUID()}', storage_written = 0 where lane_id = lane_of($1)`,
    ),
  );
  expect((await storageOf()).bytes).toBe(0);
});

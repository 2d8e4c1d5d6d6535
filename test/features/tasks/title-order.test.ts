/** Tests that sorts by title follow languages, and that cursors survive another version of ICU. */
import pino from 'pino';
import { migrateUp } from '../../../src/platform/database/migrations';
import { startService } from '../../../src/start';
import { type Body, send } from '../../support/api';
import { query } from '../../support/database';
import { testConfig, useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';

let ada: TaskClient;

const service = useTestService({ RATE_LIMIT: 'off' });
beforeEach(async () => {
  ada = await makeTaskClient(service);
});

const titles = (items: readonly Body[]) => items.map((item) => item.title);

test.each([
  ['numbers by value', ['Task 2', 'Task 10', 'Task 100']],
  ['accents after letters', ['cote', 'coté', 'côte', 'cotes']],
  ['case after accents', ['resume', 'Resume', 'résumé', 'Résumé', 'resumes']],
  ['letters of any case together', ['Äpfel', 'apple', 'banana', 'Zebra']],
  ['languages with other letters', ['Zürich', 'Ωμέγα', 'Ёлка', 'תל אביב', 'القاهرة', '東京']],
])('orders %s', async (_what, wanted) => {
  for (const title of wanted.toReversed()) await ada.create({ title });
  expect(titles(await ada.all('/tasks?sort=title'))).toEqual(wanted);
  expect(titles(await ada.all('/tasks?sort=-title', 2))).toEqual(wanted.toReversed());
});

test('a cursor keeps its place if the next page has another version of the order', async () => {
  for (const title of ['c 10', 'b', 'a', 'c 2', 'B']) await ada.create({ title });
  const first = await ada.ok('GET', '/tasks?sort=title&limit=1');
  expect(titles(first.items)).toEqual(['a']);
  // As a new version of ICU could do, this collation orders some texts differently.
  await query(service.database.url, 'alter collation tasklane.title_order rename to earlier_order');
  await query(
    service.database.url,
    `create collation tasklane.title_order (provider = icu, locale = 'und-u-kn-true-kf-upper')`,
  );
  const restarted = await startService(
    testConfig({ DATABASE_URL: service.database.url, RATE_LIMIT: 'off' }),
    pino({ level: 'silent' }),
  );
  try {
    await restarted.ready;
    const path = `${ada.lane}/tasks?sort=title&cursor=${first.next_cursor}`;
    const { body } = await send(restarted.url, 'GET', path, { token: ada.token });
    expect(titles(body.items)).toEqual(['B', 'b', 'c 2', 'c 10']);
  } finally {
    await restarted.stop();
    await query(service.database.url, 'drop collation tasklane.title_order');
    await query(service.database.url, 'alter collation tasklane.earlier_order rename to title_order');
  }
});

test('migrating records the version of ICU that the server has', async () => {
  const read = async () => {
    const [row] = await query<{ known: string; actual: string }>(
      service.database.url,
      `select collversion as known, pg_collation_actual_version(oid) as actual from pg_collation
       where oid = to_regcollation('tasklane.title_order')`,
    );
    return row;
  };
  await query(
    service.database.url,
    `update pg_collation set collversion = '1' where oid = to_regcollation('tasklane.title_order')`,
  );
  await migrateUp(service.database.url);
  const { known, actual } = (await read()) as { known: string; actual: string };
  expect(known).toBe(actual);
  expect(known).not.toBe('1');
});

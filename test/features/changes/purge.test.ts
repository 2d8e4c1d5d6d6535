/** Tests the job that purges old changes: oldest first, in batches, and only past their retention. */
import { randomUUID } from 'node:crypto';
import { createLogger } from '../../../src/platform/observability/logger';
import { type Service, startService } from '../../../src/start';
import { query } from '../../support/database';
import { holdLane, waitingForLocks } from '../../support/held-lane';
import { testConfig, useTestService } from '../../support/service';
import { until } from '../../support/until';
import { useUser } from '../../support/user';

const service = useTestService({ CHANGES_RETENTION_DAYS: '30' });
const ada = useUser(service);

const purge = () => service.runJob('purge-changes');

/** Makes changes in a lane, one for each day up to now. */
async function makeHistory(userId: string, days: number): Promise<void> {
  await query(service.database.url, 'select make_lane($1)', [userId]);
  await query(
    service.database.url,
    'update tasklane.profiles set change_seq = $2 where lane_id = lane_of($1)',
    [userId, days],
  );
  await query(
    service.database.url,
    `insert into tasklane.changes (lane_id, seq, type, entity_id, action, fields, at)
     select lane_of($1), seq, 'task', gen_random_uuid(), 'deleted', '{}', now() - ($2 - seq) * interval '1 day'
     from generate_series(1, $2) as seq`,
    [userId, days],
  );
  await query(service.database.url, 'select note_oldest_changes()');
}

async function kept(userId: string): Promise<number[]> {
  const rows = await query<{ seq: number }>(
    service.database.url,
    'select seq::int from tasklane.changes where lane_id = lane_of($1) order by seq',
    [userId],
  );
  return rows.map((row) => row.seq);
}

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

test('the purge removes changes past their retention in every lane, and no others', async () => {
  const bob = randomUUID();
  await makeHistory(ada.id, 40);
  await makeHistory(bob, 29);
  await purge();
  expect(await kept(ada.id)).toEqual(range(11, 40));
  expect(await kept(bob)).toEqual(range(1, 29));
  await purge();
  expect(await kept(ada.id)).toEqual(range(11, 40));
});

test('the purge removes more changes than one batch', async () => {
  await makeHistory(ada.id, 2_530);
  await purge();
  expect(await kept(ada.id)).toEqual(range(2_501, 2_530));
});

test('the change sequence continues after all changes were purged', async () => {
  await makeHistory(ada.id, 3);
  await query(service.database.url, `update tasklane.changes set at = shifted(at, '-1 year')`);
  await query(service.database.url, 'select note_oldest_changes()');
  await purge();
  expect(await kept(ada.id)).toEqual([]);
  await ada.send('POST', '/tasks', { body: { title: 'A task' } });
  expect(await kept(ada.id)).toEqual([4]);
  expect((await ada.send('GET', '/activity')).body.items).toMatchObject([{ seq: 4 }]);
});

test('a lane that changes during the purge keeps its new changes', async () => {
  await makeHistory(ada.id, 32);
  const held = await holdLane(service.database.url, ada.id);
  const purging = purge();
  try {
    await until(async () => (await waitingForLocks(service.database.url)) > 0);
  } finally {
    await held.release();
  }
  await ada.send('POST', '/tasks', { body: { title: 'A task' } });
  await purging;
  expect(await kept(ada.id)).toEqual(range(3, 33));
});

test('several instances can purge at once', async () => {
  const users = range(1, 20).map(() => randomUUID());
  for (const userId of users) await makeHistory(userId, 33);
  const config = testConfig({ DATABASE_URL: service.database.url, CHANGES_RETENTION_DAYS: '30' });
  const other: Service = await startService(config, createLogger({ level: 'silent', pretty: false }));
  try {
    await Promise.all([purge(), other.runJob('purge-changes')]);
  } finally {
    await other.stop();
  }
  for (const userId of users) expect(await kept(userId)).toEqual(range(4, 33));
});

test('lanes beyond the first round are purged too', async () => {
  await query(service.database.url, `select make_lane('lane-' || n) from generate_series(1, 600) as n`);
  await query(
    service.database.url,
    `insert into tasklane.changes (lane_id, seq, type, entity_id, action, fields, at)
     select id, 1, 'task', gen_random_uuid(), 'deleted', '{}', now() - interval '1 year'
     from tasklane.lanes where user_id like 'lane-%'`,
  );
  await makeHistory('last', 32);
  await purge();
  expect(await kept('last')).toEqual(range(3, 32));
});

test('a lane is purged when its oldest change is older than the retention by a hundredth', async () => {
  await makeHistory(ada.id, 31);
  await purge();
  expect(await kept(ada.id)).toEqual(range(1, 31));
  await query(service.database.url, `update tasklane.changes set at = shifted(at, '-8 hours')`);
  await query(service.database.url, 'select note_oldest_changes()');
  await purge();
  expect(await kept(ada.id)).toEqual(range(2, 31));
});

test('the oldest change that is kept decides when the lane is purged again', async () => {
  await makeHistory(ada.id, 40);
  await purge();
  const oldest = () =>
    query(
      service.database.url,
      `select purged_seq::int, oldest_change_at = (
         select at from tasklane.changes where lane_id = profiles.lane_id order by seq limit 1
       ) as is_oldest from tasklane.profiles where lane_id = lane_of($1)`,
      [ada.id],
    );
  expect(await oldest()).toEqual([{ purged_seq: 10, is_oldest: true }]);
  await query(service.database.url, `update tasklane.changes set at = shifted(at, '-1 year')`);
  await query(service.database.url, 'select note_oldest_changes()');
  await purge();
  expect(await oldest()).toEqual([{ purged_seq: 40, is_oldest: null }]);
  await ada.send('POST', '/tasks', { body: { title: 'A task' } });
  expect(await oldest()).toEqual([{ purged_seq: 40, is_oldest: true }]);
});

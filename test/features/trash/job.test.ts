/** Tests the purge of the trash: old deletes are removed once in every lane, with any number of instances. */

import pino from 'pino';
import { startService } from '../../../src/start';
import type { Body } from '../../support/api';
import { query } from '../../support/database';
import { testConfig, useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';
import { seedTasks } from '../../support/tasks';

const service = useTestService({ RATE_LIMIT: 'off', TRASH_RETENTION_DAYS: '10' });

/** Moves the time of deletion to ten days plus `seconds` ago. */
async function age(user: TaskClient, ids: readonly string[], seconds: number): Promise<void> {
  await query(
    service.database.url,
    `update tasklane.tasks set deleted_at = now() - interval '10 days' - make_interval(secs => $3)
     where lane_id = lane_of($1) and id = any($2)`,
    [user.id, ids, seconds],
  );
}

const ids = (items: readonly { id: string }[]) => items.map((item) => item.id);

async function idsLeft(user: TaskClient): Promise<string[]> {
  const rows = await query<{ id: string }>(
    service.database.url,
    'select id from tasklane.tasks where lane_id = lane_of($1) order by id',
    [user.id],
  );
  return ids(rows);
}

test('purges old deletes, with changes, and keeps younger and restored tasks', async () => {
  const ada = await makeTaskClient(service);
  const [old, young, back] = [await ada.chain(2), await ada.chain(2), await ada.chain(2)];
  const alive = await ada.create();
  for (const [root] of [old, young, back]) await ada.ok('DELETE', `/tasks/${root.id}`);
  await age(ada, ids(old), 1);
  await age(ada, ids(young), -60);
  await age(ada, ids(back), 1);
  await ada.ok('POST', `/tasks/${back[0].id}/restore`);
  const seq = await ada.seq();
  await service.runJob('purge');
  expect(await idsLeft(ada)).toEqual(ids([...young, ...back, alive]).toSorted());
  const changes = await ada.changesAfter(seq);
  expect(changes.map(({ entity_id, action }) => `${entity_id} ${action}`).toSorted()).toEqual(
    ids(old)
      .map((id) => `${id} purged`)
      .toSorted(),
  );
  await service.runJob('purge');
  expect(await ada.changesAfter(seq)).toEqual(changes);
});

test('keeps a younger deleted subtask of a purged task, without its parent', async () => {
  const ada = await makeTaskClient(service);
  const line = await ada.chain(3);
  await ada.ok('DELETE', `/tasks/${line[2].id}`);
  await ada.ok('DELETE', `/tasks/${line[0].id}`);
  await age(ada, ids(line.slice(0, 2)), 1);
  await service.runJob('purge');
  expect(await idsLeft(ada)).toEqual([line[2].id]);
  expect(await ada.ok('POST', `/tasks/${line[2].id}/restore`)).toMatchObject({ parent_id: null });
});

test('finishes with large lanes and many lanes, and two instances purge each task once', async () => {
  const users: TaskClient[] = [];
  for (let n = 0; n < 3; n++) {
    const user = await makeTaskClient(service);
    users.push(user);
    const seeds = Array.from({ length: n === 0 ? 2_500 : 40 }, () => ({ title: 'Old' }));
    const deleted = await seedTasks(service.database.url, user.id, seeds);
    await query(
      service.database.url,
      'update tasklane.tasks set deleted_at = now(), deleted_with = id where lane_id = lane_of($1)',
      [user.id],
    );
    await age(user, deleted, 1 + n);
  }
  await query(service.database.url, `select make_lane('many-' || n) from generate_series(1, 250) as n`);
  await query(
    service.database.url,
    `insert into tasklane.tasks (lane_id, id, title, deleted_at, deleted_with)
     select lane_id, id, 'Old', now() - interval '11 days', id
     from (
       select id as lane_id, gen_random_uuid() as id from tasklane.lanes where user_id like 'many-%'
     ) as old`,
  );
  const other = await startService(
    testConfig({ DATABASE_URL: service.database.url, RATE_LIMIT: 'off', TRASH_RETENTION_DAYS: '10' }),
    pino({ level: 'silent' }),
  );
  try {
    await Promise.all([service.runJob('purge'), other.runJob('purge')]);
  } finally {
    await other.stop();
  }
  const left = await query(service.database.url, `select from tasklane.tasks where title = 'Old'`);
  expect(left).toEqual([]);
  for (const [n, user] of users.entries()) {
    const changes = await user.changesAfter(0);
    const wanted = n === 0 ? 2_500 : 40;
    expect(changes).toHaveLength(wanted);
    expect(new Set(changes.map((each: Body) => each.entity_id)).size).toBe(wanted);
    expect(changes.map((each) => each.seq)).toEqual(changes.map((_each, index) => index + 1));
  }
});

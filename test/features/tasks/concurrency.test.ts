/** Many clients change the same trees at once, and the lane stays consistent. */
import type { TaskRow } from '../../../src/platform/database/rows';
import { query } from '../../support/database';
import { randomFrom } from '../../support/random';
import { useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';

const service = useTestService({ RATE_LIMIT: 'off' });

async function expectWhole(user: TaskClient): Promise<void> {
  const select = <R extends object>(sql: string) => query<R>(service.database.url, sql, [user.id]);
  const rows = await select<TaskRow>('select * from tasklane.tasks where lane_id = lane_of($1)');
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const row of rows) {
    const line: TaskRow[] = [];
    for (
      let next: TaskRow | undefined = row;
      next;
      next = next.parent_id ? byId.get(next.parent_id) : undefined
    ) {
      expect(line).not.toContain(next);
      line.push(next);
    }
    expect((row.deleted_at === null) === (row.deleted_with === null)).toBe(true);
    if (row.deleted_at !== null) continue;
    expect(line.length).toBeLessThanOrEqual(5);
    const [, parent] = line;
    if (!parent) continue;
    expect(parent.deleted_at).toBeNull();
    expect(row.project_id).toBe(parent.project_id);
  }
  const unlinked = await select(
    `select id from tasklane.tasks as task where lane_id = lane_of($1) and tags is distinct from array(
       select tag.name from tasklane.task_tags as link
         join tasklane.tags as tag on tag.lane_id = link.lane_id and tag.id = link.tag_id
       where link.lane_id = task.lane_id and link.task_id = task.id order by tag.name_key)`,
  );
  expect(unlinked).toEqual([]);
  const changes = await user.changesAfter(0);
  expect(changes.map((each) => each.seq)).toEqual(changes.map((_each, index) => index + 1));
  expect(await user.seq()).toBe(changes.length);
  // The changes give the final state of each task, and the number of its writes.
  for (const id of new Set(changes.filter((each) => each.type === 'task').map((each) => each.entity_id))) {
    const own = changes.filter((each) => each.entity_id === id);
    expect(own.filter((each) => each.action === 'purged')).toHaveLength(byId.has(id) ? 0 : 1);
    const row = byId.get(id);
    if (!row) continue;
    expect(row.version).toBe(own.length);
    for (const field of ['parent_id', 'project_id', 'position'] as const) {
      const last = own.findLast((each) => field in each.fields);
      if (last) expect(row[field]).toBe(last.fields[field]?.to);
    }
    const moves = own.filter((each) => ['deleted', 'restored'].includes(each.action));
    expect(moves.map((each) => each.action)).toEqual(
      moves.map((_each, index) => (index % 2 === 0 ? 'deleted' : 'restored')),
    );
    expect(row.deleted_at !== null).toBe(moves.length % 2 === 1);
  }
  const listed = await user.all('/tasks?sort=position', 7);
  const live = rows.filter((row) => row.deleted_at === null);
  expect(listed.map((each) => each.id).toSorted()).toEqual(live.map((row) => row.id).toSorted());
  const positions = listed.map((each) => each.position);
  expect(positions).toEqual(positions.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
}

test.each([1, 2, 3])('eight clients at once leave the lane consistent (seed %i)', async (seed) => {
  const user = await makeTaskClient(service);
  const projects = [await user.project(), await user.project()];
  const ids: string[] = [];
  for (const project of [null, projects[0].id, projects[1].id]) {
    for (const task of await user.chain(4, { project_id: project, tags: ['one', 'two'] })) ids.push(task.id);
  }
  const statuses: Record<string, number> = {};
  const clients = Array.from({ length: 8 }, async (_, client) => {
    const random = randomFrom(seed * 1_000 + client);
    const any = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T;
    for (let n = 0; n < 40; n++) {
      const [id, other] = [any(ids), any(ids)];
      const [method, path, body] = any<readonly [string, string, object?]>([
        ['PATCH', `/tasks/${id}`, { parent_id: other }],
        ['PATCH', `/tasks/${id}`, { parent_id: null }],
        ['PATCH', `/tasks/${id}`, { tags: any([['one'], ['three'], ['two', 'ONE']]) }],
        ['PUT', `/tasks/${id}`, { title: 'Replaced', parent_id: any([null, other]) }],
        ['PATCH', `/tasks/${id}/complete`],
        ['POST', `/tasks/${id}/move`, { parent_id: other }],
        ['POST', `/tasks/${id}/move`, { [any(['before', 'after'])]: other }],
        ['POST', `/tasks/${id}/move`, { project_id: any([null, projects[0].id, projects[1].id]) }],
        ['DELETE', `/tasks/${id}`],
        ['POST', `/tasks/${id}/restore`],
        ['POST', `/tasks/${id}/restore`],
        any([
          ['DELETE', `/trash/${id}`],
          ['POST', '/tasks', { title: 'New', parent_id: other }],
        ] as const),
      ]);
      const response = await user.send(method, path, body ? { body } : {});
      statuses[response.status] = (statuses[response.status] ?? 0) + 1;
      if (response.status === 201) ids.push(response.body.id);
    }
  });
  await Promise.all(clients);
  // Requests are rejected only because of another client's writes; none fails.
  expect(Object.keys(statuses).toSorted()).toEqual(['200', '201', '204', '404', '422']);
  await expectWhole(user);
});

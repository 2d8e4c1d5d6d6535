/** The number of statements does not grow with the number of rows. */
import { Client } from 'pg';
import { query } from '../../support/database';
import { useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';

const service = useTestService({ DATABASE_POOL_MAX: '1' });

interface Seeded {
  readonly user: TaskClient;
  readonly project: string;
  readonly parent: string;
  readonly tag: string;
  readonly otherTag: string;
}

/** A lane with a recurring task in a project, and `count` subtasks with a tag and a reminder. */
async function seed(count: number, status: 'pending' | 'completed'): Promise<Seeded> {
  const user = await makeTaskClient(service);
  const project = await user.project();
  const parent = await user.create({
    project_id: project.id,
    due_date: '2099-01-01',
    rrule: 'FREQ=DAILY',
    tags: ['one', 'two'],
  });
  const { items } = await user.ok('GET', '/tags');
  const [tag, otherTag] = ['one', 'two'].map(
    (name) => items.find((each: { name: string }) => each.name === name).id,
  );
  await query(
    service.database.url,
    `with made as (
       insert into tasklane.tasks (lane_id, id, title, status, completed_at, project_id, parent_id, tags, due_date, reminders)
       select lane_of($1), gen_random_uuid(), 'Task ' || n, $2, case when $2 = 'completed' then now() end, $3, $4, '{one}',
         '2099-01-01', '[{"at":null,"time":null,"days_before_due":null,"minutes_before_due":10}]'
       from generate_series(1, $5::int) as n
       returning lane_id, id
     ), tagged as (
       insert into tasklane.task_tags (lane_id, task_id, tag_id) select lane_id, id, $6 from made
     )
     insert into tasklane.reminders (lane_id, task_id, identity, fire_at)
       select lane_id, id, '10', '2098-12-31T23:50Z' from made`,
    [user.id, status, project.id, parent.id, count, tag],
  );
  return { user, project: project.id, parent: parent.id, tag, otherTag };
}

const closed = 'completed' as const;
const open = 'pending' as const;

const cascades: Record<string, [status: 'pending' | 'completed', act: (seeded: Seeded) => Promise<unknown>]> =
  {
    'a project deleted with its tasks': [
      open,
      ({ user, project }) => user.ok('DELETE', `/projects/${project}?tasks=delete`),
    ],
    'a project deleted without its tasks': [
      open,
      ({ user, project }) => user.ok('DELETE', `/projects/${project}?tasks=move`),
    ],
    'a tree moved to another project': [
      open,
      ({ user, parent }) => user.ok('POST', `/tasks/${parent}/move`, { project_id: null }),
    ],
    'a tree deleted, restored, deleted and purged': [
      open,
      async ({ user, parent }) => {
        await user.ok('DELETE', `/tasks/${parent}`);
        await user.ok('POST', `/tasks/${parent}/restore`);
        await user.ok('DELETE', `/tasks/${parent}`);
        await user.ok('DELETE', `/trash/${parent}`);
      },
    ],
    'the trash emptied': [
      open,
      async ({ user, parent }) => {
        await user.ok('DELETE', `/tasks/${parent}`);
        await user.ok('DELETE', '/trash');
      },
    ],
    'a completion and its undo': [
      closed,
      async ({ user, parent }) => {
        await user.ok('PATCH', `/tasks/${parent}/complete`, { completed: true });
        await user.ok('PATCH', `/tasks/${parent}/complete`, { completed: false });
      },
    ],
    'an occurrence skipped': [closed, ({ user, parent }) => user.ok('POST', `/tasks/${parent}/skip`)],
    'a tag renamed': [open, ({ user, tag }) => user.ok('PATCH', `/tags/${tag}`, { name: 'uno' })],
    'two tags merged': [open, ({ user, tag }) => user.ok('PATCH', `/tags/${tag}`, { name: 'two' })],
    'a tag deleted': [open, ({ user, tag }) => user.ok('DELETE', `/tags/${tag}`)],
    'another time zone': [open, ({ user }) => user.ok('PATCH', '/profile', { time_zone: 'Europe/Berlin' })],
    'tags of a task': [
      open,
      ({ user, parent }) =>
        user.ok('PATCH', `/tasks/${parent}`, { tags: Array.from({ length: 20 }, (_, n) => `tag ${n}`) }),
    ],
  };

// Must run before the service connects, because connections keep the method from when they were opened.
const sent = jest.spyOn(Client.prototype, 'query');

/** The number of statements that `act` sends. */
async function statementsOf(act: () => Promise<unknown>): Promise<number> {
  const before = sent.mock.calls.length;
  await act();
  return sent.mock.calls.length - before;
}

test.each(Object.entries(cascades))(
  '%s sends as many statements for 40 rows as for 2',
  async (_what, [status, act]) => {
    const counts: number[] = [];
    for (const count of [2, 40]) {
      const seeded = await seed(count, status);
      counts.push(await statementsOf(() => act(seeded)));
    }
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts[1]).toBe(counts[0]);
  },
);

test('deleting a project with its tasks records the changes of each tree together, with its root first', async () => {
  const { user, project, parent } = await seed(3, open);
  const second = await user.create({ project_id: project });
  const seq = await user.seq();
  await user.ok('DELETE', `/projects/${project}?tasks=delete`);
  const changes = await user.changesAfter(seq);
  const deleted = changes.filter(({ type, action }) => type === 'task' && action === 'deleted');
  expect(deleted).toHaveLength(5);
  expect([deleted[0]?.entity_id, deleted[4]?.entity_id]).toEqual([parent, second.id]);
  const rows = await query<{ deleted_with: string; count: number }>(
    service.database.url,
    `select deleted_with, count(*)::int as count from tasklane.tasks
     where lane_id = lane_of($1) and deleted_at is not null group by 1 order by 2 desc`,
    [user.id],
  );
  expect(rows).toEqual([
    { deleted_with: parent, count: 4 },
    { deleted_with: second.id, count: 1 },
  ]);
});

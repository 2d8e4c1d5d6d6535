/** Tests positions: where a move puts a task, and that there is always a position between two others. */
import { randomUUID } from 'node:crypto';
import { moveTask } from '../../../src/features/tasks/commands';
import type { Database } from '../../../src/platform/database/database';
import type { Body } from '../../support/api';
import { query } from '../../support/database';
import { openDatabase } from '../../support/open-database';
import { startTestService, type TestService } from '../../support/service';
import { type LoggedChange, makeTaskClient, type TaskClient } from '../../support/task-client';
import { seedTasks } from '../../support/tasks';

let service: TestService;
let database: Database;
let ada: TaskClient;

beforeAll(async () => {
  service = await startTestService({ RATE_LIMIT: 'off' });
  database = openDatabase(service.database.url, { max: 4 });
});
afterAll(async () => {
  await database.close();
  await service.stop();
});
beforeEach(async () => {
  ada = await makeTaskClient(service);
});

const order = async () => (await ada.all('/tasks?sort=position', 3)).map((each) => each.title).join('');

async function makeAll(titles: string): Promise<Body[]> {
  const tasks: Body[] = [];
  for (const title of titles) tasks.push(await ada.create({ title }));
  return tasks;
}

describe('a move', () => {
  test.each([
    [0, 'after', 4, 'bcdea'],
    [4, 'before', 0, 'eabcd'],
    [1, 'after', 2, 'acbde'],
    [3, 'before', 1, 'adbce'],
    [1, 'before', 2, 'abcde'],
    [2, 'after', 1, 'abcde'],
  ] as const)('of task %i %s task %i gives the order %s', async (moved, side, anchor, wanted) => {
    const tasks = await makeAll('abcde');
    const seq = await ada.seq();
    const task = await ada.ok('POST', `/tasks/${tasks[moved].id}/move`, { [side]: tasks[anchor].id });
    expect(await order()).toBe(wanted);
    const changes = await ada.changesAfter(seq);
    const still = wanted === 'abcde';
    expect(changes.map((each) => each.fields)).toEqual(
      still ? [] : [{ position: { from: tasks[moved].position, to: task.position } }],
    );
    expect(task.version).toBe(still ? 1 : 2);
  });

  test('to another parent or project puts the task last, unless it names a neighbour', async () => {
    const [a, b, c] = await makeAll('abc');
    const project = await ada.project();
    await ada.ok('POST', `/tasks/${a.id}/move`, { project_id: project.id });
    expect(await order()).toBe('bca');
    await ada.ok('POST', `/tasks/${b.id}/move`, { parent_id: a.id });
    expect(await order()).toBe('cab');
    await ada.ok('POST', `/tasks/${c.id}/move`, { parent_id: a.id, after: a.id });
    expect(await order()).toBe('acb');
    const seq = await ada.seq();
    await ada.ok('POST', `/tasks/${c.id}/move`, { parent_id: a.id });
    expect(await ada.seq()).toBe(seq);
    await ada.create({ title: 'd' });
    expect(await order()).toBe('acbd');
  });

  test('cannot be next to the task itself, next to a missing task, or at two positions', async () => {
    const bob = await makeTaskClient(service);
    const [a, b, c] = await makeAll('abc');
    await ada.ok('DELETE', `/tasks/${c.id}`);
    const path = `/tasks/${a.id}/move`;
    expect(await ada.validationErrors('POST', path, { before: a.id })).toEqual(['/body/before cycle']);
    for (const id of [randomUUID(), (await bob.create()).id, c.id]) {
      expect(await ada.validationErrors('POST', path, { after: id })).toEqual(['/body/after not-in-lane']);
    }
    expect(await ada.validationErrors('POST', path, { before: b.id, after: b.id })).toEqual([
      '/body/after contradiction',
    ]);
    expect(
      await ada.validationErrors('POST', path, { before: randomUUID(), parent_id: randomUUID() }),
    ).toEqual(['/body/before not-in-lane', '/body/parent_id not-in-lane']);
    expect(await ada.validationErrors('POST', path, {})).not.toEqual([]);
  });

  test('puts a task directly after or before a task whose position another task has too', async () => {
    const [a, b, c, d] = await makeAll('abcd');
    // `b` and `c` both move right after `a`, one while the other is in the trash.
    await ada.ok('POST', `/tasks/${d.id}/move`, { after: a.id });
    await ada.ok('POST', `/tasks/${b.id}/move`, { after: a.id });
    await ada.ok('DELETE', `/tasks/${b.id}`);
    await ada.ok('POST', `/tasks/${c.id}/move`, { after: a.id });
    await ada.ok('POST', `/tasks/${b.id}/restore`);
    const [first, second] = (await ada.all('/tasks?sort=position')).slice(1);
    expect(first.position).toBe(second.position);
    await ada.ok('POST', `/tasks/${d.id}/move`, { after: first.id });
    expect(await order()).toBe(`a${first.title}d${second.title}`);
    await ada.ok('POST', `/tasks/${a.id}/move`, { before: second.id });
    expect(await order()).toBe(`${first.title}da${second.title}`);
  });
});

/** Replays the positions of a lane from its changes: each `from` must be the previous value. */
function replay(changes: readonly LoggedChange[], positions: Map<string, string>): Map<string, string> {
  for (const { entity_id, fields } of changes) {
    expect(fields.position?.from).toBe(positions.get(entity_id));
    positions.set(entity_id, fields.position?.to as string);
  }
  return positions;
}

describe('many moves into the same gap', () => {
  const movesInAWrite = 100;

  interface Step {
    readonly moved: string;
    readonly after?: string;
    readonly before?: string;
  }

  test.each<
    [
      moves: number,
      name: string,
      next: (n: number, ids: string[]) => { [F in keyof Step]?: string | undefined },
    ]
  >([
    [500, 'right after the first', (n, ids) => ({ after: ids[0], moved: ids[n + 2] })],
    [500, 'right before the last', (n, ids) => ({ before: ids[1], moved: ids[n + 2] })],
    [
      2_000,
      'next to the task that was moved before',
      (n, ids) => ({ [n % 2 === 0 ? 'after' : 'before']: ids[n + 1], moved: ids[n + 2] }),
    ],
    [
      2_000,
      'of two tasks in turn to the same position',
      (n, ids) => ({ after: ids[0], moved: ids[2 + (n % 2)] }),
    ],
  ])(
    '%i, %s: keep positions short and give the requested order',
    async (moves, _name, next) => {
      const titles = Array.from({ length: moves + 2 }, (_, n) => ({ title: `${n}` }));
      const ids = await seedTasks(service.database.url, ada.id, titles);
      // In the order of `ids`: the first two are neighbours, the others follow.
      await query(
        service.database.url,
        `update tasklane.tasks as task set position = 'm' || lpad(to_hex(n), 13, '0')
       from unnest($2::uuid[]) with ordinality as wanted(id, n) where lane_id = lane_of($1) and task.id = wanted.id`,
        [ada.id, ids],
      );
      const before = new Map(
        (await ada.all('/tasks')).map((each): [string, string] => [each.id, each.position]),
      );
      const wanted = [...ids];
      const scope = database.withUser(ada.id);
      for (let n = 0; n < moves; n += movesInAWrite) {
        await scope.write(async (lane) => {
          for (let each = n; each < n + movesInAWrite; each++) {
            const { moved, ...place } = next(each, ids) as Step;
            await moveTask(lane, moved, place);
          }
        });
      }
      for (let n = 0; n < moves; n++) {
        const { moved, ...place } = next(n, ids) as Step;
        wanted.splice(wanted.indexOf(moved), 1);
        const anchor = (place.after ?? place.before) as string;
        wanted.splice(wanted.indexOf(anchor) + (place.after ? 1 : 0), 0, moved);
      }
      const listed = await ada.all('/tasks?sort=position');
      expect(listed.map((each) => each.id)).toEqual(wanted);
      expect(Math.max(...listed.map((each) => each.position.length))).toBeLessThanOrEqual(64);
      expect(new Set(listed.map((each) => each.position)).size).toBe(listed.length);
      const changes = await ada.changesAfter(0);
      const after = replay(changes, before);
      for (const { id, position } of listed) expect(position).toBe(after.get(id));
      // New positions for all tasks are rare, so that the cost of moves is bounded.
      expect(changes.length).toBeLessThan(moves * 5);
    },
    240_000,
  );
});

/** Tests the parts of a live lane without a service: the copy, its lists, and the worker that reads it. */
import { createTasklane, type Task } from '../src/index';
import { createCopy } from '../src/live/copy';
import { withDefaults } from '../src/live/defaults';
import type { Stored } from '../src/live/entities';
import { createTaskLists } from '../src/live/lists';
import { type LiveTaskQuery, planOf, tasksOf } from '../src/live/queries';
import { createMemoryStore, emptyState } from '../src/live/store';
import { localAt, toInstant } from '../src/live/time';
import { createWorker } from '../src/live/worker';

const at = '2026-06-01T10:00:00.000Z';

/** A task that only has the fields of queries. */
const taskOf = (id: string, fields: Partial<Task>): Stored => ({
  type: 'task',
  id,
  data: {
    ...{ id, title: '', description: null, status: 'pending', priority: 'medium', project_id: null },
    ...{ parent_id: null, tags: [], due_date: null, due_at: null, start_date: null, start_at: null },
    ...{ completed_at: null, created_at: at, updated_at: at, position: id, version: 1, ...fields },
  } as unknown as Task,
});

/** Random numbers from 0 to below `limit`, the same in each run (Numerical Recipes, LCG). */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

test('lists that follow changes equal lists that are read again', () => {
  const random = numbers(7);
  const copy = createCopy();
  const list = createTaskLists(copy, () => undefined);
  const queries: LiveTaskQuery[] = [
    {},
    { status: 'pending', sort: ['-priority', 'title'] },
    { sort: 'title', limit: 5 },
    { has: 'subtasks' },
    { view: 'no_date', include_archived: true },
    { project_id: 'p1', sort: '-due' },
  ];
  for (let revision = 1; revision <= 400; revision++) {
    const entities = Array.from({ length: 1 + random(revision % 50 === 0 ? 60 : 4) }, (): Stored => {
      const id = `t${String(random(80)).padStart(3, '0')}`;
      if (random(6) === 0) return { type: 'task', id, data: null };
      return taskOf(id, {
        title: `Task ${random(30)}`,
        status: (['pending', 'completed', 'cancelled'] as const)[random(3)] as Task['status'],
        priority: (['low', 'medium', 'high'] as const)[random(3)] as Task['priority'],
        project_id: [null, 'p1', 'p2'][random(3)] as null,
        parent_id: random(4) === 0 ? `t${String(random(80)).padStart(3, '0')}` : null,
        due_date: random(2) === 0 ? `2099-01-${10 + random(20)}` : null,
        version: revision,
      });
    });
    if (random(20) === 0) {
      const data = { id: 'p2', archived: random(2) === 0, position: 'a', version: revision };
      entities.push({ type: 'project', id: 'p2', data: data as never });
    }
    copy.apply({ state: { ...emptyState, revision }, entities });
    // Some lists are read seldom, so that they miss many versions.
    for (const [index, query] of queries.entries()) {
      if (random(index * 40 + 1) > 0) continue;
      const found = tasksOf(copy, planOf(copy, query, Date.now()));
      expect(list(query)).toEqual(query.limit === undefined ? found : found.slice(0, query.limit));
    }
  }
});

test('fields with a default are filled in where a stored entity lacks them', () => {
  const defaults = {
    task: [
      ['colour', 'none'],
      ['links.kind', 'page'],
      ['place.floor', 0],
    ],
  } as const;
  const old = { id: 't', links: [{ url: 'a' }, { url: 'b', kind: 'file' }], place: null };
  expect(withDefaults('task', old, defaults)).toEqual({
    ...old,
    colour: 'none',
    links: [
      { url: 'a', kind: 'page' },
      { url: 'b', kind: 'file' },
    ],
  });
  const present = { colour: null, links: [], place: { floor: 2 } };
  expect(withDefaults('task', present, defaults)).toEqual(present);
  expect(withDefaults('tag', old, defaults)).toBe(old);
});

test('instants have the rules of RFC 5545 for skipped and repeated times', () => {
  const instant = (day: string, time: string, zone: string) =>
    new Date(toInstant(day, time, zone)).toISOString();
  expect(instant('2026-03-29', '02:30', 'Europe/Zurich')).toBe('2026-03-29T01:30:00.000Z');
  expect(instant('2026-10-25', '02:30', 'Europe/Zurich')).toBe('2026-10-25T00:30:00.000Z');
  expect(instant('2026-04-05', '01:45', 'Australia/Lord_Howe')).toBe('2026-04-04T14:45:00.000Z');
  expect(instant('2026-09-06', '00:00', 'America/Santiago')).toBe('2026-09-06T04:00:00.000Z');
  const local = { day: '2027-01-01', time: '00:00:00' };
  expect(localAt('Asia/Kathmandu', Date.parse('2026-12-31T18:15:00Z'))).toEqual(local);
});

describe('the worker', () => {
  const epoch = '0b8f6d1e-3c57-4e0a-9a56-3f1d2c4b5a69';
  const page = (ids: readonly string[], next_token: string, has_more: boolean) => ({
    changes: ids.map((id) => ({ ...taskOf(id, {}), seq: 5, deleted: false })),
    ...{ next_token, has_more, seq: has_more ? 0 : 5, epoch },
  });

  /** A copy whose `/sync` is answered with the answers of each run, in their order; then there is no network. */
  function makeCopy() {
    const store = createMemoryStore();
    const ids = new Set<string>();
    let state = emptyState;

    async function run(answers: unknown[], closedSince?: string): Promise<URLSearchParams[]> {
      const queries: URLSearchParams[] = [];
      const ending = new AbortController();
      const fetch = async ({ url }: Request) => {
        const { pathname, searchParams } = new URL(url);
        const isSync = pathname.endsWith('/sync');
        const answer = isSync ? answers.shift() : undefined;
        if (answer === undefined) {
          if (isSync) ending.abort();
          throw new TypeError('fetch failed');
        }
        queries.push(searchParams);
        return Response.json(answer);
      };
      const worker = createWorker({
        tasklane: createTasklane({ baseUrl: 'http://service.test', fetch }),
        ...{ userId: 'ada', closedSince, makeKey: () => 'key', signal: ending.signal },
        keys: () => [...ids].map((id) => ['task', id] as const),
        // The end of a round.
        report: (connection) => {
          if (connection === 'connecting') ending.abort();
        },
        commit: async (decide) => {
          const changed = await store.change(decide);
          state = changed?.state ?? state;
          for (const { id, data } of changed?.entities ?? []) ids[data ? 'add' : 'delete'](id);
          return !ending.signal.aborted;
        },
      });
      await worker.run();
      return queries;
    }
    return { run, ids: () => [...ids].sort(), state: () => state };
  }

  test('continues the first snapshot where it ended', async () => {
    const copy = makeCopy();
    const first = await copy.run([page(['a'], 'one', true)]);
    expect(first.map((each) => each.get('token'))).toEqual([null]);
    expect(copy.state()).toMatchObject({ partial: 'one', seq: 0 });
    const second = await copy.run([page(['b'], 'two', true), page(['c'], 'three', false)]);
    expect(second.map((each) => each.get('token'))).toEqual(['one', 'two']);
    expect(copy.state()).toMatchObject({ token: 'three', partial: undefined, seq: 5, epoch });
    expect(copy.ids()).toEqual(['a', 'b', 'c']);
  });

  test('reads again if more of the past is wanted, and removes what is gone', async () => {
    const copy = makeCopy();
    const [early, late] = ['2026-01-01T00:00:00.000Z', '2026-06-01T00:00:00.000Z'];
    await copy.run([page(['a', 'b'], 'one', false)], late);
    const later = await copy.run([page([], 'two', false)], '2026-07-01T00:00:00.000Z');
    expect(later.map((each) => each.get('token'))).toEqual(['one']);
    const earlier = await copy.run([page(['b', 'c'], 'three', false)], early);
    expect(earlier.map((each) => [each.get('token'), each.get('closed_since')])).toEqual([[null, early]]);
    expect(copy.ids()).toEqual(['b', 'c']);
    const all = await copy.run([page(['a', 'b', 'c'], 'four', false)]);
    expect(all.map((each) => each.get('closed_since'))).toEqual([null]);
    expect(copy.state().closedSince).toBeUndefined();
  });
});

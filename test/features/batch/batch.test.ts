/** Tests batches beyond the contract's cases. */
import { randomUUID } from 'node:crypto';
import { contractDocument } from '../../../src/platform/contract/document/contract';
import type { ApiResponse, Body } from '../../support/api';
import { query } from '../../support/database';
import { holdLane, waitingForLocks } from '../../support/held-lane';
import { useTestService } from '../../support/service';
import { until } from '../../support/until';
import { makeUser, type TestUser, useUser } from '../../support/user';

const service = useTestService({ RATE_LIMIT: 'off' });
const ada = useUser(service);

function batch(operations: unknown[], options: object = {}, user = ada): Promise<ApiResponse> {
  return user.send('POST', '/batch', { body: { operations, ...options } });
}

async function results(operations: unknown[], options: object = {}, user = ada): Promise<Body[]> {
  const response = await batch(operations, options, user);
  expect(response.status).toBe(200);
  expect(response.body.results.map((each: Body) => each.index)).toEqual(operations.map((_, index) => index));
  expect(response.body.results.map((each: Body) => each.op)).toEqual(
    operations.map((each) => (each as { op: string }).op),
  );
  return response.body.results;
}

const statuses = (all: Body[]): number[] => all.map((each) => each.status);

async function create(path: string, body: object, user = ada): Promise<Body> {
  const response = await user.send('POST', path, { body });
  expect(response.status).toBe(201);
  return response.body;
}

/** The contents of a lane without the profile, and its changes without the values that differ in each run. */
async function contents(userId: string): Promise<Record<string, Body[]>> {
  const tables = ['tasks', 'projects', 'tags', 'task_tags', 'completions', 'reminders', 'changes'];
  const rows = tables.map(async (table) => {
    const found = await query<Body>(
      service.database.url,
      `select * from tasklane.${table} as t where lane_id = lane_of($1) order by t::text collate "C"`,
      [userId],
    );
    return [table, found.map(({ lane_id: _lane, ...row }) => row)];
  });
  return Object.fromEntries(await Promise.all(rows));
}

const nothing = {
  tasks: [],
  projects: [],
  tags: [],
  task_tags: [],
  completions: [],
  reminders: [],
  changes: [],
};
const absent = '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d99';
const newTask = (title = 'A task', more: object = {}) => ({ op: 'create_task', task: { title, ...more } });

describe('an operation in a batch', () => {
  /** Fills a lane with every type of entity. */
  async function furnish(user: TestUser): Promise<Record<string, string>> {
    const project = await create('/projects', { name: 'Garden' }, user);
    const task = await create('/tasks', { title: 'One', tags: ['home'], project_id: project.id }, user);
    const subtask = await create('/tasks', { title: 'Below', parent_id: task.id }, user);
    const other = await create('/tasks', { title: 'Two' }, user);
    const gone = await create('/tasks', { title: 'Gone' }, user);
    await user.send('DELETE', `/tasks/${gone.id}`);
    const goneProject = await create('/projects', { name: 'Gone' }, user);
    await create('/tasks', { title: 'Gone with it', project_id: goneProject.id }, user);
    await user.send('DELETE', `/projects/${goneProject.id}?tasks=delete`);
    const daily = await create(
      '/tasks',
      { title: 'Daily', rrule: 'FREQ=DAILY', due_date: '2027-01-01' },
      user,
    );
    const tags = await user.send('GET', '/tags');
    return {
      daily: daily.id,
      project: project.id,
      task: task.id,
      subtask: subtask.id,
      other: other.id,
      gone: gone.id,
      goneProject: goneProject.id,
      tag: tags.body.items[0].id,
    };
  }

  /** Rows with names in place of random ids and times. */
  function named(rows: object, ids: Record<string, string>, userId: string): unknown {
    let text = JSON.stringify(rows).replaceAll(userId, 'user');
    for (const [name, id] of Object.entries(ids)) text = text.replaceAll(id, name);
    return JSON.parse(
      text
        .replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"at"')
        .replace(/"m[0-9A-Za-z]{13,}"/g, '"position"')
        .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'new'),
      (_key, value) =>
        Array.isArray(value)
          ? value.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
          : value,
    );
  }

  type Ids = Record<string, string>;
  test.each<[string, (ids: Ids) => object, (ids: Ids) => [string, string, object?]]>([
    [
      'create_task',
      (ids) => newTask(' New ', { parent_id: ids.task, tags: ['HOME', 'new'], due_date: '2027-01-01' }),
      (ids) => [
        'POST',
        '/tasks',
        { title: ' New ', parent_id: ids.task, tags: ['HOME', 'new'], due_date: '2027-01-01' },
      ],
    ],
    [
      'update_task',
      (ids) => ({ op: 'update_task', id: ids.task, task: { title: 'Other', project_id: null } }),
      (ids) => ['PATCH', `/tasks/${ids.task}`, { title: 'Other', project_id: null }],
    ],
    [
      'create_task, completed',
      () => newTask('New', { completed: true }),
      () => ['POST', '/tasks', { title: 'New', completed: true }],
    ],
    [
      'update_task, completed',
      (ids) => ({ op: 'update_task', id: ids.task, task: { completed: true, id: ids.task, version: 1 } }),
      (ids) => ['PATCH', `/tasks/${ids.task}`, { completed: true, id: ids.task, version: 1 }],
    ],
    [
      'complete_task',
      (ids) => ({ op: 'complete_task', id: ids.task }),
      (ids) => ['PATCH', `/tasks/${ids.task}/complete`, { completed: true }],
    ],
    [
      'complete_task, undo',
      (ids) => ({ op: 'complete_task', id: ids.task, completed: false }),
      (ids) => ['PATCH', `/tasks/${ids.task}/complete`, { completed: false }],
    ],
    [
      'complete_task, an occurrence',
      (ids) => ({ op: 'complete_task', id: ids.daily, occurrence: '2027-01-01' }),
      (ids) => ['PATCH', `/tasks/${ids.daily}/complete`, { completed: true, occurrence: '2027-01-01' }],
    ],
    [
      'skip_occurrence',
      (ids) => ({ op: 'skip_occurrence', id: ids.daily }),
      (ids) => ['POST', `/tasks/${ids.daily}/skip`],
    ],
    [
      'duplicate_task',
      (ids) => ({ op: 'duplicate_task', id: ids.task }),
      (ids) => ['POST', `/tasks/${ids.task}/duplicate`],
    ],
    [
      'duplicate_task with subtasks',
      (ids) => ({ op: 'duplicate_task', id: ids.task, copy: { subtasks: true } }),
      (ids) => ['POST', `/tasks/${ids.task}/duplicate`, { subtasks: true }],
    ],
    [
      'move_task',
      (ids) => ({ op: 'move_task', id: ids.other, to: { before: ids.task, project_id: ids.project } }),
      (ids) => ['POST', `/tasks/${ids.other}/move`, { before: ids.task, project_id: ids.project }],
    ],
    [
      'delete_task',
      (ids) => ({ op: 'delete_task', id: ids.task }),
      (ids) => ['DELETE', `/tasks/${ids.task}`],
    ],
    [
      'restore_task',
      (ids) => ({ op: 'restore_task', id: ids.gone }),
      (ids) => ['POST', `/tasks/${ids.gone}/restore`],
    ],
    [
      'create_project',
      () => ({ op: 'create_project', project: { name: ' House ', color: '#2f855a' } }),
      () => ['POST', '/projects', { name: ' House ', color: '#2f855a' }],
    ],
    [
      'update_project',
      (ids) => ({ op: 'update_project', id: ids.project, project: { name: ' House ', archived: true } }),
      (ids) => ['PATCH', `/projects/${ids.project}`, { name: ' House ', archived: true }],
    ],
    [
      'delete_project, keeping its tasks',
      (ids) => ({ op: 'delete_project', id: ids.project, tasks: 'move' }),
      (ids) => ['DELETE', `/projects/${ids.project}?tasks=move`],
    ],
    [
      'delete_project with its tasks',
      (ids) => ({ op: 'delete_project', id: ids.project, tasks: 'delete' }),
      (ids) => ['DELETE', `/projects/${ids.project}?tasks=delete`],
    ],
    [
      'restore_project',
      (ids) => ({ op: 'restore_project', id: ids.goneProject }),
      (ids) => ['POST', `/projects/${ids.goneProject}/restore`],
    ],
    [
      'update_tag',
      (ids) => ({ op: 'update_tag', id: ids.tag, tag: { name: 'household' } }),
      (ids) => ['PATCH', `/tags/${ids.tag}`, { name: 'household' }],
    ],
    ['delete_tag', (ids) => ({ op: 'delete_tag', id: ids.tag }), (ids) => ['DELETE', `/tags/${ids.tag}`]],
  ])('%s', async (_what, operationOn, requestOn) => {
    const bob = await makeUser(service.url);
    const [adas, bobs] = [await furnish(ada), await furnish(bob)];
    const [result] = await results([operationOn(adas)]);
    const [method, path, body] = requestOn(bobs);
    const single = await bob.send(method, path, { body });
    expect(result.status).toBe(single.status);
    expect(named({ body: result.body ?? undefined }, adas, ada.id)).toEqual(
      named({ body: single.body }, bobs, bob.id),
    );
    expect(named(await contents(ada.id), adas, ada.id)).toEqual(named(await contents(bob.id), bobs, bob.id));
  });

  test('refuses another value of a read-only field', async () => {
    const ids = await furnish(ada);
    const version = 7;
    const response = await ada.send('POST', '/batch', {
      body: {
        atomic: false,
        operations: [
          { op: 'update_task', id: ids.task, task: { version } },
          { op: 'update_project', id: ids.project, project: { version } },
          { op: 'update_tag', id: ids.tag, tag: { version } },
        ],
      },
    });
    const pointers = response.body.results.map((each: Body) => each.problem.errors[0].pointer);
    expect(pointers).toEqual(
      ['task', 'project', 'tag'].map((part, index) => `/body/operations/${index}/${part}/version`),
    );
  });

  test('has the same fields as the single operation', () => {
    // biome-ignore lint/suspicious/noExplicitAny: schemas as they are written.
    const schemas = contractDocument.components.schemas as any;
    const bare = ({ properties: { id: _id, ...properties }, ...schema }: Body) => {
      const { description: _description, ...rest } = { ...schema, properties };
      return JSON.parse(JSON.stringify(rest).replaceAll('IdOrReference"', 'Id"'));
    };
    for (const name of ['TaskCreate', 'TaskPatch', 'TaskMove']) {
      expect(bare(schemas[`Batch${name}`])).toEqual(bare(schemas[name]));
    }
    expect(schemas.BatchTaskCreate.properties.id).toEqual(schemas.TaskCreate.properties.id);
  });
});

describe('a reference', () => {
  test('stands for the entity that an earlier operation creates, in every field for an id', async () => {
    const all = await results([
      { op: 'create_project', ref: 'p', project: { name: 'Garden' } },
      { op: 'create_project', ref: 'q', project: { name: 'House' } },
      { op: 'create_task', ref: 'a', task: { title: 'A', project_id: '$p' } },
      { op: 'create_task', ref: 'b-1_B', task: { title: 'B', parent_id: '$a' } },
      { op: 'create_task', ref: 'c', task: { title: 'C', id: absent } },
      { op: 'update_task', id: '$c', task: { parent_id: '$a' } },
      { op: 'move_task', id: '$c', to: { before: '$b-1_B' } },
      { op: 'update_project', id: '$q', project: { archived: true } },
      { op: 'complete_task', id: '$b-1_B' },
      { op: 'move_task', id: '$c', to: { project_id: '$q', parent_id: null, after: '$a' } },
      { op: 'delete_task', id: '$a' },
      { op: 'restore_task', id: '$a' },
      { op: 'delete_project', id: '$p', tasks: 'move' },
    ]);
    expect(statuses(all)).toEqual([201, 201, 201, 201, 201, 200, 200, 200, 200, 200, 204, 200, 204]);
    const [p, q, a, b, c] = all.map((each) => each.body);
    expect(a.project_id).toBe(p.id);
    expect(b).toMatchObject({ parent_id: a.id, project_id: p.id });
    expect(c.id).toBe(absent);
    expect(all[5].body).toMatchObject({ id: c.id, parent_id: a.id, project_id: p.id });
    expect(all[6].body.position < b.position).toBe(true);
    expect(all[7].body).toMatchObject({ id: q.id, archived: true });
    expect(all[9].body).toMatchObject({ id: c.id, parent_id: null, project_id: q.id });
    const { body: page } = await ada.send('GET', '/tasks?sort=title&include_archived=true');
    expect(page.items).toMatchObject([
      { id: a.id, project_id: null },
      { id: b.id, parent_id: a.id, status: 'completed' },
      { id: c.id, project_id: q.id },
    ]);
  });

  test.each([
    [
      'to a name that is not defined',
      [newTask('A', { parent_id: '$nothing' })],
      ['/body/operations/0/task/parent_id unknown'],
    ],
    [
      'to a later operation',
      [newTask('A', { parent_id: '$b' }), { ...newTask('B'), ref: 'b' }],
      ['/body/operations/0/task/parent_id unknown'],
    ],
    [
      'to itself',
      [{ ...newTask('A', { parent_id: '$a' }), ref: 'a' }],
      ['/body/operations/0/task/parent_id unknown'],
    ],
    [
      'to a task instead of a project, and vice versa',
      [
        { ...newTask('A'), ref: 'a' },
        { op: 'create_project', ref: 'p', project: { name: 'P' } },
        newTask('B', { project_id: '$a', parent_id: '$p' }),
        { op: 'delete_project', id: '$a', tasks: 'move' },
        { op: 'move_task', id: '$p', to: { before: '$p', after: '$p', project_id: '$a', parent_id: '$p' } },
      ],
      [
        '/body/operations/2/task/project_id unknown',
        '/body/operations/2/task/parent_id unknown',
        '/body/operations/3/id unknown',
        '/body/operations/4/id unknown',
        '/body/operations/4/to/before unknown',
        '/body/operations/4/to/after unknown',
        '/body/operations/4/to/project_id unknown',
        '/body/operations/4/to/parent_id unknown',
      ],
    ],
    [
      'that is defined twice',
      [
        { ...newTask('A'), ref: 'a' },
        { op: 'create_project', ref: 'a', project: { name: 'P' } },
      ],
      ['/body/operations/1/ref duplicate'],
    ],
    [
      'to a property that JavaScript objects inherit',
      [newTask('A', { parent_id: '$__proto__' })],
      ['/body/operations/0/task/parent_id unknown'],
    ],
  ])('%s is rejected with the whole batch, atomic or not', async (_what, operations, expected) => {
    for (const atomic of [true, false]) {
      const response = await batch(operations, { atomic });
      expect(response).toMatchObject({ status: 422, body: { code: 'validation-failed' } });
      expect(response.body.errors.map((each: Body) => `${each.pointer} ${each.code}`).toSorted()).toEqual(
        expected.toSorted(),
      );
    }
    expect(await contents(ada.id)).toEqual(nothing);
  });

  test('is ordinary text in a title, a description or a tag', async () => {
    const [result] = await results([newTask('$a', { description: '$b', tags: ['$c'] })]);
    expect(result.body).toMatchObject({ title: '$a', description: '$b', tags: ['$c'] });
  });
});

describe('a request that breaks the contract', () => {
  test('gets the validation errors of every operation, for the type that it names', async () => {
    const response = await batch([
      newTask(''),
      { op: 'create_task', task: { description: 1, nonsense: true, 'a/b': 1 }, more: 1 },
      { op: 'update_task', id: 'x', task: { title: null } },
      { op: 'explode', id: absent },
      { id: absent },
      'nonsense',
      { op: 'delete_project', id: '$', tasks: 'burn' },
      { op: 'move_task', id: absent, to: {} },
      { op: 'complete_task', id: absent, completed: 'yes' },
      { op: 'delete_tag', id: '$tag' },
      { op: ['create_task'] },
      newTask('Fine'),
    ]);
    expect(response).toMatchObject({ status: 422, body: { code: 'validation-failed' } });
    expect(response.body.errors.map((each: Body) => `${each.pointer} ${each.code}`).toSorted()).toEqual(
      [
        '/body/operations/0/task/title too-short',
        '/body/operations/1/more unknown',
        '/body/operations/1/task/title required',
        '/body/operations/1/task/description wrong-type',
        '/body/operations/1/task/nonsense unknown',
        '/body/operations/1/task/a~1b unknown',
        '/body/operations/2/id wrong-format',
        '/body/operations/2/task/title wrong-type',
        '/body/operations/3/op not-allowed',
        '/body/operations/4/op required',
        '/body/operations/5 wrong-type',
        '/body/operations/6/id wrong-format',
        '/body/operations/6/tasks not-allowed',
        '/body/operations/7/to too-short',
        '/body/operations/8/completed wrong-type',
        '/body/operations/9/id wrong-format',
        '/body/operations/10/op not-allowed',
      ].toSorted(),
    );
    const [unknownOp] = response.body.errors.filter((each: Body) => each.pointer === '/body/operations/3/op');
    expect(unknownOp.detail).toMatch(/create_task, update_task/);
    expect(await contents(ada.id)).toEqual(nothing);
  });

  test.each([
    ['no body', null, ['/body wrong-type']],
    ['no operations', {}, ['/body/operations required']],
    ['empty operations', { operations: [] }, ['/body/operations too-short']],
    ['operations that are not a list', { operations: {} }, ['/body/operations wrong-type']],
    ['an unknown property', { operations: [newTask()], dry: true }, ['/body/dry unknown']],
    ['atomic as a text', { operations: [newTask()], atomic: 'no' }, ['/body/atomic wrong-type']],
  ])('is rejected if it has %s', async (_what, body, expected) => {
    const response = await ada.send('POST', '/batch', { body });
    expect(response.status).toBe(422);
    expect(response.body.errors.map((each: Body) => `${each.pointer} ${each.code}`)).toEqual(expected);
  });

  test('can have 100 operations but not 101', async () => {
    const tasks = Array.from({ length: 101 }, (_, n) => newTask(`Task ${n}`));
    const refused = await batch(tasks);
    expect(refused.body.errors).toMatchObject([{ pointer: '/body/operations', code: 'too-long' }]);
    expect(await contents(ada.id)).toEqual(nothing);
    const all = await results(tasks.slice(1));
    expect(all.map((each) => each.body.title)).toEqual(tasks.slice(1).map((each) => each.task.title));
    expect(all.map((each) => each.body.position)).toEqual(all.map((each) => each.body.position).toSorted());
  });
});

describe('an atomic batch', () => {
  test('fills in defaults like a single create', async () => {
    await ada.send('PATCH', '/profile', { body: { default_priority: 'high' } });
    const [result] = await results([newTask('Bare')]);
    const task = await create('/tasks', { title: 'Bare' });
    expect(Object.keys(result.body)).toEqual(Object.keys(task));
    expect(result.body).toMatchObject({ priority: 'high', status: 'pending', tags: [], description: null });
  });

  test.each<[string, object, number, object]>([
    ['a missing task', { op: 'update_task', id: absent, task: {} }, 404, { code: 'task-not-found' }],
    [
      'a missing project',
      { op: 'delete_project', id: absent, tasks: 'move' },
      404,
      { code: 'project-not-found' },
    ],
    ['a missing tag', { op: 'update_tag', id: absent, tag: {} }, 404, { code: 'tag-not-found' }],
    [
      'a task that is not in the trash',
      { op: 'restore_task', id: '$first' },
      404,
      { code: 'task-not-found' },
    ],
    [
      'a missing parent',
      newTask('B', { parent_id: absent }),
      422,
      {
        errors: [
          {
            pointer: '/body/operations/2/task/parent_id',
            code: 'not-in-lane',
            detail: 'does not exist in this lane',
          },
        ],
      },
    ],
    [
      'a due time without a date',
      { op: 'update_task', id: '$first', task: { due_time: '10:00', time_zone: 'Europe/Zurich' } },
      422,
      {
        errors: [
          { pointer: '/body/operations/2/task/due_time', code: 'contradiction' },
          { pointer: '/body/operations/2/task/time_zone', code: 'contradiction' },
        ],
      },
    ],
    [
      'an occurrence that the task does not have',
      { op: 'complete_task', id: '$first', occurrence: '2027-01-01' },
      422,
      { errors: [{ pointer: '/body/operations/2/occurrence', code: 'not-allowed' }] },
    ],
    [
      'a skip of a task that does not recur',
      { op: 'skip_occurrence', id: '$first' },
      409,
      { code: 'not-recurring' },
    ],
    [
      'a move next to itself',
      { op: 'move_task', id: '$first', to: { after: '$first' } },
      422,
      { errors: [{ pointer: '/body/operations/2/to/after', code: 'cycle' }] },
    ],
  ])('is rolled back by %s', async (_what, operation, status, problem) => {
    const kept = await create('/tasks', { title: 'Kept', tags: ['kept'] });
    const before = await contents(ada.id);
    const response = await batch([
      { ...newTask('First', { tags: ['new', 'kept'] }), ref: 'first' },
      { op: 'delete_task', id: kept.id },
      operation,
      newTask('After'),
    ]);
    expect(response).toMatchObject({
      status: 422,
      body: {
        code: 'batch-failed',
        detail: `Operation 2 failed, and nothing was changed. ${response.body.results[2].problem.detail}`,
        results: [
          { index: 0, op: 'create_task', status: 424, body: null, problem: { code: 'not-applied' } },
          { index: 1, op: 'delete_task', status: 424, body: null, problem: { code: 'not-applied' } },
          { index: 2, op: (operation as Body).op, status, body: null, problem: { status, ...problem } },
          { index: 3, op: 'create_task', status: 424, body: null, problem: { code: 'not-applied' } },
        ],
      },
    });
    for (const { problem: each } of response.body.results) {
      expect(each.request_id).toBe(response.headers['x-request-id']);
    }
    expect(await contents(ada.id)).toEqual(before);
  });

  test('is rolled back if an id is taken, also by an earlier operation', async () => {
    const { id } = await create('/tasks', { title: 'Taken' });
    const before = await contents(ada.id);
    for (const [operations, index] of [
      [[newTask('A', { id })], 0],
      [[newTask('A', { id: absent }), newTask('B', { id: absent })], 1],
    ] as const) {
      const response = await batch([...operations]);
      expect(response).toMatchObject({ status: 422, body: { code: 'batch-failed' } });
      const problem = { code: 'id-taken', entity: { type: 'task', version: 1, in_trash: false } };
      expect(response.body.results[index]).toMatchObject({ status: 409, problem });
    }
    expect(await contents(ada.id)).toEqual(before);
  });
});

describe('a batch that is not atomic', () => {
  test('applies the operations that succeed, and gives a problem for each operation that fails', async () => {
    const { id: taken } = await create('/tasks', { title: 'Taken' });
    const all = await results(
      [
        newTask('First'),
        { op: 'update_task', id: absent, task: {} },
        { ...newTask('Bad', { id: taken }), ref: 'bad' },
        newTask('Below bad', { parent_id: '$bad' }),
        { op: 'complete_task', id: '$bad' },
        { ...newTask('Good'), ref: 'good' },
        { ...newTask('Below good', { parent_id: '$good', project_id: absent }), ref: 'worse' },
        newTask('Below good', { parent_id: '$good' }),
        newTask('Below worse', { parent_id: '$worse' }),
        { op: 'delete_task', id: '$good' },
        newTask('Last'),
      ],
      { atomic: false },
    );
    expect(statuses(all)).toEqual([201, 404, 409, 424, 424, 201, 422, 201, 424, 204, 201]);
    expect(all[3].problem.detail).toBe('The operation was not applied, because operation 2 failed.');
    expect(all[6].problem.errors).toMatchObject([
      { pointer: '/body/operations/6/task/project_id', code: 'contradiction' },
    ]);
    const { body: page } = await ada.send('GET', '/tasks?sort=position');
    expect(page.items.map((each: Body) => each.title)).toEqual(['Taken', 'First', 'Last']);
    expect(page.items[0]).toMatchObject({ id: taken, status: 'pending', version: 1 });
  });

  test('answers 200 even if no operation succeeds', async () => {
    const all = await results([{ op: 'delete_task', id: absent }], { atomic: false });
    expect(statuses(all)).toEqual([404]);
  });

  test('records the changes of the applied operations without gaps', async () => {
    await results(
      [newTask('A', { tags: ['one'] }), newTask('B', { parent_id: absent }), newTask('C', { tags: ['one'] })],
      { atomic: false },
    );
    const changes = await query(
      service.database.url,
      'select seq::int, type, action from tasklane.changes where lane_id = lane_of($1) order by seq',
      [ada.id],
    );
    expect(changes).toEqual([
      { seq: 1, type: 'tag', action: 'created' },
      { seq: 2, type: 'task', action: 'created' },
      { seq: 3, type: 'task', action: 'created' },
    ]);
  });
});

describe('an internal error in one operation', () => {
  // The database rejects a write that the contract accepts: after a row, and after its tag, were written.
  beforeAll(() =>
    query(
      service.database.url,
      `alter table tasklane.task_tags add constraint bomb check (task_id <> '${absent}')`,
    ),
  );
  afterAll(() => query(service.database.url, 'alter table tasklane.task_tags drop constraint bomb'));
  const operations = [
    newTask('Before', { tags: ['before'] }),
    { ...newTask('Bomb', { id: absent, tags: ['bomb'] }), ref: 'bomb' },
    newTask('Below', { parent_id: '$bomb' }),
    newTask('After', { tags: ['before', 'after'] }),
  ];

  test('rolls back only that operation if the batch is not atomic', async () => {
    const all = await results(operations, { atomic: false });
    expect(statuses(all)).toEqual([201, 500, 424, 201]);
    expect(all[1].problem).toMatchObject({ code: 'internal-error' });
    expect(JSON.stringify(all[1])).not.toContain('constraint');
    expect(service.logged.filter((line) => line.index === 1)).toMatchObject([
      { level: 50, msg: 'internal error in an operation of a batch', err: { code: '23514' } },
    ]);
    const { tasks, tags, changes } = await contents(ada.id);
    expect(tasks?.map((each) => each.title).toSorted()).toEqual(['After', 'Before']);
    expect(tags?.map((each) => each.name).toSorted()).toEqual(['after', 'before']);
    expect(changes).toHaveLength(4);
  });

  test('rolls back an atomic batch and fails the request', async () => {
    const response = await batch(operations);
    expect(response).toMatchObject({ status: 500, body: { code: 'internal-error' } });
    expect(await contents(ada.id)).toEqual(nothing);
  });
});

describe('the lane of another user', () => {
  let bob: TestUser;
  let theirs: Record<string, string>;
  beforeEach(async () => {
    bob = await makeUser(service.url);
    const project = await create('/projects', { name: 'Secret' }, bob);
    const task = await create(
      '/tasks',
      { title: 'Secret', tags: ['secret'], rrule: 'FREQ=DAILY', due_date: '2027-01-01' },
      bob,
    );
    const goneProject = await create('/projects', { name: 'Secret' }, bob);
    await bob.send('DELETE', `/projects/${goneProject.id}?tasks=delete`);
    const gone = await create('/tasks', { title: 'Secret' }, bob);
    await bob.send('DELETE', `/tasks/${gone.id}`);
    const tags = await bob.send('GET', '/tags');
    theirs = {
      project: project.id,
      task: task.id,
      gone: gone.id,
      goneProject: goneProject.id,
      tag: tags.body.items[0].id,
    };
  });

  type Operation = (id: string) => object;
  test.each<[string, string, Operation]>([
    ['update_task', 'task', (id) => ({ op: 'update_task', id, task: { title: 'Mine' } })],
    ['complete_task', 'task', (id) => ({ op: 'complete_task', id })],
    ['skip_occurrence', 'task', (id) => ({ op: 'skip_occurrence', id })],
    ['duplicate_task', 'task', (id) => ({ op: 'duplicate_task', id })],
    ['move_task', 'task', (id) => ({ op: 'move_task', id, to: { project_id: null } })],
    ['delete_task', 'task', (id) => ({ op: 'delete_task', id })],
    ['restore_task', 'gone', (id) => ({ op: 'restore_task', id })],
    ['restore_project', 'goneProject', (id) => ({ op: 'restore_project', id })],
    ['update_project', 'project', (id) => ({ op: 'update_project', id, project: { name: 'Mine' } })],
    ['delete_project', 'project', (id) => ({ op: 'delete_project', id, tasks: 'delete' })],
    ['update_tag', 'tag', (id) => ({ op: 'update_tag', id, tag: { name: 'mine' } })],
    ['delete_tag', 'tag', (id) => ({ op: 'delete_tag', id })],
    ['create_task in a project', 'project', (id) => newTask('A', { project_id: id })],
    ['create_task below a task', 'task', (id) => newTask('A', { parent_id: id })],
    [
      'update_task to a project',
      'project',
      (id) => ({ op: 'update_task', id: '$a', task: { project_id: id } }),
    ],
    ['update_task to a parent', 'task', (id) => ({ op: 'update_task', id: '$a', task: { parent_id: id } })],
    ['move_task to a project', 'project', (id) => ({ op: 'move_task', id: '$a', to: { project_id: id } })],
    ['move_task to a parent', 'task', (id) => ({ op: 'move_task', id: '$a', to: { parent_id: id } })],
    ['move_task before', 'task', (id) => ({ op: 'move_task', id: '$a', to: { before: id } })],
    ['move_task after', 'task', (id) => ({ op: 'move_task', id: '$a', to: { after: id } })],
  ])('looks missing to %s', async (_what, kind, operationOn) => {
    const before = await contents(bob.id);
    for (const atomic of [true, false]) {
      const answers = [];
      for (const id of [theirs[kind] as string, randomUUID()]) {
        const response = await batch([{ ...newTask('A'), ref: 'a' }, operationOn(id)], { atomic });
        expect(response.status).toBe(atomic ? 422 : 200);
        const { problem, ...result } = response.body.results[1];
        expect([404, 422]).toContain(result.status);
        const { request_id: _id, ...told } = problem;
        answers.push({ result, told });
      }
      expect(answers[0]).toEqual(answers[1]);
    }
    expect(await contents(bob.id)).toEqual(before);
  });

  test('does not reserve its ids', async () => {
    const before = await contents(bob.id);
    const all = await results([
      newTask('Mine', { id: theirs.task }),
      { op: 'create_project', project: { id: theirs.project, name: 'Mine' } },
      { op: 'update_task', id: theirs.task, task: { project_id: theirs.project } },
    ]);
    expect(statuses(all)).toEqual([201, 201, 200]);
    expect(await contents(bob.id)).toEqual(before);
  });
});

test('two batches at once do not mix', async () => {
  const held = await holdLane(service.database.url, ada.id);
  const names = ['one', 'two'];
  const sent = names.map((name) =>
    results(
      Array.from({ length: 20 }, (_, n) => newTask(`${name} ${n}`, { tags: [`tag ${n}`] })),
      { atomic: name === 'one' },
    ),
  );
  await until(async () => (await waitingForLocks(service.database.url)) >= 2);
  await held.release();
  for (const each of await Promise.all(sent)) expect(new Set(statuses(each))).toEqual(new Set([201]));
  const changes = await query<{ title: string; seq: number }>(
    service.database.url,
    `select task.title, change.seq::int from tasklane.changes as change
     join tasklane.tasks as task on task.lane_id = change.lane_id and task.id = change.entity_id
     where change.lane_id = lane_of($1) order by change.seq`,
    [ada.id],
  );
  const titles = changes.map((each) => each.title);
  const first = (titles[0] as string).split(' ')[0];
  const order = first === 'one' ? names : names.toReversed();
  expect(titles).toEqual(order.flatMap((name) => Array.from({ length: 20 }, (_, n) => `${name} ${n}`)));
  // The first creates the tags, and the second finds them.
  const [last] = await query<{ seq: number; tags: number }>(
    service.database.url,
    `select change_seq::int as seq, (select count(*)::int from tasklane.tags where lane_id = lane_of($1)) as tags
     from tasklane.profiles where lane_id = lane_of($1)`,
    [ada.id],
  );
  expect(last).toEqual({ seq: 60, tags: 20 });
});

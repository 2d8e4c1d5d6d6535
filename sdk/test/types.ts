/**
 * Correct uses of the client's types, and deliberate mistakes that they reject. `npm test` type-checks this file with
 * the source and, in package.test.ts, with the built package.
 */
import {
  createTasklane,
  etagOf,
  isProblem,
  type Problem,
  type Schemas,
  type SyncChange,
  type Task,
  type TaskPage,
  unwrap,
} from '../src/index';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._proof: Equal<A, B> extends true ? [] : [never]): void => undefined;

export async function check(): Promise<void> {
  const tasklane = createTasklane({ baseUrl: '', token: async ({ refresh }) => (refresh ? 'b' : null) });
  const client = tasklane.raw;
  const lane = tasklane.lane();
  const path = { user_id: 'ada', task_id: '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e' };

  // A result holds either the data or the problem, and `code` says which problem.
  const { data, error } = await client.GET('/api/{user_id}/tasks/{task_id}', { params: { path } });
  if (error) {
    same<typeof data, undefined>();
    same<Extract<typeof error.code, 'task-not-found' | 'id-taken'>, 'task-not-found'>();
    switch (error.code) {
      case 'task-not-found':
        same<typeof error.status, 404>();
        // @ts-expect-error only validation-failed has them
        error.errors;
        break;
      case 'validation-failed':
        same<typeof error.errors, Schemas['ValidationError'][]>();
        break;
      // @ts-expect-error getting a task cannot meet this problem
      case 'id-taken':
        break;
    }
  } else {
    same<typeof data, Task>();
  }

  // Conditions and keys are headers of their operations; a failed condition has the current entity.
  const header = { 'If-Match': etagOf(data ?? { version: 1, updated_at: null }), 'Idempotency-Key': 'a' };
  const patched = await client.PATCH('/api/{user_id}/tasks/{task_id}', {
    params: { path, header },
    body: { title: 'A' },
  });
  if (patched.error?.code === 'precondition-failed') {
    const { current } = patched.error;
    same<typeof current, Task>();
  }
  // @ts-expect-error an entity without a version has no entity tag
  etagOf({ items: [] });

  // `unwrap` returns the data.
  const task = await unwrap(client.POST('/api/{user_id}/tasks', { params: { path }, body: { title: 'A' } }));
  same<typeof task, Task>();
  const gone = await unwrap(client.DELETE('/api/{user_id}/tasks/{task_id}', { params: { path } }));
  same<typeof gone, undefined>();
  const page = await unwrap(client.GET('/docs', { parseAs: 'text' }));
  same<typeof page, string>();

  // The thrown error is a problem, with the members of its code.
  const caught: unknown = undefined;
  if (isProblem(caught)) same<typeof caught.problem, Problem>();
  if (isProblem(caught, 'validation-failed')) {
    same<typeof caught.code, 'validation-failed'>();
    same<typeof caught.problem.errors, Schemas['ValidationError'][]>();
  }
  if (isProblem(caught, 'task-not-found', 'id-taken')) {
    same<typeof caught.problem.status, 404 | 409>();
  }
  // @ts-expect-error no problem has this code
  isProblem(caught, 'task-lost');

  // A list is a page, and iterates over all items.
  const list = lane.tasks.list({ status: 'pending', priority: ['high', 'urgent'], sort: '-due' });
  same<(typeof list)['then'] extends TaskPage['items'] ? 1 : 0, 0>();
  const listed = await list;
  same<typeof listed, Schemas['TaskPage']>();
  for await (const each of list) same<(typeof each)['title'], string>();
  for await (const each of list.pages()) same<typeof each.total, number | null>();
  // @ts-expect-error not a status
  lane.tasks.list({ status: 'done' });
  // @ts-expect-error not a parameter
  lane.tasks.list({ state: 'pending' });

  // The methods of a lane take exactly the fields of the contract.
  const created = await lane.tasks.create({ title: 'A', due_date: '2027-01-31' }, { idempotencyKey: 'a' });
  await lane.tasks.update(created.id, { title: 'B' }, { ifMatch: created, retries: 0 });
  await lane.tasks.complete(created.id);
  await lane.tasks.reopen(created.id, {}, { ifMatch: '"1-0"' });
  same<Awaited<ReturnType<typeof lane.tasks.delete>>, void>();
  same<Awaited<ReturnType<typeof lane.transfer.exportCsv>>, Response>();
  // @ts-expect-error a task needs a title
  lane.tasks.create({});
  // @ts-expect-error not a field
  lane.tasks.create({ title: 'A', dueDate: '2027-01-31' });
  // @ts-expect-error not a field
  lane.tasks.update('1', { done: true });
  // @ts-expect-error reading has no condition
  lane.tasks.get('1', { ifMatch: created });
  // @ts-expect-error no method has this name
  lane.tasks.toggle('1');

  // A change that is not a deletion has data.
  const change = undefined as unknown as Extract<SyncChange, { type: 'task' }>;
  if (change.deleted) same<typeof change.data, null>();
  else same<typeof change.data, Schemas['Task']>();

  // @ts-expect-error a task needs a title
  client.POST('/api/{user_id}/tasks', { params: { path }, body: {} });
  // @ts-expect-error not a field
  client.POST('/api/{user_id}/tasks', { params: { path }, body: { title: 'A', dueDate: '2027-01-31' } });
  // @ts-expect-error not a field
  client.PATCH('/api/{user_id}/tasks/{task_id}', { params: { path }, body: { done: true } });
  // @ts-expect-error the path needs a user
  client.GET('/api/{user_id}/tasks', { params: {} });
  // @ts-expect-error not an operation
  client.POST('/api/{user_id}/tasks/{task_id}', { params: { path } });
  // @ts-expect-error a token is text
  createTasklane({ baseUrl: '', token: () => 1 });
}

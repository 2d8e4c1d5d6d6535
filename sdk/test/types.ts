/**
 * Correct uses of the client's types, and deliberate mistakes that they reject. `npm test` type-checks this file with
 * the source and, in package.test.ts, with the built package.
 */
import {
  createTasklaneClient,
  etagOf,
  isProblem,
  type ListPath,
  type Page,
  type Problem,
  type Schemas,
  unwrap,
} from '../src/index';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._proof: Equal<A, B> extends true ? [] : [never]): void => undefined;

type Task = Schemas['Task'];

export async function check(): Promise<void> {
  const client = createTasklaneClient({ baseUrl: '', token: async ({ refresh }) => (refresh ? 'b' : null) });
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
  if (patched.error?.code === 'precondition-failed') same<typeof patched.error.current, Task>();
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

  // Only operations that answer with pages are lists.
  same<Extract<ListPath, '/api/{user_id}/tasks' | '/livez' | '/docs'>, '/api/{user_id}/tasks'>();
  same<Page<'/api/{user_id}/tasks'>, Schemas['TaskPage']>();
  const list = client.all('/api/{user_id}/tasks', { params: { path, query: { status: ['pending'] } } });
  for await (const each of list) same<typeof each, Task>();
  for await (const each of client.pages('/api/{user_id}/tasks', { params: { path } })) {
    same<typeof each.total, number | null>();
  }

  // @ts-expect-error not a list
  client.all('/livez', {});
  // @ts-expect-error the path needs a user
  client.all('/api/{user_id}/tasks', { params: {} });
  // @ts-expect-error not a status
  client.all('/api/{user_id}/tasks', { params: { path, query: { status: ['done'] } } });
  // @ts-expect-error a task needs a title
  client.POST('/api/{user_id}/tasks', { params: { path }, body: {} });
  // @ts-expect-error not an operation
  client.POST('/api/{user_id}/tasks/{task_id}', { params: { path } });
  // @ts-expect-error a token is text
  createTasklaneClient({ baseUrl: '', token: () => 1 });
}

/** Uses of the query options with TanStack Query's own types, and deliberate mistakes that they reject. */
import { InfiniteQueryObserver, MutationObserver, QueryClient, QueryObserver } from '@tanstack/query-core';
import { createTasklane, type Stats, type Task, type TaskPage, type TaskPatch } from '../src/index';
import { createLaneQueries } from '../src/query';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._proof: Equal<A, B> extends true ? [] : [never]): void => undefined;

export async function check(): Promise<void> {
  const client = new QueryClient();
  const queries = createLaneQueries(createTasklane({ baseUrl: '' }).lane('ada'), client);

  // The options infer the data and the variables.
  const page = await client.fetchQuery(queries.tasks.list({ status: ['pending', 'in_progress'] }));
  same<typeof page, TaskPage>();
  const stats = await client.fetchQuery(queries.stats());
  same<typeof stats, Stats>();
  const { data } = new QueryObserver(client, queries.tasks.get('1')).getCurrentResult();
  same<typeof data, Task | undefined>();
  const titles = new QueryObserver(client, {
    ...queries.tasks.list({ q: 'plants' }),
    select: ({ items }) => items.map((each) => each.title),
  }).getCurrentResult();
  same<typeof titles.data, string[] | undefined>();
  const pages = new InfiniteQueryObserver(client, queries.tasks.list.pages({ limit: 20 })).getCurrentResult();
  same<NonNullable<typeof pages.data>['pages'], TaskPage[]>();

  const update = new MutationObserver(client, queries.tasks.update());
  const updated = await update.mutate(['1', { title: 'B' }]);
  same<typeof updated, Task>();
  await update.mutate(['1', { title: 'B' }, { ifMatch: updated }]);
  await new MutationObserver(client, queries.tasks.create()).mutate({ title: 'A' });
  await new MutationObserver(client, queries.tasks.create()).mutate([
    { title: 'A' },
    { idempotencyKey: 'a' },
  ]);
  await new MutationObserver(client, queries.tasks.complete()).mutate('1');
  await new MutationObserver(client, queries.trash.empty()).mutate();
  queries.tasks.update({
    onSuccess: (task, [id, patch]) => {
      same<typeof task, Task>();
      same<typeof id, string>();
      same<typeof patch, TaskPatch>();
    },
    onError: (error) => same<typeof error, Error>(),
  });

  // @ts-expect-error not a status
  queries.tasks.list({ status: 'done' });
  // @ts-expect-error not a parameter
  queries.tasks.list.pages({ state: 'pending' });
  // @ts-expect-error the options are those of TanStack Query
  queries.tasks.list({}, { retries: 1 });
  // @ts-expect-error a task has an id
  queries.tasks.get();
  // @ts-expect-error a task is not a list
  queries.tasks.get.pages('1');
  // @ts-expect-error a change needs a body
  update.mutate('1');
  // @ts-expect-error not a field
  update.mutate(['1', { done: true }]);
  // @ts-expect-error a response cannot be cached
  queries.transfer.export();
}

/** Tests the options for TanStack Query with its own client and observers, and a running service. */
import { randomUUID } from 'node:crypto';
import { InfiniteQueryObserver, MutationObserver, QueryClient, QueryObserver } from '@tanstack/query-core';
import { tokenOf, useTestService } from '../../test/support/service';
import { until } from '../../test/support/until';
import { createTasklane, type Lane, type TaskPage } from '../src/index';
import { createLaneQueries, type LaneQueries } from '../src/query';

const service = useTestService({ RATE_LIMIT: 'off', EVENTS_POLL_MS: '20' });

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

interface Tab {
  readonly lane: Lane;
  readonly client: QueryClient;
  readonly queries: LaneQueries;
  /** The requests that were sent, such as `GET /tasks`. */
  readonly requests: string[];
  /** Shows a query, and returns its latest data. */
  show<Data>(options: {
    queryKey: readonly unknown[];
    queryFn: (context: never) => Promise<Data>;
  }): () => Data;
  follow(): void;
}

type Network = (send: () => Promise<Response>, request: Request) => Promise<Response>;

/** A tab of a user's browser. Its network can hold or fail requests. */
async function openTab(userId: string, network: Network = (send) => send()): Promise<Tab> {
  const requests: string[] = [];
  const fetch = (request: Request) => {
    requests.push(`${request.method} ${new URL(request.url).pathname.replace(/^\/api\/[^/]+/, '')}`);
    return network(() => globalThis.fetch(request), request);
  };
  const lane = createTasklane({ baseUrl: service.url, token: await tokenOf(userId), fetch }).lane(userId);
  const client = new QueryClient();
  const queries = createLaneQueries(lane, client);
  client.mount();
  endings.push(() => {
    client.unmount();
    client.clear();
  });
  return {
    lane,
    client,
    queries,
    requests,
    show(options) {
      const observer = new QueryObserver(client, options as never);
      endings.push(observer.subscribe(() => undefined));
      return () => observer.getCurrentResult().data as never;
    },
    follow: () => void endings.push(queries.follow()),
  };
}

const titlesOf = (page: TaskPage | undefined) => page?.items.map((each) => each.title);

/** A gate that requests wait at. */
function makeGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

describe('queries', () => {
  test('read an entity, a page, and statistics', async () => {
    const { lane, client, queries } = await openTab(randomUUID());
    const task = await lane.tasks.create({ title: 'Water the plants' });
    expect(await client.fetchQuery(queries.tasks.get(task.id))).toEqual(task);
    expect((await client.fetchQuery(queries.tasks.list({ status: 'completed' }))).items).toEqual([]);
    expect((await client.fetchQuery(queries.tasks.list())).items).toEqual([task]);
    expect((await client.fetchQuery(queries.stats({ tz: 'Asia/Tokyo' }))).by_status.pending).toBe(1);
  });

  test('have keys that begin with the user, the group and the operation', async () => {
    const { client, queries } = await openTab('ada');
    const query = queries.tasks.list({ q: 'plants' });
    expect(query.queryKey).toEqual(['tasklane', 'ada', 'tasks', 'list', { q: 'plants' }]);
    expect(queries.queryKey).toEqual(['tasklane', 'ada']);
    await client.fetchQuery(query);
    await client.invalidateQueries({ queryKey: [...queries.queryKey, 'tasks'] });
    expect(client.getQueryState(query.queryKey)?.isInvalidated).toBe(true);
  });

  test('are not sent again by TanStack Query, because the client does so', async () => {
    const { client, queries, requests } = await openTab(randomUUID());
    const observer = new QueryObserver(client, queries.tasks.get(randomUUID()));
    endings.push(observer.subscribe(() => undefined));
    await until(() => observer.getCurrentResult().isError);
    expect(observer.getCurrentResult().error).toMatchObject({ code: 'task-not-found' });
    expect(requests).toHaveLength(1);
  });

  test('end with their observer', async () => {
    let signal: AbortSignal | undefined;
    const { client, queries } = await openTab(randomUUID(), (_send, request) => {
      signal = request.signal;
      return new Promise((_resolve, reject) => {
        request.signal.addEventListener('abort', () => reject(request.signal.reason));
      });
    });
    const leave = new QueryObserver(client, queries.tasks.list()).subscribe(() => undefined);
    await until(() => signal !== undefined);
    leave();
    await until(() => signal?.aborted === true);
  });

  test('read pages one after the other', async () => {
    const { lane, client, queries } = await openTab(randomUUID());
    for (const title of ['A', 'B', 'C']) await lane.tasks.create({ title });
    const observer = new InfiniteQueryObserver(client, queries.tasks.list.pages({ sort: 'title', limit: 2 }));
    endings.push(observer.subscribe(() => undefined));
    await until(() => observer.getCurrentResult().isSuccess);
    expect(observer.getCurrentResult().hasNextPage).toBe(true);
    const { data, hasNextPage } = await observer.fetchNextPage();
    expect([data?.pages.map(titlesOf), hasNextPage]).toEqual([[['A', 'B'], ['C']], false]);
  });
});

describe('mutations', () => {
  test('take the only argument of a method, or all of them', async () => {
    const { lane, client, queries } = await openTab(randomUUID());
    const task = await new MutationObserver(client, queries.tasks.create()).mutate({ title: 'A' });
    const update = new MutationObserver(client, queries.tasks.update());
    const updated = await update.mutate([task.id, { title: 'B' }, { ifMatch: task }]);
    expect(updated).toMatchObject({ id: task.id, title: 'B' });
    expect(await new MutationObserver(client, queries.tasks.delete()).mutate(task.id)).toBeUndefined();
    await new MutationObserver(client, queries.trash.empty()).mutate();
    expect((await lane.trash.list()).items).toEqual([]);
    const stale = await update.mutate([task.id, { title: 'C' }]).catch((error) => error);
    expect(stale).toMatchObject({ code: 'task-not-found' });
  });

  test('show at once, and then what the service answers', async () => {
    const gate = makeGate();
    const tab = await openTab(randomUUID(), async (send, { method }) => {
      if (method === 'PATCH' || method === 'DELETE') await gate.opened;
      return send();
    });
    const { lane, client, queries } = tab;
    const [first, second] = [
      await lane.tasks.create({ title: 'A' }),
      await lane.tasks.create({ title: 'B' }),
    ];
    const list = tab.show(queries.tasks.list());
    const single = tab.show(queries.tasks.get(first.id));
    const pages = new InfiniteQueryObserver(client, queries.tasks.list.pages());
    endings.push(pages.subscribe(() => undefined));
    await until(() => list() && single() && pages.getCurrentResult().isSuccess);

    const writes = [
      new MutationObserver(client, queries.tasks.update()).mutate([
        first.id,
        { title: 'C', priority: 'high' },
      ]),
      new MutationObserver(client, queries.tasks.complete()).mutate(first.id),
      new MutationObserver(client, queries.tasks.delete()).mutate(second.id),
    ];
    const shown = { title: 'C', priority: 'high', status: 'completed', completed: true, version: 1 };
    await until(() => list().items.length === 1 && single().completed);
    expect(list().items).toMatchObject([shown]);
    expect(single()).toMatchObject(shown);
    expect(pages.getCurrentResult().data?.pages[0]?.items).toMatchObject([shown]);

    gate.open();
    await Promise.all(writes);
    expect(list().items).toMatchObject([{ ...shown, version: 3 }]);
    expect(single()).toEqual(list().items[0]);
  });

  test('are taken back if they fail', async () => {
    const tab = await openTab(randomUUID(), async (send, request) =>
      request.method === 'PATCH' || request.method === 'DELETE'
        ? Response.json({ code: 'forbidden', status: 403, detail: '', request_id: '1' }, { status: 403 })
        : send(),
    );
    const { lane, client, queries } = tab;
    const task = await lane.tasks.create({ title: 'A' });
    const list = tab.show(queries.tasks.list());
    await until(() => list());
    const seen: unknown[] = [];
    endings.push(client.getQueryCache().subscribe(() => seen.push(titlesOf(list()))));

    const failed: unknown[] = [];
    const onError = (error: Error, variables: unknown) => failed.push([error.name, variables]);
    const update = new MutationObserver(client, queries.tasks.update({ onError }));
    await expect(update.mutate([task.id, { title: 'B' }])).rejects.toMatchObject({ code: 'forbidden' });
    await expect(new MutationObserver(client, queries.tasks.delete()).mutate(task.id)).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(seen).toEqual(expect.arrayContaining([['A'], ['B'], []]));
    expect(list().items).toEqual([task]);
    expect(failed).toEqual([['TasklaneProblem', [task.id, { title: 'B' }]]]);
  });

  test('do not read what is older than a mutation that still runs', async () => {
    const gate = makeGate();
    const tab = await openTab(randomUUID(), async (send, request) => {
      if (request.method === 'PATCH' && (await request.clone().text()).includes('slow')) await gate.opened;
      return send();
    });
    const { lane, client, queries } = tab;
    const [first, second] = [
      await lane.tasks.create({ title: 'A' }),
      await lane.tasks.create({ title: 'B' }),
    ];
    const list = tab.show(queries.tasks.list({ sort: 'created_at' }));
    await until(() => list());
    tab.requests.length = 0;
    const update = () => new MutationObserver(client, queries.tasks.update());
    const slow = update().mutate([first.id, { title: 'slow' }]);
    await update().mutate([second.id, { title: 'fast' }]);
    expect(titlesOf(list())).toEqual(['slow', 'fast']);
    expect(tab.requests.filter((each) => each === 'GET /tasks')).toHaveLength(0);
    gate.open();
    await slow;
    expect(tab.requests.filter((each) => each === 'GET /tasks')).toHaveLength(1);
    expect(list().items.map((each) => each.version)).toEqual([2, 2]);
  });
});

describe('the event stream', () => {
  test('is shared by the tabs of a browser, and updates what they show', async () => {
    const userId = randomUUID();
    const tabs = [await openTab(userId), await openTab(userId), await openTab(userId)];
    const lists = tabs.map((tab) => tab.show(tab.queries.tasks.list()));
    for (const tab of tabs) tab.follow();
    const streams = () => tabs.flatMap((tab) => tab.requests).filter((each) => each === 'GET /events').length;
    await until(() => streams() > 0 && lists.every((list) => list()));
    const { lane } = await openTab(userId);
    const task = await lane.tasks.create({ title: 'A' });
    await until(() => lists.every((list) => titlesOf(list())?.[0] === 'A'));
    await lane.tasks.delete(task.id);
    await until(() => lists.every((list) => list().items.length === 0));
    expect(streams()).toBe(1);
  });

  test('is opened by another tab when its tab closes', async () => {
    const userId = randomUUID();
    const [first, second] = [await openTab(userId), await openTab(userId)];
    const close = first.queries.follow();
    await until(() => first.requests.includes('GET /events'));
    second.follow();
    const list = second.show(second.queries.tasks.list());
    close();
    await until(() => second.requests.includes('GET /events'));
    await first.lane.tasks.create({ title: 'A' });
    await until(() => titlesOf(list())?.[0] === 'A');
  });

  test('survives that an effect runs twice, as in React’s strict mode', async () => {
    const tab = await openTab(randomUUID());
    const list = tab.show(tab.queries.tasks.list());
    tab.queries.follow()();
    tab.follow();
    await until(() => tab.requests.includes('GET /events') && list());
    await tab.lane.tasks.create({ title: 'A' });
    await until(() => titlesOf(list())?.[0] === 'A');
    expect(tab.requests.filter((each) => each === 'GET /events')).toHaveLength(1);
  });

  test('leaves settings alone that did not change', async () => {
    const tab = await openTab(randomUUID());
    const profile = tab.show(tab.queries.profile.get());
    const list = tab.show(tab.queries.tasks.list());
    tab.follow();
    const reads = (what: string) => tab.requests.filter((each) => each === `GET /${what}`).length;
    // The stream has opened, and everything was read again.
    await until(
      () => profile() && reads('profile') === 2 && reads('tasks') === 2 && !tab.client.isFetching(),
    );
    await tab.lane.tasks.create({ title: 'A' });
    await until(() => titlesOf(list())?.[0] === 'A');
    expect(reads('profile')).toBe(2);
    await tab.lane.profile.update({ time_zone: 'Asia/Tokyo' });
    await until(() => profile().time_zone === 'Asia/Tokyo');
  });

  test('tells why it ended', async () => {
    const tab = await openTab(randomUUID(), async (send, request) =>
      request.url.endsWith('/events')
        ? Response.json({ code: 'forbidden', status: 403, detail: '', request_id: '1' }, { status: 403 })
        : send(),
    );
    const error = await new Promise((resolve) => endings.push(tab.queries.follow(resolve)));
    expect(error).toMatchObject({ code: 'forbidden' });
  });
});

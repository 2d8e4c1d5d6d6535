/** Options for TanStack Query (version 5): queries and mutations for each operation, kept up to date by one event stream. */
import { type Line, type Listing, parseLine } from './calls.js';
import type { Lane } from './lane.js';
import { takePart } from './leader.js';
import { type LaneMethods, methods } from './methods.js';
import type { Schemas } from './schemas.js';

type QueryKey = readonly unknown[];

/** The part of TanStack Query's `QueryClient` that is used. */
export interface QueryClientLike {
  invalidateQueries(filters: { queryKey: QueryKey }): Promise<unknown>;
  cancelQueries(filters: { queryKey: QueryKey }): Promise<unknown>;
  getQueriesData(filters: { queryKey: QueryKey }): [QueryKey, unknown][];
  setQueryData(queryKey: QueryKey, data: unknown): unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: the parameters of any method.
type AnyFunction = (...args: any[]) => any;
type WithoutLast<Args extends unknown[]> = Args extends [...infer Rest, unknown?] ? Rest : never;
/** The arguments of a method without its options. */
type ReadArguments<F extends AnyFunction> = WithoutLast<Parameters<F>>;

export interface ReadOptions<Data> {
  readonly queryKey: QueryKey;
  readonly queryFn: (context: { readonly signal: AbortSignal }) => Promise<Data>;
}

/** Options of an infinite query: each page is one of the list. */
export interface PagesOptions<Page> {
  readonly queryKey: QueryKey;
  readonly queryFn: (context: {
    readonly signal: AbortSignal;
    readonly pageParam: string | undefined;
  }) => Promise<Page>;
  readonly initialPageParam: string | undefined;
  readonly getNextPageParam: (page: Page) => string | undefined;
}

/** Options of a mutation. Its variable is the array of the method's arguments: `mutate([task.id, { title: 'B' }])`. */
export interface MutationOptions<Args, Data> {
  readonly mutationKey: QueryKey;
  readonly mutationFn: (args: Args) => Promise<Data>;
  readonly onMutate: (args: Args) => Promise<() => void>;
  readonly onError: (error: Error, args: Args, rollBack: (() => void) | undefined) => void;
  readonly onSettled: () => Promise<void>;
}

type OptionsFor<F extends AnyFunction, M> = M extends `GET ${string}`
  ? ReturnType<F> extends Listing<infer Page>
    ? ((...args: ReadArguments<F>) => ReadOptions<Page>) & {
        pages(...args: ReadArguments<F>): PagesOptions<Page>;
      }
    : (...args: ReadArguments<F>) => ReadOptions<Awaited<ReturnType<F>>>
  : () => MutationOptions<Parameters<F>, Awaited<ReturnType<F>>>;

type OptionsOf<Members, Table> = {
  readonly [Name in keyof Members & keyof Table]: Members[Name] extends AnyFunction
    ? OptionsFor<Members[Name], Table[Name]>
    : OptionsOf<Members[Name], Table[Name]>;
};

export type LaneQueries = OptionsOf<LaneMethods, typeof methods> & {
  /**
   * Follows the lane's events and invalidates the queries that they concern. The tabs of a browser share one stream. Returns
   * a function that ends it.
   */
  follow(): () => void;
};

/** The groups whose answers depend on entities of a type. Statistics and activity depend on all. */
const dependents: Partial<Record<Schemas['ChangeType'], readonly string[]>> = {
  task: ['tasks', 'trash'],
  completion: ['tasks'],
  project: ['projects', 'tasks'],
  tag: ['tags', 'tasks'],
  profile: ['profile', 'tasks'],
  webhook: ['webhooks'],
  calendar_feed: ['calendarFeed'],
};
const typeOf: Record<string, Schemas['ChangeType']> = {
  tasks: 'task',
  trash: 'task',
  projects: 'project',
  tags: 'tag',
  profile: 'profile',
  webhooks: 'webhook',
  calendarFeed: 'calendar_feed',
};

interface Entity {
  readonly id: string;
}

/** Changes an entity in cached data: a single entity, a page, or the pages of an infinite query. Undefined deletes it. */
function replaceIn(data: unknown, id: string, change: (entity: Entity) => Entity | undefined): unknown {
  const { items, pages, id: own } = (data ?? {}) as { items?: Entity[]; pages?: unknown[]; id?: string };
  if (pages) return { ...(data as object), pages: pages.map((each) => replaceIn(each, id, change)) };
  if (items) {
    const kept = items.flatMap((each) => (each.id === id ? (change(each) ?? []) : [each]));
    return { ...(data as object), items: kept };
  }
  return own === id ? (change(data as Entity) ?? data) : data;
}

/** What methods with these names do to an entity before the service answers. */
const optimistic: Record<string, (body: object) => (entity: Entity) => Entity | undefined> = {
  update: (body) => (entity) => ({ ...entity, ...body }),
  complete: () => (entity) => ({ ...entity, status: 'completed', completed: true }) as Entity,
  reopen: () => (entity) => ({ ...entity, status: 'pending', completed: false }) as Entity,
  delete: () => () => undefined,
};

/**
 * Creates the options of all operations of a lane. `useQuery(queries.tasks.list({ status: 'pending' }))` reads,
 * `useMutation(queries.tasks.update())` writes. Updates, completions and deletions of single entities show at once, and are
 * taken back if they fail.
 */
export function createLaneQueries(lane: Lane, client: QueryClientLike, userId = 'me'): LaneQueries {
  const root = ['tasklane', userId];

  async function invalidate(types: Iterable<Schemas['ChangeType'] | undefined>): Promise<void> {
    const groups = new Set(['stats', 'activity']);
    for (const type of types) {
      if (type === undefined) return void (await client.invalidateQueries({ queryKey: root }));
      for (const group of dependents[type] ?? []) groups.add(group);
    }
    await Promise.all([...groups].map((group) => client.invalidateQueries({ queryKey: [...root, group] })));
  }

  function optionsOf(line: Line, call: AnyFunction, key: readonly string[]) {
    const method = parseLine(line);
    const [group = '', name = ''] = key;
    const queryKey = [...root, ...key];
    // The position of the options, and of the query before them.
    const last = method.names.length + (method.body ? 1 : 0) + (method.query ? 1 : 0);
    const read = (args: unknown[], options: object) => {
      const padded = Array.from({ length: last }, (_, index) => args[index]);
      return call(...padded, options);
    };
    if (method.method === 'GET') {
      const options = (...args: unknown[]) => ({
        queryKey: [...queryKey, ...args],
        queryFn: async ({ signal }: { signal: AbortSignal }) => read(args, { signal }),
      });
      const pages = (...args: unknown[]) => ({
        queryKey: [...queryKey, 'pages', ...args],
        queryFn: async ({ signal, pageParam }: { signal: AbortSignal; pageParam: string | undefined }) => {
          const query = {
            ...(args[last - 1] as object),
            ...(pageParam !== undefined && { cursor: pageParam }),
          };
          return read([...args.slice(0, last - 1), query], { signal });
        },
        initialPageParam: undefined,
        getNextPageParam: (page: { next_cursor: string | null }) => page.next_cursor ?? undefined,
      });
      return method.page ? Object.assign(options, { pages }) : options;
    }
    return () => ({
      mutationKey: queryKey,
      mutationFn: async (args: unknown[]) => (await call(...args)) ?? null,
      onMutate: async (args: unknown[]) => {
        const change = optimistic[name]?.((args[1] ?? {}) as object);
        if (!change || typeof args[0] !== 'string') return () => undefined;
        const filter = { queryKey: [...root, group] };
        await client.cancelQueries(filter);
        const before = client.getQueriesData(filter);
        for (const [each, data] of before) client.setQueryData(each, replaceIn(data, args[0], change));
        return () => {
          for (const [each, data] of before) client.setQueryData(each, data);
        };
      },
      onError: (_error: Error, _args: unknown[], rollBack: (() => void) | undefined) => rollBack?.(),
      onSettled: () => invalidate([typeOf[group]]),
    });
  }

  function optionsIn(table: object, members: object, key: readonly string[]): object {
    return Object.fromEntries(
      Object.entries(table).map(([name, entry]) => {
        const member = members[name as keyof typeof members] as unknown;
        const path = [...key, name];
        return [
          name,
          typeof member === 'function'
            ? optionsOf(entry as Line, member as AnyFunction, path)
            : optionsIn(entry, member as object, path),
        ];
      }),
    );
  }

  function follow(): () => void {
    // Changes come in bursts, and one invalidation serves all of them.
    const waiting = new Set<Schemas['ChangeType'] | undefined>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const changed = (type: Schemas['ChangeType'] | undefined) => {
      waiting.add(type);
      timer ??= setTimeout(() => {
        timer = undefined;
        const types = [...waiting];
        waiting.clear();
        invalidate(types).catch(() => undefined);
      }, 50);
    };
    const election = takePart({
      name: `tasklane-events-${userId}`,
      receive: (type) => changed((type ?? undefined) as Schemas['ChangeType'] | undefined),
      lead: async (signal) => {
        try {
          for await (const event of lane.events({ signal })) {
            // What happened before the stream opened, or was reset, is unknown.
            const type = event.event === 'change' ? event.data.type : undefined;
            election.send(type ?? null);
            changed(type);
          }
        } catch (error) {
          if (!signal.aborted) throw error;
        }
      },
    });
    return () => {
      clearTimeout(timer);
      election.close().catch(() => undefined);
    };
  }

  return { ...optionsIn(methods, lane, []), follow } as LaneQueries;
}

/** Options for TanStack Query (version 5): queries and mutations for each operation, kept up to date by one event stream. */
import { type Line, type Listing, parseLine } from './calls.js';
import type { Lane } from './lane.js';
import { takePart } from './leader.js';
import { type LaneMethods, methods } from './methods.js';

type QueryKey = readonly unknown[];

/** The part of TanStack Query's `QueryClient` that is used. */
export interface QueryClientLike {
  invalidateQueries(filters: {
    queryKey: QueryKey;
    predicate: (query: { readonly queryKey: QueryKey }) => boolean;
  }): Promise<unknown>;
  cancelQueries(filters: { queryKey: QueryKey }): Promise<unknown>;
  getQueriesData(filters: { queryKey: QueryKey }): [QueryKey, unknown][];
  getQueryData(queryKey: QueryKey): unknown;
  setQueryData(queryKey: QueryKey, data: unknown): unknown;
  isMutating(filters: { mutationKey: QueryKey }): number;
}

// biome-ignore lint/suspicious/noExplicitAny: the parameters of any method.
type AnyFunction = (...args: any[]) => any;
/** The arguments of a method without its options. */
type ReadArguments<F extends AnyFunction> = Parameters<F> extends [...infer Given, unknown?] ? Given : [];

/** Options of a query. The client sends a request again by itself, so the query does not. */
export interface ReadOptions<Data> {
  readonly queryKey: QueryKey;
  readonly queryFn: (context: { readonly signal: AbortSignal }) => Promise<Data>;
  readonly retry: false;
}

/** Options of an infinite query: each page is one of the list. */
export interface PagesOptions<Page> {
  readonly queryKey: QueryKey;
  readonly queryFn: (context: {
    readonly signal: AbortSignal;
    readonly pageParam: string | undefined;
  }) => Promise<Page>;
  readonly retry: false;
  readonly initialPageParam: string | undefined;
  readonly getNextPageParam: (page: Page) => string | undefined;
}

/**
 * The variables of a mutation: the only argument of the method, `mutate(task.id)`, or the array of its arguments,
 * `mutate([task.id, { title: 'B' }])`.
 */
export type Variables<Args extends unknown[]> = [] extends Args
  ? // biome-ignore lint/suspicious/noConfusingVoidType: only void lets `mutate()` be called without variables.
    void | Args
  : Args extends [infer First, ...infer Rest]
    ? [] extends Rest
      ? First | Args
      : Args
    : never;

/** Callbacks of a mutation, called after those of the options. */
export interface MutationCallbacks<V, Data> {
  readonly onSuccess?: (data: Data, variables: V) => unknown;
  readonly onError?: (error: Error, variables: V) => unknown;
  readonly onSettled?: (data: Data | undefined, error: Error | null, variables: V) => unknown;
}

export interface MutationOptions<V, Data> {
  readonly mutationKey: QueryKey;
  readonly mutationFn: (variables: V) => Promise<Data>;
  readonly onMutate: (variables: V) => Promise<() => void>;
  readonly onSuccess?: (data: Data, variables: V) => unknown;
  readonly onError: (error: Error, variables: V, rollBack: (() => void) | undefined) => unknown;
  readonly onSettled: (data: Data | undefined, error: Error | null, variables: V) => Promise<void>;
}

type MutationFor<V, Data> = (callbacks?: MutationCallbacks<V, Data>) => MutationOptions<V, Data>;

type OptionsFor<F extends AnyFunction, M> = M extends `GET ${string}`
  ? ReturnType<F> extends Listing<infer Page>
    ? ((...args: ReadArguments<F>) => ReadOptions<Page>) & {
        pages(...args: ReadArguments<F>): PagesOptions<Page>;
      }
    : (...args: ReadArguments<F>) => ReadOptions<Awaited<ReturnType<F>>>
  : MutationFor<Variables<Parameters<F>>, Awaited<ReturnType<F>>>;

type OptionsOf<Members, Table> = {
  // A file is a response, which cannot be read twice, so it is not cached.
  readonly [Name in keyof Members & keyof Table as Table[Name] extends `${string} file`
    ? never
    : Name]: Members[Name] extends AnyFunction
    ? OptionsFor<Members[Name], Table[Name]>
    : OptionsOf<Members[Name], Table[Name]>;
};

export type LaneQueries = OptionsOf<LaneMethods, typeof methods> & {
  /** The beginning of the keys of all queries and mutations. */
  readonly queryKey: QueryKey;
  /**
   * Follows the lane's events and invalidates the queries that they concern. The tabs of a browser share one stream. Returns
   * a function that ends it. `onError` is called if the service refuses the stream permanently.
   */
  follow(onError?: (error: unknown) => void): () => void;
};

/** Groups of queries that change only with entities of one type. The others can depend on everything in the lane. */
const settings: Record<string, string> = {
  profile: 'profile',
  webhooks: 'webhook',
  calendarFeed: 'calendar_feed',
  clients: 'client',
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
  update: (body) => (entity) => ({
    ...entity,
    ...body,
    ...('status' in body && { completed: body.status === 'completed' }),
  }),
  complete: () => (entity) => ({ ...entity, status: 'completed', completed: true }),
  reopen: () => (entity) => ({ ...entity, status: 'pending', completed: false }),
  delete: () => () => undefined,
};

/**
 * Creates the options of all operations of a lane. `useQuery(queries.tasks.list({ status: 'pending' }))` reads,
 * `useMutation(queries.tasks.update())` writes. Updates, completions and deletions of single entities show at once, and are
 * taken back if they fail. Give the lane its user's id, so that each user has their own keys.
 */
export function createLaneQueries(lane: Lane, client: QueryClientLike): LaneQueries {
  const user = lane.id ?? 'me';
  const root = ['tasklane', user];
  // The types of the entities that changed; undefined if any can have changed.
  const stale = new Set<string | undefined>();

  /**
   * Invalidates what depends on the changed entities, unless more than the given number of mutations run: they would see
   * data from before their writes. The last of them invalidates.
   */
  async function invalidate(running: number): Promise<void> {
    if (client.isMutating({ mutationKey: root }) > running) return;
    const types = new Set(stale);
    stale.clear();
    const predicate = ({ queryKey }: { readonly queryKey: QueryKey }) => {
      const type = settings[queryKey[2] as string];
      return !type || types.has(type) || types.has(undefined);
    };
    await client.invalidateQueries({ queryKey: root, predicate });
  }

  function optionsOf(line: Line, call: AnyFunction, key: readonly string[]) {
    const method = parseLine(line);
    const [group = '', name = ''] = key;
    const queryKey = [...root, ...key];
    const read = (args: unknown[], signal: AbortSignal, cursor?: string) => {
      const complete = method.order.map((each, index) => {
        if (each === 'options') return { signal };
        return each === 'query' && cursor ? { ...(args[index] as object), cursor } : args[index];
      });
      return call(...complete);
    };
    if (method.method === 'GET') {
      const options = (...args: unknown[]) => ({
        queryKey: [...queryKey, ...args],
        queryFn: async ({ signal }: { signal: AbortSignal }) => read(args, signal),
        retry: false,
      });
      const pages = (...args: unknown[]) => ({
        queryKey: [...queryKey, 'pages', ...args],
        queryFn: async ({ signal, pageParam }: { signal: AbortSignal; pageParam?: string }) =>
          read(args, signal, pageParam),
        retry: false,
        initialPageParam: undefined,
        getNextPageParam: (page: { next_cursor: string | null }) => page.next_cursor ?? undefined,
      });
      return Object.assign(options, method.page && { pages });
    }
    return (callbacks: MutationCallbacks<unknown, unknown> = {}): MutationOptions<unknown, unknown> => ({
      ...callbacks,
      mutationKey: queryKey,
      mutationFn: (variables) => call(...[variables].flat()),
      onMutate: async (variables) => {
        const [id, body = {}] = [variables].flat() as [unknown, object?];
        const change = optimistic[name]?.(body);
        if (!change || typeof id !== 'string') return () => undefined;
        const filter = { queryKey: [...root, group] };
        await client.cancelQueries(filter);
        const changes = client
          .getQueriesData(filter)
          .map(
            ([each, before]) =>
              [each, before, client.setQueryData(each, replaceIn(before, id, change))] as const,
          );
        return () => {
          for (const [each, before, after] of changes) {
            // What another mutation changed meanwhile is read again when that one has settled.
            if (client.getQueryData(each) === after) client.setQueryData(each, before);
          }
        };
      },
      onError: (error, variables, rollBack) => {
        rollBack?.();
        return callbacks.onError?.(error, variables);
      },
      onSettled: async (data, error, variables) => {
        await callbacks.onSettled?.(data, error, variables);
        stale.add(settings[group]);
        await invalidate(1);
      },
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

  function follow(onError?: (error: unknown) => void): () => void {
    // Changes come in bursts, and one invalidation serves all of them.
    let timer: ReturnType<typeof setTimeout> | undefined;
    const changed = (type?: string | null) => {
      stale.add(type ?? undefined);
      timer ??= setTimeout(() => {
        timer = undefined;
        invalidate(0).catch(() => undefined);
      }, 50);
    };
    const election = takePart({
      name: `tasklane-events-${user}`,
      receive: (type) => changed(type as string | null),
      missed: changed,
      lead: async (signal) => {
        try {
          for await (const event of lane.events({ signal })) {
            // What happened before the stream opened, or was reset, is unknown.
            const type = event.event === 'change' ? event.data.type : null;
            election.send(type);
            changed(type);
          }
        } catch (error) {
          if (!signal.aborted) onError?.(error);
        }
      },
    });
    return () => {
      clearTimeout(timer);
      election.close();
    };
  }

  return { ...optionsIn(methods, lane, []), queryKey: root, follow } as unknown as LaneQueries;
}

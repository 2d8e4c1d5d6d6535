/** Opens a lane that works offline: a copy on the device, an outbox, and one event stream for all tabs. */
import { randomKey } from '../calls.js';
import { entityTag, type Versioned } from '../entity-tag.js';
import type { Tasklane } from '../lane.js';
import { type Election, takePart } from '../leader.js';
import type {
  GetStatsQuery,
  OccurrenceSkip,
  Profile,
  ProfilePatch,
  Project,
  ProjectCreate,
  ProjectMove,
  ProjectPatch,
  Stats,
  Tag,
  TagPatch,
  Task,
  TaskCompletion,
  TaskCreate,
  TaskMove,
  TaskPatch,
} from '../methods.js';
import { createCopy } from './copy.js';
import {
  type Entry,
  type EntryProblem,
  isFailed,
  isWaiting,
  typeOf,
  type WriteName,
  withEntry,
  withoutEntry,
} from './entries.js';
import { openIndexedDb } from './indexeddb.js';
import { createLists, createTaskLists } from './lists.js';
import { compareAmong, compareText } from './optimistic.js';
import type { Hits, LiveTaskQuery } from './queries.js';
import { createQuestions } from './questions.js';
import { type Change, type Changed, createMemoryStore, emptyState, type State } from './store.js';
import { type Connection, createWorker, type Worker } from './worker.js';

/** A write. It shows at once, and is sent when the service can be reached. */
export interface Write {
  /** The id of the entity. */
  readonly id: string;
  /** Resolves when the device has stored the write. */
  readonly stored: Promise<void>;
  /** Takes the write back, with what depends on it. Resolves to false if it was sent. */
  undo(): Promise<boolean>;
}

export interface WriteCondition {
  /** Make the change only if the entity has not changed since it was read. Otherwise the write fails with 412. */
  readonly ifMatch?: Versioned | string | undefined;
}

export interface LiveTasks {
  get(taskId: string): Task | undefined;
  /**
   * The tasks that match a query, from the copy. The array is the same as long as its tasks are. For a `q` that someone
   * watches, they are what the service finds, if it can be reached.
   */
  list(query?: LiveTaskQuery): readonly Task[];
  /**
   * Calls the listener with the tasks, and again when they change. Returns a function that ends it. The service is asked
   * for its first 200 tasks of a query with `q`.
   */
  watch(query: LiveTaskQuery, listener: (tasks: readonly Task[]) => void): () => void;
  create(body: TaskCreate): Write;
  update(taskId: string, body: TaskPatch, options?: WriteCondition): Write;
  /**
   * Completes a task now: without a body, the completion has the present time, and names the occurrence that the copy
   * shows. So it counts right however late it is sent. A recurring task shows as completed until the service has found its
   * next occurrence.
   */
  complete(taskId: string, body?: Omit<TaskCompletion, 'completed'>, options?: WriteCondition): Write;
  reopen(taskId: string, body?: Omit<TaskCompletion, 'completed'>, options?: WriteCondition): Write;
  /** Skips an occurrence; without a body, the one that the copy shows. It shows when the service has answered. */
  skip(taskId: string, body?: OccurrenceSkip, options?: WriteCondition): Write;
  move(taskId: string, body: TaskMove, options?: WriteCondition): Write;
  delete(taskId: string, options?: WriteCondition): Write;
  restore(taskId: string): Write;
}

export interface LiveProjects {
  get(projectId: string): Project | undefined;
  /** The projects in the order that the user chose. The array is the same as long as its projects are. */
  list(query?: { readonly archived?: boolean | undefined }): readonly Project[];
  create(body: ProjectCreate): Write;
  update(projectId: string, body: ProjectPatch, options?: WriteCondition): Write;
  move(projectId: string, body: ProjectMove, options?: WriteCondition): Write;
  delete(projectId: string, query: { readonly tasks: 'move' | 'delete' }, options?: WriteCondition): Write;
  restore(projectId: string): Write;
}

export interface LiveTags {
  get(tagId: string): Tag | undefined;
  /** The tags by name. The array is the same as long as its tags are. */
  list(): readonly Tag[];
  update(tagId: string, body: TagPatch, options?: WriteCondition): Write;
  delete(tagId: string, options?: WriteCondition): Write;
}

export interface LiveStats {
  /** The statistics that the service sent last; undefined if it never did. The device keeps them. */
  get(query?: GetStatsQuery): Stats | undefined;
  /**
   * Calls the listener with the statistics, and again when they change. Returns a function that ends it. The service is
   * asked again after each change of the copy.
   */
  watch(listener: (stats: Stats | undefined) => void, query?: GetStatsQuery): () => void;
}

/** A write that the service refused permanently. It does not show any more. */
export interface FailedWrite {
  readonly n: number;
  readonly name: WriteName;
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>> | undefined;
  readonly problem: EntryProblem;
  /** The writes that depend on it. */
  readonly dependents: readonly { readonly name: WriteName; readonly id: string }[];
  /** Sends it again, with its dependents. With `restore`, the entity is first restored from the trash. */
  retry(options?: { readonly restore?: boolean | undefined }): Promise<void>;
  /** Removes it, with its dependents. */
  discard(): Promise<void>;
}

export interface LiveStatus {
  readonly connection: Connection;
  /** True once the copy has everything. */
  readonly complete: boolean;
  /** The number of writes that are not carried out yet. */
  readonly pending: number;
  /** The number of writes that failed. */
  readonly failed: number;
  /** False if the copy and the outbox are only in memory. */
  readonly durable: boolean;
  /** The name of the browser's error after which they are only in memory, such as `QuotaExceededError`. */
  readonly storageError: string | undefined;
}

export interface LiveLane {
  readonly userId: string;
  readonly tasks: LiveTasks;
  readonly projects: LiveProjects;
  readonly tags: LiveTags;
  readonly profile: { get(): Profile | undefined; update(body: ProfilePatch): Write };
  readonly stats: LiveStats;
  /** The status. The object is the same as long as its values are. */
  readonly status: LiveStatus;
  /** The writes that failed. The array is the same as long as they are. */
  readonly failed: readonly FailedWrite[];
  /** Calls the listener after each change of the copy or the status. Returns a function that ends it. */
  subscribe(listener: () => void): () => void;
  /** Sends and reads now, for example after the user signed in. */
  wake(): void;
  /**
   * Ends it. With `wipe`, the copy is removed from the device. @throws {UnsentWritesError} if a wipe would lose writes,
   * unless `discard` is true
   */
  close(options?: {
    readonly wipe?: boolean | undefined;
    readonly discard?: boolean | undefined;
  }): Promise<void>;
}

/** `close({ wipe: true })` rejects with this error if there are writes that were not carried out. */
export class UnsentWritesError extends Error {
  override readonly name = 'UnsentWritesError';
  readonly pending: number;

  constructor(pending: number) {
    super(`${pending} writes were not sent.`);
    this.pending = pending;
  }
}

export interface OpenLaneOptions {
  /** Where the copy is kept. By default `indexeddb`, and `memory` where there is none. */
  readonly storage?: 'indexeddb' | 'memory' | undefined;
  /**
   * An instant: the copy leaves out tasks that were closed before, so that it is smaller. An earlier instant than before
   * reads the copy again, and a later one changes nothing.
   */
  readonly closedSince?: string | undefined;
}

/** A message to the other tabs. */
type Message =
  | { readonly changed: Changed }
  | { readonly connection: Connection }
  | { readonly wake: true }
  | { readonly ask: true }
  | { readonly closed: true };

const minuteMs = 60_000;
// How long a tab waits for the change of another tab before it reads the store again.
const gapMs = 500;
// The longest page.
const mostHits = 200;

/** A random UUID of version 7 (RFC 9562), so that ids are in the order of their creation. */
function newId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  const random = randomKey();
  const variant = ((Number.parseInt(random.slice(3, 4), 16) & 3) | 8).toString(16);
  return [
    time.slice(0, 8),
    time.slice(8),
    `7${random.slice(0, 3)}`,
    variant + random.slice(4, 7),
    random.slice(7, 19),
  ].join('-');
}

/** The fields that name the occurrence that a task is on. */
function occurrenceOf(task: Task | undefined): OccurrenceSkip {
  if (!task?.rrule || task.due_date === null) return {};
  const isHourly = /FREQ=HOURLY/i.test(task.rrule) && task.due_time !== null;
  return { occurrence: task.due_date, ...(isHourly && { occurrence_time: task.due_time as string }) };
}

/** Opens the lane of a user. It resolves as soon as the copy of the device is read; nothing is requested before. */
export async function openLane(
  tasklane: Tasklane,
  userId: string,
  { storage = 'indexeddb', closedSince }: OpenLaneOptions = {},
): Promise<LiveLane> {
  const copy = createCopy();
  const name = `tasklane ${tasklane.baseUrl.replace(/\/$/, '')} ${userId}`;
  const listeners = new Set<() => void>();
  let connection: Connection = 'connecting';
  let isClosed = false;
  let worker: Worker | undefined;
  let term = 0;
  // Numbers of entries that are not stored yet are after all others.
  let unstored = 1e9;
  let lastAt = 0;

  const alone = new AbortController();
  let election: Election | undefined;
  let working: Promise<void> | undefined;
  let durable = false;
  let storageError: string | undefined;
  const lost = (error: unknown) => {
    durable = false;
    storageError = (error as Error).name;
    // The outbox of this tab is now its own, so the tab works for itself.
    if (election) working = election.close().then(() => lead(alone.signal));
    election = undefined;
    notify();
  };
  const store =
    storage === 'indexeddb' && typeof indexedDB !== 'undefined'
      ? await openIndexedDb(name, { snapshot: copy.snapshot, lost }).catch(lost)
      : undefined;
  const kept = store ?? createMemoryStore();
  durable = store !== undefined;

  let status: LiveStatus;
  const readStatus = (): LiveStatus => ({
    connection,
    complete: copy.state.token !== undefined,
    pending: copy.outbox.filter(isWaiting).length,
    failed: copy.outbox.filter(isFailed).length,
    durable,
    storageError,
  });
  const questions = createQuestions(() => connection === 'live' && status.pending === 0);
  let asked: unknown;
  function notify(): void {
    const next = readStatus();
    if (!status || JSON.stringify(next) !== JSON.stringify(status)) status = next;
    const present = `${connection} ${copy.version}`;
    if (present !== asked) questions.renew();
    asked = present;
    for (const listener of [...listeners]) listener();
  }
  const report = (next: Connection) => {
    if (next === connection) return;
    connection = next;
    election?.send({ connection } satisfies Message);
    notify();
  };

  // Changes by their revision that wait for those before them.
  const held = new Map<number, { readonly changed: Changed; readonly entries: readonly Entry[] }>();
  let gapTimer: ReturnType<typeof setTimeout> | undefined;
  let reading: Promise<void> | undefined;

  async function readAll(): Promise<void> {
    let revision = 0;
    await kept.change((state) => {
      revision = state.revision;
      return undefined;
    });
    // Reading everything takes long, and often nothing was missed.
    if (revision === copy.state.revision) return;
    const snapshot = await kept.read();
    const entries = [...held].flatMap(([each, { entries }]) => {
      if (each > snapshot.state.revision) return [];
      held.delete(each);
      return entries;
    });
    copy.load(snapshot, entries);
    applyHeld();
    notify();
  }
  const reread = (): Promise<void> => {
    reading ??= readAll().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  function applyHeld(): void {
    for (;;) {
      const next = held.get(copy.state.revision + 1);
      if (!next) break;
      held.delete(copy.state.revision + 1);
      copy.apply(next.changed, next.entries);
    }
    clearTimeout(gapTimer);
    if (held.size > 0) gapTimer = setTimeout(() => reread().catch(() => undefined), gapMs);
  }
  function receive(changed: Changed, entries: readonly Entry[] = []): void {
    if (changed.state.revision <= copy.state.revision) {
      // It was read already, with the entries.
      if (entries.length > 0) copy.apply({ state: copy.state, entities: [] }, entries);
    } else {
      held.set(changed.state.revision, { changed, entries });
      applyHeld();
    }
    notify();
  }

  /** Stores a change, shows it, and tells the other tabs. `entries` are the shown entries that it stores. */
  async function commit(
    decide: (state: State) => Change | undefined,
    entries?: readonly Entry[],
  ): Promise<boolean> {
    const changed = await kept.change(decide);
    if (!changed) return false;
    receive(changed, entries);
    election?.send({ changed } satisfies Message);
    return true;
  }

  const hasLocks = (globalThis.navigator as Navigator | undefined)?.locks !== undefined;
  async function lead(signal: AbortSignal): Promise<void> {
    await commit((state) => {
      term = state.term + 1;
      return { state: { term } };
    });
    const own = term;
    await reread();
    worker = createWorker({
      tasklane,
      userId,
      closedSince,
      keys: copy.keys,
      report,
      makeKey: randomKey,
      signal,
      commit: async (decide) => {
        let isOwn = true;
        await commit((state) => {
          // Without Web Locks, each tab leads.
          isOwn = !signal.aborted && (!hasLocks || !store || state.term === own);
          return isOwn ? decide(state) : undefined;
        });
        return isOwn;
      },
    });
    await worker.run();
    worker = undefined;
  }

  await reread();
  notify();
  const receiveMessage = (message: Message) => {
    if (isClosed) return;
    if ('changed' in message) {
      receive(message.changed);
      if (message.changed.state.outbox.some(isWaiting)) worker?.wake();
    } else if ('connection' in message) {
      // Without Web Locks, each tab has its own.
      if (worker) return;
      connection = message.connection;
      notify();
    } else if ('closed' in message) {
      // The user signed out in another tab, which removes the copy from the device.
      copy.load({ state: emptyState, entities: [] });
      connection = 'signed-out';
      notify();
      end(false).catch(() => undefined);
    } else if (worker && 'ask' in message) election?.send({ connection } satisfies Message);
    else worker?.wake();
  };

  if (durable) {
    election = takePart({ name, lead, receive: (message) => receiveMessage(message as Message) });
    election.send({ ask: true } satisfies Message);
  } else working = lead(alone.signal);

  // A tab that was frozen has missed messages.
  const page = typeof document === 'undefined' || !store ? undefined : document;
  const show = () => {
    if (page?.visibilityState === 'visible') reread().catch(() => undefined);
  };
  const pageEvents = [
    [page, 'visibilitychange'],
    [page, 'resume'],
    [page && globalThis, 'pageshow'],
  ] as const;
  for (const [target, event] of pageEvents) target?.addEventListener(event, show);
  // Views change with the time, at full minutes.
  let ticking: ReturnType<typeof setTimeout>;
  function tick(): void {
    ticking = setTimeout(
      () => {
        notify();
        tick();
      },
      minuteMs - (Date.now() % minuteMs),
    );
    (ticking as { unref?: () => void }).unref?.();
  }
  tick();

  async function end(wipe: boolean): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    clearTimeout(ticking);
    clearTimeout(gapTimer);
    for (const [target, event] of pageEvents) target?.removeEventListener(event, show);
    if (wipe) election?.send({ closed: true } satisfies Message);
    alone.abort();
    await Promise.all([election?.close(), working, storing?.catch(() => undefined)]);
    if (wipe) await kept.destroy();
    else kept.close();
    listeners.clear();
  }

  /** Calls a listener with a value, and again when it is another one, until the returned function is called. */
  function watch<T>(read: () => T, listener: (value: T) => void): () => void {
    let last = read();
    const check = () => {
      const value = read();
      if (value === last) return;
      last = value;
      listener(value);
    };
    listeners.add(check);
    listener(last);
    return () => void listeners.delete(check);
  }

  const found = new Map<string, Hits>();
  const list = createTaskLists(copy, (key) => (connection === 'live' ? found.get(key) : undefined));
  /** Lets the service search, as long as someone watches. */
  function search(query: LiveTaskQuery): () => void {
    const key = JSON.stringify(query);
    const release = questions.hold(key, async () => {
      const limit = Math.min(query.limit ?? mostHits, mostHits);
      const { items } = await tasklane.lane(userId).tasks.list({ ...query, limit });
      found.set(key, new Map(items.map(({ id }, index) => [id, index])));
      notify();
    });
    return () => {
      if (release()) found.delete(key);
    };
  }

  const statsKey = (query: GetStatsQuery | undefined) => JSON.stringify(query ?? {});
  const readStats = (query?: GetStatsQuery) => copy.get('stats', statsKey(query));

  // Entries that wait for the present transaction.
  let queue: Entry[] = [];
  let storing: Promise<void> | undefined;
  /** Stores what was written at once in one transaction. */
  async function storeQueue(): Promise<void> {
    await undefined;
    const entries = queue;
    queue = [];
    storing = undefined;
    await commit(
      (state) => ({
        state: {
          next: state.next + entries.length,
          outbox: entries.reduce<readonly Entry[]>(
            (outbox, entry, index) => withEntry(outbox, { ...entry, n: state.next + index }),
            state.outbox,
          ),
        },
      }),
      entries,
    );
    wake();
  }

  function write(name: WriteName, id: string, body?: object, { ifMatch }: WriteCondition = {}): Write {
    if (isClosed) throw new Error('The lane is closed.');
    // Two writes never have the same time, so that new entities have an order.
    lastAt = Math.max(Date.now(), lastAt + 1);
    const key = randomKey();
    const entry: Entry = {
      n: unstored++,
      name,
      id,
      body: body as Entry['body'],
      ...(ifMatch !== undefined && { ifMatch: entityTag(ifMatch) }),
      key,
      at: new Date(lastAt).toISOString(),
    };
    copy.show(entry);
    notify();
    queue.push(entry);
    storing ??= storeQueue();
    const stored = storing;
    // It is for callers who wait for it.
    stored.catch(() => undefined);
    return {
      id,
      stored,
      async undo() {
        await stored;
        return commit(({ outbox }) => {
          const rest = withoutEntry(outbox, key);
          return rest && { state: { outbox: rest } };
        });
      },
    };
  }
  function wake(): void {
    if (worker) worker.wake();
    else election?.send({ wake: true } satisfies Message);
  }

  const groupOf = (outbox: readonly Entry[], n: number) =>
    outbox.filter((each) => each.n === n || each.failedWith === n);
  async function retry(n: number, restore: boolean): Promise<void> {
    await commit((state) => {
      const group = groupOf(state.outbox, n);
      const [first] = group;
      if (!first) return undefined;
      const rest = state.outbox.filter((each) => !group.includes(each));
      const clean = { problem: undefined, failedWith: undefined, batch: undefined, sent: undefined };
      const again = group.map((each): Entry => ({ ...each, ...clean, key: randomKey() }));
      const restoring = `${first.name.split('.')[0]}.restore` as WriteName;
      // Tags have no trash.
      const before: Entry[] =
        restore && typeOf(first) !== 'tag'
          ? [{ n: 0, name: restoring, id: first.id, key: randomKey(), at: first.at }]
          : [];
      const numbered = [...before, ...again].map((each, index) => ({ ...each, n: state.next + index }));
      return { state: { next: state.next + numbered.length, outbox: [...rest, ...numbered] } };
    });
    wake();
  }
  async function discard(n: number): Promise<void> {
    await commit(({ outbox }) => {
      const group = groupOf(outbox, n);
      return { state: { outbox: outbox.filter((each) => !group.includes(each)) } };
    });
  }

  const now = () => new Date().toISOString();
  /** A body that completes a task, with the time. */
  const timed = <Body extends TaskPatch>(id: string | undefined, body: Body): Body =>
    (body.status === 'completed' || body.completed) && !(id !== undefined && copy.get('task', id)?.completed)
      ? { completed_at: now(), ...body }
      : body;
  /** A body with the occurrence that the copy shows, unless it names one. */
  const named = <Body extends OccurrenceSkip>(id: string, body: Body): Body =>
    body.occurrence === undefined ? { ...occurrenceOf(copy.get('task', id)), ...body } : body;
  const listOf = createLists(copy);
  let failed: readonly FailedWrite[] = [];
  const made = <Body extends { id?: string }>(name: WriteName, { id = newId(), ...body }: Body) =>
    write(name, id, body);

  return {
    userId,
    tasks: {
      get: (id) => copy.get('task', id),
      list,
      watch(query, listener) {
        const release = query.q === undefined ? undefined : search(query);
        const stop = watch(() => list(query), listener);
        return () => {
          stop();
          release?.();
        };
      },
      create: (body) => made('tasks.create', timed(undefined, body)),
      update: (id, body, options) => write('tasks.update', id, timed(id, body), options),
      complete: (id, body = {}, options) =>
        write('tasks.complete', id, { completed_at: now(), ...named(id, body) }, options),
      // If the task has moved on, its last completion is undone, whichever it is.
      reopen: (id, body = {}, options) =>
        write('tasks.reopen', id, copy.get('task', id)?.completed ? named(id, body) : body, options),
      skip: (id, body = {}, options) => write('tasks.skip', id, named(id, body), options),
      move: (id, body, options) => write('tasks.move', id, body, options),
      delete: (id, options) => write('tasks.delete', id, undefined, options),
      restore: (id) => write('tasks.restore', id),
    },
    projects: {
      get: (id) => copy.get('project', id),
      list: ({ archived } = {}) =>
        listOf(`projects ${archived}`, () =>
          copy
            .all('project')
            .filter((each) => archived === undefined || each.archived === archived)
            .sort(compareAmong),
        ),
      create: (body) => made('projects.create', body),
      update: (id, body, options) => write('projects.update', id, body, options),
      move: (id, body, options) => write('projects.move', id, body, options),
      delete: (id, query, options) => write('projects.delete', id, query, options),
      restore: (id) => write('projects.restore', id),
    },
    tags: {
      get: (id) => copy.get('tag', id),
      list: () =>
        listOf('tags', () =>
          copy.all('tag').sort((one, other) => compareText(one.name.toLowerCase(), other.name.toLowerCase())),
        ),
      update: (id, body, options) => write('tags.update', id, body, options),
      delete: (id, options) => write('tags.delete', id, undefined, options),
    },
    profile: {
      get: () => copy.get('profile', ''),
      update: (body) => write('profile.update', '', body),
    },
    stats: {
      get: readStats,
      watch(listener, query) {
        const id = statsKey(query);
        const release = questions.hold(`stats ${id}`, async () => {
          const data = await tasklane.lane(userId).stats(query);
          await commit(() => ({ entities: [{ type: 'stats', id, data }] }));
        });
        const stop = watch(() => readStats(query), listener);
        return () => {
          stop();
          release();
        };
      },
    },
    get status() {
      return status;
    },
    get failed() {
      const next = copy.outbox.flatMap(({ n, name, id, body, problem }): FailedWrite[] => {
        if (!problem) return [];
        const dependents = copy.outbox
          .filter((each) => each.failedWith === n)
          .map((each) => ({ name: each.name, id: each.id }));
        return [
          {
            ...{ n, name, id, body, problem, dependents },
            retry: ({ restore = false } = {}) => retry(n, restore),
            discard: () => discard(n),
          },
        ];
      });
      if (JSON.stringify(next) !== JSON.stringify(failed)) failed = next;
      return failed;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    wake,
    async close({ wipe = false, discard: lose = false } = {}) {
      const pending = copy.outbox.filter((each) => isWaiting(each) || isFailed(each)).length;
      if (wipe && !lose && pending > 0) throw new UnsentWritesError(pending);
      await end(wipe);
    },
  };
}

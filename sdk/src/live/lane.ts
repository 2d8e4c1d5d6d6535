/** Opens a lane that works offline: a copy on the device, an outbox, and one event stream for all tabs. */
import { randomKey } from '../calls.js';
import { entityTag, type Versioned } from '../entity-tag.js';
import type { Tasklane } from '../lane.js';
import { takePart } from '../leader.js';
import type {
  Profile,
  ProfilePatch,
  Project,
  ProjectCreate,
  ProjectMove,
  ProjectPatch,
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
  type WriteName,
  withEntry,
  withoutEntry,
} from './entries.js';
import { openIndexedDb } from './indexeddb.js';
import { compareText } from './optimistic.js';
import { type LiveTaskQuery, tasksOf } from './queries.js';
import { type Change, type Changed, createMemoryStore, type State } from './store.js';
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
  /** The tasks that match a query, from the copy. The array is the same as long as its tasks are. */
  list(query?: LiveTaskQuery): readonly Task[];
  /** Calls the listener with the tasks, and again when they change. Returns a function that ends it. */
  watch(query: LiveTaskQuery, listener: (tasks: readonly Task[]) => void): () => void;
  create(body: TaskCreate): Write;
  update(taskId: string, body: TaskPatch, options?: WriteCondition): Write;
  /** Completes a task. A recurring task shows as completed until the service has found its next occurrence. */
  complete(taskId: string, body?: Omit<TaskCompletion, 'completed'>, options?: WriteCondition): Write;
  reopen(taskId: string, body?: Omit<TaskCompletion, 'completed'>, options?: WriteCondition): Write;
  skip(taskId: string, options?: WriteCondition): Write;
  move(taskId: string, body: TaskMove, options?: WriteCondition): Write;
  delete(taskId: string, options?: WriteCondition): Write;
  restore(taskId: string): Write;
}

export interface LiveProjects {
  get(projectId: string): Project | undefined;
  /** The projects in the order that the user chose. */
  list(query?: { readonly archived?: boolean | undefined }): readonly Project[];
  create(body: ProjectCreate): Write;
  update(projectId: string, body: ProjectPatch, options?: WriteCondition): Write;
  move(projectId: string, body: ProjectMove, options?: WriteCondition): Write;
  delete(projectId: string, query: { readonly tasks: 'move' | 'delete' }, options?: WriteCondition): Write;
  restore(projectId: string): Write;
}

export interface LiveTags {
  get(tagId: string): Tag | undefined;
  /** The tags by name. */
  list(): readonly Tag[];
  update(tagId: string, body: TagPatch, options?: WriteCondition): Write;
  delete(tagId: string, options?: WriteCondition): Write;
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
}

export interface LiveLane {
  readonly userId: string;
  readonly tasks: LiveTasks;
  readonly projects: LiveProjects;
  readonly tags: LiveTags;
  readonly profile: { get(): Profile | undefined; update(body: ProfilePatch): Write };
  /** The status. The object is the same as long as its values are. */
  readonly status: LiveStatus;
  /** The writes that failed. */
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
}

/** A message to the other tabs. */
type Message =
  | { readonly changed: Changed }
  | { readonly connection: Connection }
  | { readonly wake: true }
  | { readonly ask: true }
  | { readonly closed: true };

const minuteMs = 60_000;
const mostQueries = 200;
// How long a tab waits for the change of another tab before it reads the store again.
const gapMs = 500;

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

/** Opens the lane of a user. It resolves as soon as the copy of the device is read; nothing is requested before. */
export async function openLane(
  tasklane: Tasklane,
  userId: string,
  { storage = 'indexeddb' }: OpenLaneOptions = {},
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

  let durable = storage === 'indexeddb' && typeof indexedDB !== 'undefined';
  const lost = () => {
    durable = false;
    notify();
  };
  const store = durable
    ? await openIndexedDb(name, { snapshot: copy.snapshot, lost }).catch(() => undefined)
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
  });
  function notify(): void {
    const next = readStatus();
    if (!status || JSON.stringify(next) !== JSON.stringify(status)) status = next;
    for (const listener of [...listeners]) listener();
  }
  const report = (next: Connection) => {
    if (next === connection) return;
    connection = next;
    election?.send({ connection } satisfies Message);
    notify();
  };

  // Changes by their revision that wait for those before them.
  const held = new Map<number, { readonly changed: Changed; readonly entry: Entry | undefined }>();
  let gapTimer: ReturnType<typeof setTimeout> | undefined;
  let reading: Promise<void> | undefined;

  async function readAll(): Promise<void> {
    const snapshot = await kept.read();
    const entries = [...held].flatMap(([revision, { entry }]) => {
      if (revision > snapshot.state.revision) return [];
      held.delete(revision);
      return entry ?? [];
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
      copy.apply(next.changed, next.entry);
    }
    clearTimeout(gapTimer);
    if (held.size > 0) gapTimer = setTimeout(() => reread().catch(() => undefined), gapMs);
  }
  function receive(changed: Changed, entry?: Entry): void {
    if (changed.state.revision <= copy.state.revision) {
      if (entry) copy.load(copy.snapshot(), [entry]);
    } else {
      held.set(changed.state.revision, { changed, entry });
      applyHeld();
    }
    notify();
  }

  /** Stores a change, shows it, and tells the other tabs. */
  async function commit(decide: (state: State) => Change | undefined, entry?: Entry): Promise<boolean> {
    const changed = await kept.change(decide);
    if (!changed) return false;
    receive(changed, entry);
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
  const receiveMessage = (message: Message) => {
    if (isClosed) return;
    if ('changed' in message) {
      receive(message.changed);
      if (message.changed.state.outbox.some(isWaiting)) worker?.wake();
    } else if ('connection' in message) {
      connection = message.connection;
      notify();
    } else if ('closed' in message) {
      end(false).catch(() => undefined);
    } else if (worker && 'ask' in message) election?.send({ connection } satisfies Message);
    else worker?.wake();
  };

  const alone = new AbortController();
  const election = store
    ? takePart({ name, lead, receive: (message) => receiveMessage(message as Message) })
    : undefined;
  const working = store ? undefined : lead(alone.signal);
  election?.send({ ask: true } satisfies Message);

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
  // Views change with the time.
  const ticking = setInterval(() => {
    results.clear();
    notify();
  }, minuteMs / 2);
  (ticking as { unref?: () => void }).unref?.();

  async function end(wipe: boolean): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    clearInterval(ticking);
    clearTimeout(gapTimer);
    for (const [target, event] of pageEvents) target?.removeEventListener(event, show);
    if (wipe) election?.send({ closed: true } satisfies Message);
    alone.abort();
    await Promise.all([election?.close(), working]);
    if (wipe) await kept.destroy();
    else kept.close();
    listeners.clear();
  }

  interface Result {
    version: number;
    tasks: readonly Task[];
  }
  const results = new Map<string, Result>();
  const shown = new Map<string, readonly Task[]>();
  function list(query: LiveTaskQuery = {}): readonly Task[] {
    const key = JSON.stringify(query);
    const known = results.get(key);
    if (known?.version === copy.version) return known.tasks;
    const found = tasksOf(copy, query, Date.now());
    const before = shown.get(key);
    const isSame = before?.length === found.length && before.every((each, index) => each === found[index]);
    const tasks = isSame ? before : found;
    // A page shows few queries, but a search has one for each letter that is typed.
    if (shown.size > mostQueries) for (const map of [results, shown]) map.clear();
    results.set(key, { version: copy.version, tasks });
    shown.set(key, tasks);
    return tasks;
  }

  function write(name: WriteName, id: string, body?: object, { ifMatch }: WriteCondition = {}): Write {
    if (isClosed) throw new Error('The lane is closed.');
    const entry: Entry = {
      n: unstored++,
      name,
      id,
      body: body as Entry['body'],
      ...(ifMatch !== undefined && { ifMatch: entityTag(ifMatch) }),
      key: randomKey(),
      at: new Date().toISOString(),
    };
    copy.show(entry);
    notify();
    let n = 0;
    const stored = commit((state) => {
      n = state.next;
      return { state: { next: n + 1, outbox: withEntry(state.outbox, { ...entry, n }) } };
    }, entry).then(() => {
      wake();
    });
    return {
      id,
      stored,
      async undo() {
        await stored;
        return commit(({ outbox }) => {
          const rest = withoutEntry(outbox, n);
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
      const before: Entry[] = restore
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

  const inOrder = (one: { position: string; id: string }, other: { position: string; id: string }) =>
    compareText(one.position, other.position) || compareText(one.id, other.id);
  const made = <Body extends { id?: string }>(name: WriteName, { id = newId(), ...body }: Body) =>
    write(name, id, body);

  return {
    userId,
    tasks: {
      get: (id) => copy.get('task', id),
      list,
      watch(query, listener) {
        let last: readonly Task[] | undefined;
        const check = () => {
          const tasks = list(query);
          if (tasks === last) return;
          last = tasks;
          listener(tasks);
        };
        listeners.add(check);
        check();
        return () => void listeners.delete(check);
      },
      create: (body) => made('tasks.create', body),
      update: (id, body, options) => write('tasks.update', id, body, options),
      complete: (id, body = {}, options) => write('tasks.complete', id, body, options),
      reopen: (id, body = {}, options) => write('tasks.reopen', id, body, options),
      skip: (id, options) => write('tasks.skip', id, undefined, options),
      move: (id, body, options) => write('tasks.move', id, body, options),
      delete: (id, options) => write('tasks.delete', id, undefined, options),
      restore: (id) => write('tasks.restore', id),
    },
    projects: {
      get: (id) => copy.get('project', id),
      list: ({ archived } = {}) =>
        copy
          .all('project')
          .filter((each) => archived === undefined || each.archived === archived)
          .sort(inOrder),
      create: (body) => made('projects.create', body),
      update: (id, body, options) => write('projects.update', id, body, options),
      move: (id, body, options) => write('projects.move', id, body, options),
      delete: (id, query, options) => write('projects.delete', id, query, options),
      restore: (id) => write('projects.restore', id),
    },
    tags: {
      get: (id) => copy.get('tag', id),
      list: () =>
        copy
          .all('tag')
          .slice()
          .sort((one, other) => compareText(one.name.toLowerCase(), other.name.toLowerCase())),
      update: (id, body, options) => write('tags.update', id, body, options),
      delete: (id, options) => write('tags.delete', id, undefined, options),
    },
    profile: {
      get: () => copy.get('profile', ''),
      update: (body) => write('profile.update', '', body),
    },
    get status() {
      return status;
    },
    get failed() {
      return copy.outbox.flatMap(({ n, name, id, body, problem }): FailedWrite[] => {
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

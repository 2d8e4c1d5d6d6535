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
  hasKey,
  isFailed,
  isWaiting,
  typeOf,
  type WriteName,
  withEntry,
  withoutEntry,
} from './entries.js';
import { openIndexedDb } from './indexeddb.js';
import { watchLeftovers } from './leftovers.js';
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
   * The tasks that match a query, from the copy. The array is the same as long as its tasks are. If a subscriber reads a
   * query with `q`, the service searches as soon as it can be reached, and the list has its first 200 tasks.
   */
  list(query?: LiveTaskQuery): readonly Task[];
  /** Calls the listener with the tasks, and again when they change. Returns a function that ends it. */
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
  /**
   * The statistics that the service computed last; undefined if it never did. The device keeps them. If a subscriber reads
   * them, the service is asked again after changes, and at least every 15 minutes.
   */
  stats(query?: GetStatsQuery): Stats | undefined;
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
  /** Where the copy is store. By default `indexeddb`, and `memory` where there is none. */
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
const quarterMs = 15 * minuteMs;
// The longest page.
const mostHits = 200;

/** A random UUID of version 7 (RFC 9562), so that ids are in the order of their creation. */
function newId(): string {
  const random = randomKey();
  const digits = `${Date.now().toString(16).padStart(12, '0')}7${random.slice(0, 3)}8${random.slice(3, 18)}`;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** The fields that name the occurrence that a task is on. */
function occurrenceOf(task: Task | undefined): OccurrenceSkip {
  if (!task?.rrule || task.due_date === null) return {};
  const isHourly = /FREQ=HOURLY/i.test(task.rrule);
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
  let election: Election | undefined;
  // The work of a tab that shares nothing with others.
  let working: Promise<void> | undefined;
  const ending = new AbortController();
  // Numbers of entries that are not stored yet are after all others.
  let unstored = 1e9;
  let lastAt = 0;

  let storageError: string | undefined;
  const keepError = (error: unknown) => {
    storageError = (error as Error).name;
  };
  // The other tabs do not have what this tab has in memory.
  const lost = (error: unknown) => {
    keepError(error);
    durable = false;
    working = election?.close().then(() => lead(ending.signal));
    election = undefined;
    notify();
  };
  const wanted =
    storage === 'indexeddb' && typeof indexedDB !== 'undefined'
      ? openIndexedDb(name, { snapshot: () => copy.state, lost })
      : undefined;
  const opened = await wanted?.catch(keepError);
  let durable = opened !== undefined;
  const store = opened ?? createMemoryStore();

  let status: LiveStatus;
  const readStatus = (): LiveStatus => ({
    connection,
    complete: copy.state.token !== undefined,
    pending: copy.outbox.filter(isWaiting).length,
    failed: copy.outbox.filter(isFailed).length,
    durable,
    storageError,
  });
  function notify(): void {
    const next = readStatus();
    if (!status || JSON.stringify(next) !== JSON.stringify(status)) status = next;
    for (const listener of [...listeners]) listener();
  }
  const ask = createQuestions({
    notify,
    // Statistics change with the day, which begins at a full quarter of an hour in every time zone.
    present: () =>
      connection === 'live' && status.pending === 0
        ? `${copy.version} ${Math.floor(Date.now() / quarterMs)}`
        : undefined,
  });
  const report = (next: Connection) => {
    if (next === connection) return;
    connection = next;
    election?.send({ connection } satisfies Message);
    notify();
  };

  type Received = readonly [changed: Changed, entries: readonly Entry[]];
  // What is received while the store is read.
  let meanwhile: Received[] = [];
  let reading: Promise<void> | undefined;
  function receive(...received: Received): void {
    if (reading) meanwhile.push(received);
    copy.apply(...received);
    notify();
  }
  async function readAll(): Promise<void> {
    let revision = 0;
    await store.change((state) => {
      revision = state.revision;
      return undefined;
    });
    // Reading everything takes long, and often nothing was missed.
    const snapshot = copy.isComplete(revision) ? undefined : await store.read();
    if (!snapshot) return;
    copy.load(snapshot);
    for (const each of meanwhile) copy.apply(...each);
    notify();
  }
  const reread = (): Promise<void> => {
    reading ??= readAll().finally(() => {
      reading = undefined;
      meanwhile = [];
    });
    return reading;
  };

  /** Stores a change, shows it, and tells the other tabs. `entries` are the shown entries that it stores. */
  async function commit(
    decide: (state: State) => Change | undefined,
    entries: readonly Entry[] = [],
  ): Promise<boolean> {
    const changed = await store.change(decide);
    if (!changed) return false;
    receive(changed, entries);
    election?.send({ changed } satisfies Message);
    return true;
  }

  // Without Web Locks, each tab leads.
  const isShared = () => durable && globalThis.navigator?.locks !== undefined;
  async function lead(signal: AbortSignal): Promise<void> {
    let term = 0;
    await commit((state) => {
      term = state.term + 1;
      return { state: { term } };
    });
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
          isOwn = !signal.aborted && (!isShared() || state.term === term);
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
      receive(message.changed, []);
      if (message.changed.state.outbox.some(isWaiting)) worker?.wake();
    } else if ('connection' in message) {
      if (worker || !isShared()) return;
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

  // A tab that was frozen has missed messages.
  const catchUp = () => {
    if (globalThis.document?.visibilityState !== 'hidden') reread().catch(() => undefined);
  };
  if (durable) {
    const receiveAny = (message: unknown) => receiveMessage(message as Message);
    election = takePart({ name, lead, receive: receiveAny, missed: catchUp });
    election.send({ ask: true } satisfies Message);
    for (const event of ['visibilitychange', 'resume'])
      globalThis.document?.addEventListener(event, catchUp, { signal: ending.signal });
  } else working = lead(ending.signal);

  // Views change with the time, at full minutes.
  let ticking: ReturnType<typeof setTimeout>;
  function tick(): void {
    notify();
    ticking = setTimeout(tick, minuteMs - (Date.now() % minuteMs));
  }
  tick();

  async function end(wipe: boolean): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    clearTimeout(ticking);
    if (wipe) election?.send({ closed: true } satisfies Message);
    ending.abort();
    await Promise.all([election?.close(), working, stored]);
    if (wipe) {
      leftovers.take();
      await store.destroy();
    } else store.close();
    listeners.clear();
  }

  const lane = tasklane.lane(userId);
  const list = createTaskLists(copy, (key, query) => {
    const hits = ask(key, async (): Promise<Hits> => {
      const limit = Math.min(query.limit ?? mostHits, mostHits);
      const { items } = await lane.tasks.list({ ...query, limit });
      return new Map(items.map(({ id }, index) => [id, index]));
    });
    return connection === 'live' ? hits : undefined;
  });
  function stats(query: GetStatsQuery = {}): Stats | undefined {
    const id = JSON.stringify(query);
    ask(`stats ${id}`, async () => {
      const data = await lane.stats(query);
      await commit(() => ({ entities: [{ type: 'stats', id, data }] }));
    });
    return copy.get('stats', id);
  }

  // What is written at once is stored in one transaction.
  let queue: Entry[] = [];
  let storing: Promise<void> | undefined;
  let stored: Promise<unknown> | undefined;
  async function storeEntries(entries: readonly Entry[]): Promise<void> {
    await commit(
      (state) => ({
        state: {
          next: state.next + entries.length,
          outbox: entries.reduce<readonly Entry[]>(
            (outbox, entry, index) =>
              hasKey(outbox, entry.key) ? outbox : withEntry(outbox, { ...entry, n: state.next + index }),
            state.outbox,
          ),
        },
      }),
      entries,
    );
    wake();
  }
  const unstoredEntries = new Set<Entry>();
  const leftovers = watchLeftovers(
    name,
    () => (durable ? unstoredEntries : []),
    takeLeftovers,
    ending.signal,
  );
  function takeLeftovers(): void {
    const entries = durable && !isClosed ? leftovers.take() : [];
    if (entries.length > 0) stored = storeEntries(entries).catch(() => undefined);
  }
  takeLeftovers();
  async function storeQueue(): Promise<void> {
    await undefined;
    const entries = queue;
    queue = [];
    try {
      await storeEntries(entries);
    } finally {
      for (const entry of entries) unstoredEntries.delete(entry);
      if (unstoredEntries.size === 0) leftovers.clear();
    }
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
    unstoredEntries.add(entry);
    notify();
    if (queue.push(entry) === 1) storing = storeQueue();
    const own = storing as Promise<void>;
    // Only callers who wait for it handle an error.
    stored = own.catch(() => undefined);
    return {
      id,
      stored: own,
      async undo() {
        await own;
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
    stats,
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

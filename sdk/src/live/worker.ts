/** The work of a copy's leader: sends the outbox, and brings the copy up to date. */
import { isProblem, NoTokenError, TransportError } from '../errors.js';
import type { Lane, Tasklane } from '../lane.js';
import { isTemporary, pause, pauseAfter, retryAfterMs } from '../retry.js';
import type { SyncPage } from '../schemas.js';
import { type Entity, type EntityType, isSynced, type Stored } from './entities.js';
import {
  argumentsOf,
  type Entry,
  type EntryProblem,
  isBatchable,
  isContained,
  isReached,
  isWaiting,
  operationOf,
  withFailure,
} from './entries.js';
import { type Change, emptyState, type State } from './store.js';

/**
 * `live`: changes of other devices arrive at once. `signed-out`: there is no token, the service refuses it, or it is that of
 * another user.
 */
export type Connection = 'connecting' | 'live' | 'offline' | 'signed-out';

export interface WorkerOptions {
  readonly tasklane: Tasklane;
  readonly userId: string;
  /** A snapshot leaves out tasks that were closed before. */
  readonly closedSince: string | undefined;
  /** Stores a change as the leader. Resolves to false if another tab leads. */
  readonly commit: (decide: (state: State) => Change | undefined) => Promise<boolean>;
  /** The types and ids of the entities of the copy. */
  readonly keys: () => Iterable<readonly [EntityType, string]>;
  readonly report: (connection: Connection) => void;
  readonly makeKey: () => string;
  readonly signal: AbortSignal;
}

export interface Worker {
  /** Sends and reads now. */
  wake(): void;
  /** Works until the signal is aborted. */
  run(): Promise<void>;
}

const [smallestBatch, largestBatch] = [20, 100];
const pageSize = 500;
const firstPauseMs = 1_000;

const nameOf = (error: unknown): string | undefined => (error as Error | null)?.name;
/** Whether nobody is signed in, or somebody else. A token function that failed may have a token later. */
const isRefused = (error: unknown): boolean =>
  isProblem(error)
    ? error.status === 401 || error.status === 403
    : nameOf(error) === 'NoTokenError' && (error as Error).cause === undefined;

/** Whether the same request may succeed later, perhaps with another token. */
const canWait = (error: unknown): boolean =>
  isTemporary(error) || isRefused(error) || (isProblem(error) && error.status === 408);

const connectionAfter = (error: unknown): Connection => (isRefused(error) ? 'signed-out' : 'offline');

const problemOf = (error: unknown): EntryProblem =>
  isProblem(error)
    ? (error.problem as EntryProblem)
    : { code: 'not-sent', status: 0, detail: String((error as Error | null)?.message ?? error) };

/** The answer that the service would have given before, if an error says that the write has taken effect. */
function isDone({ name, sent }: Entry, { code, status }: EntryProblem): boolean {
  if (code === 'reply-not-kept') return true;
  if (name.endsWith('.delete')) return status === 404;
  return name.endsWith('.create') && sent === true && code === 'id-taken';
}

/** The entries to send next: those of a batch, or one. */
function nextOf(outbox: readonly Entry[]): readonly Entry[] {
  const waiting = outbox.filter(isWaiting);
  const [first] = waiting;
  if (!first) return [];
  if (first.batch !== undefined) return waiting.filter(({ batch }) => batch === first.batch);
  const end = waiting.findIndex((each) => each.sent || !isBatchable(each));
  const batch = waiting.slice(0, Math.min(largestBatch, end < 0 ? waiting.length : end));
  return batch.length >= smallestBatch ? batch : [first];
}

/** The outbox with the same change of some entries. */
const withEach = (outbox: readonly Entry[], some: readonly Entry[], change: Partial<Entry>): Entry[] => {
  const numbers = new Set(some.map(({ n }) => n));
  return outbox.map((each) => (numbers.has(each.n) ? { ...each, ...change } : each));
};

/** The result of an entry. */
interface Outcome {
  readonly answer?: unknown;
  readonly problem?: EntryProblem | null | undefined;
}

/** Whether the service refused the time of a completion, because the clock of the device is ahead. */
const isAhead = (problem: EntryProblem | null | undefined): boolean =>
  problem?.code === 'validation-failed' &&
  problem.errors.some(({ pointer, code }) => pointer.endsWith('/completed_at') && code === 'too-large');

/** The outbox after the service answered the entries of a request. */
function settled(
  outbox: readonly Entry[],
  sent: readonly Entry[],
  outcomes: readonly Outcome[],
  position: string | undefined,
  makeKey: () => string,
): readonly Entry[] {
  return sent.reduce<readonly Entry[]>((result, entry, index) => {
    const { answer, problem } = outcomes[index] ?? {};
    const again = { batch: undefined, sent: undefined };
    // Sent alone, it is tried again until the service works.
    if (problem && problem.status >= 500) return withEach(result, [entry], { ...again, alone: true });
    if (problem?.status === 428) {
      // The user requires conditions. The last write wins here too, so the condition is that the entity exists.
      return withEach(result, [entry], { ...again, ifMatch: '*' });
    }
    if (isAhead(problem)) {
      // The time of the request counts.
      return withEach(result, [entry], {
        ...again,
        body: { ...entry.body, completed_at: undefined },
        key: makeKey(),
      });
    }
    if (problem && !isDone(entry, problem)) return withFailure(result, entry.n, problem);
    return withEach(result, [entry], { answer: ((!problem && answer) || null) as Entry['answer'], position });
  }, outbox);
}

const storedOf = ({ changes }: SyncPage): Stored[] =>
  changes.flatMap(({ type, id, data }) =>
    isSynced(type) ? { type, id: id ?? '', data: data as Entity } : [],
  );

export function createWorker(options: WorkerOptions): Worker {
  const { tasklane, userId, closedSince, keys, report, makeKey, signal } = options;
  const lane: Lane = tasklane.lane(userId);
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let isStreaming = false;
  // Whether the copy must be read, and the position of the lane by its events.
  let isStale = true;
  let heard = '';
  // The state after the last change.
  let state = emptyState;
  // The position of the lane by the last answer to a write.
  let position: string | undefined;

  async function commit(decide: (state: State) => Change | undefined): Promise<void> {
    const isOwn = await options.commit((present) => {
      const change = decide(present);
      state = { ...present, ...change?.state };
      return change;
    });
    if (!isOwn || signal.aborted) throw new DOMException('Another tab leads.', 'AbortError');
  }

  /** Another user can have signed in on this device. @throws if the token is not the lane's */
  async function checkUser(): Promise<void> {
    // Cookies, or tokens that are not JWTs: the service checks whose they are.
    if (!tasklane.hasToken) return;
    const subject = await tasklane
      .lane()
      .userId()
      .catch((error) => {
        if (nameOf(error) === 'TypeError') return userId;
        throw error;
      });
    // Another user is signed in, so this user has no token.
    if (subject !== userId) throw new NoTokenError();
  }

  async function send(entries: readonly Entry[]): Promise<readonly Outcome[]> {
    const [first] = entries as [Entry];
    const call = {
      retries: 0,
      signal,
      idempotencyKey: first.batch ?? first.key,
      ifMatch: first.ifMatch,
      onResponse({ headers }: Response) {
        position = headers.get('Tasklane-Seq') ?? undefined;
      },
    };
    if (first.batch !== undefined) {
      const body = { atomic: false, operations: entries.map(operationOf) };
      const { results } = await lane.batch(body as never, call);
      return results.map(({ body: answer, problem }) => ({
        answer,
        problem: problem as EntryProblem | null,
      }));
    }
    const [group, name] = first.name.split('.') as ['tasks', 'update'];
    const method = lane[group][name] as (...args: unknown[]) => Promise<unknown>;
    return [{ answer: await method(...argumentsOf(first), call) }];
  }

  /** Sends the outbox, in order. @throws the first error after which the rest waits */
  async function push(): Promise<void> {
    for (;;) {
      // A request that is not tried can still be taken back.
      if (globalThis.navigator?.onLine === false) throw new TransportError('The device is offline.');
      await checkUser();
      let entries: readonly Entry[] = [];
      await commit(({ outbox }) => {
        entries = nextOf(outbox);
        if (entries.length === 0) return undefined;
        const change = entries.length > 1 && entries[0]?.batch === undefined ? { batch: makeKey() } : {};
        entries = entries.map((each) => ({ ...each, ...change }));
        // Before it is sent, so that a crash does not lose that it was.
        return { state: { outbox: withEach(outbox, entries, { ...change, sent: true }) } };
      });
      if (entries.length === 0) return;
      isStale = true;
      // Once more, because storing takes time.
      await checkUser();
      let outcomes: readonly Outcome[];
      try {
        outcomes = await send(entries);
      } catch (error) {
        if (signal.aborted || canWait(error)) throw error;
        const problem = problemOf(error);
        if (entries[0]?.batch !== undefined && problem.code !== 'reply-not-kept') {
          // The service carried out nothing of it. Sent one by one, only what is wrong fails.
          const separate = { batch: undefined, sent: undefined, alone: true } as const;
          await commit(({ outbox }) => ({ state: { outbox: withEach(outbox, entries, separate) } }));
          continue;
        }
        outcomes = entries.map(() => ({ problem }));
      }
      await commit(({ outbox }) => ({
        state: { outbox: settled(outbox, entries, outcomes, position, makeKey) },
      }));
    }
  }

  async function pull(): Promise<void> {
    await commit(() => undefined);
    const { closedSince: kept, partial } = state;
    // More of the past is wanted than the copy has.
    const isSmaller = kept !== undefined && !(Date.parse(closedSince ?? '') >= Date.parse(kept));
    const token = isSmaller ? undefined : state.token;
    const begun = token ?? partial;
    const old = begun === undefined ? [...keys()].filter(([type]) => isSynced(type)) : [];
    // What a snapshot contains. What it does not contain is removed at its end, so that there is always something to show.
    const fresh = new Set<string>();
    try {
      for await (const page of lane.sync({
        token: begun,
        closedSince,
        limit: pageSize,
        retries: 0,
        signal,
      })) {
        const { next_token, has_more, seq, epoch } = page;
        const entities = storedOf(page);
        if (begun === undefined) {
          for (const { type, id } of entities) fresh.add(`${type} ${id}`);
          if (!has_more) {
            for (const [type, id] of old)
              if (!fresh.has(`${type} ${id}`)) entities.push({ type, id, data: null });
          }
        }
        let next: Partial<State> = { token: next_token, partial: undefined };
        if (token === undefined) {
          if (!has_more) next = { ...next, closedSince };
          // A snapshot can continue later if nothing has to be removed at its end.
          else next = begun !== undefined || old.length === 0 ? { partial: next_token } : {};
        }
        await commit(({ outbox }) => ({
          entities,
          state: { ...next, seq, epoch, outbox: outbox.filter((each) => !isContained(page, each)) },
        }));
      }
    } catch (error) {
      if (!isProblem(error, 'sync-token-expired')) throw error;
      await commit(() => ({ state: { token: undefined, partial: undefined } }));
      return pull();
    }
  }

  async function round(): Promise<void> {
    clearTimeout(timer);
    const later = (wanted: number) => {
      if (signal.aborted) return;
      timer = setTimeout(wake, Math.max(wanted, pauseAfter(firstPauseMs, failures++)));
    };
    try {
      // If the outbox waits, the copy is brought up to date anyway.
      const failure = await push().then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      if (failure && isRefused(failure.error)) throw failure.error;
      if (isStale || !isReached(state, heard)) {
        isStale = false;
        await pull();
      }
      if (failure) throw failure.error;
      report(isStreaming ? 'live' : 'connecting');
      failures = 0;
      // The copy may have been read from a replica that is behind.
      if (state.outbox.some(({ answer }) => answer !== undefined)) later(0);
    } catch (error) {
      if (signal.aborted || nameOf(error) === 'AbortError') return;
      if (!isProblem(error) || isRefused(error)) report(connectionAfter(error));
      later(retryAfterMs(error) ?? 0);
    }
  }

  function start(): void {
    again = true;
    running ??= (async () => {
      while (again && !signal.aborted) {
        again = false;
        await round();
      }
      running = undefined;
    })();
  }
  function wake(): void {
    isStale = true;
    start();
  }

  async function follow(): Promise<void> {
    for (let attempts = 0; !signal.aborted; attempts++) {
      try {
        const interrupted = (error: unknown) => {
          isStreaming = false;
          report(connectionAfter(error));
        };
        for await (const event of lane.events({ signal, interrupted })) {
          attempts = 0;
          isStreaming = true;
          heard = 'id' in event ? event.id : '';
          start();
        }
      } catch (error) {
        if (signal.aborted) return;
        isStreaming = false;
        report(connectionAfter(error));
      }
      await pause(pauseAfter(firstPauseMs, attempts), signal).catch(() => undefined);
    }
  }

  return {
    wake,
    async run() {
      const online = () => {
        failures = 0;
        wake();
      };
      globalThis.window?.addEventListener('online', online, { signal });
      wake();
      await follow();
      await running;
      clearTimeout(timer);
    },
  };
}

/** The work of a copy's leader: sends the outbox, and brings the copy up to date. */
import { isProblem, TransportError } from '../errors.js';
import type { Lane, Tasklane } from '../lane.js';
import { isTemporary, pause, pauseAfter, retryAfterMs } from '../retry.js';
import type { SyncPage } from '../schemas.js';
import { type Entity, type EntityType, isEntityType, type Stored } from './entities.js';
import {
  argumentsOf,
  type Entry,
  type EntryProblem,
  isBatchable,
  isWaiting,
  operationOf,
  withFailure,
} from './entries.js';
import type { Change, State } from './store.js';

/**
 * `live`: changes of other devices arrive at once. `signed-out`: there is no token, the service refuses it, or it is that of
 * another user.
 */
export type Connection = 'connecting' | 'live' | 'offline' | 'signed-out';

export interface WorkerOptions {
  readonly tasklane: Tasklane;
  readonly userId: string;
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

class OtherUserError extends Error {
  override readonly name = 'OtherUserError';
}

const isRefused = (error: unknown): boolean =>
  isProblem(error) ? error.status === 401 || error.status === 403 : nameOf(error) !== 'TransportError';
const nameOf = (error: unknown): string | undefined => (error as Error | null)?.name;

/** Whether the same request may succeed later, perhaps with another token. */
const canWait = (error: unknown): boolean =>
  isTemporary(error) || (isProblem(error) && [401, 403, 408].includes(error.status));

/** The state of the connection after an error. */
export function connectionAfter(error: unknown): Connection {
  const noUser = ['NoTokenError', 'OtherUserError'].includes(nameOf(error) ?? '');
  return noUser || (isProblem(error) && isRefused(error)) ? 'signed-out' : 'offline';
}

const problemOf = (error: unknown): EntryProblem =>
  isProblem(error)
    ? (error.problem as EntryProblem)
    : { code: 'not-sent', status: 0, detail: String((error as Error | null)?.message ?? error) };

/** The answer that the service would have given before, if an error says that the write has taken effect. */
function isDone({ name }: Entry, isRepeated: boolean, { code, status }: EntryProblem): boolean {
  if (code === 'reply-not-kept') return true;
  if (name.endsWith('.delete')) return status === 404;
  return name.endsWith('.create') && isRepeated && code === 'id-taken';
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

interface Outcome {
  readonly answer?: unknown;
  readonly problem?: EntryProblem | null | undefined;
}

/** The outbox after the service answered the entries of a request. */
function settled(
  outbox: readonly Entry[],
  sent: readonly Entry[],
  outcomes: readonly Outcome[],
): readonly Entry[] {
  return sent.reduce<readonly Entry[]>((result, entry, index) => {
    const { answer, problem } = outcomes[index] ?? {};
    if (problem?.status === 428) {
      // The user requires conditions. The last write wins here too, so the condition is that the entity exists.
      return withEach(result, [entry], { ifMatch: '*', batch: undefined });
    }
    if (problem && !isDone(entry, entry.sent === true, problem)) return withFailure(result, entry.n, problem);
    return withEach(result, [entry], { answer: ((!problem && answer) || null) as Entity | null });
  }, outbox);
}

export function createWorker(options: WorkerOptions): Worker {
  const { tasklane, userId, keys, report, makeKey, signal } = options;
  const lane: Lane = tasklane.lane(userId);
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let isStreaming = false;

  async function commit(decide: (state: State) => Change | undefined): Promise<void> {
    if (!(await options.commit(decide)) || signal.aborted)
      throw new DOMException('Another tab leads.', 'AbortError');
  }

  /** Another user can have signed in on this device. @throws if the token is not the lane's */
  async function checkUser(): Promise<void> {
    const subject = await tasklane
      .lane()
      .userId()
      .catch((error) => {
        // A token that is not a JWT: the service checks whose it is.
        if (nameOf(error) === 'TypeError') return userId;
        throw error;
      });
    if (subject !== userId) throw new OtherUserError('Another user is signed in.');
  }

  async function send(entries: readonly Entry[]): Promise<readonly Outcome[]> {
    const [first] = entries as [Entry];
    const call = { retries: 0, signal };
    if (first.batch !== undefined) {
      const body = { atomic: false, operations: entries.map(operationOf) };
      const { results } = await lane.batch(body as never, { ...call, idempotencyKey: first.batch });
      return results.map(({ body: answer, problem }) => ({
        answer,
        problem: problem as EntryProblem | null,
      }));
    }
    const [group, name] = first.name.split('.') as ['tasks', 'update'];
    const method = lane[group][name] as (...args: unknown[]) => Promise<unknown>;
    return [
      {
        answer: await method(...argumentsOf(first), {
          ...call,
          idempotencyKey: first.key,
          ifMatch: first.ifMatch,
        }),
      },
    ];
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
      await commit(({ outbox }) => ({ state: { outbox: settled(outbox, entries, outcomes) } }));
    }
  }

  const storedOf = ({ changes }: SyncPage): Stored[] =>
    changes.flatMap(({ type, id, data }) =>
      isEntityType(type) ? { type, id: id ?? '', data: data as Entity } : [],
    );

  async function pull(): Promise<void> {
    let token: string | undefined;
    let answered = new Set<number>();
    await commit(({ outbox, ...state }) => {
      token = state.token;
      answered = new Set(outbox.filter((each) => each.answer !== undefined).map(({ n }) => n));
      return undefined;
    });
    // What a snapshot contains. What it does not contain is removed at its end, so that there is always something to show.
    const fresh = token === undefined ? new Set<string>() : undefined;
    try {
      for await (const page of lane.sync({ token, limit: pageSize, retries: 0, signal })) {
        const entities = storedOf(page);
        for (const { type, id } of entities) fresh?.add(`${type} ${id}`);
        if (fresh && !page.has_more) {
          for (const [type, id] of keys()) {
            if (!fresh.has(`${type} ${id}`)) entities.push({ type, id, data: null });
          }
        }
        const isStored = !fresh || !page.has_more;
        // A page that was requested after an answer contains its effects.
        await commit((state) => ({
          entities,
          state: {
            ...(isStored && { token: page.next_token }),
            ...(!page.has_more && { outbox: state.outbox.filter(({ n }) => !answered.has(n)) }),
          },
        }));
      }
    } catch (error) {
      if (!isProblem(error, 'sync-token-expired')) throw error;
      await commit(() => ({ state: { token: undefined } }));
      return pull();
    }
  }

  async function round(): Promise<void> {
    clearTimeout(timer);
    try {
      // If the outbox waits, the copy is brought up to date anyway.
      const failure = await push().then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      if (failure && connectionAfter(failure.error) === 'signed-out') throw failure.error;
      await pull();
      if (failure) throw failure.error;
      failures = 0;
      report(isStreaming ? 'live' : 'connecting');
    } catch (error) {
      if (signal.aborted || nameOf(error) === 'AbortError') return;
      if (!isProblem(error) || isRefused(error)) report(connectionAfter(error));
      const wanted = retryAfterMs(error) ?? 0;
      timer = setTimeout(wake, Math.max(wanted, pauseAfter(1_000, failures++)));
    }
  }

  function wake(): void {
    again = true;
    running ??= (async () => {
      while (again && !signal.aborted) {
        again = false;
        await round();
      }
      running = undefined;
    })();
  }

  async function follow(): Promise<void> {
    for (let attempts = 0; !signal.aborted; attempts++) {
      try {
        const interrupted = (error: unknown) => {
          isStreaming = false;
          report(connectionAfter(error));
        };
        for await (const _event of lane.events({ signal, interrupted })) {
          attempts = 0;
          isStreaming = true;
          wake();
        }
      } catch (error) {
        if (signal.aborted) return;
        isStreaming = false;
        report(connectionAfter(error));
      }
      await pause(pauseAfter(1_000, attempts), signal).catch(() => undefined);
    }
  }

  return {
    wake,
    async run() {
      const page = typeof window === 'undefined' ? undefined : window;
      const online = () => {
        failures = 0;
        wake();
      };
      page?.addEventListener('online', online);
      try {
        wake();
        await follow();
      } finally {
        page?.removeEventListener('online', online);
        clearTimeout(timer);
        await running;
      }
    },
  };
}

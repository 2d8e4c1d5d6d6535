/** Who is signed in, and the lane of that user. It has no React. */
import { NoTokenError } from '../errors.js';
import { createTasklane, type Tasklane } from '../lane.js';
import {
  type Connection,
  type LiveLane,
  type LiveStatus,
  type OpenLaneOptions,
  openLane,
} from '../live/index.js';
import type { TokenRequest, TokenSource } from '../raw.js';
import { pauseAfter } from '../retry.js';
import { type BetterAuthTokenClient, betterAuthTokens, type CookieAuth, followSignIns } from '../tokens.js';

/**
 * The client of Better Auth with the plugin `jwtClient`, a token, or a function that returns the token; or who is signed in,
 * if requests need no token.
 */
export type Auth = BetterAuthTokenClient | TokenSource | CookieAuth;

export interface Session {
  readonly client: Tasklane;
  /** The lane of the user; undefined until it is open, and while nobody is signed in. */
  readonly lane: LiveLane | undefined;
  /** The status of the lane, or of the sign-in while there is no lane. The object is the same as long as its values are. */
  readonly status: LiveStatus;
  subscribe(listener: () => void): () => void;
  /** Replaces `auth`. */
  use(auth: Auth): void;
  /** Asks for the token again, and opens the lane of its user. */
  refresh(): Promise<void>;
  /** Removes the copy from the device. @throws {UnsentWritesError} if writes would be lost, unless `discard` is true */
  signOut(options?: { readonly discard?: boolean | undefined }): Promise<void>;
  /** Opens the lane until the returned function is called. */
  connect(): () => void;
}

export const firstStatus: LiveStatus = {
  connection: 'connecting',
  complete: false,
  pending: 0,
  failed: 0,
  durable: false,
  storageError: undefined,
};

const patienceMs = 1_500;

// Better Auth's client is a proxy of a function.
const isClient = (auth: Auth): auth is BetterAuthTokenClient =>
  typeof (auth as { token?: unknown }).token === 'function';
const isCookies = (auth: Auth): auth is CookieAuth => typeof auth === 'object' && 'userId' in auth;

export function createSession(baseUrl: string, given: Auth, options: OpenLaneOptions): Session {
  const listeners = new Set<() => void>();
  let auth = given;
  let source: TokenSource | undefined;
  let lane: LiveLane | undefined;
  // The user whose lane is open or opens.
  let shown: string | null = null;
  let work: Promise<unknown> = Promise.resolve();
  let idle = firstStatus;
  let checks = 0;
  let hasChanged = false;
  let failures = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let isWanted = false;
  let running: AbortController | undefined;

  const token = (request: TokenRequest) => {
    if (source === undefined) {
      source = isClient(auth) ? betterAuthTokens(auth) : (auth as TokenSource);
      if (isClient(auth)) followSignIns(auth, () => check(true));
    }
    return typeof source === 'function' ? source(request) : source;
  };
  const client = createTasklane({ baseUrl, ...(!isCookies(auth) && { token }) });
  let isFollowed = false;
  /** The user's id. @throws {NoTokenError} if nobody is signed in; it has a cause if nobody can say */
  async function askUserId(): Promise<string> {
    if (!isCookies(auth)) return client.lane().userId();
    if (!isFollowed) {
      isFollowed = true;
      auth.listen?.(() => check(true));
    }
    const userId = await auth.userId().catch((cause: unknown) => {
      throw new NoTokenError({ cause });
    });
    if (!userId) throw new NoTokenError();
    return userId;
  }
  const notify = () => {
    for (const listener of listeners) listener();
  };
  const setIdle = (connection: Connection) => {
    idle = { ...firstStatus, connection };
    notify();
  };

  // The last user, so that the copy opens without a network. Without storage, the user has to sign in after each start.
  const key = `tasklane user ${baseUrl}`;
  const lastUser = (next?: string | null): string | null => {
    try {
      if (next) localStorage.setItem(key, next);
      else if (next === null) localStorage.removeItem(key);
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };

  async function swap(userId: string | null): Promise<void> {
    const before = lane;
    lane = undefined;
    if (before) notify();
    await before?.close().catch(() => undefined);
    if (userId === null || userId !== shown) return;
    const opened = await openLane(client, userId, options);
    if (userId !== shown) return opened.close();
    lane = opened;
    let last: Connection | undefined;
    const changed = () => {
      // A lane that another tab has ended must not be opened again while the session still ends.
      if (lane !== opened) return;
      const { connection } = opened.status;
      // Another user can have signed in.
      if (connection === 'signed-out' && last !== connection) check();
      last = connection;
      notify();
    };
    opened.subscribe(changed);
    changed();
  }
  function show(userId: string | null): Promise<unknown> {
    if (userId !== shown) {
      shown = userId;
      const next = () => swap(userId);
      work = work.then(next, next);
    }
    return work;
  }

  /** Finds out who is signed in. `isChange` says that somebody signed in or out in this page. */
  async function check(isChange = false): Promise<void> {
    hasChanged ||= isChange;
    checks++;
    const own = checks;
    clearTimeout(retry);
    const answer = await askUserId().catch((error: Error) => error);
    if (own !== checks || !running) return;
    if (typeof answer === 'string') {
      failures = 0;
      hasChanged = false;
      lastUser(answer);
      await show(answer);
      lane?.wake();
    } else if (answer.name === 'NoTokenError') {
      const isAway = answer.cause !== undefined;
      if (isAway) retry = setTimeout(check, pauseAfter(1_000, failures++));
      // A session that has expired still shows its copy, and one that was ended does not.
      else if (hasChanged) lastUser(null);
      setIdle(isAway ? 'offline' : 'signed-out');
      await show(lastUser());
    } else throw answer;
  }

  async function end(): Promise<void> {
    checks++;
    setIdle('signed-out');
    await show(null);
  }

  function start(): void {
    running = new AbortController();
    const { signal } = running;
    addEventListener('online', () => check(), { signal });
    // Another tab has signed somebody in or out.
    const follow = (event: StorageEvent) => {
      if (event.key !== key || event.newValue === shown) return;
      if (event.newValue === null) end();
      else check();
    };
    addEventListener('storage', follow, { signal });
    check();
    // Another user can have signed in, so the copy of the last one waits for the answer, but not for long.
    setTimeout(() => {
      if (!signal.aborted) show(lastUser());
    }, patienceMs);
  }
  function stop(): void {
    running?.abort();
    running = undefined;
    clearTimeout(retry);
    show(null);
  }

  return {
    client,
    get lane() {
      return lane;
    },
    get status() {
      return lane?.status ?? idle;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    use(next) {
      if (next === auth) return;
      auth = next;
      source = undefined;
      // A function can be a new one with each rendering.
      if (typeof next !== 'function' || isClient(next)) check();
    },
    refresh: () => check(true),
    async signOut({ discard } = {}) {
      await work;
      await lane?.close({ wipe: true, discard });
      lastUser(null);
      await end();
    },
    connect() {
      isWanted = true;
      if (!running) start();
      return () => {
        isWanted = false;
        // In strict mode, React disconnects and connects at once, and the lane stays open.
        setTimeout(() => {
          if (!isWanted && running) stop();
        });
      };
    },
  };
}

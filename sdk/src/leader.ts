/** One leader among the tabs of a browser (Web Locks, BroadcastChannel), so that they share one event stream. */

const leaseMs = 2_000;
const expiryMs = 6_000;

export interface ElectionOptions {
  /** The name of the election: the same for all tabs that share a leader. */
  readonly name: string;
  /** Does the leader's work until the signal is aborted. It handles its own errors. */
  readonly lead: (signal: AbortSignal) => Promise<void>;
  /** Called with each message of another tab. */
  readonly receive?: ((message: unknown) => void) | undefined;
  /** Called when this tab has missed messages: it comes back from the back/forward cache. */
  readonly missed?: (() => void) | undefined;
  /** Called when this tab begins and ends to lead. */
  readonly changed?: ((isLeader: boolean) => void) | undefined;
}

export interface Election {
  /** Sends a message to the other tabs. */
  send(message: unknown): void;
  readonly isLeader: boolean;
  /** Ends the leadership, or the candidacy. Resolves when the work has ended. */
  close(): Promise<void>;
}

type Message = { readonly lease: true } | { readonly message: unknown };

/**
 * Takes part in an election. The leader says every 2 seconds that it is alive. A visible tab that hears nothing for 6
 * seconds takes over: the leader's process may be frozen. A page gives up the lock and its channel on `pagehide`, because
 * both keep pages out of the back/forward cache, and takes part again on `pageshow`.
 *
 * A leader that was frozen may write for a moment after another tab took over, so writes must check who leads. Without Web
 * Locks (plain http on a local network), every tab leads.
 */
export function takePart({ name, lead, receive, missed, changed }: ElectionOptions): Election {
  const { locks } = (globalThis.navigator ?? {}) as { locks?: LockManager };
  const page = typeof document === 'undefined' ? undefined : globalThis;
  let channel: BroadcastChannel | undefined;
  let candidacy: AbortController | undefined;
  let isLeader = false;
  let work: Promise<void> = Promise.resolve();
  // Not the time of day: a person can change it.
  const now = () => performance.now();
  let heardAt = now();
  let checkedAt = heardAt;

  const say = (message: Message) => channel?.postMessage(message);

  async function hold({ signal }: AbortController): Promise<void> {
    if (signal.aborted) return;
    isLeader = true;
    const beat = () => say({ lease: true });
    beat();
    const timer = setInterval(beat, leaseMs);
    changed?.(true);
    // Work of this tab's last leadership ends first.
    work = work.then(() => (signal.aborted ? undefined : lead(signal))).catch(() => undefined);
    // The lock is kept until the end of the leadership. If work that ends by itself gave it up, each tab would repeat the
    // work. If the lock waited for the work, a page would still hold it in the back/forward cache.
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true });
    });
    clearInterval(timer);
    isLeader = false;
    changed?.(false);
  }

  function stand(steal = false): void {
    candidacy?.abort();
    const ending = new AbortController();
    candidacy = ending;
    heardAt = now();
    if (!locks) {
      hold(ending).catch(() => undefined);
      return;
    }
    const options: LockOptions = steal ? { steal } : { signal: ending.signal };
    locks
      .request(name, options, () => hold(ending))
      .catch(({ name: reason }: Error) => {
        if (ending.signal.aborted) return;
        // A page without storage, such as a sandboxed frame, has no locks. Other tabs take a lock with an AbortError.
        if (reason === 'SecurityError') return hold(ending);
        ending.abort();
        if (reason === 'AbortError') stand();
      });
  }

  const join = () => {
    channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(name);
    channel?.addEventListener('message', ({ data }: MessageEvent<Message>) => {
      if ('lease' in data) heardAt = now();
      else receive?.(data.message);
    });
    stand();
  };
  const leave = () => {
    candidacy?.abort();
    candidacy = undefined;
    channel?.close();
    channel = undefined;
  };
  const comeBack = () => {
    // `pageshow` also follows the first load.
    if (candidacy) return;
    join();
    missed?.();
  };
  const check = () => {
    const time = now();
    // This tab was frozen itself, so it cannot know whether the leader was silent.
    if (time - checkedAt > expiryMs / 2) heardAt = time;
    checkedAt = time;
    const isVisible = !page || document.visibilityState === 'visible';
    if (locks && candidacy && !isLeader && isVisible && time - heardAt >= expiryMs) stand(true);
  };
  const watch = setInterval(check, 1_000);
  page?.addEventListener('pagehide', leave);
  page?.addEventListener('pageshow', comeBack);
  join();

  return {
    send: (message) => say({ message }),
    get isLeader() {
      return isLeader;
    },
    close() {
      leave();
      clearInterval(watch);
      page?.removeEventListener('pagehide', leave);
      page?.removeEventListener('pageshow', comeBack);
      return work;
    },
  };
}

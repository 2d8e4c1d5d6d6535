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
 * seconds takes over: the leader's process may be frozen. The lock is given up when the page is hidden for good or frozen
 * (`pagehide`), and requested again on `pageshow`.
 *
 * A leader that was frozen may write for a moment after another tab took over, so writes must check who leads. Without Web
 * Locks (plain http on a local network, Node), every tab leads.
 */
export function takePart({ name, lead, receive, changed }: ElectionOptions): Election {
  const { locks } = (globalThis.navigator ?? {}) as { locks?: LockManager };
  const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(name);
  const page = typeof document === 'undefined' ? undefined : globalThis;
  let heardAt = Date.now();
  let checkedAt = heardAt;
  let candidacy: AbortController | undefined;
  let isLeader = false;
  let work: Promise<void> = Promise.resolve();

  const say = (message: Message) => channel?.postMessage(message);

  async function hold(ending: AbortController): Promise<void> {
    if (ending.signal.aborted) return;
    isLeader = true;
    const beat = () => say({ lease: true });
    beat();
    const timer = setInterval(beat, leaseMs);
    changed?.(true);
    try {
      work = lead(ending.signal).catch(() => undefined);
      await work;
      // Work that ends by itself does not pass the leadership on, or each tab would repeat it.
      await new Promise<void>((resolve) => {
        if (ending.signal.aborted) return resolve();
        ending.signal.addEventListener('abort', () => resolve(), { once: true });
      });
    } finally {
      clearInterval(timer);
      isLeader = false;
      changed?.(false);
    }
  }

  function stand(steal = false): void {
    candidacy?.abort();
    const ending = new AbortController();
    candidacy = ending;
    if (!locks) {
      hold(ending).catch(() => undefined);
      return;
    }
    const options: LockOptions = steal ? { steal: true } : { signal: ending.signal };
    locks
      .request(name, options, () => hold(ending))
      .catch(() => {
        // Another tab took the lock, or this candidacy ended.
        const wasStolen = candidacy === ending && !ending.signal.aborted;
        ending.abort();
        if (wasStolen) stand();
      });
  }

  const listen = ({ data }: MessageEvent<Message>) => {
    if ('lease' in data) heardAt = Date.now();
    else receive?.(data.message);
  };
  channel?.addEventListener('message', listen);

  const check = () => {
    const now = Date.now();
    // This tab was frozen itself, so it cannot know whether the leader was silent.
    if (now - checkedAt > expiryMs / 2) heardAt = now;
    checkedAt = now;
    const isVisible = !page || document.visibilityState === 'visible';
    if (!locks || isLeader || !candidacy || !isVisible || now - heardAt < expiryMs) return;
    heardAt = now;
    stand(true);
  };
  const watch = setInterval(check, 1_000);
  const hide = () => {
    candidacy?.abort();
    candidacy = undefined;
  };
  const show = () => {
    heardAt = Date.now();
    if (!candidacy) stand();
  };
  page?.addEventListener('pagehide', hide);
  page?.addEventListener('pageshow', show);
  // In Node, the timer alone must not keep the process running.
  (watch as { unref?: () => void }).unref?.();
  stand();

  return {
    send: (message) => say({ message }),
    get isLeader() {
      return isLeader;
    },
    async close() {
      hide();
      clearInterval(watch);
      page?.removeEventListener('pagehide', hide);
      page?.removeEventListener('pageshow', show);
      channel?.removeEventListener('message', listen);
      await work;
      channel?.close();
    },
  };
}

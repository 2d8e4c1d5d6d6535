/** A worker's channel to the other workers of its instance. */
import type { Snapshot } from '../observability/metrics/combine';
import type { PeerMessage, ToPrimary, ToWorker } from './messages';

export interface Peers {
  /** Tells all other workers. The message can be lost. */
  broadcast(message: PeerMessage): void;
  /** Calls `listener` with each message of another worker. */
  onMessage(listener: (message: PeerMessage) => void): void;
  /** Lets the primary process ask for the metrics of this one. */
  offerMetrics(snapshot: () => Snapshot): void;
}

/** Sends a message to the primary process. */
export function tellPrimary(message: ToPrimary): void {
  // The channel is closed if the primary process has ended. This process then ends, too.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

/** Calls `listener` with each message of the primary process. */
export function onPrimary(listener: (message: ToWorker) => void): void {
  process.on('message', (message) => listener(message as ToWorker));
}

export function connectPeers(): Peers {
  return {
    broadcast: (message) => tellPrimary({ kind: 'broadcast', message }),
    onMessage: (listener) =>
      onPrimary((received) => {
        if (received.kind === 'broadcast') listener(received.message);
      }),
    offerMetrics: (snapshot) =>
      onPrimary((received) => {
        if (received.kind === 'metrics') tellPrimary({ kind: 'metrics', snapshot: snapshot() });
      }),
  };
}

// The users whose lanes changed in one turn of the event loop travel together, and at most so many.
const maxUsers = 1_000;
const activeEveryMs = 10_000;

/** What the workers of an instance let each other know. */
export interface SharedState {
  /** The lane of a user has new changes. */
  changed(userId: string): void;
  /** A user uses this process. */
  noteActivity(): void;
}

/** Shares changes and activity with the other workers, and passes on what they share. */
export function shareState(
  peers: Pick<Peers, 'broadcast' | 'onMessage'>,
  { changed, noteActivity }: SharedState,
): SharedState {
  const users = new Set<string>();
  let activeAt = Number.NEGATIVE_INFINITY;

  function send(): void {
    peers.broadcast({ kind: 'changed', userIds: [...users] });
    users.clear();
  }

  peers.onMessage((message) => {
    if (message.kind === 'active') noteActivity();
    else message.userIds.forEach(changed);
  });

  return {
    changed(userId) {
      changed(userId);
      if (users.size === 0) setImmediate(send);
      if (users.size < maxUsers) users.add(userId);
    },
    noteActivity() {
      noteActivity();
      const now = performance.now();
      if (now - activeAt < activeEveryMs) return;
      activeAt = now;
      peers.broadcast({ kind: 'active' });
    },
  };
}

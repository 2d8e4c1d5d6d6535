/**
 * A fair queue in front of the connection pool. Owners take turns, and each owner has at most its share of the
 * connections. Slow statements of one user then never block all other users.
 */
import type { PoolUse } from '../observability/metrics/metrics';
import { Unavailable } from './errors';

export type { PoolUse } from '../observability/metrics/metrics';

/** Who uses a connection: a user, the background jobs, or the platform itself. */
export type Owner = string;

/**
 * The platform's own short statements, for which requests wait: session look-ups and health checks. They have
 * priority.
 */
export const platformOwner: Owner = 'platform';
/** All background jobs share this owner. */
export const jobsOwner: Owner = 'jobs';

/** The owner for a user's requests. */
export function ownerOf(userId: string): Owner {
  return `user ${userId}`;
}

/** The queue is full, or the wait was too long. The answer is 503 with `Retry-After`. */
export class PoolBusy extends Unavailable {}

export interface ShareLimits {
  /** The number of connections. */
  readonly total: number;
  /** The most connections that one user can use: at least one, and at most half of all. */
  readonly perUser: number;
  /** The longest wait for a connection, in milliseconds. */
  readonly waitMs: number;
}

export interface Shares {
  /** Waits for a turn. Resolves with a function that ends the turn; rejects with `PoolBusy`. */
  enter(owner: Owner): Promise<() => void>;
  use(): PoolUse;
}

// The duration of a turn is an average in which each turn has this weight, and a long one counts as this long.
const turnWeight = 0.02;
const longestTurnMs = 250;

// Each waiting request takes memory.
const longestQueue = 100;

interface Waiting {
  enter(): void;
}

/** Makes the queue. */
export function createShares({ total, perUser, waitMs }: ShareLimits): Shares {
  const half = Math.max(1, Math.floor(total / 2));
  const limitOf = (owner: Owner) =>
    owner === platformOwner || owner === jobsOwner ? half : Math.min(half, perUser);
  const held = new Map<Owner, number>();
  // In the order of their turns. An owner moves to the end when it gets a connection.
  const queues = new Map<Owner, Waiting[]>();
  let free = total;
  let waitingCount = 0;
  let turnMs = 0;

  const heldBy = (owner: Owner) => held.get(owner) ?? 0;
  const mayEnter = (owner: Owner) => free > 0 && heldBy(owner) < limitOf(owner);

  function leave(owner: Owner): void {
    free++;
    const left = heldBy(owner) - 1;
    if (left === 0) held.delete(owner);
    else held.set(owner, left);
    admitNext();
  }

  function admit(owner: Owner): () => void {
    free--;
    held.set(owner, heldBy(owner) + 1);
    const since = performance.now();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      turnMs += turnWeight * (Math.min(longestTurnMs, performance.now() - since) - turnMs);
      leave(owner);
    };
  }

  function remove(owner: Owner, waiting: Waiting): void {
    waitingCount--;
    const left = (queues.get(owner) ?? []).filter((each) => each !== waiting);
    if (left.length === 0) queues.delete(owner);
    else queues.set(owner, left);
  }

  function nextOwner(): Owner | undefined {
    if (queues.has(platformOwner) && mayEnter(platformOwner)) return platformOwner;
    for (const owner of queues.keys()) if (mayEnter(owner)) return owner;
    return undefined;
  }

  function admitNext(): void {
    for (let owner = nextOwner(); owner !== undefined; owner = nextOwner()) {
      const [first, ...rest] = queues.get(owner) as [Waiting, ...Waiting[]];
      queues.delete(owner);
      if (rest.length > 0) queues.set(owner, rest);
      waitingCount--;
      first.enter();
    }
  }

  return {
    async enter(owner) {
      const queue = queues.get(owner) ?? [];
      if (queue.length === 0 && mayEnter(owner)) return admit(owner);
      if (queue.length >= longestQueue) throw new PoolBusy('Too many requests wait for a connection.');
      return new Promise((resolve, reject) => {
        const waiting: Waiting = {
          enter() {
            clearTimeout(timer);
            resolve(admit(owner));
          },
        };
        const timer = setTimeout(() => {
          remove(owner, waiting);
          reject(new PoolBusy(`No connection was free for ${waitMs} ms.`));
        }, waitMs);
        queues.set(owner, [...queue, waiting]);
        waitingCount++;
      });
    },
    use: () => ({
      max: total,
      used: total - free,
      waiting: waitingCount,
      // Owners take turns, so each of them is before a new one once.
      expectedWaitMs: (queues.size * turnMs) / total,
    }),
  };
}

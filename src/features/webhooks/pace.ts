/** How much may go to a host in a time: rates by key, with a turn for whoever has to wait. */
import { LRUCache } from 'lru-cache';

export interface Rate {
  readonly perSecond: number;
  /** How much may go at once after a time in which nothing went. */
  readonly burst: number;
}

export interface Grant {
  /** How much of what was asked for may go now. */
  readonly granted: number;
  /** Milliseconds until it is the turn of the rest; 0 if there is none. */
  readonly waitMs: number;
}

export interface Pace {
  take(key: string, wanted: number): Grant;
}

const maxKeys = 50_000;
const leastWaitMs = 1_000;
const longestWaitMs = 600_000;

/**
 * Makes rates by key, as the generic cell rate algorithm counts them (ITU-T I.371). Those that have to wait get turns one
 * after another, so that they come back no faster than they can go.
 * @param now milliseconds, never going back
 */
export function createPace({ perSecond, burst }: Rate, now: () => number = () => performance.now()): Pace {
  const stepMs = 1_000 / perSecond;
  /** When all that went would have gone at an even rate, and when the next turn is. */
  const books = new LRUCache<string, { evenAt: number; turnAt: number }>({ max: maxKeys });
  return {
    take(key, wanted) {
      const at = now();
      const book = books.get(key) ?? { evenAt: at, turnAt: at };
      const evenAt = Math.max(book.evenAt, at);
      // Rounded up by a little, for steps that are no whole numbers.
      const free = Math.max(0, Math.floor(burst - (evenAt - at) / stepMs + 1e-6));
      const granted = Math.min(wanted, free);
      const next = { evenAt: evenAt + granted * stepMs, turnAt: book.turnAt };
      let waitMs = 0;
      if (granted < wanted) {
        const turnAt = Math.max(book.turnAt, next.evenAt - (burst - 1) * stepMs);
        waitMs = Math.min(Math.max(turnAt - at, leastWaitMs), longestWaitMs);
        next.turnAt = Math.min(turnAt + (wanted - granted) * stepMs, at + longestWaitMs);
      }
      books.set(key, next);
      return { granted, waitMs };
    },
  };
}

/** Says how many messages may go from a user to a host now. */
export interface Traffic {
  /** @param verified whether the receiver has confirmed that it wants them */
  take(message: { userId: string; url: string; verified: boolean }, wanted: number): Grant;
}

// A receiver that never confirmed anything is a stranger.
const testsToHost: Rate = { perSecond: 1, burst: 20 };
const testsOfUser: Rate = { perSecond: 0.1, burst: 20 };

function hostOf(url: string): string {
  return new URL(url).host.replace(/\.(?=$|:)/, '');
}

/**
 * Makes the rates of an instance: `hostRate` messages a second to a host, of all users together, and half of that of one
 * user; tests of receivers that have not confirmed besides, one a second to a host, and one in ten seconds of a user.
 */
export function createTraffic(hostRate: number, now?: () => number): Traffic {
  const rate = (perSecond: number) => createPace({ perSecond, burst: Math.ceil(perSecond) }, now);
  const toHost = rate(hostRate);
  const ofUserToHost = rate(hostRate / 2);
  const testToHost = createPace(testsToHost, now);
  const testOfUser = createPace(testsOfUser, now);
  return {
    take({ userId, url, verified }, wanted) {
      const host = hostOf(url);
      const asked: [Pace, string][] = verified
        ? []
        : [
            [testOfUser, userId],
            [testToHost, host],
          ];
      // A user's own rate first: what one user is refused takes nothing of the host's.
      asked.push([ofUserToHost, `${host} ${userId}`], [toHost, host]);
      let grant: Grant = { granted: wanted, waitMs: 0 };
      for (const [pace, key] of asked) {
        if (grant.granted === 0) break;
        const { granted, waitMs } = pace.take(key, grant.granted);
        grant = { granted, waitMs: Math.max(grant.waitMs, waitMs) };
      }
      return grant;
    },
  };
}

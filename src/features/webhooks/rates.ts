/** Rate limits by key for outgoing messages. A key that must wait gets the time of its next turn. */
import { boundedCache } from '../../platform/bounded-cache';

export interface Rate {
  readonly perSecond: number;
  /** The number of messages that may be sent at once after an idle time. */
  readonly burst: number;
}

export interface Grant {
  /** The number of messages that may be sent now. */
  readonly granted: number;
  /** Milliseconds until the remaining messages may be sent; 0 if none remain. */
  readonly waitMs: number;
}

export interface RateLimit {
  take(key: string, wanted: number): Grant;
}

const maxKeys = 50_000;
const leastWaitMs = 1_000;
const longestWaitMs = 600_000;

/**
 * Creates a rate limit by key with the generic cell rate algorithm (ITU-T I.371). Callers that must wait get turns
 * one after another, so that they do not all return at once.
 * @param now a monotonic clock in milliseconds
 */
export function createRateLimit(
  { perSecond, burst }: Rate,
  now: () => number = () => performance.now(),
): RateLimit {
  const stepMs = 1_000 / perSecond;
  /** `evenAt`: when the granted messages end if they are sent evenly at the rate. `turnAt`: when the next caller may return. */
  const books = boundedCache<{ evenAt: number; turnAt: number }>(maxKeys);
  return {
    take(key, wanted) {
      const at = now();
      const book = books.get(key) ?? { evenAt: at, turnAt: at };
      const evenAt = Math.max(book.evenAt, at);
      // The small number corrects rounding errors of steps that are not whole numbers.
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

/** Limits the messages of each user and to each host. */
export interface Traffic {
  /** @param verified true if the receiver has confirmed that it wants the messages */
  take(message: { userId: string; url: string; verified: boolean }, wanted: number): Grant;
}

// Receivers that are not verified get only tests, at a lower rate: the host may not want them.
const testsToHost: Rate = { perSecond: 1, burst: 20 };
const testsOfUser: Rate = { perSecond: 0.1, burst: 20 };

function hostOf(url: string): string {
  return new URL(url).host.replace(/\.(?=$|:)/, '');
}

/**
 * Creates the rate limits of an instance. A host gets `hostRate` messages a second from all users together, and half of
 * that from one user. Receivers that are not verified have two more limits: a host gets one test a second, and a user
 * sends one test in ten seconds.
 */
export function createTraffic(hostRate: number, now?: () => number): Traffic {
  const rate = (perSecond: number) => createRateLimit({ perSecond, burst: Math.ceil(perSecond) }, now);
  const toHost = rate(hostRate);
  const ofUserToHost = rate(hostRate / 2);
  const testToHost = createRateLimit(testsToHost, now);
  const testOfUser = createRateLimit(testsOfUser, now);
  return {
    take({ userId, url, verified }, wanted) {
      const host = hostOf(url);
      const asked: [RateLimit, string][] = verified
        ? []
        : [
            [testOfUser, userId],
            [testToHost, host],
          ];
      // The user's own limit comes first: messages that it refuses do not count for the host.
      asked.push([ofUserToHost, `${host} ${userId}`], [toHost, host]);
      let grant: Grant = { granted: wanted, waitMs: 0 };
      for (const [limit, key] of asked) {
        if (grant.granted === 0) break;
        const { granted, waitMs } = limit.take(key, grant.granted);
        grant = { granted, waitMs: Math.max(grant.waitMs, waitMs) };
      }
      return grant;
    },
  };
}

/**
 * Refuses requests at once while the service is overloaded, before anything of them is parsed. Then the requests that are
 * accepted are answered in time, and the service keeps its throughput.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { EventLoop } from './event-loop';

/** The bounds above which requests are refused, in milliseconds. */
export interface SheddingBounds {
  /** For the delay of the event loop, and for the time that one of its turns spends on new requests. */
  readonly eventLoopMs: number;
  /** For the expected wait for a database connection. */
  readonly poolWaitMs: number;
}

export type SheddingReason = 'event-loop' | 'pool';

/** What the decision depends on. */
export interface Load {
  readonly eventLoop: Pick<EventLoop, 'delayMs'>;
  /** The milliseconds that another request is expected to wait for a connection. */
  expectedPoolWaitMs(): number;
}

export interface Shedding {
  /** Why the next request must be refused; null if it can be accepted. */
  refuse(): SheddingReason | null;
  /** Whether a request was refused in the last two seconds. */
  isShedding(): boolean;
}

const recentMs = 2_000;
// With fewer requests in a second, it is other work that takes the time, and refusing requests does not help.
const fewRequests = 50;

/**
 * Makes the decision.
 * @param onRefused called for each refused request
 * @param now a monotonic clock in milliseconds
 */
export function createShedding(
  { eventLoopMs, poolWaitMs }: SheddingBounds,
  { eventLoop, expectedPoolWaitMs }: Load,
  onRefused: (reason: SheddingReason) => void = () => undefined,
  now: () => number = () => performance.now(),
): Shedding {
  let lastAt = Number.NEGATIVE_INFINITY;
  // When this turn of the event loop began to handle requests.
  let turnAt: number | undefined;
  const endTurn = () => {
    turnAt = undefined;
  };

  // The number of requests in the second that began at `secondAt`, and in the one before.
  let [secondAt, count, countBefore] = [Number.NEGATIVE_INFINITY, 0, 0];

  function areMany(at: number): boolean {
    if (at - secondAt >= 1_000) {
      countBefore = at - secondAt < 2_000 ? count : 0;
      [secondAt, count] = [at, 0];
    }
    count++;
    return Math.max(count, countBefore) > fewRequests;
  }

  function findReason(at: number): SheddingReason | null {
    if (turnAt === undefined) {
      turnAt = at;
      setImmediate(endTurn);
    }
    if (!areMany(at)) return null;
    if (expectedPoolWaitMs() > poolWaitMs) return 'pool';
    return at - turnAt > eventLoopMs || eventLoop.delayMs() > eventLoopMs ? 'event-loop' : null;
  }

  return {
    refuse() {
      const at = now();
      const reason = findReason(at);
      if (reason === null) return null;
      lastAt = at;
      onRefused(reason);
      return reason;
    },
    isShedding: () => now() - lastAt < recentMs,
  };
}

const logMs = 1_000;

/** Makes a function that logs refused requests: one line a second, with their number. */
export function createSheddingLog(log: Pick<Logger, 'warn'>): (reason: SheddingReason) => void {
  let counts: Record<SheddingReason, number> | undefined;
  function write(): void {
    log.warn({ refused: counts }, 'overload: requests were refused');
    counts = undefined;
  }
  return (reason) => {
    if (counts === undefined) {
      counts = { 'event-loop': 0, pool: 0 };
      setTimeout(write, logMs).unref();
    }
    counts[reason]++;
  };
}

// Health checks must tell the truth, and a preflight without an answer looks like an error of CORS.
const exempt = new Set(['/livez', '/readyz', '/startupz']);

function isExempt({ url, method }: IncomingMessage): boolean {
  return method === 'OPTIONS' || exempt.has(url as string);
}

/** Passes requests on to `listener`, and answers those that must be refused with `answer`. */
export function shedLoad(
  listener: RequestListener,
  shedding: Shedding,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): RequestListener {
  return (request, response) => {
    if (isExempt(request) || shedding.refuse() === null) listener(request, response);
    else answer(request, response);
  };
}

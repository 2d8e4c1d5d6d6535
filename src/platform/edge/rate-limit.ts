/**
 * Rate limits in windows of one minute. They count the cost units of operations (`x-cost`). `RateLimit` and
 * `RateLimit-Policy` tell clients the state (draft-ietf-httpapi-ratelimit-headers-08). Known callers are limited only
 * per user. Requests of unknown callers are limited per address, which several clients may share.
 */
import { hash } from 'node:crypto';
import type { Request } from 'express';
import type { Scope } from '../auth/scopes';
import { boundedCache } from '../bounded-cache';
import type { Metrics } from '../observability/metrics/metrics';
import { networkOf } from './address';
import { type Counter, type CountResult, windowMs } from './counter';

/** The cost units, requests and failures that are allowed in one minute. */
export interface RateLimits {
  readonly readsPerUser: number;
  readonly writesPerUser: number;
  readonly requestsPerAddress: number;
  readonly failedAuthenticationsPerAddress: number;
}

/** The headers of a response that is not sent yet. */
interface ResponseHeaders {
  setHeader(name: string, value: string | number): unknown;
}

/** The `charge` functions return false if the limit was already reached. The response's headers say so. */
export interface RateLimiter {
  /** Charges units to a user. */
  chargeUser(userId: string, scope: Scope, units: number, response: ResponseHeaders): Promise<boolean>;
  /** Charges units to a calendar feed, identified by its secret. */
  chargeCalendarFeed(secret: string, units: number, response: ResponseHeaders): Promise<boolean>;
  /** Charges one unit to the address of a request without credentials. */
  chargeAddress(request: Request, response: ResponseHeaders): Promise<boolean>;
  /** Charges one unit to the address of a request with invalid credentials. */
  chargeFailure(request: Request, response: ResponseHeaders): Promise<boolean>;
  /**
   * Checks the credentials of a request. For an address with too many failures, checks run one after another: valid
   * credentials are never refused because of other clients' failures, and only one invalid credential is checked at a
   * time.
   */
  check<T>(request: Request, work: () => Promise<T>): Promise<T>;
}

// The partition keys of the latest callers.
const partitions = boundedCache<string>(10_000);

function partitionOf(key: string): string {
  const known = partitions.get(key);
  if (known !== undefined) return known;
  const made = hash('sha256', key, 'base64').slice(0, 16);
  partitions.set(key, made);
  return made;
}

/** Sets the header fields of a limit. The key is sent as a hash (`pk`). */
function setLimitHeaders(
  response: ResponseHeaders,
  name: string,
  key: string,
  limit: number,
  { total, leftMs }: CountResult,
): void {
  const partition = partitionOf(key);
  const seconds = Math.ceil(leftMs / 1000);
  response.setHeader('RateLimit', `"${name}"; r=${Math.max(0, limit - total)}; t=${seconds}`);
  response.setHeader('RateLimit-Policy', `"${name}"; q=${limit}; w=${windowMs / 1000}; pk=:${partition}:`);
}

/** Returns a function that runs work. Work with the same key runs one after the other. */
function createTurns(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (last.get(key) === turn) last.delete(key);
    }
  };
}

// If there are more such addresses, only the most recent are remembered.
const maxSuspects = 10_000;

/** Makes the limiter. `counter` stores the counts. */
export function createRateLimiter(
  limits: RateLimits,
  counter: Counter,
  metrics?: Pick<Metrics, 'unitsCharged'>,
): RateLimiter {
  const suspects = boundedCache<true>(maxSuspects);
  const inTurn = createTurns();

  async function take(name: string, key: string, units: number, limit: number, response: ResponseHeaders) {
    const taken = await counter.take(`${name}:${key}`, units, limit);
    metrics?.unitsCharged(name, units, taken.fits);
    setLimitHeaders(response, name, key, limit, taken);
    // RFC 9110, section 10.2.3.
    if (!taken.fits) response.setHeader('Retry-After', Math.max(1, Math.ceil(taken.leftMs / 1000)));
    return taken;
  }

  return {
    async chargeUser(userId, scope, units, response) {
      const [name, limit] =
        scope === 'read'
          ? (['reads', limits.readsPerUser] as const)
          : (['writes', limits.writesPerUser] as const);
      return (await take(name, userId, units, limit, response)).fits;
    },
    async chargeCalendarFeed(secret, units, response) {
      const key = hash('sha256', secret, 'base64url');
      return (await take('feeds', key, units, limits.readsPerUser, response)).fits;
    },
    async chargeAddress(request, response) {
      const address = networkOf(request.ip ?? '');
      return (await take('address', address, 1, limits.requestsPerAddress, response)).fits;
    },
    async chargeFailure(request, response) {
      const address = networkOf(request.ip ?? '');
      const limit = limits.failedAuthenticationsPerAddress;
      const { fits, leftMs } = await take('failed-authentications', address, 1, limit, response);
      if (!fits) suspects.set(address, true, { ttl: Math.max(1, leftMs) });
      return fits;
    },
    check(request, work) {
      // Without suspects, the address does not matter. It takes time to find.
      if (suspects.size === 0) return work();
      const address = networkOf(request.ip ?? '');
      return suspects.has(address) ? inTurn(address, work) : work();
    },
  };
}

const always = async () => true;

/** A limiter without limits, for load tests. */
export const unlimited: RateLimiter = {
  chargeUser: always,
  chargeCalendarFeed: always,
  chargeAddress: always,
  chargeFailure: always,
  check: (_request, work) => work(),
};

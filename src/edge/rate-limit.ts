/**
 * Rate limits, per user and per address, in fixed windows. What is left is told in `RateLimit` and `RateLimit-Policy`
 * (draft-ietf-httpapi-ratelimit-headers-08).
 */
import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import type { Scope } from '../auth/scopes';
import type { StoreFactory } from './rate-limit-store';

/** How many requests a window of a minute takes. */
export interface RateLimits {
  readonly readsPerUser: number;
  readonly writesPerUser: number;
  readonly requestsPerAddress: number;
  readonly failedAuthenticationsPerAddress: number;
}

export interface RateLimiter {
  /** Counts a request of an address whose caller is not known yet; false if it has had too many, or has failed too often. */
  admitAddress(request: Request, response: Response): Promise<boolean>;
  /** Counts a request of a user; false if there were too many. */
  admitUser(userId: string, scope: Scope, request: Request, response: Response): Promise<boolean>;
  /** Counts a request whose caller turned out not to be known. */
  countFailure(request: Request): Promise<void>;
}

const windowMs = 60_000;

/** Seconds until a window ends. */
function secondsUntil(time: Date | undefined): number {
  return Math.max(1, Math.ceil(((time?.getTime() ?? Date.now() + windowMs) - Date.now()) / 1000));
}

// An IPv6 customer has a whole network to choose addresses from.
function addressOf(request: Request): string {
  return ipKeyGenerator(request.ip ?? '', 56);
}

/** A limit as a question: may this request go on? */
function limiter(
  name: string,
  limit: number,
  stores: StoreFactory,
  keyOf: (request: Request, response: Response) => string,
): (request: Request, response: Response) => Promise<boolean> {
  const refuse = new Error('rate limited');
  const middleware: RequestHandler = rateLimit({
    windowMs,
    limit,
    identifier: name,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    store: stores.create(name, windowMs),
    keyGenerator: keyOf,
    handler: (_request, _response, next) => next(refuse),
    validate: false,
  });
  return (request, response) =>
    new Promise((resolve, reject) => {
      middleware(request, response, (error?: unknown) => {
        if (error === undefined || error === refuse) resolve(error === undefined);
        else reject(error);
      });
    });
}

/** Makes the limiter; `stores` says where it counts. */
export function createRateLimiter(limits: RateLimits, stores: StoreFactory): RateLimiter {
  const failures = stores.create('failed-authentications', windowMs);
  const users = new WeakMap<Request, string>();
  const userOf = (request: Request) => users.get(request) ?? '';
  const address = limiter('address', limits.requestsPerAddress, stores, addressOf);
  const byScope = {
    read: limiter('reads', limits.readsPerUser, stores, userOf),
    write: limiter('writes', limits.writesPerUser, stores, userOf),
  };
  return {
    async admitAddress(request, response) {
      const failed = await failures.get?.(addressOf(request));
      if (failed && failed.totalHits >= limits.failedAuthenticationsPerAddress) {
        response.setHeader('Retry-After', secondsUntil(failed.resetTime));
        return false;
      }
      return address(request, response);
    },
    admitUser(userId, scope, request, response) {
      users.set(request, userId);
      return byScope[scope](request, response);
    },
    async countFailure(request) {
      await failures.increment(addressOf(request));
    },
  };
}

/** No limits, for load tests. */
export const unlimited: RateLimiter = {
  admitAddress: async () => true,
  admitUser: async () => true,
  countFailure: async () => undefined,
};

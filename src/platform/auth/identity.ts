import type { TimeRules, TokenSubject } from './claims';
import type { Credential } from './credential';
import type { RefusalReason } from './result';

/** Who sent a request. Times in seconds since the epoch; `issuedAt` is null when a token does not say. */
export interface Identity extends TokenSubject {
  /**
   * When it was issued at the earliest, as far as clocks may differ; null when it does not say. What must come after an
   * event on another clock is compared with this, never with `issuedAt`.
   */
  readonly issuedAfter: number | null;
  readonly source: 'secret' | 'key-set' | 'cookie' | 'session';
  /** A browser adds a cookie to a request on its own, so a write that came with one needs `isAllowedOrigin`. */
  readonly carrier: Credential['carrier'];
}

/**
 * The identity that a checked credential gives. The clock that issued it may be ahead by the tolerated difference. A
 * session that is ahead by more says nothing of when it was made; tokens of that kind are refused before.
 * @param nowSeconds since the epoch
 */
export function identify(
  subject: TokenSubject,
  origin: Pick<Identity, 'source' | 'carrier'>,
  { clockToleranceSeconds: tolerance }: Pick<TimeRules, 'clockToleranceSeconds'>,
  nowSeconds: number,
): Identity {
  const { issuedAt } = subject;
  const isKnown = issuedAt !== null && issuedAt <= nowSeconds + tolerance;
  return { ...subject, issuedAfter: isKnown ? issuedAt - tolerance : null, ...origin };
}

export interface Unavailable {
  readonly outcome: 'unavailable';
  readonly retryAfterSeconds: number;
  /** For the log. */
  readonly reason: string;
}

export type Authentication =
  | { readonly outcome: 'authenticated'; readonly identity: Identity }
  | { readonly outcome: 'missing' }
  /** The reason is for the log alone. */
  | { readonly outcome: 'invalid'; readonly reason: RefusalReason }
  | Unavailable;

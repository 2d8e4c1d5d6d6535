import type { TimeRules, TokenSubject } from './claims';
import type { Credential } from './credential';
import type { RefusalReason } from './result';

/** The sender of a request. Times are in seconds since 1970. `issuedAt` is null if it is unknown. */
export interface Identity extends TokenSubject {
  /**
   * The earliest time at which it can have been issued, within the clock tolerance; null if unknown. Compare this,
   * and not `issuedAt`, with events by another clock.
   */
  readonly issuedAfter: number | null;
  /** What the client calls itself, if the request tells. */
  readonly clientName?: string | null;
  readonly source: 'secret' | 'key-set' | 'cookie' | 'session';
  /** Browsers add cookies to requests automatically, so a write with a cookie needs `isAllowedOrigin`. */
  readonly carrier: Credential['carrier'];
}

/**
 * Makes the identity of a valid credential. The issuer's clock may be ahead by the tolerance. If a session's time is
 * ahead by more, the time of issue is unknown. Tokens with such a time are already refused.
 * @param nowSeconds since 1970
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
  /** The reason is only for the log. */
  | { readonly outcome: 'invalid'; readonly reason: RefusalReason }
  | Unavailable;

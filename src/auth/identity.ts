import type { TokenSubject } from './claims';
import type { Credential } from './credential';
import type { RefusalReason } from './result';

/** Who sent a request. Times in seconds since the epoch; `issuedAt` is null when a token does not say. */
export interface Identity extends TokenSubject {
  readonly source: 'secret' | 'key-set' | 'cookie' | 'session';
  /** A browser adds a cookie to a request on its own, so a write that came with one needs `isAllowedOrigin`. */
  readonly carrier: Credential['carrier'];
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

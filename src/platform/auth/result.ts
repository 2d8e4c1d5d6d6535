/**
 * Why a credential is refused. For the log and metrics; the caller never sees it. It never contains a part of the
 * credential.
 */
export type RefusalReason =
  | 'algorithm'
  | 'audience'
  | 'audience-not-configured'
  | 'authorization-form'
  | 'authorization-repeated'
  | 'client-claim'
  | 'cookie-claims'
  | 'cookie-form'
  | 'cookie-repeated'
  | 'expired'
  | 'expiry-claim'
  | 'header-parameter'
  | 'issued-in-future'
  | 'issuer'
  | 'key-unknown'
  | 'lifetime'
  | 'not-yet-valid'
  | 'payload-form'
  | 'scope-claim'
  | 'session-expired'
  | 'session-signature'
  | 'session-unknown'
  | 'signature'
  | 'time-claim'
  | 'token-form'
  | 'token-too-long'
  | 'token-type'
  | 'user-id';

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: RefusalReason };

export function accept<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function refuse(reason: RefusalReason): { readonly ok: false; readonly reason: RefusalReason } {
  return { ok: false, reason };
}

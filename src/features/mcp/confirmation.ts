/**
 * Confirmations of destructive calls. A handle proves that the service asked for exactly this call: it is an HMAC over the
 * user, the client, the tool and what the tool would do. It is valid for five minutes. The service stores nothing until the
 * handle is used; then it is the idempotency key of the write, so that it works once, whichever instance receives it.
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

const validSeconds = 300;
const nonceBytes = 8;
const macBytes = 16;
const prefixBytes = 4 + nonceBytes;

/** What is confirmed. */
export interface Confirmed {
  readonly tool: string;
  /** What the tool would do, as JSON. */
  readonly subject: unknown;
}

/** Makes and checks handles for one user and client. */
export interface Confirmations {
  issue(confirmed: Confirmed): string;
  /** Whether the handle belongs to the call and is valid now. It does not tell whether it was used before. */
  check(handle: string, confirmed: Confirmed): 'valid' | 'expired' | 'wrong';
}

/** The user's answer to a question, and the state that was sent with the question. */
export interface UserAnswer {
  readonly agrees: boolean;
  readonly handle: string;
}

/** A tool needs the user's agreement before it goes on. */
export class ConfirmationNeeded extends Error {
  constructor(
    readonly handle: string,
    /** For the user. */
    readonly question: string,
    readonly reply: { readonly text: string; readonly data: Readonly<Record<string, unknown>> },
  ) {
    super(question);
  }
}

/** Derives the key of confirmations from a secret that all instances have. */
export function confirmationKey(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'tasklane confirmations', 32));
}

/** @param now milliseconds since 1970 */
export function createConfirmations(
  key: Buffer,
  { userId, clientId }: { readonly userId: string; readonly clientId: string | null },
  now: () => number = () => Date.now(),
): Confirmations {
  const macOf = (prefix: Buffer, { tool, subject }: Confirmed) =>
    createHmac('sha256', key)
      .update(JSON.stringify([prefix.toString('base64url'), userId, clientId, tool, subject]))
      .digest()
      .subarray(0, macBytes);

  return {
    issue(confirmed) {
      const prefix = Buffer.concat([Buffer.alloc(4), randomBytes(nonceBytes)]);
      prefix.writeUInt32BE(Math.floor(now() / 1000) + validSeconds);
      return Buffer.concat([prefix, macOf(prefix, confirmed)]).toString('base64url');
    },

    check(handle, confirmed) {
      const bytes = Buffer.from(handle, 'base64url');
      // Only one text stands for these bytes, so that no other spelling of a used handle is a new idempotency key.
      if (bytes.length !== prefixBytes + macBytes || bytes.toString('base64url') !== handle) return 'wrong';
      const prefix = bytes.subarray(0, prefixBytes);
      if (!timingSafeEqual(bytes.subarray(prefixBytes), macOf(prefix, confirmed))) return 'wrong';
      return prefix.readUInt32BE() < now() / 1000 ? 'expired' : 'valid';
    },
  };
}

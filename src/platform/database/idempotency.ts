/** Replies that are kept under clients' keys, so that a request that is repeated is carried out once. */
import { createHash } from 'node:crypto';
import type { QueryResult, QueryResultRow } from 'pg';
import { type IdempotencyKeyRow, schema } from './rows';
import type { Statement } from './transaction';

/** A request that must be carried out once: its user has the key for this one request of this operation. */
export interface IdempotentRequest {
  readonly operation: string;
  readonly key: string;
  /** SHA-256 of what the request asks for. */
  readonly fingerprint: Buffer;
}

/** A reply as it was given; without `content`, it was too large to keep. */
export interface StoredReply {
  readonly status: number;
  readonly content: {
    readonly headers: Readonly<Record<string, string>>;
    /** Null where there was none. */
    readonly body: string | null;
  } | null;
}

/** Why a request is not carried out: it was, it is being carried out, or its key is that of another request. */
export type Refusal =
  | { readonly outcome: 'kept'; readonly reply: StoredReply }
  | { readonly outcome: 'in-flight' }
  | { readonly outcome: 'key-reused' };

/** For how long replies are kept, in hours. */
export const storedHours = 24;
const maxStoredBytes = 1024 * 1024;

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The advisory lock of a claim: 64 bits of its hash, as Postgres writes a bigint. */
function lockOf(userId: string, { operation, key }: IdempotentRequest): string {
  return sha256(JSON.stringify([userId, operation, key]))
    .readBigInt64BE()
    .toString();
}

// To the end of the transaction, which a pooler cannot tear apart. Whoever else asks is not kept waiting.
const takeLock = 'select pg_try_advisory_xact_lock($1) as taken';

// A statement of its own: its snapshot is younger than the lock, and so shows what the lock's last holder committed.
const findReply = `
  select fingerprint, status, headers, body from ${schema}.idempotency_keys
  where user_id = $1 and operation = $2 and key_hash = $3
    and created_at > clock_timestamp() - interval '${storedHours} hours'`;

// What is replaced is older than that.
const storeReply = `
  insert into ${schema}.idempotency_keys
    (user_id, operation, key_hash, fingerprint, status, headers, body, created_at)
  values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())
  on conflict (user_id, operation, key_hash) do update set
    (fingerprint, status, headers, body, created_at) =
    (excluded.fingerprint, excluded.status, excluded.headers, excluded.body, excluded.created_at)`;

/** The statements that claim; `readClaim` understands their results. */
export function lookUpStatements(userId: string, request: IdempotentRequest): Statement[] {
  return [
    { name: 'idempotency-lock', text: takeLock, values: [lockOf(userId, request)] },
    {
      name: 'idempotency-find',
      text: findReply,
      values: [userId, request.operation, sha256(request.key)],
    },
  ];
}

/** Why the request is not to be carried out, or undefined if it is. */
export function readRefusal(
  { fingerprint }: IdempotentRequest,
  [lock, found]: readonly QueryResult<QueryResultRow>[],
): Refusal | undefined {
  const row = found?.rows[0] as IdempotencyKeyRow | undefined;
  if (row) {
    if (!row.fingerprint.equals(fingerprint)) return { outcome: 'key-reused' };
    const content = row.headers && { headers: row.headers, body: row.body };
    return { outcome: 'kept', reply: { status: row.status, content } };
  }
  return lock?.rows[0]?.taken === true ? undefined : { outcome: 'in-flight' };
}

/** The statement that keeps a claim's reply; of one whose body is larger than 1 MiB, only that it was given. */
export function storeStatement(userId: string, request: IdempotentRequest, reply: StoredReply): Statement {
  const { operation, key, fingerprint } = request;
  const { status } = reply;
  const content = Buffer.byteLength(reply.content?.body ?? '') > maxStoredBytes ? null : reply.content;
  const headers = content && JSON.stringify(content.headers);
  return {
    name: 'idempotency-keep',
    text: storeReply,
    values: [userId, operation, sha256(key), fingerprint, status, headers, content?.body ?? null],
  };
}

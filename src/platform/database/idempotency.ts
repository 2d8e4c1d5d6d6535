/** Idempotency records: stored replies, so that a request with an idempotency key is carried out once. */
import { hash } from 'node:crypto';
import type { QueryResult, QueryResultRow } from 'pg';
import { type IdempotencyKeyRow, schema } from './rows';
import { bytesOfRow } from './storage';
import type { Statement } from './transaction';

/** A request with an idempotency key. It is carried out once per user, operation and key. */
export interface IdempotentRequest {
  readonly operation: string;
  readonly key: string;
  /** SHA-256 of the request. */
  readonly fingerprint: Buffer;
}

/** A reply. `content` is null if it was too large to store, or is not stored any more. */
export interface StoredReply {
  readonly status: number;
  readonly content: {
    readonly headers: Readonly<Record<string, string>>;
    /** Null if the reply had no body. */
    readonly body: string | null;
  } | null;
}

/**
 * Why a request is not carried out: the reply of an earlier request is stored, an earlier request is in progress, or the
 * key belongs to a different request.
 */
export type Refusal =
  | { readonly outcome: 'stored'; readonly reply: StoredReply }
  | { readonly outcome: 'in-flight' }
  | { readonly outcome: 'key-reused' };

/** How many hours replies are stored. The fact that a request was carried out is stored as long as changes. */
export const replyHours = 24;
const maxStoredBytes = 1024 * 1024;

const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer');

/** The number of the request's advisory lock: 64 bits of a hash, as the text of a bigint. */
function lockOf(laneId: string, { operation, key }: IdempotentRequest): string {
  return sha256(JSON.stringify([laneId, operation, key]))
    .readBigInt64BE()
    .toString();
}

// The lock lasts until the end of the transaction, so that it works behind a pooler too. A second request does not
// wait for it.
const takeLock = 'select pg_try_advisory_xact_lock($1) as taken';

// A separate statement: its snapshot is newer than the lock, so it sees what the last holder of the lock committed.
const findReply = `
  select fingerprint, status, case when recent then headers end as headers, case when recent then body end as body
  from ${schema}.idempotency_keys,
    lateral (select created_at > clock_timestamp() - interval '${replyHours} hours' as recent) as age
  where lane_id = $1 and operation = $2 and key_hash = $3`;

const storeReply = `
  insert into ${schema}.idempotency_keys
    (lane_id, operation, key_hash, fingerprint, status, headers, body, created_at)
  values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())`;

/** The statements that lock the key and look up its record. `readRefusal` reads their results. */
export function lookUpStatements(laneId: string, request: IdempotentRequest): Statement[] {
  return [
    { name: 'idempotency-lock', text: takeLock, values: [lockOf(laneId, request)] },
    {
      name: 'idempotency-find',
      text: findReply,
      values: [laneId, request.operation, sha256(request.key)],
    },
  ];
}

/** Reads the results of `lookUpStatements`: why the request must not be carried out, or undefined if it must. */
export function readRefusal(
  { fingerprint }: IdempotentRequest,
  [lock, found]: readonly QueryResult<QueryResultRow>[],
): Refusal | undefined {
  const row = found?.rows[0] as IdempotencyKeyRow | undefined;
  if (row) {
    if (!row.fingerprint.equals(fingerprint)) return { outcome: 'key-reused' };
    const content = row.headers && { headers: row.headers, body: row.body };
    return { outcome: 'stored', reply: { status: row.status, content } };
  }
  return lock?.rows[0]?.taken === true ? undefined : { outcome: 'in-flight' };
}

/** The content of a reply that is stored. It is null if the body is larger than 1 MiB. */
function storedContent({ content }: StoredReply): StoredReply['content'] {
  return Buffer.byteLength(content?.body ?? '') > maxStoredBytes ? null : content;
}

/** The bytes of the record of a reply. */
export function bytesOfReply(reply: StoredReply): number {
  const content = storedContent(reply);
  const headers = content && JSON.stringify(content.headers);
  return bytesOfRow({ headers, body: content?.body ?? null, others: 'x'.repeat(128) });
}

/** The statement that stores the reply. If its body is larger than 1 MiB, only the status is stored. */
export function storeStatement(laneId: string, request: IdempotentRequest, reply: StoredReply): Statement {
  const { operation, key, fingerprint } = request;
  const { status } = reply;
  const content = storedContent(reply);
  const headers = content && JSON.stringify(content.headers);
  return {
    name: 'idempotency-keep',
    text: storeReply,
    values: [laneId, operation, sha256(key), fingerprint, status, headers, content?.body ?? null],
  };
}

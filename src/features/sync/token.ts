/**
 * Sync tokens: opaque to clients, and bound to a user. They are not signed, because deployments with a key set share no
 * secret. A forged token only names another position in the user's own lane.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { LanePosition } from '../../platform/database/lane';
import type { SyncShape } from './shape';

/** The position in a snapshot: it continues with the entities of a type whose ids follow `after`. */
export interface SnapshotPosition {
  readonly type: string;
  readonly after: string | null;
  /** Tasks that were closed before are left out. */
  readonly closedSince: Date | null;
}

/** The position of a copy of a lane. */
export interface SyncPosition extends LanePosition {
  /** Null if the copy has the whole snapshot. In both cases it still needs the changes after `seq`. */
  readonly snapshot: SnapshotPosition | null;
}

const version = 1;

const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const content = z.tuple([
  z.literal(version),
  z.string(),
  z.string(),
  uuid.nullable(),
  z.int().nonnegative(),
  z.tuple([z.string(), uuid.nullable(), z.int().nullable()]).nullable(),
]);

function fingerprint(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 16);
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Creates a token for a user. */
export function encodeSyncToken(
  userId: string,
  shape: SyncShape,
  { epoch, seq, snapshot }: SyncPosition,
): string {
  return encode([
    version,
    fingerprint(userId),
    fingerprint(JSON.stringify(shape)),
    epoch,
    seq,
    snapshot && [snapshot.type, snapshot.after, snapshot.closedSince?.getTime() ?? null],
  ]);
}

function parse(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    return undefined;
  }
}

/**
 * Decodes a token.
 * @returns null if the service did not create the token for this user; `expired` if the service synchronized other
 * types or fields when it created the token, because the copy lacks them
 */
export function decodeSyncToken(
  userId: string,
  shape: SyncShape,
  token: string,
): SyncPosition | 'expired' | null {
  const { data } = content.safeParse(parse(token));
  if (!data || encode(data) !== token) return null;
  const [, madeFor, madeWith, epoch, seq, snapshot] = data;
  if (madeFor !== fingerprint(userId)) return null;
  if (madeWith !== fingerprint(JSON.stringify(shape))) return 'expired';
  if (snapshot === null) return { epoch, seq, snapshot };
  const [type, after, since] = snapshot;
  const closedSince = since === null ? null : new Date(since);
  return shape.types.includes(type) ? { epoch, seq, snapshot: { type, after, closedSince } } : null;
}

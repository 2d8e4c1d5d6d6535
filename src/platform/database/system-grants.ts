/**
 * What the system role may do, and nothing beyond: the columns that it reads and writes of each table, in every lane.
 * Migrating brings the role's grants and policies in line with this table. Rows are written through lanes; what is
 * written here is a job's own book-keeping.
 */
import type { LaneTables, PlatformTables } from './rows';

type Tables = LaneTables & PlatformTables;

/** What the system role may do with the rows of a table. */
export interface SystemGrant<Row> {
  readonly select: readonly (keyof Row & string)[];
  /** Rows can be locked (`for update`) as well. */
  readonly update?: readonly Exclude<keyof Row & string, 'user_id'>[];
  readonly delete?: true;
}

type SystemGrants = { readonly [T in keyof Tables]?: SystemGrant<Tables[T]> };

export const systemGrants = {
  // Which lanes there are, and how far their changes have got; a restored database has other epochs.
  profiles: { select: ['user_id', 'epoch', 'change_seq'], update: ['epoch'] },
  // Whether the database was restored.
  installation: {
    select: [
      'system_identifier',
      'database_oid',
      'table_oid',
      'neon_timeline',
      'recovery_target',
      'timeline',
      'seen_at',
      'behind_at',
      'renewing_on',
      'renewed_to',
      'renewed_at',
    ],
    update: [
      'system_identifier',
      'database_oid',
      'table_oid',
      'neon_timeline',
      'recovery_target',
      'timeline',
      'seen_at',
      'behind_at',
      'renewing_on',
      'renewed_to',
      'renewed_at',
    ],
  },
  // Which lanes have reminders whose time has come.
  reminders: { select: ['user_id', 'fire_at'] },
  // Which lanes have something in the trash, and since when, and which have tasks that no search finds yet.
  tasks: { select: ['user_id', 'deleted_at', 'search_version'] },
  // Which lanes have changes that are old.
  changes: { select: ['user_id', 'seq', 'at'] },
  // Which webhooks have something to send, whether their receivers tend to take it, and who is about it.
  webhooks: {
    select: ['user_id', 'id', 'due_at', 'leased_until', 'verified_at', 'failures'],
    update: ['leased_until'],
  },
  // Which lanes have deliveries that are old.
  webhook_deliveries: { select: ['user_id', 'created_at'] },
  // Which replies are kept no longer.
  idempotency_keys: { select: ['user_id', 'operation', 'key_hash', 'created_at'], delete: true },
  // Which lane a calendar program may read.
  calendar_feeds: { select: ['user_id', 'secret_hash', 'created_at'] },
} as const satisfies SystemGrants;

export type SystemTable = keyof typeof systemGrants;

/** The columns that the system role reads of a table. */
export type SystemRow<T extends SystemTable> = Pick<
  Tables[T],
  (typeof systemGrants)[T]['select'][number] & keyof Tables[T]
>;

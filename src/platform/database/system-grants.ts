/**
 * The only rights of the system role: the columns of each table that it reads and writes, in all lanes. Migrating
 * updates the role's grants and policies to match. Users' rows are written through lanes. The system role writes only
 * the columns that jobs need for their own work, such as leases.
 */
import type { LaneTables, PlatformTables } from './rows';

type Tables = LaneTables & PlatformTables;

/** The system role's rights on a table. */
export interface SystemGrant<Row> {
  readonly select: readonly (keyof Row & string)[];
  /** The update right also allows locking rows (`for update`). */
  readonly update?: readonly Exclude<keyof Row & string, 'lane_id'>[];
}

type SystemGrants = { readonly [T in keyof Tables]?: SystemGrant<Tables[T]> };

const columnsOfInstallation = [
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
] as const;

export const systemGrants = {
  // Finds the users of lanes.
  lanes: { select: ['id', 'user_id'] },
  // All lanes and their change sequences. A restored database needs new epochs. Finds lanes to measure, and lanes with old
  // changes.
  profiles: {
    select: ['lane_id', 'epoch', 'change_seq', 'storage_check_at', 'oldest_change_at'],
    update: ['epoch'],
  },
  // Detects that the database was restored.
  installation: {
    select: columnsOfInstallation,
    update: columnsOfInstallation,
  },
  // Finds lanes with reminders that are due.
  reminders: { select: ['lane_id', 'fire_at', 'fired_at'] },
  // Finds lanes with tasks in the trash, with tasks that are not indexed for search yet, and with overdue tasks.
  tasks: { select: ['lane_id', 'deleted_at', 'search_version', 'overdue_at', 'overdue_told'] },
  // Finds lanes with projects in the trash.
  deleted_projects: { select: ['lane_id', 'deleted_at'] },
  // Finds webhooks with deliveries to send, and leases them.
  webhooks: {
    select: ['lane_id', 'id', 'due_at', 'leased_until', 'verified_at', 'failures'],
    update: ['leased_until'],
  },
  // Finds lanes with old deliveries.
  webhook_deliveries: { select: ['lane_id', 'created_at'] },
  // Finds lanes with events that wait for the broker.
  event_positions: { select: ['lane_id', 'part', 'epoch', 'published', 'due_at'] },
  // Leases the parts of the lanes whose events an instance publishes.
  event_leases: { select: ['part', 'leased_until'], update: ['leased_until'] },
  // Finds lanes with old replies and old idempotency records.
  idempotency_keys: { select: ['lane_id', 'kept', 'created_at'] },
  // Finds the lane of a calendar feed's secret.
  calendar_feeds: { select: ['lane_id', 'secret_hash', 'created_at'] },
} as const satisfies SystemGrants;

export type SystemTable = keyof typeof systemGrants;

/** The columns of a table that the system role can read. */
export type SystemRow<T extends SystemTable> = Pick<
  Tables[T],
  (typeof systemGrants)[T]['select'][number] & keyof Tables[T]
>;

/** The rows of schema `tasklane`, as node-postgres reads them. */

export const schema = 'tasklane';

export const taskStatuses = ['pending', 'in_progress', 'completed', 'cancelled'] as const;
export type TaskStatus = (typeof taskStatuses)[number];

export const taskPriorities = ['low', 'medium', 'high', 'urgent'] as const;
export type TaskPriority = (typeof taskPriorities)[number];

export interface TaskRow {
  user_id: string;
  id: string;
  project_id: string | null;
  parent_id: string | null;
  title: string;
  description: string | null;
  status: TaskStatus;
  priority: TaskPriority;
  /** Where the status stands among `taskStatuses`, from 1; the database computes it, and sorts by it. */
  readonly status_rank: number;
  /** Likewise, among `taskPriorities`. */
  readonly priority_rank: number;
  completed_at: Date | null;
  /** A fractional index, compared by code unit; by default after all others. */
  position: string;
  /** Names of tags, by `name_key`; `task_tags` has the same by id. */
  tags: string[];
  /** `YYYY-MM-DD`. */
  due_date: string | null;
  /** `HH:MM`; null for all day. */
  due_time: string | null;
  /** Null where the due date floats. */
  time_zone: string | null;
  /** When it is due, if it has a time and a zone. */
  due_at: Date | null;
  /** An RRULE's value (RFC 5545). */
  rrule: string | null;
  repeat_from: 'schedule' | 'completion';
  /** The day that the rule starts from. */
  recurrence_start: string | null;
  /** How often the task was completed by its rule. */
  completion_count: number;
  reminders: Reminder[];
  deleted_at: Date | null;
  /** The task whose deletion took this one along. */
  deleted_with: string | null;
  /** What to sort by, so that tasks without come last: a local timestamp, or an infinity. */
  readonly due_asc: string;
  readonly due_desc: string;
  /** Likewise; `Infinity` and `-Infinity` for tasks that are not completed. */
  readonly completed_asc: Date | number;
  readonly completed_desc: Date | number;
  /** A `tsvector` of its words, null until they are made; lists leave it out. */
  search?: string | null;
  /** By which rules they were made; 0 for none. */
  search_version: number;
  version: number;
  created_at: Date;
  updated_at: Date;
}

/** A time to be reminded, with one of the two. */
export interface Reminder {
  /** An instant as RFC 3339 has it. */
  at: string | null;
  minutes_before_due: number | null;
}

/** The record of a completed occurrence of a recurring task. */
export interface CompletionRow {
  user_id: string;
  id: string;
  task_id: string;
  /** The task as it was. */
  title: string;
  due_date: string;
  due_time: string | null;
  time_zone: string | null;
  rrule: string;
  status: TaskStatus;
  completed_at: Date;
  /** The day that the task was due from then on; null if it was the last time. */
  next_due_date: string | null;
  /** The subtasks that the completion opened again, as they were before. */
  reopened: {
    id: string;
    status: 'completed' | 'cancelled';
    completed_at: string | null;
  }[];
}

/** A reminder that is still to come. */
export interface ReminderRow {
  user_id: string;
  task_id: string;
  fire_at: Date;
}

export interface ProjectRow {
  user_id: string;
  id: string;
  name: string;
  /** `#rrggbb`. */
  color: string | null;
  archived: boolean;
  position: string;
  version: number;
  created_at: Date;
  updated_at: Date;
}

export interface TagRow {
  user_id: string;
  id: string;
  name: string;
  /** The name with its case folded: one tag has it in a lane. */
  name_key: string;
  /** `#rrggbb`. */
  color: string | null;
  version: number;
  created_at: Date;
  updated_at: Date;
}

export interface TaskTagRow {
  user_id: string;
  task_id: string;
  tag_id: string;
}

export type ChangeType = 'profile' | 'project' | 'tag' | 'task' | 'completion' | 'calendar_feed' | 'webhook';
export type ChangeAction = 'created' | 'updated' | 'deleted' | 'restored' | 'purged' | 'reminded';

export interface WebhookRow {
  user_id: string;
  id: string;
  url: string;
  description: string | null;
  /** Types of events, or `task.*` for all of one thing; empty for all but those of webhooks. */
  events: string[];
  /** Null while it is enabled, as is `disabled_at`. */
  disabled_reason: 'user' | 'gone' | 'failing' | 'unverified' | null;
  disabled_at: Date | null;
  /** What its messages are signed with; readable, for it is needed for each of them. */
  secret: string;
  /** Valid for a time after the rotation. */
  previous_secret: string | null;
  secret_rotated_at: Date | null;
  /** When a test was taken at its address; null until then, and only tests are sent. */
  verified_at: Date | null;
  /** How many times in a row it took nothing. */
  failures: number;
  failing_since: Date | null;
  /** Nothing is sent before. */
  paused_until: Date | null;
  /** When the next of its deliveries is to be sent; null if there is none, or it is disabled. */
  due_at: Date | null;
  /** Until when an instance is about its deliveries; to the microsecond, for it tells leases apart. */
  leased_until: Date | null;
  version: number;
  created_at: Date;
  updated_at: Date;
}

export const deliveryStates = ['pending', 'delivered', 'failed'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** An attempt to deliver, as it is kept. */
export interface AttemptRecord {
  /** ISO 8601. */
  at: string;
  duration_ms: number;
  status: number | null;
  error:
    | 'unresolvable'
    | 'refused-address'
    | 'unreachable'
    | 'tls'
    | 'timeout'
    | 'too-large'
    | 'broken-off'
    | null;
  response: string | null;
}

export interface WebhookDeliveryRow {
  user_id: string;
  id: string;
  webhook_id: string;
  /** `task.created`. */
  event: string;
  /** A bigint; null for a test. The change may be gone by now, so what it said is here too. */
  seq: string | null;
  entity_id: string | null;
  fields: Record<string, { from: unknown; to: unknown }>;
  happened_at: Date;
  state: DeliveryState;
  /** When it is to be sent; null unless it is pending. */
  due_at: Date | null;
  /** Attempts since it was queued the last time. */
  tries: number;
  /** Attempts in all, of which the latest are kept. */
  attempt_count: number;
  attempts: AttemptRecord[];
  created_at: Date;
}

/** The tenant row. */
export interface ProfileRow {
  user_id: string;
  epoch: string;
  /** A bigint. */
  change_seq: string;
  time_zone: string;
  week_start: 'monday' | 'saturday' | 'sunday';
  default_priority: TaskPriority;
  /** Whether there are webhooks that are enabled. */
  delivers: boolean;
  require_if_match: boolean;
  /** How many rows the lane holds, those in the trash included (`quotas.ts`). */
  task_count: number;
  project_count: number;
  tag_count: number;
  webhook_count: number;
  version: number;
  created_at: Date;
  updated_at: Date | null;
}

/** An entry of a lane's history. */
export interface ChangeRow {
  user_id: string;
  /** A bigint. */
  seq: string;
  type: ChangeType;
  entity_id: string | null;
  action: ChangeAction;
  fields: Record<string, { from: unknown; to: unknown }>;
  at: Date;
}

/** The address from which calendar programs read a lane. */
export interface CalendarFeedRow {
  user_id: string;
  id: string;
  /** The SHA-256 of the secret in it. */
  secret_hash: Buffer;
  created_at: Date;
}

/** A reply that is kept under a client's key. */
export interface IdempotencyKeyRow {
  user_id: string;
  operation: string;
  /** SHA-256. */
  key_hash: Buffer;
  /** SHA-256 of the request. */
  fingerprint: Buffer;
  status: number;
  /** Null where the reply was too large to keep. */
  headers: Record<string, string> | null;
  /** As it was sent, but for secrets; null where there was none. */
  body: string | null;
  created_at: Date;
}

/** The tables that hold users' rows, each with `user_id` first in its primary key. */
export interface LaneTables {
  calendar_feeds: CalendarFeedRow;
  profiles: ProfileRow;
  changes: ChangeRow;
  projects: ProjectRow;
  tags: TagRow;
  tasks: TaskRow;
  task_tags: TaskTagRow;
  completions: CompletionRow;
  reminders: ReminderRow;
  webhooks: WebhookRow;
  webhook_deliveries: WebhookDeliveryRow;
  idempotency_keys: IdempotencyKeyRow;
}

/** The database that the lanes are in, as `installation.ts` describes it; one row. */
export interface InstallationRow {
  singleton: true;
  system_identifier: string | null;
  database_oid: string | null;
  table_oid: string | null;
  neon_timeline: string | null;
  recovery_target: string | null;
  timeline: number | null;
  seen_at: Date | null;
  /** When a process saw the server go back. */
  behind_at: Date | null;
  /** Which run renews the lanes, and up to which user it has; null where none does. */
  renewing_on: string | null;
  renewed_to: string | null;
  renewed_at: Date | null;
}

/** The tables with the platform's own rows, which no lane reaches. */
export interface PlatformTables {
  installation: InstallationRow;
}

/** The rows of schema `tasklane`, as node-postgres reads them. */

export const schema = 'tasklane';

export const taskStatuses = ['pending', 'in_progress', 'completed', 'cancelled'] as const;
export type TaskStatus = (typeof taskStatuses)[number];

export const taskPriorities = ['low', 'medium', 'high', 'urgent'] as const;
export type TaskPriority = (typeof taskPriorities)[number];

export interface TaskRow {
  /** A bigint: the id of the lane. */
  lane_id: string;
  id: string;
  project_id: string | null;
  parent_id: string | null;
  title: string;
  description: string | null;
  status: TaskStatus;
  priority: TaskPriority;
  /** The index of the status in `taskStatuses`, from 1. The database computes it; lists sort by it. */
  readonly status_rank: number;
  /** The index of the priority in `taskPriorities`, from 1. */
  readonly priority_rank: number;
  completed_at: Date | null;
  /** A fractional index, compared by code unit. By default the task is last. */
  position: string;
  /** The names of the tags, ordered by `name_key`. `task_tags` has their ids. */
  tags: string[];
  /** `YYYY-MM-DD`. */
  due_date: string | null;
  /** `HH:MM`; null for all day. */
  due_time: string | null;
  /** Null for floating time. */
  time_zone: string | null;
  /** The instant at which it is due; null without a due time or a time zone. */
  due_at: Date | null;
  /** `YYYY-MM-DD`. */
  start_date: string | null;
  /** `HH:MM`; null for the beginning of the day. */
  start_time: string | null;
  /** The instant at which it can begin; null without a start time or a time zone. */
  start_at: Date | null;
  /** The value of an RRULE (RFC 5545). */
  rrule: string | null;
  repeat_from: 'schedule' | 'completion';
  /** The first day of the recurrence rule. */
  recurrence_start: string | null;
  /** `HH:MM`: when an hourly rule begins on its first day; otherwise null. */
  recurrence_start_time: string | null;
  /** The due date of the first occurrence. */
  recurrence_due: string | null;
  /** `YYYY-MM-DD`, or `YYYY-MM-DDTHH:MM` for an hourly rule. */
  excluded_dates: string[];
  /** The number of completed occurrences. */
  completion_count: number;
  reminders: Reminder[];
  links: TaskLink[];
  deleted_at: Date | null;
  /** The task with which this one was deleted. */
  deleted_with: string | null;
  /** When the due date has passed, in the time zone of the profile if it has no instant; null without a due date. */
  overdue_at: Date | null;
  /** The last `overdue_at` for which the job looked at the task. */
  overdue_told: Date | null;
  /** The due date as a local timestamp, for sorting: on the same day, all-day tasks come after tasks with a time. */
  readonly due_local: string | null;
  /** The start as a local timestamp, for sorting. */
  readonly start_local: string | null;
  /** A `tsvector` of the task's words; null until it is computed. Lists leave it out. */
  search?: string | null;
  /** The version of the rules that computed `search`; 0 for none. */
  search_version: number;
  version: number;
  created_at: Date;
  updated_at: Date;
}

/** An address that belongs to a task. */
export interface TaskLink {
  url: string;
  title: string | null;
}

/** A reminder of a task: an instant, minutes before it is due, or a time of day some days before its due date. */
export interface Reminder {
  /** An RFC 3339 instant. */
  at: string | null;
  minutes_before_due: number | null;
  days_before_due: number | null;
  /** `HH:MM`, together with `days_before_due`. */
  time: string | null;
}

/** The record of a completed occurrence of a recurring task. */
export interface CompletionRow {
  lane_id: string;
  id: string;
  task_id: string;
  /** The task before the completion. */
  title: string;
  due_date: string;
  due_time: string | null;
  time_zone: string | null;
  start_date: string | null;
  start_time: string | null;
  rrule: string;
  status: TaskStatus;
  completed_at: Date;
  /** The next due date; null if this was the last occurrence. */
  next_due_date: string | null;
  next_due_time: string | null;
  /** The subtasks that the completion reopened, as they were before. */
  reopened: {
    id: string;
    status: 'completed' | 'cancelled';
    completed_at: string | null;
  }[];
  /** The ids of the subtasks whose dates the completion moved. */
  moved: string[];
  /** True if the completion moved the task. False if it completed another occurrence than the current one. */
  advanced: boolean;
  /** When it was recorded. `completed_at` can be earlier, because clients can give it. */
  recorded_at: Date;
}

/** What remains of the completions of a purged task, or of a subtask whose completion a purged task has reopened. */
export interface PurgedCompletionRow {
  lane_id: string;
  task_id: string;
  completed_at: Date;
  /** The number of completions at this instant. */
  count: number;
}

/** The time of a reminder. */
export interface ReminderRow {
  lane_id: string;
  task_id: string;
  /** Which reminder of the task it is, and for which due date. */
  identity: string;
  fire_at: Date;
  /** When it has fired; null if its time has not come. */
  fired_at: Date | null;
}

export interface ProjectRow {
  lane_id: string;
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

/** A project in the trash. */
export interface DeletedProjectRow extends ProjectRow {
  deleted_at: Date;
  /** The tasks that went to the trash with it, without their subtasks. */
  roots: string[];
}

export interface TagRow {
  lane_id: string;
  id: string;
  name: string;
  /** The case-folded name, which is unique in a lane. */
  name_key: string;
  /** `#rrggbb`. */
  color: string | null;
  version: number;
  created_at: Date;
  updated_at: Date;
}

export interface TaskTagRow {
  lane_id: string;
  task_id: string;
  tag_id: string;
}

export type ChangeType =
  | 'profile'
  | 'project'
  | 'tag'
  | 'task'
  | 'completion'
  | 'calendar_feed'
  | 'webhook'
  | 'client';
export type ChangeAction = 'created' | 'updated' | 'deleted' | 'restored' | 'purged' | 'reminded' | 'overdue';

export interface WebhookRow {
  lane_id: string;
  id: string;
  url: string;
  description: string | null;
  /**
   * Types of events, or all events of one type of entity (`task.*`). Empty means all events except those of webhooks.
   */
  events: string[];
  /** Null while the webhook is enabled, like `disabled_at`. */
  disabled_reason: 'user' | 'gone' | 'failing' | 'unverified' | null;
  disabled_at: Date | null;
  /** The signing secret of its messages. It is stored as plain text, because each message needs it. */
  secret: string;
  /** The previous secret, which is valid for a while after the rotation. */
  previous_secret: string | null;
  secret_rotated_at: Date | null;
  /** When its address accepted a test event. Until then it is null, and only tests are sent. */
  verified_at: Date | null;
  /** The number of failed attempts in a row. */
  failures: number;
  failing_since: Date | null;
  /** Nothing is sent before this time. */
  paused_until: Date | null;
  /** When its next delivery is due; null if there is none or the webhook is disabled. */
  due_at: Date | null;
  /** The end of the lease on its deliveries. It has microseconds, because it also identifies the lease. */
  leased_until: Date | null;
  version: number;
  created_at: Date;
  updated_at: Date;
}

export const deliveryStates = ['pending', 'delivered', 'failed'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** The record of one attempt to deliver. */
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
  lane_id: string;
  id: string;
  webhook_id: string;
  /** `task.created`. */
  event: string;
  /** A bigint, as text; null for a test. The change itself may have been purged, so its content is stored here too. */
  seq: string | null;
  entity_id: string | null;
  fields: Record<string, { from: unknown; to: unknown }>;
  happened_at: Date;
  /** `request` and `client_id` of the change; null for a test. */
  request: string | null;
  client_id: string | null;
  /** The `traceparent` (W3C Trace Context) of what caused the change; null without traces. */
  trace: string | null;
  state: DeliveryState;
  /** When it is due; null unless it is pending. */
  due_at: Date | null;
  /** The number of attempts since it was last queued. */
  tries: number;
  /** The number of all attempts. Only the latest are stored. */
  attempt_count: number;
  attempts: AttemptRecord[];
  created_at: Date;
}

/** The row that represents a lane. */
export interface ProfileRow {
  lane_id: string;
  epoch: string;
  /** A bigint. */
  change_seq: string;
  /** A bigint: the number of the last change that was purged; 0 if none was. */
  purged_seq: string;
  /** The time of the oldest change that is kept; null if none is. */
  oldest_change_at: Date | null;
  time_zone: string;
  week_start: 'monday' | 'saturday' | 'sunday';
  default_priority: TaskPriority;
  /** Whether the lane has enabled webhooks. */
  delivers: boolean;
  require_if_match: boolean;
  /** The number of rows in the lane, including the trash (`quotas.ts`). */
  task_count: number;
  project_count: number;
  tag_count: number;
  webhook_count: number;
  /** A bigint: the bytes that all writes so far have added to the lane, by an estimate (`storage.ts`). */
  storage_written: string;
  /** A bigint: what must be added to `storage_written` for the bytes that the lane has. */
  storage_correction: string;
  /** When the lane's bytes are measured next; null for a small lane. */
  storage_check_at: Date | null;
  version: number;
  created_at: Date;
  updated_at: Date | null;
}

/** A change in the history of a lane. */
export interface ChangeRow {
  lane_id: string;
  /** A bigint. */
  seq: string;
  type: ChangeType;
  entity_id: string | null;
  action: ChangeAction;
  fields: Record<string, { from: unknown; to: unknown }>;
  at: Date;
  /** The id of the request that made the change (`ChangeAuthor`); null if a job of the service made it. */
  request: string | null;
  /** The client that made the change for the user; null if the user or the service made it. */
  client_id: string | null;
}

/** The calendar feed of a lane. */
export interface CalendarFeedRow {
  lane_id: string;
  id: string;
  /** The SHA-256 of the secret in its address. */
  secret_hash: Buffer;
  created_at: Date;
}

/** A client that acts for the user. */
export interface ClientRow {
  lane_id: string;
  id: string;
  /** The id in its tokens. */
  client_id: string;
  /** What it calls itself; null if it has not told. */
  name: string | null;
  /** Those of its token when its use was last recorded: `read`, `write`. */
  scopes: string[];
  first_used_at: Date;
  /** At most one hour too early. */
  last_used_at: Date;
  /** When the user cut it off; null if its requests are answered. */
  cut_off_at: Date | null;
}

/** Up to which change the events of a lane are stored by the broker. */
export interface EventPositionRow {
  lane_id: string;
  /** `lane_id` modulo 16. */
  readonly part: number;
  /** The epoch to which `published` belongs. */
  epoch: string;
  /** A bigint: the number of the last change whose event is stored. */
  published: string;
  /** Since when events wait; null if none do. */
  due_at: Date | null;
}

/** An idempotency record. */
export interface IdempotencyKeyRow {
  lane_id: string;
  operation: string;
  /** SHA-256. */
  key_hash: Buffer;
  /** SHA-256 of the request. */
  fingerprint: Buffer;
  status: number;
  /** Null if the reply is not stored. */
  headers: Record<string, string> | null;
  /** The body as it was sent, without secrets; null if there was none. */
  body: string | null;
  /** Whether the reply is stored. Generated from `headers`. */
  kept: boolean;
  created_at: Date;
}

/** The tables with users' rows. Each has `lane_id` first in its primary key. */
export interface LaneTables {
  calendar_feeds: CalendarFeedRow;
  profiles: ProfileRow;
  changes: ChangeRow;
  projects: ProjectRow;
  deleted_projects: DeletedProjectRow;
  tags: TagRow;
  tasks: TaskRow;
  task_tags: TaskTagRow;
  completions: CompletionRow;
  purged_completions: PurgedCompletionRow;
  reminders: ReminderRow;
  webhooks: WebhookRow;
  webhook_deliveries: WebhookDeliveryRow;
  clients: ClientRow;
  event_positions: EventPositionRow;
  idempotency_keys: IdempotencyKeyRow;
}

/** A lane in the registry. An erased lane that is made again gets another id. */
export interface LaneRow {
  /** A bigint. */
  id: string;
  user_id: string;
}

/** The record of `installation.ts`: which database this is. One row. */
export interface InstallationRow {
  singleton: true;
  system_identifier: string | null;
  database_oid: string | null;
  table_oid: string | null;
  neon_timeline: string | null;
  recovery_target: string | null;
  timeline: number | null;
  seen_at: Date | null;
  /** When a process saw that the server's log position went back. */
  behind_at: Date | null;
  /** The run that renews lanes, and the id of the last lane that it renewed; null if no run is in progress. */
  renewing_on: string | null;
  renewed_to: string | null;
  renewed_at: Date | null;
}

/** The lease of a part of the lanes, whose events one instance publishes. */
export interface EventLeaseRow {
  part: number;
  leased_until: Date | null;
}

/** The platform's own tables, which lanes cannot reach. */
export interface PlatformTables {
  lanes: LaneRow;
  installation: InstallationRow;
  event_leases: EventLeaseRow;
}

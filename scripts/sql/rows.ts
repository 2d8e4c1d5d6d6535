/** A sample row of each table. Repositories send the same statements for every lane; the values do not matter. */
import { absentFields } from '../../src/features/tasks/fields';
import type {
  ChangeRow,
  CompletionRow,
  ProfileRow,
  ProjectRow,
  Reminder,
  TagRow,
  TaskRow,
  WebhookDeliveryRow,
  WebhookRow,
} from '../../src/platform/database/rows';

/** The lane of all samples. */
export const laneKey = { id: '1', userId: 'user' };

const laneId = laneKey.id;
export const id = '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e';
export const otherId = '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4f';
export const instant = new Date('2026-11-21T09:30:00.000Z');

const versioned = { lane_id: laneId, id, version: 1, created_at: instant, updated_at: instant };

export const reminder: Reminder = { at: null, minutes_before_due: 5, days_before_due: null, time: null };

export const task: TaskRow = {
  ...versioned,
  ...structuredClone(absentFields),
  project_id: otherId,
  parent_id: otherId,
  title: 'Task',
  priority: 'medium',
  status_rank: 1,
  priority_rank: 2,
  completed_at: instant,
  position: 'a0',
  tags: ['tag'],
  due_date: '2026-11-21',
  reminders: [reminder],
  deleted_at: instant,
  deleted_with: id,
  overdue_at: instant,
  overdue_told: null,
  due_local: '2026-11-21',
  start_local: null,
  search_version: 0,
};

export const project: ProjectRow = {
  ...versioned,
  name: 'Project',
  color: null,
  archived: false,
  position: 'a0',
};

export const tag: TagRow = { ...versioned, name: 'tag', name_key: 'tag', color: null };

export const completion: CompletionRow = {
  lane_id: laneId,
  id,
  task_id: otherId,
  title: 'Task',
  due_date: '2026-11-21',
  due_time: null,
  time_zone: null,
  start_date: null,
  start_time: null,
  rrule: 'FREQ=DAILY',
  status: 'pending',
  completed_at: instant,
  next_due_date: null,
  next_due_time: null,
  reopened: [],
  moved: [],
  advanced: true,
  recorded_at: instant,
};

export const purgedCompletion = { task_id: otherId, completed_at: instant, count: 1 };

export const change: ChangeRow = {
  lane_id: laneId,
  seq: '1',
  type: 'task',
  entity_id: otherId,
  action: 'created',
  fields: {},
  at: instant,
  request: otherId,
  client_id: null,
};

export const webhook: WebhookRow = {
  ...versioned,
  url: 'https://example.com/',
  description: null,
  events: [],
  disabled_reason: null,
  disabled_at: null,
  secret: 'secret',
  previous_secret: null,
  secret_rotated_at: null,
  verified_at: instant,
  failures: 0,
  failing_since: null,
  paused_until: null,
  due_at: null,
  leased_until: instant,
};

export const delivery: WebhookDeliveryRow = {
  lane_id: laneId,
  id,
  webhook_id: otherId,
  event: 'task.created',
  seq: '1',
  entity_id: otherId,
  fields: {},
  happened_at: instant,
  request: otherId,
  client_id: null,
  trace: null,
  state: 'pending',
  due_at: instant,
  tries: 0,
  attempt_count: 0,
  attempts: [],
  created_at: instant,
};

const profile: ProfileRow = {
  lane_id: laneId,
  epoch: id,
  change_seq: '1',
  purged_seq: '0',
  oldest_change_at: instant,
  time_zone: 'UTC',
  week_start: 'monday',
  default_priority: 'medium',
  delivers: true,
  require_if_match: false,
  task_count: 1,
  project_count: 1,
  tag_count: 1,
  webhook_count: 1,
  storage_written: '1',
  storage_correction: '0',
  storage_check_at: null,
  version: 1,
  created_at: instant,
  updated_at: instant,
};

/** The row that locks a lane. */
export const lane = { ...profile, stale: false };

const rows: Readonly<Record<string, object>> = {
  lanes: laneKey,
  tasks: task,
  task_tags: { lane_id: laneId, task_id: id, tag_id: otherId },
  projects: project,
  deleted_projects: { ...project, deleted_at: instant, roots: [id], task_count: '1' },
  tags: tag,
  completions: completion,
  purged_completions: { lane_id: laneId, ...purgedCompletion },
  reminders: { lane_id: laneId, task_id: id, identity: '5', fire_at: instant },
  changes: change,
  clients: { lane_id: laneId, id, client_id: 'a-client', name: null, scopes: ['write'], cut_off_at: null },
  webhooks: webhook,
  event_positions: { lane_id: laneId, epoch: id, published: '1', due_at: instant },
  idempotency_keys: { lane_id: laneId, operation: 'createTask', key_hash: Buffer.alloc(32) },
  webhook_deliveries: delivery,
  profiles: profile,
};

// The results of expressions, by their names in the statements.
const expressions = {
  total: '1',
  open: '1',
  count: '1',
  near: [],
  bytes: '1',
  last: null,
  lanes: [laneId],
  cutoff: instant,
};

/** A row of a table, with the results of all expressions. */
export function sampleRow(table: string | undefined): object {
  return { lane_id: laneId, id, ...expressions, ...(table === undefined ? {} : rows[table]) };
}

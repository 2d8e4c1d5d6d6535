/** The rows of schema `tasklane`, as node-postgres reads them. */

export const schema = 'tasklane';

export const taskStatuses = ['pending', 'in_progress', 'completed', 'cancelled'] as const;
export type TaskStatus = (typeof taskStatuses)[number];

export const taskPriorities = ['low', 'medium', 'high', 'urgent'] as const;
export type TaskPriority = (typeof taskPriorities)[number];

export interface TaskRow {
  user_id: string;
  id: string;
  title: string;
  description: string | null;
  status: TaskStatus;
  priority: TaskPriority;
  /** Where the status stands among `taskStatuses`, from 1; the database computes it, and sorts by it. */
  readonly status_rank: number;
  /** Likewise, among `taskPriorities`. */
  readonly priority_rank: number;
  completed_at: Date | null;
  version: number;
  created_at: Date;
  updated_at: Date;
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
  version: number;
  created_at: Date;
  updated_at: Date | null;
}

/** An entry of a lane's history. */
export interface ChangeRow {
  user_id: string;
  /** A bigint. */
  seq: string;
  type: 'profile' | 'task';
  entity_id: string | null;
  action: 'created' | 'updated' | 'deleted';
  fields: Record<string, { from: unknown; to: unknown }>;
  at: Date;
}

/** The tables that hold users' rows, each with `user_id` first in its primary key. */
export interface LaneTables {
  profiles: ProfileRow;
  changes: ChangeRow;
  tasks: TaskRow;
}

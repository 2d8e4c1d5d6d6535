import type { Schemas } from '../contract/operations';
import type { TaskRow } from '../database/rows';

/** A task as the contract has it. */
export function toTask(row: TaskRow): Schemas['Task'] {
  return {
    id: row.id,
    user_id: row.user_id,
    project_id: row.project_id,
    parent_id: row.parent_id,
    title: row.title,
    description: row.description,
    status: row.status,
    priority: row.priority,
    completed: row.status === 'completed',
    completed_at: row.completed_at?.toISOString() ?? null,
    tags: row.tags,
    due_date: row.due_date,
    due_time: row.due_time,
    time_zone: row.time_zone,
    due_at: row.due_at?.toISOString() ?? null,
    position: row.position,
    version: row.version,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

import type { Schemas } from '../../platform/contract/document/operations';
import type { CompletionRow } from '../../platform/database/rows';

/** Maps a completion to the schema `Completion`. */
export function toCompletion(userId: string, row: CompletionRow): Schemas['Completion'] {
  return {
    id: row.id,
    user_id: userId,
    task_id: row.task_id,
    title: row.title,
    due_date: row.due_date,
    due_time: row.due_time,
    time_zone: row.time_zone,
    start_date: row.start_date,
    start_time: row.start_time,
    completed_at: row.completed_at.toISOString(),
  };
}

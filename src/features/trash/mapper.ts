import type { Schemas } from '../../platform/contract/document/operations';
import type { TaskRow } from '../../platform/database/rows';
import { toTask } from '../tasks/mapper';
import { purgedAfter } from './retention';

/** Maps a deleted task, with the number of tasks that were deleted together with it, to the schema `TrashItem`. */
export function toTrashItem(
  userId: string,
  row: TaskRow,
  taskCount: number,
  retentionDays: number,
): Schemas['TrashItem'] {
  const deletedAt = row.deleted_at as Date;
  return {
    task: toTask(userId, row),
    deleted_at: deletedAt.toISOString(),
    purged_after: purgedAfter(deletedAt, retentionDays).toISOString(),
    task_count: taskCount,
  };
}

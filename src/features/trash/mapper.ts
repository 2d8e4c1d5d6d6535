import type { Schemas } from '../../platform/contract/document/operations';
import type { TaskRow } from '../../platform/database/rows';
import { toProject } from '../projects/mapper';
import { toTask } from '../tasks/mapper';
import type { ListedProject } from './projects';
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

/** Maps a deleted project to the schema `DeletedProject`. */
export function toDeletedProject(
  userId: string,
  row: ListedProject,
  retentionDays: number,
): Schemas['DeletedProject'] {
  return {
    project: toProject(userId, row),
    deleted_at: row.deleted_at.toISOString(),
    purged_after: purgedAfter(row.deleted_at, retentionDays).toISOString(),
    task_count: Number(row.task_count),
  };
}

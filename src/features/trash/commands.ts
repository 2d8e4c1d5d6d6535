import type { WritableLane } from '../../platform/database/lane';
import type { TaskRow } from '../../platform/database/rows';
import { lineOf, maxLevel } from '../tasks/tree';
import { findDeleted, restoreTask as restore, restoredRows, type TrashedTask } from './repository';

function heightOf(root: TaskRow, rows: readonly TrashedTask[]): number {
  const below = Map.groupBy(rows, (row) => row.parent_id);
  const height = (id: string): number =>
    1 + Math.max(0, ...(below.get(id) ?? []).map((row) => height(row.id)));
  return height(root.id);
}

/**
 * Restores a task and the subtasks that were deleted together with it. The task comes back without a parent if the
 * parent is in the trash or purged, or if its subtasks would be too deep.
 * @returns the task; undefined if the trash has no task with this id
 */
export async function restoreTask(lane: WritableLane, id: string): Promise<TaskRow | undefined> {
  const row = await findDeleted(lane, id);
  if (!row) return undefined;
  const rows = await restoredRows(lane, row);
  const line = row.parent_id === null ? [] : await lineOf(lane, row.parent_id);
  const [parent] = line;
  const target =
    parent && line.length + heightOf(row, rows) <= maxLevel
      ? { parent_id: parent.id, project_id: parent.project_id }
      : { parent_id: null, project_id: row.project_id };
  return restore(lane, row, rows, target);
}

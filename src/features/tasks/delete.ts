/** Moves tasks and all their subtasks to the trash. */
import { chunksOf, rowsInStatement } from '../../platform/database/chunks';
import type { Change, WritableLane } from '../../platform/database/lane';
import { update } from '../../platform/database/update';

/** Records a change without fields for each task. */
export function changedAll(lane: WritableLane, ids: readonly string[], action: Change['action']): void {
  for (const id of ids) lane.changed({ type: 'task', id, action, fields: {} });
}

// These tasks and all their subtasks that are not in the trash, each with its root and its level.
const treesBelow = `
  with recursive tree as (
    select id, id as root, 1 as level from tasklane.tasks
    where lane_id = :lane and id = any(:ids) and deleted_at is null
    union all
    select task.id, tree.root, tree.level + 1 from tasklane.tasks as task join tree on task.parent_id = tree.id
    where task.lane_id = :lane and task.deleted_at is null
  )`;

/**
 * Moves tasks and all their subtasks to the trash. Each tree counts as a separate deletion and is restored as a whole.
 * @param roots ids of tasks; none of them may be below another
 * @returns the number of deleted tasks, with subtasks
 */
export async function deleteTasks(lane: WritableLane, roots: readonly string[]): Promise<number> {
  const found: { id: string; root: string; level: number }[] = await lane
    .rows('tasks')
    .joinRaw(`join (${treesBelow} select id, root, level from tree) as tree on tree.id = tasks.id`, {
      lane: lane.id,
      ids: [...roots],
    } as never)
    .select('tree.id', 'tree.root', 'tree.level');
  for (const chunk of chunksOf(found, rowsInStatement)) {
    const rootOf = JSON.stringify(Object.fromEntries(chunk.map(({ id, root }) => [id, root])));
    await update(lane.rows('tasks').whereRaw('id = any(?)', [chunk.map(({ id }) => id)]), {
      deleted_at: lane.now,
      deleted_with: lane.expression('(?::jsonb ->> id::text)::uuid', [rootOf]),
      version: lane.expression('version + 1'),
      updated_at: lane.now,
    });
  }
  // Changes are in the order of the roots, and each task comes before its subtasks.
  const trees = Map.groupBy(found, ({ root }) => root);
  for (const root of roots) {
    const tree = (trees.get(root) ?? []).toSorted((one, other) => one.level - other.level);
    changedAll(
      lane,
      tree.map(({ id }) => id),
      'deleted',
    );
  }
  return found.length;
}

/** Moves a task and all its subtasks to the trash. @returns false if there is no such task outside the trash */
export async function deleteTask(lane: WritableLane, id: string): Promise<boolean> {
  return (await deleteTasks(lane, [id])) > 0;
}

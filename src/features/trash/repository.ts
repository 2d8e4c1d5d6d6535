import { chunksOf, rowsInStatement } from '../../platform/database/chunks';
import { type Position, pageAfter, type SortKey } from '../../platform/database/keyset';
import { differences, type Lane, type WritableLane } from '../../platform/database/lane';
import type { TaskRow } from '../../platform/database/rows';
import { update } from '../../platform/database/update';
import { purgeCompletions } from '../completions/repository';
import { changedAll } from '../tasks/delete';
import { whereIdEnds } from '../tasks/repository';
import { updateTasks } from '../tasks/write';
import { purgeProjects } from './projects';

// A task and its subtasks at all levels. A task for which the condition `state` is false is left out, with its subtasks.
const treeBelow = (state: string) => `
  with recursive tree as (
    select id, 1 as level from tasklane.tasks where lane_id = :lane and id = :id and ${state}
    union all
    select task.id, tree.level + 1 from tasklane.tasks as task join tree on task.parent_id = tree.id
    where task.lane_id = :lane and ${state}
  )
  select id from tree`;

/** A task in the trash; undefined if there is none with this id. */
export async function findDeleted(lane: Lane, id: string): Promise<TaskRow | undefined> {
  return lane.rows('tasks').whereNotNull('deleted_at').where('id', id).first();
}

/** The ids of a task in the trash and of the subtasks that were deleted together with it. */
async function takenAlong(lane: Lane, row: TaskRow): Promise<string[]> {
  const rows: { id: string }[] = await lane
    .rows('tasks')
    .whereRaw(`id in (${treeBelow('deleted_with = :with')})`, {
      lane: lane.id,
      id: row.id,
      with: row.deleted_with as string,
    })
    .select('id');
  return rows.map((each) => each.id);
}

/** The columns of a task in the trash that trees need. Texts are left out, because there can be many tasks. */
export type TrashedTask = Pick<TaskRow, 'id' | 'parent_id' | 'project_id'>;

/** The task and the subtasks that are restored together with it. */
export async function restoredRows(lane: Lane, row: TaskRow): Promise<TrashedTask[]> {
  return lane
    .rows('tasks')
    .whereRaw('id = any(?)', [await takenAlong(lane, row)])
    .select('id', 'parent_id', 'project_id');
}

/**
 * Restores a task and the tasks `below` it.
 * @param target the project of all these tasks, and the parent of the first
 */
export async function restoreTask(
  lane: WritableLane,
  row: TaskRow,
  below: readonly TrashedTask[],
  target: { project_id: string | null; parent_id: string | null },
): Promise<TaskRow> {
  const back = {
    deleted_at: null,
    deleted_with: null,
    project_id: target.project_id,
    version: lane.expression('version + 1'),
    updated_at: lane.now,
  };
  const [restored] = await update(lane.rows('tasks').where('id', row.id), {
    ...back,
    parent_id: target.parent_id,
  }).returning('*');
  lane.changed({
    type: 'task',
    id: row.id,
    action: 'restored',
    fields: differences<typeof target>(row, target),
  });
  const others = below.filter((each) => each.id !== row.id);
  for (const chunk of chunksOf(others, rowsInStatement)) {
    await update(lane.rows('tasks').whereRaw('id = any(?)', [chunk.map((each) => each.id)]), back);
  }
  for (const each of others) {
    const fields = differences<{ project_id: string | null }>(each, { project_id: target.project_id });
    lane.changed({ type: 'task', id: each.id, action: 'restored', fields });
  }
  return restored as TaskRow;
}

/** Purges tasks. Subtasks that were deleted separately stay in the trash and lose their parent. */
async function purge(lane: WritableLane, ids: string[]): Promise<void> {
  const parents = new Map<string, string | null>();
  const orphans: TrashedTask[] = [];
  const gone = new Set(ids);
  for (const chunk of chunksOf(ids, rowsInStatement)) {
    const rows: TrashedTask[] = await lane
      .rows('tasks')
      .whereRaw('(id = any(?) or parent_id = any(?))', [chunk, chunk])
      .select('id', 'parent_id', 'project_id');
    for (const row of rows) {
      if (gone.has(row.id)) parents.set(row.id, row.parent_id);
      else orphans.push(row);
    }
  }
  await updateTasks(lane, orphans, { parent_id: null });
  // A task can be removed only after its subtasks.
  const levelOf = (id: string): number => {
    const parent = parents.get(id);
    return parent != null && gone.has(parent) ? levelOf(parent) + 1 : 1;
  };
  const deepestFirst = ids
    .map((id) => ({ id, level: levelOf(id) }))
    .toSorted((one, other) => other.level - one.level);
  for (const chunk of chunksOf(deepestFirst, rowsInStatement)) {
    const chunkIds = chunk.map(({ id }) => id);
    await purgeCompletions(lane, chunkIds);
    await lane.rows('tasks').whereRaw('id = any(?)', [chunkIds]).delete();
  }
  changedAll(lane, ids, 'purged');
}

/** Purges a task and the subtasks that were deleted together with it. */
export async function purgeTask(lane: WritableLane, row: TaskRow): Promise<void> {
  await purge(lane, await takenAlong(lane, row));
}

/**
 * Purges at most `limit` tasks that were deleted up to the instant `until`; without `until`, all tasks in the trash. After
 * the last of them, purges the projects too.
 * @returns true if there may be more
 */
export async function purgeDeleted(
  lane: WritableLane,
  { until, limit }: { until?: Date; limit?: number } = {},
): Promise<boolean> {
  const query = lane.rows('tasks').whereNotNull('deleted_at').select('id');
  if (until) query.where('deleted_at', '<=', until);
  // Tasks that were deleted together are purged together, unless the limit separates them.
  if (limit) query.orderBy(['deleted_at', 'deleted_with', 'id']).limit(limit);
  const rows: { id: string }[] = await query;
  if (rows.length > 0)
    await purge(
      lane,
      rows.map((row) => row.id),
    );
  const mayBeMore = limit !== undefined && rows.length === limit;
  if (!mayBeMore) await purgeProjects(lane, until);
  return mayBeMore;
}

/** A page of the trash: the roots of the deleted trees, in `order`. */
export async function listDeleted(
  lane: Lane,
  order: readonly SortKey[],
  after: Position | null,
  limit: number,
  idEndings?: readonly string[],
): Promise<TaskRow[]> {
  const query = lane.rows('tasks').whereRaw('id = deleted_with');
  if (idEndings) whereIdEnds(query, idEndings);
  return pageAfter(query, order, after).limit(limit);
}

/** The number of tasks that were deleted together with each of these tasks, itself included, by its id. */
export async function countTaken(lane: Lane, ids: readonly string[]): Promise<Map<string, number>> {
  const rows: { deleted_with: string; count: string }[] = await lane
    .rows('tasks')
    .whereIn('deleted_with', ids)
    .groupBy('deleted_with')
    .select('deleted_with', lane.expression('count(*)'));
  return new Map(rows.map((row) => [row.deleted_with, Number(row.count)]));
}

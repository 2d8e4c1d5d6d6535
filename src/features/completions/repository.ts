/** Completions: the records of completed occurrences. */
import { type Position, pageAfter, type SortKey } from '../../platform/database/keyset';
import type { Lane, RowToWrite, WritableLane } from '../../platform/database/lane';
import type { CompletionRow } from '../../platform/database/rows';

export interface CompletionFilter {
  taskId?: string | undefined;
  completedAfter?: Date | undefined;
  completedBefore?: Date | undefined;
}

/** A page of completions in `order`. */
export async function listCompletions(
  lane: Lane,
  page: { filter: CompletionFilter; order: readonly SortKey[]; after: Position | null; limit: number },
): Promise<CompletionRow[]> {
  const { taskId, completedAfter, completedBefore } = page.filter;
  const query = lane.rows('completions');
  if (taskId) query.where('task_id', taskId);
  if (completedAfter) query.where('completed_at', '>', completedAfter);
  if (completedBefore) query.where('completed_at', '<', completedBefore);
  return pageAfter(query, page.order, page.after).limit(page.limit);
}

/** Creates the record of a completion at this moment. */
export async function insertCompletion(
  lane: WritableLane,
  { reopened, ...row }: Omit<CompletionRow, 'lane_id' | 'completed_at'>,
): Promise<void> {
  // The driver would turn a JavaScript array into a Postgres array, but the column is JSON.
  const json = JSON.stringify(reopened) as never;
  await lane.insert('completions', {
    ...row,
    reopened: json,
    completed_at: lane.now,
  } as RowToWrite<'completions'>);
  lane.changed({ type: 'completion', id: row.id, action: 'created', fields: {} });
}

/** Creates imported completions; skips those whose ids are taken. @returns the ids of the created completions */
export async function insertCompletions(
  lane: WritableLane,
  completions: readonly Omit<CompletionRow, 'lane_id'>[],
): Promise<string[]> {
  if (completions.length === 0) return [];
  const rows: { id: string }[] = await lane
    .insert(
      'completions',
      completions.map(({ reopened, ...row }) => ({ ...row, reopened: JSON.stringify(reopened) as never })),
    )
    .onConflict(['lane_id', 'id'])
    .ignore()
    .returning('id');
  for (const { id } of rows) lane.changed({ type: 'completion', id, action: 'created', fields: {} });
  return rows.map(({ id }) => id);
}

/** The completion of the occurrence with this due date, and this due time if one is given; undefined if there is none. */
export async function findCompletion(
  lane: Lane,
  taskId: string,
  dueDate: string,
  dueTime?: string,
): Promise<CompletionRow | undefined> {
  const query = lane.rows('completions').where({ task_id: taskId, due_date: dueDate });
  return dueTime === undefined ? query.first() : query.where('due_time', dueTime).first();
}

/** The last completion of a task; undefined if there is none. */
export async function lastCompletion(lane: Lane, taskId: string): Promise<CompletionRow | undefined> {
  const order = [
    { column: 'completed_at', order: 'desc' },
    { column: 'id', order: 'desc' },
  ] as const;
  return lane
    .rows('completions')
    .where('task_id', taskId)
    .orderBy([...order])
    .first();
}

/** Removes a completion that was undone. */
export async function removeCompletion(lane: WritableLane, id: string): Promise<void> {
  await lane.rows('completions').where('id', id).delete();
  lane.changed({ type: 'completion', id, action: 'deleted', fields: {} });
}

/** Records that the completions of tasks are purged. The rows are removed together with the tasks (foreign key). */
export async function purgeCompletions(lane: WritableLane, taskIds: string[]): Promise<void> {
  const rows: { id: string }[] = await lane
    .rows('completions')
    .whereRaw('task_id = any(?)', [taskIds])
    .select('id');
  for (const { id } of rows) lane.changed({ type: 'completion', id, action: 'purged', fields: {} });
}

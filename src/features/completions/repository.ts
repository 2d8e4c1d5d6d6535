/** Completions: the records of completed occurrences. */
import { type Position, pageAfter, type SortKey } from '../../platform/database/keyset';
import {
  differences,
  type Lane,
  lastValues,
  type RowToWrite,
  type WritableLane,
} from '../../platform/database/lane';
import type { CompletionRow } from '../../platform/database/rows';
import { update } from '../../platform/database/update';

const lastRecorded = [
  { column: 'recorded_at', order: 'desc' },
  { column: 'id', order: 'desc' },
] as const;

const recordedFields = [
  'task_id',
  'title',
  'due_date',
  'due_time',
  'time_zone',
  'start_date',
  'start_time',
  'rrule',
  'status',
  'completed_at',
  'next_due_date',
  'next_due_time',
  'reopened',
  'moved',
  'advanced',
  'recorded_at',
] as const;

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

/** Records a completion. `completed_at` is undefined for the time of the write. */
export async function insertCompletion(
  lane: WritableLane,
  {
    reopened,
    completed_at,
    ...row
  }: Omit<CompletionRow, 'lane_id' | 'completed_at' | 'recorded_at'> & { completed_at: Date | undefined },
): Promise<void> {
  // The driver would turn a JavaScript array into a Postgres array, but the column is JSON.
  const json = JSON.stringify(reopened) as never;
  await lane.insert('completions', {
    ...row,
    reopened: json,
    completed_at: completed_at ?? lane.now,
    recorded_at: lane.now,
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

/**
 * The last recorded completion of the occurrence with this due date, and this due time if one is given; undefined if there
 * is none.
 */
export async function findCompletion(
  lane: Lane,
  taskId: string,
  dueDate: string,
  dueTime?: string,
): Promise<CompletionRow | undefined> {
  const query = lane.rows('completions').where({ task_id: taskId, due_date: dueDate });
  if (dueTime !== undefined) query.where('due_time', dueTime);
  return query.orderBy([...lastRecorded]).first();
}

/** A completion; undefined if there is none with this id. */
export async function findCompletionById(lane: Lane, id: string): Promise<CompletionRow | undefined> {
  return lane.rows('completions').where('id', id).first();
}

/** The last recorded completions of a task: of all, and of those that moved the task. */
export async function lastCompletions(
  lane: Lane,
  taskId: string,
): Promise<{ last: CompletionRow | undefined; lastAdvance: CompletionRow | undefined }> {
  const recorded = () =>
    lane
      .rows('completions')
      .where('task_id', taskId)
      .orderBy([...lastRecorded]);
  const [last, lastAdvance] = await Promise.all([
    recorded().first(),
    recorded().where('advanced', true).first(),
  ]);
  return { last, lastAdvance };
}

/** The due dates, from `dueDate` on, that were completed before the task reached them. */
export async function completedAhead(
  lane: Lane,
  taskId: string,
  dueDate: string,
): Promise<Pick<CompletionRow, 'due_date' | 'due_time'>[]> {
  return lane
    .rows('completions')
    .where({ task_id: taskId, advanced: false })
    .where('due_date', '>=', dueDate)
    .select('due_date', 'due_time');
}

/** Changes the time of the completion that closed a recurring task. */
export async function correctCompletion(
  lane: WritableLane,
  row: CompletionRow,
  completed_at: Date,
): Promise<void> {
  await update(lane.rows('completions').where('id', row.id), { completed_at });
  const fields = differences(row, { completed_at });
  lane.changed({ type: 'completion', id: row.id, action: 'updated', fields });
}

/** Removes a completion that was undone. */
export async function removeCompletion(lane: WritableLane, row: CompletionRow): Promise<void> {
  await lane.rows('completions').where('id', row.id).delete();
  lane.changed({
    type: 'completion',
    id: row.id,
    action: 'deleted',
    fields: lastValues(row, recordedFields),
  });
}

/** Records that the completions of tasks are purged. The rows are removed together with the tasks (foreign key). */
export async function purgeCompletions(lane: WritableLane, taskIds: string[]): Promise<void> {
  const rows: { id: string }[] = await lane
    .rows('completions')
    .whereRaw('task_id = any(?)', [taskIds])
    .select('id');
  for (const { id } of rows) lane.changed({ type: 'completion', id, action: 'purged', fields: {} });
}

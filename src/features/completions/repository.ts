/** Completions: the records of completed occurrences. */
import { chunksOf, rowsInStatement } from '../../platform/database/chunks';
import { type Position, pageAfter, type SortKey } from '../../platform/database/keyset';
import {
  bytesOfRow,
  differences,
  type Lane,
  lastValues,
  type RowToWrite,
  type WritableLane,
} from '../../platform/database/lane';
import type { CompletionRow, PurgedCompletionRow, TaskRow } from '../../platform/database/rows';
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

const byTaskAndTime: readonly SortKey[] = [
  { column: 'task_id', direction: 'asc' },
  { column: 'completed_at', direction: 'asc' },
];

/** SQL: the subtasks that completions reopened, as `task`, in a query of completions. */
export const reopenedTasks =
  'cross join lateral jsonb_to_recordset(reopened) as task(id uuid, status text, completed_at timestamptz(3))';

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

/** A due date that was completed before the task reached it. */
export type CompletedAhead = Pick<CompletionRow, 'due_date' | 'due_time'>;

/** The due dates, from `dueDate` on, that were completed before the task reached them. */
export async function completedAhead(lane: Lane, taskId: string, dueDate: string): Promise<CompletedAhead[]> {
  return lane
    .rows('completions')
    .where({ task_id: taskId, advanced: false })
    .where('due_date', '>=', dueDate)
    .select('due_date', 'due_time');
}

/** `completedAhead` for many tasks, by task; tasks without such due dates are left out. */
export async function allCompletedAhead(
  lane: Lane,
  tasks: readonly Pick<TaskRow, 'id' | 'rrule' | 'due_date'>[],
): Promise<Map<string, CompletedAhead[]>> {
  const dueOf = new Map(
    tasks.flatMap(({ id, rrule, due_date }) => (rrule === null || due_date === null ? [] : [[id, due_date]])),
  );
  if (dueOf.size === 0) return new Map();
  const rows = await lane
    .rows('completions')
    .whereRaw('task_id = any(?)', [[...dueOf.keys()]])
    .where({ advanced: false })
    .where('due_date', '>=', [...dueOf.values()].sort()[0] as string)
    .select('task_id', 'due_date', 'due_time');
  return Map.groupBy(
    rows.filter(({ task_id, due_date }) => due_date >= (dueOf.get(task_id) as string)),
    ({ task_id }) => task_id,
  );
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

/** A completion of a purged task, see `PurgedCompletionRow`. */
export type PurgedCompletion = Omit<PurgedCompletionRow, 'lane_id'>;

/** Identifies the completions of a task at one time. */
export function keyOfCompletion({ task_id, completed_at }: Omit<PurgedCompletion, 'count'>): string {
  return `${task_id} ${completed_at.getTime()}`;
}

/** The completions that statistics would no longer count without these tasks. */
async function completionsOf(lane: Lane, taskIds: string[]): Promise<PurgedCompletion[]> {
  const records = () => lane.rows('completions').whereRaw('task_id = any(?)', [taskIds]);
  const finished: Promise<Omit<PurgedCompletion, 'count'>[]> = lane
    .rows('tasks')
    .whereRaw('id = any(?)', [taskIds])
    .whereNotNull('completed_at')
    .select('id as task_id', 'completed_at') as never;
  const reopened: Promise<Omit<PurgedCompletion, 'count'>[]> = records()
    .joinRaw(reopenedTasks)
    .where('task.status', 'completed')
    .distinct('task.id as task_id', 'task.completed_at') as never;
  const recorded: Promise<PurgedCompletion[]> = records()
    .groupBy('task_id', 'completed_at')
    .select('task_id', 'completed_at', lane.expression('count(*)::integer as count')) as never;
  const [once, counted] = await Promise.all([Promise.all([finished, reopened]), recorded]);
  const all = [...once.flat().map((each) => ({ ...each, count: 1 })), ...counted];
  const distinct = new Map(all.map((each) => [keyOfCompletion(each), each]));
  return [...distinct.values()].map(({ task_id, completed_at, count }) => ({ task_id, completed_at, count }));
}

/**
 * Stores completions of purged tasks. The same completion can come again, for example if a backup brought the task back
 * before it was purged again.
 */
async function insertPurged(lane: WritableLane, completions: readonly PurgedCompletion[]): Promise<void> {
  for (const chunk of chunksOf(completions, rowsInStatement)) {
    await lane
      .insert('purged_completions', chunk)
      .onConflict(['lane_id', 'task_id', 'completed_at'])
      .merge({ count: lane.expression('greatest(purged_completions.count, excluded.count)') as never });
    // The rows take the place of tasks and completions. A full lane can still be made smaller.
    for (const row of chunk) lane.stored(-bytesOfRow(row));
  }
}

/** A page of the completions of purged tasks, by task and time. */
export async function listPurgedCompletions(
  lane: Lane,
  after: PurgedCompletion | undefined,
  limit: number,
): Promise<PurgedCompletionRow[]> {
  const position = after ? [after.task_id, after.completed_at] : null;
  return pageAfter(lane.rows('purged_completions'), byTaskAndTime, position).limit(limit);
}

/**
 * Creates imported completions of purged tasks; skips those that the lane has.
 * @returns the keys of those that were created, see `keyOfCompletion`
 */
export async function importPurgedCompletions(
  lane: WritableLane,
  completions: readonly PurgedCompletion[],
): Promise<string[]> {
  const rows: PurgedCompletionRow[] = await lane
    .insert('purged_completions', completions)
    .onConflict(['lane_id', 'task_id', 'completed_at'])
    .ignore()
    .returning('*');
  return rows.map(keyOfCompletion);
}

/**
 * Records that the completions of tasks are purged, and keeps their times for statistics. The rows are removed together
 * with the tasks (foreign key).
 */
export async function purgeCompletions(lane: WritableLane, taskIds: string[]): Promise<void> {
  await insertPurged(lane, await completionsOf(lane, taskIds));
  const rows: { id: string }[] = await lane
    .rows('completions')
    .whereRaw('task_id = any(?)', [taskIds])
    .select('id');
  for (const { id } of rows) lane.changed({ type: 'completion', id, action: 'purged', fields: {} });
}

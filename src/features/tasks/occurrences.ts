/** Completes and skips the occurrences of recurring tasks, and undoes completions. */
import { v7 as uuidv7 } from 'uuid';
import { isOpen } from '../../domain/tasks/status';
import type { WritableLane } from '../../platform/database/lane';
import type { CompletionRow, TaskRow, TaskStatus } from '../../platform/database/rows';
import {
  findCompletion,
  insertCompletion,
  lastCompletion,
  removeCompletion,
} from '../completions/repository';
import { findTimeZone } from '../profile/repository';
import { dueAt } from './due';
import { nextDueDate, type RecurringTask } from './recurrence';
import { levelsBelow } from './tree';
import { type StatusChange, type TaskChange, updateStatuses, updateTask } from './write';

async function next(lane: WritableLane, row: RecurringTask, completions: number): Promise<string | null> {
  return nextDueDate(row, completions, await findTimeZone(lane), new Date());
}

/** A closed subtask that was reopened, with its earlier status. */
type Reopened = CompletionRow['reopened'][number];

/** Reopens the closed subtasks of a task, at all levels. @returns these subtasks with their earlier statuses */
async function reopenSubtasks(lane: WritableLane, id: string): Promise<Reopened[]> {
  const closed = (await levelsBelow(lane, id)).flat().filter(({ status }) => !isOpen(status));
  await updateStatuses(
    lane,
    closed.map(({ id, status }) => ({ id, from: status, to: 'pending', completedAt: null })),
  );
  return closed.map((row) => ({
    id: row.id,
    status: row.status as Reopened['status'],
    completed_at: row.completed_at?.toISOString() ?? null,
  }));
}

/** The fields that move a task to its occurrence on a due date. */
function onto(row: RecurringTask, due_date: string): TaskChange {
  return { due_date, due_at: dueAt({ ...row, due_date }), status: 'pending' };
}

/** Completes the current occurrence. The task moves to its next occurrence; if there is none, it becomes completed. */
export async function completeOccurrence(lane: WritableLane, current: RecurringTask): Promise<TaskRow> {
  const completion_count = current.completion_count + 1;
  const next_due_date = await next(lane, current, completion_count);
  const reopened = next_due_date === null ? [] : await reopenSubtasks(lane, current.id);
  await insertCompletion(lane, {
    id: uuidv7(),
    task_id: current.id,
    title: current.title,
    due_date: current.due_date,
    due_time: current.due_time,
    time_zone: current.time_zone,
    rrule: current.rrule,
    status: current.status,
    next_due_date,
    reopened,
  });
  if (next_due_date === null) return updateTask(lane, current, { status: 'completed', completion_count });
  return updateTask(lane, current, { ...onto(current, next_due_date), completion_count });
}

/** True if the occurrence with this due date was completed. */
export async function isCompleted(lane: WritableLane, current: TaskRow, dueDate: string): Promise<boolean> {
  return (await findCompletion(lane, current.id, dueDate)) !== undefined;
}

/** True if the task has not changed since the completion. */
function isUnchanged(row: TaskRow, completion: CompletionRow): boolean {
  return (
    row.rrule === completion.rrule &&
    row.due_time === completion.due_time &&
    row.time_zone === completion.time_zone &&
    (completion.next_due_date === null
      ? row.status === 'completed' && row.due_date === completion.due_date
      : isOpen(row.status) && row.due_date === completion.next_due_date)
  );
}

/**
 * Undoes the last completion of a recurring task: restores the due date and status of the task. Subtasks that the
 * completion reopened, and that are still pending, get their statuses back. Without a completion, a completed task becomes
 * pending, and any other task does not change.
 * @param occurrence the due date of the occurrence to reopen. If it is not completed, nothing changes.
 * @returns `completion-changed` if a later occurrence was completed, or if the task was changed since its completion
 */
export async function uncompleteOccurrence(
  lane: WritableLane,
  current: TaskRow,
  occurrence?: string,
): Promise<TaskRow | 'completion-changed'> {
  const completion = await lastCompletion(lane, current.id);
  if (!completion)
    return current.status === 'completed' ? updateTask(lane, current, { status: 'pending' }) : current;
  if (occurrence !== undefined && occurrence !== completion.due_date) {
    return (await isCompleted(lane, current, occurrence)) ? 'completion-changed' : current;
  }
  if (!isUnchanged(current, completion)) return 'completion-changed';
  await removeCompletion(lane, completion.id);
  const below = new Map((await levelsBelow(lane, current.id)).flat().map((row) => [row.id, row]));
  const pending: TaskStatus = 'pending';
  await updateStatuses(
    lane,
    completion.reopened
      .filter(({ id }) => below.get(id)?.status === pending)
      .map(({ id, status, completed_at }): StatusChange => {
        const completedAt = completed_at === null ? null : new Date(completed_at);
        return { id, from: pending, to: status, completedAt };
      }),
  );
  const { due_date, status } = completion;
  const due_at = dueAt({ ...current, due_date });
  const completion_count = Math.max(0, current.completion_count - 1);
  return updateTask(
    lane,
    current,
    { due_date, due_at, status, completion_count },
    { remindedUntil: new Date() },
  );
}

/**
 * Moves the task to its next occurrence without a completion. If there is no next occurrence, the task is cancelled.
 */
export async function skipOccurrence(lane: WritableLane, current: RecurringTask): Promise<TaskRow> {
  const due_date = await next(lane, current, current.completion_count);
  if (due_date === null) return updateTask(lane, current, { status: 'cancelled' });
  await reopenSubtasks(lane, current.id);
  return updateTask(lane, current, onto(current, due_date));
}

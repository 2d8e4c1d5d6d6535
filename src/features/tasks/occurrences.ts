/** Completes and skips the occurrences of recurring tasks, and undoes completions. */
import { v7 as uuidv7 } from 'uuid';
import { isOpen } from '../../domain/tasks/status';
import type { WritableLane } from '../../platform/database/lane';
import type { CompletionRow, TaskRow, TaskStatus } from '../../platform/database/rows';
import {
  completedAhead,
  correctCompletion,
  findCompletion,
  insertCompletion,
  lastCompletions,
  removeCompletion,
} from '../completions/repository';
import { findTimeZone } from '../profile/repository';
import { dueAt } from './due';
import { nextDueDate, type RecurringTask } from './recurrence';
import { remindersFor } from './reminders';
import { levelsBelow } from './tree';
import { type StatusChange, type TaskChange, updateStatuses, updateTask } from './write';

/**
 * The due date of the next occurrence that is not completed yet; null if there is none.
 * @param at when the current occurrence was completed or skipped
 */
async function next(
  lane: WritableLane,
  row: RecurringTask,
  completions: number,
  at: Date,
): Promise<string | null> {
  const [zone, completed] = await Promise.all([
    findTimeZone(lane),
    completedAhead(lane, row.id, row.due_date),
  ]);
  let date = nextDueDate(row, completions, zone, at);
  while (date !== null && completed.has(date)) {
    date = nextDueDate({ ...row, due_date: date }, completions, zone, at);
  }
  return date;
}

/** A closed subtask that was reopened, with its earlier status. */
type Reopened = CompletionRow['reopened'][number];

/** Reopens the closed subtasks of a task, at all levels. @returns these subtasks with their earlier statuses */
async function reopenSubtasks(lane: WritableLane, id: string): Promise<Reopened[]> {
  const closed = (await levelsBelow(lane, id)).flat().filter(({ status }) => !isOpen(status));
  await updateStatuses(
    lane,
    closed.map(({ id, status, completed_at }) => ({
      id,
      from: status,
      to: 'pending',
      completedFrom: completed_at,
      completedTo: null,
    })),
  );
  return closed.map((row) => ({
    id: row.id,
    status: row.status as Reopened['status'],
    completed_at: row.completed_at?.toISOString() ?? null,
  }));
}

/** The fields that move a task to its occurrence on a due date. */
async function onto(lane: WritableLane, row: TaskRow, due_date: string): Promise<TaskChange> {
  const due = { ...row, due_date };
  return { due_date, due_at: dueAt(due), reminders: await remindersFor(lane, row, due), status: 'pending' };
}

/** What a completion copies from its task. */
function recordOf({ id, title, due_date, due_time, time_zone, rrule, status }: RecurringTask) {
  return { id: uuidv7(), task_id: id, title, due_date, due_time, time_zone, rrule, status };
}

/**
 * Completes the current occurrence. The task moves to its next occurrence; if there is none, it becomes completed.
 * @param completed_at undefined for now
 */
export async function completeOccurrence(
  lane: WritableLane,
  current: RecurringTask,
  completed_at: Date | undefined,
): Promise<TaskRow> {
  const completion_count = current.completion_count + 1;
  const next_due_date = await next(lane, current, completion_count, completed_at ?? new Date());
  const reopened = next_due_date === null ? [] : await reopenSubtasks(lane, current.id);
  await insertCompletion(lane, {
    ...recordOf(current),
    completed_at,
    next_due_date,
    reopened,
    advanced: true,
  });
  if (next_due_date === null) {
    return updateTask(lane, current, { status: 'completed', completed_at, completion_count });
  }
  const change = await onto(lane, current, next_due_date);
  return updateTask(lane, current, { ...change, completion_count }, { move: 'next' });
}

/**
 * Completes another occurrence than the current one: an earlier one that the task has passed, or a later one. The task
 * does not move. When it comes to the later one, it moves on.
 * @param completed_at undefined for now
 */
export async function completeOther(
  lane: WritableLane,
  current: RecurringTask,
  due_date: string,
  completed_at: Date | undefined,
): Promise<TaskRow> {
  await insertCompletion(lane, {
    ...recordOf(current),
    due_date,
    completed_at,
    next_due_date: null,
    reopened: [],
    advanced: false,
  });
  return updateTask(lane, current, { completion_count: current.completion_count + 1 });
}

/** Changes the time of the completion that closed a recurring task, like the time of the task. */
export async function correctLastCompletion(lane: WritableLane, current: TaskRow, at: Date): Promise<void> {
  const { lastAdvance } = await lastCompletions(lane, current.id);
  const isOfTask = lastAdvance?.completed_at.getTime() === current.completed_at?.getTime();
  const isChanged = at.getTime() !== current.completed_at?.getTime();
  if (lastAdvance && isOfTask && isChanged) await correctCompletion(lane, lastAdvance, at);
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
 * completion reopened, and that are still pending, get their statuses back. A completion that did not move the task is only
 * removed. Without a completion, a completed task becomes pending, and any other task does not change.
 * @param occurrence the due date of the occurrence to reopen. If it is not completed, nothing changes.
 * @returns `completion-changed` if a later completion moved the task, or if the task was changed since its completion
 */
export async function uncompleteOccurrence(
  lane: WritableLane,
  current: TaskRow,
  occurrence?: string,
): Promise<TaskRow | 'completion-changed'> {
  const { last, lastAdvance } = await lastCompletions(lane, current.id);
  if (!last)
    return current.status === 'completed' ? updateTask(lane, current, { status: 'pending' }) : current;
  // A completed task is opened again by undoing the completion that closed it.
  const latest = current.status === 'completed' ? lastAdvance : last;
  const completion = occurrence === undefined ? latest : await findCompletion(lane, current.id, occurrence);
  if (!completion) return current;
  const completion_count = Math.max(0, current.completion_count - 1);
  if (!completion.advanced) {
    await removeCompletion(lane, completion);
    return updateTask(lane, current, { completion_count });
  }
  if (completion.id !== lastAdvance?.id || !isUnchanged(current, completion)) return 'completion-changed';
  await removeCompletion(lane, completion);
  const below = new Map((await levelsBelow(lane, current.id)).flat().map((row) => [row.id, row]));
  const pending: TaskStatus = 'pending';
  await updateStatuses(
    lane,
    completion.reopened
      .filter(({ id }) => below.get(id)?.status === pending)
      .map(({ id, status, completed_at }): StatusChange => {
        const completedTo = completed_at === null ? null : new Date(completed_at);
        return { id, from: pending, to: status, completedFrom: null, completedTo };
      }),
  );
  const change = await onto(lane, current, completion.due_date);
  const { status } = completion;
  return updateTask(lane, current, { ...change, status, completion_count }, { move: 'previous' });
}

/**
 * Moves the task to its next occurrence without a completion. If there is no next occurrence, the task is cancelled.
 */
export async function skipOccurrence(lane: WritableLane, current: RecurringTask): Promise<TaskRow> {
  const due_date = await next(lane, current, current.completion_count, new Date());
  if (due_date === null) return updateTask(lane, current, { status: 'cancelled' });
  await reopenSubtasks(lane, current.id);
  return updateTask(lane, current, await onto(lane, current, due_date), { move: 'next' });
}

/** Completes and skips the occurrences of recurring tasks, and undoes completions. */
import { v7 as uuidv7 } from 'uuid';
import { distanceBetween, partsOf, pointOf, shiftPoint } from '../../domain/recurrence/point';
import { isOpen } from '../../domain/tasks/status';
import { isDate } from '../../domain/time/calendar';
import { isWritableInstant } from '../../platform/contract/validation/formats';
import type { WritableLane } from '../../platform/database/lane';
import type { CompletionRow, TaskRow } from '../../platform/database/rows';
import {
  findCompletion,
  insertCompletion,
  lastCompletion,
  removeCompletion,
} from '../completions/repository';
import { findTimeZone } from '../profile/repository';
import { type Dates, withInstants } from './due';
import { hasTimes, nextOccurrence, occurrenceDue, type RecurringTask } from './recurrence';
import { levelsBelow, type Subtask } from './tree';
import { type SubtaskChange, type TaskChange, updateSubtasks, updateTask } from './write';

type Occurrence = NonNullable<ReturnType<typeof nextOccurrence>>;

async function next(lane: WritableLane, row: RecurringTask, completions: number): Promise<Occurrence | null> {
  return nextOccurrence(row, completions, await findTimeZone(lane), new Date());
}

/** A closed subtask that was reopened, with its earlier status. */
type Reopened = CompletionRow['reopened'][number];

/** How far the dates of subtasks move: the days of dates, and the minutes of local times. */
interface Step {
  readonly days: number;
  readonly minutes: number;
}

const minutesPerDay = 1_440;

/** The step between two occurrences. */
function stepBetween(before: Occurrence, after: Occurrence): Step {
  const days = distanceBetween(before.due_date, after.due_date);
  if (before.due_time === null || after.due_time === null) return { days, minutes: days * minutesPerDay };
  const minutes = distanceBetween(
    pointOf(before.due_date, before.due_time),
    pointOf(after.due_date, after.due_time),
  );
  return { days, minutes };
}

function shifted(date: string | null, time: string | null, { days, minutes }: Step) {
  if (date === null) return { date, time };
  return partsOf(shiftPoint(pointOf(date, time), time === null ? days : minutes));
}

/** True for a subtask that moves with its parent: it has dates, and it does not recur by itself. */
function moves({ due_date, start_date, rrule }: Subtask): boolean {
  return rrule === null && (due_date !== null || start_date !== null);
}

/** The dates of a subtask after a step; empty if they would be outside the years 1 to 9999. */
function movedBy(subtask: Subtask, step: Step): Partial<ReturnType<typeof withInstants>> {
  const due = shifted(subtask.due_date, subtask.due_time, step);
  const start = shifted(subtask.start_date, subtask.start_time, step);
  if (![due, start].every(({ date }) => date === null || isDate(date))) return {};
  const dates: Dates = {
    time_zone: subtask.time_zone,
    ...{ due_date: due.date, due_time: due.time, start_date: start.date, start_time: start.time },
  };
  const { due_at, start_at } = withInstants(dates);
  return [due_at, start_at].every((each) => each === null || isWritableInstant(each))
    ? { ...dates, due_at, start_at }
    : {};
}

/** What a move to another occurrence did to the subtasks. */
type Moved = Pick<CompletionRow, 'reopened' | 'moved'>;

/** Reopens the closed subtasks of a task, at all levels, and moves the dates of subtasks by the step of the task. */
async function moveSubtasks(lane: WritableLane, current: RecurringTask, next: Occurrence): Promise<Moved> {
  const below = (await levelsBelow(lane, current.id)).flat();
  const step = stepBetween(current, next);
  const reopened = below.filter(({ status }) => !isOpen(status));
  const moved = below.filter(moves);
  const pending: SubtaskChange['wanted'] = { status: 'pending', completed_at: null };
  await updateSubtasks(
    lane,
    below.map((row) => ({
      row,
      wanted: { ...(isOpen(row.status) ? {} : pending), ...(moves(row) ? movedBy(row, step) : {}) },
    })),
  );
  return {
    reopened: reopened.map((row) => ({
      id: row.id,
      status: row.status as Reopened['status'],
      completed_at: row.completed_at?.toISOString() ?? null,
    })),
    moved: moved.map(({ id }) => id),
  };
}

/** The fields that move a task to an occurrence. */
function onto(dates: Dates): TaskChange {
  return { ...withInstants(dates), status: 'pending' };
}

/** Completes the current occurrence. The task moves to its next occurrence; if there is none, it becomes completed. */
export async function completeOccurrence(lane: WritableLane, current: RecurringTask): Promise<TaskRow> {
  const completion_count = current.completion_count + 1;
  const following = await next(lane, current, completion_count);
  const effects =
    following === null ? { reopened: [], moved: [] } : await moveSubtasks(lane, current, following);
  await insertCompletion(lane, {
    id: uuidv7(),
    task_id: current.id,
    title: current.title,
    due_date: current.due_date,
    due_time: current.due_time,
    time_zone: current.time_zone,
    start_date: current.start_date,
    start_time: current.start_time,
    rrule: current.rrule,
    status: current.status,
    next_due_date: following?.due_date ?? null,
    next_due_time: following?.due_time ?? null,
    ...effects,
  });
  if (following === null) return updateTask(lane, current, { status: 'completed', completion_count });
  return updateTask(lane, current, { ...onto(following), completion_count });
}

/** The due date of an occurrence. The time tells the occurrences of an hourly rule apart; undefined means any time. */
export interface OccurrenceKey {
  readonly due_date: string;
  readonly due_time: string | undefined;
}

/** True if an occurrence or completion has this due date, and this time if the rule is hourly. */
function isAt(
  row: { due_date: string | null; due_time: string | null; rrule: string },
  key: OccurrenceKey,
): boolean {
  if (row.due_date !== key.due_date) return false;
  return key.due_time === undefined || row.due_time === key.due_time || !hasTimes(row.rrule);
}

/** True if the task is on this occurrence. */
export function isCurrent(row: TaskRow, key: OccurrenceKey): boolean {
  return row.rrule === null ? row.due_date === key.due_date : isAt({ ...row, rrule: row.rrule }, key);
}

/** True if the occurrence was completed. */
export async function isCompleted(
  lane: WritableLane,
  { id, rrule }: TaskRow,
  key: OccurrenceKey,
): Promise<boolean> {
  const { due_date, due_time } = key;
  const time = rrule !== null && hasTimes(rrule) ? due_time : undefined;
  return (await findCompletion(lane, id, due_date, time)) !== undefined;
}

/** True if the task has not changed since the completion. */
function isUnchanged(row: TaskRow, completion: CompletionRow): boolean {
  if (row.rrule !== completion.rrule || row.time_zone !== completion.time_zone) return false;
  if ((row.start_date === null) !== (completion.start_date === null)) return false;
  const isLast = completion.next_due_date === null;
  const due_date = completion.next_due_date ?? completion.due_date;
  const due_time = isLast ? completion.due_time : completion.next_due_time;
  if (row.due_date !== due_date || row.due_time !== due_time) return false;
  if (isLast) return row.status === 'completed' && row.start_date === completion.start_date;
  return (
    isOpen(row.status) &&
    row.start_date === occurrenceDue(row as RecurringTask, due_date, due_time).start_date
  );
}

/**
 * Undoes the last completion of a recurring task: restores the dates and status of the task. Subtasks that the
 * completion reopened, and that are still pending, get their statuses back. Subtasks that it moved move back. Without a completion, a completed task becomes
 * pending, and any other task does not change.
 * @param occurrence the occurrence to reopen. If it is not completed, nothing changes.
 * @returns `completion-changed` if a later occurrence was completed, or if the task was changed since its completion
 */
export async function uncompleteOccurrence(
  lane: WritableLane,
  current: TaskRow,
  occurrence?: OccurrenceKey,
): Promise<TaskRow | 'completion-changed'> {
  const completion = await lastCompletion(lane, current.id);
  if (!completion)
    return current.status === 'completed' ? updateTask(lane, current, { status: 'pending' }) : current;
  if (occurrence !== undefined && !isAt(completion, occurrence)) {
    return (await isCompleted(lane, current, occurrence)) ? 'completion-changed' : current;
  }
  if (!isUnchanged(current, completion)) return 'completion-changed';
  await removeCompletion(lane, completion.id);
  await restoreSubtasks(lane, current as RecurringTask, completion);
  const { due_date, due_time, start_date, start_time, time_zone, status } = completion;
  const dates = withInstants({ due_date, due_time, start_date, start_time, time_zone });
  const completion_count = Math.max(0, current.completion_count - 1);
  return updateTask(lane, current, { ...dates, status, completion_count }, { remindedUntil: new Date() });
}

/** Undoes what a completion did to the subtasks that still exist. */
async function restoreSubtasks(
  lane: WritableLane,
  current: RecurringTask,
  completion: CompletionRow,
): Promise<void> {
  const reopened = new Map(completion.reopened.map((each) => [each.id, each]));
  const moved = new Set(completion.moved);
  if (reopened.size + moved.size === 0) return;
  const step = stepBetween(current, completion);
  const changes = (await levelsBelow(lane, current.id)).flat().map((row): SubtaskChange => {
    const earlier = row.status === 'pending' ? reopened.get(row.id) : undefined;
    const at = earlier?.completed_at == null ? null : new Date(earlier.completed_at);
    return {
      row,
      wanted: {
        ...(earlier ? { status: earlier.status, completed_at: at } : {}),
        ...(moved.has(row.id) && moves(row) ? movedBy(row, step) : {}),
      },
    };
  });
  await updateSubtasks(lane, changes);
}

/**
 * Moves the task to its next occurrence without a completion. If there is no next occurrence, the task is cancelled.
 */
export async function skipOccurrence(lane: WritableLane, current: RecurringTask): Promise<TaskRow> {
  const following = await next(lane, current, current.completion_count);
  if (following === null) return updateTask(lane, current, { status: 'cancelled' });
  await moveSubtasks(lane, current, following);
  return updateTask(lane, current, onto(following));
}

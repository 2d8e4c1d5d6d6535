/** Completes and skips the occurrences of recurring tasks, and undoes completions. */
import { v7 as uuidv7 } from 'uuid';
import { distanceBetween, partsOf, pointOf, shiftPoint } from '../../domain/recurrence/point';
import { isOpen } from '../../domain/tasks/status';
import { isDate } from '../../domain/time/calendar';
import { isWritableInstant } from '../../platform/contract/validation/formats';
import type { WritableLane } from '../../platform/database/lane';
import type { CompletionRow, TaskRow } from '../../platform/database/rows';
import {
  completedAhead,
  correctCompletion,
  findCompletion,
  insertCompletion,
  lastCompletions,
  removeCompletion,
} from '../completions/repository';
import { findTimeZone } from '../profile/repository';
import { type Dates, withInstants } from './due';
import {
  hasTimes,
  nextOccurrence,
  type OccurrenceKey,
  occurrenceDue,
  type RecurringTask,
} from './recurrence';
import { movedReminders, moveInstants, remindersFor } from './reminders';
import { levelsBelow, type Subtask } from './tree';
import { type SubtaskChange, type TaskChange, updateSubtasks, updateTask } from './write';

type Occurrence = NonNullable<ReturnType<typeof nextOccurrence>>;

/**
 * The next occurrence that is not completed yet; null if there is none.
 * @param at when the current occurrence was completed or skipped
 */
async function next(
  lane: WritableLane,
  row: RecurringTask,
  completions: number,
  at: Date,
): Promise<Occurrence | null> {
  const [zone, completed] = await Promise.all([
    findTimeZone(lane),
    completedAhead(lane, row.id, row.due_date),
  ]);
  return nextOccurrence(row, { completions, completed, zone, at });
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

/** True for a subtask that moves with its parent: it has dates or reminders, and it does not recur by itself. */
function moves({ due_date, start_date, rrule, reminders }: Subtask): boolean {
  return rrule === null && (due_date !== null || start_date !== null || reminders.length > 0);
}

/**
 * The dates and reminders of a subtask after a step; empty if the dates would be outside the years 1 to 9999.
 * @param zone the time zone of the profile
 */
function movedBy(subtask: Subtask, step: Step, zone: string): SubtaskChange['wanted'] {
  if (subtask.due_date === null && subtask.start_date === null) {
    const { days, minutes } = step;
    const move = { days, minutes: minutes - days * minutesPerDay, zones: { from: zone, to: zone } };
    return { reminders: moveInstants(subtask.reminders, move) };
  }
  const due = shifted(subtask.due_date, subtask.due_time, step);
  const start = shifted(subtask.start_date, subtask.start_time, step);
  if (![due, start].every(({ date }) => date === null || isDate(date))) return {};
  const dates: Dates = {
    time_zone: subtask.time_zone,
    ...{ due_date: due.date, due_time: due.time, start_date: start.date, start_time: start.time },
  };
  const { due_at, start_at } = withInstants(dates);
  if (![due_at, start_at].every((each) => each === null || isWritableInstant(each))) return {};
  return { ...dates, due_at, start_at, reminders: movedReminders(subtask, dates, zone) };
}

/** What a move to another occurrence did to the subtasks. */
type Moved = Pick<CompletionRow, 'reopened' | 'moved'>;

/** Reopens the closed subtasks of a task, at all levels, and moves the dates of subtasks by the step of the task. */
async function moveSubtasks(lane: WritableLane, current: RecurringTask, next: Occurrence): Promise<Moved> {
  const below = (await levelsBelow(lane, current.id)).flat();
  const step = stepBetween(current, next);
  const reopened = below.filter(({ status }) => !isOpen(status));
  const moved = below.filter(moves);
  const zone = await findTimeZone(lane);
  const pending: SubtaskChange['wanted'] = { status: 'pending', completed_at: null };
  await updateSubtasks(
    lane,
    below.map((row) => ({
      row,
      wanted: { ...(isOpen(row.status) ? {} : pending), ...(moves(row) ? movedBy(row, step, zone) : {}) },
    })),
    'next',
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
async function onto(lane: WritableLane, row: TaskRow, dates: Dates): Promise<TaskChange> {
  const moved = withInstants(dates);
  return { ...moved, reminders: await remindersFor(lane, row, moved), status: 'pending' };
}

/** What a completion copies from its task, and from the dates of the completed occurrence. */
function recordOf({ id, title, rrule, status }: RecurringTask, dates: Occurrence) {
  const { due_date, due_time, time_zone, start_date, start_time } = dates;
  return {
    ...{ id: uuidv7(), task_id: id, title, rrule, status },
    ...{ due_date, due_time, time_zone, start_date, start_time },
  };
}

const noEffects: Moved = { reopened: [], moved: [] };

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
  const following = await next(lane, current, completion_count, completed_at ?? new Date());
  const effects = following === null ? noEffects : await moveSubtasks(lane, current, following);
  await insertCompletion(lane, {
    ...recordOf(current, current),
    completed_at,
    next_due_date: following?.due_date ?? null,
    next_due_time: following?.due_time ?? null,
    ...effects,
    advanced: true,
  });
  if (following === null) {
    return updateTask(lane, current, { status: 'completed', completed_at, completion_count });
  }
  const change = await onto(lane, current, following);
  return updateTask(lane, current, { ...change, completion_count }, { move: 'next' });
}

/**
 * Completes another occurrence than the current one: an earlier one that the task has passed, or a later one. The task
 * does not move. When it comes to the later one, it moves on.
 * @param key an occurrence that `canBeDueOn` accepts
 * @param completed_at undefined for now
 */
export async function completeOther(
  lane: WritableLane,
  current: RecurringTask,
  key: OccurrenceKey,
  completed_at: Date | undefined,
): Promise<TaskRow> {
  await insertCompletion(lane, {
    ...recordOf(current, occurrenceDue(current, key.due_date, key.due_time ?? current.due_time)),
    completed_at,
    next_due_date: null,
    next_due_time: null,
    ...noEffects,
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

/** The time that names an occurrence; undefined if its date is enough, or if any time of the date is meant. */
function timeOfKey(rrule: string | null, { due_time }: OccurrenceKey): string | undefined {
  return rrule !== null && hasTimes(rrule) ? due_time : undefined;
}

/** True if the task is on this occurrence. */
export function isCurrent(row: TaskRow, key: OccurrenceKey): boolean {
  return row.due_date === key.due_date && row.due_time === (timeOfKey(row.rrule, key) ?? row.due_time);
}

/** True if the occurrence comes before the one that the task is on. */
export function isPassed(row: RecurringTask, key: OccurrenceKey): boolean {
  if (row.due_date !== key.due_date) return key.due_date < row.due_date;
  const time = timeOfKey(row.rrule, key);
  return time !== undefined && row.due_time !== null && time < row.due_time;
}

/** The last recorded completion of an occurrence; undefined if there is none. */
async function completionOf(
  lane: WritableLane,
  row: TaskRow,
  key: OccurrenceKey,
): Promise<CompletionRow | undefined> {
  return findCompletion(lane, row.id, key.due_date, timeOfKey(row.rrule, key));
}

/** True if the occurrence was completed. */
export async function isCompleted(lane: WritableLane, row: TaskRow, key: OccurrenceKey): Promise<boolean> {
  return (await completionOf(lane, row, key)) !== undefined;
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
 * Undoes the last completion of a recurring task: restores the dates and status of the task. Subtasks that the completion
 * reopened, and that are still pending, get their statuses back. Subtasks that it moved move back. A completion that did not
 * move the task is only removed. Without a completion, a completed task becomes pending, and any other task does not change.
 * @param occurrence the occurrence to reopen. If it is not completed, nothing changes.
 * @returns `completion-changed` if a later completion moved the task, or if the task was changed since its completion
 */
export async function uncompleteOccurrence(
  lane: WritableLane,
  current: TaskRow,
  occurrence?: OccurrenceKey,
): Promise<TaskRow | 'completion-changed'> {
  const { last, lastAdvance } = await lastCompletions(lane, current.id);
  if (!last)
    return current.status === 'completed' ? updateTask(lane, current, { status: 'pending' }) : current;
  // A completed task is opened again by undoing the completion that closed it.
  const latest = current.status === 'completed' ? lastAdvance : last;
  const completion = occurrence === undefined ? latest : await completionOf(lane, current, occurrence);
  if (!completion) return current;
  const completion_count = Math.max(0, current.completion_count - 1);
  if (!completion.advanced) {
    await removeCompletion(lane, completion);
    return updateTask(lane, current, { completion_count });
  }
  if (completion.id !== lastAdvance?.id || !isUnchanged(current, completion)) return 'completion-changed';
  await removeCompletion(lane, completion);
  await restoreSubtasks(lane, current as RecurringTask, completion);
  const change = await onto(lane, current, completion);
  const { status } = completion;
  return updateTask(lane, current, { ...change, status, completion_count }, { move: 'previous' });
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
  const zone = await findTimeZone(lane);
  const changes = (await levelsBelow(lane, current.id)).flat().map((row): SubtaskChange => {
    const earlier = row.status === 'pending' ? reopened.get(row.id) : undefined;
    const at = earlier?.completed_at == null ? null : new Date(earlier.completed_at);
    return {
      row,
      wanted: {
        ...(earlier ? { status: earlier.status, completed_at: at } : {}),
        ...(moved.has(row.id) && moves(row) ? movedBy(row, step, zone) : {}),
      },
    };
  });
  await updateSubtasks(lane, changes, 'previous');
}

/**
 * Moves the task to its next occurrence without a completion. If there is no next occurrence, the task is cancelled.
 */
export async function skipOccurrence(lane: WritableLane, current: RecurringTask): Promise<TaskRow> {
  const following = await next(lane, current, current.completion_count, new Date());
  if (following === null) return updateTask(lane, current, { status: 'cancelled' });
  await moveSubtasks(lane, current, following);
  return updateTask(lane, current, await onto(lane, current, following), { move: 'next' });
}

/**
 * What can be done to tasks, with the rules that the contract's schemas can't say. Every write goes through here,
 * wherever it comes from, but for imports (`import.ts`); each runs inside a write of the lane and writes nothing if it
 * finds a fault.
 */
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import type { WritableLane } from '../../platform/database/lane';
import type { Reminder, TaskRow } from '../../platform/database/rows';
import { spellTags } from '../tags/repository';
import { type Due, dueAt, isWritable, mergeDue, remindersLeft } from './due';
import { completeOccurrence, isCompleted, skipOccurrence, uncompleteOccurrence } from './occurrences';
import { moveNextTo, positionAtEnd, writePositions } from './position';
import { goesOn, isRecurring, mergeRecurrence, type Recurrence } from './recurrence';
import { armReminders, readReminders } from './reminders';
import {
  findTask,
  insertTask,
  type NewTask,
  type TaskChange,
  type TaskFields,
  updateTask,
  updateTasks,
} from './repository';
import { findPlace, levelsBelow, type Place, type PlaceFault } from './tree';

/** What is wrong with a body; the pointers are into it. */
export interface Faulty {
  readonly faults: readonly ValidationError[];
}

/** What came of a command on a task: the task as it now is, or why not. */
export type TaskOutcome = TaskRow | Faulty | 'not-found';

type Creation = Omit<Schemas['TaskCreate'], 'id'> & { id: string };
type Change = { [F in keyof Schemas['TaskPatch']]?: Schemas['TaskPatch'][F] | undefined };

type Resolved = { [F in keyof TaskFields]?: TaskFields[F] | undefined };

const notInLane = 'does not exist in this lane';

/** What is wrong with a place, in words. */
export const placeFaults: Record<PlaceFault['reason'], string> = {
  'not-in-lane': notInLane,
  cycle: 'must not be the task itself or one of its subtasks',
  'too-deep': 'would put a task below level 5',
  contradiction: 'must be the project of the parent task',
};

function isFault(place: Place | PlaceFault): place is PlaceFault {
  return 'reason' in place;
}

function placeFault({ field, reason }: PlaceFault): ValidationError {
  return { pointer: `/${field}`, code: reason, detail: placeFaults[reason] };
}

/** What is wrong with a due date. */
export function dueFaults(due: Due): ValidationError[] {
  if (due.due_date !== null) {
    const detail = 'must be in the years 1 to 9999 in UTC, together with the due time and the time zone';
    return isWritable(due) ? [] : [{ pointer: '/due_date', code: 'wrong-format', detail }];
  }
  return (['due_time', 'time_zone'] as const)
    .filter((field) => due[field] !== null)
    .map((field) => ({ pointer: `/${field}`, code: 'contradiction', detail: 'requires `due_date`' }));
}

/** What a task has of these before it has any. */
export const nothing: Due & Place & Recurrence = {
  project_id: null,
  parent_id: null,
  due_date: null,
  due_time: null,
  time_zone: null,
  rrule: null,
  repeat_from: 'schedule',
  recurrence_start: null,
  completion_count: 0,
};

/** The fields that a body asks for, with what follows from them; what it leaves out stays as it is. */
async function resolve(
  lane: WritableLane,
  current: TaskRow | null,
  body: Change,
): Promise<Resolved | Faulty> {
  const placed = body.project_id !== undefined || body.parent_id !== undefined;
  const place = placed ? await findPlace(lane, current, body) : (current ?? nothing);
  const due = mergeDue(current ?? nothing, body);
  const recurrence = mergeRecurrence(current ?? nothing, body, due.due_date);
  const reminders = body.reminders
    ? readReminders(body.reminders, due.due_date)
    : current && remindersLeft(current.reminders, due.due_date);
  const faults = [
    ...(isFault(place) ? [placeFault(place)] : []),
    ...dueFaults(due),
    ...(Array.isArray(recurrence) ? recurrence : []),
    ...(reminders && areFaults(reminders) ? reminders : []),
  ];
  if (isFault(place) || Array.isArray(recurrence) || faults.length > 0) return { faults };
  return {
    ...body,
    ...recurrence,
    ...(body.title === undefined ? {} : { title: body.title.trim() }),
    ...(body.tags === undefined ? {} : { tags: await spellTags(lane, body.tags) }),
    project_id: place.project_id,
    parent_id: place.parent_id,
    ...due,
    due_at: dueAt(due),
    reminders: (reminders ?? undefined) as Reminder[] | undefined,
  };
}

/** Whether reminders could not be read. */
export function areFaults(
  reminders: readonly (Reminder | ValidationError)[],
): reminders is ValidationError[] {
  return reminders.some((each) => 'pointer' in each);
}

/** Makes a task. */
export async function createTask(
  lane: WritableLane,
  { id, ...body }: Creation,
): Promise<TaskRow | Faulty | 'id-taken'> {
  const fields = await resolve(lane, null, body);
  if ('faults' in fields) return fields;
  // The first occurrence of a recurring task is completed like any other.
  const completes = fields.status === 'completed' && fields.rrule !== null;
  const status = completes ? 'pending' : fields.status;
  const row = await insertTask(lane, {
    ...(fields as TaskFields),
    priority: fields.priority,
    status,
    id,
  } as NewTask);
  if (!row) return 'id-taken';
  await armReminders(lane, null, row);
  return completes && isRecurring(row) ? completeOccurrence(lane, row) : row;
}

async function writeTask(lane: WritableLane, current: TaskRow, fields: TaskChange): Promise<TaskRow> {
  const row = await updateTask(lane, current, fields);
  await armReminders(lane, current, row);
  if (row.project_id !== current.project_id) {
    const below = (await levelsBelow(lane, row.id)).flat();
    await updateTasks(lane, below, { project_id: row.project_id });
  }
  return row;
}

/** Whether a body completes an occurrence that is completed already: a repeat, that is not to do so again. */
async function isRepeat(
  lane: WritableLane,
  current: TaskRow,
  { status, due_date }: Change,
): Promise<boolean> {
  if (status !== 'completed' || due_date == null || due_date === current.due_date) return false;
  return current.rrule !== null && isCompleted(lane, current, due_date);
}

/** Whether fields open a recurring task again that was completed for good. */
function reopens(current: TaskRow, { status, rrule }: Resolved): boolean {
  const opens = status === 'pending' || status === 'in_progress';
  return opens && current.status === 'completed' && current.rrule !== null && rrule === current.rrule;
}

/** Changes the fields of a task that the body names. */
export async function changeTask(lane: WritableLane, id: string, body: Change): Promise<TaskOutcome> {
  const current = await findTask(lane, id);
  if (!current) return 'not-found';
  if (await isRepeat(lane, current, body)) {
    return changeTask(lane, id, { ...body, status: undefined, due_date: undefined });
  }
  const fields = await resolve(lane, current, body);
  if ('faults' in fields) return fields;
  if (reopens(current, fields)) {
    const undone = await uncompleteOccurrence(lane, current);
    if (undone !== 'completion-changed') return changeTask(lane, id, body);
  }
  if (fields.status !== 'completed' || !isRecurring({ ...current, rrule: fields.rrule ?? null })) {
    return writeTask(lane, current, fields);
  }
  const row = await writeTask(lane, current, { ...fields, status: undefined });
  return isRecurring(row) ? completeOccurrence(lane, row) : row;
}

/** Replaces all fields of a task; outside of a parent's project, one that is left out is none. */
export function replaceTask(
  lane: WritableLane,
  id: string,
  body: Schemas['TaskReplace'],
): Promise<TaskOutcome> {
  const { project_id = body.parent_id === null ? null : undefined, ...fields } = body;
  return changeTask(lane, id, { ...fields, project_id });
}

/** Completes a task or its occurrence, or takes that back; without a word, it toggles, and a recurring task goes on. */
export async function completeTask(
  lane: WritableLane,
  id: string,
  { completed, occurrence }: Partial<Schemas['TaskCompletion']> = {},
): Promise<TaskOutcome | 'completion-changed'> {
  const current = await findTask(lane, id);
  if (!current) return 'not-found';
  const wanted = completed ?? (isRecurring(current) || current.status !== 'completed');
  if (occurrence !== undefined && !(await isOccurrence(lane, current, occurrence))) {
    const detail = 'must be the due date of the task or of a completed occurrence';
    return { faults: [{ pointer: '/occurrence', code: 'not-allowed', detail }] };
  }
  const isPast = occurrence !== undefined && occurrence !== current.due_date;
  if (wanted) {
    if (isPast) return current;
    return isRecurring(current)
      ? completeOccurrence(lane, current)
      : updateTask(lane, current, { status: 'completed' });
  }
  if (current.rrule !== null) return uncompleteOccurrence(lane, current, occurrence);
  return current.status === 'completed' ? updateTask(lane, current, { status: 'pending' }) : current;
}

async function isOccurrence(lane: WritableLane, current: TaskRow, dueDate: string): Promise<boolean> {
  return current.due_date === dueDate || isCompleted(lane, current, dueDate);
}

/** Goes on to a recurring task's next occurrence without completing this one. */
export async function skipTask(lane: WritableLane, id: string): Promise<TaskOutcome | 'not-recurring'> {
  const current = await findTask(lane, id);
  if (!current) return 'not-found';
  return goesOn(current) ? skipOccurrence(lane, current) : 'not-recurring';
}

/** Puts a task next to another one, into a project, or below a parent. */
export async function moveTask(
  lane: WritableLane,
  id: string,
  body: Schemas['TaskMove'],
): Promise<TaskOutcome> {
  const current = await findTask(lane, id);
  if (!current) return 'not-found';
  const faults: ValidationError[] = [];
  if (body.before !== undefined && body.after !== undefined) {
    faults.push({ pointer: '/after', code: 'contradiction', detail: 'cannot be combined with `before`' });
  }
  const side = body.before === undefined ? 'after' : 'before';
  const anchorId = body[side];
  const anchor = anchorId === undefined ? undefined : await findTask(lane, anchorId);
  if (anchorId === id) faults.push({ pointer: `/${side}`, code: 'cycle', detail: 'must be another task' });
  else if (anchorId && !anchor) faults.push({ pointer: `/${side}`, code: 'not-in-lane', detail: notInLane });

  const place = await findPlace(lane, current, body);
  if (isFault(place)) faults.push(placeFault(place));
  if (faults.length > 0 || isFault(place)) return { faults };

  const moved = place.project_id !== current.project_id || place.parent_id !== current.parent_id;
  if (!anchor) {
    return writeTask(lane, current, moved ? { ...place, position: await positionAtEnd(lane, 'tasks') } : {});
  }
  const { position, others } = await moveNextTo(lane, 'tasks', current, anchor, side);
  const row = await writeTask(lane, current, { ...place, position });
  await writePositions(lane, 'tasks', others);
  return row;
}

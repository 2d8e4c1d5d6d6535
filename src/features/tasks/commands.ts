/**
 * The commands on tasks, with the rules that the schemas of the contract cannot express. All writes of tasks except
 * imports (`import.ts`) use them. A command runs inside a write of the lane and writes nothing if there are validation
 * errors. `write.ts` has the effects of a write.
 */
import { isOpen } from '../../domain/tasks/status';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import type { WritableLane } from '../../platform/database/lane';
import type { Reminder, TaskRow } from '../../platform/database/rows';
import { spellTags } from '../tags/repository';
import { dateErrors, mergeDates, remindersLeft } from './due';
import { absentFields, type TaskFields } from './fields';
import {
  completeOccurrence,
  isCompleted,
  isCurrent,
  type OccurrenceKey,
  skipOccurrence,
  uncompleteOccurrence,
} from './occurrences';
import { moveNextTo, positionAtEnd, writePositions } from './position';
import { goesOn, isRecurring, mergeRecurrence } from './recurrence';
import { readReminders } from './reminders';
import { findTask } from './repository';
import { findParentAndProject, type HierarchyError, type ParentAndProject } from './tree';
import { insertTask, type NewTask, updateTask } from './write';

/** What is wrong with a body; the pointers are into it. */
export interface Invalid {
  readonly errors: readonly ValidationError[];
}

/** The result of a command on a task: the task after the command, or the reason of the failure. */
export type TaskOutcome = TaskRow | Invalid | 'not-found';

type Creation = Omit<Schemas['TaskCreate'], 'id'> & { id: string };
type Change = { [F in keyof Schemas['TaskPatch']]?: Schemas['TaskPatch'][F] | undefined };

type Resolved = { [F in keyof TaskFields]?: TaskFields[F] | undefined };

const notInLane = 'does not exist in this lane';

/** The `detail` for each reason why a task cannot have a project or parent. */
export const hierarchyDetails: Record<HierarchyError['reason'], string> = {
  'not-in-lane': notInLane,
  cycle: 'must not be the task itself or one of its subtasks',
  'too-deep': 'would put a task below level 5',
  contradiction: 'must be the project of the parent task',
};

function isHierarchyError(target: ParentAndProject | HierarchyError): target is HierarchyError {
  return 'reason' in target;
}

function hierarchyError({ field, reason }: HierarchyError): ValidationError {
  return { pointer: `/${field}`, code: reason, detail: hierarchyDetails[reason] };
}

/**
 * The new values of the fields in a body and of the fields derived from them. Fields that the body lacks do not
 * change.
 */
async function resolve(
  lane: WritableLane,
  current: TaskRow | null,
  body: Change,
): Promise<Resolved | Invalid> {
  const isMoved = body.project_id !== undefined || body.parent_id !== undefined;
  const target = isMoved ? await findParentAndProject(lane, current, body) : (current ?? absentFields);
  const dates = mergeDates(current ?? absentFields, body);
  const recurrence = mergeRecurrence(current ?? absentFields, body, dates);
  const reminders = body.reminders
    ? readReminders(body.reminders, dates.due_date)
    : current && remindersLeft(current.reminders, dates.due_date);
  const errors = [
    ...(isHierarchyError(target) ? [hierarchyError(target)] : []),
    ...dateErrors(dates),
    ...(Array.isArray(recurrence) ? recurrence : []),
    ...(reminders && areErrors(reminders) ? reminders : []),
  ];
  if (isHierarchyError(target) || Array.isArray(recurrence) || errors.length > 0) return { errors };
  return {
    ...body,
    ...recurrence,
    ...(body.title === undefined ? {} : { title: body.title.trim() }),
    ...(body.tags === undefined ? {} : { tags: await spellTags(lane, body.tags) }),
    project_id: target.project_id,
    parent_id: target.parent_id,
    ...dates,
    reminders: (reminders ?? undefined) as Reminder[] | undefined,
  };
}

/** True if `readReminders` returned validation errors instead of reminders. */
export function areErrors(
  reminders: readonly (Reminder | ValidationError)[],
): reminders is ValidationError[] {
  return reminders.some((each) => 'pointer' in each);
}

/** Creates a task. */
export async function createTask(
  lane: WritableLane,
  { id, ...body }: Creation,
): Promise<TaskRow | Invalid | 'id-taken'> {
  const fields = await resolve(lane, null, body);
  if ('errors' in fields) return fields;
  // A recurring task that is created as completed is first created open. Then its first occurrence is completed.
  const completes = fields.status === 'completed' && fields.rrule !== null;
  const status = completes ? 'pending' : fields.status;
  const task = { ...(fields as TaskFields), priority: fields.priority, status, id } as NewTask;
  const row = await insertTask(lane, task, !completes);
  if (!row) return 'id-taken';
  return completes && isRecurring(row) ? completeOccurrence(lane, row) : row;
}

/** True if a body completes an occurrence that is already completed, for example because a client repeats a request. */
async function isRepeat(
  lane: WritableLane,
  current: TaskRow,
  { status, due_date, due_time }: Change,
): Promise<boolean> {
  if (status !== 'completed' || due_date == null || current.rrule === null) return false;
  const occurrence = { due_date, due_time: due_time ?? undefined };
  return !isCurrent(current, occurrence) && isCompleted(lane, current, occurrence);
}

/** True if the fields reopen a recurring task whose last occurrence was completed. */
function reopens(current: TaskRow, { status, rrule }: Resolved): boolean {
  const opens = status !== undefined && isOpen(status);
  return opens && current.status === 'completed' && current.rrule !== null && rrule === current.rrule;
}

/** Changes the fields of a task that the body contains. */
export async function changeTask(lane: WritableLane, id: string, body: Change): Promise<TaskOutcome> {
  const current = await findTask(lane, id);
  if (!current) return 'not-found';
  if (await isRepeat(lane, current, body)) {
    const kept = { due_date: undefined, due_time: undefined, start_date: undefined, start_time: undefined };
    return changeTask(lane, id, { ...body, ...kept, status: undefined });
  }
  const fields = await resolve(lane, current, body);
  if ('errors' in fields) return fields;
  if (reopens(current, fields)) {
    const undone = await uncompleteOccurrence(lane, current);
    if (undone !== 'completion-changed') return changeTask(lane, id, body);
  }
  if (fields.status !== 'completed' || !isRecurring({ ...current, rrule: fields.rrule ?? null })) {
    return updateTask(lane, current, fields, { isLast: true });
  }
  const row = await updateTask(lane, current, { ...fields, status: undefined });
  return isRecurring(row) ? completeOccurrence(lane, row) : row;
}

/**
 * Replaces all fields of a task. Without `project_id`, a subtask gets the project of its parent; other tasks get none.
 */
export function replaceTask(
  lane: WritableLane,
  id: string,
  body: Schemas['TaskReplace'],
): Promise<TaskOutcome> {
  const { project_id = body.parent_id === null ? null : undefined, ...fields } = body;
  return changeTask(lane, id, { ...fields, project_id });
}

/**
 * Completes a task or its current occurrence, or undoes that. If `completed` is absent, a recurring task goes on to its
 * next occurrence, and any other task toggles between completed and pending.
 */
export async function completeTask(
  lane: WritableLane,
  id: string,
  { completed, occurrence: date, occurrence_time }: Partial<Schemas['TaskCompletion']> = {},
): Promise<TaskOutcome | 'completion-changed'> {
  const current = await findTask(lane, id);
  if (!current) return 'not-found';
  const wanted = completed ?? (isRecurring(current) || current.status !== 'completed');
  const occurrence = date === undefined ? undefined : { due_date: date, due_time: occurrence_time };
  if (occurrence === undefined && occurrence_time !== undefined) {
    return {
      errors: [{ pointer: '/occurrence_time', code: 'contradiction', detail: 'requires `occurrence`' }],
    };
  }
  if (occurrence !== undefined && !(await isOccurrence(lane, current, occurrence))) {
    const detail = 'must be the due date of the task or of a completed occurrence';
    return { errors: [{ pointer: '/occurrence', code: 'not-allowed', detail }] };
  }
  const isPast = occurrence !== undefined && !isCurrent(current, occurrence);
  if (wanted) {
    if (isPast) return current;
    return isRecurring(current)
      ? completeOccurrence(lane, current)
      : updateTask(lane, current, { status: 'completed' }, { isLast: true });
  }
  if (current.rrule !== null) return uncompleteOccurrence(lane, current, occurrence);
  return current.status === 'completed'
    ? updateTask(lane, current, { status: 'pending' }, { isLast: true })
    : current;
}

async function isOccurrence(lane: WritableLane, current: TaskRow, key: OccurrenceKey): Promise<boolean> {
  return isCurrent(current, key) || isCompleted(lane, current, key);
}

/** Moves a recurring task to its next occurrence without completing the current one. */
export async function skipTask(lane: WritableLane, id: string): Promise<TaskOutcome | 'not-recurring'> {
  const current = await findTask(lane, id);
  if (!current) return 'not-found';
  return goesOn(current) ? skipOccurrence(lane, current) : 'not-recurring';
}

/** Moves a task: right before or after another task, into a project, or below a parent. */
export async function moveTask(
  lane: WritableLane,
  id: string,
  body: Schemas['TaskMove'],
): Promise<TaskOutcome> {
  const current = await findTask(lane, id);
  if (!current) return 'not-found';
  const errors: ValidationError[] = [];
  if (body.before !== undefined && body.after !== undefined) {
    errors.push({ pointer: '/after', code: 'contradiction', detail: 'cannot be combined with `before`' });
  }
  const side = body.before === undefined ? 'after' : 'before';
  const anchorId = body[side];
  const anchor = anchorId === undefined ? undefined : await findTask(lane, anchorId);
  if (anchorId === id) errors.push({ pointer: `/${side}`, code: 'cycle', detail: 'must be another task' });
  else if (anchorId && !anchor) errors.push({ pointer: `/${side}`, code: 'not-in-lane', detail: notInLane });

  const target = await findParentAndProject(lane, current, body);
  if (isHierarchyError(target)) errors.push(hierarchyError(target));
  if (errors.length > 0 || isHierarchyError(target)) return { errors };

  const moved = target.project_id !== current.project_id || target.parent_id !== current.parent_id;
  if (!anchor) {
    return updateTask(
      lane,
      current,
      moved ? { ...target, position: await positionAtEnd(lane, 'tasks') } : {},
    );
  }
  const { position, others } = await moveNextTo(lane, 'tasks', current, anchor, side);
  const row = await updateTask(lane, current, { ...target, position });
  await writePositions(lane, 'tasks', others);
  return row;
}

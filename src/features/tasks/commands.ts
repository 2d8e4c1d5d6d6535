/**
 * The commands on tasks, with the rules that the schemas of the contract cannot express. All writes of tasks except
 * imports (`import.ts`) use them. A command runs inside a write of the lane and writes nothing if there are validation
 * errors. `write.ts` has the effects of a write.
 */
import { isOpen, wantedStatus } from '../../domain/tasks/status';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import { splitReadOnly } from '../../platform/contract/read-only';
import type { WritableLane } from '../../platform/database/lane';
import type { Reminder, TaskRow } from '../../platform/database/rows';
import { spellTags } from '../tags/repository';
import { isTimeError, mergeCompletedAt, readCompletedAt } from './completed-at';
import { dateErrors, mergeDates } from './due';
import { absentFields, readLinks, readOnlyFields, type TaskFields } from './fields';
import { toTask } from './mapper';
import {
  completeOccurrence,
  completeOther,
  correctLastCompletion,
  isCompleted,
  isCurrent,
  isPassed,
  skipOccurrence,
  uncompleteOccurrence,
} from './occurrences';
import { moveNextTo, positionAtEnd, writePositions } from './position';
import { canBeDueOn, goesOn, hasRule, isRecurring, mergeRecurrence, type OccurrenceKey } from './recurrence';
import { readReminders, remindersFor } from './reminders';
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
type Optional<T> = { [F in keyof T]?: T[F] | undefined };

/** The body of a change, as the client sends it. */
type ChangeBody = Optional<Schemas['TaskPatch']>;

/** A change of the fields that a client can set. */
type Change = Omit<ChangeBody, (typeof readOnlyFields)[number] | 'completed'>;

type Resolved = { [F in keyof TaskFields]?: TaskFields[F] | undefined } & { completed_at?: Date | undefined };

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
  { completed_at: completed, ...body }: Change,
): Promise<Resolved | Invalid> {
  const completed_at = mergeCompletedAt(current, { ...body, completed_at: completed });
  const isMoved = body.project_id !== undefined || body.parent_id !== undefined;
  const target = isMoved ? await findParentAndProject(lane, current, body) : (current ?? absentFields);
  const dates = mergeDates(current ?? absentFields, body);
  const recurrence = mergeRecurrence(current ?? absentFields, body, dates);
  const reminders = body.reminders
    ? readReminders(body.reminders, dates.due_date)
    : current && (await remindersFor(lane, current, dates));
  const errors = [
    ...(isHierarchyError(target) ? [hierarchyError(target)] : []),
    ...dateErrors(dates),
    ...(isTimeError(completed_at) ? [completed_at] : []),
    ...(Array.isArray(recurrence) ? recurrence : []),
    ...(reminders && areErrors(reminders) ? reminders : []),
  ];
  if (
    isHierarchyError(target) ||
    Array.isArray(recurrence) ||
    isTimeError(completed_at) ||
    errors.length > 0
  ) {
    return { errors };
  }
  return {
    ...body,
    completed_at,
    ...recurrence,
    ...(body.title === undefined ? {} : { title: body.title.trim() }),
    ...(body.tags === undefined ? {} : { tags: await spellTags(lane, body.tags) }),
    links: body.links && readLinks(body.links),
    project_id: target.project_id,
    parent_id: target.parent_id,
    ...dates,
    reminders: (reminders ?? undefined) as Reminder[] | undefined,
  };
}

const completedContradiction: ValidationError = {
  pointer: '/completed',
  code: 'contradiction',
  detail: 'contradicts `status`',
};

/** True if `readReminders` returned validation errors instead of reminders. */
export function areErrors(
  reminders: readonly (Reminder | ValidationError)[],
): reminders is ValidationError[] {
  return reminders.some((each) => 'pointer' in each);
}

/** Creates a task. */
export async function createTask(
  lane: WritableLane,
  { id, status: spelled, completed, ...body }: Creation,
): Promise<TaskRow | Invalid | 'id-taken'> {
  const wanted = wantedStatus({ status: spelled, completed }, undefined, false) ?? absentFields.status;
  const contradicts = wanted === 'contradiction';
  const fields = await resolve(lane, null, contradicts ? body : { ...body, status: wanted });
  const errors = [
    ...(contradicts ? [completedContradiction] : []),
    ...('errors' in fields ? fields.errors : []),
  ];
  if ('errors' in fields || errors.length > 0) return { errors };
  // A recurring task that is created as completed is first created open. Then its first occurrence is completed.
  const completes = fields.status === 'completed' && fields.rrule !== null;
  const status = completes ? 'pending' : fields.status;
  const { completed_at } = fields;
  const task = {
    ...(fields as TaskFields),
    priority: fields.priority,
    status,
    id,
    completed_at: completes ? undefined : completed_at,
  } as NewTask;
  const row = await insertTask(lane, task, !completes);
  if (!row) return 'id-taken';
  return completes && isRecurring(row) ? completeOccurrence(lane, row, completed_at) : row;
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

/** The occurrence that a body names; undefined if it names none. */
function readKey({
  occurrence,
  occurrence_time,
}: Schemas['OccurrenceSkip']): OccurrenceKey | undefined | Invalid {
  if (occurrence !== undefined) return { due_date: occurrence, due_time: occurrence_time };
  if (occurrence_time === undefined) return undefined;
  const detail = 'requires `occurrence`';
  return { errors: [{ pointer: '/occurrence_time', code: 'contradiction', detail }] };
}

/** True if the fields reopen a recurring task whose last occurrence was completed. */
function reopens(current: TaskRow, { status, rrule }: Resolved): boolean {
  const opens = status !== undefined && isOpen(status);
  return opens && current.status === 'completed' && current.rrule !== null && rrule === current.rrule;
}

/**
 * Reads a change of a task: checks the read-only fields, and turns `completed` into a status. If the body has the
 * present version, the client knows the present task.
 */
function readChange(
  userId: string,
  current: TaskRow,
  body: ChangeBody,
): { wanted: Change; errors: ValidationError[] } {
  const { wanted, errors } = splitReadOnly(body, toTask(userId, current), readOnlyFields);
  const { completed, ...fields } = wanted;
  const status = wantedStatus(wanted, current.status, body.version === current.version);
  if (status !== 'contradiction') return { wanted: { ...fields, status }, errors: [...errors] };
  return { wanted: { ...fields, status: undefined }, errors: [...errors, completedContradiction] };
}

/** Changes the fields of a task that the body contains. */
export async function changeTask(lane: WritableLane, id: string, body: ChangeBody): Promise<TaskOutcome> {
  const current = await findTask(lane, id);
  if (!current) return 'not-found';
  const { wanted, errors } = readChange(lane.userId, current, body);
  const isRepeated = await isRepeat(lane, current, wanted);
  return applyChange(lane, current, isRepeated ? { ...wanted, ...repeated } : wanted, errors);
}

/** The fields that a repeated completion does not change. */
const repeated = {
  status: undefined,
  completed_at: undefined,
  due_date: undefined,
  due_time: undefined,
  start_date: undefined,
  start_time: undefined,
};

/** Applies a change. `found` are the validation errors that are already known. */
async function applyChange(
  lane: WritableLane,
  current: TaskRow,
  wanted: Change,
  found: readonly ValidationError[],
): Promise<TaskRow | Invalid> {
  const fields = await resolve(lane, current, wanted);
  const errors = [...found, ...('errors' in fields ? fields.errors : [])];
  if ('errors' in fields || errors.length > 0) return { errors };
  if (reopens(current, fields)) {
    const undone = await uncompleteOccurrence(lane, current);
    if (undone !== 'completion-changed') return applyChange(lane, undone, wanted, []);
  }
  const { completed_at } = fields;
  if (fields.status !== 'completed' || !isRecurring({ ...current, rrule: fields.rrule ?? null })) {
    const isCorrected = completed_at !== undefined && hasRule(current) && current.status === 'completed';
    if (isCorrected) await correctLastCompletion(lane, current, completed_at);
    return updateTask(lane, current, fields, { isLast: true });
  }
  const row = await updateTask(lane, current, { ...fields, status: undefined, completed_at: undefined });
  return isRecurring(row) ? completeOccurrence(lane, row, completed_at) : row;
}

/**
 * Completes a task or its current occurrence, or undoes that. If `completed` is absent, a recurring task goes on to its
 * next occurrence, and any other task toggles between completed and pending.
 */
export async function completeTask(
  lane: WritableLane,
  id: string,
  { completed, completed_at, ...body }: Partial<Schemas['TaskCompletion']> = {},
): Promise<TaskOutcome | 'completion-changed'> {
  const current = await findTask(lane, id);
  if (!current) return 'not-found';
  const wanted = completed ?? (isRecurring(current) || current.status !== 'completed');
  const time = readCompletedAt(completed_at);
  if (isTimeError(time)) return { errors: [time] };
  const key = readKey(body);
  if (key && 'errors' in key) return key;
  if (completed_at != null && !wanted) {
    const detail = 'requires that `completed` is true';
    return { errors: [{ pointer: '/completed_at', code: 'contradiction', detail }] };
  }
  if (key !== undefined && !isCurrent(current, key)) {
    if (await isCompleted(lane, current, key)) {
      return wanted ? current : uncompleteOccurrence(lane, current, key);
    }
    if (!hasRule(current) || !canBeDueOn(current, key)) {
      const detail = 'must be a due date of the task, with its time for an hourly rule';
      return { errors: [{ pointer: '/occurrence', code: 'not-allowed', detail }] };
    }
    return wanted ? completeOther(lane, current, key, time) : current;
  }
  if (wanted) {
    if (isRecurring(current)) return completeOccurrence(lane, current, time);
    if (current.status === 'completed') return current;
    return updateTask(lane, current, { status: 'completed', completed_at: time }, { isLast: true });
  }
  if (current.rrule !== null) return uncompleteOccurrence(lane, current, key);
  return current.status === 'completed'
    ? updateTask(lane, current, { status: 'pending' }, { isLast: true })
    : current;
}

/**
 * Moves a recurring task to its next occurrence without completing the current one. If the body has an `occurrence` that
 * the task has passed, nothing changes.
 */
export async function skipTask(
  lane: WritableLane,
  id: string,
  body: Schemas['OccurrenceSkip'] = {},
): Promise<TaskOutcome | 'not-recurring'> {
  const current = await findTask(lane, id);
  if (!current) return 'not-found';
  const key = readKey(body);
  if (key && 'errors' in key) return key;
  if (key !== undefined && hasRule(current)) {
    if (!isCurrent(current, key)) {
      if (isPassed(current, key) || (await isCompleted(lane, current, key))) return current;
      const detail = 'must not be after the due date of the task';
      return { errors: [{ pointer: '/occurrence', code: 'not-allowed', detail }] };
    }
    if (!goesOn(current)) return current;
  }
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

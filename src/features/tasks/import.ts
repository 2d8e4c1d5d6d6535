/** Tasks from an imported file: validates them, and creates many at once. */
import { generateKeyBetween } from 'fractional-indexing';
import { distanceBetween, shiftPoint } from '../../domain/recurrence/point';
import { instantOf } from '../../domain/time/instant';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import type { WritableLane } from '../../platform/database/lane';
import type { Reminder } from '../../platform/database/rows';
import { spellAll } from '../tags/repository';
import { areErrors } from './commands';
import { futureErrors, isTimeError, readCompletedAt } from './completed-at';
import { type DatesAt, dateErrors, mergeDates, remindersLeft } from './due';
import { absentFields, plainFieldsOf, readLinks } from './fields';
import { mergeRecurrence, type Recurrence } from './recurrence';
import { readReminders } from './reminders';
import { type ImportedTask, insertTasks, restoreImported } from './write';

/** A task from a file that is valid by itself. Its project and parent are not checked yet. */
export type TaskDraft = Omit<ImportedTask, 'project_id' | 'position'> & {
  /** Undefined: the project of its parent. */
  readonly project_id: string | null | undefined;
  readonly position: string | undefined;
  /** The project in the trash with which a task in the trash was deleted. */
  readonly deleted_with_project: string | null;
};

function isPosition(text: string): boolean {
  try {
    generateKeyBetween(text, null);
    return true;
  } catch {
    return false;
  }
}

function contradiction(field: string, detail: string): ValidationError {
  return { pointer: `/${field}`, code: 'contradiction', detail };
}

/** The contradictions between the fields of a task that is valid by the schema. */
function contradictionsIn(
  value: Schemas['TaskImport'],
  dates: DatesAt,
  isTrashed: boolean,
): ValidationError[] {
  const errors = dateErrors(dates);
  if (value.completed_at != null && value.status !== 'completed') {
    errors.push(contradiction('completed_at', 'requires the status completed'));
  }
  for (const field of ['recurrence_start', 'recurrence_start_time', 'recurrence_due'] as const) {
    if (value[field] != null && value.rrule == null) errors.push(contradiction(field, 'requires `rrule`'));
  }
  if (value.position != null && !isPosition(value.position)) {
    errors.push({
      pointer: '/position',
      code: 'wrong-format',
      detail: 'must be a position from an export',
    });
  }
  for (const field of ['deleted_at', 'deleted_with'] as const) {
    if (isTrashed && value[field] == null)
      errors.push({ pointer: `/${field}`, code: 'required', detail: 'is required' });
  }
  for (const field of ['deleted_at', 'deleted_with', 'deleted_with_project'] as const) {
    if (!isTrashed && value[field] != null)
      errors.push(contradiction(field, 'is allowed only for tasks in the trash'));
  }
  if (isTrashed && value.deleted_at != null) {
    errors.push(...futureErrors('/deleted_at', new Date(value.deleted_at)));
  }
  if (isTrashed && value.deleted_with_project != null && value.deleted_with !== value.id) {
    errors.push(contradiction('deleted_with_project', 'requires that `deleted_with` is the task itself'));
  }
  return errors;
}

/**
 * The due date of the first occurrence. If the file does not have it, all occurrences have the distance between start and
 * due date that the current one has.
 */
function recurrenceDue(
  { recurrence_start, recurrence_due }: Schemas['TaskImport'],
  recurrence: Recurrence,
): string | null {
  const { recurrence_start: start, recurrence_due: due } = recurrence;
  if (recurrence_due != null || recurrence_start == null || start === null || due === null) {
    return recurrence_due ?? due;
  }
  return shiftPoint(recurrence_start, distanceBetween(start, due));
}

/**
 * Reads a task that the schema accepts.
 * @param completionCount the number of completions since the current recurrence rule was set
 * @returns the task, or validation errors with pointers into the task
 */
export function readTask(
  value: Schemas['TaskImport'] & { id: string },
  { isTrashed, completionCount = 0 }: { isTrashed: boolean; completionCount?: number },
): TaskDraft | ValidationError[] {
  const dates = mergeDates(absentFields, value);
  const recurrence = mergeRecurrence(
    absentFields,
    { ...value, repeat_from: value.repeat_from ?? undefined },
    dates,
  );
  // Reminders before a missing due date are no errors, because old exports contain some.
  const reminders = readReminders(value.reminders ?? [], undefined);
  const completed_at = readCompletedAt(value.completed_at);
  const errors = [
    ...contradictionsIn(value, dates, isTrashed),
    ...(isTimeError(completed_at) ? [completed_at] : []),
    ...(Array.isArray(recurrence) ? recurrence : []),
    ...(areErrors(reminders) ? reminders : []),
  ];
  if (errors.length > 0 || Array.isArray(recurrence) || isTimeError(completed_at)) return errors;
  return {
    ...plainFieldsOf(value),
    id: value.id,
    title: value.title.trim(),
    priority: value.priority ?? undefined,
    project_id: value.project_id,
    parent_id: value.parent_id ?? null,
    ...dates,
    ...recurrence,
    recurrence_start: value.recurrence_start ?? recurrence.recurrence_start,
    recurrence_start_time:
      recurrence.recurrence_start_time && (value.recurrence_start_time ?? recurrence.recurrence_start_time),
    recurrence_due: recurrenceDue(value, recurrence),
    completion_count: recurrence.rrule === null ? 0 : completionCount,
    links: readLinks(value.links ?? []),
    reminders: remindersLeft(reminders as Reminder[], dates.due_date),
    position: value.position ?? undefined,
    completed_at,
    created_at: instantOf(value.created_at),
    deleted_at: instantOf(value.deleted_at) ?? null,
    deleted_with: value.deleted_with ?? null,
    deleted_with_project: value.deleted_with_project ?? null,
  };
}

/**
 * Creates tasks whose projects and parents exist; a parent can also be one of the tasks.
 * @param trashed the ids of tasks that are in the trash; they are restored with the values of the file
 * @returns the ids of the written tasks
 */
export async function importTasks(
  lane: WritableLane,
  tasks: readonly ImportedTask[],
  trashed: ReadonlySet<string>,
): Promise<string[]> {
  const tags = await spellAll(
    lane,
    tasks.map((task) => task.tags),
  );
  const spelled = tasks.map((task, index) => ({ ...task, tags: tags[index] as string[] }));
  const inserted = await insertTasks(
    lane,
    spelled.filter(({ id }) => !trashed.has(id)),
  );
  // The parent of a restored task can be a new one.
  const restored = await restoreImported(
    lane,
    spelled.filter(({ id }) => trashed.has(id)),
  );
  return [...inserted, ...restored].map(({ id }) => id);
}

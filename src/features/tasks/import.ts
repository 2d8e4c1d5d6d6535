/** Tasks that come from a file: which make sense, and making them as a set. */
import { generateKeyBetween } from 'fractional-indexing';
import { instantOf } from '../../domain/time/instant';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import type { WritableLane } from '../../platform/database/lane';
import type { Reminder } from '../../platform/database/rows';
import { spellAll } from '../tags/repository';
import { areFaults, dueFaults, nothing } from './commands';
import { dueAt, mergeDue, remindersLeft } from './due';
import { mergeRecurrence } from './recurrence';
import { armImported, readReminders } from './reminders';
import { type ImportedTask, insertTasks } from './repository';

/** A task from a file that makes sense by itself; its place is still to be found. */
export type TaskDraft = Omit<ImportedTask, 'project_id' | 'position'> & {
  /** Undefined: where its parent is. */
  readonly project_id: string | null | undefined;
  readonly position: string | undefined;
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

/** What the fields of a task that the schema takes have against each other. */
function faultsOf(value: Schemas['TaskImport'], isTrashed: boolean): ValidationError[] {
  const faults = dueFaults(mergeDue(nothing, value));
  if (value.completed_at != null && value.status !== 'completed') {
    faults.push(contradiction('completed_at', 'requires the status completed'));
  }
  if (value.recurrence_start != null && value.rrule == null) {
    faults.push(contradiction('recurrence_start', 'requires `rrule`'));
  }
  if (value.position != null && !isPosition(value.position)) {
    faults.push({
      pointer: '/position',
      code: 'wrong-format',
      detail: 'must be a position from an export',
    });
  }
  for (const field of ['deleted_at', 'deleted_with'] as const) {
    if (isTrashed && value[field] == null)
      faults.push({ pointer: `/${field}`, code: 'required', detail: 'is required' });
    if (!isTrashed && value[field] != null)
      faults.push(contradiction(field, 'is allowed only for tasks in the trash'));
  }
  return faults;
}

/**
 * A task that the schema takes, or what is wrong with it; the pointers are into it.
 * @param completionCount how often it was completed by its rule
 */
export function readTask(
  value: Schemas['TaskImport'] & { id: string },
  { isTrashed, completionCount = 0 }: { isTrashed: boolean; completionCount?: number },
): TaskDraft | ValidationError[] {
  const due = mergeDue(nothing, value);
  const recurrence = mergeRecurrence(
    nothing,
    { ...value, repeat_from: value.repeat_from ?? undefined },
    due.due_date,
  );
  // Those before a due date that is none are no fault: exports of before have some.
  const reminders = readReminders(value.reminders ?? [], undefined);
  const faults = [
    ...faultsOf(value, isTrashed),
    ...(Array.isArray(recurrence) ? recurrence : []),
    ...(areFaults(reminders) ? reminders : []),
  ];
  if (faults.length > 0 || Array.isArray(recurrence)) return faults;
  return {
    id: value.id,
    title: value.title.trim(),
    description: value.description ?? null,
    status: value.status ?? 'pending',
    priority: value.priority ?? undefined,
    project_id: value.project_id,
    parent_id: value.parent_id ?? null,
    tags: value.tags ?? [],
    ...due,
    due_at: dueAt(due),
    ...recurrence,
    recurrence_start: value.recurrence_start ?? recurrence.recurrence_start,
    completion_count: recurrence.rrule === null ? 0 : completionCount,
    reminders: remindersLeft(reminders as Reminder[], due.due_date),
    position: value.position ?? undefined,
    completed_at: instantOf(value.completed_at),
    created_at: instantOf(value.created_at),
    deleted_at: instantOf(value.deleted_at) ?? null,
    deleted_with: value.deleted_with ?? null,
  };
}

/** Makes tasks whose places there are, parents before or with their subtasks. @returns the ids of those that it made */
export async function importTasks(lane: WritableLane, tasks: readonly ImportedTask[]): Promise<string[]> {
  const tags = await spellAll(
    lane,
    tasks.map((task) => task.tags),
  );
  const rows = await insertTasks(
    lane,
    tasks.map((task, index) => ({ ...task, tags: tags[index] as string[] })),
  );
  await armImported(lane, rows);
  return rows.map(({ id }) => id);
}

import { parseRule } from '../../domain/recurrence/parse';
import type { Schemas } from '../../platform/contract/document/operations';
import type { CompletionRow, TaskRow } from '../../platform/database/rows';
import { toCompletion } from '../completions/mapper';
import { toTask } from '../tasks/mapper';
import type { ListedTask } from '../tasks/repository';

// A rule's value is a list of parts, whatever their case.
const countPart = /(^|;)(COUNT)=\d+/i;

/**
 * A task for files without records of completions: where COUNT counts those, it is as many as are left, at least the
 * one that can be taken back.
 */
export function toTaskAlone(row: ListedTask): Schemas['Task'] {
  const task = toTask(row);
  const rule = row.repeat_from === 'schedule' || row.rrule === null ? [] : parseRule(row.rrule);
  if (row.rrule === null || Array.isArray(rule) || rule.count === null) return task;
  const left = Math.max(1, rule.count - row.completion_count);
  return { ...task, rrule: row.rrule.replace(countPart, `$1$2=${left}`) };
}

/** A task in the trash as the contract has it. */
export function toTrashedTask(row: TaskRow): Schemas['TrashedTask'] {
  return {
    ...toTask(row),
    deleted_at: (row.deleted_at as Date).toISOString(),
    deleted_with: row.deleted_with as string,
  };
}

/** The record of a completed occurrence, with what it takes to take that back. */
export function toExportedCompletion(row: CompletionRow): Schemas['ExportedCompletion'] {
  const { rrule, status, next_due_date } = row;
  // Earlier releases kept their versions too.
  const reopened = row.reopened.map(({ id, status, completed_at }) => ({ id, status, completed_at }));
  return { ...toCompletion(row), rrule, status, next_due_date, reopened };
}

import { toCompletion } from '../completions/mapper';
import type { Schemas } from '../contract/operations';
import type { CompletionRow, TaskRow } from '../database/rows';
import { toTask } from '../tasks/mapper';

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

import { parseRule } from '../../domain/recurrence/parse';
import type { Schemas } from '../../platform/contract/document/operations';
import type { CompletionRow, TaskRow } from '../../platform/database/rows';
import { toCompletion } from '../completions/mapper';
import { toTask } from '../tasks/mapper';
import type { ListedTask } from '../tasks/repository';

// The part COUNT in the value of a rule.
const countPart = /(^|;)(COUNT)=\d+/i;

/**
 * Maps a task to the schema `Task` for a file without completions. If the COUNT of its rule counts completions, it
 * becomes the number that is left, at least 1.
 */
export function toTaskAlone(userId: string, row: ListedTask): Schemas['Task'] {
  const task = toTask(userId, row);
  const rule = row.repeat_from === 'schedule' || row.rrule === null ? [] : parseRule(row.rrule);
  if (row.rrule === null || Array.isArray(rule) || rule.count === null) return task;
  const left = Math.max(1, rule.count - row.completion_count);
  return { ...task, rrule: row.rrule.replace(countPart, `$1$2=${left}`) };
}

/** Maps a task in the trash to the schema `TrashedTask`. */
export function toTrashedTask(userId: string, row: TaskRow): Schemas['TrashedTask'] {
  return {
    ...toTask(userId, row),
    deleted_at: (row.deleted_at as Date).toISOString(),
    deleted_with: row.deleted_with as string,
  };
}

/** Maps a completion to the schema `ExportedCompletion`, with the fields that are needed to undo it. */
export function toExportedCompletion(userId: string, row: CompletionRow): Schemas['ExportedCompletion'] {
  const { rrule, status, next_due_date, next_due_time, moved, advanced, recorded_at } = row;
  // Rows from earlier releases also contain versions, which are left out.
  const reopened = row.reopened.map(({ id, status, completed_at }) => ({ id, status, completed_at }));
  return {
    ...toCompletion(userId, row),
    ...{ rrule, status, next_due_date, next_due_time, reopened, moved, advanced },
    recorded_at: recorded_at.toISOString(),
  };
}

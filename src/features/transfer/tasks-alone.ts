/** Tasks for files without completions: CSV, iCalendar and calendar feeds. */
import { parseRule } from '../../domain/recurrence/parse';
import type { Schemas } from '../../platform/contract/document/operations';
import type { Lane } from '../../platform/database/lane';
import { allCompletedAhead, type CompletedAhead } from '../completions/repository';
import { toTask } from '../tasks/mapper';
import { excludedWith } from '../tasks/recurrence';
import { type ListedTask, listTasks, type TaskFilter } from '../tasks/repository';
import { byId } from './pages';

/** A task with its due dates that were completed before it reached them. */
export type TaskAlone = ListedTask & { readonly ahead: readonly CompletedAhead[] };

/** A page of tasks, by id. */
export async function listTasksAlone(
  lane: Lane,
  filter: TaskFilter,
  after: string[] | null,
  limit: number,
): Promise<TaskAlone[]> {
  const rows = await listTasks(lane, { filter, order: byId, after, limit });
  const ahead = await allCompletedAhead(lane, rows);
  return rows.map((row) => ({ ...row, ahead: ahead.get(row.id) ?? [] }));
}

// The part `COUNT` of a recurrence rule.
const countPart = /(^|;)(COUNT)=\d+/i;

/**
 * Maps a task to the schema `Task` for a file without completions. Occurrences that were completed ahead of time are
 * excluded dates. If the COUNT of the rule counts completions, it becomes the number that is left, at least 1.
 */
export function toTaskAlone(userId: string, { ahead, ...row }: TaskAlone): Schemas['Task'] {
  const task = { ...toTask(userId, row), excluded_dates: excludedWith(row, ahead) };
  const rule = row.repeat_from === 'schedule' || row.rrule === null ? [] : parseRule(row.rrule);
  if (row.rrule === null || Array.isArray(rule) || rule.count === null) return task;
  const left = Math.max(1, rule.count - row.completion_count);
  return { ...task, rrule: row.rrule.replace(countPart, `$1$2=${left}`) };
}

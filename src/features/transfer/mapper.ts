import type { Schemas } from '../../platform/contract/document/operations';
import type { CompletionRow } from '../../platform/database/rows';
import { toCompletion } from '../completions/mapper';
import type { PurgedCompletion } from '../completions/repository';
import { toProject } from '../projects/mapper';
import { toTask } from '../tasks/mapper';
import type { TrashedProjectRow } from '../trash/projects';
import type { TrashedRow } from './repository';

/** Maps a task in the trash to the schema `TrashedTask`. */
export function toTrashedTask(userId: string, row: TrashedRow): Schemas['TrashedTask'] {
  return {
    ...toTask(userId, row),
    deleted_at: (row.deleted_at as Date).toISOString(),
    deleted_with: row.deleted_with as string,
    deleted_with_project: row.deleted_with_project,
  };
}

/** Maps a project in the trash to the schema `TrashedProject`. */
export function toTrashedProject(userId: string, row: TrashedProjectRow): Schemas['TrashedProject'] {
  return { ...toProject(userId, row), deleted_at: row.deleted_at.toISOString() };
}

/** Maps the completions of a purged task to the schema `PurgedCompletion`. */
export function toPurgedCompletion({
  task_id,
  completed_at,
  count,
}: PurgedCompletion): Schemas['PurgedCompletion'] {
  return { task_id, completed_at: completed_at.toISOString(), count };
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

/** Duplicates tasks. */
import { v7 as uuidv7 } from 'uuid';
import type { Schemas } from '../../platform/contract/document/operations';
import { chunksOf } from '../../platform/database/chunks';
import type { WritableLane } from '../../platform/database/lane';
import type { TaskRow } from '../../platform/database/rows';
import type { TaskOutcome } from './commands';
import { copiedFieldsOf } from './fields';
import { moveNextTo, writePositions } from './position';
import { findTask, findTasks, taskWithId } from './repository';
import { levelsBelow } from './tree';
import { type ImportedTask, insertTasks, tasksInStatement } from './write';

const mostCopies = 1_000;

/** A copy of a task. `ids` has the ids of the copies by the ids of their tasks. */
function copyOf(row: TaskRow, ids: ReadonlyMap<string, string>, position: string): ImportedTask {
  return {
    ...copiedFieldsOf(row),
    id: ids.get(row.id) as string,
    parent_id: row.parent_id === null ? null : (ids.get(row.parent_id) ?? row.parent_id),
    status: 'pending',
    position,
    completed_at: null,
    created_at: undefined,
    deleted_at: null,
    deleted_with: null,
  };
}

/** Creates a copy of a task, directly after the task. With `subtasks`, it copies the subtasks at all levels too. */
export async function duplicateTask(
  lane: WritableLane,
  id: string,
  { id: copyId, subtasks }: { readonly id: string } & Pick<Schemas['TaskDuplication'], 'subtasks'>,
): Promise<TaskOutcome | 'id-taken'> {
  const task = await findTask(lane, id);
  if (!task) return 'not-found';
  // The copies of subtasks would otherwise come below the task that has the id.
  if ((await taskWithId(lane, copyId)).entity) return 'id-taken';

  const below = subtasks ? (await levelsBelow(lane, id)).flat() : [];
  if (below.length >= mostCopies) {
    const detail = `must be false, because the task has more than ${mostCopies - 1} subtasks`;
    return { errors: [{ pointer: '/subtasks', code: 'too-large', detail }] };
  }
  const rows = await findTasks(
    lane,
    below.map((each) => each.id),
  );
  const ids = new Map([[id, copyId], ...below.map((each): [string, string] => [each.id, uuidv7()])]);
  const { position, others } = await moveNextTo(lane, 'tasks', { id: copyId, position: '' }, task, 'after');
  // The levels are in order, so that the copy of a parent exists before the copies below it.
  const rowsById = new Map(rows.map((row) => [row.id, row]));
  const ordered = below.map((each) => rowsById.get(each.id) as TaskRow);
  const copies = [copyOf(task, ids, position), ...ordered.map((row) => copyOf(row, ids, row.position))];
  const [copy] = await insertTasks(lane, copies.slice(0, 1));
  for (const chunk of chunksOf(copies.slice(1), tasksInStatement)) await insertTasks(lane, chunk);
  await writePositions(lane, 'tasks', others);
  return copy as TaskRow;
}

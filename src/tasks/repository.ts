import { type Position, pageAfter, type SortKey } from '../database/keyset';
import { differences, type Lane, type WritableLane } from '../database/lane';
import {
  type TaskPriority,
  type TaskRow,
  type TaskStatus,
  taskPriorities,
  taskStatuses,
} from '../database/rows';

/** What a task is made of by its owner. */
export interface TaskFields {
  title: string;
  description: string | null;
  status: TaskStatus;
  priority: TaskPriority;
}

/** Which tasks a list holds; what is absent does not narrow it. Bounds of time are exclusive. */
export interface TaskFilter {
  status?: readonly TaskStatus[] | undefined;
  priority?: readonly TaskPriority[] | undefined;
  createdAfter?: Date | undefined;
  createdBefore?: Date | undefined;
  updatedAfter?: Date | undefined;
  updatedBefore?: Date | undefined;
}

export interface TaskPageRequest {
  filter: TaskFilter;
  order: readonly SortKey[];
  after: Position | null;
  limit: number;
}

function ranks<T>(all: readonly T[], some: readonly T[]): number[] {
  return some.map((each) => all.indexOf(each) + 1);
}

function filtered(lane: Lane, filter: TaskFilter) {
  const query = lane.rows('tasks');
  if (filter.status) query.whereIn('status_rank', ranks(taskStatuses, filter.status));
  if (filter.priority) query.whereIn('priority_rank', ranks(taskPriorities, filter.priority));
  if (filter.createdAfter) query.where('created_at', '>', filter.createdAfter);
  if (filter.createdBefore) query.where('created_at', '<', filter.createdBefore);
  if (filter.updatedAfter) query.where('updated_at', '>', filter.updatedAfter);
  if (filter.updatedBefore) query.where('updated_at', '<', filter.updatedBefore);
  return query;
}

/** A page of tasks in `order`, which ends with a unique column. */
export async function listTasks(lane: Lane, page: TaskPageRequest): Promise<TaskRow[]> {
  return pageAfter(filtered(lane, page.filter), page.order, page.after).limit(page.limit);
}

/** How many tasks match the filter. */
export async function countTasks(lane: Lane, filter: TaskFilter): Promise<number> {
  const [row] = await filtered(lane, filter).count({ total: '*' });
  return Number(row?.total);
}

/** A task, or undefined if the lane has none with this id. */
export async function findTask(lane: Lane, id: string): Promise<TaskRow | undefined> {
  return lane.rows('tasks').where('id', id).first();
}

// Follows the status: set when the task becomes completed, kept while it is, null otherwise.
function completedAt(lane: WritableLane, status: TaskStatus, current?: TaskRow) {
  if (status !== 'completed') return null;
  return current?.completed_at ?? lane.now;
}

/** Makes a task, with the profile's default priority where it has none; undefined if the id is taken. */
export async function insertTask(
  lane: WritableLane,
  task: Omit<TaskFields, 'priority'> & { id: string; priority?: TaskPriority | undefined },
): Promise<TaskRow | undefined> {
  const { priority = lane.rows('profiles').select('default_priority') } = task;
  const [row] = await lane
    .insert('tasks', {
      ...task,
      priority,
      completed_at: completedAt(lane, task.status),
      created_at: lane.now,
      updated_at: lane.now,
    })
    .onConflict(['user_id', 'id'])
    .ignore()
    .returning('*');
  if (row) lane.changed({ type: 'task', id: row.id, action: 'created', fields: {} });
  return row;
}

/** Writes fields over a task, which then has a new version; the task as it is if none of them differs. */
export async function updateTask(
  lane: WritableLane,
  current: TaskRow,
  wanted: Partial<TaskFields>,
): Promise<TaskRow> {
  const fields = differences<TaskFields>(current, wanted);
  if (Object.keys(fields).length === 0) return current;
  const [row] = await lane
    .rows('tasks')
    .where('id', current.id)
    .update({
      ...wanted,
      completed_at: completedAt(lane, wanted.status ?? current.status, current),
      version: current.version + 1,
      updated_at: lane.now,
    } as object)
    .returning('*');
  if (!row) throw new Error(`The task ${current.id} vanished under the lane's lock.`);
  lane.changed({ type: 'task', id: row.id, action: 'updated', fields });
  return row;
}

/** Removes a task; false if the lane has none with this id. */
export async function deleteTask(lane: WritableLane, id: string): Promise<boolean> {
  const count = await lane.rows('tasks').where('id', id).delete();
  if (count > 0) lane.changed({ type: 'task', id, action: 'deleted', fields: {} });
  return count > 0;
}

/** The lists on the page whose tasks the user can order. */
import type { AppContext } from '@/lib/app-context';
import { focusTask } from '@/lib/rows';
import type { Task, TaskMove } from '@/lib/tasklane';
import { type Direction, stepOf, type TreeRow } from './tree';

export interface OrderedList {
  readonly rows: readonly TreeRow[];
  /** Whether a task can become a subtask. */
  readonly isTree: boolean;
}

const lists = new Map<string, OrderedList>();

/** Makes the rows of a group known. Returns a function that ends it. */
export function offerOrder(groupId: string, list: OrderedList): () => void {
  lists.set(groupId, list);
  return () => void (lists.get(groupId) === list && lists.delete(groupId));
}

export const orderedListOf = (taskId: string): OrderedList | undefined =>
  [...lists.values()].find(({ rows }) => rows.some(({ task }) => task.id === taskId));

/** Moves a task. In a list without a tree, it keeps its parent. */
export function moveTask(
  app: AppContext,
  task: Task,
  { parent_id, ...place }: TaskMove,
  isTree: boolean,
): void {
  const isElsewhere = isTree && parent_id !== task.parent_id;
  if (!isElsewhere && !place.after && !place.before) return;
  app.actions.move(task, isElsewhere ? { ...place, parent_id: parent_id ?? null } : place);
}

/** Moves a task by one step. Returns whether it can go there. */
export function stepTask(app: AppContext, task: Task, direction: Direction): boolean {
  const list = orderedListOf(task.id);
  if (!list || (!list.isTree && (direction === 'in' || direction === 'out'))) return false;
  const move = stepOf(list.rows, task.id, direction);
  if (!move) return false;
  moveTask(app, task, move, list.isTree);
  requestAnimationFrame(() => focusTask(task.id));
  return true;
}

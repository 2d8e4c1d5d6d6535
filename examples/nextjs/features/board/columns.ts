/** The columns of the board. */
import { priorities, priorityNames } from '@/features/tasks/commands';
import { nameOf } from '@/lib/actions';
import type { AppContext } from '@/lib/app-context';
import type { Task } from '@/lib/tasklane';
import type { Step } from '@/lib/undo';

export type Grouping = 'status' | 'priority';

export interface Column {
  readonly id: string;
  readonly title: string;
}

const statuses: readonly Column[] = [
  { id: 'pending', title: 'To do' },
  { id: 'in_progress', title: 'In progress' },
  { id: 'completed', title: 'Done' },
];

export const columnsOf: Readonly<Record<Grouping, readonly Column[]>> = {
  status: statuses,
  priority: priorities.map((id) => ({ id, title: priorityNames[id] })),
};

/** Puts a task into another column. */
export function moveToColumn(app: AppContext, task: Task, grouping: Grouping, column: Column): Step {
  if (grouping === 'priority') {
    const body = { priority: column.id as Task['priority'] };
    return app.actions.update([task], body, `Set the priority of ${nameOf([task])} to ${column.title}`);
  }
  if (column.id === 'completed') return app.actions.complete([task]);
  const status = column.id as Task['status'];
  return app.actions.update([task], { status }, `Moved ${nameOf([task])} to ${column.title}`);
}

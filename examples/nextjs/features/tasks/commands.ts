import { showUndo } from '@/features/undo/commands';
import { nameOf } from '@/lib/actions';
import { type AppContext, closeDetailsOf } from '@/lib/app-context';
import { type Command, hasTasks } from '@/lib/commands';
import { openDetails, openedTask } from '@/lib/router';
import { focusedRow, focusRow, focusTask, rowAfter } from '@/lib/rows';
import { clearMarks, selection, toggleMark } from '@/lib/selection';
import type { Task } from '@/lib/tasklane';
import { toggleComplete } from './complete';
import { stepTask } from './order';
import type { Direction } from './tree';

export const priorities = ['urgent', 'high', 'medium', 'low'] as const;
export const priorityNames: Record<Task['priority'], string> = {
  urgent: 'Urgent',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
};

export function deleteTasks(app: AppContext, tasks: readonly Task[]): void {
  const next = rowAfter(new Set(tasks.map(({ id }) => id)));
  closeDetailsOf(tasks);
  const step = app.actions.delete(tasks);
  clearMarks();
  if (next !== null) focusTask(next);
  showUndo(app, step);
}

const steps: readonly [direction: Direction, key: string, title: string][] = [
  ['up', 'ArrowUp', 'Move up'],
  ['down', 'ArrowDown', 'Move down'],
  ['in', 'ArrowRight', 'Make it a subtask of the task above'],
  ['out', 'ArrowLeft', 'Move it out of its parent'],
];

const isOpen = (): boolean => openedTask() !== null;
/** Moves the focus; open details follow it. */
function step(distance: number): void {
  focusRow(distance);
  if (isOpen()) openDetails(selection.get().focused);
}

const hasRow = (): boolean => focusedRow() !== undefined;

export const taskCommands: readonly Command[] = [
  {
    id: 'list.next',
    title: 'Next task',
    group: 'Tasks',
    keys: ['j', 'ArrowDown'],
    hidden: true,
    run: () => step(1),
  },
  {
    id: 'list.previous',
    title: 'Previous task',
    group: 'Tasks',
    keys: ['k', 'ArrowUp'],
    hidden: true,
    run: () => step(-1),
  },
  {
    id: 'task.open',
    title: 'Open the task',
    group: 'Tasks',
    keys: ['Enter'],
    when: hasRow,
    run: () => openDetails(selection.get().focused),
  },
  {
    id: 'task.mark',
    title: 'Select the task',
    group: 'Tasks',
    keys: ['x'],
    when: hasRow,
    run: () => {
      const { focused } = selection.get();
      if (focused !== null) toggleMark(focused);
    },
  },
  {
    id: 'list.escape',
    title: 'Close the details, or clear the selection',
    group: 'Tasks',
    keys: ['Escape'],
    hidden: true,
    when: () => isOpen() || selection.get().marked.size > 0,
    run: () => {
      if (selection.get().marked.size > 0) clearMarks();
      else {
        openDetails(null);
        focusRow();
      }
    },
  },
  {
    id: 'task.complete',
    title: 'Complete or reopen',
    group: 'Tasks',
    keys: ['e'],
    words: 'done finish tick mark',
    when: hasTasks,
    run: (app) => {
      toggleComplete(app, app.tasks());
      clearMarks();
    },
  },
  ...priorities.map(
    (priority, index): Command => ({
      id: `task.priority.${priority}`,
      title: `Priority: ${priorityNames[priority]}`,
      group: 'Tasks',
      keys: [String(index + 1)],
      when: hasTasks,
      run: (app) => {
        const tasks = app.tasks();
        app.actions.update(tasks, { priority }, `Set the priority of ${nameOf(tasks)}`);
      },
    }),
  ),
  ...steps.map(
    ([direction, key, title]): Command => ({
      id: `task.${direction}`,
      title,
      group: 'Tasks',
      keys: [`Alt+${key}`],
      words: 'order indent subtask',
      when: (app) => app.tasks().length === 1,
      run: (app) => {
        const [task] = app.tasks();
        if (task) stepTask(app, task, direction);
      },
    }),
  ),
  {
    id: 'task.delete',
    title: 'Delete',
    group: 'Tasks',
    keys: ['Backspace', 'Delete'],
    words: 'remove trash',
    when: hasTasks,
    run: (app) => deleteTasks(app, app.tasks()),
  },
];

import { showUndo } from '@/features/undo/commands';
import { nameOf } from '@/lib/actions';
import type { AppContext } from '@/lib/app-context';
import { deviceZone, sayDate, todayIn } from '@/lib/dates';
import type { Task } from '@/lib/tasklane';
import { linger, stopLingering } from './lingering';

const patienceMs = 6_000;

/** Completes tasks, or opens them again if all of them are completed. */
export function toggleComplete(app: AppContext, tasks: readonly Task[]): void {
  const open = tasks.filter(({ completed }) => !completed);
  if (open.length === 0) {
    stopLingering(tasks.map(({ id }) => id));
    showUndo(app, app.actions.reopen(tasks));
    return;
  }
  linger(open);
  const step = app.actions.complete(open);
  const [task] = open;
  const isRecurring = open.length === 1 && task?.rrule != null;
  showUndo(app, step, isRecurring ? `${step.label}. It repeats.` : step.label);
  if (isRecurring) sayNextDate(app, task, () => step);
}

/** Says the next date of a recurring task, as soon as the service has found it. */
function sayNextDate(
  app: AppContext,
  { id, due_date }: Task,
  step: () => Parameters<typeof showUndo>[1],
): void {
  const stop = app.lane.subscribe(() => {
    const task = app.lane.tasks.get(id);
    if (!task || task.due_date === due_date || task.completed || task.due_date === null) return;
    end();
    const zone = app.lane.profile.get()?.time_zone ?? deviceZone();
    showUndo(app, step(), `Completed ${nameOf([task])}. Next: ${sayDate(task.due_date, todayIn(zone))}`);
  });
  const timer = setTimeout(() => end(), patienceMs);
  function end() {
    clearTimeout(timer);
    stop();
  }
}

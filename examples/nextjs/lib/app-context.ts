/** What commands work with. */
import type { Actions } from './actions';
import { openDetails, openedTask } from './router';
import { selection } from './selection';
import type { LiveLane, Task } from './tasklane';

export interface AppContext {
  readonly lane: LiveLane;
  readonly actions: Actions;
  /** The tasks that a command changes: the marked ones, or else that of the focused row or of the details. */
  tasks(): readonly Task[];
}

const detailsId = (): string | null =>
  openedTask() ?? /^\/task\/([^/]+)$/.exec(location.pathname)?.[1] ?? null;

export function createAppContext(lane: LiveLane, actions: Actions): AppContext {
  return {
    lane,
    actions,
    tasks() {
      const { focused, marked } = selection.get();
      const isShown = (id: string) => document.querySelector(`[data-task="${CSS.escape(id)}"]`) !== null;
      const isInDetails = document.activeElement?.closest('aside') != null;
      const isRow = focused !== null && !isInDetails && isShown(focused);
      const ids = marked.size > 0 ? [...marked] : [isRow ? focused : detailsId()];
      return ids.flatMap((id) => (id === null ? [] : (lane.tasks.get(id) ?? [])));
    },
  };
}

/** Closes the details if they show one of these tasks. */
export function closeDetailsOf(tasks: readonly Task[]): void {
  if (tasks.some(({ id }) => id === openedTask())) openDetails(null);
}

/** What commands work with. */
import type { Actions } from './actions';
import { openDetails } from './router';
import { selection } from './selection';
import type { LiveLane, Task } from './tasklane';

export interface AppContext {
  readonly lane: LiveLane;
  readonly actions: Actions;
  /** The tasks that a command changes: the marked ones, or else that of the focused row or of the details. */
  tasks(): readonly Task[];
}

const detailsId = (): string | null => {
  const url = new URL(location.href);
  return url.searchParams.get('task') ?? /^\/task\/([^/]+)$/.exec(url.pathname)?.[1] ?? null;
};

export function createAppContext(lane: LiveLane, actions: Actions): AppContext {
  return {
    lane,
    actions,
    tasks() {
      const { focused, marked } = selection.get();
      const isShown = (id: string) => document.querySelector(`[data-task="${CSS.escape(id)}"]`) !== null;
      const ids =
        marked.size > 0 ? [...marked] : [focused !== null && isShown(focused) ? focused : detailsId()];
      return ids.flatMap((id) => (id === null ? [] : (lane.tasks.get(id) ?? [])));
    },
  };
}

/** Closes the details if they show one of these tasks. */
export function closeDetailsOf(tasks: readonly Task[]): void {
  if (tasks.some(({ id }) => id === new URL(location.href).searchParams.get('task'))) openDetails(null);
}

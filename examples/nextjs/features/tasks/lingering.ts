/** Completed tasks that still show for a moment, so that a slip is seen and the list does not jump. */
import { useMemo, useRef } from 'react';
import { createStore, useStore } from '@/lib/store';
import type { Task } from '@/lib/tasklane';

export const lingerMs = 1_200;

/** By id, the due date that was completed. */
const lingering = createStore<ReadonlyMap<string, string | null>>(new Map());

export function linger(tasks: readonly Task[]): void {
  lingering.set(new Map([...lingering.get(), ...tasks.map(({ id, due_date }) => [id, due_date] as const)]));
  setTimeout(() => stopLingering(tasks.map(({ id }) => id)), lingerMs);
}

export function stopLingering(ids: readonly string[]): void {
  const rest = [...lingering.get()].filter(([id]) => !ids.includes(id));
  if (rest.length < lingering.get().size) lingering.set(new Map(rest));
}

/** Whether a task was completed just now. */
export const useIsLingering = (taskId: string): boolean => useStore(lingering, (all) => all.has(taskId));

/** The tasks of a list, with those at their former places that were completed just now. `get` has the tasks as they are. */
export function useLingering(tasks: readonly Task[], get: (id: string) => Task | undefined): readonly Task[] {
  const before = useRef<readonly Task[]>([]);
  const staying = useStore(lingering);
  const shown = useMemo(() => {
    const ids = new Set(tasks.map(({ id }) => id));
    const result = [...tasks];
    for (const [index, { id }] of before.current.entries()) {
      if (ids.has(id) || !staying.has(id)) continue;
      const task = get(id);
      if (!task) continue;
      const earlier = before.current
        .slice(0, index)
        .findLast((each) => result.some((other) => other.id === each.id));
      result.splice(earlier ? result.findIndex((each) => each.id === earlier.id) + 1 : 0, 0, task);
    }
    return result.length === tasks.length ? tasks : result;
  }, [tasks, staying, get]);
  before.current = shown;
  return shown;
}

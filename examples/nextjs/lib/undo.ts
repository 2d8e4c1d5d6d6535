/** What the user has done in this tab, and how to take it back. */
import { createStore } from './store';
import type { Write } from './tasklane';

/** A write, and the write that takes it back after it was sent. */
export interface Reversible {
  readonly write: Write;
  readonly inverse: () => unknown;
}

/** One thing that the user did. */
export interface Step {
  /** In the past tense: `Completed “Water the plants”`. */
  readonly label: string;
  readonly done: readonly Reversible[];
}

const mostSteps = 100;

export const history = createStore<readonly Step[]>([]);

export const remember = (step: Step): void => history.set([...history.get(), step].slice(-mostSteps));

/** Takes back a step; without one, the last. Resolves to it, and to undefined if there is none. */
export async function takeBack(step = history.get().at(-1)): Promise<Step | undefined> {
  if (!step || !history.get().includes(step)) return undefined;
  history.set(history.get().filter((each) => each !== step));
  for (const { write, inverse } of [...step.done].reverse()) {
    // A write that was not sent yet disappears. Otherwise another one takes it back.
    if (!(await write.undo())) inverse();
  }
  return step;
}

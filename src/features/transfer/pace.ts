import { setImmediate as turn } from 'node:timers/promises';

// The maximum time between two turns of other work, plus the time of a single step.
const maxHeldMs = 20;

/** Creates a function to await between the steps of long work. It yields to the event loop at most every 20 ms. */
export function createPace(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < maxHeldMs) return;
    await turn();
    since = performance.now();
  };
}

import { setImmediate as turn } from 'node:timers/promises';

// After this time, the event loop gets a turn at the end of the current step.
const maxHeldMs = 20;

/** Creates a function to await between the steps of long work. It yields to the event loop if 20 ms have passed. */
export function createPace(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < maxHeldMs) return;
    await turn();
    since = performance.now();
  };
}

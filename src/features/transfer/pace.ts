import { setImmediate as turn } from 'node:timers/promises';

// The maximum time until the event loop runs other work, without the time of the current step.
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

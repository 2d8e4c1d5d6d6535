import { setImmediate as turn } from 'node:timers/promises';

// Others wait as long as this, and for what a single step takes.
const maxHeldMs = 20;

/** Makes what is awaited between the steps of long work: others get a turn when it has held the event loop for a while. */
export function createPace(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < maxHeldMs) return;
    await turn();
    since = performance.now();
  };
}

import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `condition` returns a truthy value, and returns it. Throws if there is none within `deadlineMs`. */
export async function until(condition, deadlineMs) {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`Not met within ${deadlineMs} ms: ${condition}`);
    await sleep(50);
  }
}

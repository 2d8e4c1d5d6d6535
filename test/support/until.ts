import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `condition` returns a truthy value, and returns it; fails after `deadlineMs`. */
export async function until<T>(
  condition: () => T | Promise<T>,
  deadlineMs = 10_000,
): Promise<Exclude<T, false | undefined | null>> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value) return value as Exclude<T, false | undefined | null>;
    if (performance.now() > deadline) throw new Error(`Not met within ${deadlineMs} ms: ${condition}`);
    await sleep(5);
  }
}

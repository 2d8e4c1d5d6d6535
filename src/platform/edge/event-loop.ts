/** Measures how late the timers of the event loop are. */

/** The last measurements. */
export interface EventLoop {
  /** The smaller one of the last two delays, in milliseconds: a single long task is no overload. */
  delayMs(): number;
  close(): void;
}

const intervalMs = 50;

/** Measures the delay 20 times per second. `onDelay` gets each delay, in milliseconds. */
export function watchEventLoop(onDelay: (ms: number) => void = () => undefined): EventLoop {
  let [before, last] = [0, 0];
  let due = performance.now() + intervalMs;
  const timer = setInterval(() => {
    const now = performance.now();
    before = last;
    last = Math.max(0, now - due);
    due = now + intervalMs;
    onDelay(last);
  }, intervalMs).unref();
  return {
    delayMs: () => Math.min(before, last),
    close: () => clearInterval(timer),
  };
}

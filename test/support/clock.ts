/** The timers that stay real, so that only the current date and time is faked. */
const timers = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;

/** Stops this process's clock at an instant until `jest.useRealTimers()`; the database's clock continues. */
export function stopClock(instant: string): void {
  jest.useFakeTimers({ now: new Date(instant), doNotFake: [...timers] });
}

/** Everything but what day and time it is: a service in the test's own process waits and times out as ever. */
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

/** Stops this process's clock at an instant, until `jest.useRealTimers()`; that of the database goes on. */
export function stopClock(instant: string): void {
  jest.useFakeTimers({ now: new Date(instant), doNotFake: [...timers] });
}

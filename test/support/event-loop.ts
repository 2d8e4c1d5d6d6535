/** How long work blocks the event loop, in milliseconds of the thread's CPU time, without other processes. */
export interface Blocking {
  /** The longest time without another turn of the event loop. */
  readonly longest: number;
  readonly total: number;
}

const milliseconds = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};

/** Measures how long `work` blocks the event loop. */
export async function measureBlocking(work: () => Promise<unknown>): Promise<Blocking> {
  const began = milliseconds();
  let [last, longest, done] = [began, 0, false];
  const look = () => {
    const now = milliseconds();
    longest = Math.max(longest, now - last);
    last = now;
    if (!done) setImmediate(look);
  };
  setImmediate(look);
  try {
    await work();
  } finally {
    done = true;
  }
  look();
  return { longest, total: milliseconds() - began };
}

/** How long work holds the event loop, in milliseconds of the thread's own CPU: what else the machine does is left out. */
export interface Held {
  /** The longest that nothing else had a turn. */
  readonly longest: number;
  readonly total: number;
}

const milliseconds = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};

/** Measures some work. */
export async function heldBy(work: () => Promise<unknown>): Promise<Held> {
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

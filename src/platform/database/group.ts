/**
 * Groups the writes of a lane that wait in this process, so that they share a transaction. A lane has one writer at a
 * time anyway, and a commit costs more than a small write.
 */
import { PoolBusy } from './shares';

// Each waiting write takes memory.
const longestQueue = 100;
/** The most writes that share a transaction. */
const largestGroup = 32;

interface Waiting<W, R> {
  readonly write: W;
  /** Ends its wait, when its group starts. */
  readonly timer: NodeJS.Timeout;
  resolve(result: Promise<R>): void;
}

export interface Groups<W, R> {
  /**
   * Runs a write of a lane, together with those that wait for the same write to end.
   * @throws PoolBusy if the queue is full, or the wait was too long
   */
  run(userId: string, write: W): Promise<R>;
}

/**
 * Makes the groups. `runAll` runs writes of one lane, and returns one promise for each; it never runs twice at the same
 * time for a lane. A write waits at most `waitMs` for its group to start.
 */
export function createGroups<W, R>(
  runAll: (userId: string, writes: readonly W[]) => readonly Promise<R>[],
  waitMs: number,
): Groups<W, R> {
  // A lane is here while a write of it runs.
  const queues = new Map<string, Waiting<W, R>[]>();

  function start(userId: string, writes: readonly W[]): readonly Promise<R>[] {
    const results = runAll(userId, writes);
    void Promise.allSettled(results).then(() => next(userId));
    return results;
  }

  function next(userId: string): void {
    const waiting = queues.get(userId) ?? [];
    const group = waiting.splice(0, largestGroup);
    if (group.length === 0) {
      queues.delete(userId);
      return;
    }
    for (const { timer } of group) clearTimeout(timer);
    const results = start(
      userId,
      group.map(({ write }) => write),
    );
    for (const [index, { resolve }] of group.entries()) resolve(results[index] as Promise<R>);
  }

  /** Waits until the group of the write ends. */
  function wait(queue: Waiting<W, R>[], write: W): Promise<R> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(waiting), 1);
        reject(new PoolBusy(`Other writes of the lane took ${waitMs} ms.`));
      }, waitMs);
      const waiting = { write, timer, resolve };
      queue.push(waiting);
    });
  }

  return {
    async run(userId, write) {
      const queue = queues.get(userId);
      if (queue === undefined) {
        queues.set(userId, []);
        return start(userId, [write])[0] as Promise<R>;
      }
      if (queue.length >= longestQueue) throw new PoolBusy('Too many writes of the lane wait.');
      return wait(queue, write);
    },
  };
}

/** Reads of several jobs that begin together share a transaction, so that jobs that wake up together ask little. */
import type { System, WithSystem } from '../database/system';

interface WaitingRead {
  work(system: System): Promise<unknown>;
  resolve(result: unknown): void;
}

/**
 * Makes reads that begin in the same turn of the event loop share a transaction and a connection. If one of them fails, each
 * runs again alone, so that a job with a fault affects no other.
 */
export function shareReads({ read, write }: WithSystem): WithSystem {
  let waiting: WaitingRead[] = [];

  async function readTogether(reads: readonly WaitingRead[]): Promise<void> {
    try {
      const results = await read(async (system) => {
        // All works must end before the transaction does.
        const settled = await Promise.allSettled(reads.map(({ work }) => work(system)));
        return settled.map((each) => {
          if (each.status === 'rejected') throw each.reason;
          return each.value;
        });
      });
      for (const [index, { resolve }] of reads.entries()) resolve(results[index]);
    } catch {
      for (const { work, resolve } of reads) resolve(read(work));
    }
  }

  function send(): void {
    const reads = waiting;
    waiting = [];
    const [first, ...others] = reads as [WaitingRead, ...WaitingRead[]];
    if (others.length === 0) first.resolve(read(first.work));
    else void readTogether(reads);
  }

  return {
    write,
    read: (work) =>
      new Promise((resolve) => {
        waiting.push({ work, resolve: resolve as (result: unknown) => void });
        if (waiting.length === 1) setImmediate(send);
      }),
  };
}

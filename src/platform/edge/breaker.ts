/** A circuit breaker: after a failure, calls are not made until a probe succeeds. */

export interface BreakerOptions {
  /** Milliseconds that a call may take. */
  readonly deadlineMs: number;
  /** Milliseconds between a failure and the next probe. */
  readonly probeMs: number;
  /** Tries the service; one probe runs at a time. */
  probe(): Promise<unknown>;
  /** Called once for each change: with the failure, or with null when a probe succeeded. */
  onChange(failure: unknown): void;
}

export interface Breaker {
  /** Makes a call. Rejects at once while the circuit is open, and within `deadlineMs` in any case. */
  run<T>(call: () => Promise<T>): Promise<T>;
  /** Opens the circuit. */
  open(failure: unknown): void;
  /** Ends probing. */
  close(): void;
}

/** Rejects if a promise has not settled after so many milliseconds. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`There was no answer within ${ms} ms.`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const openCircuit = new Error('The circuit is open.');

/** Makes a breaker whose circuit is closed. */
export function createBreaker({ deadlineMs, probeMs, probe, onChange }: BreakerOptions): Breaker {
  let [isOpen, isEnded] = [false, false];
  let timer: NodeJS.Timeout | undefined;

  function schedule(): void {
    if (isEnded) return;
    timer = setTimeout(() => void attempt(), probeMs).unref();
  }

  async function attempt(): Promise<void> {
    try {
      // No deadline: an answer that comes late is an answer.
      await probe();
    } catch {
      return schedule();
    }
    if (isEnded) return;
    isOpen = false;
    onChange(null);
  }

  function open(failure: unknown): void {
    if (isOpen || isEnded) return;
    isOpen = true;
    onChange(failure);
    schedule();
  }

  return {
    async run(call) {
      if (isOpen) throw openCircuit;
      try {
        return await within(call(), deadlineMs);
      } catch (error) {
        open(error);
        throw error;
      }
    },
    open,
    close() {
      isEnded = true;
      clearTimeout(timer);
    },
  };
}

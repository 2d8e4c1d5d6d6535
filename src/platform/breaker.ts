/** A circuit breaker: after a failure, calls fail at once until a probe succeeds. */

export interface BreakerOptions {
  /** The longest time of a call, in milliseconds. */
  readonly deadlineMs: number;
  /** Milliseconds between a failure and the next probe. */
  readonly probeMs: number;
  /** Tests the service. One probe runs at a time. */
  probe(): Promise<unknown>;
  /** Called once per change of state: with the failure, or with null after a probe succeeded. */
  onChange(failure: unknown): void;
}

export interface Breaker {
  /** Makes a call. Rejects at once while the circuit is open, otherwise within `deadlineMs`. */
  run<T>(call: () => Promise<T>): Promise<T>;
  /** Opens the circuit. */
  open(failure: unknown): void;
  /** Whether calls fail at once. */
  isOpen(): boolean;
  /** Stops probing. */
  close(): void;
}

/** Rejects if the promise has not settled after `ms` milliseconds. */
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

/** Makes a breaker. Its circuit is closed. */
export function createBreaker({ deadlineMs, probeMs, probe, onChange }: BreakerOptions): Breaker {
  let [isOpen, isEnded] = [false, false];
  let timer: NodeJS.Timeout | undefined;

  function schedule(): void {
    if (isEnded) return;
    timer = setTimeout(() => void attempt(), probeMs).unref();
  }

  async function attempt(): Promise<void> {
    try {
      // No deadline: a late answer also shows that the service works.
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
    isOpen: () => isOpen,
    close() {
      isEnded = true;
      clearTimeout(timer);
    },
  };
}

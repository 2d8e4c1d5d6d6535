/** When a request is sent again, and when it ends. */
import { isProblem, TransportError } from './errors.js';

const longestPauseMs = 30_000;

/** The target of the events `online` and `offline`; undefined outside of browsers. */
export const networkEvents = (): EventTarget | undefined =>
  'onLine' in ((globalThis.navigator as Navigator | undefined) ?? {})
    ? (globalThis as unknown as EventTarget)
    : undefined;

/** Milliseconds until the next attempt, by the number of failures; random, so that clients do not all return at once. */
export function pauseAfter(retryMs: number, failures: number): number {
  return Math.min(longestPauseMs, retryMs * 2 ** failures) * (0.5 + Math.random() / 2);
}

/** Waits, at most until the browser is online again. @throws the signal's reason if the signal is aborted */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve) => {
    const network = networkEvents();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      network?.removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done);
    network?.addEventListener('online', done);
  });
  signal?.throwIfAborted();
}

const nameOf = (error: unknown): string | undefined => (error as Error | null)?.name;

/**
 * Whether the same request may succeed later: there was no token or no response, or a status that says so. The names are
 * compared because a program can contain this package twice.
 */
export function isTemporary(error: unknown): boolean {
  if (isProblem(error))
    return error.status === 429 || error.status >= 500 || error.code === 'request-in-flight';
  return nameOf(error) === 'TransportError' || nameOf(error) === 'NoTokenError';
}

/** Whether an answer says that the service did not carry the request out, and that it may do so later. */
function wasNotCarriedOut(error: unknown): boolean {
  return (
    isProblem(error) && (error.status === 429 || error.status === 503 || error.code === 'request-in-flight')
  );
}

/** Milliseconds until the time that the response names (RFC 9110, section 10.2.3); undefined if it names none. */
export function retryAfterMs(error: unknown): number | undefined {
  const header = isProblem(error) ? error.response.headers.get('Retry-After') : null;
  return header !== null && /^\d+$/.test(header) ? Number(header) * 1000 : undefined;
}

export interface RetryOptions {
  /** The largest number of further attempts. By default 3. */
  readonly retries?: number | undefined;
  /** Milliseconds until an attempt ends with `TransportError`. By default 30,000; 0 is no limit. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs an attempt that ends after `timeoutMs`, and when the signal is aborted. */
async function withTimeout<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  { timeoutMs = 30_000, signal }: RetryOptions,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', abort);
  const timer =
    timeoutMs > 0
      ? setTimeout(
          () => controller.abort(new TransportError(`No response within ${timeoutMs} ms.`)),
          timeoutMs,
        )
      : undefined;
  try {
    return await attempt(controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/**
 * Runs attempts until one succeeds. If `isRepeatable`, every temporary error leads to another attempt, otherwise only one
 * after which it is certain that the service did not carry the request out. Pauses are random, double with each attempt,
 * and are at least as long as `Retry-After`. @throws the last error
 */
export async function withRetries<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  isRepeatable: boolean,
  options: RetryOptions,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await withTimeout(attempt, options);
    } catch (error) {
      if (options.signal?.aborted || failures >= (options.retries ?? 3)) throw error;
      if (isRepeatable ? !isTemporary(error) || nameOf(error) === 'NoTokenError' : !wasNotCarriedOut(error))
        throw error;
      const wanted = retryAfterMs(error) ?? 0;
      if (wanted > longestPauseMs) throw error;
      await pause(Math.max(wanted, pauseAfter(500, failures)), options.signal);
    }
  }
}

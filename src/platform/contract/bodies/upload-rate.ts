/** Detects uploads that are too slow. */
import type { IncomingMessage } from 'node:http';

/** The minimum rate of an upload, and for how many milliseconds it may be below that rate. */
export interface UploadRate {
  readonly bytesPerSecond: number;
  readonly patienceMs: number;
}

// The number of checks within `patienceMs`.
const looks = 10;

/**
 * Calls `onSlow` once if the upload is below its minimum rate for longer than `patienceMs`. Fast parts compensate for
 * slow parts.
 * @returns a function that ends the watch
 */
export function watchRate(
  request: IncomingMessage,
  { bytesPerSecond, patienceMs }: UploadRate,
  onSlow: () => void,
): () => void {
  const { socket } = request;
  const intervalMs = patienceMs / looks;
  let [left, seen] = [patienceMs, socket.bytesRead];
  const timer = setInterval(() => {
    const bytes = socket.bytesRead - seen;
    seen += bytes;
    // Unread bytes wait in this process: the service is slow, not the client.
    if (request.readableLength > 0) return;
    left = Math.min(patienceMs, left - intervalMs + (bytes / bytesPerSecond) * 1_000);
    if (left > 0) return;
    clearInterval(timer);
    onSlow();
  }, intervalMs);
  return () => clearInterval(timer);
}

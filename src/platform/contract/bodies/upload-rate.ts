/** How slowly a body may come. */
import type { IncomingMessage } from 'node:http';

/** The least rate of a body, and for how long it may be behind. */
export interface UploadRate {
  readonly bytesPerSecond: number;
  readonly patienceMs: number;
}

// A body that is behind is noticed so many times within the patience for it.
const looks = 10;

/**
 * Watches a request while its body comes: each byte makes up for the time that it may take.
 * @returns what ends the watch
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
    // The client is not slow where it is us who do not read on.
    if (request.readableLength > 0) return;
    left = Math.min(patienceMs, left - intervalMs + (bytes / bytesPerSecond) * 1_000);
    if (left > 0) return;
    clearInterval(timer);
    onSlow();
  }, intervalMs);
  return () => clearInterval(timer);
}

/** When what was not taken is sent again. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

// Together about a day.
const pauses = [5 * second, minute, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 8 * hour, 8 * hour];
const longestAsked = hour;
const jitter = 0.2;

function jittered(ms: number): number {
  return Math.round(ms * (1 - jitter + 2 * jitter * Math.random()));
}

/**
 * Milliseconds until a delivery is tried again after `tries` attempts; null when it is given up.
 * @param asked milliseconds that the receiver wants to be left alone; heeded up to an hour
 */
export function pauseOfDelivery(tries: number, asked: number | null): number | null {
  const pause = pauses[tries - 1];
  return pause === undefined ? null : Math.max(jittered(pause), Math.min(asked ?? 0, longestAsked));
}

/** Milliseconds for which nothing is sent to an address that took nothing `failures` times in a row. */
export function pauseOfWebhook(failures: number, asked: number | null): number {
  const pause = pauses[Math.min(failures, 4) - 1] ?? 0;
  return Math.max(jittered(pause), Math.min(asked ?? 0, longestAsked));
}

/** A `Retry-After` header in milliseconds from now (RFC 9110, section 10.2.3); null if it says nothing. */
export function readRetryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  const ms = /^\d+$/.test(value) ? Number(value) * second : Date.parse(value) - now;
  return Number.isFinite(ms) && ms > 0 ? ms : null;
}

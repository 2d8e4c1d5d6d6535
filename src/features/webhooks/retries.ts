/** The pauses before failed deliveries are sent again. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

// The pauses take about a day together.
const pauses = [5 * second, minute, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 8 * hour, 8 * hour];
const longestAsked = hour;
const jitter = 0.2;

function jittered(ms: number): number {
  return Math.round(ms * (1 - jitter + 2 * jitter * Math.random()));
}

/**
 * The pause before the next attempt of a delivery, in milliseconds; null if there is no further attempt.
 * @param tries the number of attempts so far
 * @param asked the pause that the receiver asked for, in milliseconds; limited to an hour
 */
export function pauseOfDelivery(tries: number, asked: number | null): number | null {
  const pause = pauses[tries - 1];
  return pause === undefined ? null : Math.max(jittered(pause), Math.min(asked ?? 0, longestAsked));
}

/** The pause of a webhook, in milliseconds. `failures` counts the batches of deliveries in a row without a success. */
export function pauseOfWebhook(failures: number, asked: number | null): number {
  const pause = pauses[Math.min(failures, 4) - 1] ?? 0;
  return Math.max(jittered(pause), Math.min(asked ?? 0, longestAsked));
}

/**
 * A `Retry-After` header (RFC 9110, section 10.2.3) in milliseconds from now; null if it is absent, invalid or past.
 */
export function readRetryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  const ms = /^\d+$/.test(value) ? Number(value) * second : Date.parse(value) - now;
  return Number.isFinite(ms) && ms > 0 ? ms : null;
}

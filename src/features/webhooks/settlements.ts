/** Stores the results of a batch of deliveries, and ends the lease of its webhook. */
import type { WritableLane } from '../../platform/database/lane';
import type { AttemptRecord, WebhookDeliveryRow, WebhookRow } from '../../platform/database/rows';
import { type ColumnValues, update } from '../../platform/database/update';
import { inMs, pendingTests, reschedule } from './deliveries';
import { type DisableReason, disableWebhook, healthy, verifyWebhook } from './endpoints';
import { findLeased, type Lease } from './leases';
import { pauseOfDelivery, pauseOfWebhook } from './retries';

const keptAttempts = 10;
const failingDays = 5;
const dayMs = 86_400_000;

/** The result of one attempt of a delivery. */
export interface Settlement {
  /** The row of the delivery before the attempt. */
  readonly delivery: WebhookDeliveryRow;
  readonly attempt: AttemptRecord;
  /** The pause that the receiver asked for, in milliseconds. */
  readonly retryAfterMs: number | null;
}

const isSuccess = ({ status }: AttemptRecord) => status !== null && status >= 200 && status < 300;

function deliveryState(
  lane: WritableLane,
  tries: number,
  { attempt, retryAfterMs }: Settlement,
): ColumnValues<WebhookDeliveryRow> {
  if (isSuccess(attempt)) return { state: 'delivered', due_at: null, tries };
  const pause = attempt.status === 410 ? null : pauseOfDelivery(tries, retryAfterMs);
  return pause === null ? { state: 'failed', due_at: null, tries } : { due_at: inMs(lane, pause), tries };
}

async function settleDelivery(
  lane: WritableLane,
  current: WebhookDeliveryRow,
  settlement: Settlement,
): Promise<void> {
  // A delivery that was queued again during the attempt is sent again, for any result of the attempt.
  const isAsSent = current.due_at?.getTime() === settlement.delivery.due_at?.getTime();
  const attempts = [...current.attempts, settlement.attempt].slice(-keptAttempts);
  lane.stored(Buffer.byteLength(JSON.stringify(settlement.attempt)));
  await update(lane.rows('webhook_deliveries').where('id', current.id), {
    ...(isAsSent && deliveryState(lane, current.tries + 1, settlement)),
    attempt_count: current.attempt_count + 1,
    attempts: JSON.stringify(attempts) as never,
  });
}

/** The reason to disable a webhook after these attempts; null if there is none. */
async function disableReason(
  lane: WritableLane,
  webhook: WebhookRow,
  attempts: readonly AttemptRecord[],
): Promise<DisableReason | null> {
  if (webhook.disabled_at !== null) return null;
  if (attempts.some(({ status }) => status === 410)) return 'gone';
  if (attempts.length === 0 || attempts.some(isSuccess)) return null;
  if (webhook.verified_at === null) {
    const test = await pendingTests(lane, webhook.id).first('id');
    return test ? null : 'unverified';
  }
  const failing = await lane
    .rows('webhooks')
    .where('id', webhook.id)
    .where('failing_since', '<', inMs(lane, -failingDays * dayMs))
    .first('id');
  return failing ? 'failing' : null;
}

/** The columns that describe a webhook's health, after a batch of attempts. One success makes the webhook healthy. */
function endpointHealth(
  lane: WritableLane,
  webhook: WebhookRow,
  settlements: readonly Settlement[],
): ColumnValues<WebhookRow> {
  if (settlements.length === 0) return {};
  if (settlements.some(({ attempt }) => isSuccess(attempt))) return healthy;
  const failures = webhook.failures + 1;
  const asked = Math.max(...settlements.map(({ retryAfterMs }) => retryAfterMs ?? 0));
  return {
    failures,
    failing_since: webhook.failing_since ?? lane.now,
    paused_until: inMs(lane, pauseOfWebhook(failures, asked)),
  };
}

/** The results of a batch. */
export interface Outcome {
  readonly lease: Lease;
  /** The URL of the requests. The webhook can have another URL since then. */
  readonly sentTo: string;
  readonly settlements: readonly Settlement[];
  /** Milliseconds until the host can get more messages; 0 if it can now. */
  readonly waitMs: number;
}

/**
 * Stores the results of a batch and ends its lease. Nothing is stored if the lease has expired and another instance has
 * leased the webhook: that instance sends the same deliveries again.
 * @returns why the webhook was disabled; null if it was not
 */
export async function settle(
  lane: WritableLane,
  { lease, sentTo, settlements, waitMs }: Outcome,
): Promise<DisableReason | null> {
  const webhook = await findLeased(lane, lease);
  if (!webhook) return null;
  const ids = settlements.map(({ delivery }) => delivery.id);
  const current: WebhookDeliveryRow[] = await lane.rows('webhook_deliveries').whereIn('id', ids);
  await Promise.all(
    settlements.map((settlement) => {
      const row = current.find(({ id }) => id === settlement.delivery.id);
      return row && settleDelivery(lane, row, settlement);
    }),
  );
  const reason = await disableReason(
    lane,
    webhook,
    settlements.map(({ attempt }) => attempt),
  );
  await update(lane.rows('webhooks').where('id', webhook.id), {
    ...endpointHealth(lane, webhook, settlements),
    ...(waitMs > 0 && { paused_until: inMs(lane, waitMs) }),
    leased_until: null,
  });
  const confirmed = webhook.url === sentTo && settlements.some(({ attempt }) => isSuccess(attempt));
  if (confirmed && webhook.verified_at === null) await verifyWebhook(lane, webhook);
  if (reason) await disableWebhook(lane, webhook, reason);
  await reschedule(lane, webhook.id);
  return reason;
}

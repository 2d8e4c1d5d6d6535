/** The webhooks of a lane: their fields, secrets and states. */
import { type Position, pageAfter } from '../../platform/database/keyset';
import { differences, type Lane, lastValues, type WritableLane } from '../../platform/database/lane';
import type { WebhookRow } from '../../platform/database/rows';
import { type ColumnValues, update } from '../../platform/database/update';
import { queueVerification, reschedule } from './deliveries';

/** The fields of a webhook that its user sets. */
export interface WebhookFields {
  url: string;
  description: string | null;
  events: readonly string[];
  enabled: boolean;
}

/** All webhooks of the lane, the oldest first. */
export async function listWebhooks(lane: Lane): Promise<WebhookRow[]> {
  return lane.rows('webhooks').orderBy(['created_at', 'id']);
}

const byId = [{ column: 'id', direction: 'asc' }] as const;

/** A page of the lane's webhooks, in the order of their ids. */
export async function listWebhooksById(
  lane: Lane,
  after: Position | null,
  limit: number,
): Promise<WebhookRow[]> {
  return pageAfter(lane.rows('webhooks'), byId, after).limit(limit);
}

/** A webhook; undefined if the lane has none with this id. */
export async function findWebhook(lane: Lane, id: string): Promise<WebhookRow | undefined> {
  return lane.rows('webhooks').where('id', id).first();
}

/** Stores in the profile whether the lane has enabled webhooks, so that writes know whether to queue deliveries. */
async function updateDelivers(lane: WritableLane): Promise<void> {
  const enabled = lane.rows('webhooks').whereNull('disabled_at').select(lane.expression('count(*) > 0'));
  await update(lane.rows('profiles'), { delivers: enabled });
}

/** The health columns of a webhook without failures. */
export const healthy = { failures: 0, failing_since: null, paused_until: null };

/**
 * The values of a new webhook that its user does not set. `testId` is the id of the test that verifies its receiver.
 */
export interface NewWebhook {
  id: string;
  secret: string;
  testId: string;
}

/** Creates a webhook and queues a test that verifies its receiver. */
export async function insertWebhook(
  lane: WritableLane,
  { id, secret, enabled, events, testId, ...fields }: WebhookFields & NewWebhook,
): Promise<WebhookRow> {
  const [row] = await lane
    .insert('webhooks', {
      ...fields,
      id,
      secret,
      events: [...events],
      disabled_reason: enabled ? null : 'user',
      disabled_at: enabled ? null : lane.now,
      created_at: lane.now,
      updated_at: lane.now,
    })
    .returning('*');
  await updateDelivers(lane);
  if (enabled) await queueVerification(lane, id, testId);
  lane.changed({ type: 'webhook', id, action: 'created', fields: {} });
  return row as WebhookRow;
}

async function writeWebhook(
  lane: WritableLane,
  current: WebhookRow,
  columns: ColumnValues<WebhookRow>,
): Promise<WebhookRow> {
  const [row] = await update(lane.rows('webhooks').where('id', current.id), {
    ...columns,
    version: current.version + 1,
    updated_at: lane.now,
  }).returning('*');
  if (!row) throw new Error(`The webhook ${current.id} does not exist although its lane is locked.`);
  return row as WebhookRow;
}

/**
 * Updates fields of a webhook and raises its version. Returns the webhook unchanged if no field differs. After a
 * change of the URL, a test with the id `testId` verifies the new receiver before it gets anything else.
 */
export async function updateWebhook(
  lane: WritableLane,
  current: WebhookRow,
  { enabled, ...wanted }: { [F in keyof WebhookFields]?: WebhookFields[F] | undefined },
  testId: string,
): Promise<WebhookRow> {
  const was = { ...current, enabled: current.disabled_at === null } as WebhookFields;
  const fields = differences<WebhookFields>(was, { ...wanted, enabled });
  if (Object.keys(fields).length === 0) return current;
  const row = await writeWebhook(lane, current, {
    ...wanted,
    ...(fields.enabled && enabled && { disabled_reason: null, disabled_at: null }),
    ...(fields.enabled && !enabled && { disabled_reason: 'user', disabled_at: lane.now, due_at: null }),
    // Failures at another URL, or before the user enabled the webhook again, do not count.
    ...((fields.url || (fields.enabled && enabled)) && healthy),
    ...(fields.url && { verified_at: null }),
  });
  if (fields.enabled) await updateDelivers(lane);
  if (fields.enabled || fields.url) {
    if (row.verified_at === null && row.disabled_at === null)
      await queueVerification(lane, current.id, testId);
    await reschedule(lane, current.id);
  }
  const verifiedBefore = fields.url && current.verified_at;
  lane.changed({
    type: 'webhook',
    id: current.id,
    action: 'updated',
    fields: {
      ...fields,
      ...(fields.enabled &&
        differences<Pick<WebhookRow, 'disabled_reason'>>(current, { disabled_reason: row.disabled_reason })),
      ...(verifiedBefore && { verified_at: { from: verifiedBefore.toISOString(), to: null } }),
    },
  });
  return row;
}

/** Replaces the secret of a webhook. The previous secret stays valid for a time. */
export async function rotateSecret(
  lane: WritableLane,
  current: WebhookRow,
  secret: string,
): Promise<WebhookRow> {
  const columns = { secret, previous_secret: current.secret, secret_rotated_at: lane.now };
  const row = await writeWebhook(lane, current, columns);
  // The change records the time of the rotation, not the secret.
  const fields = differences(
    { secret_rotated_at: current.secret_rotated_at?.toISOString() ?? null },
    { secret_rotated_at: row.secret_rotated_at?.toISOString() ?? null },
  );
  lane.changed({ type: 'webhook', id: current.id, action: 'updated', fields });
  return row;
}

/** Removes a webhook with its deliveries. @returns false if the lane has none with this id */
export async function deleteWebhook(lane: WritableLane, id: string): Promise<boolean> {
  const fields = ['url', 'description', 'events'] as const;
  const [row] = await lane
    .rows('webhooks')
    .where('id', id)
    .delete([...fields]);
  if (!row) return false;
  await updateDelivers(lane);
  lane.changed({ type: 'webhook', id, action: 'deleted', fields: lastValues(row, fields) });
  return true;
}

/** Marks the receiver of a webhook as verified: it has accepted a message. */
export async function verifyWebhook(lane: WritableLane, current: WebhookRow): Promise<void> {
  const row = await writeWebhook(lane, current, { verified_at: lane.now });
  const to = (row.verified_at as Date).toISOString();
  const fields = { verified_at: { from: null, to } };
  lane.changed({ type: 'webhook', id: current.id, action: 'updated', fields });
}

/** Why the service disables a webhook. */
export type DisableReason = 'gone' | 'failing' | 'unverified';

/** Disables a webhook on the service's own decision. */
export async function disableWebhook(
  lane: WritableLane,
  webhook: WebhookRow,
  reason: DisableReason,
): Promise<void> {
  await writeWebhook(lane, webhook, { disabled_reason: reason, disabled_at: lane.now, due_at: null });
  await updateDelivers(lane);
  lane.changed({
    type: 'webhook',
    id: webhook.id,
    action: 'updated',
    fields: { enabled: { from: true, to: false }, disabled_reason: { from: null, to: reason } },
  });
}

/** The deliveries of webhooks: queues them, and keeps the time at which each webhook has something to send. */
import { type Position, pageAfter } from '../../platform/database/keyset';
import { type Lane, type WritableLane, writeTime } from '../../platform/database/lane';
import type { ChangeRow, DeliveryState, WebhookDeliveryRow, WebhookRow } from '../../platform/database/rows';
import { type ColumnValues, update } from '../../platform/database/update';

/** The maximum number of changes of a replay. */
export const maxReplayed = 5_000;

/** An expression for the instant that is `ms` milliseconds after the beginning of the write. */
export function inMs(lane: Lane, ms: number): ReturnType<Lane['expression']> {
  return lane.expression(`${writeTime} + ?::float8 * interval '1 millisecond'`, [ms]);
}

/** Sets the webhook's `due_at`: its first due delivery, but not before the end of its pause. */
export async function reschedule(lane: WritableLane, id: string): Promise<void> {
  // A receiver that is not verified gets only tests.
  const sendable = lane.expression(
    `(webhooks.verified_at is not null or webhook_deliveries.event = 'webhook.test')`,
  );
  const next = lane
    .rows('webhook_deliveries')
    .where('webhook_deliveries.webhook_id', id)
    .whereNotNull('webhook_deliveries.due_at')
    .where(sendable)
    .select(
      lane.expression(
        `case when webhooks.disabled_at is null and count(*) > 0
           then greatest(min(webhook_deliveries.due_at), webhooks.paused_until) end`,
      ),
    );
  await update(lane.rows('webhooks').where('id', id), { due_at: next });
}

/** The order of a webhook's deliveries: the latest first. */
export const deliveryOrder = [
  { column: 'created_at', kind: 'instant', direction: 'desc' },
  { column: 'id', kind: 'uuid', direction: 'desc' },
] as const;

export interface DeliveryPageRequest {
  webhookId: string;
  states: readonly DeliveryState[] | undefined;
  after: Position | null;
  limit: number;
}

/** A page of a webhook's deliveries in `deliveryOrder`. */
export async function listDeliveries(lane: Lane, page: DeliveryPageRequest): Promise<WebhookDeliveryRow[]> {
  const query = lane.rows('webhook_deliveries').where('webhook_id', page.webhookId);
  if (page.states) query.whereIn('state', page.states);
  return pageAfter(query, deliveryOrder, page.after).limit(page.limit);
}

/** A delivery of a webhook; undefined if there is none with this id. */
export async function findDelivery(
  lane: Lane,
  webhookId: string,
  id: string,
): Promise<WebhookDeliveryRow | undefined> {
  return lane.rows('webhook_deliveries').where({ id, webhook_id: webhookId }).first();
}

/** Ends the pause of a webhook, so that its due deliveries are sent at once. */
async function sendNow(lane: WritableLane, webhookId: string): Promise<void> {
  await update(lane.rows('webhooks').where('id', webhookId), { paused_until: null });
  await reschedule(lane, webhookId);
}

/** Queues a delivery of a test event. */
export async function queueTest(
  lane: WritableLane,
  webhookId: string,
  id: string,
): Promise<WebhookDeliveryRow> {
  const [row] = await lane
    .insert('webhook_deliveries', {
      id,
      webhook_id: webhookId,
      event: 'webhook.test',
      happened_at: lane.now,
      due_at: lane.now,
      created_at: lane.now,
    })
    .returning('*');
  await sendNow(lane, webhookId);
  return row as WebhookDeliveryRow;
}

/** A query for the pending tests of a webhook. */
export function pendingTests(lane: Lane, webhookId: string) {
  return lane
    .rows('webhook_deliveries')
    .where({ webhook_id: webhookId, event: 'webhook.test', state: 'pending' });
}

/** Queues a test that verifies the receiver. A test that is already pending is sent at once, under its own id. */
export async function queueVerification(
  lane: WritableLane,
  webhookId: string,
  testId: string,
): Promise<void> {
  const pending = await pendingTests(lane, webhookId).first();
  if (pending) await requeue(lane, pending as WebhookDeliveryRow);
  else await queueTest(lane, webhookId, testId);
}

/** Queues a delivery again. */
export async function requeue(lane: WritableLane, delivery: WebhookDeliveryRow): Promise<WebhookDeliveryRow> {
  const [row] = await update(lane.rows('webhook_deliveries').where('id', delivery.id), {
    state: 'pending',
    due_at: lane.now,
    tries: 0,
  }).returning('*');
  await sendNow(lane, delivery.webhook_id);
  return row as WebhookDeliveryRow;
}

/** True if a webhook gets the event of a change. The rule is the same as in the SQL that queues new changes. */
function isSubscribed({ id, events }: WebhookRow, { type, action, entity_id }: ChangeRow): boolean {
  const named = events.includes(`${type}.${action}`) || events.includes(`${type}.*`);
  return type === 'webhook' ? named && entity_id !== id : named || events.length === 0;
}

export interface ReplayRange {
  since: Date;
  until: Date | undefined;
  includeDelivered: boolean;
}

const rowsInInsert = 500;

/** Queues the deliveries of a range of changes. @returns their number; undefined if the range has too many changes */
export async function replay(
  lane: WritableLane,
  webhook: WebhookRow,
  { since, until, includeDelivered }: ReplayRange,
  newId: () => string,
): Promise<number | undefined> {
  const query = lane
    .rows('changes')
    .where('at', '>=', since)
    .orderBy('seq')
    .limit(maxReplayed + 1);
  if (until) query.where('at', '<', until);
  const changes: ChangeRow[] = await query;
  if (changes.length > maxReplayed) return undefined;
  const wanted = changes.filter((change) => isSubscribed(webhook, change));
  const states: DeliveryState[] = includeDelivered ? ['failed', 'delivered'] : ['failed'];
  const requeued: ColumnValues<WebhookDeliveryRow> = {
    state: 'pending',
    due_at: lane.expression('excluded.due_at'),
    tries: 0,
  };
  let queued = 0;
  for (let from = 0; from < wanted.length; from += rowsInInsert) {
    const rows = await lane
      .insert(
        'webhook_deliveries',
        wanted.slice(from, from + rowsInInsert).map((change) => ({
          id: newId(),
          webhook_id: webhook.id,
          event: `${change.type}.${change.action}`,
          seq: change.seq,
          entity_id: change.entity_id,
          fields: JSON.stringify(change.fields) as never,
          happened_at: change.at,
          request: change.request,
          client_id: change.client_id,
          due_at: lane.now,
          created_at: lane.now,
        })),
      )
      .onConflict(['lane_id', 'webhook_id', 'seq'])
      .merge(requeued as never)
      .whereIn('webhook_deliveries.state', states)
      .returning('id');
    queued += rows.length;
  }
  if (queued > 0) await sendNow(lane, webhook.id);
  return queued;
}

/**
 * Removes at most `limit` deliveries that were created at these times, which are in an index. No index has the old deliveries
 * of one lane.
 * @returns the number of removed deliveries
 */
export async function purgeDeliveries(
  lane: WritableLane,
  times: readonly Date[],
  limit: number,
): Promise<number> {
  const old = lane
    .rows('webhook_deliveries')
    .whereRaw('created_at = any(?::timestamptz[])', [times as never])
    .limit(limit)
    .select('id');
  return lane.rows('webhook_deliveries').whereIn('id', old).delete();
}

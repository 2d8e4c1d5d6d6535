import { type Position, pageAfter } from '../../platform/database/keyset';
import { differences, type Lane, type WritableLane } from '../../platform/database/lane';
import type {
  AttemptRecord,
  ChangeRow,
  DeliveryState,
  WebhookDeliveryRow,
  WebhookRow,
} from '../../platform/database/rows';
import { pauseOfDelivery, pauseOfWebhook } from './retries';

/** How many changes may be sent again at once. */
export const maxReplayed = 5_000;

const keptAttempts = 10;
const failingDays = 5;
const dayMs = 86_400_000;

/** What a webhook is made of by its owner. */
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

/** A page of the lane's webhooks, by id. */
export async function listWebhooksById(
  lane: Lane,
  after: Position | null,
  limit: number,
): Promise<WebhookRow[]> {
  return pageAfter(lane.rows('webhooks'), byId, after).limit(limit);
}

/** A webhook, or undefined if the lane has none with this id. */
export async function findWebhook(lane: Lane, id: string): Promise<WebhookRow | undefined> {
  return lane.rows('webhooks').where('id', id).first();
}

function later(lane: Lane, ms: number): ReturnType<Lane['expression']> {
  return lane.expression(
    `current_setting('app.now')::timestamptz(3) + ?::float8 * interval '1 millisecond'`,
    [ms],
  );
}

/** Writes to the profile whether the lane has webhooks that changes are sent to. */
async function noteDelivers(lane: WritableLane): Promise<void> {
  const enabled = lane.rows('webhooks').whereNull('disabled_at').select(lane.expression('count(*) > 0'));
  await lane.rows('profiles').update({ delivers: enabled } as object);
}

/** Puts the webhook's `due_at` where its deliveries and its pause have it. */
async function reschedule(lane: WritableLane, id: string): Promise<void> {
  // A receiver that has not confirmed that it wants events gets tests alone.
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
  await lane
    .rows('webhooks')
    .where('id', id)
    .update({ due_at: next } as object);
}

const forgotten = { failures: 0, failing_since: null, paused_until: null };

/** What a new webhook has that its owner does not choose; `testId` is of the test that asks its receiver. */
export interface NewWebhook {
  id: string;
  secret: string;
  testId: string;
}

/** Makes a webhook and has its receiver asked. */
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
  await noteDelivers(lane);
  if (enabled) await askReceiver(lane, id, testId);
  lane.changed({ type: 'webhook', id, action: 'created', fields: {} });
  return row as WebhookRow;
}

async function writeWebhook(lane: WritableLane, current: WebhookRow, columns: object): Promise<WebhookRow> {
  const [row] = await lane
    .rows('webhooks')
    .where('id', current.id)
    .update({ ...columns, version: current.version + 1, updated_at: lane.now } as object)
    .returning('*');
  if (!row) throw new Error(`The webhook ${current.id} vanished under the lane's lock.`);
  return row as WebhookRow;
}

/**
 * Writes fields over a webhook, which then has a new version; the webhook as it is if none of them differs. The
 * receiver at another address is asked, under `testId`, before anything else is sent there.
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
    // What failed at another address, or before somebody saw to it, says nothing.
    ...((fields.url || (fields.enabled && enabled)) && forgotten),
    ...(fields.url && { verified_at: null }),
  });
  if (fields.enabled) await noteDelivers(lane);
  if (fields.enabled || fields.url) {
    if (row.verified_at === null && row.disabled_at === null) await askReceiver(lane, current.id, testId);
    await reschedule(lane, current.id);
  }
  const doubted = fields.url && current.verified_at;
  lane.changed({
    type: 'webhook',
    id: current.id,
    action: 'updated',
    fields: { ...fields, ...(doubted && { verified_at: { from: doubted.toISOString(), to: null } }) },
  });
  return row;
}

/** Gives a webhook another secret; the one that it had stays valid for a time. */
export async function rotateSecret(
  lane: WritableLane,
  current: WebhookRow,
  secret: string,
): Promise<WebhookRow> {
  const columns = { secret, previous_secret: current.secret, secret_rotated_at: lane.now };
  const row = await writeWebhook(lane, current, columns);
  // That it was rotated is no secret.
  const fields = differences(
    { secret_rotated_at: current.secret_rotated_at?.toISOString() ?? null },
    { secret_rotated_at: row.secret_rotated_at?.toISOString() ?? null },
  );
  lane.changed({ type: 'webhook', id: current.id, action: 'updated', fields });
  return row;
}

/** Removes a webhook with its deliveries; false if the lane has none with this id. */
export async function deleteWebhook(lane: WritableLane, id: string): Promise<boolean> {
  const count = await lane.rows('webhooks').where('id', id).delete();
  if (count === 0) return false;
  await noteDelivers(lane);
  lane.changed({ type: 'webhook', id, action: 'deleted', fields: {} });
  return true;
}

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

/** A delivery of a webhook, or undefined. */
export async function findDelivery(
  lane: Lane,
  webhookId: string,
  id: string,
): Promise<WebhookDeliveryRow | undefined> {
  return lane.rows('webhook_deliveries').where({ id, webhook_id: webhookId }).first();
}

/** Has the webhook sent to at once, whatever it was paused for. */
async function sendSoon(lane: WritableLane, webhookId: string): Promise<void> {
  await lane
    .rows('webhooks')
    .where('id', webhookId)
    .update({ paused_until: null } as object);
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
  await sendSoon(lane, webhookId);
  return row as WebhookDeliveryRow;
}

/** Has a test sent to a receiver that has not confirmed; one that waits already is sent now, under its own id. */
async function askReceiver(lane: WritableLane, webhookId: string, testId: string): Promise<void> {
  const waiting = await lane.rows('webhook_deliveries').where(pendingTest(webhookId)).first();
  if (waiting) await requeue(lane, waiting as WebhookDeliveryRow);
  else await queueTest(lane, webhookId, testId);
}

const pendingTest = (webhookId: string) => ({
  webhook_id: webhookId,
  event: 'webhook.test',
  state: 'pending' as const,
});

/** Queues a delivery again. */
export async function requeue(lane: WritableLane, delivery: WebhookDeliveryRow): Promise<WebhookDeliveryRow> {
  const [row] = await lane
    .rows('webhook_deliveries')
    .where('id', delivery.id)
    .update({ state: 'pending', due_at: lane.now, tries: 0 } as object)
    .returning('*');
  await sendSoon(lane, delivery.webhook_id);
  return row as WebhookDeliveryRow;
}

/** Whether events of a change go to a webhook, by the same rule as when the change is recorded. */
function wants({ id, events }: WebhookRow, { type, action, entity_id }: ChangeRow): boolean {
  const named = events.includes(`${type}.${action}`) || events.includes(`${type}.*`);
  return type === 'webhook' ? named && entity_id !== id : named || events.length === 0;
}

export interface ReplayRange {
  since: Date;
  until: Date | undefined;
  includeDelivered: boolean;
}

const insertAtOnce = 500;

/** Queues the deliveries of a range of changes; undefined if the range holds more changes than may be sent at once. */
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
  const wanted = changes.filter((change) => wants(webhook, change));
  const states: DeliveryState[] = includeDelivered ? ['failed', 'delivered'] : ['failed'];
  let queued = 0;
  for (let from = 0; from < wanted.length; from += insertAtOnce) {
    const rows = await lane
      .insert(
        'webhook_deliveries',
        wanted.slice(from, from + insertAtOnce).map((change) => ({
          id: newId(),
          webhook_id: webhook.id,
          event: `${change.type}.${change.action}`,
          seq: change.seq,
          entity_id: change.entity_id,
          fields: JSON.stringify(change.fields) as never,
          happened_at: change.at,
          due_at: lane.now,
          created_at: lane.now,
        })),
      )
      .onConflict(['user_id', 'webhook_id', 'seq'])
      .merge({ state: 'pending', due_at: lane.now, tries: 0 } as object)
      .whereIn('webhook_deliveries.state', states)
      .returning('id');
    queued += rows.length;
  }
  if (queued > 0) await sendSoon(lane, webhook.id);
  return queued;
}

/** That an instance is about a webhook's deliveries; until when, as the database wrote it, tells it from others. */
export interface Lease {
  readonly id: string;
  readonly leasedUntil: string;
}

function leased(lane: Lane, { id, leasedUntil }: Lease): Promise<WebhookRow | undefined> {
  return lane
    .rows('webhooks')
    .where('id', id)
    .whereRaw('leased_until = ?::timestamptz', [leasedUntil])
    .first() as unknown as Promise<WebhookRow | undefined>;
}

/** What there is to be sent to a webhook. */
export interface Batch {
  readonly webhook: WebhookRow;
  readonly deliveries: readonly WebhookDeliveryRow[];
}

/** What is due under a lease; undefined if that is over, or the webhook gone. */
export async function findBatch(lane: Lane, lease: Lease, limit: number): Promise<Batch | undefined> {
  const webhook = await leased(lane, lease);
  if (!webhook) return undefined;
  if (webhook.disabled_at !== null) return { webhook, deliveries: [] };
  const due = lane
    .rows('webhook_deliveries')
    .where('webhook_id', lease.id)
    .whereRaw('due_at <= now()')
    .orderBy('due_at');
  // A receiver that has not confirmed is asked by one test at a time.
  if (webhook.verified_at === null) due.where('event', 'webhook.test').limit(1);
  else due.limit(limit);
  return { webhook, deliveries: await due };
}

/** What became of a delivery. */
export interface Settlement {
  /** As it was sent. */
  readonly delivery: WebhookDeliveryRow;
  readonly attempt: AttemptRecord;
  /** Milliseconds that the receiver wants to be left alone. */
  readonly retryAfterMs: number | null;
}

const isTaken = ({ status }: AttemptRecord) => status !== null && status >= 200 && status < 300;

function outcome(lane: WritableLane, tries: number, { attempt, retryAfterMs }: Settlement): object {
  if (isTaken(attempt)) return { state: 'delivered', due_at: null, tries };
  const pause = attempt.status === 410 ? null : pauseOfDelivery(tries, retryAfterMs);
  return pause === null ? { state: 'failed', due_at: null, tries } : { due_at: later(lane, pause), tries };
}

async function settleDelivery(
  lane: WritableLane,
  current: WebhookDeliveryRow,
  settlement: Settlement,
): Promise<void> {
  // Queued again meanwhile, it is to be sent again, whatever became of this one.
  const asSent = current.due_at?.getTime() === settlement.delivery.due_at?.getTime();
  const attempts = [...current.attempts, settlement.attempt].slice(-keptAttempts);
  await lane
    .rows('webhook_deliveries')
    .where('id', current.id)
    .update({
      ...(asSent && outcome(lane, current.tries + 1, settlement)),
      attempt_count: current.attempt_count + 1,
      attempts: JSON.stringify(attempts),
    } as object);
}

/** Why the service gives a webhook up. */
export type GivenUp = 'gone' | 'failing' | 'unverified';

async function givenUp(
  lane: WritableLane,
  webhook: WebhookRow,
  attempts: readonly AttemptRecord[],
): Promise<GivenUp | null> {
  if (webhook.disabled_at !== null) return null;
  if (attempts.some(({ status }) => status === 410)) return 'gone';
  if (attempts.length === 0 || attempts.some(isTaken)) return null;
  if (webhook.verified_at === null) {
    const test = await lane.rows('webhook_deliveries').where(pendingTest(webhook.id)).first('id');
    return test ? null : 'unverified';
  }
  const failing = await lane
    .rows('webhooks')
    .where('id', webhook.id)
    .where('failing_since', '<', later(lane, -failingDays * dayMs))
    .first('id');
  return failing ? 'failing' : null;
}

/** How a webhook stands after attempts of which none succeeded, or at least one. */
function standing(lane: WritableLane, webhook: WebhookRow, settlements: readonly Settlement[]): object {
  if (settlements.length === 0) return {};
  if (settlements.some(({ attempt }) => isTaken(attempt))) return forgotten;
  const failures = webhook.failures + 1;
  const asked = Math.max(...settlements.map(({ retryAfterMs }) => retryAfterMs ?? 0));
  return {
    failures,
    failing_since: webhook.failing_since ?? lane.now,
    paused_until: later(lane, pauseOfWebhook(failures, asked)),
  };
}

/** What a lease is ended with. */
export interface Outcome {
  readonly lease: Lease;
  /** The address that was sent to; the webhook may have another by now. */
  readonly sentTo: string;
  readonly settlements: readonly Settlement[];
  /** Milliseconds until the webhook's host may be sent more; 0 if it may now. */
  readonly waitMs: number;
}

/** Writes down that the receiver at the webhook's address wants what is sent. */
async function verify(lane: WritableLane, current: WebhookRow): Promise<void> {
  const row = await writeWebhook(lane, current, { verified_at: lane.now });
  const to = (row.verified_at as Date).toISOString();
  const fields = { verified_at: { from: null, to } };
  lane.changed({ type: 'webhook', id: current.id, action: 'updated', fields });
}

/**
 * Writes down what became of a batch and ends its lease. Nothing is written where the lease was over and another
 * instance has taken the webhook on: it sends the same again.
 * @returns why the webhook was disabled, null if it was not
 */
export async function settle(
  lane: WritableLane,
  { lease, sentTo, settlements, waitMs }: Outcome,
): Promise<GivenUp | null> {
  const webhook = await leased(lane, lease);
  if (!webhook) return null;
  const ids = settlements.map(({ delivery }) => delivery.id);
  const current: WebhookDeliveryRow[] = await lane.rows('webhook_deliveries').whereIn('id', ids);
  await Promise.all(
    settlements.map((settlement) => {
      const row = current.find(({ id }) => id === settlement.delivery.id);
      return row && settleDelivery(lane, row, settlement);
    }),
  );
  const reason = await givenUp(
    lane,
    webhook,
    settlements.map(({ attempt }) => attempt),
  );
  await lane
    .rows('webhooks')
    .where('id', webhook.id)
    .update({
      ...standing(lane, webhook, settlements),
      ...(waitMs > 0 && { paused_until: later(lane, waitMs) }),
      leased_until: null,
    } as object);
  const confirmed = webhook.url === sentTo && settlements.some(({ attempt }) => isTaken(attempt));
  if (confirmed && webhook.verified_at === null) await verify(lane, webhook);
  if (reason) await disable(lane, webhook, reason);
  await reschedule(lane, webhook.id);
  return reason;
}

async function disable(lane: WritableLane, webhook: WebhookRow, reason: GivenUp): Promise<void> {
  await writeWebhook(lane, webhook, { disabled_reason: reason, disabled_at: lane.now, due_at: null });
  await noteDelivers(lane);
  lane.changed({
    type: 'webhook',
    id: webhook.id,
    action: 'updated',
    fields: { enabled: { from: true, to: false }, disabled_reason: { from: null, to: reason } },
  });
}

/** Removes deliveries that were made more than `days` ago, up to `limit`; how many. */
export async function purgeDeliveries(lane: WritableLane, days: number, limit: number): Promise<number> {
  const old = lane
    .rows('webhook_deliveries')
    .where('created_at', '<', later(lane, -days * dayMs))
    .limit(limit)
    .select('id');
  return lane.rows('webhook_deliveries').whereIn('id', old).delete();
}

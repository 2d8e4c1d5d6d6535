/**
 * Leases of webhooks: an instance leases the webhooks that it sends to. A leased webhook uses one slot of the instance.
 * Users take turns, and each user has at most a share of the slots.
 */
import type { Lane, LaneKey } from '../../platform/database/lane';
import type { WebhookDeliveryRow, WebhookRow } from '../../platform/database/rows';

/** The lease of a webhook. */
export interface Lease {
  /** The id of the webhook. */
  readonly id: string;
  /** The end of the lease. It works as a fencing token. */
  readonly leasedUntil: Date;
}

/** A webhook that this instance has leased. */
export interface LeasedWebhook extends Lease {
  readonly lane: LaneKey;
  /** True if the receiver is not verified or failed the last time, so that it may block its slot until the timeout. */
  readonly unproven: boolean;
}

// At most this many due webhooks are compared at once.
const maxCompared = 1_000;

const isFree = 'due_at <= now() and (leased_until is null or leased_until <= now())';

/**
 * Chooses webhooks that have a due delivery and are not leased. `$1`: the maximum number of webhooks; `$2`, `$3`: lanes,
 * and how many slots each uses; `$4`: the maximum number of slots of a lane; `$5`: the maximum number of webhooks that
 * are not verified or whose last delivery failed (`unproven`).
 */
export const chooseDue = `
  with busy as (
    select * from unnest($2::bigint[], $3::int[]) as busy(lane_id, held)
  ), waiting as (
    select lane_id, id, due_at, verified_at is null or failures > 0 as unproven from tasklane.webhooks
    where ${isFree}
      and lane_id not in (select lane_id from busy where held >= $4::int)
      and ($5::int > 0 or (verified_at is not null and failures = 0))
    order by due_at limit ${maxCompared}
  ), turns as (
    select waiting.*,
      coalesce(held, 0) + row_number() over (partition by lane_id order by unproven, due_at) as turn
    from waiting left join busy using (lane_id)
  ), ranked as (
    select *, row_number() over (partition by unproven order by turn, due_at) as rank from turns where turn <= $4::int
  )
  select lane_id as "laneId", id from ranked where not unproven or rank <= $5::int order by turn, due_at limit $1`;

/**
 * Leases webhooks of one lane. It skips those that another instance has locked or leased. `$1`: the lane; `$2`: the
 * webhooks; `$3`: the duration of the lease in milliseconds.
 */
export const leaseDue = `
  with due as (
    select id from tasklane.webhooks
    where lane_id = $1 and id = any ($2::uuid[]) and ${isFree}
    for update skip locked
  )
  update tasklane.webhooks as webhook
  set leased_until = date_trunc('milliseconds', now()) + $3::float8 * interval '1 millisecond'
  from due
  where webhook.lane_id = $1 and webhook.id = due.id
  returning webhook.id, webhook.leased_until as "leasedUntil",
    webhook.verified_at is null or webhook.failures > 0 as unproven`;

/** Milliseconds until one of the first webhooks is due and not leased; null if none waits. */
export const nextDue = `
  select (extract(epoch from min(greatest(due_at, leased_until)) - now()) * 1000)::float8 as ms
  from (select due_at, leased_until from tasklane.webhooks where due_at is not null order by due_at limit ${maxCompared})
    as first`;

/** The values for `chooseDue`: they choose as many webhooks as there are free slots. */
export function choiceValues(held: readonly LeasedWebhook[], concurrency: number): unknown[] {
  const ofLane = new Map<string, number>();
  for (const { lane } of held) ofLane.set(lane.id, (ofLane.get(lane.id) ?? 0) + 1);
  // A user gets at most a quarter of the slots, and unproven receivers at most half of them.
  const share = Math.max(1, Math.floor(concurrency / 4));
  const unproven = Math.max(1, Math.floor(concurrency / 2)) - held.filter((each) => each.unproven).length;
  const free = concurrency - held.length;
  return [free, [...ofLane.keys()], [...ofLane.values()], share, Math.max(0, unproven)];
}

/**
 * The webhook of a lease; undefined if the lease has expired and another instance has leased it, or if it is deleted.
 */
export function findLeased(lane: Lane, { id, leasedUntil }: Lease): Promise<WebhookRow | undefined> {
  return lane
    .rows('webhooks')
    .where('id', id)
    .whereRaw('leased_until = ?::timestamptz', [leasedUntil])
    .first() as unknown as Promise<WebhookRow | undefined>;
}

/** A webhook and its due deliveries. */
export interface Batch {
  readonly webhook: WebhookRow;
  readonly deliveries: readonly WebhookDeliveryRow[];
}

/** The due deliveries of a leased webhook, at most `limit`; undefined if the lease is lost, see `findLeased`. */
export async function findBatch(lane: Lane, lease: Lease, limit: number): Promise<Batch | undefined> {
  const webhook = await findLeased(lane, lease);
  if (!webhook) return undefined;
  if (webhook.disabled_at !== null) return { webhook, deliveries: [] };
  const due = lane
    .rows('webhook_deliveries')
    .where('webhook_id', lease.id)
    .whereRaw('due_at <= now()')
    .orderBy('due_at');
  // A receiver that is not verified gets one test at a time.
  if (webhook.verified_at === null) due.where('event', 'webhook.test').limit(1);
  else due.limit(limit);
  return { webhook, deliveries: await due };
}

/** Queues deliveries of a lane's changes, in the transaction that records the changes. */
import { randomUUID } from 'node:crypto';
import { type LockedProfile, type Statement, writeTime } from '../../platform/database/lane';
import { schema } from '../../platform/database/rows';

// The ids are random because `$3` is: a volatile function cannot run on a shard. `storage_written` grows by the bytes of the
// deliveries. A change of a webhook is never sent to that webhook itself, and to others only if they name the event or its type.
const insertDeliveries = `
  with fresh as (
    insert into ${schema}.webhook_deliveries as delivery
      (lane_id, id, webhook_id, event, seq, entity_id, fields, happened_at,
        request, client_id, trace, due_at, created_at)
    select change.lane_id,
      overlay(overlay(md5($3 || webhook.id || change.seq) placing '4' from 13) placing '8' from 17)::uuid,
      webhook.id, event.name, change.seq, change.entity_id, change.fields,
      change.at, change.request, change.client_id, $4::text, ${writeTime}, ${writeTime}
    from ${schema}.changes as change
      join ${schema}.profiles as profile on profile.lane_id = change.lane_id
      cross join lateral (select change.type || '.' || change.action as name, change.type || '.*' as kind) as event
      join ${schema}.webhooks as webhook on webhook.lane_id = change.lane_id and webhook.disabled_at is null
        and case when change.type = 'webhook' then
          webhook.id <> change.entity_id and (event.name = any (webhook.events) or event.kind = any (webhook.events))
        else
          webhook.events = '{}' or event.name = any (webhook.events) or event.kind = any (webhook.events)
        end
    where change.lane_id = $1
      and change.seq > profile.change_seq - $2::bigint
    returning webhook_id, fields, coalesce(client_id, '') as client_id, coalesce(trace, '') as trace
  ), stored as (
    update ${schema}.profiles set storage_written = storage_written
      + (select sum(pg_column_size(fields) + pg_column_size(client_id) + pg_column_size(trace) + 184) from fresh)
    where lane_id = $1 and exists (select from fresh)
  )
  update ${schema}.webhooks set due_at = greatest(${writeTime}, paused_until)
  where lane_id = $1 and id in (select webhook_id from fresh) and verified_at is not null
    and (due_at is null or due_at > greatest(${writeTime}, paused_until))`;

/**
 * Makes the statements that queue deliveries of the `count` changes that were recorded last, and makes their webhooks due.
 * There are none if the lane has no enabled webhook.
 * @param trace the `traceparent` of the changes' cause; null without traces
 */
export function queueDeliveries(
  laneId: string,
  { delivers }: Pick<LockedProfile, 'delivers'>,
  count: number,
  trace: string | null = null,
): Statement[] {
  if (!delivers) return [];
  return [{ name: 'lane-deliver', text: insertDeliveries, values: [laneId, count, randomUUID(), trace] }];
}

-- src/features/webhooks/deliveries.ts

-- reschedule
update tasklane.webhooks as webhooks
set
  due_at = (
    select
      case
        when webhooks.disabled_at is null
        and count(*) > 0 then greatest(min(webhook_deliveries.due_at), webhooks.paused_until)
      end
    from
      tasklane.webhook_deliveries as webhook_deliveries
    where
      webhook_deliveries.lane_id = $1
      and webhook_deliveries.webhook_id = $2
      and webhook_deliveries.due_at is not null
      and (
        webhooks.verified_at is not null
        or webhook_deliveries.event = 'webhook.test'
      )
  )
where
  webhooks.lane_id = $3
  and id = $4;

-- listDeliveries
select
  *
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.lane_id = $1
  and webhook_id = $2
  and state in ($3)
  and ((created_at, id) < ($4, $5))
order by
  created_at desc,
  id desc
limit
  $6;

-- findDelivery
select
  *
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.lane_id = $1
  and id = $2
  and webhook_id = $3
limit
  $4;

-- queueTest
insert into
  tasklane.webhook_deliveries (created_at, due_at, event, happened_at, id, lane_id, webhook_id)
values
  (
    current_setting('app.now')::timestamptz(3),
    current_setting('app.now')::timestamptz(3),
    $1,
    current_setting('app.now')::timestamptz(3),
    $2,
    $3,
    $4
  )
returning
  *;

update tasklane.webhooks as webhooks
set
  paused_until = $1
where
  webhooks.lane_id = $2
  and id = $3;

update tasklane.webhooks as webhooks
set
  due_at = (
    select
      case
        when webhooks.disabled_at is null
        and count(*) > 0 then greatest(min(webhook_deliveries.due_at), webhooks.paused_until)
      end
    from
      tasklane.webhook_deliveries as webhook_deliveries
    where
      webhook_deliveries.lane_id = $1
      and webhook_deliveries.webhook_id = $2
      and webhook_deliveries.due_at is not null
      and (
        webhooks.verified_at is not null
        or webhook_deliveries.event = 'webhook.test'
      )
  )
where
  webhooks.lane_id = $3
  and id = $4;

update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;

-- queueVerification: no pending test
select
  *
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.lane_id = $1
  and webhook_id = $2
  and event = $3
  and state = $4
limit
  $5;

insert into
  tasklane.webhook_deliveries (created_at, due_at, event, happened_at, id, lane_id, webhook_id)
values
  (
    current_setting('app.now')::timestamptz(3),
    current_setting('app.now')::timestamptz(3),
    $1,
    current_setting('app.now')::timestamptz(3),
    $2,
    $3,
    $4
  )
returning
  *;

update tasklane.webhooks as webhooks
set
  paused_until = $1
where
  webhooks.lane_id = $2
  and id = $3;

update tasklane.webhooks as webhooks
set
  due_at = (
    select
      case
        when webhooks.disabled_at is null
        and count(*) > 0 then greatest(min(webhook_deliveries.due_at), webhooks.paused_until)
      end
    from
      tasklane.webhook_deliveries as webhook_deliveries
    where
      webhook_deliveries.lane_id = $1
      and webhook_deliveries.webhook_id = $2
      and webhook_deliveries.due_at is not null
      and (
        webhooks.verified_at is not null
        or webhook_deliveries.event = 'webhook.test'
      )
  )
where
  webhooks.lane_id = $3
  and id = $4;

update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;

-- queueVerification: a pending test
select
  *
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.lane_id = $1
  and webhook_id = $2
  and event = $3
  and state = $4
limit
  $5;

update tasklane.webhook_deliveries as webhook_deliveries
set
  state = $1,
  due_at = current_setting('app.now')::timestamptz(3),
  tries = $2
where
  webhook_deliveries.lane_id = $3
  and id = $4
returning
  *;

update tasklane.webhooks as webhooks
set
  paused_until = $1
where
  webhooks.lane_id = $2
  and id = $3;

update tasklane.webhooks as webhooks
set
  due_at = (
    select
      case
        when webhooks.disabled_at is null
        and count(*) > 0 then greatest(min(webhook_deliveries.due_at), webhooks.paused_until)
      end
    from
      tasklane.webhook_deliveries as webhook_deliveries
    where
      webhook_deliveries.lane_id = $1
      and webhook_deliveries.webhook_id = $2
      and webhook_deliveries.due_at is not null
      and (
        webhooks.verified_at is not null
        or webhook_deliveries.event = 'webhook.test'
      )
  )
where
  webhooks.lane_id = $3
  and id = $4;

-- requeue
update tasklane.webhook_deliveries as webhook_deliveries
set
  state = $1,
  due_at = current_setting('app.now')::timestamptz(3),
  tries = $2
where
  webhook_deliveries.lane_id = $3
  and id = $4
returning
  *;

update tasklane.webhooks as webhooks
set
  paused_until = $1
where
  webhooks.lane_id = $2
  and id = $3;

update tasklane.webhooks as webhooks
set
  due_at = (
    select
      case
        when webhooks.disabled_at is null
        and count(*) > 0 then greatest(min(webhook_deliveries.due_at), webhooks.paused_until)
      end
    from
      tasklane.webhook_deliveries as webhook_deliveries
    where
      webhook_deliveries.lane_id = $1
      and webhook_deliveries.webhook_id = $2
      and webhook_deliveries.due_at is not null
      and (
        webhooks.verified_at is not null
        or webhook_deliveries.event = 'webhook.test'
      )
  )
where
  webhooks.lane_id = $3
  and id = $4;

-- replay
select
  *
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and at >= $2
  and at < $3
order by
  seq asc
limit
  $4;

insert into
  tasklane.webhook_deliveries (
    client_id, created_at, due_at, entity_id, event, fields, happened_at, id, lane_id, request, seq,
    webhook_id
  )
values
  (
    $1,
    current_setting('app.now')::timestamptz(3),
    current_setting('app.now')::timestamptz(3),
    $2,
    $3,
    $4,
    $5,
    $6,
    $7,
    $8,
    $9,
    $10
  )
on conflict (lane_id, webhook_id, seq) do update
set
  state = $11,
  due_at = excluded.due_at,
  tries = $12
where
  webhook_deliveries.state in ($13, $14)
returning
  id;

update tasklane.webhooks as webhooks
set
  paused_until = $1
where
  webhooks.lane_id = $2
  and id = $3;

update tasklane.webhooks as webhooks
set
  due_at = (
    select
      case
        when webhooks.disabled_at is null
        and count(*) > 0 then greatest(min(webhook_deliveries.due_at), webhooks.paused_until)
      end
    from
      tasklane.webhook_deliveries as webhook_deliveries
    where
      webhook_deliveries.lane_id = $1
      and webhook_deliveries.webhook_id = $2
      and webhook_deliveries.due_at is not null
      and (
        webhooks.verified_at is not null
        or webhook_deliveries.event = 'webhook.test'
      )
  )
where
  webhooks.lane_id = $3
  and id = $4;

update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;

-- purgeDeliveries
delete from tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.lane_id = $1
  and id in (
    select
      id
    from
      tasklane.webhook_deliveries as webhook_deliveries
    where
      webhook_deliveries.lane_id = $2
      and created_at = any ($3::timestamptz[])
    limit
      $4
  );

-- src/features/webhooks/endpoints.ts

-- listWebhooks
select
  *
from
  tasklane.webhooks as webhooks
where
  webhooks.lane_id = $1
order by
  created_at asc,
  id asc;

-- listWebhooksById
select
  *
from
  tasklane.webhooks as webhooks
where
  webhooks.lane_id = $1
  and ((id) > ($2))
order by
  id asc
limit
  $3;

-- findWebhook
select
  *
from
  tasklane.webhooks as webhooks
where
  webhooks.lane_id = $1
  and id = $2
limit
  $3;

-- insertWebhook
insert into
  tasklane.webhooks (created_at, description, disabled_at, disabled_reason, events, id, lane_id, secret, updated_at, url)
values
  (
    current_setting('app.now')::timestamptz(3),
    $1,
    $2,
    $3,
    $4,
    $5,
    $6,
    $7,
    current_setting('app.now')::timestamptz(3),
    $8
  )
returning
  *;

update tasklane.profiles as profiles
set
  delivers = (
    select
      count(*) > 0
    from
      tasklane.webhooks as webhooks
    where
      webhooks.lane_id = $1
      and disabled_at is null
  )
where
  profiles.lane_id = $2;

select
  *
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.lane_id = $1
  and webhook_id = $2
  and event = $3
  and state = $4
limit
  $5;

update tasklane.webhook_deliveries as webhook_deliveries
set
  state = $1,
  due_at = current_setting('app.now')::timestamptz(3),
  tries = $2
where
  webhook_deliveries.lane_id = $3
  and id = $4
returning
  *;

update tasklane.webhooks as webhooks
set
  paused_until = $1
where
  webhooks.lane_id = $2
  and id = $3;

update tasklane.webhooks as webhooks
set
  due_at = (
    select
      case
        when webhooks.disabled_at is null
        and count(*) > 0 then greatest(min(webhook_deliveries.due_at), webhooks.paused_until)
      end
    from
      tasklane.webhook_deliveries as webhook_deliveries
    where
      webhook_deliveries.lane_id = $1
      and webhook_deliveries.webhook_id = $2
      and webhook_deliveries.due_at is not null
      and (
        webhooks.verified_at is not null
        or webhook_deliveries.event = 'webhook.test'
      )
  )
where
  webhooks.lane_id = $3
  and id = $4;

-- updateWebhook
update tasklane.webhooks as webhooks
set
  disabled_reason = $1,
  disabled_at = current_setting('app.now')::timestamptz(3),
  due_at = $2,
  version = $3,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  webhooks.lane_id = $4
  and id = $5
returning
  *;

update tasklane.profiles as profiles
set
  delivers = (
    select
      count(*) > 0
    from
      tasklane.webhooks as webhooks
    where
      webhooks.lane_id = $1
      and disabled_at is null
  )
where
  profiles.lane_id = $2;

update tasklane.webhooks as webhooks
set
  due_at = (
    select
      case
        when webhooks.disabled_at is null
        and count(*) > 0 then greatest(min(webhook_deliveries.due_at), webhooks.paused_until)
      end
    from
      tasklane.webhook_deliveries as webhook_deliveries
    where
      webhook_deliveries.lane_id = $1
      and webhook_deliveries.webhook_id = $2
      and webhook_deliveries.due_at is not null
      and (
        webhooks.verified_at is not null
        or webhook_deliveries.event = 'webhook.test'
      )
  )
where
  webhooks.lane_id = $3
  and id = $4;

-- rotateSecret
update tasklane.webhooks as webhooks
set
  secret = $1,
  previous_secret = $2,
  secret_rotated_at = current_setting('app.now')::timestamptz(3),
  version = $3,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  webhooks.lane_id = $4
  and id = $5
returning
  *;

-- deleteWebhook
delete from tasklane.webhooks as webhooks
where
  webhooks.lane_id = $1
  and id = $2
returning
  url, description, events;

update tasklane.profiles as profiles
set
  delivers = (
    select
      count(*) > 0
    from
      tasklane.webhooks as webhooks
    where
      webhooks.lane_id = $1
      and disabled_at is null
  )
where
  profiles.lane_id = $2;

-- verifyWebhook
update tasklane.webhooks as webhooks
set
  verified_at = current_setting('app.now')::timestamptz(3),
  version = $1,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  webhooks.lane_id = $2
  and id = $3
returning
  *;

-- disableWebhook
update tasklane.webhooks as webhooks
set
  disabled_reason = $1,
  disabled_at = current_setting('app.now')::timestamptz(3),
  due_at = $2,
  version = $3,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  webhooks.lane_id = $4
  and id = $5
returning
  *;

update tasklane.profiles as profiles
set
  delivers = (
    select
      count(*) > 0
    from
      tasklane.webhooks as webhooks
    where
      webhooks.lane_id = $1
      and disabled_at is null
  )
where
  profiles.lane_id = $2;

-- src/features/webhooks/leases.ts

-- findLeased
select
  *
from
  tasklane.webhooks as webhooks
where
  webhooks.lane_id = $1
  and id = $2
  and leased_until = $3::timestamptz
limit
  $4;

-- findBatch
select
  *
from
  tasklane.webhooks as webhooks
where
  webhooks.lane_id = $1
  and id = $2
  and leased_until = $3::timestamptz
limit
  $4;

select
  *
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.lane_id = $1
  and webhook_id = $2
  and due_at <= now()
order by
  due_at asc
limit
  $3;

-- src/features/webhooks/leases.ts

-- chooseDue
with
  busy as (
    select
      *
    from
      unnest($2::bigint[], $3::int[]) as busy (lane_id, held)
  ),
  waiting as (
    select
      lane_id, id, due_at,
      verified_at is null
      or failures > 0 as unproven
    from
      tasklane.webhooks
    where
      due_at <= now()
      and (
        leased_until is null
        or leased_until <= now()
      )
      and lane_id not in (
        select
          lane_id
        from
          busy
        where
          held >= $4::int
      )
      and (
        $5::int > 0
        or (
          verified_at is not null
          and failures = 0
        )
      )
    order by
      due_at
    limit
      1000
  ),
  turns as (
    select
      waiting.*,
      coalesce(held, 0) + row_number() over (
        partition by
          lane_id
        order by
          unproven, due_at
      ) as turn
    from
      waiting
      left join busy using (lane_id)
  ),
  ranked as (
    select
      *,
      row_number() over (
        partition by
          unproven
        order by
          turn, due_at
      ) as rank
    from
      turns
    where
      turn <= $4::int
  )
select
  lane_id as "laneId",
  id
from
  ranked
where
  not unproven
  or rank <= $5::int
order by
  turn, due_at
limit
  $1;

-- leaseDue
with
  due as (
    select
      id
    from
      tasklane.webhooks
    where
      lane_id = $1
      and id = any ($2::uuid[])
      and due_at <= now()
      and (
        leased_until is null
        or leased_until <= now()
      )
    for update
      skip locked
  )
update tasklane.webhooks as webhook
set
  leased_until = date_trunc('milliseconds', now()) + $3::float8 * interval '1 millisecond'
from
  due
where
  webhook.lane_id = $1
  and webhook.id = due.id
returning
  webhook.id,
  webhook.leased_until as "leasedUntil",
  webhook.verified_at is null
  or webhook.failures > 0 as unproven;

-- src/features/webhooks/settlements.ts

-- settle: success
select
  *
from
  tasklane.webhooks as webhooks
where
  webhooks.lane_id = $1
  and id = $2
  and leased_until = $3::timestamptz
limit
  $4;

select
  *
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.lane_id = $1
  and id in ($2);

update tasklane.webhook_deliveries as webhook_deliveries
set
  state = $1,
  due_at = $2,
  tries = $3,
  attempt_count = $4,
  attempts = $5
where
  webhook_deliveries.lane_id = $6
  and id = $7;

update tasklane.webhooks as webhooks
set
  failures = $1,
  failing_since = $2,
  paused_until = $3,
  leased_until = $4
where
  webhooks.lane_id = $5
  and id = $6;

update tasklane.webhooks as webhooks
set
  due_at = (
    select
      case
        when webhooks.disabled_at is null
        and count(*) > 0 then greatest(min(webhook_deliveries.due_at), webhooks.paused_until)
      end
    from
      tasklane.webhook_deliveries as webhook_deliveries
    where
      webhook_deliveries.lane_id = $1
      and webhook_deliveries.webhook_id = $2
      and webhook_deliveries.due_at is not null
      and (
        webhooks.verified_at is not null
        or webhook_deliveries.event = 'webhook.test'
      )
  )
where
  webhooks.lane_id = $3
  and id = $4;

update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;

-- settle: failure
select
  *
from
  tasklane.webhooks as webhooks
where
  webhooks.lane_id = $1
  and id = $2
  and leased_until = $3::timestamptz
limit
  $4;

select
  *
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.lane_id = $1
  and id in ($2);

update tasklane.webhook_deliveries as webhook_deliveries
set
  due_at = current_setting('app.now')::timestamptz(3) + $1::float8 * interval '1 millisecond',
  tries = $2,
  attempt_count = $3,
  attempts = $4
where
  webhook_deliveries.lane_id = $5
  and id = $6;

select
  id
from
  tasklane.webhooks as webhooks
where
  webhooks.lane_id = $1
  and id = $2
  and failing_since < current_setting('app.now')::timestamptz(3) + $3::float8 * interval '1 millisecond'
limit
  $4;

update tasklane.webhooks as webhooks
set
  failures = $1,
  failing_since = current_setting('app.now')::timestamptz(3),
  paused_until = current_setting('app.now')::timestamptz(3) + $2::float8 * interval '1 millisecond',
  leased_until = $3
where
  webhooks.lane_id = $4
  and id = $5;

update tasklane.webhooks as webhooks
set
  disabled_reason = $1,
  disabled_at = current_setting('app.now')::timestamptz(3),
  due_at = $2,
  version = $3,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  webhooks.lane_id = $4
  and id = $5
returning
  *;

update tasklane.profiles as profiles
set
  delivers = (
    select
      count(*) > 0
    from
      tasklane.webhooks as webhooks
    where
      webhooks.lane_id = $1
      and disabled_at is null
  )
where
  profiles.lane_id = $2;

update tasklane.webhooks as webhooks
set
  due_at = (
    select
      case
        when webhooks.disabled_at is null
        and count(*) > 0 then greatest(min(webhook_deliveries.due_at), webhooks.paused_until)
      end
    from
      tasklane.webhook_deliveries as webhook_deliveries
    where
      webhook_deliveries.lane_id = $1
      and webhook_deliveries.webhook_id = $2
      and webhook_deliveries.due_at is not null
      and (
        webhooks.verified_at is not null
        or webhook_deliveries.event = 'webhook.test'
      )
  )
where
  webhooks.lane_id = $3
  and id = $4;

-- src/features/webhooks/queue.ts

-- queueDeliveries
with
  fresh as (
    insert into
      tasklane.webhook_deliveries as delivery (
        lane_id, id, webhook_id, event, seq, entity_id, fields, happened_at, request, client_id,
        trace, due_at, created_at
      )
    select
      change.lane_id,
      overlay(
        overlay(
          md5($3 || webhook.id || change.seq) placing '4'
          from
            13
        ) placing '8'
        from
          17
      )::uuid,
      webhook.id, event.name, change.seq, change.entity_id, change.fields, change.at,
      change.request, change.client_id,
      $4::text,
      current_setting('app.now')::timestamptz(3),
      current_setting('app.now')::timestamptz(3)
    from
      tasklane.changes as change
      join tasklane.profiles as profile on profile.lane_id = change.lane_id
      cross join lateral (
        select
          change.type || '.' || change.action as name,
          change.type || '.*' as kind
      ) as event
      join tasklane.webhooks as webhook on webhook.lane_id = change.lane_id
      and webhook.disabled_at is null
      and case
        when change.type = 'webhook' then webhook.id <> change.entity_id
        and (
          event.name = any (webhook.events)
          or event.kind = any (webhook.events)
        )
        else webhook.events = '{}'
        or event.name = any (webhook.events)
        or event.kind = any (webhook.events)
      end
    where
      change.lane_id = $1
      and change.seq > profile.change_seq - $2::bigint
    returning
      webhook_id, fields,
      coalesce(client_id, '') as client_id,
      coalesce(trace, '') as trace
  ),
  stored as (
    update tasklane.profiles
    set
      storage_written = storage_written + (
        select
          sum(pg_column_size(fields) + pg_column_size(client_id) + pg_column_size(trace) + 184)
        from
          fresh
      )
    where
      lane_id = $1
      and exists (
        select
        from
          fresh
      )
  )
update tasklane.webhooks
set
  due_at = greatest(current_setting('app.now')::timestamptz(3), paused_until)
where
  lane_id = $1
  and id in (
    select
      webhook_id
    from
      fresh
  )
  and verified_at is not null
  and (
    due_at is null
    or due_at > greatest(current_setting('app.now')::timestamptz(3), paused_until)
  );

-- src/features/webhooks/job.ts

-- createDeliveryPurgeJob
select
  lane_id, created_at
from
  tasklane.webhook_deliveries
where
  created_at >= $3
  and created_at < now() - $1::int * interval '1 day'
order by
  created_at
limit
  $2;

select
  id,
  user_id as "userId"
from
  tasklane.lanes
where
  id = any ($1::bigint[]);

delete from tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.lane_id = $1
  and id in (
    select
      id
    from
      tasklane.webhook_deliveries as webhook_deliveries
    where
      webhook_deliveries.lane_id = $2
      and created_at = any ($3::timestamptz[])
    limit
      $4
  );

-- src/platform/database/calendar-feeds.ts

-- findLaneOfCalendarFeed
select
  user_id, created_at
from
  tasklane.calendar_feeds as calendar_feeds
where
  secret_hash = $1
limit
  $2;

-- src/platform/database/idempotency.ts

-- lookUpStatements
select
  pg_try_advisory_xact_lock($1) as taken;

select
  fingerprint, status, headers, body
from
  tasklane.idempotency_keys
where
  user_id = $1
  and operation = $2
  and key_hash = $3
  and created_at > clock_timestamp() - interval '24 hours';

-- storeStatement
insert into
  tasklane.idempotency_keys (user_id, operation, key_hash, fingerprint, status, headers, body, created_at)
values
  ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())
on conflict (user_id, operation, key_hash) do update
set
  (fingerprint, status, headers, body, created_at) = (excluded.fingerprint, excluded.status, excluded.headers, excluded.body, excluded.created_at);

-- src/platform/database/lane-sql.ts

-- eraseLane
with
  gone as (
    delete from tasklane.profiles
    where
      user_id = $1
  )
insert into
  tasklane.erased (user_hash, at)
values
  (sha256(convert_to($1, 'UTF8')), clock_timestamp())
on conflict (user_hash) do update
set
  at = excluded.at;

-- lockLane
with
  held as (
    select
      delivers
    from
      tasklane.profiles
    where
      user_id = $1
    for update
  )
select
  delivers,
  set_config('app.now', clock_timestamp()::text, true)
from
  held;

-- lockOrCreateLane
with
  held as (
    select
      delivers, require_if_match, task_count, project_count, tag_count, webhook_count
    from
      tasklane.profiles
    where
      user_id = $1
    for update
  ),
  made as (
    insert into
      tasklane.profiles (user_id)
    select
      $1
    where
      not exists (
        select
        from
          held
      )
    on conflict (user_id) do nothing
    returning
      delivers, require_if_match, task_count, project_count, tag_count, webhook_count
  )
select
  made, delivers, require_if_match, task_count, project_count, tag_count, webhook_count,
  set_config('app.now', clock_timestamp()::text, true)
from
  (
    select
      false as made,
      *
    from
      held
    union all
    select
      true,
      *
    from
      made
  ) as lane;

-- openScope
select
  set_config('role', $1, true),
  set_config('app.user_id', $2, true),
  set_config('statement_timeout', $3, true),
  case
    when current_setting('server_version_num')::int >= 170000 then set_config('transaction_timeout', $5, true)
  end,
  exists (
    select
    from
      tasklane.erased
    where
      user_hash = sha256(convert_to($2, 'UTF8'))
      and (
        $4::float8 is null
        or extract(
          epoch
          from
            at
        ) >= $4
      )
  ) as stale;

-- recordChanges
with
  counter as (
    update tasklane.profiles
    set
      change_seq = change_seq + cardinality($2::text[]),
      task_count = greatest(0, task_count + $6),
      project_count = greatest(0, project_count + $7),
      tag_count = greatest(0, tag_count + $8),
      webhook_count = greatest(0, webhook_count + $9)
    where
      user_id = $1
    returning
      change_seq - cardinality($2::text[]) as before
  )
insert into
  tasklane.changes (user_id, seq, type, entity_id, action, fields, at)
select
  $1,
  counter.before + change.n,
  change.type, change.entity_id, change.action,
  change.fields::jsonb,
  current_setting('app.now')::timestamptz(3)
from
  counter,
  unnest($2::text[], $3::uuid[], $4::text[], $5::text[]) with ordinality as change (type, entity_id, action, fields, n);

-- src/platform/jobs/idempotency-records.ts

-- idempotencyRecordsJob
delete from tasklane.idempotency_keys
where
  (user_id, operation, key_hash) in (
    select
      user_id, operation, key_hash
    from
      tasklane.idempotency_keys
    where
      created_at <= clock_timestamp() - interval '24 hours'
    order by
      created_at
    limit
      $1
  )
returning
  1;

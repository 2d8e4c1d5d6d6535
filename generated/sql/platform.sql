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
      delivers, require_if_match, task_count, project_count, tag_count, webhook_count,
      storage_written, storage_correction
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
      delivers, require_if_match, task_count, project_count, tag_count, webhook_count,
      storage_written, storage_correction
  )
select
  made, delivers, require_if_match, task_count, project_count, tag_count, webhook_count,
  storage_written, storage_correction,
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

-- lockQuietLane
with
  held as (
    select
      delivers, require_if_match, task_count, project_count, tag_count, webhook_count,
      storage_written, storage_correction
    from
      tasklane.profiles
    where
      user_id = $1
    for update
  )
select
  false as made,
  held.*,
  set_config('app.now', clock_timestamp()::text, true),
  case
    when held.delivers is not false then tasklane.refuse ('the lane is not quiet')
  end
from
  (
    values
      (1)
  ) as one
  left join held on true;

-- openFreshScope
select
  set_config('role', $1, true),
  set_config('app.user_id', $2, true),
  set_config('statement_timeout', $3, true),
  case
    when current_setting('server_version_num')::int >= 170000 then set_config('transaction_timeout', $5, true)
  end, case
    when exists (
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
    ) then tasklane.refuse ('the token is stale')
    else false
  end as stale;

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
      webhook_count = greatest(0, webhook_count + $9),
      storage_written = storage_written + $10::bigint,
      storage_check_at = case
        when storage_written + storage_correction + $10::bigint > $11::bigint then coalesce(storage_check_at, clock_timestamp())
        else storage_check_at
      end
    where
      user_id = $1
    returning
      change_seq - cardinality($2::text[]) as before,
      case
        when task_count > $12
        or project_count > $13
        or tag_count > $14
        or webhook_count > $15
        or storage_written + storage_correction > $16::bigint then tasklane.refuse ('a quota is exceeded')
      end as exceeds
  )
insert into
  tasklane.changes (user_id, seq, type, entity_id, action, fields, at)
select
  $1,
  counter.before + change.n,
  change.type, change.entity_id, change.action,
  replace(
    change.fields,
    '"\u0000now"',
    to_char(current_setting('app.now')::timestamptz(3) at time zone 'UTC', '\"YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\"')
  )::jsonb,
  current_setting('app.now')::timestamptz(3)
from
  counter,
  unnest($2::text[], $3::uuid[], $4::text[], $5::text[]) with ordinality as change (type, entity_id, action, fields, n);

-- storeBytes
update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, clock_timestamp())
    else storage_check_at
  end
where
  user_id = $1;

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

-- src/platform/jobs/storage.ts

-- storageJob
update tasklane.profiles
set
  storage_check_at = clock_timestamp() + interval '10 minutes'
where
  user_id in (
    select
      user_id
    from
      tasklane.profiles
    where
      storage_check_at <= clock_timestamp()
    order by
      storage_check_at
    limit
      $1
    for update
      skip locked
  )
returning
  user_id;

select
  epoch, storage_written
from
  tasklane.profiles as profiles
where
  profiles.user_id = $1
limit
  $2;

select
  id
from
  tasklane.tasks as tasks
where
  tasks.user_id = $1
order by
  id asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      216 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(title), 0) + coalesce(pg_column_size(description), 0) + coalesce(pg_column_size(status), 0) + coalesce(pg_column_size(priority), 0) + coalesce(pg_column_size(position), 0) + coalesce(pg_column_size(tags), 0) + coalesce(pg_column_size(due_time), 0) + coalesce(pg_column_size(time_zone), 0) + coalesce(pg_column_size(rrule), 0) + coalesce(pg_column_size(repeat_from), 0) + coalesce(pg_column_size(reminders), 0) + coalesce(pg_column_size(search), 0)
    ),
    0
  ) as bytes
from
  tasklane.tasks as tasks
where
  tasks.user_id = $1
  and (id) <= ($2);

select
  id
from
  tasklane.tasks as tasks
where
  tasks.user_id = $1
  and (id) > ($2)
order by
  id asc
limit
  $3
offset
  $4;

select
  coalesce(
    sum(
      216 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(title), 0) + coalesce(pg_column_size(description), 0) + coalesce(pg_column_size(status), 0) + coalesce(pg_column_size(priority), 0) + coalesce(pg_column_size(position), 0) + coalesce(pg_column_size(tags), 0) + coalesce(pg_column_size(due_time), 0) + coalesce(pg_column_size(time_zone), 0) + coalesce(pg_column_size(rrule), 0) + coalesce(pg_column_size(repeat_from), 0) + coalesce(pg_column_size(reminders), 0) + coalesce(pg_column_size(search), 0)
    ),
    0
  ) as bytes
from
  tasklane.tasks as tasks
where
  tasks.user_id = $1
  and (id) > ($2)
  and (id) <= ($3);

select
  coalesce(
    sum(
      216 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(title), 0) + coalesce(pg_column_size(description), 0) + coalesce(pg_column_size(status), 0) + coalesce(pg_column_size(priority), 0) + coalesce(pg_column_size(position), 0) + coalesce(pg_column_size(tags), 0) + coalesce(pg_column_size(due_time), 0) + coalesce(pg_column_size(time_zone), 0) + coalesce(pg_column_size(rrule), 0) + coalesce(pg_column_size(repeat_from), 0) + coalesce(pg_column_size(reminders), 0) + coalesce(pg_column_size(search), 0)
    ),
    0
  ) as bytes
from
  tasklane.tasks as tasks
where
  tasks.user_id = $1
  and (id) > ($2);

select
  tag_id, task_id
from
  tasklane.task_tags as task_tags
where
  task_tags.user_id = $1
order by
  tag_id asc,
  task_id asc
limit
  $2
offset
  $3;

select
  coalesce(sum(68 + coalesce(pg_column_size(user_id), 0)), 0) as bytes
from
  tasklane.task_tags as task_tags
where
  task_tags.user_id = $1
  and (tag_id, task_id) <= ($2, $3);

select
  tag_id, task_id
from
  tasklane.task_tags as task_tags
where
  task_tags.user_id = $1
  and (tag_id, task_id) > ($2, $3)
order by
  tag_id asc,
  task_id asc
limit
  $4
offset
  $5;

select
  coalesce(sum(68 + coalesce(pg_column_size(user_id), 0)), 0) as bytes
from
  tasklane.task_tags as task_tags
where
  task_tags.user_id = $1
  and (tag_id, task_id) > ($2, $3)
  and (tag_id, task_id) <= ($4, $5);

select
  coalesce(sum(68 + coalesce(pg_column_size(user_id), 0)), 0) as bytes
from
  tasklane.task_tags as task_tags
where
  task_tags.user_id = $1
  and (tag_id, task_id) > ($2, $3);

select
  task_id, identity
from
  tasklane.reminders as reminders
where
  reminders.user_id = $1
order by
  task_id asc,
  identity asc
limit
  $2
offset
  $3;

select
  coalesce(sum(68 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(identity), 0)), 0) as bytes
from
  tasklane.reminders as reminders
where
  reminders.user_id = $1
  and (task_id, identity) <= ($2, $3);

select
  task_id, identity
from
  tasklane.reminders as reminders
where
  reminders.user_id = $1
  and (task_id, identity) > ($2, $3)
order by
  task_id asc,
  identity asc
limit
  $4
offset
  $5;

select
  coalesce(sum(68 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(identity), 0)), 0) as bytes
from
  tasklane.reminders as reminders
where
  reminders.user_id = $1
  and (task_id, identity) > ($2, $3)
  and (task_id, identity) <= ($4, $5);

select
  coalesce(sum(68 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(identity), 0)), 0) as bytes
from
  tasklane.reminders as reminders
where
  reminders.user_id = $1
  and (task_id, identity) > ($2, $3);

select
  id
from
  tasklane.completions as completions
where
  completions.user_id = $1
order by
  id asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      84 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(title), 0) + coalesce(pg_column_size(due_time), 0) + coalesce(pg_column_size(time_zone), 0) + coalesce(pg_column_size(rrule), 0) + coalesce(pg_column_size(status), 0) + coalesce(pg_column_size(reopened), 0)
    ),
    0
  ) as bytes
from
  tasklane.completions as completions
where
  completions.user_id = $1
  and (id) <= ($2);

select
  id
from
  tasklane.completions as completions
where
  completions.user_id = $1
  and (id) > ($2)
order by
  id asc
limit
  $3
offset
  $4;

select
  coalesce(
    sum(
      84 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(title), 0) + coalesce(pg_column_size(due_time), 0) + coalesce(pg_column_size(time_zone), 0) + coalesce(pg_column_size(rrule), 0) + coalesce(pg_column_size(status), 0) + coalesce(pg_column_size(reopened), 0)
    ),
    0
  ) as bytes
from
  tasklane.completions as completions
where
  completions.user_id = $1
  and (id) > ($2)
  and (id) <= ($3);

select
  coalesce(
    sum(
      84 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(title), 0) + coalesce(pg_column_size(due_time), 0) + coalesce(pg_column_size(time_zone), 0) + coalesce(pg_column_size(rrule), 0) + coalesce(pg_column_size(status), 0) + coalesce(pg_column_size(reopened), 0)
    ),
    0
  ) as bytes
from
  tasklane.completions as completions
where
  completions.user_id = $1
  and (id) > ($2);

select
  id
from
  tasklane.projects as projects
where
  projects.user_id = $1
order by
  id asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      76 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(color), 0) + coalesce(pg_column_size(position), 0)
    ),
    0
  ) as bytes
from
  tasklane.projects as projects
where
  projects.user_id = $1
  and (id) <= ($2);

select
  id
from
  tasklane.projects as projects
where
  projects.user_id = $1
  and (id) > ($2)
order by
  id asc
limit
  $3
offset
  $4;

select
  coalesce(
    sum(
      76 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(color), 0) + coalesce(pg_column_size(position), 0)
    ),
    0
  ) as bytes
from
  tasklane.projects as projects
where
  projects.user_id = $1
  and (id) > ($2)
  and (id) <= ($3);

select
  coalesce(
    sum(
      76 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(color), 0) + coalesce(pg_column_size(position), 0)
    ),
    0
  ) as bytes
from
  tasklane.projects as projects
where
  projects.user_id = $1
  and (id) > ($2);

select
  id
from
  tasklane.tags as tags
where
  tags.user_id = $1
order by
  id asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      76 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(name_key), 0) + coalesce(pg_column_size(color), 0)
    ),
    0
  ) as bytes
from
  tasklane.tags as tags
where
  tags.user_id = $1
  and (id) <= ($2);

select
  id
from
  tasklane.tags as tags
where
  tags.user_id = $1
  and (id) > ($2)
order by
  id asc
limit
  $3
offset
  $4;

select
  coalesce(
    sum(
      76 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(name_key), 0) + coalesce(pg_column_size(color), 0)
    ),
    0
  ) as bytes
from
  tasklane.tags as tags
where
  tags.user_id = $1
  and (id) > ($2)
  and (id) <= ($3);

select
  coalesce(
    sum(
      76 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(name_key), 0) + coalesce(pg_column_size(color), 0)
    ),
    0
  ) as bytes
from
  tasklane.tags as tags
where
  tags.user_id = $1
  and (id) > ($2);

select
  seq
from
  tasklane.changes as changes
where
  changes.user_id = $1
order by
  seq asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      68 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(type), 0) + coalesce(pg_column_size(action), 0) + coalesce(pg_column_size(fields), 0)
    ),
    0
  ) as bytes
from
  tasklane.changes as changes
where
  changes.user_id = $1
  and (seq) <= ($2);

select
  seq
from
  tasklane.changes as changes
where
  changes.user_id = $1
  and (seq) > ($2)
order by
  seq asc
limit
  $3
offset
  $4;

select
  coalesce(
    sum(
      68 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(type), 0) + coalesce(pg_column_size(action), 0) + coalesce(pg_column_size(fields), 0)
    ),
    0
  ) as bytes
from
  tasklane.changes as changes
where
  changes.user_id = $1
  and (seq) > ($2)
  and (seq) <= ($3);

select
  coalesce(
    sum(
      68 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(type), 0) + coalesce(pg_column_size(action), 0) + coalesce(pg_column_size(fields), 0)
    ),
    0
  ) as bytes
from
  tasklane.changes as changes
where
  changes.user_id = $1
  and (seq) > ($2);

select
  id
from
  tasklane.webhooks as webhooks
where
  webhooks.user_id = $1
order by
  id asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      136 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(url), 0) + coalesce(pg_column_size(description), 0) + coalesce(pg_column_size(events), 0) + coalesce(pg_column_size(disabled_reason), 0) + coalesce(pg_column_size(secret), 0) + coalesce(pg_column_size(previous_secret), 0)
    ),
    0
  ) as bytes
from
  tasklane.webhooks as webhooks
where
  webhooks.user_id = $1
  and (id) <= ($2);

select
  id
from
  tasklane.webhooks as webhooks
where
  webhooks.user_id = $1
  and (id) > ($2)
order by
  id asc
limit
  $3
offset
  $4;

select
  coalesce(
    sum(
      136 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(url), 0) + coalesce(pg_column_size(description), 0) + coalesce(pg_column_size(events), 0) + coalesce(pg_column_size(disabled_reason), 0) + coalesce(pg_column_size(secret), 0) + coalesce(pg_column_size(previous_secret), 0)
    ),
    0
  ) as bytes
from
  tasklane.webhooks as webhooks
where
  webhooks.user_id = $1
  and (id) > ($2)
  and (id) <= ($3);

select
  coalesce(
    sum(
      136 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(url), 0) + coalesce(pg_column_size(description), 0) + coalesce(pg_column_size(events), 0) + coalesce(pg_column_size(disabled_reason), 0) + coalesce(pg_column_size(secret), 0) + coalesce(pg_column_size(previous_secret), 0)
    ),
    0
  ) as bytes
from
  tasklane.webhooks as webhooks
where
  webhooks.user_id = $1
  and (id) > ($2);

select
  id
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.user_id = $1
order by
  id asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      136 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(event), 0) + coalesce(pg_column_size(fields), 0) + coalesce(pg_column_size(state), 0) + coalesce(pg_column_size(attempts), 0)
    ),
    0
  ) as bytes
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.user_id = $1
  and (id) <= ($2);

select
  id
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.user_id = $1
  and (id) > ($2)
order by
  id asc
limit
  $3
offset
  $4;

select
  coalesce(
    sum(
      136 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(event), 0) + coalesce(pg_column_size(fields), 0) + coalesce(pg_column_size(state), 0) + coalesce(pg_column_size(attempts), 0)
    ),
    0
  ) as bytes
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.user_id = $1
  and (id) > ($2)
  and (id) <= ($3);

select
  coalesce(
    sum(
      136 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(event), 0) + coalesce(pg_column_size(fields), 0) + coalesce(pg_column_size(state), 0) + coalesce(pg_column_size(attempts), 0)
    ),
    0
  ) as bytes
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.user_id = $1
  and (id) > ($2);

select
  operation, key_hash
from
  tasklane.idempotency_keys as idempotency_keys
where
  idempotency_keys.user_id = $1
order by
  operation asc,
  key_hash asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      52 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(operation), 0) + coalesce(pg_column_size(key_hash), 0) + coalesce(pg_column_size(fingerprint), 0) + coalesce(pg_column_size(headers), 0) + coalesce(pg_column_size(body), 0)
    ),
    0
  ) as bytes
from
  tasklane.idempotency_keys as idempotency_keys
where
  idempotency_keys.user_id = $1
  and (operation, key_hash) <= ($2, $3);

select
  operation, key_hash
from
  tasklane.idempotency_keys as idempotency_keys
where
  idempotency_keys.user_id = $1
  and (operation, key_hash) > ($2, $3)
order by
  operation asc,
  key_hash asc
limit
  $4
offset
  $5;

select
  coalesce(
    sum(
      52 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(operation), 0) + coalesce(pg_column_size(key_hash), 0) + coalesce(pg_column_size(fingerprint), 0) + coalesce(pg_column_size(headers), 0) + coalesce(pg_column_size(body), 0)
    ),
    0
  ) as bytes
from
  tasklane.idempotency_keys as idempotency_keys
where
  idempotency_keys.user_id = $1
  and (operation, key_hash) > ($2, $3)
  and (operation, key_hash) <= ($4, $5);

select
  coalesce(
    sum(
      52 + coalesce(pg_column_size(user_id), 0) + coalesce(pg_column_size(operation), 0) + coalesce(pg_column_size(key_hash), 0) + coalesce(pg_column_size(fingerprint), 0) + coalesce(pg_column_size(headers), 0) + coalesce(pg_column_size(body), 0)
    ),
    0
  ) as bytes
from
  tasklane.idempotency_keys as idempotency_keys
where
  idempotency_keys.user_id = $1
  and (operation, key_hash) > ($2, $3);

update tasklane.profiles as profiles
set
  storage_correction = $1,
  storage_check_at = case
    when storage_written + $2::bigint > $3::bigint then storage_check_at
  end
where
  profiles.user_id = $4
  and epoch = $5;

-- src/platform/database/calendar-feeds.ts

-- findLaneOfCalendarFeed
select
  lane.user_id as "userId",
  feed.created_at as since
from
  tasklane.calendar_feeds as feed
  join tasklane.lanes as lane on lane.id = feed.lane_id
where
  feed.secret_hash = $1;

-- src/platform/database/clients.ts

-- useStatements
insert into
  tasklane.clients as clients (lane_id, id, client_id, name, scopes)
select
  profile.lane_id,
  $2::uuid,
  $3::text,
  $4::text,
  $5::text[]
from
  tasklane.profiles as profile
where
  profile.lane_id = $1
on conflict (lane_id, client_id) do update
set
  last_used_at = excluded.last_used_at,
  scopes = excluded.scopes,
  name = coalesce(excluded.name, clients.name)
where
  clients.last_used_at at time zone 'UTC' < excluded.last_used_at at time zone 'UTC' - interval '1 hour';

delete from tasklane.clients
where
  lane_id = $1
  and id in (
    select
      id
    from
      tasklane.clients
    where
      lane_id = $1
      and cut_off_at is null
    order by
      last_used_at desc,
      id desc
    offset
      $2
  );

-- src/platform/database/idempotency.ts

-- lookUpStatements
select
  pg_try_advisory_xact_lock($1) as taken;

select
  fingerprint, status, case
    when recent then headers
  end as headers, case
    when recent then body
  end as body
from
  tasklane.idempotency_keys,
  lateral (
    select
      created_at > clock_timestamp() - interval '24 hours' as recent
  ) as age
where
  lane_id = $1
  and operation = $2
  and key_hash = $3;

-- storeStatement
insert into
  tasklane.idempotency_keys (lane_id, operation, key_hash, fingerprint, status, headers, body, created_at)
values
  ($1, $2, $3, $4, $5, $6, $7, clock_timestamp());

-- src/platform/database/lane-sql.ts

-- eraseLane
with
  gone as (
    delete from tasklane.lanes
    where
      id = $1
  )
insert into
  tasklane.erased (user_hash, at)
values
  (sha256(convert_to($2, 'UTF8')), clock_timestamp())
on conflict (user_hash) do update
set
  at = excluded.at;

-- lockLane
select
  delivers, require_if_match, epoch, change_seq, task_count, project_count, tag_count,
  webhook_count, storage_written, storage_correction
from
  tasklane.profiles
where
  lane_id = $1
for update;

-- lockLaneForJob
select
  delivers
from
  tasklane.profiles
where
  lane_id = $1
for update;

-- lockQuietLane
with
  held as (
    select
      delivers, require_if_match, epoch, change_seq, task_count, project_count, tag_count,
      webhook_count, storage_written, storage_correction
    from
      tasklane.profiles
    where
      lane_id = $1
    for update
  )
select
  held.*,
  case
    when held.delivers is not false then tasklane.refuse ('the lane is not quiet')
  end
from
  (
    values
      (1)
  ) as one
  left join held on true;

-- makeProfile
insert into
  tasklane.profiles (lane_id)
values
  ($1)
on conflict (lane_id) do nothing;

-- openFreshScope
select
  lane_id, stale, cut_off, use_is_due, case
    when stale then tasklane.refuse ('the token is stale')
    when cut_off then tasklane.refuse ('the client is cut off')
    when lane_id is distinct from $7::bigint then tasklane.refuse ('the lane has another id')
  end
from
  tasklane.open_scope ($1, $2, $3, $4, $5, $6);

-- openScope
select
  lane_id, stale, cut_off, use_is_due
from
  tasklane.open_scope ($1, $2, $3, $4, $5, $6);

-- recordChanges
with
  counter as (
    update tasklane.profiles
    set
      change_seq = change_seq + cardinality($2::text[]),
      oldest_change_at = least(oldest_change_at, current_setting('app.now')::timestamptz(3)),
      task_count = greatest(0, task_count + $6),
      project_count = greatest(0, project_count + $7),
      tag_count = greatest(0, tag_count + $8),
      webhook_count = greatest(0, webhook_count + $9),
      storage_written = storage_written + $10::bigint,
      storage_check_at = case
        when storage_written + storage_correction + $10::bigint > $11::bigint then coalesce(storage_check_at, '-infinity')
        else storage_check_at
      end
    where
      lane_id = $1
    returning
      change_seq - cardinality($2::text[]) as before,
      coalesce(
        task_count > $12
        or project_count > $13
        or tag_count > $14
        or webhook_count > $15
        or storage_written + storage_correction > $16::bigint,
        false
      ) as exceeds
  )
insert into
  tasklane.changes (lane_id, seq, type, entity_id, action, fields, at, request, client_id)
select
  profile.lane_id,
  counter.before + change.n,
  change.type, change.entity_id, change.action,
  replace(
    change.fields,
    '"\u0000now"',
    to_char(current_setting('app.now')::timestamptz(3) at time zone 'UTC', '\"YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\"')
  )::jsonb,
  current_setting('app.now')::timestamptz(3),
  change.request, change.client_id
from
  counter
  join tasklane.profiles as profile on profile.lane_id = $1,
  unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $17::uuid[], $18::text[]) with ordinality as change (type, entity_id, action, fields, request, client_id, n)
where
  not counter.exceeds
  or tasklane.refuse (
    case
      when counter.exceeds then 'a quota is exceeded'
    end
  );

-- setWriteTime
select
  tasklane.set_write_time ();

-- storeBytes
update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;

-- src/platform/jobs/idempotency-records.ts

-- createIdempotencyRecordsJob
select
  lane_id, created_at, kept,
  created_at <= now() - $2::int * interval '1 day' as outlived
from
  (
    (
      select
        lane_id, created_at, kept
      from
        tasklane.idempotency_keys
      where
        kept
        and created_at >= $3
        and created_at <= now() - interval '24 hours'
      order by
        created_at
      limit
        $1
    )
    union all
    (
      select
        lane_id, created_at, kept
      from
        tasklane.idempotency_keys
      where
        not kept
        and created_at >= $4
        and created_at <= now() - $2::int * interval '1 day'
      order by
        created_at
      limit
        $1
    )
  ) as old
limit
  $1;

select
  id,
  user_id as "userId"
from
  tasklane.lanes
where
  id = any ($1::bigint[]);

update tasklane.idempotency_keys as idempotency_keys
set
  headers = $1,
  body = $2
where
  idempotency_keys.lane_id = $3
  and kept in (true)
  and created_at = any ($4::timestamptz[]);

delete from tasklane.idempotency_keys as idempotency_keys
where
  idempotency_keys.lane_id = $1
  and kept in (true, false)
  and created_at = any ($2::timestamptz[]);

-- src/platform/jobs/storage.ts

-- storageJob
select
  lane_id
from
  tasklane.profiles as profiles
where
  storage_check_at <= now()
order by
  storage_check_at asc
limit
  $1;

select
  id,
  user_id as "userId"
from
  tasklane.lanes
where
  id = any ($1::bigint[]);

update tasklane.profiles as profiles
set
  storage_check_at = now() + interval '10 minutes'
where
  profiles.lane_id = $1
  and storage_check_at <= now()
returning
  epoch, storage_written;

select
  id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
order by
  id asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      224 + coalesce(pg_column_size(title), 0) + coalesce(pg_column_size(description), 0) + coalesce(pg_column_size(status), 0) + coalesce(pg_column_size(priority), 0) + coalesce(pg_column_size(position), 0) + coalesce(pg_column_size(tags), 0) + coalesce(pg_column_size(due_time), 0) + coalesce(pg_column_size(time_zone), 0) + coalesce(pg_column_size(start_time), 0) + coalesce(pg_column_size(rrule), 0) + coalesce(pg_column_size(recurrence_start_time), 0) + coalesce(pg_column_size(excluded_dates), 0) + coalesce(pg_column_size(repeat_from), 0) + coalesce(pg_column_size(reminders), 0) + coalesce(pg_column_size(links), 0) + coalesce(pg_column_size(search), 0)
    ),
    0
  ) as bytes
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and (id) <= ($2);

select
  id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
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
      224 + coalesce(pg_column_size(title), 0) + coalesce(pg_column_size(description), 0) + coalesce(pg_column_size(status), 0) + coalesce(pg_column_size(priority), 0) + coalesce(pg_column_size(position), 0) + coalesce(pg_column_size(tags), 0) + coalesce(pg_column_size(due_time), 0) + coalesce(pg_column_size(time_zone), 0) + coalesce(pg_column_size(start_time), 0) + coalesce(pg_column_size(rrule), 0) + coalesce(pg_column_size(recurrence_start_time), 0) + coalesce(pg_column_size(excluded_dates), 0) + coalesce(pg_column_size(repeat_from), 0) + coalesce(pg_column_size(reminders), 0) + coalesce(pg_column_size(links), 0) + coalesce(pg_column_size(search), 0)
    ),
    0
  ) as bytes
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and (id) > ($2)
  and (id) <= ($3);

select
  coalesce(
    sum(
      224 + coalesce(pg_column_size(title), 0) + coalesce(pg_column_size(description), 0) + coalesce(pg_column_size(status), 0) + coalesce(pg_column_size(priority), 0) + coalesce(pg_column_size(position), 0) + coalesce(pg_column_size(tags), 0) + coalesce(pg_column_size(due_time), 0) + coalesce(pg_column_size(time_zone), 0) + coalesce(pg_column_size(start_time), 0) + coalesce(pg_column_size(rrule), 0) + coalesce(pg_column_size(recurrence_start_time), 0) + coalesce(pg_column_size(excluded_dates), 0) + coalesce(pg_column_size(repeat_from), 0) + coalesce(pg_column_size(reminders), 0) + coalesce(pg_column_size(links), 0) + coalesce(pg_column_size(search), 0)
    ),
    0
  ) as bytes
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and (id) > ($2);

select
  tag_id, task_id
from
  tasklane.task_tags as task_tags
where
  task_tags.lane_id = $1
order by
  tag_id asc,
  task_id asc
limit
  $2
offset
  $3;

select
  coalesce(sum(76), 0) as bytes
from
  tasklane.task_tags as task_tags
where
  task_tags.lane_id = $1
  and (tag_id, task_id) <= ($2, $3);

select
  tag_id, task_id
from
  tasklane.task_tags as task_tags
where
  task_tags.lane_id = $1
  and (tag_id, task_id) > ($2, $3)
order by
  tag_id asc,
  task_id asc
limit
  $4
offset
  $5;

select
  coalesce(sum(76), 0) as bytes
from
  tasklane.task_tags as task_tags
where
  task_tags.lane_id = $1
  and (tag_id, task_id) > ($2, $3)
  and (tag_id, task_id) <= ($4, $5);

select
  coalesce(sum(76), 0) as bytes
from
  tasklane.task_tags as task_tags
where
  task_tags.lane_id = $1
  and (tag_id, task_id) > ($2, $3);

select
  task_id, identity
from
  tasklane.reminders as reminders
where
  reminders.lane_id = $1
order by
  task_id asc,
  identity asc
limit
  $2
offset
  $3;

select
  coalesce(sum(76 + coalesce(pg_column_size(identity), 0)), 0) as bytes
from
  tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and (task_id, identity) <= ($2, $3);

select
  task_id, identity
from
  tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and (task_id, identity) > ($2, $3)
order by
  task_id asc,
  identity asc
limit
  $4
offset
  $5;

select
  coalesce(sum(76 + coalesce(pg_column_size(identity), 0)), 0) as bytes
from
  tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and (task_id, identity) > ($2, $3)
  and (task_id, identity) <= ($4, $5);

select
  coalesce(sum(76 + coalesce(pg_column_size(identity), 0)), 0) as bytes
from
  tasklane.reminders as reminders
where
  reminders.lane_id = $1
  and (task_id, identity) > ($2, $3);

select
  id
from
  tasklane.completions as completions
where
  completions.lane_id = $1
order by
  id asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      92 + coalesce(pg_column_size(title), 0) + coalesce(pg_column_size(due_time), 0) + coalesce(pg_column_size(time_zone), 0) + coalesce(pg_column_size(start_time), 0) + coalesce(pg_column_size(rrule), 0) + coalesce(pg_column_size(status), 0) + coalesce(pg_column_size(next_due_time), 0) + coalesce(pg_column_size(reopened), 0) + coalesce(pg_column_size(moved), 0)
    ),
    0
  ) as bytes
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and (id) <= ($2);

select
  id
from
  tasklane.completions as completions
where
  completions.lane_id = $1
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
      92 + coalesce(pg_column_size(title), 0) + coalesce(pg_column_size(due_time), 0) + coalesce(pg_column_size(time_zone), 0) + coalesce(pg_column_size(start_time), 0) + coalesce(pg_column_size(rrule), 0) + coalesce(pg_column_size(status), 0) + coalesce(pg_column_size(next_due_time), 0) + coalesce(pg_column_size(reopened), 0) + coalesce(pg_column_size(moved), 0)
    ),
    0
  ) as bytes
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and (id) > ($2)
  and (id) <= ($3);

select
  coalesce(
    sum(
      92 + coalesce(pg_column_size(title), 0) + coalesce(pg_column_size(due_time), 0) + coalesce(pg_column_size(time_zone), 0) + coalesce(pg_column_size(start_time), 0) + coalesce(pg_column_size(rrule), 0) + coalesce(pg_column_size(status), 0) + coalesce(pg_column_size(next_due_time), 0) + coalesce(pg_column_size(reopened), 0) + coalesce(pg_column_size(moved), 0)
    ),
    0
  ) as bytes
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and (id) > ($2);

select
  task_id, completed_at
from
  tasklane.purged_completions as purged_completions
where
  purged_completions.lane_id = $1
order by
  task_id asc,
  completed_at asc
limit
  $2
offset
  $3;

select
  coalesce(sum(72), 0) as bytes
from
  tasklane.purged_completions as purged_completions
where
  purged_completions.lane_id = $1
  and (task_id, completed_at) <= ($2, $3);

select
  task_id, completed_at
from
  tasklane.purged_completions as purged_completions
where
  purged_completions.lane_id = $1
  and (task_id, completed_at) > ($2, $3)
order by
  task_id asc,
  completed_at asc
limit
  $4
offset
  $5;

select
  coalesce(sum(72), 0) as bytes
from
  tasklane.purged_completions as purged_completions
where
  purged_completions.lane_id = $1
  and (task_id, completed_at) > ($2, $3)
  and (task_id, completed_at) <= ($4, $5);

select
  coalesce(sum(72), 0) as bytes
from
  tasklane.purged_completions as purged_completions
where
  purged_completions.lane_id = $1
  and (task_id, completed_at) > ($2, $3);

select
  id
from
  tasklane.projects as projects
where
  projects.lane_id = $1
order by
  id asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      84 + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(color), 0) + coalesce(pg_column_size(position), 0)
    ),
    0
  ) as bytes
from
  tasklane.projects as projects
where
  projects.lane_id = $1
  and (id) <= ($2);

select
  id
from
  tasklane.projects as projects
where
  projects.lane_id = $1
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
      84 + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(color), 0) + coalesce(pg_column_size(position), 0)
    ),
    0
  ) as bytes
from
  tasklane.projects as projects
where
  projects.lane_id = $1
  and (id) > ($2)
  and (id) <= ($3);

select
  coalesce(
    sum(
      84 + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(color), 0) + coalesce(pg_column_size(position), 0)
    ),
    0
  ) as bytes
from
  tasklane.projects as projects
where
  projects.lane_id = $1
  and (id) > ($2);

select
  id
from
  tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
order by
  id asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      92 + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(color), 0) + coalesce(pg_column_size(position), 0) + coalesce(pg_column_size(roots), 0)
    ),
    0
  ) as bytes
from
  tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
  and (id) <= ($2);

select
  id
from
  tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
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
      92 + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(color), 0) + coalesce(pg_column_size(position), 0) + coalesce(pg_column_size(roots), 0)
    ),
    0
  ) as bytes
from
  tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
  and (id) > ($2)
  and (id) <= ($3);

select
  coalesce(
    sum(
      92 + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(color), 0) + coalesce(pg_column_size(position), 0) + coalesce(pg_column_size(roots), 0)
    ),
    0
  ) as bytes
from
  tasklane.deleted_projects as deleted_projects
where
  deleted_projects.lane_id = $1
  and (id) > ($2);

select
  id
from
  tasklane.tags as tags
where
  tags.lane_id = $1
order by
  id asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      84 + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(name_key), 0) + coalesce(pg_column_size(color), 0)
    ),
    0
  ) as bytes
from
  tasklane.tags as tags
where
  tags.lane_id = $1
  and (id) <= ($2);

select
  id
from
  tasklane.tags as tags
where
  tags.lane_id = $1
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
      84 + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(name_key), 0) + coalesce(pg_column_size(color), 0)
    ),
    0
  ) as bytes
from
  tasklane.tags as tags
where
  tags.lane_id = $1
  and (id) > ($2)
  and (id) <= ($3);

select
  coalesce(
    sum(
      84 + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(name_key), 0) + coalesce(pg_column_size(color), 0)
    ),
    0
  ) as bytes
from
  tasklane.tags as tags
where
  tags.lane_id = $1
  and (id) > ($2);

select
  seq
from
  tasklane.changes as changes
where
  changes.lane_id = $1
order by
  seq asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      92 + coalesce(pg_column_size(type), 0) + coalesce(pg_column_size(action), 0) + coalesce(pg_column_size(fields), 0) + coalesce(pg_column_size(client_id), 0)
    ),
    0
  ) as bytes
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and (seq) <= ($2);

select
  seq
from
  tasklane.changes as changes
where
  changes.lane_id = $1
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
      92 + coalesce(pg_column_size(type), 0) + coalesce(pg_column_size(action), 0) + coalesce(pg_column_size(fields), 0) + coalesce(pg_column_size(client_id), 0)
    ),
    0
  ) as bytes
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and (seq) > ($2)
  and (seq) <= ($3);

select
  coalesce(
    sum(
      92 + coalesce(pg_column_size(type), 0) + coalesce(pg_column_size(action), 0) + coalesce(pg_column_size(fields), 0) + coalesce(pg_column_size(client_id), 0)
    ),
    0
  ) as bytes
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and (seq) > ($2);

select
  id
from
  tasklane.clients as clients
where
  clients.lane_id = $1
order by
  id asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      84 + coalesce(pg_column_size(client_id), 0) + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(scopes), 0)
    ),
    0
  ) as bytes
from
  tasklane.clients as clients
where
  clients.lane_id = $1
  and (id) <= ($2);

select
  id
from
  tasklane.clients as clients
where
  clients.lane_id = $1
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
      84 + coalesce(pg_column_size(client_id), 0) + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(scopes), 0)
    ),
    0
  ) as bytes
from
  tasklane.clients as clients
where
  clients.lane_id = $1
  and (id) > ($2)
  and (id) <= ($3);

select
  coalesce(
    sum(
      84 + coalesce(pg_column_size(client_id), 0) + coalesce(pg_column_size(name), 0) + coalesce(pg_column_size(scopes), 0)
    ),
    0
  ) as bytes
from
  tasklane.clients as clients
where
  clients.lane_id = $1
  and (id) > ($2);

select
  id
from
  tasklane.webhooks as webhooks
where
  webhooks.lane_id = $1
order by
  id asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      144 + coalesce(pg_column_size(url), 0) + coalesce(pg_column_size(description), 0) + coalesce(pg_column_size(events), 0) + coalesce(pg_column_size(disabled_reason), 0) + coalesce(pg_column_size(secret), 0) + coalesce(pg_column_size(previous_secret), 0)
    ),
    0
  ) as bytes
from
  tasklane.webhooks as webhooks
where
  webhooks.lane_id = $1
  and (id) <= ($2);

select
  id
from
  tasklane.webhooks as webhooks
where
  webhooks.lane_id = $1
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
      144 + coalesce(pg_column_size(url), 0) + coalesce(pg_column_size(description), 0) + coalesce(pg_column_size(events), 0) + coalesce(pg_column_size(disabled_reason), 0) + coalesce(pg_column_size(secret), 0) + coalesce(pg_column_size(previous_secret), 0)
    ),
    0
  ) as bytes
from
  tasklane.webhooks as webhooks
where
  webhooks.lane_id = $1
  and (id) > ($2)
  and (id) <= ($3);

select
  coalesce(
    sum(
      144 + coalesce(pg_column_size(url), 0) + coalesce(pg_column_size(description), 0) + coalesce(pg_column_size(events), 0) + coalesce(pg_column_size(disabled_reason), 0) + coalesce(pg_column_size(secret), 0) + coalesce(pg_column_size(previous_secret), 0)
    ),
    0
  ) as bytes
from
  tasklane.webhooks as webhooks
where
  webhooks.lane_id = $1
  and (id) > ($2);

select
  id
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.lane_id = $1
order by
  id asc
limit
  $2
offset
  $3;

select
  coalesce(
    sum(
      160 + coalesce(pg_column_size(event), 0) + coalesce(pg_column_size(fields), 0) + coalesce(pg_column_size(state), 0) + coalesce(pg_column_size(attempts), 0) + coalesce(pg_column_size(client_id), 0)
    ),
    0
  ) as bytes
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.lane_id = $1
  and (id) <= ($2);

select
  id
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.lane_id = $1
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
      160 + coalesce(pg_column_size(event), 0) + coalesce(pg_column_size(fields), 0) + coalesce(pg_column_size(state), 0) + coalesce(pg_column_size(attempts), 0) + coalesce(pg_column_size(client_id), 0)
    ),
    0
  ) as bytes
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.lane_id = $1
  and (id) > ($2)
  and (id) <= ($3);

select
  coalesce(
    sum(
      160 + coalesce(pg_column_size(event), 0) + coalesce(pg_column_size(fields), 0) + coalesce(pg_column_size(state), 0) + coalesce(pg_column_size(attempts), 0) + coalesce(pg_column_size(client_id), 0)
    ),
    0
  ) as bytes
from
  tasklane.webhook_deliveries as webhook_deliveries
where
  webhook_deliveries.lane_id = $1
  and (id) > ($2);

select
  operation, key_hash
from
  tasklane.idempotency_keys as idempotency_keys
where
  idempotency_keys.lane_id = $1
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
      60 + coalesce(pg_column_size(operation), 0) + coalesce(pg_column_size(key_hash), 0) + coalesce(pg_column_size(fingerprint), 0) + coalesce(pg_column_size(headers), 0) + coalesce(pg_column_size(body), 0)
    ),
    0
  ) as bytes
from
  tasklane.idempotency_keys as idempotency_keys
where
  idempotency_keys.lane_id = $1
  and (operation, key_hash) <= ($2, $3);

select
  operation, key_hash
from
  tasklane.idempotency_keys as idempotency_keys
where
  idempotency_keys.lane_id = $1
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
      60 + coalesce(pg_column_size(operation), 0) + coalesce(pg_column_size(key_hash), 0) + coalesce(pg_column_size(fingerprint), 0) + coalesce(pg_column_size(headers), 0) + coalesce(pg_column_size(body), 0)
    ),
    0
  ) as bytes
from
  tasklane.idempotency_keys as idempotency_keys
where
  idempotency_keys.lane_id = $1
  and (operation, key_hash) > ($2, $3)
  and (operation, key_hash) <= ($4, $5);

select
  coalesce(
    sum(
      60 + coalesce(pg_column_size(operation), 0) + coalesce(pg_column_size(key_hash), 0) + coalesce(pg_column_size(fingerprint), 0) + coalesce(pg_column_size(headers), 0) + coalesce(pg_column_size(body), 0)
    ),
    0
  ) as bytes
from
  tasklane.idempotency_keys as idempotency_keys
where
  idempotency_keys.lane_id = $1
  and (operation, key_hash) > ($2, $3);

update tasklane.profiles as profiles
set
  storage_correction = $1,
  storage_check_at = case
    when storage_written + $2::bigint > $3::bigint then storage_check_at
  end
where
  profiles.lane_id = $4
  and epoch = $5;

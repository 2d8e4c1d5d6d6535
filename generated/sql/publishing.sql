-- src/features/publishing/leases.ts

-- endLease
update tasklane.event_leases
set
  leased_until = null
where
  part = $1
  and leased_until = $2::timestamptz;

-- freeParts
select
  part
from
  tasklane.event_leases
where
  leased_until is null
  or leased_until <= now();

-- leasePart
update tasklane.event_leases
set
  leased_until = now() + $2::float8 * interval '1 millisecond'
where
  part = $1
  and (
    leased_until is null
    or leased_until <= now()
  )
returning
  leased_until::text as token;

-- renewLease
update tasklane.event_leases
set
  leased_until = now() + $2::float8 * interval '1 millisecond'
where
  part = $1
  and leased_until = $3::timestamptz
returning
  leased_until::text as token;

-- waitingLanes
select
  lane_id as "laneId",
  epoch,
  published::float8 as seq
from
  tasklane.event_positions
where
  part = $1
  and due_at is not null
  and not (lane_id = any ($3::bigint[]))
order by
  due_at
limit
  $2;

-- waitingParts
select
  part
from
  tasklane.event_positions
where
  due_at is not null
group by
  part
order by
  min(due_at);

-- src/features/publishing/positions.ts

-- queueLane
select
  epoch, change_seq, purged_seq
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

update tasklane.event_positions as event_positions
set
  due_at = current_setting('app.now')::timestamptz(3)
where
  event_positions.lane_id = $1
  and due_at is null;

select
  lane_id
from
  tasklane.event_positions as event_positions
where
  event_positions.lane_id = $1
limit
  $2;

insert into
  tasklane.event_positions (due_at, epoch, lane_id, published)
values
  (current_setting('app.now')::timestamptz(3), $1, $2, $3);

update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;

-- movePosition: same epoch
update tasklane.event_positions as event_positions
set
  epoch = $1,
  published = $2,
  due_at = $3
where
  event_positions.lane_id = $4
  and epoch = $5
  and published <= $6
  and $7::bigint in (
    select
      change_seq
    from
      tasklane.profiles as profiles
    where
      profiles.lane_id = $8
      and epoch = $9
  );

update tasklane.event_positions as event_positions
set
  epoch = $1,
  published = $2
where
  event_positions.lane_id = $3
  and epoch = $4
  and published < $5;

-- movePosition: another epoch
update tasklane.event_positions as event_positions
set
  epoch = $1,
  published = $2,
  due_at = $3
where
  event_positions.lane_id = $4
  and epoch = $5
  and $6::bigint in (
    select
      change_seq
    from
      tasklane.profiles as profiles
    where
      profiles.lane_id = $7
      and epoch = $8
  );

update tasklane.event_positions as event_positions
set
  epoch = $1,
  published = $2
where
  event_positions.lane_id = $3
  and epoch = $4;

-- src/features/publishing/queue.ts

-- queueEvents
insert into
  tasklane.event_positions as queued (lane_id, epoch, published, due_at)
select
  lane_id, epoch,
  change_seq - $2::bigint,
  current_setting('app.now')::timestamptz(3)
from
  tasklane.profiles
where
  lane_id = $1
  and not exists (
    select
    from
      tasklane.event_positions as position
    where
      position.lane_id = $1
      and position.due_at is not null
  )
on conflict (lane_id) do update
set
  due_at = excluded.due_at;

-- src/features/publishing/job.ts

-- createQueueMissedJob
select
  profiles.lane_id as "laneId",
  positions.lane_id is null as "isNew",
  positions.due_at is null
  and (
    positions.published <> profiles.change_seq
    or positions.epoch <> profiles.epoch
  ) as "isMissed"
from
  tasklane.profiles as profiles
  left join tasklane.event_positions as positions on positions.lane_id = profiles.lane_id
where
  profiles.lane_id > $1
order by
  profiles.lane_id
limit
  $2;

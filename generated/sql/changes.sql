-- src/features/changes/repository.ts

-- readHistory
select
  epoch, change_seq
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

select
  seq
from
  tasklane.changes as changes
where
  changes.lane_id = $1
order by
  seq asc
limit
  $2;

-- listChanges
select
  *
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and seq > $2
order by
  seq asc
limit
  $3;

-- listChangedEntities
select
  seq, type, entity_id
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and seq > $2
order by
  seq asc
limit
  $3;

-- listChangesBy: first page
select
  *
from
  tasklane.changes as changes
where
  changes.lane_id = $1
order by
  seq desc
limit
  $2;

-- listChangesBy: all filters
select
  *
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and type in ($2)
  and action in ($3)
  and entity_id = $4
  and at >= $5
  and (
    (
      request is not null
      and client_id is null
    )
    or client_id is not null
  )
  and client_id = $6
  and at < $7
  and ((seq) < ($8))
order by
  seq desc
limit
  $9;

-- countChanges
select
  count(*) as total
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and type in ($2);

-- purgeChanges
select
  seq, at
from
  tasklane.changes as changes
where
  changes.lane_id = $1
order by
  seq asc
limit
  $2;

delete from tasklane.changes as changes
where
  changes.lane_id = $1
  and seq <= $2;

-- purgeChanges: with a broker
select
  seq, at
from
  tasklane.changes as changes
where
  changes.lane_id = $1
order by
  seq asc
limit
  $2;

select
  published
from
  tasklane.event_positions as event_positions
where
  event_positions.lane_id = $1
limit
  $2;

delete from tasklane.changes as changes
where
  changes.lane_id = $1
  and seq <= $2;

-- src/features/changes/job.ts

-- createChangePurgeJob
with
  stretch as (
    select
      lane_id
    from
      tasklane.profiles
    where
      lane_id > $1
    order by
      lane_id
    limit
      $2
  ),
  cutoff as (
    select
      (now() - make_interval(days => $3))::timestamptz(3) as at
  )
select
  (
    select
      max(lane_id)
    from
      stretch
  ) as last,
  cutoff.at as cutoff,
  array(
    select
      lane_id
    from
      stretch
    where
      (
        select
          at
        from
          tasklane.changes
        where
          lane_id = stretch.lane_id
        order by
          seq
        limit
          1
      ) < cutoff.at
  ) as lanes
from
  cutoff;

select
  id,
  user_id as "userId"
from
  tasklane.lanes
where
  id = any ($1::bigint[]);

select
  seq, at
from
  tasklane.changes as changes
where
  changes.lane_id = $1
order by
  seq asc
limit
  $2;

-- src/features/changes/repository.ts

-- readHistory
select
  epoch, change_seq, purged_seq
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
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
  purged_seq
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

select
  seq, at
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and seq > $2
order by
  seq asc
limit
  $3;

delete from tasklane.changes as changes
where
  changes.lane_id = $1
  and seq > $2
  and seq <= $3;

update tasklane.profiles as profiles
set
  purged_seq = $1,
  oldest_change_at = $2
where
  profiles.lane_id = $3;

-- purgeChanges: with a broker
select
  purged_seq
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
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

select
  seq, at
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and seq > $2
order by
  seq asc
limit
  $3;

delete from tasklane.changes as changes
where
  changes.lane_id = $1
  and seq > $2
  and seq <= $3;

update tasklane.profiles as profiles
set
  purged_seq = $1,
  oldest_change_at = $2
where
  profiles.lane_id = $3;

-- src/features/changes/job.ts

-- createChangePurgeJob
select
  lane_id,
  now() - $1 * interval '1 day' as cutoff
from
  tasklane.profiles
where
  oldest_change_at < now() - $1 * 1.01 * interval '1 day'
order by
  oldest_change_at
limit
  $2;

select
  id,
  user_id as "userId"
from
  tasklane.lanes
where
  id = any ($1::bigint[]);

select
  purged_seq
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

select
  seq, at
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and seq > $2
order by
  seq asc
limit
  $3;

update tasklane.profiles as profiles
set
  oldest_change_at = $1
where
  profiles.lane_id = $2;

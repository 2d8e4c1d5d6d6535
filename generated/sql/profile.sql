-- src/features/profile/repository.ts

-- findProfile
select
  *
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

-- findTimeZone
select
  *
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

-- knowsTimeZone
select
  lane_id
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
  and exists (
    select
    from
      pg_timezone_names
    where
      name = $2
  )
limit
  $3;

-- updateProfile
select
  *
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

update tasklane.profiles as profiles
set
  time_zone = $1,
  version = $2,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  profiles.lane_id = $3
returning
  *;

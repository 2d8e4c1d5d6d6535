-- src/features/sync/entities.ts

-- profile: find
select
  *
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

-- profile: page
select
  *
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $1
limit
  $2;

-- project: find
select
  *
from
  tasklane.projects as projects
where
  projects.lane_id = $1
  and id = any ($2);

-- project: page
select
  *
from
  tasklane.projects as projects
where
  projects.lane_id = $1
  and ((id) > ($2))
order by
  id asc
limit
  $3;

-- tag: find
select
  *
from
  tasklane.tags as tags
where
  tags.lane_id = $1
  and id = any ($2);

-- tag: page
select
  *
from
  tasklane.tags as tags
where
  tags.lane_id = $1
  and ((id) > ($2))
order by
  id asc
limit
  $3;

-- task: find
select
  *
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and id = any ($2);

-- task: page
select
  *
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and ((id) > ($2))
  and (
    status_rank <= 2
    or case
      when status_rank = 3 then completed_at
      else updated_at
    end >= $3
  )
order by
  id asc
limit
  $4;

-- completion: find
select
  *
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and id = any ($2);

-- completion: page
select
  *
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and ((id) > ($2))
  and completed_at >= $3
order by
  id asc
limit
  $4;

-- src/features/stats/repository.ts

-- countByKind
select
  status, priority, project_id,
  project_id in (
    (
      select
        id
      from
        tasklane.projects as projects
      where
        projects.lane_id = $1
        and archived
    )
  ) is true as archived,
  count(*)::integer as count,
  min(completed_at) as first_completed
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $2
  and deleted_at is null
group by
  status, priority, project_id
order by
  project_id nulls first;

-- findProfileSince
select
  profiles.*,
  least(
    profiles.created_at,
    (
      select
        min(completed_at)
      from
        tasklane.completions as completions
      where
        completions.lane_id = $1
    ),
    (
      select
        min(completed_at)
      from
        tasklane.purged_completions as purged_completions
      where
        purged_completions.lane_id = $2
    ),
    (
      select
        min(completed_at)
      from
        tasklane.tasks as tasks
      where
        tasks.lane_id = $3
        and deleted_with is not null
    )
  ) as since
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $4
limit
  $5;

-- findCompletions
with
  record as (
    select
      task_id, completed_at, reopened
    from
      tasklane.completions as completions
    where
      completions.lane_id = $1
  ),
  reopened as (
    select
      task.id as task_id, task.completed_at,
      1 as number
    from
      record
      cross join lateral jsonb_to_recordset(reopened) as task (id uuid, status text, completed_at timestamptz(3))
    where
      task.status = $2
  ),
  other as (
    select
      id as task_id, completed_at,
      1 as number
    from
      tasklane.tasks as tasks
    where
      tasks.lane_id = $3
      and completed_at is not null
    union
    select
      task_id, completed_at,
      generate_series(1, count) as number
    from
      tasklane.purged_completions as purged_completions
    where
      purged_completions.lane_id = $4
    union
    select
      *
    from
      reopened
  ),
  done as (
    select
      completed_at
    from
      record
    union all
    select
      completed_at
    from
      other
    where
      not exists (
        select
          task_id
        from
          record
        where
          record.task_id = other.task_id
          and record.completed_at = other.completed_at
      )
  ),
  days as (
    select
      (
        completed_at at time zone 'UTC' + make_interval(secs => ($5::integer[]) [width_bucket(completed_at, $6::timestamptz[])])
      )::date as day,
      count(*)
    from
      done
    group by
      day
  ),
  streaks as (
    select
      max(day) as last,
      count(*) as length
    from
      (
        select
          day,
          day - row_number() over (
            order by
              day
          )::integer as start
        from
          days
      ) as run
    group by
      start
  )
select
  (
    select
      json_object_agg(day, count)
    from
      days
    where
      day between $7 and $8
  ) as counts,
  coalesce(
    (
      select
        max(length)
      from
        streaks
    ),
    0
  )::integer as longest,
  coalesce(
    (
      select
        max(length)
      from
        streaks
      where
        last >= $9
    ),
    0
  )::integer as current
from
  tasklane.profiles as profiles
where
  profiles.lane_id = $10
limit
  $11;

-- src/features/undo/repository.ts

-- findLastRequests: of the user
select
  seq, request
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and request is not null
  and client_id is null
order by
  seq desc
limit
  $2;

-- findLastRequests: of a client
select
  seq, request
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and request is not null
  and client_id = $2
order by
  seq desc
limit
  $3;

-- listChangesOf
select
  seq
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and at < $2
order by
  seq desc
limit
  $3;

select
  *
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and request = any ($2::uuid[])
  and seq > $3
order by
  seq asc
limit
  $4;

-- findLaterChanges
select
  entity_id,
  coalesce(
    max(seq) filter (
      where
        action = 'updated'
    ),
    0
  )::float8 as updated,
  coalesce(
    max(seq) filter (
      where
        action in ('created', 'deleted', 'restored', 'purged')
    ),
    0
  )::float8 as existence
from
  tasklane.changes as changes
where
  changes.lane_id = $1
  and entity_id = any ($2::uuid[])
  and seq > $3
  and (
    request is null
    or request <> all ($4::uuid[])
  )
group by
  entity_id;

-- findAnyTask
select
  id, project_id, parent_id, title, description, status, priority, completed_at, tags, due_date,
  due_time, time_zone, due_at, start_date, start_time, start_at, rrule, repeat_from,
  recurrence_start, recurrence_start_time, recurrence_due, excluded_dates, reminders, position,
  version, created_at, updated_at, links, completion_count, status_rank, priority_rank, deleted_at,
  deleted_with, overdue_at, overdue_told, due_local, start_local, search_version
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = $2
limit
  $3;

-- findDependents
select
  id, parent_id, project_id
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and deleted_at is null
  and (
    parent_id = any ($2::uuid[])
    or project_id = any ($3::uuid[])
  );

-- findTagged
select
  task_id
from
  tasklane.task_tags as task_tags
where
  task_tags.lane_id = $1
  and tag_id = $2;

-- updateTrashed
update tasklane.tasks as tasks
set
  project_id = $1,
  version = $2,
  updated_at = current_setting('app.now')::timestamptz(3)
where
  tasks.lane_id = $3
  and id = $4;

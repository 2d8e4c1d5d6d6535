-- src/features/completions/repository.ts

-- listCompletions: first page
select
  *
from
  tasklane.completions as completions
where
  completions.lane_id = $1
order by
  id asc
limit
  $2;

-- listCompletions: all filters
select
  *
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = $2
  and completed_at > $3
  and completed_at < $4
  and ((id) > ($5))
order by
  id asc
limit
  $6;

-- insertCompletion
insert into
  tasklane.completions (
    advanced, completed_at, due_date, due_time, id, lane_id, moved, next_due_date, next_due_time,
    recorded_at, reopened, rrule, start_date, start_time, status, task_id, time_zone, title
  )
values
  (
    $1,
    $2,
    $3,
    $4,
    $5,
    $6,
    $7,
    $8,
    $9,
    current_setting('app.now')::timestamptz(3),
    $10,
    $11,
    $12,
    $13,
    $14,
    $15,
    $16,
    $17
  );

-- insertCompletions
insert into
  tasklane.completions (
    advanced, completed_at, due_date, due_time, id, lane_id, moved, next_due_date, next_due_time,
    recorded_at, reopened, rrule, start_date, start_time, status, task_id, time_zone, title
  )
values
  ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
on conflict (lane_id, id) do nothing
returning
  id;

-- findCompletion
select
  *
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = $2
  and due_date = $3
order by
  recorded_at desc,
  id desc
limit
  $4;

-- lastCompletions
select
  *
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = $2
order by
  recorded_at desc,
  id desc
limit
  $3;

select
  *
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = $2
  and advanced = $3
order by
  recorded_at desc,
  id desc
limit
  $4;

-- completedAhead
select
  due_date, due_time
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = $2
  and advanced = $3
  and due_date >= $4;

-- allCompletedAhead
select
  task_id, due_date, due_time
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = any ($2)
  and advanced = $3
  and due_date >= $4;

-- correctCompletion
update tasklane.completions as completions
set
  completed_at = $1
where
  completions.lane_id = $2
  and id = $3;

-- removeCompletion
delete from tasklane.completions as completions
where
  completions.lane_id = $1
  and id = $2;

-- purgeCompletions
select
  id as task_id, completed_at
from
  tasklane.tasks as tasks
where
  tasks.lane_id = $1
  and id = any ($2)
  and completed_at is not null;

select distinct
  task.id as task_id, task.completed_at
from
  tasklane.completions as completions
  cross join lateral jsonb_to_recordset(reopened) as task (id uuid, status text, completed_at timestamptz(3))
where
  completions.lane_id = $1
  and task_id = any ($2)
  and task.status = $3;

select
  task_id, completed_at,
  count(*)::integer as count
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = any ($2)
group by
  task_id, completed_at;

insert into
  tasklane.purged_completions (completed_at, count, lane_id, task_id)
values
  ($1, $2, $3, DEFAULT),
  ($4, $5, $6, $7)
on conflict (lane_id, task_id, completed_at) do update
set
  count = greatest(purged_completions.count, excluded.count);

select
  id
from
  tasklane.completions as completions
where
  completions.lane_id = $1
  and task_id = any ($2);

-- listPurgedCompletions
select
  *
from
  tasklane.purged_completions as purged_completions
where
  purged_completions.lane_id = $1
  and ((task_id, completed_at) > ($2, $3))
order by
  task_id asc,
  completed_at asc
limit
  $4;

-- importPurgedCompletions
insert into
  tasklane.purged_completions (completed_at, count, lane_id, task_id)
values
  ($1, $2, $3, $4)
on conflict (lane_id, task_id, completed_at) do nothing
returning
  *;

update tasklane.profiles
set
  storage_written = storage_written + $2::bigint,
  storage_check_at = case
    when storage_written + storage_correction + $2::bigint > $3::bigint then coalesce(storage_check_at, '-infinity')
    else storage_check_at
  end
where
  lane_id = $1;
